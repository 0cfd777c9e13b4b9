//! Which flags say how a program of the user's is swept?

use crate::experiment::{Axis, CommandRequest, CommandSpec, Goal, OuterKind, Plan};

/// A program in place of a workload, given after `--`.
///
/// {outer}, {inner} and {rank} are replaced in its arguments; its thread pools are told the inner
/// count by their environment variables (see --dry-run).
#[derive(clap::Args)]
#[group(id = "command")]
pub(super) struct Args {
    /// What the outer level of a command is: thread (the program makes of {outer} what it likes),
    /// process ({outer} copies started at once) [default: thread].
    #[arg(long, value_name = "KIND")]
    outer_kind: Option<OuterKind>,
    /// Run before the first execution of each process run of a cell, untimed (by sh -c). It may take a
    /// minute, or --limit where that is longer; so may --prepare and --cleanup.
    #[arg(long, value_name = "COMMAND")]
    setup: Option<String>,
    /// Run before every execution, untimed (by sh -c).
    #[arg(long, value_name = "COMMAND")]
    prepare: Option<String>,
    /// Run after the last execution of each process run of a cell, untimed (by sh -c).
    #[arg(long, value_name = "COMMAND")]
    cleanup: Option<String>,
    /// Exit code of a good run [default: 0].
    #[arg(long, value_name = "CODE")]
    exit_code: Option<i32>,
    /// Read a number from the output and judge by it, not by the wall time: the first group of the
    /// last match, for example 'img/s: ([0-9.]+)'.
    #[arg(long, value_name = "REGEX")]
    metric: Option<String>,
    /// Which is better: higher, lower [default: higher].
    #[arg(long, value_name = "WHICH")]
    metric_better: Option<Goal>,
    /// What figures call it [default: metric].
    #[arg(long, value_name = "NAME")]
    metric_name: Option<String>,
    /// Program and arguments; no shell reads them.
    #[arg(last = true, value_name = "PROGRAM [ARGUMENTS]")]
    argv: Vec<String>,
}

impl Args {
    /// What these flags say of a command; `None` where they say nothing.
    pub(super) fn request(self) -> Option<CommandRequest> {
        let request = CommandRequest {
            argv: self.argv,
            outer_kind: self.outer_kind,
            setup: self.setup,
            prepare: self.prepare,
            cleanup: self.cleanup,
            exit_code: self.exit_code,
            metric: self.metric,
            metric_better: self.metric_better,
            metric_name: self.metric_name,
        };
        (request != CommandRequest::default()).then_some(request)
    }
}

/// The command line of every cell of `plan`, each of which a shell can run.
pub(super) fn lines(plan: &Plan, spec: &CommandSpec) -> String {
    let cells = &plan.cells;
    let mut lines = String::new();
    for cell in cells {
        let copies = spec.shell_lines(cell);
        let of = copies.len();
        for (rank, copy) in copies.iter().enumerate() {
            let which = match of {
                1 => String::new(),
                _ => format!(", copy {rank} of {of}"),
            };
            let beside = match cell.background {
                0 => String::new(),
                threads => format!("; its other load, {threads} spinning, is not started by this"),
            };
            lines.push_str(&format!("# {cell}{which}{beside}\n{copy}\n"));
        }
    }
    lines
}

/// What to say where all outer counts of `plan` run the same program: `{outer}` is nowhere in it.
pub(super) fn same_for_all(plan: &Plan) -> Option<&'static str> {
    let spec = plan.command.as_ref()?;
    let hooks = [&spec.setup, &spec.prepare];
    let mut words = spec.argv.iter().chain(hooks.into_iter().flatten());
    let one = spec.outer_kind == OuterKind::Thread && plan.values(Axis::Outer).len() > 1;
    let silent = !words.any(|word| word.contains("{outer}"));
    (one && silent).then_some(
        "warning: {outer} is nowhere in the command, so every outer count runs the same program, \
         unless it reads OVERSUB_OUTER; put {outer} where the program takes its number of workers",
    )
}
