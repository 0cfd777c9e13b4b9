//! Who runs on a PU, and to which PU does a woken thread go?

use super::{Account, Doing, Engine, Pu, State, Tid};
use crate::record::trace::Activity;
use crate::sim::calendar::NEVER;
use crate::sim::rq::Preempt;

/// Lead of a thread's own PU over its waker's.
// Source: kernel/sched/fair.c wake_affine_weight: 100 + (imbalance_pct - 100) / 2, of 117 percent.
const WAKE_MARGIN: f64 = 1.08;

/// What waking a thread does to the PU that it is to run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It finds the thread in its queue, sooner or later.
    Queues,
    /// It is another than the waker's and has to be called.
    Interrupts,
}

impl Engine<'_> {
    /// Picks the next thread of `pu`, pulling one from elsewhere where it has none; `false` where
    /// there is none to run.
    pub(super) fn pick(&mut self, pu: Pu) -> bool {
        let processor = &mut self.pus[pu as usize];
        processor.resched = false;
        let before = processor.rq.running();
        if processor.rq.len() == 0 && !self.pull_for_idle(pu) {
            self.go_idle(pu);
            return false;
        }
        let Some(next) = self.pus[pu as usize].rq.pick() else {
            return false;
        };
        if before == Some(next) {
            return true;
        }
        if let Some(loser) = before {
            self.report.involuntary_switches += u64::from(!self.is_other(loser));
            self.depart(loser, pu, State::Queued);
        }
        self.arrive(next, pu);
        true
    }

    /// `tid` has lost or given up `pu`.
    fn depart(&mut self, tid: Tid, pu: Pu, state: State) {
        let thread = &mut self.threads[tid as usize];
        thread.state = state;
        thread.queued_at = self.now;
        thread.left_at = self.now;
        thread.left_traffic = self.pus[pu as usize].traffic;
    }

    /// `tid` gets `pu`.
    fn arrive(&mut self, tid: Tid, pu: Pu) {
        self.end_wait_for_pu(tid);
        let costs = self.setup.costs;
        let processor = &mut self.pus[pu as usize];
        let thread = &mut self.threads[tid as usize];
        thread.state = State::Running;
        if processor.last != Some(tid) {
            thread.switch += costs.switch;
            let others = (processor.traffic - thread.left_traffic) / costs.private_cache.max(1.0);
            thread.cold = Some(thread.cold.unwrap_or(0.0).max(others.min(1.0)));
        }
        processor.last = Some(tid);
    }

    fn go_idle(&mut self, pu: Pu) {
        self.give_back_quota(pu);
        self.begin(pu, Doing::Idle, NEVER);
        self.set_balance(pu);
    }

    /// The running thread of `pu` sleeps until it is woken.
    pub(super) fn block(&mut self, pu: Pu, tid: Tid) {
        self.note_load(pu, tid);
        let processor = &mut self.pus[pu as usize];
        if let Some(account) = processor.rq.block() {
            self.threads[tid as usize].account = account;
        }
        processor.resched = true;
        self.queue_changed(pu);
        self.report.voluntary_switches += 1;
        self.depart(tid, pu, State::Blocked);
    }

    /// Brings the loads of `tid` and of the PU where it is up to now.
    fn note_load(&mut self, pu: Pu, tid: Tid) -> f64 {
        let processor = &mut self.pus[pu as usize];
        processor.load.update(self.now, processor.rq.len());
        let thread = &mut self.threads[tid as usize];
        let ready = usize::from(thread.state != State::Blocked);
        thread.load.update(self.now, ready)
    }

    /// Makes a sleeping thread ready to run, on behalf of a thread on `by`.
    pub(super) fn wake(&mut self, tid: Tid, by: Option<Pu>) -> Reach {
        let Self { threads, pus, .. } = self;
        let thread = &threads[tid as usize];
        let account = pus[thread.pu as usize].rq.slept(thread.account);
        let target = self.wake_target(tid, by);
        match self.enqueue(tid, target, account) {
            Preempt::Yes if by != Some(target) => Reach::Interrupts,
            _ => Reach::Queues,
        }
    }

    /// The PU it ran on if that is idle; else a PU of an idle core that shares the last-level cache
    /// with it; else any idle PU that does; else the PU it ran on, or its waker's where that has had
    /// less to do. Never beyond that cache.
    // Source: kernel/sched/fair.c select_idle_sibling, wake_affine_weight.
    fn wake_target(&mut self, tid: Tid, by: Option<Pu>) -> Pu {
        let layout = self.setup.layout;
        let mask = self.setup.masks.of(tid);
        let last = self.threads[tid as usize].pu;
        if self.is_idle(last) {
            return last;
        }
        if let Some(idle) = self.queues.idlest(layout.llcs.set_with(last), mask) {
            return idle;
        }
        let near = |by: &Pu| layout.llcs.of[*by as usize] == layout.llcs.of[last as usize];
        by.filter(|by| mask.allows(*by) && near(by))
            .filter(|by| self.has_less_to_do(*by, last, tid))
            .unwrap_or(last)
    }

    /// Whether the PU of a waker with the woken thread would have less to do than that thread's own
    /// PU without it, by a margin.
    fn has_less_to_do(&mut self, waker: Pu, last: Pu, tid: Tid) -> bool {
        let own = self.note_load(last, tid);
        let mut load = |pu: Pu| {
            let processor = &mut self.pus[pu as usize];
            processor.load.update(self.now, processor.rq.len())
        };
        load(waker) + own < (load(last) - own) * WAKE_MARGIN
    }

    /// Whether `pu` has nothing to run.
    pub(super) fn is_idle(&self, pu: Pu) -> bool {
        self.queues.is_idle(pu)
    }

    /// Queues `tid` on `pu`; whether what that does is cut short.
    pub(super) fn enqueue(&mut self, tid: Tid, pu: Pu, account: Account) -> Preempt {
        self.settle(pu);
        self.note_load(self.threads[tid as usize].pu, tid);
        self.moved_to(tid, pu);
        let thread = &self.threads[tid as usize];
        if thread.state == State::Blocked {
            self.hear(tid, None, Activity::Blocked, thread.left_at);
        }
        let thread = &mut self.threads[tid as usize];
        thread.state = State::Queued;
        thread.queued_at = self.now;
        let exit = self.setup.costs.idle_exit;
        let processor = &mut self.pus[pu as usize];
        let preempt = processor.rq.enqueue(tid, account, self.now);
        self.queue_changed(pu);
        let processor = &mut self.pus[pu as usize];
        match processor.doing {
            Doing::Idle => {
                self.begin(pu, Doing::Leaving, exit);
                return Preempt::Yes;
            }
            Doing::Leaving => return Preempt::No,
            Doing::Throttled
            | Doing::Switch
            | Doing::Handoff
            | Doing::Wake
            | Doing::Work
            | Doing::Spin
            | Doing::Yield
            | Doing::Rotation => processor.resched |= preempt == Preempt::Yes,
        }
        self.mark(pu);
        preempt
    }

    /// Notes that `tid` will run on `pu`, where it may not have run last.
    fn moved_to(&mut self, tid: Tid, pu: Pu) {
        let other = self.is_other(tid);
        let thread = &mut self.threads[tid as usize];
        if thread.pu != pu {
            let load = thread.load.update(self.now, 0);
            let processor = &mut self.pus[pu as usize];
            processor.load.update(self.now, processor.rq.len());
            processor.load.shift(load);
            self.pus[thread.pu as usize].load.shift(-load);
            thread.pu = pu;
            thread.cold = Some(1.0);
            self.report.migrations += u64::from(!other);
        }
        if self.pus[pu as usize].last != Some(tid) && thread.cold == Some(1.0) {
            // Its traffic mark belongs to another PU.
            thread.left_traffic = self.pus[pu as usize].traffic;
        }
    }

    /// Takes a queued thread away from `from` and queues it on `pu`.
    pub(super) fn migrate(&mut self, tid: Tid, from: Pu, pu: Pu) {
        self.settle(from);
        let Some(account) = self.pus[from as usize].rq.steal(tid) else {
            return;
        };
        self.queue_changed(from);
        self.end_wait_for_pu(tid);
        self.enqueue(tid, pu, account);
        self.mark(from);
    }
}
