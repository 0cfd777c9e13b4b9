//! How does the program talk to its user?
//!
//! The only place that knows clap or prints. One file per verb: each turns arguments as typed into what they
//! mean, calls [`crate::app`] or a layer above it, and shows what came of it.
//!
//! Exit codes: 0 done, 1 set-up error or nothing to tell (no execution of a sweep ended well, or no cell
//! can be compared under `--fail-if`, or others decided a run of which lines are asked for), 2 usage error
//! (found before anything runs), 3 the condition of `compare --fail-if` holds, 4 it cannot be judged because
//! others took CPUs from one of the runs, 128 + N a signal N ended a sweep before it was done. docs/scripting.md
//! has them as a table.

mod assumptions;
mod blas;
mod calibrate;
mod cell;
mod command;
mod compare;
mod completions;
mod conclusion;
mod doctor;
mod explain;
mod export;
mod lesson;
mod manual;
mod plot;
mod progress;
mod reading;
mod recommend;
mod repair;
mod report;
mod request;
mod screen;
mod signals;
mod simulate;
mod spin;
mod start;
mod sweep;
mod trace;
mod validate;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::{Error, UsageError};
use crate::machine::remove_abandoned_groups;
use crate::text::quoted;

/// Measures where nested thread pools fight for the same CPUs, and shows why and what to set.
#[derive(Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "Examples:
  oversub doctor                    what may this process use here?
  oversub sweep                     where does nesting hurt on this machine?
  oversub plot runs/matmul          draw what was found, again or otherwise
  oversub help sweep                every flag of a verb, with examples"
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Doctor(doctor::Args),
    Sweep(Box<sweep::Args>),
    Simulate(Box<simulate::Args>),
    Trace(trace::Args),
    Calibrate(calibrate::Args),
    Validate(validate::Args),
    #[command(hide = true)]
    Cell(cell::Args),
    #[command(hide = true)]
    Blas(blas::Args),
    #[command(hide = true)]
    Start(start::Args),
    #[command(hide = true)]
    Spin(spin::Args),
    Plot(plot::Args),
    Report(report::Args),
    Lesson(lesson::Args),
    Compare(compare::Args),
    Recommend(recommend::Args),
    Export(export::Args),
    Repair(repair::Args),
    Explain(explain::Args),
    Watch(watch::Args),
    Completions(completions::Args),
    #[command(hide = true)]
    Manual(manual::Args),
}

/// What `--fail-if` watches for is there, exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConditionHolds(pub String);

/// What `--fail-if` watches for cannot be judged because a run was disturbed, exit code 4.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Disturbed(pub String);

/// Says what is wrong with the arguments, and where a program of the user's would have gone.
fn refuse(error: &clap::Error) -> ! {
    // Where standard error is closed nobody reads it, and the exit code is all there is. Help is the
    // answer where it was asked for.
    if error.print().is_err() && !error.use_stderr() {
        screen::note("error: cannot write to standard output");
        std::process::exit(1);
    }
    if error.kind() == clap::error::ErrorKind::InvalidUtf8 {
        screen::note(format_args!("  {}", no_text(std::env::args_os().skip(1))));
    }
    let lossy = |argument: std::ffi::OsString| argument.to_string_lossy().into_owned();
    let arguments: Vec<String> = std::env::args_os().map(lossy).collect();
    if let Some(hint) = program_hint(error, &arguments) {
        screen::note(hint);
    }
    std::process::exit(error.exit_code())
}

/// Which of `arguments` are no text, and what to do.
fn no_text(arguments: impl Iterator<Item = std::ffi::OsString>) -> String {
    use std::os::unix::ffi::OsStrExt;
    let numbered = arguments
        .zip(1..)
        .filter(|(word, _)| word.to_str().is_none());
    let named = numbered
        .map(|(word, number)| format!("argument {number} is '{}'", word.as_bytes().escape_ascii()));
    let named: Vec<String> = named.collect();
    format!(
        "{}; name a file otherwise, or put the call into a script",
        named.join(", ")
    )
}

/// What to type where a program seems to stand among the flags of a sweep.
fn program_hint(error: &clap::Error, arguments: &[String]) -> Option<String> {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    let sweep = arguments.get(1).is_some_and(|verb| verb == "sweep");
    let word = match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(word) => word,
        _ => return None,
    };
    let at = arguments.iter().position(|argument| argument == word)?;
    let [before, program] = arguments.get(at.checked_sub(2)?..at)? else {
        return None;
    };
    let is_value = before.starts_with('-') || program.starts_with('-') || program == "sweep";
    let is_program = sweep && !is_value && !program.ends_with(".toml");
    if error.kind() != ErrorKind::UnknownArgument || !is_program {
        return None;
    }
    let program: Vec<String> = arguments[at - 1..]
        .iter()
        .map(|word| quoted(word))
        .collect();
    Some(format!(
        "\n  tip: to sweep a program of yours, put it after --: oversub sweep -- {}",
        program.join(" ")
    ))
}

/// Runs the program on the process's arguments and returns its exit code.
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| refuse(&error));
    if !matches!(
        cli.verb,
        Verb::Cell(_) | Verb::Blas(_) | Verb::Start(_) | Verb::Spin(_)
    ) {
        remove_abandoned_groups();
    }
    let outcome: anyhow::Result<()> = match cli.verb {
        Verb::Doctor(args) => args.run(),
        Verb::Sweep(args) => args.run(),
        Verb::Simulate(args) => args.run(),
        Verb::Trace(args) => args.run(),
        Verb::Calibrate(args) => args.run(),
        Verb::Validate(args) => args.run(),
        Verb::Cell(args) => args.run(),
        Verb::Blas(args) => args.run(),
        Verb::Start(args) => args.run(),
        Verb::Spin(args) => args.run(),
        Verb::Plot(args) => args.run(),
        Verb::Explain(args) => args.run(),
        Verb::Report(args) => args.run(),
        Verb::Lesson(args) => args.run(),
        Verb::Watch(args) => args.run(),
        Verb::Completions(args) => args.run(),
        Verb::Manual(args) => args.run(),
        Verb::Compare(args) => args.run(),
        Verb::Recommend(args) => args.run(),
        Verb::Export(args) => args.run(),
        Verb::Repair(args) => args.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if error.is::<ConditionHolds>() {
                screen::note(format_args!("fail: {error:#}"));
                return ExitCode::from(3);
            }
            if error.is::<Disturbed>() {
                screen::note(format_args!("disturbed: {error:#}"));
                return ExitCode::from(4);
            }
            screen::note(format_args!("error: {error:#}"));
            if let Some(by) = error.downcast_ref::<signals::Interrupted>() {
                return ExitCode::from(signals::exit_code(by.signal) as u8);
            }
            let usage = matches!(error.downcast_ref(), Some(Error::Usage(_)));
            ExitCode::from(if usage || error.is::<UsageError>() {
                2
            } else {
                1
            })
        }
    }
}
