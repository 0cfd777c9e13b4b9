//! What was counted while an execution ran?
//!
//! Counters are read before and after, outside the clock: those that move while they are read, such
//! as CPU time, nearest to it. Parsing is a pure function of the text; a counter that is not there
//! is `None`.

mod census;
mod surroundings;
mod threads;
mod usage;

use std::time::Duration;

pub(super) use census::Census;
pub(super) use surroundings::surroundings;
pub(super) use threads::Counted;
pub(super) use usage::Usage;

use crate::machine::Accounts;
use crate::record::{Sample, Surroundings, gone};
use threads::Threads;

/// The counters of this process that can be read here.
pub(super) struct Probes {
    threads: Option<Threads>,
    accounts: Accounts,
}

/// All counters at one moment.
pub(super) struct Reading {
    usage: Usage,
    threads: Option<Vec<Counted>>,
    migrations: Option<u64>,
    surroundings: Surroundings,
}

impl Probes {
    /// Opens the counters of all threads that exist now.
    pub(super) fn open() -> Self {
        Self {
            threads: Threads::open().ok(),
            accounts: Accounts::find(),
        }
    }

    /// Threads whose counters are open.
    pub(super) fn threads(&self) -> Option<u32> {
        u32::try_from(self.threads.as_ref()?.len()).ok()
    }

    /// The counters, just before an execution.
    pub(super) fn read_before(&self) -> Reading {
        let migrations = self.threads.as_ref().and_then(Threads::migrations);
        let surroundings = surroundings(&self.accounts);
        let threads = self.threads.as_ref().and_then(Threads::counted);
        Reading {
            usage: Usage::of_self(),
            threads,
            migrations,
            surroundings,
        }
    }

    /// The counters, just after an execution: the same in the opposite order.
    pub(super) fn read_after(&self) -> Reading {
        let usage = Usage::of_self();
        let threads = self.threads.as_ref().and_then(Threads::counted);
        let surroundings = surroundings(&self.accounts);
        Reading {
            usage,
            threads,
            migrations: self.threads.as_ref().and_then(Threads::migrations),
            surroundings,
        }
    }

    /// What was counted between two readings, as the sample of an execution.
    pub(super) fn sample(&self, before: &Reading, after: &Reading) -> Sample {
        let usage = after.usage.since(before.usage);
        let threads = before.threads.as_ref().zip(after.threads.as_ref());
        let each = |of: fn(&Counted) -> Duration| {
            let (before, after) = threads?;
            let pairs = before.iter().zip(after);
            let gone = pairs.map(|(a, b)| of(b).saturating_sub(of(a)));
            Some(gone.collect::<Vec<Duration>>())
        };
        Sample {
            run_queue_wait: each(|thread| thread.wait).map(|waits| waits.iter().sum()),
            busiest_thread: each(|thread| thread.run).and_then(|runs| runs.into_iter().max()),
            migrations: gone(after.migrations, before.migrations),
            pus_used: self.threads.as_ref().and_then(Threads::pus_used),
            threads: self.threads(),
            surroundings: after.surroundings.since(before.surroundings),
            ..usage.sample()
        }
    }
}

impl Usage {
    /// These counters in a sample in which nothing else is known.
    pub(super) fn sample(self) -> Sample {
        Sample {
            cpu: self.cpu,
            system: self.system,
            voluntary_switches: self.voluntary_switches,
            involuntary_switches: self.involuntary_switches,
            minor_faults: self.minor_faults,
            major_faults: self.major_faults,
            ..Sample::default()
        }
    }
}
