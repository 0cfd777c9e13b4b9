//! How fast does a thread's work go beside what else its core, its package and its memory do?

use super::{Doing, Engine, Pu, Tid};
use crate::sim::calendar::Ns;

/// Change of a package's speed below which its PUs are left alone [1].
const NOTICED: f64 = 0.01;

/// What the other PUs of a core notice of a PU.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    None,
    Compute,
    Spin,
    Yield,
}

/// How fast a package is, which slows down the more of it is busy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Its PUs that are busy.
    busy: u32,
    /// Speed of work on each, one alone having 1 [1].
    speed: f64,
}

impl Clock {
    pub(super) const ALONE: Self = Self {
        busy: 0,
        speed: 1.0,
    };
}

/// The first whole number not below `time`: `f64::ceil` is a call where processors need not know it.
fn whole(time: f64) -> Ns {
    let below = time as Ns;
    below + Ns::from((below as f64) < time)
}

impl Doing {
    fn load(self) -> Load {
        match self {
            Self::Idle | Self::Leaving | Self::Throttled => Load::None,
            Self::Work | Self::Switch | Self::Wake => Load::Compute,
            Self::Spin | Self::Handoff => Load::Spin,
            Self::Yield | Self::Rotation => Load::Yield,
        }
    }
}

impl Engine<'_> {
    /// Has the running thread of `pu` work from now on.
    pub(super) fn begin_work(&mut self, pu: Pu, tid: Tid) {
        self.move_data(pu, Some(tid));
        let core = self.core_rate(pu);
        let rate = core.min(self.by_memory(pu));
        let processor = &mut self.pus[pu as usize];
        (processor.core_rate, processor.rate) = (core, rate);
        let span = whole(self.threads[tid as usize].work / rate);
        self.begin(pu, Doing::Work, span);
    }

    /// Speed of work on `pu` as far as its core decides it: one thread alone on its machine has 1 [1].
    ///
    /// Computing threads share the throughput of a core; spinning and yielding ones slow them.
    fn core_rate(&self, pu: Pu) -> f64 {
        let costs = self.setup.costs;
        let layout = self.setup.layout;
        let others = layout.cores.with(pu).iter().filter(|other| **other != pu);
        let package = layout.packages.of[pu as usize] as usize;
        let (mut computing, mut rate) = (1.0, self.clocks[package].speed);
        for other in others {
            match self.pus[*other as usize].doing.load() {
                Load::None => {}
                Load::Compute => computing += 1.0,
                Load::Spin => rate *= costs.smt_spin,
                Load::Yield => rate *= costs.smt_yield,
            }
        }
        if computing > 1.0 {
            rate *= costs.smt_compute / computing;
        }
        rate
    }

    /// Tells the other PUs of the core and of the package what `pu` does now.
    pub(super) fn doing_changed(&mut self, pu: Pu, before: Doing, after: Doing) {
        let layout = self.setup.layout;
        if after != Doing::Work {
            self.move_data(pu, None);
        }
        if before.load() == after.load() {
            return;
        }
        let busy = |doing: Doing| doing.load() != Load::None;
        if busy(before) != busy(after) {
            self.clock_changed(pu, busy(after));
        }
        for other in layout.cores.with(pu).iter().filter(|other| **other != pu) {
            if self.pus[*other as usize].doing == Doing::Work {
                self.retime(*other);
            }
        }
    }

    /// `pu` is busy now, or no longer is.
    fn clock_changed(&mut self, pu: Pu, busy: bool) {
        let together = self.setup.costs.together;
        if together >= 1.0 {
            return;
        }
        let packages = &self.setup.layout.packages;
        let package = packages.of[pu as usize];
        let pus = packages.with(pu).len() as u32;
        let clock = &mut self.clocks[package as usize];
        clock.busy = if busy { clock.busy + 1 } else { clock.busy - 1 };
        let others = f64::from(clock.busy.saturating_sub(1)) / f64::from((pus - 1).max(1));
        let speed = 1.0 - (1.0 - together) * others;
        if (speed - clock.speed).abs() > NOTICED * clock.speed {
            clock.speed = speed;
            for other in packages.with(pu) {
                if self.pus[*other as usize].doing == Doing::Work {
                    self.retime(*other);
                }
            }
        }
    }

    /// Works out anew when the work on `pu` ends, because of what its core does now.
    fn retime(&mut self, pu: Pu) {
        self.pus[pu as usize].core_rate = self.core_rate(pu);
        self.retime_by_memory(pu);
    }

    /// Works out anew when the work on `pu` ends, if its speed has changed.
    pub(super) fn retime_by_memory(&mut self, pu: Pu) {
        let rate = self.pus[pu as usize].core_rate.min(self.by_memory(pu));
        if rate == self.pus[pu as usize].rate {
            return;
        }
        self.settle(pu);
        let processor = &mut self.pus[pu as usize];
        let Some(tid) = processor.rq.running() else {
            return;
        };
        processor.rate = rate;
        let span = whole(self.threads[tid as usize].work / rate);
        processor.ends = self.now + span;
        self.set_event(pu);
    }
}
