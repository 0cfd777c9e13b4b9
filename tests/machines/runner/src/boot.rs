//! Boots a machine in QEMU and listens to its serial console.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::machine::Machine;

/// The emulator.
pub(crate) const QEMU: &str = "qemu-system-x86_64";

/// Exit code of timeout(1) when the time was up.
const TIMED_OUT: i32 = 124;

/// What a machine printed, and how it ended.
pub(crate) struct Console {
    /// Lines, without their ends.
    pub(crate) lines: Vec<String>,
    /// Whether it had to be ended at its limit.
    pub(crate) timed_out: bool,
}

/// Boots `machine` from the kernel `image` and the RAM disk `disk` until it powers off.
///
/// # Errors
///
/// If the emulator cannot be started.
pub(crate) fn boot(machine: &Machine, image: &Path, disk: &Path) -> anyhow::Result<Console> {
    // timeout(1) also ends a machine whose runner was killed.
    let mut command = Command::new("timeout");
    command.args(["--foreground", "--kill-after=5"]);
    command.arg(machine.limit_s.to_string()).arg(QEMU);
    // Threads: one for each CPU. Intel: the only vendor whose dies and cores QEMU describes fully.
    command.args([
        "-accel",
        "tcg,thread=multi",
        "-cpu",
        "max,vendor=GenuineIntel",
    ]);
    command.args(["-m", &machine.memory, "-smp", &machine.cpus]);
    command.args(machine.qemu.split_whitespace());
    command.arg("-kernel").arg(image).arg("-initrd").arg(disk);
    let arguments = format!(
        "console=ttyS0 quiet loglevel=0 panic=-1 {}",
        machine.arguments
    );
    command.args(["-append", &arguments]);
    command.args([
        "-nodefaults",
        "-display",
        "none",
        "-serial",
        "stdio",
        "-no-reboot",
    ]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut emulator = command
        .spawn()
        .with_context(|| format!("cannot start {QEMU}"))?;
    let output = emulator.stdout.take().context("no standard output")?;
    let lines = BufReader::new(output).split(b'\n');
    let lines = lines.map_while(Result::ok).map(|line| {
        let line = String::from_utf8_lossy(&line);
        line.trim_end().to_owned()
    });
    let lines = lines.collect();
    let status = emulator.wait()?;
    Ok(Console {
        lines,
        timed_out: status.code() == Some(TIMED_OUT),
    })
}
