//! What is one process run of a cell asked for?

use std::num::NonZeroU32;

use crate::experiment::{Plan, Protocol, Visit};
use crate::record::Recorded;

/// One process run of a cell, or what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitRequest {
    /// Which cell, in which round.
    pub visit: Visit,
    /// The first repetition still wanted, from 1.
    pub first_rep: u32,
    /// The last one.
    pub last_rep: NonZeroU32,
    /// How to ask.
    pub protocol: Protocol,
    /// P in whole CPUs, by which compositions set team widths.
    pub budget: u32,
}

impl VisitRequest {
    /// Every repetition of `visit` that `protocol` asks for, where P is `budget` whole CPUs.
    pub fn new(visit: Visit, protocol: &Protocol, budget: u32) -> Self {
        Self {
            visit,
            first_rep: 1,
            last_rep: protocol.reps,
            protocol: protocol.clone(),
            budget,
        }
    }

    /// Every visit of `plan` in its order, each as a whole.
    pub fn all(plan: &Plan) -> impl Iterator<Item = Self> {
        let request = |visit| Self::new(visit, &plan.protocol, plan.budget);
        plan.visits().map(request)
    }
}

/// What is to be asked for `visit` after what is `recorded` of it; `None` where that is complete. A
/// visit that is not is made again as a whole: a round is one process run.
pub fn remaining(visit: Visit, plan: &Plan, recorded: Option<Recorded>) -> Option<VisitRequest> {
    let complete = recorded.is_some_and(|recorded| recorded.is_complete(&plan.protocol));
    (!complete).then(|| VisitRequest::new(visit, &plan.protocol, plan.budget))
}
