//! How does the supervisor end what a hook left running?
//!
//! What a hook leaves belongs to the guard, so that it is in no measured tree, and passes on to the sweep
//! with the guard's death. If the sweep dies as well, it is nobody's. The supervisor finds it by a
//! variable of its environment, which passes on through every fork and session.

use std::fs;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::clock;
use crate::machine::kernel_text::{number, stat_fields};
use crate::process::handle::ProcessHandle;

/// Name of the variable.
const VARIABLE: &str = "OVERSUB_VISIT";

/// Time for all to go.
const LIMIT: Duration = Duration::from_secs(5);

/// Time between two looks: whoever was forked while the others were ended is found in the next one.
const LOOK: Duration = Duration::from_millis(5);

/// Marks what `command` starts, and all below it, as of a hook of this process.
pub(super) fn mark(command: &mut Command) {
    command.env(VARIABLE, own_mark());
}

/// This process, among all that this machine has run since it was booted.
fn own_mark() -> String {
    let stat = fs::read("/proc/self/stat").unwrap_or_default();
    // Source: proc(5), /proc/pid/stat: field 22 is the start time [ticks].
    let started = stat_fields(&stat, 22).and_then(|mut fields| number::<u64>(fields.next()?));
    format!("{}-{}", std::process::id(), started.unwrap_or_default())
}

/// Looks without a find after which there is nothing left. One is not enough: a process that becomes
/// another program has no environment for a moment.
const LOOKS: u32 = 3;

/// Ends everything that hooks of this process left running.
pub fn end_leftovers() {
    let wanted = format!("{VARIABLE}={}", own_mark());
    let deadline = clock::now() + LIMIT;
    let mut without = 0;
    while without < LOOKS && clock::now() < deadline {
        without = if end_marked(&wanted) { 0 } else { without + 1 };
        std::thread::sleep(LOOK);
    }
}

/// Ends every process with `variable` in its environment; whether there was one.
fn end_marked(variable: &str) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let mut found = false;
    for pid in pids.filter(|pid| has(*pid, variable)) {
        // The descriptor stands for one process, which is looked at once more.
        if let Some(process) = ProcessHandle::of(pid).filter(|_| has(pid, variable)) {
            process.send(Signal::SIGKILL);
            found = true;
        }
    }
    found
}

fn has(pid: i32, variable: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let mut variables = environment.split(|byte| *byte == 0);
    variables.any(|known| known == variable.as_bytes())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use super::*;

    /// A child of a shell that has ended, in a session of its own.
    #[test]
    fn what_has_left_every_tree_is_ended() {
        let mut command = Command::new("sh");
        let script = "setsid sh -c 'echo $$; exec sleep 600' & wait $!; true";
        command.args(["-c", script]).stdout(Stdio::piped());
        mark(&mut command);
        let mut shell = command.spawn().unwrap();
        let mut line = String::new();
        let out = shell.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let daemon: i32 = line.trim().parse().unwrap();
        let mark = format!("{VARIABLE}={}", own_mark());
        while !has(daemon, &mark) {
            std::thread::sleep(LOOK);
        }
        end_leftovers();
        assert!(!has(daemon, &mark));
        shell.wait().unwrap();
    }
}
