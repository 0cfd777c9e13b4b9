//! Which signals ask this program to end, and who hears of them?
//!
//! SIGINT, SIGTERM, SIGHUP and SIGQUIT do, except those that were ignored when it was started:
//! `nohup` ignores SIGHUP, and a shell script ignores SIGINT and SIGQUIT for what it runs in the
//! background. Those stay ignored.

use std::fs;
use std::thread;

use anyhow::Context;
use nix::sys::signal::Signal;
use signal_hook::iterator::Signals;

/// What asks a program to end, and can be answered.
const REQUESTS: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

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
        signals.forever().filter_map(named).for_each(&mut heard);
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
