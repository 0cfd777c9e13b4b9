//! What was counted while an execution ran?
//!
//! Counters are read before and after, outside the clock: those that move while they are read, such
//! as CPU time, nearest to it. Parsing is a pure function of the text; a counter that is not there
//! is `None`.

mod census;
mod inventory;
mod threads;
mod waits;

use std::collections::BTreeMap;
use std::time::Duration;

pub(super) use census::Census;
pub use inventory::{Probe, ProbeState, probes};
pub(super) use waits::WaitRegister;

use super::team::{WaitCosts, WaitCounts};
use crate::counter::{
    HardwareEvents, Resident, SchedStat, Usage, interference, restart_high_water_mark,
};
use crate::machine::CounterFiles;
use crate::record::{Hardware, Interference, Sample, delta};
use threads::Threads;

/// The counters of this process that can be read here.
pub(super) struct Probes {
    threads: Option<Threads>,
    files: CounterFiles,
    waits: WaitRegister,
    wait_costs: WaitCosts,
    events: HardwareEvents,
}

/// All counters at one moment.
pub(super) struct Reading {
    usage: Usage,
    threads: Option<Vec<SchedStat>>,
    migrations: Option<u64>,
    interference: Interference,
    hardware: Hardware,
    waits: Vec<WaitCounts>,
    resident: Option<Resident>,
}

impl Probes {
    /// Opens the counters of all threads that exist now. Those that count their waits are in
    /// `waits`, and waiting costs them `wait_costs`; `events` were opened before any of them.
    pub(super) fn open(waits: WaitRegister, wait_costs: WaitCosts, events: HardwareEvents) -> Self {
        Self {
            threads: Threads::open().ok(),
            files: CounterFiles::find(),
            waits,
            wait_costs,
            events,
        }
    }

    /// Opens the counters of the threads that exist now in place of the others.
    pub(super) fn renew(&mut self) {
        self.threads = Threads::open().ok();
    }

    /// Threads whose counters are open.
    pub(super) fn threads(&self) -> Option<u32> {
        u32::try_from(self.threads.as_ref()?.len()).ok()
    }

    /// The counters, just before an execution.
    pub(super) fn read_before(&mut self) -> Reading {
        restart_high_water_mark();
        let migrations = self.threads.as_ref().and_then(Threads::migrations);
        let interference = interference(&self.files);
        let threads = self.threads.as_ref().and_then(Threads::counted);
        Reading {
            hardware: self.events.read(),
            waits: self.waits.read(),
            usage: Usage::of_self(),
            threads,
            migrations,
            interference,
            resident: None,
        }
    }

    /// The counters, just after an execution: the same in the opposite order.
    pub(super) fn read_after(&mut self) -> Reading {
        let usage = Usage::of_self();
        let waits = self.waits.read();
        let hardware = self.events.read();
        let threads = self.threads.as_ref().and_then(Threads::counted);
        let interference = interference(&self.files);
        Reading {
            usage,
            waits,
            hardware,
            threads,
            migrations: self.threads.as_ref().and_then(Threads::migrations),
            interference,
            resident: Resident::of("self"),
        }
    }

    /// What was counted between two readings, as the sample of an execution.
    pub(super) fn sample(&self, before: &Reading, after: &Reading) -> Sample {
        let usage = after.usage.since(before.usage);
        let threads = before.threads.as_ref().zip(after.threads.as_ref());
        let threads: Option<Vec<SchedStat>> =
            threads.map(|(before, after)| threads::counted(before, after));
        let waits = waits::counted(&before.waits, &after.waits);
        Sample {
            run_queue_wait: threads.as_ref().map(|all| all.iter().map(|t| t.wait).sum()),
            busiest_thread: threads.and_then(|threads| self.busiest(&threads, &waits)),
            waiting: waits::waiting(&waits, &self.wait_costs),
            migrations: delta(after.migrations, before.migrations),
            pus_used: self.threads.as_ref().and_then(Threads::pus_used),
            threads: self.threads(),
            interference: after.interference.since(before.interference),
            hardware: after.hardware.since(before.hardware),
            peak_rss: after.resident.map(|resident| resident.peak),
            ..usage.sample()
        }
    }
}

impl Probes {
    /// The longest that one of `threads` ran without spinning or yielding.
    fn busiest(&self, threads: &[SchedStat], waits: &[WaitCounts]) -> Option<Duration> {
        let spent = waits.iter().map(|w| waits::spent(w, &self.wait_costs));
        let spent: BTreeMap<String, Duration> = self.waits.names().into_iter().zip(spent).collect();
        let names = self.threads.as_ref()?.names();
        let worked = names.zip(threads).map(|(name, thread)| {
            let waited = spent.get(name).copied().unwrap_or_default();
            thread.run.saturating_sub(waited)
        });
        worked.max()
    }
}
