//! How is a sweep put under a CPU quota?

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use crate::turn;

/// A control group with a CPU quota, removed when dropped.
pub struct Quota(PathBuf);

/// Length of a quota period [us].
const PERIOD: u64 = 100_000;

impl Quota {
    /// A group that may use `share` of the CPUs. Needs the right to make groups.
    pub fn set(share: f64) -> io::Result<Self> {
        let quota = (share * f64::from(turn::cpus()) * PERIOD as f64) as u64;
        Self::v1(quota).or_else(|_| Self::v2(quota))
    }

    fn v1(quota: u64) -> io::Result<Self> {
        let group = Self::below("/sys/fs/cgroup/cpu")?;
        fs::write(group.0.join("cpu.cfs_period_us"), PERIOD.to_string())?;
        fs::write(group.0.join("cpu.cfs_quota_us"), quota.to_string())?;
        Ok(group)
    }

    fn v2(quota: u64) -> io::Result<Self> {
        let group = Self::below("/sys/fs/cgroup")?;
        fs::write(group.0.join("cpu.max"), format!("{quota} {PERIOD}"))?;
        Ok(group)
    }

    fn below(root: &str) -> io::Result<Self> {
        let group = PathBuf::from(root).join(format!("oversub-labelled-{}", std::process::id()));
        fs::create_dir(&group)?;
        Ok(Self(group))
    }

    /// Runs `command` in the group.
    pub fn run(&self, command: Command) -> io::Result<ExitStatus> {
        let procs = self.0.join("cgroup.procs");
        // The shell enters the group and becomes the command.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
            .arg(procs)
            .arg(command.get_program())
            .args(command.get_args())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        shell.status()
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // It is empty by now; where it is not, it goes with the next start of the machine.
        let _ = fs::remove_dir(&self.0);
    }
}
