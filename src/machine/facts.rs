//! What are this host, its processor and its kernel?
//!
//! Facts that explain a measurement but limit nothing. One that cannot be read is `None`.

use std::fs::File;
use std::io::Read;

use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};

use super::System;
use super::kernel_text::{field, lines, number};
use crate::text::one_line;

/// The host and its kernel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Host name.
    pub host: Option<String>,
    /// Processor model.
    pub processor: Option<String>,
    /// The kernel.
    pub kernel: KernelFacts,
}

/// What the kernel says of its scheduler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KernelFacts {
    /// `uname -r`.
    pub release: Option<String>,
    /// Timer interrupts per second [Hz].
    pub hz: Option<u32>,
    /// Base time slice of the scheduler [ns].
    pub slice_ns: Option<u64>,
    /// CPU frequency governor of PU 0.
    pub governor: Option<String>,
    /// Words of its command line that decide how threads are scheduled, such as `isolcpus=2-3`.
    #[serde(default)]
    pub arguments: Vec<String>,
}

/// What the names of such words begin with.
// Source: Documentation/admin-guide/kernel-parameters.txt of Linux 6.12.
const SCHEDULING: [&str; 16] = [
    "amd_pstate",
    "cpuidle",
    "haltpoll",
    "idle",
    "intel_idle",
    "intel_pstate",
    "isolcpus",
    "maxcpus",
    "mitigations",
    "nohz",
    "nosmt",
    "numa_balancing",
    "preempt",
    "rcu_nocbs",
    "sched",
    "skew_tick",
];

impl HostFacts {
    /// The facts of this host.
    pub fn discover() -> Self {
        Self::read(&System::here())
    }

    fn read(system: &System) -> Self {
        let kernel = KernelFacts::read(system);
        Self {
            host: system.text("/proc/sys/kernel/hostname"),
            processor: processor(system),
            kernel,
        }
    }
}

impl KernelFacts {
    /// The facts of the running kernel.
    pub fn discover() -> Self {
        Self::read(&System::here())
    }

    fn read(system: &System) -> Self {
        let release = system.text("/proc/sys/kernel/osrelease");
        Self {
            hz: config(system, release.as_deref()).as_deref().and_then(hz),
            slice_ns: slice(system),
            governor: system.text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            arguments: arguments(system),
            release,
        }
    }

    /// Whether PUs have their ticks one after the other and not at the same time.
    pub fn skews_ticks(&self) -> bool {
        self.arguments.iter().any(|word| word == "skew_tick=1")
    }
}

fn arguments(system: &System) -> Vec<String> {
    let line = system.text("/proc/cmdline").unwrap_or_default();
    let decides = |word: &&str| {
        let after = |name: &&str| word.strip_prefix(*name);
        let rest = SCHEDULING.iter().find_map(after);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['=', '_', '.']))
    };
    let words = line.split_whitespace().filter(decides);
    words.map(str::to_owned).collect()
}

/// x86 names the model; Arm only numbers the implementer and part.
fn processor(system: &System) -> Option<String> {
    let cpuinfo = system.bytes("/proc/cpuinfo").ok()?;
    let told = |key| Some(one_line(&String::from_utf8_lossy(field(&cpuinfo, key)?)));
    let arm = || {
        let (maker, part) = (told("CPU implementer")?, told("CPU part")?);
        Some(format!("implementer {maker} part {part}"))
    };
    told("model name").or_else(arm)
}

/// The configuration the kernel was built with.
fn config(system: &System, release: Option<&str>) -> Option<Vec<u8>> {
    let packed = || {
        let mut text = Vec::new();
        let file = File::open(system.locate("/proc/config.gz")).ok()?;
        GzDecoder::new(file).read_to_end(&mut text).ok()?;
        Some(text)
    };
    let release = release?;
    let plain = [
        format!("/boot/config-{release}"),
        format!("/lib/modules/{release}/config"),
    ];
    packed().or_else(|| plain.iter().find_map(|path| system.bytes(path).ok()))
}

fn hz(config: &[u8]) -> Option<u32> {
    lines(config).find_map(|line| number(line.strip_prefix(b"CONFIG_HZ=")?))
}

/// The base slice: from the scheduler's own file where it may be read, else this task's slice,
/// which equals it for a task that asked for none.
fn slice(system: &System) -> Option<u64> {
    let own = || {
        let sched = system.bytes("/proc/self/sched").ok()?;
        number(field(&sched, "se.slice")?)
    };
    system
        .value("/sys/kernel/debug/sched/base_slice_ns")
        .or_else(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    const CONFIG: &str = "# CONFIG_HZ_100 is not set\nCONFIG_HZ_250=y\nCONFIG_HZ=250\n";

    #[test]
    fn the_kernels_configuration_tells_hz_packed_or_plain() {
        let (_folder, system) = machine(&[
            ("/proc/sys/kernel/osrelease", "6.1.0\n"),
            ("/boot/config-6.1.0", CONFIG),
        ]);
        assert_eq!(KernelFacts::read(&system).hz, Some(250));
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed
            .write_all(CONFIG.replace("250", "1000").as_bytes())
            .unwrap();
        std::fs::write(system.locate("/proc/config.gz"), packed.finish().unwrap()).unwrap();
        assert_eq!(KernelFacts::read(&system).hz, Some(1000));
    }

    #[test]
    fn the_slice_of_this_task_stands_in_for_the_base_slice() {
        let sched = "cat (1, #threads: 1)\n-----\nse.slice                 :   2800000\n";
        let (_folder, system) = machine(&[("/proc/self/sched", sched)]);
        assert_eq!(KernelFacts::read(&system).slice_ns, Some(2_800_000));
    }

    #[test]
    fn of_the_command_line_only_what_concerns_scheduling_is_kept() {
        let line =
            "root=/dev/sda1 secret=x isolcpus=2-3 idlewild nohz_full=2-3 skew_tick=1 nosmt\n";
        let (_folder, system) = machine(&[("/proc/cmdline", line)]);
        let kernel = KernelFacts::read(&system);
        let expected = ["isolcpus=2-3", "nohz_full=2-3", "skew_tick=1", "nosmt"];
        assert_eq!(kernel.arguments, expected);
        assert!(kernel.skews_ticks() && !KernelFacts::default().skews_ticks());
    }

    #[test]
    fn a_host_that_tells_nothing_is_not_an_error() {
        let (_folder, system) = machine(&[]);
        assert_eq!(HostFacts::read(&system), HostFacts::default());
    }

    #[test]
    fn an_arm_processor_is_known_by_its_numbers() {
        let cpuinfo = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        let (_folder, system) = machine(&[("/proc/cpuinfo", cpuinfo)]);
        let expected = Some("implementer 0x41 part 0xd0c".to_owned());
        assert_eq!(HostFacts::read(&system).processor, expected);
    }
}
