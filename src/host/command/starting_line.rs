//! How do several copies of a program start at the same moment?
//!
//! Each begins as this program, which makes it ready, says so by one byte on standard output, and
//! waits for the end of standard input: one pipe for all copies, whose closing wakes all of them
//! at once. Then it becomes the program. The costs of starting us are so outside the clock; inside
//! it is one `execve(2)`.

use std::io::{self, Read, Write, stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, parent_id};
use std::process::{Command, Stdio};

use nix::unistd::setsid;

/// Waits at the starting line of the supervisor with process id `parent` and becomes the program
/// `argv`, which gets standard error as its standard output too.
///
/// Returns only if that fails: why.
pub fn become_program(argv: &[String], parent: u32) -> io::Error {
    match wait_for_release(parent) {
        Ok(()) => {}
        Err(error) => return error,
    }
    let output = match stderr().as_fd().try_clone_to_owned() {
        Ok(output) => output,
        Err(error) => return error,
    };
    let Some((program, arguments)) = argv.split_first() else {
        return io::Error::other("no program");
    };
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(output)
        .exec()
}

fn wait_for_release(parent: u32) -> io::Result<()> {
    die_with_parent()?;
    // A session of its own has no terminal to wait for, and is a group that can be ended whole.
    setsid()?;
    if parent_id() != parent {
        return Err(io::Error::other("the supervisor is gone"));
    }
    stdout().write_all(b"!")?;
    stdout().flush()?;
    let mut rest = Vec::new();
    stdin().read_to_end(&mut rest)?;
    Ok(())
}

/// A last resort for the case that the supervisor is killed in a way it cannot notice.
#[cfg(target_os = "linux")]
fn die_with_parent() -> nix::Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() -> nix::Result<()> {
    Ok(())
}
