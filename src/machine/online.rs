//! Which PUs of the machine are online?
//!
//! A container may be told less than the truth: LXCFS puts a file of its own in the place of
//! `/sys/devices/system/cpu/online`, which counts the container's PUs from 0 although the affinity
//! mask keeps the machine's numbers. So what is told there is reported and limits nothing.

use super::{CpuSet, PuId, System};

const CPUS: &str = "/sys/devices/system/cpu";

/// The PUs that are online.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlinePus {
    /// Those that the system calls online.
    pub told: CpuSet,
    /// Those that are present and not offline, where that can be read: LXCFS leaves these files alone.
    // Source: LXCFS 6.0, src/sysfs_fuse.c, `sys_getattr_legacy`.
    real: Option<CpuSet>,
}

impl OnlinePus {
    /// The PUs of this machine.
    pub fn discover() -> Self {
        Self::read(&System::here())
    }

    pub(super) fn read(system: &System) -> Self {
        let list = |name: &str| system.value::<CpuSet>(format!("{CPUS}/{name}"));
        let real = || Some(list("present")?.difference(&list("offline")?));
        Self {
            told: list("online")
                .filter(|set| !set.is_empty())
                .unwrap_or_else(counted),
            real: real().filter(|set| !set.is_empty()),
        }
    }

    /// Whether `allowed` is all of the machine.
    pub fn are_all_in(&self, allowed: &CpuSet) -> bool {
        self.real.as_ref().unwrap_or(&self.told).is_subset(allowed)
    }

    /// Whether what is told cannot be true, because a process runs on `allowed`.
    pub fn contradict(&self, allowed: &CpuSet) -> bool {
        !allowed.is_subset(&self.told)
    }
}

/// As many PUs as the standard library counts, where the system names none.
fn counted() -> CpuSet {
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (0..).take(count).map(PuId).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;

    fn online(told: &str, present: &str, offline: &str) -> OnlinePus {
        let files = [("online", told), ("present", present), ("offline", offline)];
        let paths = files.map(|(name, text)| (format!("{CPUS}/{name}"), text));
        let files: Vec<(&str, &str)> = paths.iter().map(|(p, t)| (p.as_str(), *t)).collect();
        let (_folder, system) = machine(&files);
        OnlinePus::read(&system)
    }

    fn pus(text: &str) -> CpuSet {
        text.parse().unwrap()
    }

    #[test]
    fn a_pu_that_is_offline_is_no_part_of_the_whole_machine() {
        let half = online("0-1", "0-3", "2-3,4-7");
        assert!(half.are_all_in(&pus("0-1")) && !half.are_all_in(&pus("0")));
        assert!(!half.contradict(&pus("0-1")));
    }

    #[test]
    fn what_lxcfs_tells_is_not_the_machine() {
        let container = online("0-3", "0-31", "\n");
        assert!(!container.are_all_in(&pus("0-3")));
        for mask in ["3,7,12,20", "1-4"] {
            assert!(container.contradict(&pus(mask)), "{mask}");
        }
    }
}
