//! Which CPU quotas can a runtime find?
//!
//! A quota of any group on the way to the root binds. Some runtimes look at all of them, some at their
//! own group only, and one at the outermost group that is mounted.

use std::path::Path;

use super::super::System;
use super::super::budget::quotas;
use super::super::cgroup::{Groups, Hierarchy};
use super::Said;

/// The CPU quotas of this process's control groups [CPUs].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupQuota {
    /// Whether they are of control groups version 2.
    pub(super) unified: bool,
    /// The quota of its own group.
    pub(super) own: Option<f64>,
    /// The quota of the outermost group that is mounted, which is a container's own.
    pub(super) outermost: Option<f64>,
    /// The tightest of all groups.
    pub(super) tightest: Option<f64>,
}

impl GroupQuota {
    /// The quotas of the groups that `system` shows.
    pub fn read(system: &System) -> Self {
        let groups = Groups::governing(system, "cpu");
        let set = quotas(system).set;
        let of = |folder: Option<&Path>| {
            let mut all = set.iter();
            let (_, cpus) = all.find(|(group, _)| Some(group.as_path()) == folder)?;
            Some(*cpus)
        };
        Self {
            unified: groups.hierarchy == Hierarchy::V2,
            own: of(groups.own()),
            outermost: of(groups.folders().last()),
            tightest: set.iter().map(|(_, cpus)| *cpus).min_by(f64::total_cmp),
        }
    }

    /// `cpus` wherever a runtime looks.
    pub(super) fn everywhere(cpus: Option<f64>) -> Self {
        Self {
            unified: true,
            own: cpus,
            outermost: cpus,
            tightest: cpus,
        }
    }

    /// The same for groups of version 2 only.
    pub(super) fn if_unified(self) -> Self {
        if self.unified { self } else { Self::default() }
    }
}

/// `quota` in whole threads, rounded down but not to 0.
pub(super) fn rounded_down(quota: Option<f64>) -> Option<Said> {
    let said = |quota: f64| Said::new((quota as u64).max(1), "CPU quota, rounded down");
    quota.map(said)
}

/// `quota` in whole threads, rounded to the nearest but not to 0.
pub(super) fn rounded(quota: Option<f64>) -> Option<Said> {
    let said = |quota: f64| Said::new((quota.round() as u64).max(1), "CPU quota, rounded");
    quota.map(said)
}

/// `quota` in whole threads, rounded up, at least `least`.
pub(super) fn rounded_up(quota: Option<f64>, least: u64) -> Option<Said> {
    let said = |quota: f64| {
        let up = quota.ceil() as u64;
        match up < least {
            true => Said::new(least, format!("CPU quota, but at least {least}")),
            false => Said::new(up, "CPU quota, rounded up"),
        }
    };
    quota.map(said)
}
