//! What does the running thread of a PU do next?
//!
//! In this order: the rest of being switched to; seeing its release; waking the threads it has
//! released; waiting, as its policy says, until it is released; its work; and then it asks the nest
//! for the next step.

use super::schedule::Reach;
use super::{Doing, Engine, Pu, State, Thread, Tid};
use crate::sim::calendar::{NEVER, Ns};
use crate::sim::nest::{Step, Wait};
use crate::sim::report::Category;

use rand::RngExt;

/// What a thread that waits does with its PU.
enum Waiting {
    /// Keeps it busy for a while.
    For(Doing, Ns),
    /// Gives it away.
    Leaves,
}

impl Engine<'_> {
    /// Charges what `pu` has done since it was last settled.
    pub(super) fn settle(&mut self, pu: Pu) {
        let processor = &mut self.pus[pu as usize];
        let span = self.now - processor.since;
        if span == 0 {
            return;
        }
        processor.since = self.now;
        debug_assert!(
            processor.doing != Doing::Idle || processor.rq.len() == 0,
            "PU {pu} was idle with threads to run"
        );
        let running = processor.rq.running();
        let other = running.is_some_and(|tid| self.is_other(tid));
        let processor = &mut self.pus[pu as usize];
        // To the nest, a PU that other load holds is one without work of its own.
        let category = match other {
            true => Category::Idle,
            false => processor.doing.category(),
        };
        processor.split.charge(category, span);
        let Some(tid) = running else {
            return;
        };
        if let Some(activity) = processor.doing.category().activity() {
            self.hear(tid, Some(pu), activity, self.now - span);
        }
        let processor = &mut self.pus[pu as usize];
        if processor.doing == Doing::Throttled {
            return;
        }
        processor.quota = processor.quota.saturating_sub(span);
        let thread = &mut self.threads[tid as usize];
        match processor.doing {
            Doing::Idle | Doing::Leaving | Doing::Throttled => {}
            Doing::Switch => thread.switch -= span,
            Doing::Handoff => thread.handoff -= span,
            Doing::Wake => thread.waking = thread.waking.map(|left| left - span),
            Doing::Work if self.now >= processor.ends => thread.work = 0.0,
            Doing::Work => thread.work -= span as f64 * processor.rate,
            Doing::Spin if thread.wait.spin == Wait::FOREVER => {}
            Doing::Spin => thread.wait.spin -= span,
            Doing::Yield => thread.burst = thread.burst.map(|left| left.saturating_sub(span)),
            Doing::Rotation => {
                // Nobody gains on anybody: virtual time stands still while all take turns.
                let turn = self.setup.costs.yield_call + self.setup.costs.switch;
                if processor.rq.len() > 1 {
                    self.report.involuntary_switches += span / turn.max(1);
                }
                return;
            }
        }
        processor.rq.charge(span);
    }

    /// Brings `pu` to what it has to do now.
    pub(super) fn serve(&mut self, pu: Pu) {
        self.settle(pu);
        let now = self.now;
        let processor = &mut self.pus[pu as usize];
        match processor.doing {
            Doing::Throttled => return,
            Doing::Leaving if now < processor.ends => return,
            Doing::Leaving
            | Doing::Idle
            | Doing::Switch
            | Doing::Handoff
            | Doing::Wake
            | Doing::Work
            | Doing::Spin
            | Doing::Yield
            | Doing::Rotation => {}
        }
        if processor.rq.running().is_some() && now >= processor.slice_ends {
            processor.rq.expire();
            processor.resched = true;
        }
        let processor = &self.pus[pu as usize];
        let picked = !processor.resched && processor.rq.running().is_some();
        if picked || self.pick(pu) {
            self.run(pu);
        }
    }

    /// Lets the running thread of `pu` go on until it does something that takes time, or until
    /// there is no thread left to run.
    fn run(&mut self, pu: Pu) {
        loop {
            if self.pus[pu as usize].resched && !self.pick(pu) {
                return;
            }
            let Some(tid) = self.pus[pu as usize].rq.running() else {
                return;
            };
            let thread = &mut self.threads[tid as usize];
            if let left @ 1.. = thread.switch {
                return self.begin(pu, Doing::Switch, left);
            }
            if let left @ 1.. = thread.handoff {
                return self.begin(pu, Doing::Handoff, left);
            }
            if !thread.to_wake.is_empty() {
                match self.wake_first(pu, tid) {
                    0 => continue,
                    left => return self.begin(pu, Doing::Wake, left),
                }
            }
            if thread.waits && !thread.released {
                match self.keep_waiting(pu, tid) {
                    Waiting::For(doing, span) => return self.begin(pu, doing, span),
                    Waiting::Leaves => continue,
                }
            }
            if thread.work > 0.0 {
                if self.refill(pu, tid) {
                    continue;
                }
                return self.begin_work(pu, tid);
            }
            self.step(pu, tid);
            if self.nest.is_done() {
                return;
            }
        }
    }

    /// Has `pu` do something for `span` from now on.
    pub(super) fn begin(&mut self, pu: Pu, doing: Doing, span: Ns) {
        let (doing, span) = if doing.needs_quota() && self.is_out_of_quota(pu) {
            (Doing::Throttled, NEVER)
        } else {
            (doing, span)
        };
        let now = self.now;
        let processor = &mut self.pus[pu as usize];
        let before = processor.doing;
        processor.doing = doing;
        processor.ends = now.saturating_add(span);
        processor.slice_ends = match doing {
            Doing::Rotation | Doing::Idle | Doing::Leaving | Doing::Throttled => NEVER,
            Doing::Switch
            | Doing::Handoff
            | Doing::Wake
            | Doing::Work
            | Doing::Spin
            | Doing::Yield => processor.rq.slice_end(now),
        };
        self.set_event(pu);
        self.doing_changed(pu, before, doing);
    }

    /// Enters the next event of `pu` in the calendar.
    pub(super) fn set_event(&mut self, pu: Pu) {
        let processor = &self.pus[pu as usize];
        let quota_ends = self.quota_ends(processor);
        let next = processor.ends.min(processor.slice_ends).min(quota_ends);
        let slot = self.pus.len() as u32 + pu;
        self.calendar.set(slot, next);
    }

    /// What is left of waking the first thread that `tid` has to wake; wakes it when nothing is.
    fn wake_first(&mut self, pu: Pu, tid: Tid) -> Ns {
        let costs = self.setup.costs;
        let thread = &mut self.threads[tid as usize];
        let left = *thread.waking.get_or_insert(costs.wake_each);
        if left == 0 {
            thread.waking = None;
            if let Some(sleeper) = thread.to_wake.pop_front()
                && self.wake(sleeper, Some(pu)) == Reach::Interrupts
            {
                self.threads[tid as usize].switch += costs.interrupt;
            }
        }
        left
    }

    /// The next thing a thread does that waits and has not been released.
    fn keep_waiting(&mut self, pu: Pu, tid: Tid) -> Waiting {
        let Thread { wait, gives_up, .. } = &self.threads[tid as usize];
        let left = gives_up.saturating_sub(self.now);
        match wait {
            Wait { spin: 1.., .. } if left > 0 => {
                // Endless spin and endless patience last until NEVER.
                Waiting::For(Doing::Spin, wait.spin.min(left))
            }
            Wait { yields: 1.., .. } if left > 0 => self.keep_yielding(pu, tid),
            _ => {
                self.block(pu, tid);
                Waiting::Leaves
            }
        }
    }

    fn keep_yielding(&mut self, pu: Pu, tid: Tid) -> Waiting {
        let thread = &self.threads[tid as usize];
        match thread.burst {
            Some(0) => {
                self.yield_now(pu, tid);
                Waiting::Leaves
            }
            Some(left) => Waiting::For(Doing::Yield, left),
            None if thread.wait.yields == u32::MAX && self.all_yield(pu) => self.rotate(pu),
            None => {
                // A yield that lets nobody run comes back at once: as many as are in vain are one.
                let in_vain = match thread.wait.yields {
                    u32::MAX => self.pus[pu as usize].rq.yields_in_vain(),
                    _ => 0,
                };
                let burst = in_vain.max(self.setup.costs.yield_call).max(1);
                self.threads[tid as usize].burst = Some(burst);
                Waiting::For(Doing::Yield, burst)
            }
        }
    }

    /// All threads of `pu` take turns until one loses patience, who then runs to block.
    fn rotate(&mut self, pu: Pu) -> Waiting {
        let rq = &self.pus[pu as usize].rq;
        let gives_up = |tid: &Tid| self.threads[*tid as usize].gives_up;
        let all = rq.running().into_iter().chain(rq.waiting());
        let Some(first) = all.min_by_key(gives_up) else {
            return Waiting::For(Doing::Rotation, NEVER);
        };
        match gives_up(&first).saturating_sub(self.now) {
            0 => {
                self.bring_forward(pu, first);
                Waiting::Leaves
            }
            left => Waiting::For(Doing::Rotation, left),
        }
    }

    fn yield_now(&mut self, pu: Pu, tid: Tid) {
        let thread = &mut self.threads[tid as usize];
        thread.burst = None;
        if thread.wait.yields != u32::MAX {
            thread.wait.yields -= 1;
        }
        let processor = &mut self.pus[pu as usize];
        processor.rq.yield_running();
        processor.resched = true;
    }

    /// Whether every thread of `pu` yields until it is released.
    pub(super) fn all_yield(&self, pu: Pu) -> bool {
        let rq = &self.pus[pu as usize].rq;
        let yields = |tid: Tid| {
            let thread = &self.threads[tid as usize];
            let forever = thread.wait.spin == 0 && thread.wait.yields == u32::MAX;
            let busy = thread.switch > 0 || !thread.to_wake.is_empty();
            thread.waits && !thread.released && forever && !busy
        };
        rq.running().into_iter().chain(rq.waiting()).all(yields)
    }

    /// The thread has done its step: asks for the next one.
    fn step(&mut self, pu: Pu, tid: Tid) {
        let mut released = std::mem::take(&mut self.released);
        released.clear();
        let step = self.nest.advance(tid, &mut released);
        let thread = &mut self.threads[tid as usize];
        thread.waits = false;
        thread.released = false;
        match step {
            Step::Compute(work) => thread.work = work,
            Step::Wait(wait) => {
                thread.waits = true;
                thread.wait = wait;
                thread.gives_up = self.now.saturating_add(wait.patience);
                thread.burst = None;
                self.active -= 1;
            }
        }
        self.observe();
        for (before, waiter) in released.iter().enumerate() {
            self.release(tid, pu, *waiter, before);
        }
        self.released = released;
    }

    /// Thread `by` on `pu` lets `waiter` go on, after `before` others.
    fn release(&mut self, by: Tid, pu: Pu, waiter: Tid, before: usize) {
        self.active += 1;
        let Waiter { state, there } = self.waiter(waiter);
        if state == State::Blocked {
            let thread = &mut self.threads[waiter as usize];
            thread.released = true;
            let call = self.setup.costs.wake_call;
            let releaser = &mut self.threads[by as usize];
            if releaser.to_wake.is_empty() {
                // Asking is paid with the first.
                releaser.waking = Some(call + self.setup.costs.wake_each);
            }
            releaser.to_wake.push_back(waiter);
            return;
        }
        self.settle(there);
        let rotates = self.pus[there as usize].doing == Doing::Rotation;
        if rotates {
            self.detect_in_rotation(there, waiter);
        } else if state == State::Running {
            let distance = self.setup.layout.distance(pu, there);
            let handoff = self.setup.costs.handoff(distance, before);
            let thread = &mut self.threads[waiter as usize];
            // A thread in the middle of a yield looks when it is back.
            thread.handoff += thread
                .burst
                .take()
                .map_or(handoff, |left| left.max(handoff));
        }
        self.threads[waiter as usize].released = true;
        if rotates || state == State::Running {
            self.mark(there);
        }
    }

    fn waiter(&self, tid: Tid) -> Waiter {
        let thread = &self.threads[tid as usize];
        Waiter {
            state: thread.state,
            there: thread.pu,
        }
    }

    /// `waiter` is one of the threads that take turns on `pu`: its turn comes at a random time
    /// within one round.
    fn detect_in_rotation(&mut self, pu: Pu, waiter: Tid) {
        let costs = self.setup.costs;
        let processor = &mut self.pus[pu as usize];
        let turns = processor.rq.len() as Ns;
        let turn = costs.yield_call + if turns > 1 { costs.switch } else { 0 };
        let delay = self.rng.random_range(0..(turns * turn).max(1));
        self.bring_forward(pu, waiter);
        let processor = &mut self.pus[pu as usize];
        processor.doing = Doing::Yield;
        self.threads[waiter as usize].handoff += delay;
    }

    /// It is the turn of `tid` among the threads that yield to each other on `pu`.
    fn bring_forward(&mut self, pu: Pu, tid: Tid) {
        let processor = &mut self.pus[pu as usize];
        if let Some(front) = processor.rq.running().filter(|front| *front != tid) {
            processor.rq.exchange_running(tid);
            processor.last = Some(tid);
            self.threads[front as usize].state = State::Queued;
            self.threads[front as usize].queued_at = self.now;
            self.end_wait_for_pu(tid);
            self.threads[tid as usize].state = State::Running;
        }
    }

    /// Adds what `tid` has to fetch again before it computes; whether there was anything.
    fn refill(&mut self, pu: Pu, tid: Tid) -> bool {
        let costs = self.setup.costs;
        let keeps = self.setup.working_set.min(costs.private_cache);
        let thread = &mut self.threads[tid as usize];
        let Some(cold) = thread.cold.take() else {
            return false;
        };
        // What it reads pushes out what others had there.
        self.pus[pu as usize].traffic += keeps;
        let span = costs.warm_up + (cold * keeps / costs.refill_rate) as Ns;
        thread.switch += span;
        span > 0
    }
}

struct Waiter {
    state: State,
    there: Pu,
}
