//! Which signals ask this program to end, and who hears of them?
//!
//! SIGINT, SIGTERM, SIGHUP and SIGQUIT do, except those that were ignored when it was started:
//! `nohup` ignores SIGHUP, and a shell script ignores SIGINT and SIGQUIT for what it runs in the
//! background. Those stay ignored.

use std::fs;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use anyhow::Context;
use nix::sys::signal::Signal;
use signal_hook::iterator::Signals;

use super::screen;
use crate::app::Error;
use crate::process::Stop;

/// What asks a program to end, and can be answered.
const REQUESTS: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// Number of the first of them that came; 0 before.
static FIRST: AtomicI32 = AtomicI32::new(0);

/// Work that a signal ended before it was done.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Interrupted {
    pub(super) signal: Signal,
    message: String,
}

/// `error`, which is [`Interrupted`] where a signal was the reason.
pub(super) fn interrupted(error: Error) -> anyhow::Error {
    let signal = Signal::try_from(FIRST.load(Ordering::Relaxed));
    match (&error, signal) {
        (Error::Interrupted(_), Ok(signal)) => Interrupted {
            signal,
            message: error.to_string(),
        }
        .into(),
        _ => error.into(),
    }
}

/// What Ctrl-C, or a polite request to end, asks to stop. A second one ends the program at once.
pub(super) fn stop_on_signal() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let asked = stop.clone();
    on_request(move |signal| {
        if asked.request() {
            std::process::exit(exit_code(signal));
        }
        screen::note(
            "stopping: the sample under way is dropped, all finished ones are kept; once more \
             leaves at once",
        );
    })?;
    Ok(stop)
}

/// The exit code of a program that `signal` ended, as shells count it: 130 after Ctrl-C.
// Source: POSIX.1-2024, Shell Command Language, 2.8.2: above 128; 128 + signal in every shell that we know.
pub(super) fn exit_code(signal: Signal) -> i32 {
    128 + signal as i32
}

/// Calls `heard`, on a thread of its own, with every signal from now on that asks this program to
/// end.
///
/// # Errors
///
/// If signals cannot be listened to.
pub(super) fn on_request(heard: impl FnMut(Signal) + Send + 'static) -> anyhow::Result<()> {
    let ignored = ignored(&fs::read_to_string("/proc/self/status").unwrap_or_default());
    let wanted = REQUESTS
        .into_iter()
        .filter(|signal| ignored & mask(*signal) == 0);
    let mut signals = Signals::new(wanted.map(|signal| signal as i32))
        .context("cannot listen to signals such as Ctrl-C")?;
    let mut heard = heard;
    let listen = move || {
        let named = |number: i32| Signal::try_from(number).ok();
        for signal in signals.forever().filter_map(named) {
            let number = signal as i32;
            // Only the first is the reason; what came before is in there.
            let _ = FIRST.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
            heard(signal);
        }
    };
    thread::Builder::new()
        .spawn(listen)
        .context("cannot listen to signals such as Ctrl-C")?;
    Ok(())
}

/// The signals that a process ignores, as a mask.
// Source: proc(5), /proc/pid/status, SigIgn: a hexadecimal mask, signal 1 the lowest bit.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

fn mask(signal: Signal) -> u64 {
    1 << (signal as i32 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_is_a_bit_of_the_mask() {
        let status = "Name:\tx\nSigBlk:\t0000000000000006\nSigIgn:\t0000000000001005\n";
        let ignored = ignored(status);
        let of = |signal| ignored & mask(signal) != 0;
        let found = REQUESTS.map(of);
        assert_eq!(found, [false, false, true, true]);
        assert!(of(Signal::SIGPIPE));
        assert_eq!(super::ignored(""), 0);
    }
}
