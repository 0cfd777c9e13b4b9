//! How does other load run beside a cell?
//!
//! Threads that spin, in a process of their own, so that nothing of it is counted as the cell's. They run
//! before the cell's threads are started and end with the process that started them, however that ends.

use std::hint::spin_loop;
use std::io::{self, Read, Write};
use std::num::NonZeroU32;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;

use nix::sys::signal::Signal;

use super::ending::end_with_parent;

/// The process whose threads spin; it ends when this is dropped.
#[derive(Debug)]
pub struct Background(Child);

impl Background {
    /// Has `program`, this program, spin with `threads` threads. `None` where there are to be none.
    ///
    /// # Errors
    ///
    /// If not all of them can be started.
    pub fn start(program: &Path, threads: u32) -> io::Result<Option<Self>> {
        if threads == 0 {
            return Ok(None);
        }
        let child = Command::new(program)
            .args(["spin", &threads.to_string()])
            .args(["--parent", &std::process::id().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut beside = Self(child);
        let out = beside.0.stdout.as_mut();
        let mut sign = [0];
        out.ok_or(io::ErrorKind::BrokenPipe)?
            .read_exact(&mut sign)?;
        Ok(Some(beside))
    }
}

impl Background {
    /// Why it no longer spins, where it does not.
    pub fn ended(&mut self) -> Option<String> {
        let status = self.0.try_wait().ok().flatten()?;
        Some(format!(
            "the other load beside the cell ended with {status}"
        ))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // One that has ended already is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Spins with `threads` threads until the process `parent` ends, once all are there with a line on
/// `out`.
///
/// # Errors
///
/// If a thread cannot be had, or nobody listens.
pub fn spin(threads: NonZeroU32, parent: u32, out: &mut impl Write) -> io::Result<()> {
    end_with_parent(Signal::SIGKILL, Some(parent))?;
    let there = Arc::new(Barrier::new(threads.get() as usize + 1));
    for number in 0..threads.get() {
        let there = Arc::clone(&there);
        thread::Builder::new()
            .name(format!("other{number}"))
            .spawn(move || {
                there.wait();
                loop {
                    spin_loop();
                }
            })?;
    }
    there.wait();
    out.write_all(b"\n")?;
    out.flush()?;
    loop {
        thread::park();
    }
}
