//! How fast does a thread's work go beside what else its core does?

use super::{Doing, Engine, Pu, Tid};
use crate::sim::calendar::Ns;

/// What the other PUs of a core notice of a PU.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    None,
    Compute,
    Spin,
    Yield,
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
        let rate = self.rate(pu);
        self.pus[pu as usize].rate = rate;
        let span = (self.threads[tid as usize].work / rate).ceil() as Ns;
        self.begin(pu, Doing::Work, span);
    }

    /// Speed of work on `pu`: one thread alone on its core has 1 [1].
    ///
    /// Computing threads share the throughput of a core; spinning and yielding ones slow them.
    fn rate(&self, pu: Pu) -> f64 {
        let costs = self.setup.costs;
        let others = self
            .setup
            .layout
            .cores
            .with(pu)
            .iter()
            .filter(|other| **other != pu);
        let (mut computing, mut rate) = (1.0, 1.0);
        for other in others {
            match self.pus[*other as usize].doing.load() {
                Load::None => {}
                Load::Compute => computing += 1.0,
                Load::Spin => rate *= costs.smt_spin,
                Load::Yield => rate *= costs.smt_yield,
            }
        }
        if computing > 1.0 {
            rate * costs.smt_compute / computing
        } else {
            rate
        }
    }

    /// Tells the other PUs of the core what `pu` does now.
    pub(super) fn doing_changed(&mut self, pu: Pu, before: Doing, after: Doing) {
        let layout = self.setup.layout;
        if before.load() == after.load() {
            return;
        }
        for other in layout.cores.with(pu).iter().filter(|other| **other != pu) {
            if self.pus[*other as usize].doing == Doing::Work {
                self.retime(*other);
            }
        }
    }

    /// Works out anew when the work on `pu` ends, because its speed has changed.
    fn retime(&mut self, pu: Pu) {
        self.settle(pu);
        let rate = self.rate(pu);
        let processor = &mut self.pus[pu as usize];
        let Some(tid) = processor.rq.running() else {
            return;
        };
        processor.rate = rate;
        let span = (self.threads[tid as usize].work / rate).ceil() as Ns;
        processor.ends = self.now + span;
        self.set_event(pu);
    }
}
