//! How many files may this process have open?
//!
//! The kernel's default, 1024, is for programs that use `select(2)`; what keeps a file open for
//! each thread needs more, and may take it up to the hard limit.
//
// --- Implementation ---
// Source: getrlimit(2), RLIMIT_NOFILE; systemd.exec(5), LimitNOFILE, on why the soft limit is low.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit as far as this process may; the limit that it had, where it was raised.
pub fn raise() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    if soft >= hard {
        return None;
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).ok()?;
    Some(soft)
}

/// Lowers the limit to `soft`, for a program that did not ask for more.
pub(super) fn lower(soft: u64) {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Lowering needs no right.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, soft.min(hard), hard);
    }
}

/// The most that this process may have open once it raised its limit; `None` where nobody tells.
pub fn most() -> Option<u64> {
    getrlimit(Resource::RLIMIT_NOFILE)
        .ok()
        .map(|(_, hard)| hard)
}
