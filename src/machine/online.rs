//! Which PUs of the machine are online?
//!
//! A container may be told less than the truth: LXCFS puts a file of its own in the place of
//! `/sys/devices/system/cpu/online`, which counts the container's PUs from 0 although the affinity
//! mask keeps the machine's numbers. So what is told there is reported and limits nothing.

use super::{CpuSet, System};

const CPUS: &str = "/sys/devices/system/cpu";

/// The PUs that are online.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlinePus {
    /// Those that the system calls online, where it does.
    pub told: Option<CpuSet>,
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
            told: list("online").filter(|set| !set.is_empty()),
            real: real().filter(|set| !set.is_empty()),
        }
    }

    /// Whether `allowed` is known to be all of the machine.
    pub fn are_all_in(&self, allowed: &CpuSet) -> bool {
        let machine = self.real.as_ref().or(self.told.as_ref());
        machine.is_some_and(|machine| machine.is_subset(allowed))
    }

    /// What is told, if it cannot be true, because a process runs on `allowed`.
    pub fn contradicted_by(&self, allowed: &CpuSet) -> Option<&CpuSet> {
        self.told.as_ref().filter(|told| !allowed.is_subset(told))
    }
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
        assert_eq!(half.contradicted_by(&pus("0-1")), None);
    }

    #[test]
    fn a_system_that_names_no_pus_has_no_whole_machine() {
        let nothing = online("", "", "");
        assert!(!nothing.are_all_in(&pus("0-3")));
        assert_eq!(nothing.contradicted_by(&pus("0-3")), None);
    }

    #[test]
    fn what_lxcfs_tells_is_not_the_machine() {
        let container = online("0-3", "0-31", "\n");
        assert!(!container.are_all_in(&pus("0-3")));
        for mask in ["3,7,12,20", "1-4"] {
            let told = container.contradicted_by(&pus(mask));
            assert_eq!(told, Some(&pus("0-3")), "{mask}");
        }
    }
}
