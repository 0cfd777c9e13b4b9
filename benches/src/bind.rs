//! How do the threads of a contestant get a PU each?

use std::mem;

/// The PUs this process may use, in order. Ask before the first thread is bound.
pub fn allowed() -> Vec<usize> {
    // SAFETY: an all-zero set is valid, and the call writes no more than its size.
    let set = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::sched_getaffinity(0, size_of_val(&set), &raw mut set);
        set
    };
    let possible = 0..libc::CPU_SETSIZE as usize;
    // SAFETY: every index is below CPU_SETSIZE.
    possible
        .filter(|&pu| unsafe { libc::CPU_ISSET(pu, &set) })
        .collect()
}

/// Binds the calling thread to the PU of `member`; members beyond the last PU start again.
///
/// # Errors
///
/// If the system refuses.
pub fn bind(allowed: &[usize], member: u32) -> Result<(), String> {
    let pu = allowed[member as usize % allowed.len()];
    // SAFETY: an all-zero set is valid; `pu` came from a set of the same size.
    let refused = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(pu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set) != 0
    };
    if refused {
        Err(format!("PU {pu} was refused"))
    } else {
        Ok(())
    }
}
