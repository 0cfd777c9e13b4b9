//! What is the answer, by how the copies ended and what they said?

use std::num::NonZeroU32;
use std::path::Path;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::*;
use crate::experiment::{Goal, OuterKind, OutputMetric, Protocol, Visit};
use crate::process::command::copies::Copies;

fn spec(better: Option<Goal>) -> CommandSpec {
    CommandSpec {
        argv: vec!["program".to_owned()],
        outer_kind: OuterKind::Process,
        exit_code: 3,
        metric: better.map(|better| OutputMetric {
            name: "rate".to_owned(),
            pattern: "rate: ([0-9.]+)".to_owned(),
            better,
        }),
        setup: None,
        prepare: None,
        cleanup: None,
    }
}

/// What comes of copies that ended as `ended` says, each with what it said, and left `left` behind.
fn judged(
    spec: &CommandSpec,
    copies: &[(WaitStatus, &'static str)],
    left: &[&str],
) -> Result<Answer, String> {
    let outer = NonZeroU32::new(copies.len() as u32).unwrap();
    let cell = format!("command outer={outer} inner=1 runtime=program tasks=1");
    let cell: Cell = cell.parse().unwrap();
    let protocol = Protocol::of_one_visit(NonZeroU32::MIN, 0, Duration::from_secs(1));
    let ask = VisitRequest::new(Visit { round: 1, cell }, &protocol, 1);
    let stop = Stop::default();
    let starter = Starter {
        program: Path::new("/no/such/program"),
        open_files: None,
    };
    let execution = Execution::of(spec, starter, &ask, &stop).unwrap();
    let said: Vec<(i32, &str)> = copies
        .iter()
        .map(|(status, said)| (pid(status), *said))
        .collect();
    let mut running = RunningCopies::new(Copies::scripted(&said), unbounded().1);
    let ended = copies
        .iter()
        .map(|(status, _)| (status.pid().unwrap(), *status));
    running.ended.extend(ended);
    let left: Vec<String> = left.iter().map(|name| (*name).to_owned()).collect();
    execution.judge(Sample::default(), &running, &left)
}

fn pid(status: &WaitStatus) -> i32 {
    status.pid().unwrap().as_raw()
}

fn exited(pid: i32, code: i32) -> WaitStatus {
    WaitStatus::Exited(Pid::from_raw(pid), code)
}

#[test]
fn the_wanted_exit_code_of_every_copy_is_a_sample() {
    let well = [(exited(7, 3), ""), (exited(8, 3), "")];
    assert_eq!(
        judged(&spec(None), &well, &[]),
        Ok(Answer::Ok(Sample::default()))
    );
    let wrong = [(exited(7, 3), ""), (exited(8, 0), "all\nis well\n")];
    let reason = "copy 1: ended with exit code 0: is well".to_owned();
    assert_eq!(judged(&spec(None), &wrong, &[]), Err(reason));
    let alone = [(exited(7, 1), "oh\n")];
    let reason = "ended with exit code 1: oh".to_owned();
    assert_eq!(judged(&spec(None), &alone, &[]), Err(reason));
}

#[test]
fn a_copy_that_a_signal_ended_is_named_with_the_signal() {
    let killed = WaitStatus::Signaled(Pid::from_raw(7), Signal::SIGSEGV, true);
    let reason = "copy 0: was ended by SIGSEGV".to_owned();
    let copies = [(killed, ""), (exited(8, 3), "")];
    assert_eq!(judged(&spec(None), &copies, &[]), Err(reason));
}

#[test]
fn what_a_program_left_running_is_a_failure_with_its_name() {
    let reason = "left 2 processes behind, ended by oversub: sleep".to_owned();
    let left = ["sleep", "cat"];
    assert_eq!(
        judged(&spec(None), &[(exited(7, 3), "")], &left),
        Err(reason)
    );
}

/// Rates add up, times are those of the slowest; a copy without a number is named.
#[test]
fn the_metrics_of_all_copies_make_one() {
    let said = [
        (exited(7, 3), "rate: 10\n"),
        (exited(8, 3), "rate: 1\nrate: 30\n"),
    ];
    for (better, together) in [(Goal::Higher, 40.0), (Goal::Lower, 30.0)] {
        let answer = judged(&spec(Some(better)), &said, &[]).unwrap();
        assert_eq!(answer.sample().unwrap().metric, Some(together));
    }
    let silent = [(exited(7, 3), "rate: 10\n"), (exited(8, 3), "done\n")];
    let reason = judged(&spec(Some(Goal::Higher)), &silent, &[]).unwrap_err();
    assert!(
        reason.starts_with("copy 1: metric 'rate: ([0-9.]+)'"),
        "{reason}"
    );
}
