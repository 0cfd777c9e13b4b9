//! How do several copies of a program start at the same moment?
//!
//! Each begins as this program, which makes it ready, says so by one byte on standard output, and
//! waits for the end of standard input: one pipe for all copies, whose closing wakes all of them
//! at once. Then it becomes the program. The costs of starting us are so outside the clock; inside
//! it is one `execve(2)`. A hook begins in the same way, with nothing to wait for.

use std::ffi::OsStr;
use std::io::{self, Read, Write, stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::unistd::setsid;

use crate::process::ending::end_with_parent;
use crate::process::open_files;

/// How this program starts itself to become another.
#[derive(Clone, Copy, Debug)]
pub struct Starter<'a> {
    /// The file of this program.
    pub program: &'a Path,
    /// The limit on open files that the other is to have, where this process raised its own.
    pub open_files: Option<u64>,
}

impl Starter<'_> {
    /// The command that becomes `argv`.
    pub(super) fn command(&self, argv: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(self.program);
        command.args(["start", "--parent", &std::process::id().to_string()]);
        if let Some(limit) = self.open_files {
            command.args(["--open-files", &limit.to_string()]);
        }
        command.arg("--").args(argv);
        command
    }
}

/// Waits at the starting line of the supervisor with process id `parent` and becomes the program
/// `argv`, which gets standard error as its standard output too, and may open `open_files` files
/// where that is given.
///
/// Returns only if that fails: why.
pub fn become_program(argv: &[String], parent: u32, open_files: Option<u64>) -> io::Error {
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
    if let Some(limit) = open_files {
        open_files::lower(limit);
    }
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(output)
        .exec()
}

fn wait_for_release(parent: u32) -> io::Result<()> {
    // A session of its own has no terminal to wait for, and is a group that can be ended whole.
    setsid()?;
    // Where the supervisor is killed in a way that it cannot notice.
    end_with_parent(Signal::SIGKILL, Some(parent))?;
    stdout().write_all(b"!")?;
    stdout().flush()?;
    let mut rest = Vec::new();
    stdin().read_to_end(&mut rest)?;
    Ok(())
}
