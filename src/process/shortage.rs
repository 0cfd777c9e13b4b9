//! Which errors are of a moment?
//!
//! Descriptors, processes, threads and memory are shared with others, who may give some back. An
//! error for want of them says nothing about the cell, so the visit is tried again.

use std::error::Error;
use std::io;

use nix::errno::Errno;

/// Exit code of a process that could not do its work for want of something that may come back.
//
// Source: sysexits.h, EX_TEMPFAIL.
pub const TRY_AGAIN: i32 = 75;

/// What the system did not give, as one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Shortage(pub String);

/// What to do about `error` where it is a shortage; `None` where it is something else.
//
// Source: fork(2), clone(2), pipe(2), open(2), their errors.
pub(super) fn remedy(error: &io::Error) -> Option<&'static str> {
    match Errno::from_raw(error.raw_os_error()?) {
        Errno::EMFILE => Some("raise the limit on open files (ulimit -n)"),
        Errno::ENFILE => Some("raise the limit on open files of the machine (sysctl fs.file-max)"),
        Errno::EAGAIN => Some(
            "raise the limit on processes and threads (ulimit -u, or pids.max of the control group)",
        ),
        Errno::ENOMEM => Some("free some memory"),
        _ => None,
    }
}

/// Whether `error` or one of its causes is a shortage.
pub(crate) fn is_shortage(error: &(dyn Error + 'static)) -> bool {
    let known = error.downcast_ref::<io::Error>().and_then(remedy);
    known.is_some() || error.source().is_some_and(is_shortage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("a thread could not be started")]
    struct Wrapped(#[source] io::Error);

    #[test]
    fn what_others_may_give_back_is_told_from_what_is_wrong() {
        let error = |errno: Errno| io::Error::from_raw_os_error(errno as i32);
        for errno in [Errno::EMFILE, Errno::ENFILE, Errno::EAGAIN, Errno::ENOMEM] {
            assert!(is_shortage(&error(errno)), "{errno}");
        }
        assert!(!is_shortage(&error(Errno::ENOENT)));
        let wrapped = Wrapped(error(Errno::EAGAIN));
        assert!(is_shortage(&wrapped));
    }
}
