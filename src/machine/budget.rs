//! How many CPUs may this process really use?
//!
//! The budget P is the tightest of the allowed PUs and of every CPU quota on the way up through
//! the cgroup hierarchy, v1 and v2. It is fractional: a quota of 150 ms per 100 ms is 1.5 CPUs.
//
// --- Implementation ---
// std's `available_parallelism` rounds the quota down; here the fraction is kept, and every limit
// with the name of who sets it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cgroup::{self, Ancestry, Version};
use super::system::field;
use super::{CpuSet, PuId, System};

/// Who sets a limit on CPUs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitSource {
    /// PUs that are online.
    Online,
    /// This process's affinity mask, `sched_getaffinity(2)`.
    Affinity,
    /// The cgroup cpuset of the group at this path.
    CgroupCpuset(String),
    /// The CPU quota of the group at this path.
    CgroupQuota(String),
}

/// One limit on the CPUs this process may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Who sets it.
    pub source: LimitSource,
    /// How much it allows [CPUs].
    pub cpus: f64,
}

/// What this process may use of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CpuBudget {
    /// The PUs its threads may run on.
    pub allowed: CpuSet,
    /// P: CPUs it may keep busy on average, at most `allowed.len()` [CPUs].
    pub cpus: f64,
    /// Every limit found, in the order it was looked for; the tightest decides.
    pub limits: Vec<Limit>,
}

impl CpuBudget {
    /// The budget of the calling process. Where a fact cannot be read, nothing is limited by it.
    pub fn discover() -> Self {
        Self::read(&System::here())
    }

    /// The budget of the process that `/proc/self` in `system` describes.
    pub fn read(system: &System) -> Self {
        let online = online(system);
        let mut limits = vec![pus(LimitSource::Online, &online)];
        let mut allowed = online;
        let mut restrict = |source, set: CpuSet| {
            limits.push(pus(source, &set));
            let both = allowed.intersection(&set);
            if !both.is_empty() {
                allowed = both;
            }
        };
        if let Some(mask) = affinity(system) {
            restrict(LimitSource::Affinity, mask);
        }
        for (path, set) in cgroup_cpusets(system) {
            restrict(LimitSource::CgroupCpuset(path), set);
        }
        for (path, cpus) in cgroup_quotas(system) {
            let source = LimitSource::CgroupQuota(path);
            limits.push(Limit { source, cpus });
        }
        let all = allowed.len() as f64;
        let cpus = limits.iter().map(|limit| limit.cpus).fold(all, f64::min);
        Self {
            allowed,
            cpus,
            limits,
        }
    }

    /// P rounded down to whole threads, at least one.
    ///
    /// Down, because one thread more than the quota can run gets the whole group throttled.
    pub fn whole(&self) -> u32 {
        (self.cpus.floor() as u32).max(1)
    }

    /// The tightest limit; the first of several that are equally tight.
    pub fn tightest(&self) -> Option<&Limit> {
        self.limits.iter().min_by(|a, b| a.cpus.total_cmp(&b.cpus))
    }

    /// Number of PUs that are online [CPUs].
    pub fn online(&self) -> usize {
        let online = |limit: &&Limit| limit.source == LimitSource::Online;
        let found = self.limits.iter().find(online);
        found.map_or(self.allowed.len(), |limit| limit.cpus as usize)
    }

    /// The tightest CPU quota, if there is any [CPUs].
    pub fn quota(&self) -> Option<f64> {
        let quotas = self.limits.iter().filter_map(|limit| match limit.source {
            LimitSource::CgroupQuota(_) => Some(limit.cpus),
            _ => None,
        });
        quotas.min_by(f64::total_cmp)
    }
}

fn pus(source: LimitSource, set: &CpuSet) -> Limit {
    let cpus = set.len() as f64;
    Limit { source, cpus }
}

fn online(system: &System) -> CpuSet {
    let told: Option<CpuSet> = system.value("/sys/devices/system/cpu/online");
    told.filter(|set| !set.is_empty()).unwrap_or_else(|| {
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        (0..).take(count).map(PuId).collect()
    })
}

/// The affinity mask as the kernel prints it; unlike the system call's glibc type, this has no limit
/// of 1024 CPUs.
fn affinity(system: &System) -> Option<CpuSet> {
    let status = system.text("/proc/self/status")?;
    field(&status, "Cpus_allowed_list")?.parse().ok()
}

/// The effective cgroup cpusets. They hold all ancestors' limits, so the innermost that is written
/// down is enough.
fn cgroup_cpusets(system: &System) -> Vec<(String, CpuSet)> {
    let innermost = |Ancestry { version, folders }: Ancestry| {
        let file = match version {
            Version::V1 => "cpuset.effective_cpus",
            Version::V2 => "cpuset.cpus.effective",
        };
        folders.iter().find_map(|folder| {
            let set: CpuSet = system.value(folder.join(file))?;
            (!set.is_empty()).then(|| (name(folder), set))
        })
    };
    let ancestries = cgroup::ancestries(system, "cpuset");
    ancestries.into_iter().filter_map(innermost).collect()
}

/// Every quota on the way up [CPUs].
fn cgroup_quotas(system: &System) -> Vec<(String, f64)> {
    let of_group = |version, folder: &Path| match version {
        Version::V1 => quota_v1(
            &system.text(folder.join("cpu.cfs_quota_us"))?,
            &system.text(folder.join("cpu.cfs_period_us"))?,
        ),
        Version::V2 => quota_v2(&system.text(folder.join("cpu.max"))?),
    };
    let mut quotas = Vec::new();
    for Ancestry { version, folders } in cgroup::ancestries(system, "cpu") {
        for folder in folders {
            quotas.extend(of_group(version, &folder).map(|cpus| (name(&folder), cpus)));
        }
    }
    quotas
}

fn name(folder: &Path) -> String {
    folder.display().to_string()
}

/// Quota and period [us]; a quota of -1 is none.
fn quota_v1(quota: &str, period: &str) -> Option<f64> {
    ratio(quota, period)
}

/// `max 100000` is none, `150000 100000` is 1.5 CPUs.
fn quota_v2(text: &str) -> Option<f64> {
    let (quota, period) = text.split_once(' ')?;
    ratio(quota, period)
}

fn ratio(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (u64, u64) = (quota.parse().ok()?, period.trim().parse().ok()?);
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::system::tests::machine;

    const V1_MOUNTS: &str = "\
1 0 0:1 / /cg/cpu rw - cgroup cgroup rw,cpu
2 0 0:2 / /cg/cpuset rw - cgroup cgroup rw,cpuset";

    #[test]
    fn without_any_limit_the_budget_is_what_is_online() {
        let (_folder, system) = machine(&[("/sys/devices/system/cpu/online", "0-3")]);
        let budget = CpuBudget::read(&system);
        assert_eq!((budget.cpus, budget.whole(), budget.online()), (4.0, 4, 4));
        assert_eq!(budget.allowed.to_string(), "0-3");
    }

    #[test]
    fn the_tightest_quota_of_all_ancestors_decides_in_v2() {
        let (_folder, system) = machine(&[
            ("/sys/devices/system/cpu/online", "0-7"),
            ("/proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-3\n"),
            ("/proc/self/cgroup", "0::/pod/box"),
            (
                "/proc/self/mountinfo",
                "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw",
            ),
            ("/cg/pod/cpu.max", "150000 100000"),
            ("/cg/pod/box/cpu.max", "max 100000"),
            ("/cg/cpu.max", "400000 100000"),
        ]);
        let budget = CpuBudget::read(&system);
        assert_eq!((budget.cpus, budget.whole()), (1.5, 1));
        assert_eq!(budget.allowed.len(), 4);
        assert_eq!(budget.quota(), Some(1.5));
        let source = &budget.tightest().unwrap().source;
        assert_eq!(*source, LimitSource::CgroupQuota("/cg/pod".to_owned()));
    }

    #[test]
    fn the_tightest_quota_of_all_ancestors_decides_in_v1() {
        let (_folder, system) = machine(&[
            ("/sys/devices/system/cpu/online", "0-7"),
            ("/proc/self/cgroup", "1:cpu:/a/b\n2:cpuset:/c"),
            ("/proc/self/mountinfo", V1_MOUNTS),
            ("/cg/cpu/a/cpu.cfs_quota_us", "50000"),
            ("/cg/cpu/a/cpu.cfs_period_us", "100000"),
            ("/cg/cpu/a/b/cpu.cfs_quota_us", "-1"),
            ("/cg/cpu/a/b/cpu.cfs_period_us", "100000"),
            ("/cg/cpuset/c/cpuset.effective_cpus", "2-3"),
        ]);
        let budget = CpuBudget::read(&system);
        assert_eq!((budget.cpus, budget.whole()), (0.5, 1));
        assert_eq!(budget.allowed.to_string(), "2-3");
    }

    #[test]
    fn malformed_limits_limit_nothing() {
        for text in [
            "",
            "max",
            "max 100000",
            "-1 100000",
            "0 100000",
            "100000 0",
            "a b",
        ] {
            assert_eq!(quota_v2(text), None, "{text}");
        }
        assert_eq!(quota_v1("-1", "100000"), None);
    }

    #[test]
    fn this_process_may_use_at_least_a_part_of_one_cpu() {
        let budget = CpuBudget::discover();
        assert!(budget.cpus > 0.0 && budget.cpus <= budget.allowed.len() as f64);
    }
}
