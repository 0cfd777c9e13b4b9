//! `oversub watch`: is a running program oversubscribed?

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use nix::sys::signal::Signal;
use serde::Serialize;

use super::{UsageError, request, signals};
use crate::analysis::{Crowding, Tally, WatchSummary, WatchedProgram};
use crate::app::check_program;
use crate::monitor::{Activity, Library, ProcessMonitor, WatchError, Watched};
use crate::process::Foreground;
use crate::units::{counted, range, three_digits};

/// Says whether a running program is oversubscribed, without a sweep.
///
/// Looks at every thread of the program and of all processes below it, from outside: how many want a
/// CPU, how many have none, which pools and libraries they belong to, and what to set. The exit code
/// is the command's.
#[derive(clap::Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:
  oversub watch -- python3 train.py        until it ends; its output stays its own
  oversub watch --pid 4711 --for 10        ten seconds of a process that runs
  oversub watch --json -- make -j 2>log    one JSON object a second into log"
)]
pub(super) struct Args {
    /// Process to watch, with all below it.
    #[arg(long, value_name = "PID", conflicts_with = "command")]
    pid: Option<i32>,
    /// Seconds between two looks. The first comes after 50 ms, and the pause doubles up to this; it
    /// is longer where there are so many threads that looking would cost more than 0.5 % of one CPU.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = request::number)]
    interval: f64,
    /// Seconds after which to stop watching; a command goes on.
    #[arg(long = "for", value_name = "SECONDS", value_parser = request::number)]
    limit: Option<f64>,
    /// Print JSON lines, as is done without a terminal.
    #[arg(long)]
    json: bool,
    /// The command to start and watch.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Shortest interval.
const SHORTEST: Duration = Duration::from_millis(10);
/// Until the first look; each pause after it is twice as long, up to the interval.
const FIRST: Duration = Duration::from_millis(50);

/// Why watching goes on no longer.
enum End {
    /// The command has exited, with this code.
    Exited(i32),
    /// The processes are gone, the time is up, or somebody pressed Ctrl-C.
    Over,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let interval = request::time(self.interval, range::INTERVAL)?.max(SHORTEST);
        let limit = self
            .limit
            .map(|limit| request::time(limit, range::FOR))
            .transpose()?;
        let (tell, news) = unbounded();
        let watched = match (self.pid, self.command.is_empty()) {
            (Some(pid), _) => Watched::Process(pid),
            (None, false) => Watched::Descendants,
            (None, true) => {
                return Err(UsageError(
                    "nothing to watch; give --pid PID, or -- and a command".to_owned(),
                )
                .into());
            }
        };
        if let Some(program) = self.command.first() {
            check_program(program)?;
        }
        let mut screen = Screen::of(self.json, watched);
        let mut watch = ProcessMonitor::begin(watched).map_err(|error| match error {
            WatchError::Gone(_) => anyhow::Error::new(UsageError(error.to_string())),
            WatchError::Forbidden(_) => error.into(),
        })?;
        listen(tell.clone())?;
        let command = match watched {
            Watched::Descendants => Some(start(&self.command, tell)?),
            Watched::Process(_) => None,
        };
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut tally = Tally::default();
        let mut growing = FIRST;
        let end = loop {
            let pause = growing.min(interval).max(watch.pause());
            growing = (2 * growing).min(interval);
            let left = deadline.map_or(pause, |d| d.saturating_duration_since(Instant::now()));
            if let Some(end) = wait(&news, pause.min(left), command.as_ref()) {
                break end;
            }
            let Some(activity) = watch.look() else {
                // A command that has no process left is about to be waited for.
                match watched {
                    Watched::Descendants => continue,
                    Watched::Process(_) => break End::Over,
                }
            };
            tally.add(&activity);
            screen.show(&activity)?;
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break End::Over;
            }
        };
        let summary = tally.summary(WatchedProgram {
            online: watch.online() as f64,
            unknown_quota: watch.unknown_quota(),
            processes: watch.programs(),
        });
        screen.finish(summary.as_ref(), &libraries(&watch), watch.cost())?;
        let code = match end {
            End::Exited(code) => code,
            End::Over => command.map_or(0, |command| code_of(&command, &news)),
        };
        match code {
            0 => Ok(()),
            code => std::process::exit(code),
        }
    }
}

/// Every library of the watched processes once.
fn libraries(watch: &ProcessMonitor) -> Vec<Library> {
    let pools = watch.programs().values().flat_map(|program| &program.pools);
    let all: BTreeSet<Library> = pools.map(|pool| pool.library.clone()).collect();
    all.into_iter().collect()
}

/// What a watch hears of.
enum News {
    /// The command ended, with this exit code.
    Exited(i32),
    /// Somebody asks this program to end.
    Signal(Signal),
}

fn listen(tell: Sender<News>) -> anyhow::Result<()> {
    // The watch that no longer listens has ended.
    signals::on_request(move |signal| drop(tell.send(News::Signal(signal))))
}

fn start(command: &[String], tell: Sender<News>) -> anyhow::Result<Foreground> {
    let (program, arguments) = command.split_first().context("there is no command")?;
    // The watch that no longer listens has ended.
    let ended = move |code| drop(tell.send(News::Exited(code)));
    Foreground::start(Command::new(program).args(arguments), ended)
        .with_context(|| format!("cannot start '{program}'"))
}

/// Waits for what ends the watch; `None` if nothing does in time. A signal is the command's, where
/// there is one.
fn wait(news: &Receiver<News>, pause: Duration, command: Option<&Foreground>) -> Option<End> {
    match (news.recv_timeout(pause), command) {
        (Ok(News::Exited(code)), _) => Some(End::Exited(code)),
        (Ok(News::Signal(signal)), Some(command)) => {
            pass_on(command, signal);
            None
        }
        (Ok(News::Signal(_)) | Err(RecvTimeoutError::Disconnected), _) => Some(End::Over),
        (Err(RecvTimeoutError::Timeout), _) => None,
    }
}

/// The exit code of a command that is watched no longer.
fn code_of(command: &Foreground, news: &Receiver<News>) -> i32 {
    let code = news.iter().find_map(|news| match news {
        News::Exited(code) => Some(code),
        News::Signal(signal) => {
            pass_on(command, signal);
            None
        }
    });
    code.unwrap_or(1)
}

/// Passes `signal` on, unless the command has it from the terminal, as this program has.
fn pass_on(command: &Foreground, signal: Signal) {
    let typed = matches!(signal, Signal::SIGINT | Signal::SIGQUIT);
    if !(typed && holds_the_terminal()) {
        command.pass_on(signal);
    }
}

/// Whether what is typed at the terminal is for the process group of this program.
fn holds_the_terminal() -> bool {
    let group = File::open("/dev/tty").map(rustix::termios::tcgetpgrp);
    group.is_ok_and(|group| group == Ok(rustix::process::getpgrp()))
}

/// Where the watch is shown: beside a command on standard error, so that its output stays its own.
struct Screen {
    out: Box<dyn Write>,
    json: bool,
}

#[derive(Serialize)]
struct Last<'a> {
    summary: Option<&'a WatchSummary>,
    libraries: &'a [Library],
    cost: Option<f64>,
}

impl Screen {
    fn of(json: bool, watched: Watched) -> Self {
        let (out, terminal): (Box<dyn Write>, bool) = match watched {
            Watched::Descendants => (Box::new(stderr()), stderr().is_terminal()),
            Watched::Process(_) => (Box::new(stdout()), stdout().is_terminal()),
        };
        Self {
            out,
            json: json || !terminal,
        }
    }

    fn show(&mut self, activity: &Activity) -> anyhow::Result<()> {
        match self.json {
            true => writeln!(self.out, "{}", serde_json::to_string(activity)?)?,
            false => {
                write!(self.out, "\r{}\x1b[K", line(activity))?;
                self.out.flush()?;
            }
        }
        Ok(())
    }

    fn finish(
        &mut self,
        summary: Option<&WatchSummary>,
        libraries: &[Library],
        cost: Option<f64>,
    ) -> anyhow::Result<()> {
        if self.json {
            let last = Last {
                summary,
                libraries,
                cost,
            };
            return Ok(writeln!(self.out, "{}", serde_json::to_string(&last)?)?);
        }
        let text = summary.map_or_else(
            || {
                format!(
                    "too short to judge: it ended before the first look, {} ms after its start",
                    FIRST.as_millis()
                )
            },
            |summary| words(summary, libraries, cost),
        );
        Ok(writeln!(self.out, "\r\x1b[K{text}")?)
    }
}

/// At most 80 columns, so that a terminal can draw it over itself.
fn line(activity: &Activity) -> String {
    let throttled = activity.throttled.map_or_else(String::new, |share| {
        format!(", throttled {:.0} %", 100.0 * share)
    });
    format!(
        "{} running + {} ready of P = {} CPUs; {} in {}{throttled}",
        three_digits(activity.running),
        three_digits(activity.ready),
        three_digits(activity.budget),
        counted(activity.threads, "thread"),
        counted(activity.processes, "process"),
    )
}

fn words(summary: &WatchSummary, libraries: &[Library], cost: Option<f64>) -> String {
    let mean = &summary.mean;
    let mut lines = vec![
        summary.verdict.words(),
        format!(
            "  over {} s ({}), on average",
            three_digits(mean.span),
            counted(summary.looks, "look")
        ),
        format!("  {}", line(mean)),
        format!(
            "  {:.0} % of the time that threads wanted a CPU they had none; {} switches/s",
            100.0 * summary.waiting,
            three_digits(mean.switches)
        ),
    ];
    if let Some(why) = &summary.unknown_quota {
        lines.push(format!(
            "  P is an upper bound, since its CPU quota is unknown: {why}"
        ));
    }
    if !summary.other_budgets.is_empty() {
        let others: Vec<String> = summary
            .other_budgets
            .iter()
            .map(|p| three_digits(*p))
            .collect();
        lines.push(format!(
            "  P changed while it ran (also {}); judged by the P that lasted longest",
            others.join(", ")
        ));
    }
    if summary.unseen >= 0.1 {
        lines.push(format!(
            "  {:.0} % of its CPU time went to threads that ended between two looks",
            100.0 * summary.unseen
        ));
    }
    if let Some(foreign) = mean.foreign.filter(|cpus| *cpus >= 0.1) {
        lines.push(format!("  others kept {} CPUs busy", three_digits(foreign)));
    }
    lines.push("threads by name".to_owned());
    lines.extend(mean.by_name.iter().map(|(name, pool)| {
        format!(
            "  {:<16} {:>4}, {} running, {} ready",
            name,
            pool.threads,
            three_digits(pool.running),
            three_digits(pool.ready)
        )
    }));
    if !libraries.is_empty() {
        lines.push("libraries with threads of their own".to_owned());
        lines.extend(
            libraries
                .iter()
                .map(|l| format!("  {:<16} {}", l.name, l.file)),
        );
    }
    lines.extend(to_do(summary));
    if let Some(cost) = cost {
        lines.push(format!("watching took {:.2} % of one CPU", 100.0 * cost));
    }
    lines.join("\n")
}

/// What to set or to do, a line each.
fn to_do(summary: &WatchSummary) -> Vec<String> {
    let advice = &summary.advice;
    let mut lines = Vec::new();
    if !advice.advice.is_empty() {
        lines.push(format!("to set: {}", advice.advice.join(" ")));
    }
    lines.extend(advice.notes.iter().map(|note| format!("to do: {note}")));
    if lines.is_empty() && summary.verdict == Crowding::Oversubscribed {
        lines.push(format!(
            "to do: start at most {} in all",
            counted(summary.budget.floor().max(1.0) as u64, "thread")
        ));
    }
    match summary.verdict {
        Crowding::Stacked(_) => lines.push(
            "to do: check OMP_PLACES, OMP_PROC_BIND, taskset and what the program binds itself"
                .to_owned(),
        ),
        Crowding::TooShort => {
            lines.push("to do: watch a longer run, or several one after the other".to_owned())
        }
        _ => {}
    }
    lines
}
