//! How many CPUs may a process really use?
//!
//! The budget P is the smaller of two limits: the PUs on which the kernel lets the process run, by its
//! affinity mask, and the tightest CPU quota of its control groups up to the root, v1 or v2. It is
//! fractional: a quota of 150 ms per 100 ms is 1.5 CPUs. A limit that cannot be seen is not taken for
//! none: P is then an upper bound, and `unknown` says why.
//
// --- Implementation ---
// std's `available_parallelism` rounds the quota down; here the fraction is kept, and every limit
// with the name of who sets it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::cgroup::{self, Groups, Hierarchy, Says, Told, Unseen};
use super::kernel_text::{field, number};
use super::online::OnlinePus;
use super::{CpuSet, PuId, System};
use crate::units::human_cpus;

/// Who sets a limit on CPUs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitSource {
    /// PUs that are online, as the system says. Reported only: the affinity mask decides.
    Online,
    /// The process's affinity mask, `sched_getaffinity(2)`.
    Affinity,
    /// The cgroup cpuset of the group at this path. Reported only: the kernel keeps masks within it.
    CgroupCpuset(String),
    /// The CPU quota of the group at this path.
    CgroupQuota(String),
}

/// One limit on the CPUs a process may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Who sets it.
    pub source: LimitSource,
    /// How much it allows [CPUs].
    pub cpus: f64,
}

/// A kind of limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// The affinity mask.
    Affinity,
    /// A CPU quota of a control group.
    CpuQuota,
}

/// A limit that may be there, and may be the tightest, but cannot be seen from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownLimit {
    /// Which.
    pub kind: LimitKind,
    /// Why it cannot be seen, as a phrase.
    pub why: String,
}

/// What a process may use of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CpuBudget {
    /// The PUs its threads may run on.
    pub allowed: CpuSet,
    /// P: CPUs it may keep busy on average, at most `allowed.len()` [CPUs]. An upper bound if anything
    /// is unknown.
    pub cpus: f64,
    /// Every limit found, in the order it was looked for.
    pub limits: Vec<Limit>,
    /// Limits that cannot be seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownLimit>,
}

impl CpuBudget {
    /// The budget of the calling process.
    pub fn discover() -> Self {
        Self::read(&System::here())
    }

    /// The budget of process `pid`: the PUs that any of its threads may run on, and the quotas of its
    /// control groups, seen through the mounts of the calling process or else through its own.
    pub fn of_process(pid: i32) -> Self {
        Self::read(&System::of_process(pid))
    }

    /// The budget of a process that may use all of `pus` without a quota.
    pub fn all_of(pus: CpuSet) -> Self {
        Self {
            cpus: pus.len() as f64,
            limits: vec![pus_of(LimitSource::Online, &pus)],
            allowed: pus,
            unknown: Vec::new(),
        }
    }

    /// The budget of the process that `/proc/self` in `system` describes.
    pub fn read(system: &System) -> Self {
        let online = OnlinePus::read(system).told;
        let mask = affinity(system);
        let cpusets = cpusets(system).set;
        let online_limit = |online| pus_of(LimitSource::Online, online);
        let mut limits: Vec<Limit> = online.iter().map(online_limit).collect();
        let mut unknown = Vec::new();
        match &mask {
            Ok(mask) => limits.push(pus_of(LimitSource::Affinity, mask)),
            Err(why) => unknown.push(UnknownLimit::new(LimitKind::Affinity, why)),
        }
        // They hold all ancestors' limits, so the innermost that is written down is enough.
        let cpuset = cpusets.first();
        limits.extend(
            cpuset.map(|(folder, set)| pus_of(LimitSource::CgroupCpuset(name(folder)), set)),
        );
        let allowed = mask.unwrap_or_else(|_| {
            let online = online.unwrap_or_else(counted);
            let within = cpuset.map(|(_, cpuset)| online.intersection(cpuset));
            within.filter(|pus| !pus.is_empty()).unwrap_or(online)
        });
        let Told { set, unseen } = quotas(system);
        let quota = |(folder, cpus): (PathBuf, f64)| Limit {
            source: LimitSource::CgroupQuota(name(&folder)),
            cpus,
        };
        limits.extend(set.into_iter().map(quota));
        unknown.extend(unseen.map(|why| UnknownLimit::new(LimitKind::CpuQuota, &why)));
        let mut budget = Self {
            cpus: allowed.len() as f64,
            allowed,
            limits,
            unknown,
        };
        budget.cpus = budget
            .quota()
            .map_or(budget.cpus, |quota| quota.min(budget.cpus));
        budget
    }

    /// P rounded down to whole threads, at least one.
    ///
    /// Down, because one thread more than the quota can run gets the whole group throttled.
    pub fn whole(&self) -> u32 {
        (self.cpus.floor() as u32).max(1)
    }

    /// Whether P may be smaller than `cpus`, because a limit cannot be seen.
    pub fn is_upper_bound(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// How P relates to `cpus`: `=`, or `at most` where it is an upper bound.
    pub fn relation(&self) -> &'static str {
        match self.is_upper_bound() {
            true => "at most",
            false => "=",
        }
    }

    /// P as a phrase: `P = 1.5 CPUs`, or `P at most 2 CPUs`.
    pub fn phrase(&self) -> String {
        format!("P {} {}", self.relation(), human_cpus(self.cpus))
    }

    /// Number of PUs that the system calls online [CPUs].
    pub fn online(&self) -> usize {
        let online = |limit: &&Limit| limit.source == LimitSource::Online;
        let found = self.limits.iter().find(online);
        found.map_or(self.allowed.len(), |limit| limit.cpus as usize)
    }

    /// The tightest CPU quota that is seen, if there is any [CPUs].
    pub fn quota(&self) -> Option<f64> {
        let quotas = self.limits.iter().filter_map(|limit| match limit.source {
            LimitSource::CgroupQuota(_) => Some(limit.cpus),
            _ => None,
        });
        quotas.min_by(f64::total_cmp)
    }

    /// Why a CPU quota, or a tighter one than is seen, may be there.
    pub fn unknown_quota(&self) -> Option<&str> {
        let of_quota = |unknown: &&UnknownLimit| unknown.kind == LimitKind::CpuQuota;
        Some(self.unknown.iter().find(of_quota)?.why.as_str())
    }
}

impl UnknownLimit {
    fn new(kind: LimitKind, why: &Unseen) -> Self {
        let why = why.to_string();
        Self { kind, why }
    }
}

fn pus_of(source: LimitSource, set: &CpuSet) -> Limit {
    let cpus = set.len() as f64;
    Limit { source, cpus }
}

/// As many PUs as the standard library counts, where nothing names any.
fn counted() -> CpuSet {
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (0..).take(count).map(PuId).collect()
}

fn name(folder: &Path) -> String {
    folder.display().to_string()
}

/// The PUs on which the kernel lets a thread of the process run.
///
/// As the kernel prints the mask, because glibc's type ends at 1024 PUs. It may hold PUs that are
/// offline, which the system call leaves out.
//
// Source: Linux, kernel/sched/syscalls.c, `sched_getaffinity` (the mask and what is active).
fn affinity(system: &System) -> Result<CpuSet, Unseen> {
    let mask = match printed(system) {
        Ok(mask) => mask,
        Err(why) => return called(system).ok_or(why),
    };
    let offline: Option<CpuSet> = system.value("/sys/devices/system/cpu/offline");
    let active = offline.map(|offline| mask.difference(&offline));
    Ok(active.filter(|pus| !pus.is_empty()).unwrap_or(mask))
}

/// The mask of this process's first thread, or of all threads of another process together.
fn printed(system: &System) -> Result<CpuSet, Unseen> {
    let of_thread = |file: &Path| {
        let text = system.bytes(file);
        let text = text.map_err(|error| Unseen::unreadable(&system.locate(file), &error))?;
        let list = field(&text, "Cpus_allowed_list").unwrap_or_default();
        let mask = number::<CpuSet>(list).filter(|mask| !mask.is_empty());
        mask.ok_or_else(|| Unseen::malformed(&system.locate(file), list))
    };
    let threads = match system.process() {
        None => Vec::new(),
        Some(_) => system.numbered("/proc/self/task", ""),
    };
    let folders = threads
        .iter()
        .map(|tid| format!("/proc/self/task/{tid}/status"));
    let masks = folders.filter_map(|file| of_thread(Path::new(&file)).ok());
    match masks.reduce(|a, b| a.union(&b)) {
        Some(all) => Ok(all),
        None => of_thread(Path::new("/proc/self/status")),
    }
}

/// The mask by system call, where nothing is printed; of up to 1024 PUs.
#[cfg(target_os = "linux")]
fn called(system: &System) -> Option<CpuSet> {
    use nix::sched::sched_getaffinity;
    use nix::unistd::Pid;
    let process = system.process().map_or(Pid::this(), Pid::from_raw);
    let mask = system
        .is_of_this_machine()
        .then(|| sched_getaffinity(process))?;
    let mask = mask.ok()?;
    let is_in = |pu: &u32| mask.is_set(*pu as usize).unwrap_or(false);
    let all = 0..nix::sched::CpuSet::count() as u32;
    Some(all.filter(is_in).map(PuId).collect())
}

#[cfg(not(target_os = "linux"))]
fn called(_: &System) -> Option<CpuSet> {
    None
}

/// The effective cgroup cpusets.
fn cpusets(system: &System) -> Told<CpuSet> {
    let groups = Groups::governing(system, "cpuset");
    let file = match groups.hierarchy {
        Hierarchy::V1(_) => "cpuset.effective_cpus",
        Hierarchy::V2 => "cpuset.cpus.effective",
    };
    groups.ask(|folder| {
        let text = cgroup::read(system, folder, file)?;
        let set = text.as_deref().and_then(number::<CpuSet>);
        Ok(set.filter(|set| !set.is_empty()))
    })
}

/// Every quota on the way up [CPUs].
pub(super) fn quotas(system: &System) -> Told<f64> {
    let groups = Groups::governing(system, "cpu");
    groups.ask(|folder| match groups.hierarchy {
        Hierarchy::V1(_) => quota_v1(system, folder),
        Hierarchy::V2 => quota_v2(system, folder),
    })
}

/// Quota and period in two files [us]; a quota of -1 is none.
fn quota_v1(system: &System, folder: &Path) -> Says<f64> {
    const QUOTA: &str = "cpu.cfs_quota_us";
    let Some(quota) = cgroup::read(system, folder, QUOTA)? else {
        return Ok(None);
    };
    if number::<i64>(&quota).is_some_and(|quota| quota < 0) {
        return Ok(None);
    }
    let period = cgroup::read(system, folder, "cpu.cfs_period_us")?.unwrap_or_default();
    let malformed = || Unseen::malformed(&folder.join(QUOTA), &quota);
    ratio(&quota, &period).map(Some).ok_or_else(malformed)
}

/// Both in one file [us]: `max 100000` is none, `150000 100000` is 1.5 CPUs.
fn quota_v2(system: &System, folder: &Path) -> Says<f64> {
    const QUOTA: &str = "cpu.max";
    let Some(text) = cgroup::read(system, folder, QUOTA)? else {
        return Ok(None);
    };
    let mut words = text.trim_ascii().splitn(2, |byte| *byte == b' ');
    let (quota, period) = (words.next().unwrap_or_default(), words.next());
    if quota == b"max" {
        return Ok(None);
    }
    let malformed = || Unseen::malformed(&folder.join(QUOTA), &text);
    let cpus = ratio(quota, period.unwrap_or_default());
    cpus.map(Some).ok_or_else(malformed)
}

fn ratio(quota: &[u8], period: &[u8]) -> Option<f64> {
    let (quota, period): (u64, u64) = (number(quota)?, number(period)?);
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

#[cfg(test)]
mod tests;
