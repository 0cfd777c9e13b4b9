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
    /// A complete binary tree, root at 1, whose leaves are the slots; each inner node is the
    /// earlier of its two children. Time and slot.
    nodes: Vec<(Ns, u32)>,
}

impl Calendar {
    /// `slots` slots without events. `slots >= 1`.
    pub(super) fn new(slots: usize) -> Self {
        let leaves = slots.next_power_of_two();
        let mut nodes = vec![(NEVER, 0); 2 * leaves];
        for (slot, leaf) in (0..).zip(&mut nodes[leaves..]) {
            *leaf = (NEVER, slot);
        }
        for node in (1..leaves).rev() {
            nodes[node] = nodes[2 * node];
        }
        Self { nodes }
    }

    /// Moves the event of `slot` to `time`; [`NEVER`] cancels it.
    ///
    /// Climbs only as far as something changes, which for a slot that is far from being due is
    /// hardly ever to the root.
    pub(super) fn set(&mut self, slot: u32, time: Ns) {
        let mut node = self.nodes.len() / 2 + slot as usize;
        let mut winner = (time, slot);
        while self.nodes[node] != winner {
            self.nodes[node] = winner;
            if node == 1 {
                return;
            }
            let (left, right) = (self.nodes[node & !1], self.nodes[node | 1]);
            // The left one wins a tie: its slots have the smaller numbers.
            winner = if right.0 < left.0 { right } else { left };
            node /= 2;
        }
    }

    /// The earliest event: its time and its slot. The time is [`NEVER`] where there is none.
    pub(super) fn first(&self) -> (Ns, u32) {
        self.nodes[1]
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
            let mut times = vec![NEVER; slots];
            for (slot, time) in moves {
                times[slot as usize % slots] = time;
                calendar.set(slot % slots as u32, time);
                let least = times.iter().copied().zip(0_u32..).min().unwrap();
                prop_assert_eq!(calendar.first(), least);
            }
        }
    }
}
