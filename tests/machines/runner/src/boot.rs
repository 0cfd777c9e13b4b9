//! Boots a machine in QEMU and listens to its serial console.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::machine::Machine;

/// The emulator.
pub(crate) const QEMU: &str = "qemu-system-x86_64";

/// Exit code of timeout(1) when the time was up.
const TIMED_OUT: i32 = 124;

/// What a machine is booted from, and for how long.
pub(crate) struct Boot {
    /// The kernel.
    pub(crate) kernel: PathBuf,
    /// The initial RAM disk.
    pub(crate) disk: PathBuf,
    /// Seconds after which the machine is ended [s].
    pub(crate) limit_s: u32,
}

impl Boot {
    /// Boots `machine` until it powers off. What it prints goes into the file `console`, with a last
    /// line if it had to be ended.
    ///
    /// # Errors
    ///
    /// If the emulator cannot be started, or the file not be written.
    pub(crate) fn run(&self, machine: &Machine, console: &Path) -> anyhow::Result<()> {
        let mut file = File::create(console)?;
        let mut command = self.command(machine);
        command.stdout(file.try_clone()?).stderr(file.try_clone()?);
        let status = command.status();
        let status = status.with_context(|| format!("cannot start {QEMU}"))?;
        if status.code() == Some(TIMED_OUT) {
            writeln!(file, "\nended at its limit of {} s", self.limit_s)?;
        } else if !status.success() {
            writeln!(file, "\n{QEMU} ended with {status}")?;
        }
        Ok(())
    }

    fn command(&self, machine: &Machine) -> Command {
        // timeout(1) also ends a machine whose runner was killed.
        let mut command = Command::new("timeout");
        command.args(["--foreground", "--kill-after=5"]);
        command.arg(self.limit_s.to_string()).arg(QEMU);
        // A thread for each CPU. Intel is the only vendor whose dies and cores QEMU describes fully.
        command.args(["-accel", "tcg,thread=multi"]);
        command.args(["-cpu", "max,vendor=GenuineIntel"]);
        command.args(["-m", &machine.memory, "-smp", &machine.cpus]);
        command.args(machine.qemu.split_whitespace());
        command.arg("-kernel").arg(&self.kernel);
        command.arg("-initrd").arg(&self.disk);
        // Panics are shown. On a busy computer the kernel's check of its timer fails now and then, and
        // emulation pays dearly for what guards a kernel against its CPU.
        let arguments = format!(
            "console=ttyS0 quiet loglevel=1 no_timer_check mitigations=off nowatchdog panic=-1 {}",
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
        command.stdin(Stdio::null());
        command
    }
}
