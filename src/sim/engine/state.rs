//! What is known of each thread and of each PU while a nest is simulated?

use std::collections::VecDeque;

use super::load::Load;
use crate::sim::calendar::Ns;
use crate::sim::layout::Pu;
use crate::sim::nest::Wait;
use crate::sim::report::{Category, Split};
use crate::sim::rq::{Account, RunQueue, Tid};

/// What a PU is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Idle,
    /// Idle still, but on its way to a thread.
    Leaving,
    /// The group has used up its quota.
    Throttled,
    Switch,
    /// Its thread sees that it was released.
    Handoff,
    /// Its thread wakes another.
    Wake,
    Work,
    Spin,
    Yield,
    /// All its threads yield to each other until one is released.
    Rotation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Blocked,
    Queued,
    Running,
}

#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) state: State,
    /// Where it runs, is queued or ran last.
    pub(super) pu: Pu,
    /// NUMA node of its data.
    pub(super) home: u32,
    /// It waits, or waited and has not yet gone on.
    pub(super) waits: bool,
    pub(super) released: bool,
    /// What is left of its ways to wait before it blocks.
    pub(super) wait: Wait,
    /// When its patience ends.
    pub(super) gives_up: Ns,
    /// Work left of its step [ns at rate 1].
    pub(super) work: f64,
    /// Left of being switched to [ns].
    pub(super) switch: Ns,
    /// Left of seeing its release [ns].
    pub(super) handoff: Ns,
    /// Left of waking the first of `to_wake` [ns].
    pub(super) waking: Option<Ns>,
    pub(super) to_wake: VecDeque<Tid>,
    /// Left of the yield it is in [ns].
    pub(super) burst: Option<Ns>,
    /// Part of its working set that it has to fetch again before it computes, where others have run
    /// on its PU since it did, or it has come to another [1].
    pub(super) cold: Option<f64>,
    pub(super) account: Account,
    /// When it was queued.
    pub(super) queued_at: Ns,
    /// When it last ran.
    pub(super) left_at: Ns,
    /// What others had read on its PU when it left [bytes].
    pub(super) left_traffic: f64,
    /// How much it has had to do.
    pub(super) load: Load,
}

pub(super) struct Processor {
    pub(super) rq: RunQueue,
    pub(super) doing: Doing,
    /// Since when it has been charged.
    pub(super) since: Ns,
    /// When what it does ends.
    pub(super) ends: Ns,
    /// When the running thread's slice ends.
    pub(super) slice_ends: Ns,
    /// Speed of work [1].
    pub(super) rate: f64,
    /// What that would be if the memory had enough for all [1].
    pub(super) core_rate: f64,
    /// The flow of data that its work is part of, where that matters.
    pub(super) flow: Option<usize>,
    pub(super) resched: bool,
    pub(super) dirty: bool,
    /// The last thread that ran here.
    pub(super) last: Option<Tid>,
    /// What threads have read here so far [bytes].
    pub(super) traffic: f64,
    pub(super) split: Split,
    /// What it may still run of the group's quota [ns].
    pub(super) quota: Ns,
    /// How much its threads have had to do.
    pub(super) load: Load,
    /// When it last compared the queues of each domain.
    pub(super) balanced: Vec<Ns>,
}

impl Thread {
    /// A thread that waits for the first time, or that is ready to begin.
    pub(super) fn before(wait: Option<Wait>) -> Self {
        Self {
            state: State::Blocked,
            pu: 0,
            home: 0,
            waits: wait.is_some(),
            released: false,
            wait: wait.unwrap_or(Wait::BLOCK),
            gives_up: wait.map_or(Wait::FOREVER, |wait| wait.patience),
            work: 0.0,
            switch: 0,
            handoff: 0,
            waking: None,
            to_wake: VecDeque::new(),
            burst: None,
            cold: None,
            account: Account::default(),
            queued_at: 0,
            left_at: 0,
            left_traffic: 0.0,
            load: Load::default(),
        }
    }
}

impl Doing {
    pub(super) fn category(self) -> Category {
        match self {
            Self::Idle | Self::Leaving => Category::Idle,
            Self::Throttled => Category::Throttled,
            Self::Switch | Self::Wake => Category::Switch,
            Self::Work => Category::Compute,
            Self::Spin | Self::Handoff => Category::Spin,
            Self::Yield | Self::Rotation => Category::Yield,
        }
    }
}
