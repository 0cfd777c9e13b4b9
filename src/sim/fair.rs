//! How is the capacity of resources divided among flows that want some of it?
//!
//! Max-min fair: nobody can get more without taking it from somebody who has no more than he. All
//! flows are raised together; one stops when it has what it asks for, or when a resource that it
//! uses is full.
//
// --- Implementation ---
// Source: Bertsekas, Gallager, Data Networks, 2nd edition 1992, section 6.5.2 (progressive filling).

/// Flows that ask for the same and use the same resources.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flows {
    /// How many.
    pub(super) count: u32,
    /// What each asks for.
    pub(super) demand: f64,
    /// The resources that each uses, by number.
    pub(super) uses: Vec<usize>,
}

/// Shares of flows, and the room that working them out takes: it is done for every change.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// What each flow of every kind gets, where that is settled.
    of: Vec<Option<f64>>,
    /// Of each resource, what is settled, and how many flows want of the rest.
    taken: Vec<(f64, u32)>,
}

impl Shares {
    /// What each flow of every kind gets where resources have these capacities.
    pub(super) fn out(&mut self, flows: &[Flows], capacities: &[f64]) -> impl Iterator<Item = f64> {
        self.of.clear();
        self.of.resize(flows.len(), None);
        loop {
            let (level, full) = self.level(flows, capacities);
            let mut content = false;
            for (flow, share) in flows.iter().zip(&mut self.of) {
                if share.is_none() && flow.demand <= level {
                    *share = Some(flow.demand);
                    content = true;
                }
            }
            if content {
                continue;
            }
            let Some(full) = full else {
                return self.of.iter().map(|share| share.unwrap_or_default());
            };
            for (flow, share) in flows.iter().zip(&mut self.of) {
                if share.is_none() && flow.uses.contains(&full) {
                    *share = Some(level);
                }
            }
        }
    }

    /// The least that a resource can give to each of its flows without a share, and the resource;
    /// infinitely much where there is none.
    fn level(&mut self, flows: &[Flows], capacities: &[f64]) -> (f64, Option<usize>) {
        self.taken.clear();
        self.taken.resize(capacities.len(), (0.0, 0));
        for (flow, share) in flows.iter().zip(&self.of) {
            for resource in flow.uses.iter().filter(|_| flow.count > 0) {
                let (taken, open) = &mut self.taken[*resource];
                match share {
                    Some(share) => *taken += share * f64::from(flow.count),
                    None => *open += flow.count,
                }
            }
        }
        let levels = (0..).zip(self.taken.iter().zip(capacities));
        let wanted = levels.filter(|(_, ((_, open), _))| *open > 0);
        let each = wanted.map(|(resource, ((taken, open), capacity))| {
            let left = (capacity - taken).max(0.0) / f64::from(*open);
            (left, Some(resource))
        });
        each.min_by(|a, b| a.0.total_cmp(&b.0))
            .unwrap_or((f64::INFINITY, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(flows: &[Flows], capacities: &[f64]) -> Vec<f64> {
        Shares::default().out(flows, capacities).collect()
    }

    fn flows(count: u32, demand: f64, uses: &[usize]) -> Flows {
        Flows {
            count,
            demand,
            uses: uses.to_vec(),
        }
    }

    /// A14: n flows with demand d on a capacity of B get min(d, B / n).
    #[test]
    fn equal_flows_get_what_they_ask_or_an_equal_part() {
        assert_eq!(shares(&[flows(4, 10.0, &[0])], &[100.0]), [10.0]);
        assert_eq!(shares(&[flows(20, 10.0, &[0])], &[100.0]), [5.0]);
    }

    /// Capacity 12; three flows ask for 1, three for 10: the first get 1, the others (12 - 3) / 3.
    #[test]
    fn what_the_modest_leave_goes_to_the_others() {
        let both = [flows(3, 1.0, &[0]), flows(3, 10.0, &[0])];
        assert_eq!(shares(&both, &[12.0]), [1.0, 3.0]);
    }

    /// Two nodes of capacity 10 and a link of 4. Node 0 serves two threads of its own and four of
    /// the other node, who share the link: 1 each. The own ones get (10 - 4) / 2.
    #[test]
    fn a_narrow_link_leaves_more_to_those_who_do_not_need_it() {
        let all = [
            flows(2, 9.0, &[0]),
            flows(4, 9.0, &[0, 2]),
            flows(1, 9.0, &[1]),
        ];
        assert_eq!(shares(&all, &[10.0, 10.0, 4.0]), [3.0, 1.0, 9.0]);
    }

    #[test]
    fn nobody_takes_nothing_from_anybody() {
        let all = [flows(0, 9.0, &[0]), flows(2, 9.0, &[0])];
        assert_eq!(shares(&all, &[10.0])[1], 5.0);
    }

    proptest! {
        /// No resource gives more than it has, and whoever has less than he asks for uses a full
        /// resource of which nobody has more: that is what max-min fair means.
        #[test]
        fn shares_are_feasible_and_fair(
            kinds in prop::collection::vec(
                (1_u32..5, 0.1_f64..20.0, prop::collection::vec(0_usize..3, 1..3)), 1..6,
            ),
            capacities in prop::collection::vec(1.0_f64..50.0, 3),
        ) {
            let all: Vec<Flows> = kinds
                .into_iter()
                .map(|(count, demand, mut uses)| {
                    uses.sort_unstable();
                    uses.dedup();
                    flows(count, demand, &uses)
                })
                .collect();
            let got = shares(&all, &capacities);
            let users = |resource: usize| {
                let pairs = all.iter().zip(&got);
                pairs.filter(move |(flow, _)| flow.uses.contains(&resource))
            };
            let used = |resource: usize| -> f64 {
                users(resource).map(|(flow, share)| share * f64::from(flow.count)).sum()
            };
            for (resource, capacity) in capacities.iter().enumerate() {
                prop_assert!(used(resource) <= capacity * (1.0 + 1e-9));
            }
            for (flow, share) in all.iter().zip(&got) {
                let satisfied = *share >= flow.demand * (1.0 - 1e-9);
                let limited = flow.uses.iter().any(|resource| {
                    let full = used(*resource) >= capacities[*resource] * (1.0 - 1e-9);
                    let most = users(*resource).map(|(_, share)| *share).fold(0.0, f64::max);
                    full && *share >= most * (1.0 - 1e-9)
                });
                prop_assert!(satisfied || limited);
            }
        }
    }
}
