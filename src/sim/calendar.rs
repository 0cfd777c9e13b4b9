//! Which slot is due next?
//!
//! At most one event is pending in each *slot* (a PU, a balancer, the quota period), so a tree of
//! winners over the slots replaces an event queue: setting a slot anew is all it takes to move or
//! to cancel its event. Equal times leave in slot order, which makes the order of events total.

/// Simulated time since the start of an execution, or a span of it [ns].
pub(super) type Ns = u64;

/// The time of an event that is not going to happen.
pub(super) const NEVER: Ns = Ns::MAX;

/// One time a slot, and the earliest of them at hand.
pub(super) struct Calendar {
    times: Vec<Ns>,
    /// Winner of each inner node of a complete binary tree, root at 1; slot numbers.
    winners: Vec<u32>,
}

impl Calendar {
    /// `slots` slots without events. `slots >= 1`.
    pub(super) fn new(slots: usize) -> Self {
        let leaves = slots.next_power_of_two().max(2);
        let mut winners = vec![0; leaves];
        for node in (1..leaves).rev() {
            winners[node] = if 2 * node >= leaves {
                (2 * node - leaves) as u32
            } else {
                winners[2 * node]
            };
        }
        Self {
            times: vec![NEVER; leaves],
            winners,
        }
    }

    /// The time of the event of `slot`.
    #[cfg(test)]
    fn at(&self, slot: u32) -> Ns {
        self.times[slot as usize]
    }

    /// Moves the event of `slot` to `time`; [`NEVER`] cancels it.
    pub(super) fn set(&mut self, slot: u32, time: Ns) {
        if self.times[slot as usize] == time {
            return;
        }
        self.times[slot as usize] = time;
        let leaves = self.times.len();
        let mut node = (leaves + slot as usize) / 2;
        while node >= 1 {
            let (left, right) = if 2 * node >= leaves {
                ((2 * node - leaves) as u32, (2 * node + 1 - leaves) as u32)
            } else {
                (self.winners[2 * node], self.winners[2 * node + 1])
            };
            // The left one wins a tie: its slots have the smaller numbers.
            let right_wins = self.times[right as usize] < self.times[left as usize];
            self.winners[node] = if right_wins { right } else { left };
            node /= 2;
        }
    }

    /// The earliest event: its time and its slot. The time is [`NEVER`] where there is none.
    pub(super) fn first(&self) -> (Ns, u32) {
        let slot = self.winners[1];
        (self.times[slot as usize], slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_times_leave_in_slot_order() {
        let mut calendar = Calendar::new(5);
        for slot in [4, 1, 3] {
            calendar.set(slot, 7);
        }
        assert_eq!(calendar.first(), (7, 1));
        calendar.set(1, NEVER);
        assert_eq!(calendar.first(), (7, 3));
    }

    proptest! {
        #[test]
        fn the_winner_is_the_minimum(slots in 1_usize..70, moves in prop::collection::vec((0_u32..70, 0_u64..50), 1..200)) {
            let mut calendar = Calendar::new(slots);
            for (slot, time) in moves {
                calendar.set(slot % slots as u32, time);
                let least = (0..slots as u32).map(|slot| (calendar.at(slot), slot)).min().unwrap();
                prop_assert_eq!(calendar.first(), least);
            }
        }
    }
}
