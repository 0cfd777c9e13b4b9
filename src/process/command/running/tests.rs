//! Copies whose arrivals and exits are scripted.

use crossbeam::channel::{Sender, unbounded};
use nix::sys::signal::Signal;

use super::*;
use crate::process::reaper::Exit;

/// Far more than any of this takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Copies 7 and 8, of which `script` tells.
fn copies(script: impl FnOnce(&Sender<News>)) -> RunningCopies {
    let (tell, news) = unbounded();
    script(&tell);
    RunningCopies::new(Copies::scripted(&[(7, ""), (8, "")]), news)
}

/// The same, of which more may be told.
fn open_copies(script: impl FnOnce(&Sender<News>)) -> (Sender<News>, RunningCopies) {
    let mut open = None;
    let copies = copies(|tell| {
        script(tell);
        open = Some(tell.clone());
    });
    (open.unwrap(), copies)
}

fn exit(status: WaitStatus) -> News {
    News::Exit(Exit {
        pid: status.pid().unwrap(),
        status,
        at: clock::now(),
        counted: None,
    })
}

fn exited(pid: i32) -> News {
    exit(WaitStatus::Exited(Pid::from_raw(pid), 0))
}

fn stopped() -> Stop {
    let stop = Stop::default();
    stop.request();
    stop
}

fn watch(copies: &mut RunningCopies, patience: Duration, stop: &Stop) -> RunEnd {
    copies.watch(clock::now() + patience, stop, &mut Standstill::watch())
}

#[test]
fn copies_start_when_all_are_ready() {
    let (_open, mut all) = open_copies(|tell| {
        tell.send(News::Ready).unwrap();
        tell.send(News::Ready).unwrap();
    });
    let ready = all.wait_until_ready(&Stop::default());
    assert!(matches!(ready, Ok(None)), "{ready:?}");
}

#[test]
fn a_copy_that_dies_before_the_start_is_not_waited_for() {
    let killed = WaitStatus::Signaled(Pid::from_raw(8), Signal::SIGKILL, false);
    let (_open, mut one) = open_copies(|tell| {
        tell.send(News::Ready).unwrap();
        tell.send(exit(killed)).unwrap();
    });
    let died = one.wait_until_ready(&Stop::default());
    assert!(matches!(died, Ok(Some(1))), "{died:?}");
    assert_eq!(one.ended[&Pid::from_raw(8)], killed);
}

#[test]
fn copies_of_which_nothing_more_can_be_heard_are_lost() {
    let lost = copies(|_| {}).wait_until_ready(&Stop::default());
    assert!(matches!(lost, Err(Trouble::Failed(_))), "{lost:?}");
}

#[test]
fn a_wait_for_copies_can_be_stopped() {
    let (_open, mut one) = open_copies(|_| {});
    let ready = one.wait_until_ready(&stopped());
    assert!(matches!(ready, Err(Trouble::Stopped)), "{ready:?}");
}

/// Another process of the tree, 9, is no copy.
#[test]
fn a_run_is_over_when_the_last_copy_has_exited() {
    let (_open, mut copies) = open_copies(|tell| {
        for pid in [9, 7, 8] {
            tell.send(exited(pid)).unwrap();
        }
    });
    assert_eq!(
        watch(&mut copies, PATIENCE, &Stop::default()),
        RunEnd::Exited
    );
    assert_eq!(copies.ended.len(), 2);
    assert!(!copies.gone_within(Duration::ZERO), "9 may have left some");
}

#[test]
fn a_run_ends_at_its_limit_and_at_a_request_to_stop() {
    let (_open, mut copies) = open_copies(|tell| tell.send(exited(7)).unwrap());
    let soon = Duration::from_millis(30);
    assert_eq!(watch(&mut copies, soon, &Stop::default()), RunEnd::Overrun);
    assert_eq!(watch(&mut copies, PATIENCE, &stopped()), RunEnd::Stopped);
}

#[test]
fn a_copy_that_was_stopped_and_continued_stood_still() {
    let seven = Pid::from_raw(7);
    let (_open, mut copies) = open_copies(|tell| {
        tell.send(exit(WaitStatus::Stopped(seven, Signal::SIGSTOP)))
            .unwrap();
        tell.send(exit(WaitStatus::Continued(seven))).unwrap();
        tell.send(exited(7)).unwrap();
        tell.send(exited(8)).unwrap();
    });
    assert_eq!(
        watch(&mut copies, PATIENCE, &Stop::default()),
        RunEnd::Exited
    );
    let how = copies.samples.stood_still().unwrap();
    assert!(how.contains("(7) was stopped"), "{how}");
}
