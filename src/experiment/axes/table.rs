//! What is known of each axis?

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::{Axis, Syntax, Value};
use crate::experiment::{
    Cell, Chunk, Composition, Computation, Dispatch, Dtype, RuntimeName, WaitPolicy, Workload,
    WorkloadName,
};
use crate::machine::Placement;
use crate::text::ParseError;

/// Another axis without which an axis says nothing.
pub(in crate::experiment) struct Needs {
    /// The axis.
    pub(in crate::experiment) axis: Axis,
    /// What to ask for.
    pub(in crate::experiment) remedy: &'static str,
}

/// One line of the table.
pub(super) struct Entry {
    /// Name in flags, files, columns and cells.
    pub(super) key: &'static str,
    /// Of its values in a table; empty of names.
    pub(super) unit: &'static str,
    /// What it is, as a phrase of a table.
    pub(super) meaning: &'static str,
    /// The quantity and its unit, as the axis of a figure.
    pub(super) label: &'static str,
    /// What it is, as a sentence of a help text.
    pub(super) help: &'static str,
    /// The values that there are, as a phrase.
    pub(super) values: fn() -> String,
    /// What holds where nobody says anything.
    pub(super) default: &'static str,
    pub(super) syntax: Syntax,
    /// Whether a program of the user's has it too.
    pub(super) of_programs: bool,
    pub(super) needs: Option<Needs>,
    /// The one spelling of a value.
    pub(super) check: fn(&str) -> Result<String, ParseError>,
    pub(super) get: fn(&Cell) -> Value,
    /// Whether the cell has the property, which is then set.
    pub(super) set: fn(&mut Cell, &str) -> Result<bool, ParseError>,
}

const COUNTS: fn() -> String = || "1,2,4 or 1..=16 or 1..=64*2 or auto".to_owned();

/// What most axes of names have in common.
const NAMES: Entry = Entry {
    key: "",
    unit: "",
    meaning: "",
    label: "",
    help: "",
    values: String::new,
    default: "",
    syntax: Syntax::Names,
    of_programs: false,
    needs: None,
    check: |text| Ok(text.to_owned()),
    get: |_| Value::Absent,
    set: |_, _| Ok(false),
};

/// What most axes of counts have in common.
const COUNT: Entry = Entry {
    values: COUNTS,
    syntax: Syntax::Counts(&[]),
    check: canonical::<NonZeroCount>,
    ..NAMES
};

pub(super) static TABLE: [Entry; Axis::ALL.len()] = [
    Entry {
        key: "workload",
        meaning: "what one task computes",
        label: "workload",
        help: "Work of one task",
        values: WorkloadName::forms,
        default: "matmul",
        check: canonical::<WorkloadName>,
        get: |cell| name(cell.workload.name()),
        set: |cell, text| {
            if text == COMMAND {
                cell.be_a_command();
                return Ok(true);
            }
            let computation = Computation::usual(text.parse()?);
            cell.workload = Workload::Computation(computation);
            Ok(true)
        },
        ..NAMES
    },
    Entry {
        key: "dtype",
        meaning: "number type of its data, where it is known",
        label: "number type",
        help: "Number types, of those that the workload has",
        values: || "f64, f32, i32, i64".to_owned(),
        default: "the workload's first",
        check: canonical::<Dtype>,
        get: |cell| cell.workload.dtype().map_or(Value::Absent, name),
        set: |cell, text| {
            let dtype = text.parse()?;
            let same = cell.workload.computation();
            let changed = same.map(|c| Computation::new(c.name(), dtype, c.n()));
            Ok(compute(cell, changed.and_then(Result::ok)))
        },
        ..NAMES
    },
    Entry {
        key: "n",
        meaning: "problem size, where it is known",
        label: "problem size n",
        help: "Problem sizes; the workload says what n is (the order of the matrices of a matmul)",
        default: "the workload's own, 256 of a matmul",
        get: |cell| optional_count(cell.workload.n()),
        set: |cell, text| {
            let n = counted(text)?;
            let same = cell.workload.computation();
            let changed = same.map(|c| Computation::new(c.name(), c.dtype(), n));
            Ok(compute(cell, changed.and_then(Result::ok)))
        },
        ..COUNT
    },
    Entry {
        key: "outer",
        unit: "threads",
        meaning: "workers of the outer pool",
        label: "outer [workers]",
        help: "Outer worker counts",
        default: "auto",
        of_programs: true,
        get: |cell| Value::Count(cell.outer.get()),
        set: |cell, text| {
            cell.outer = counted(text)?;
            Ok(true)
        },
        ..COUNT
    },
    Entry {
        key: "inner",
        unit: "threads",
        meaning: "widest team of a worker",
        label: "inner [threads per worker]",
        help: "Inner team widths",
        default: "auto",
        of_programs: true,
        get: |cell| Value::Count(cell.inner.get()),
        set: |cell, text| {
            cell.inner = counted(text)?;
            Ok(true)
        },
        ..COUNT
    },
    Entry {
        key: "runtime",
        meaning: "what runs the inner level (a library by name or path)",
        label: "inner runtime",
        help: "Inner runtimes",
        values: RuntimeName::forms,
        default: "fork-join",
        check: canonical::<RuntimeName>,
        get: |cell| name(cell.runtime.name()),
        set: |cell, text| {
            let name: RuntimeName = text.parse()?;
            cell.runtime = name.waiting(WaitPolicy::Passive);
            Ok(true)
        },
        ..NAMES
    },
    Entry {
        key: "wait",
        meaning: "its wait policy, if it has one",
        label: "wait policy",
        help: "Wait policies",
        values: || "active, spin-then-park.N, yield, passive".to_owned(),
        default: "passive",
        needs: Some(Needs {
            axis: Axis::Runtime,
            remedy: "runtime fork-join",
        }),
        check: canonical::<WaitPolicy>,
        get: |cell| {
            let named = |wait: WaitPolicy| Value::Name(wait.eagerness(), wait.to_string());
            cell.runtime.wait().map_or(Value::Absent, named)
        },
        set: |cell, text| {
            let wait = text.parse()?;
            let waits = cell.runtime.wait().is_some();
            cell.runtime = cell.runtime.name().waiting(wait);
            Ok(waits)
        },
        ..NAMES
    },
    Entry {
        key: "composition",
        meaning: "how the levels share the PUs",
        label: "composition",
        help: "How the two levels share the CPUs",
        values: || Composition::ALL.map(|c| c.to_string()).join(", "),
        default: "independent",
        check: canonical::<Composition>,
        get: |cell| {
            let before = |c: &&Composition| **c != cell.composition;
            let place = Composition::ALL.iter().take_while(before).count();
            Value::Name(place as u64, cell.composition.to_string())
        },
        set: |cell, text| {
            cell.composition = text.parse()?;
            Ok(true)
        },
        ..NAMES
    },
    Entry {
        key: "placement",
        meaning: "where the threads go",
        label: "placement",
        help: "Where threads go",
        values: || Placement::FORMS.to_owned(),
        default: "unbound",
        of_programs: true,
        check: canonical::<Placement>,
        get: |cell| name(cell.placement),
        set: |cell, text| {
            cell.placement = text.parse()?;
            Ok(true)
        },
        ..NAMES
    },
    Entry {
        key: "dispatch",
        meaning: "how tasks reach the workers",
        label: "dispatch",
        help: "How tasks reach the workers",
        values: || Dispatch::NAMES.join(", "),
        default: "queue",
        check: |text| Ok(Dispatch::named(text)?.name().to_owned()),
        get: |cell| name(cell.dispatch.name()),
        set: |cell, text| {
            cell.dispatch = Dispatch::named(text)?;
            Ok(true)
        },
        ..NAMES
    },
    Entry {
        key: "chunk",
        unit: "tasks",
        meaning: "tasks taken from the queue at a time, for dispatch `queue`",
        label: "chunk [tasks]",
        help: "Tasks a worker takes from the queue at a time; pool is the rule of Python's pool, \
               tasks / (4 workers) rounded up",
        values: || format!("{} or pool", COUNTS()),
        default: "1",
        syntax: Syntax::Counts(&["pool"]),
        of_programs: false,
        needs: Some(Needs {
            axis: Axis::Dispatch,
            remedy: "dispatch queue",
        }),
        check: canonical::<Chunk>,
        get: |cell| match cell.dispatch.chunk() {
            Some(Chunk::Tasks(size)) => Value::Count(size.get()),
            Some(rule @ Chunk::Pool) => name(rule),
            None => Value::Absent,
        },
        set: |cell, text| {
            let chunk = text.parse()?;
            let queue = matches!(cell.dispatch, Dispatch::Queue(_));
            if queue {
                cell.dispatch = Dispatch::Queue(chunk);
            }
            Ok(queue)
        },
    },
    Entry {
        key: "tasks",
        unit: "tasks",
        meaning: "tasks of one execution",
        label: "tasks",
        help: "Tasks of every cell, so that all do the same work",
        values: || "a whole number".to_owned(),
        default: "16 P, at least 32",
        syntax: Syntax::OneCount,
        get: |cell| Value::Count(cell.tasks.get()),
        set: |cell, text| {
            cell.tasks = counted(text)?;
            Ok(true)
        },
        ..COUNT
    },
    Entry {
        key: "background",
        unit: "threads",
        meaning: "threads of other load that spun beside the cell, in a process of their own",
        label: "other load [threads]",
        help: "Threads of other load that spin beside each cell, as if the machine were not yours alone",
        values: || format!("0 or {}", COUNTS()),
        default: "0",
        syntax: Syntax::Counts(&["0"]),
        of_programs: true,
        needs: None,
        check: canonical::<Spinners>,
        get: |cell| Value::Count(cell.background),
        set: |cell, text| {
            cell.background = text.parse::<Spinners>()?.0;
            Ok(true)
        },
    },
];

/// Name of the workload that is a program of the user's.
pub(in crate::experiment) const COMMAND: &str = "command";

/// The one spelling of a value of type `T`.
fn canonical<T: FromStr<Err = ParseError> + fmt::Display>(
    text: &str,
) -> Result<String, ParseError> {
    Ok(text.parse::<T>()?.to_string())
}

/// A count of at least 1, as text.
struct NonZeroCount(NonZeroU32);

impl FromStr for NonZeroCount {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        counted(text).map(Self)
    }
}

impl fmt::Display for NonZeroCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number of threads of other load, as text.
struct Spinners(u32);

/// Most of them; a larger number is taken for a typing error.
const MOST_SPINNERS: u32 = 1024;

impl FromStr for Spinners {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let form = format!("a whole number from 0 to {MOST_SPINNERS}");
        let count = text.parse().ok().filter(|count| *count <= MOST_SPINNERS);
        count
            .map(Self)
            .ok_or_else(|| ParseError::new("count", text, form))
    }
}

impl fmt::Display for Spinners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn counted(text: &str) -> Result<NonZeroU32, ParseError> {
    let bad = |_| ParseError::new("count", text, "a whole number from 1 to 4294967295");
    text.parse().map_err(bad)
}

fn optional_count(value: Option<NonZeroU32>) -> Value {
    value.map_or(Value::Absent, |value| Value::Count(value.get()))
}

/// A name that sorts as text.
fn name(value: impl fmt::Display) -> Value {
    Value::Name(0, value.to_string())
}

/// Whether there is a computation, which `cell` then does.
fn compute(cell: &mut Cell, computation: Option<Computation>) -> bool {
    let found = computation.map(Workload::Computation);
    cell.workload = found.unwrap_or(cell.workload);
    found.is_some()
}
