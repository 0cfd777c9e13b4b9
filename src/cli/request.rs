//! Which flags say what to sweep?
//!
//! The axes and the protocol as flags, shared by every verb that walks a grid. A file may say the
//! same; flags win.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::UsageError;
use crate::experiment::{
    Axes, Axis, AxisValues, CommandRequest, Count, Margin, Request, Syntax, WorkloadName,
};
use crate::file;
use crate::text::{line_of, one_line, plain, quoted};
use crate::units::range::{self, Range};

/// What to sweep and how often.
///
/// COUNTS are written 1,2,4 or 1..=16 or 1..=64*2 (powers) or auto; other lists with commas.
#[derive(clap::Args)]
#[group(id = "request")]
pub(super) struct Args {
    /// Experiment file (TOML) whose keys are these flags; flags win.
    #[arg(value_name = "EXPERIMENT.toml")]
    experiment: Option<PathBuf>,
    #[command(flatten)]
    axes: AxisFlags,
    /// Process runs of each cell, interleaved; a 95 % interval needs 6 [default: 7; 3 of a simulation].
    #[arg(long, value_name = "N")]
    rounds: Option<Count>,
    /// Timed executions in a process run [default: 3; 1 of a command or a simulation].
    #[arg(long, value_name = "N")]
    reps: Option<Count>,
    /// Untimed executions before them [default: 1].
    #[arg(long, value_name = "N", value_parser = whole::<u32>(0, range::WARMUPS.most as u64))]
    warmups: Option<u32>,
    /// Longest an execution may take before it is censored [s] [default: 10].
    #[arg(long, value_name = "SECONDS", value_parser = number)]
    limit: Option<f64>,
    /// Seed of the visiting order [default: 1].
    #[arg(long, value_name = "N", value_parser = whole::<u64>(0, u64::MAX))]
    seed: Option<u64>,
    /// After the rounds, go on with the best cells and their rivals until no cell can be both tied
    /// with the best and slower by more than this, for example 2% (see --time-limit).
    #[arg(long, value_name = "PERCENT")]
    until: Option<Margin>,
}

impl Args {
    /// The experiment file, if one was named.
    pub(super) fn file(&self) -> Option<&Path> {
        self.experiment.as_deref()
    }

    /// The file, if one was named, with the flags laid over it.
    pub(super) fn request(self) -> Result<Request, UsageError> {
        self.with(None)
    }

    /// The same for a program of the user's.
    pub(super) fn with(self, command: Option<CommandRequest>) -> Result<Request, UsageError> {
        let file = self
            .experiment
            .as_deref()
            .map(read)
            .transpose()?
            .unwrap_or_default();
        let flags = Request {
            name: None,
            axes: self.axes.0,
            rounds: self.rounds,
            reps: self.reps,
            warmups: self.warmups,
            limit: self.limit,
            seed: self.seed,
            until: self.until,
            wait_for_quiet: None,
            simulate: None,
            command,
        };
        flags
            .coherent()
            .map_err(|error| UsageError(error.to_string()))?;
        Ok(file.overlaid(flags))
    }
}

/// The experiment file at `path`, named after its folder unless it names itself.
fn read(path: &Path) -> Result<Request, UsageError> {
    let text =
        text(path).map_err(|UsageError(message)| UsageError(message + &program_hint(path)))?;
    let mut request: Request = parsed(path, &text)
        .map_err(|UsageError(message)| UsageError(message + &program_hint(path)))?;
    request
        .coherent()
        .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    if request.name.is_none() {
        request.name = folder_name(path);
    }
    Ok(request)
}

/// The text in the file at `path`, which a user wrote.
pub(super) fn text(path: &Path) -> Result<String, UsageError> {
    file::text(path, file::LARGEST_TEXT)
        .map_err(|error| UsageError(format!("cannot read {}: {error}", path.display())))
}

/// The name of the folder that holds the file at `path`, however the path says it.
fn folder_name(path: &Path) -> Option<String> {
    let path = fs::canonicalize(path).ok()?;
    let name = path.parent()?.file_name()?;
    Some(name.to_string_lossy().into_owned())
}

/// What to type where `path` looks like a program rather than an experiment file.
fn program_hint(path: &Path) -> String {
    match path.extension() {
        Some(extension) if extension == "toml" => String::new(),
        _ => {
            let word = quoted(&path.to_string_lossy());
            format!(
                "; an experiment file is TOML, and a program of yours goes after --: \
                 oversub sweep -- {word}"
            )
        }
    }
}

/// What the TOML file `text`, found at `path`, says.
pub(super) fn parsed<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, UsageError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        let message = plain(&one_line(error.message()));
        UsageError(format!("{} line {line}: {message}", path.display()))
    })
}

/// A flag for each axis of the table.
struct AxisFlags(Axes);

impl clap::Args for AxisFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        command.args(Axis::ALL.map(flag))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for AxisFlags {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self(Axes::default());
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        for axis in Axis::ALL {
            if let Some(values) = matches.get_one::<AxisValues>(axis.key()) {
                self.0.set(axis, values.clone());
            }
        }
        Ok(())
    }
}

/// The flag of `axis`.
fn flag(axis: Axis) -> clap::Arg {
    let flag = clap::Arg::new(axis.key())
        .long(axis.key())
        .value_name(match axis.syntax() {
            Syntax::Names => "NAMES",
            Syntax::Counts([] | ["0"]) => "COUNTS",
            Syntax::Counts(_) => "COUNTS|NAME",
            Syntax::OneCount => "N",
        })
        .value_parser(move |text: &str| AxisValues::read(axis, text))
        .help(axis.help());
    match axis {
        Axis::Workload => flag.long_help(workloads()),
        _ => flag,
    }
}

/// The help of `--workload`.
fn workloads() -> String {
    let names = WorkloadName::help();
    format!(
        "Work of one task [default: matmul]. Name, number types (the default first), default n, task:\n\n{names}"
    )
}

/// A reader of whole numbers from `least` to `most`, which says these where it refuses a text.
pub(super) fn whole<T: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|n| (least..=most).contains(n));
        let number = number.and_then(|n| T::try_from(n).ok());
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

/// Reads a number.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let number = text.parse();
    number.map_err(|_| "expected a number, such as 2.5".to_owned())
}

/// A time given in seconds, if `range` has it.
pub(super) fn time(seconds: f64, range: Range) -> Result<Duration, UsageError> {
    in_range(seconds, range).map(Duration::from_secs_f64)
}

/// `value`, if `range` has it.
pub(super) fn in_range(value: f64, range: Range) -> Result<f64, UsageError> {
    range
        .check(value)
        .map_err(|error| UsageError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::command;
    use crate::experiment::{Cell, CpuCounts};

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        request: Args,
        #[command(flatten)]
        command: command::Args,
    }

    const FOUR: CpuCounts = CpuCounts {
        budget: 4,
        physical: 4,
        logical: 4,
    };

    /// The cells of the words of `request` as if somebody typed them.
    fn read_back(request: &Request) -> Vec<String> {
        let words = [vec!["sweep".to_owned()], request.words()].concat();
        let typed = Typed::try_parse_from(words).unwrap();
        let read = typed.request.with(typed.command.request()).unwrap();
        let cells = read.plan(FOUR).unwrap().cells;
        cells.iter().map(Cell::to_string).collect()
    }

    #[test]
    fn the_words_of_a_request_mean_its_cell() {
        for text in [
            "matmul n=256 outer=2 inner=4 wait=active tasks=16",
            "matmul dtype=f32 n=7 outer=3 inner=1 wait=spin-then-park.500 composition=serial-inner placement=close.core chunk=625 tasks=7",
            "squared-difference-fused dtype=f64 n=9 outer=4 inner=2 runtime=rayon composition=shared placement=spread.numa dispatch=stealing tasks=8",
            "squared-difference-fused n=9 outer=4 inner=2 runtime=rayon composition=exclusive chunk=pool tasks=8",
            "matmul n=64 outer=4 inner=2 runtime=blas:/usr/my%20libs/lib.so composition=counting dispatch=static tasks=8",
            "weak-30 n=64 outer=4 inner=1 runtime=libomp.0 composition=partitioned placement=close.pu chunk=2",
        ] {
            let cell: Cell = text.parse().unwrap();
            assert_eq!(read_back(&Request::of(&cell)), [text]);
        }
    }

    #[test]
    fn a_program_and_its_flags_come_last() {
        let text = "command outer=2 inner=4 placement=close.core";
        let cell: Cell = text.parse().unwrap();
        let request = Request {
            command: Some(CommandRequest {
                argv: ["make", "--jobs={outer}", "-n"].map(str::to_owned).to_vec(),
                exit_code: Some(3),
                setup: Some("--odd".to_owned()),
                ..CommandRequest::default()
            }),
            limit: Some(0.5),
            ..Request::of(&cell)
        };
        assert_eq!(read_back(&request), [text]);
    }
}
