//! What limits the CPUs of this process, and which limit decides?

use super::page::{pair, paragraph};
use super::report::ThisMachine;
use crate::machine::{CpuSet, Limit, LimitKind, LimitSource, UnknownLimit};
use crate::units::human_cpus;

impl ThisMachine {
    /// Every limit, and P.
    pub(super) fn limits(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for limit in &self.budget.limits {
            let (name, place) = match &limit.source {
                LimitSource::Online => {
                    lines.extend(paragraph("online", &self.online(limit.cpus)));
                    continue;
                }
                LimitSource::Affinity => ("affinity mask", String::new()),
                LimitSource::CgroupCpuset(group) => ("cgroup cpuset", format!("  {group}")),
                LimitSource::CgroupQuota(group) => ("CPU quota", format!("  {group}")),
            };
            lines.push(pair(name, &format!("{}{place}", human_cpus(limit.cpus))));
        }
        lines.extend(self.hidden_limits());
        if self.budget.quota().is_none() && self.budget.unknown_quota().is_none() {
            lines.push(pair("CPU quota", "none, in any cgroup up to the root"));
        }
        let bound = if self.budget.is_upper_bound() {
            "at most "
        } else {
            ""
        };
        let p = human_cpus(self.budget.cpus);
        let pus = pu_list(&self.budget.allowed);
        lines.push(pair("P", &format!("{bound}{p} on {pus}")));
        lines
    }

    /// What the system calls online, and whether that can be.
    fn online(&self, count: f64) -> String {
        let cpus = human_cpus(count);
        match self.online.contradicted_by(&self.budget.allowed) {
            None => cpus,
            Some(told) => format!(
                "{cpus} on {}, which cannot be true, as the affinity mask holds others \
                 (does LXCFS run here?)",
                pu_list(told)
            ),
        }
    }

    /// What may limit too and cannot be seen.
    fn hidden_limits(&self) -> Vec<String> {
        let line = |unknown: &UnknownLimit| {
            let seen = self.budget.quota().is_some();
            let (name, state) = match unknown.kind {
                LimitKind::Affinity => ("affinity mask", "unknown"),
                LimitKind::CpuQuota if seen => ("", "a tighter quota is possible"),
                LimitKind::CpuQuota => ("CPU quota", "unknown"),
            };
            paragraph(name, &format!("{state}: {}", unknown.why))
        };
        self.budget.unknown.iter().flat_map(line).collect()
    }

    /// P, and what follows from it.
    pub(super) fn conclusion(&self) -> String {
        let whole = self.budget.whole();
        let threads = if whole == 1 { "thread" } else { "threads" };
        format!(
            "{} ({}): at most {whole} {threads} should run at a time, so keep \
             outer x inner at {whole}.",
            self.budget.phrase(),
            self.why()
        )
    }

    /// What decides P.
    fn why(&self) -> &'static str {
        let budget = &self.budget;
        let pus = budget.allowed.len() as f64;
        let is_cpuset = |limit: &Limit| {
            matches!(limit.source, LimitSource::CgroupCpuset(_)) && limit.cpus == pus
        };
        match budget.unknown.first().map(|unknown| unknown.kind) {
            Some(LimitKind::Affinity) => "the affinity mask is unknown",
            Some(LimitKind::CpuQuota) if budget.quota().is_none() => "the CPU quota is unknown",
            Some(LimitKind::CpuQuota) => "a tighter CPU quota is possible",
            None if budget.cpus < pus => "limited by a CPU quota",
            None if self.online.are_all_in(&budget.allowed) => "the whole machine",
            None if budget.limits.iter().any(is_cpuset) => "limited by a cgroup cpuset",
            None => "limited by the affinity mask",
        }
    }
}

fn pu_list(pus: &CpuSet) -> String {
    let word = if pus.len() == 1 { "PU" } else { "PUs" };
    format!("{word} {pus}")
}
