//! How is a request typed?
//!
//! A request for one cell, and the flags that say a request: whoever types them asks for the same.

use super::Request;
use crate::experiment::{Axis, Cell, CommandRequest, Count, OuterKind, Protocol, Workload};

/// Axes that a command line says although they are the default: others than these depend on no machine.
const ALWAYS: [Axis; 4] = [Axis::N, Axis::Outer, Axis::Inner, Axis::Tasks];

impl Request {
    /// The request for `cell` and no other; what is the default anyway is not said.
    ///
    /// A program is not part of a cell: [`Request::command`] is left to the caller.
    pub fn of(cell: &Cell) -> Self {
        let program = cell.workload == Workload::Command;
        let mut said = cell.said(&ALWAYS);
        said.retain(|(axis, _)| axis.is_of_programs() || !program);
        let asking = |request: Self, (axis, value): (Axis, String)| request.asking(axis, [value]);
        said.into_iter().fold(Self::default(), asking)
    }

    /// This request with what `protocol` has of its own: repetitions, warm-ups and time limit where
    /// they are not the defaults. Rounds and seed are left out.
    #[must_use]
    pub fn repeated_as_in(mut self, protocol: &Protocol) -> Self {
        let Ok(default) = self.protocol() else {
            return self;
        };
        let (reps, warmups) = (protocol.reps, protocol.warmups);
        self.reps = Some(Count(reps)).filter(|_| reps != default.reps);
        self.warmups = Some(warmups).filter(|_| warmups != default.warmups);
        let limit = protocol.limit().as_secs_f64();
        self.limit = Some(limit).filter(|_| protocol.limit_ns != default.limit_ns);
        self
    }

    /// The words of a command line that say it; the program comes last.
    pub fn words(&self) -> Vec<String> {
        // Every field by name, so that a new one cannot be forgotten.
        let Self {
            name: _,
            axes,
            rounds,
            reps,
            warmups,
            limit,
            seed,
            until,
            wait_for_quiet,
            command,
            simulate: _,
        } = self;
        let axes = axes
            .iter()
            .map(|(axis, values)| flag(axis.key(), &Some(values)));
        let protocol = [
            flag("rounds", rounds),
            flag("reps", reps),
            flag("warmups", warmups),
            flag("limit", limit),
            flag("seed", seed),
            flag("until", until),
            flag("wait-for-quiet", wait_for_quiet),
        ];
        let said = axes.chain(protocol).flatten().flatten();
        let program = command.iter().flat_map(CommandRequest::words);
        said.chain(program).collect()
    }
}

impl CommandRequest {
    /// The words of a command line that say it.
    fn words(&self) -> Vec<String> {
        let Self {
            argv,
            outer_kind,
            setup,
            prepare,
            cleanup,
            exit_code,
            metric,
            metric_better,
            metric_name,
        } = self;
        let kind = outer_kind.filter(|kind| *kind != OuterKind::default());
        let flags = [
            flag("outer-kind", &kind),
            flag("setup", setup),
            flag("prepare", prepare),
            flag("cleanup", cleanup),
            flag("exit-code", &exit_code.filter(|code| *code != 0)),
            flag("metric", metric),
            flag("metric-better", metric_better),
            flag("metric-name", metric_name),
        ];
        let said = flags.into_iter().flatten().flatten();
        let program = ["--".to_owned()].into_iter().chain(argv.iter().cloned());
        said.chain(program).collect()
    }
}

/// A flag with its value; one word where the value could be taken for a flag.
fn flag<T: ToString>(name: &str, value: &Option<T>) -> Option<Vec<String>> {
    let value = value.as_ref()?.to_string();
    Some(match value.starts_with('-') {
        true => vec![format!("--{name}={value}")],
        false => vec![format!("--{name}"), value],
    })
}
