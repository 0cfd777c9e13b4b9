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
    /// A complete binary tree, root at 1, whose leaves are the slots; each inner node is the lesser
    /// of its two children. A node is a time with the number of its slot in the low bits, so that
    /// equal times are told apart and one comparison of integers does it all.
    nodes: Vec<u64>,
    /// Low bits that hold the slot.
    slot_bits: u32,
}

impl Calendar {
    /// `slots` slots without events. `slots >= 1`.
    pub(super) fn new(slots: usize) -> Self {
        let leaves = slots.next_power_of_two();
        Self {
            nodes: vec![NEVER; 2 * leaves],
            slot_bits: leaves.trailing_zeros(),
        }
    }

    /// Moves the event of `slot` to `time`; [`NEVER`], or a time beyond all use, cancels it.
    ///
    /// Climbs only as far as something changes.
    pub(super) fn set(&mut self, slot: u32, time: Ns) {
        let beyond = time >= NEVER >> self.slot_bits;
        let mut winner = if beyond {
            NEVER
        } else {
            time << self.slot_bits | u64::from(slot)
        };
        let mut node = self.nodes.len() / 2 + slot as usize;
        while self.nodes[node] != winner {
            self.nodes[node] = winner;
            if node == 1 {
                return;
            }
            winner = self.nodes[node & !1].min(self.nodes[node | 1]);
            node /= 2;
        }
    }

    /// The earliest event: its time and its slot. The time is [`NEVER`] where there is none.
    pub(super) fn first(&self) -> (Ns, u32) {
        match self.nodes[1] {
            NEVER => (NEVER, 0),
            first => {
                let slot = first & !(NEVER << self.slot_bits);
                (first >> self.slot_bits, slot as u32)
            }
        }
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
