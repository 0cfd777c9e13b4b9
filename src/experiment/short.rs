//! How little of a cell's name says which cell is meant?
//!
//! Each part of a cell's text form is known by itself: `4x4` are its counts, `active` is how its team
//! waits, `t32` its tasks. So any parts, in any order, stand for the cell that has them and is the
//! default in all others.

use std::num::NonZeroU32;
use std::str::FromStr;

use super::escape::unescaped;
use super::{
    Cell, Chunk, Composition, Computation, Dispatch, Runtime, RuntimeName, WaitPolicy, Workload,
    WorkloadName,
};
use crate::machine::Placement;
use crate::text::ParseError;

const FORM: &str = "parts of a cell's name joined by _, with OUTERxINNER among them, such as 4x4 or \
                    4x4_fork-join.active_t32";

/// Some parts of a cell's text form, joined by `_`: at least its counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortCell {
    /// The cell, with the defaults for what is not said.
    cell: Cell,
    /// Whether it says how many tasks.
    tasks: bool,
}

impl ShortCell {
    /// The cell that has these parts, and `tasks` where they do not say how many.
    pub fn complete(self, tasks: NonZeroU32) -> Cell {
        match self.tasks {
            true => self.cell,
            false => Cell { tasks, ..self.cell },
        }
    }
}

/// The parts found so far.
#[derive(Default)]
struct Parts {
    workload: Option<Workload>,
    threads: Option<(NonZeroU32, NonZeroU32)>,
    runtime: Option<Runtime>,
    composition: Option<Composition>,
    placement: Option<Placement>,
    dispatch: Option<Dispatch>,
    tasks: Option<NonZeroU32>,
}

impl Parts {
    /// Puts `part` where it belongs; `None` if it belongs nowhere or its place is taken.
    fn take(&mut self, part: &str) -> Option<()> {
        if let Some(threads) = threads(part) {
            return put(&mut self.threads, threads);
        }
        if let Some(tasks) = part.strip_prefix('t').and_then(|tasks| tasks.parse().ok()) {
            return put(&mut self.tasks, tasks);
        }
        if let Some(workload) = workload(part) {
            return put(&mut self.workload, workload);
        }
        if let Ok(composition) = part.parse() {
            return put(&mut self.composition, composition);
        }
        if let Ok(placement) = part.parse() {
            return put(&mut self.placement, placement);
        }
        if let Some(dispatch) = dispatch(part) {
            return put(&mut self.dispatch, dispatch);
        }
        put(&mut self.runtime, runtime(part)?)
    }
}

/// Puts `value` into `place`; `None` if it is taken.
fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn threads(part: &str) -> Option<(NonZeroU32, NonZeroU32)> {
    let (outer, inner) = part.split_once('x')?;
    Some((outer.parse().ok()?, inner.parse().ok()?))
}

/// A workload, also by its name alone.
fn workload(part: &str) -> Option<Workload> {
    let named = |name: WorkloadName| {
        let dtype = *name.dtypes().first()?;
        let n = NonZeroU32::new(name.default_n())?;
        let computation = Computation::new(name, dtype, n).ok()?;
        Some(Workload::Computation(computation))
    };
    part.parse().ok().or_else(|| named(part.parse().ok()?))
}

/// A rule of dispatch, also the queue without its chunk.
fn dispatch(part: &str) -> Option<Dispatch> {
    match part {
        "queue" => Some(Dispatch::Queue(Chunk::Tasks(NonZeroU32::MIN))),
        part => part.parse().ok(),
    }
}

/// A runtime, also fork-join by its wait policy alone or without any.
fn runtime(part: &str) -> Option<Runtime> {
    let part = unescaped(part)?;
    let wait = part.parse().map(Runtime::ForkJoin);
    let named = || {
        part.parse::<RuntimeName>()
            .ok()?
            .with(&[WaitPolicy::Passive])
            .pop()
    };
    wait.or_else(|_| part.parse()).ok().or_else(named)
}

impl FromStr for ShortCell {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = |why: String| ParseError::new("cell", text, format!("{FORM} ({why})"));
        let mut parts = Parts::default();
        for part in text.split('_') {
            parts
                .take(part)
                .ok_or_else(|| wrong(format!("'{part}' is none, or one too many")))?;
        }
        let (outer, inner) = parts
            .threads
            .ok_or_else(|| wrong("it does not say OUTERxINNER".to_owned()))?;
        let default = workload("matmul");
        let cell = Cell {
            workload: parts
                .workload
                .or(default)
                .ok_or_else(|| wrong("no workload".to_owned()))?,
            outer,
            inner,
            runtime: parts
                .runtime
                .unwrap_or(Runtime::ForkJoin(WaitPolicy::Passive)),
            composition: parts.composition.unwrap_or(Composition::Independent),
            placement: parts.placement.unwrap_or(Placement::Unbound),
            dispatch: parts
                .dispatch
                .unwrap_or(Dispatch::Queue(Chunk::Tasks(NonZeroU32::MIN))),
            tasks: parts.tasks.unwrap_or(NonZeroU32::MIN),
        };
        let cell = cell.checked().map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            cell,
            tasks: parts.tasks.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(text: &str) -> String {
        let short: ShortCell = text.parse().unwrap();
        short.complete(NonZeroU32::new(32).unwrap()).to_string()
    }

    #[test]
    fn any_parts_stand_for_the_cell_that_has_them() {
        for (text, cell) in [
            (
                "4x4",
                "matmul.f64.256_4x4_fork-join.passive_independent_unbound_queue.1_t32",
            ),
            (
                "4x4_active",
                "matmul.f64.256_4x4_fork-join.active_independent_unbound_queue.1_t32",
            ),
            (
                "t7_2x1_rayon_dot",
                "dot.f64.1000000_2x1_rayon_independent_unbound_queue.1_t7",
            ),
            (
                "fork-join_2x2_exclusive_close.pu_static_matmul.f32.64",
                "matmul.f32.64_2x2_fork-join.passive_exclusive_close.pu_static_t32",
            ),
            (
                "2x2_blas:openblas",
                "matmul.f64.256_2x2_blas:openblas_independent_unbound_queue.1_t32",
            ),
        ] {
            assert_eq!(complete(text), cell, "{text}");
            assert_eq!(complete(cell), cell);
        }
    }

    #[test]
    fn what_is_no_part_or_one_too_many_is_named() {
        for (text, why) in [
            ("active", "does not say OUTERxINNER"),
            ("4x4_fast", "'fast' is none"),
            ("4x4_2x2", "'2x2' is none, or one too many"),
            ("4x4_rayon_active", "'active'"),
            ("4x4_shared", "needs runtime 'rayon'"),
            ("", "'' is none"),
        ] {
            let error = text.parse::<ShortCell>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
