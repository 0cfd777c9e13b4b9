//! `oversub sweep`: walk an outer x inner grid on this machine and show where nesting hurts.

use std::path::PathBuf;
use std::process::Command;

use super::conclusion::{advise_retry, conclude};
use super::progress::Progress;
use super::{command, request, screen, signals};
use crate::app::{PlannedSweep, SweepRequest};
use crate::experiment::Span;
use crate::record::Resume;
use crate::text::quoted;
use crate::units::range;

/// Measures every cell of an outer x inner grid here, and draws where nesting hurts.
///
/// Each cell runs in a process of its own, once a round; rounds are interleaved in a seeded random
/// order. What is recorded survives Ctrl-C and kill -9: the same command takes the run up again.
#[derive(clap::Args)]
#[command(
    args_override_self = true,
    allow_negative_numbers = true,
    after_help = "Examples:
  oversub sweep                                       the default grid for this machine
  oversub sweep --n 256 --wait active,passive --outer 1..=8*2 --inner 1..=8*2
  oversub sweep --outer 1,2,4 --inner 1,2,4 -- python train.py --workers {outer}
  oversub sweep experiments/matmul-256-wait/experiment.toml --rounds 3 --out /tmp/try"
)]
pub(super) struct Args {
    #[command(flatten)]
    request: request::Args,
    #[command(flatten)]
    command: command::Args,
    /// Folder of the run [default: runs/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Run under this CPU quota in CPUs, such as 1.5, which takes the right to make a control group
    /// [default: the quota that is there].
    #[arg(long, value_name = "CPUS", value_parser = request::number)]
    quota: Option<f64>,
    /// With --until: start no further round after this time [s].
    #[arg(long, value_name = "SECONDS", requires = "until", value_parser = request::number)]
    time_limit: Option<f64>,
    /// Measure again what this run already holds and could not measure: failed (every visit that
    /// failed). The old rows stay in samples.csv and no longer count.
    #[arg(long, value_name = "WHICH")]
    retry: Option<Retry>,
    /// Wait until others leave the CPUs alone, before the first round and after each that they
    /// disturbed, for this long in all, such as 5m; then measure all the same.
    #[arg(long, value_name = "TIME")]
    wait_for_quiet: Option<Span>,
    /// Resume a run although libraries, environment, kernel, CPUs or oversub itself are not as they were;
    /// run.json notes what changed.
    #[arg(long)]
    as_is: bool,
    /// Print the cells and the command of each, and run nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Which visits are made again although the run has an answer to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Retry {
    /// Those that failed.
    Failed,
}

/// How `--as-is` has a run resumed.
pub(super) fn resume(as_is: bool) -> Resume {
    match as_is {
        true => Resume::AsIs,
        false => Resume::AsBefore,
    }
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let dry_run = self.dry_run;
        let sweep = PlannedSweep::new(self.request()?)?;
        if let Some(note) = command::same_for_all(sweep.plan()) {
            screen::note(note);
        }
        if dry_run {
            return print_commands(&sweep);
        }
        let stop = signals::stop_on_signal()?;
        let swept = sweep.run(&stop, &mut Progress::new());
        let swept = swept.map_err(signals::interrupted)?;
        if swept.unresolved > 0 {
            screen::note(format_args!(
                "time is up with {} cells not resolved; the same command goes on from there",
                swept.unresolved
            ));
        }
        conclude(&swept.run)?;
        advise_retry(&swept.run);
        Ok(())
    }

    fn request(self) -> anyhow::Result<SweepRequest> {
        let time_limit = self
            .time_limit
            .map(|limit| request::time(limit, range::TIME_LIMIT));
        let request = self.request.with(self.command.request())?;
        let wait_for_quiet = self.wait_for_quiet.or(request.wait_for_quiet);
        Ok(SweepRequest {
            request,
            out: self.out,
            quota: self.quota,
            time_limit: time_limit.transpose()?,
            retry_failed: self.retry == Some(Retry::Failed),
            wait_for_quiet: wait_for_quiet.map(Span::duration),
            resume: resume(self.as_is),
            program: None,
            without_other_children: true,
        })
    }
}

/// Prints the command of every cell, each of which a shell can run.
fn print_commands(sweep: &PlannedSweep) -> anyhow::Result<()> {
    let plan = sweep.plan();
    if let Some(spec) = &plan.command {
        return screen::say(command::lines(plan, spec).trim_end());
    }
    for why in &plan.left_out {
        screen::say(format!("# skipped: {why}"))?;
    }
    sweep
        .commands()?
        .iter()
        .try_for_each(|command| screen::say(typed(command)))
}

/// `command` as one can type it, with the environment that it sets.
fn typed(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        Some(format!("{}={value}", name.to_string_lossy()))
    });
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| quoted(&word.to_string_lossy()));
    set.chain(words).collect::<Vec<_>>().join(" ")
}
