//! How many CPUs may this process really use?
//!
//! The budget P is the tightest of the allowed PUs and of every CPU quota on the way up through
//! the cgroup hierarchy, v1 and v2. It is fractional: a quota of 150 ms per 100 ms is 1.5 CPUs.

use serde::{Deserialize, Serialize};

use super::CpuSet;

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
    /// P rounded down to whole threads, at least one.
    ///
    /// Down, because one thread more than the quota can run gets the whole group throttled.
    pub fn whole(&self) -> u32 {
        (self.cpus.floor() as u32).max(1)
    }
}
