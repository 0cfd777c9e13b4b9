//! What do the members of our own teams count while they wait?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam::utils::CachePadded;

use crate::host::team::{Team, WaitCosts, WaitCounts, Waits};
use crate::record::Waiting;

/// The counts of every member of every team that counts, by the name of its thread. Teams are built
/// on the threads of their workers, so any thread may enter one.
#[derive(Clone, Default)]
pub(crate) struct WaitRegister(Arc<Mutex<BTreeMap<String, Arc<CachePadded<Waits>>>>>);

impl WaitRegister {
    /// Enters the members of `team`.
    pub(crate) fn enter(&self, team: &dyn Team) {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.extend(team.waits());
    }

    /// The counts of each member now, in an order that stays.
    pub(super) fn read(&self) -> Vec<WaitCounts> {
        let members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.values().map(|waits| waits.read()).collect()
    }

    /// Names of the members, in the same order.
    pub(crate) fn names(&self) -> Vec<String> {
        let members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.keys().cloned().collect()
    }
}

/// What members counted from `before` to `after`, each.
pub(super) fn counted(before: &[WaitCounts], after: &[WaitCounts]) -> Vec<WaitCounts> {
    let pairs = before.iter().zip(after);
    pairs
        .map(|(before, after)| WaitCounts {
            looks: after.looks - before.looks,
            yields: after.yields - before.yields,
            parks: after.parks - before.parks,
            waits: after.waits - before.waits,
        })
        .collect()
}

/// CPU time of what was counted.
pub(super) fn spent(counts: &WaitCounts, costs: &WaitCosts) -> Duration {
    costs.spin(counts.looks) + costs.yielding(counts.yields)
}

/// The sum over members; nothing where nobody counts.
pub(super) fn waiting(members: &[WaitCounts], costs: &WaitCosts) -> Waiting {
    if members.is_empty() {
        return Waiting::default();
    }
    let sum = |of: fn(&WaitCounts) -> u64| members.iter().map(of).sum::<u64>();
    let (looks, yields) = (sum(|m| m.looks), sum(|m| m.yields));
    Waiting {
        spin: Some(costs.spin(looks)),
        yielding: Some(costs.yielding(yields)),
        yields: Some(yields),
        parks: Some(sum(|m| m.parks)),
        waits: Some(sum(|m| m.waits)),
        ..Waiting::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_summed_and_nobody_is_nothing() {
        let member = |parks| WaitCounts {
            parks,
            waits: 5,
            ..WaitCounts::default()
        };
        let of = counted(&[member(1), member(2)], &[member(4), member(9)]);
        let sum = waiting(&of, &WaitCosts::default());
        assert_eq!((sum.parks, sum.waits), (Some(10), Some(0)));
        assert_eq!(sum.spin, Some(Duration::ZERO));
        assert_eq!(waiting(&[], &WaitCosts::default()), Waiting::default());
    }
}
