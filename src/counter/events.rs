//! What do perf events count for this process?
//!
//! An event is counted for the thread that opened it and for every thread and process that it starts
//! from then on, in user mode; what has ended is still in the sum. Whoever wants a whole nest counted
//! opens the events before its first thread starts.
//
// --- Implementation ---
// Source: perf_event_open(2): "inherit", "Reading results", "ERRORS", and PERF_COUNT_HW_CACHE_MISSES
// ("usually this indicates Last Level Cache misses").

use std::io;

use crate::record::Hardware;
use kernel::Counter;

/// The hardware counters of a nest, each if it can be had here.
pub(crate) struct HardwareEvents {
    cycles: Result<Counter, EventError>,
    instructions: Result<Counter, EventError>,
    llc_misses: Result<Counter, EventError>,
}

/// Why an event is not counted here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EventError {
    /// No counting unit, or one without this event.
    #[error("the processor shows no counter (virtual machine?)")]
    NoCounter,
    /// This process may not count.
    #[error("not allowed; set kernel.perf_event_paranoid to 2 or lower, or let containers count")]
    Forbidden,
    /// Whatever else the kernel said.
    #[error("perf_event_open: {0}")]
    Other(String),
}

impl From<io::Error> for EventError {
    fn from(error: io::Error) -> Self {
        use nix::errno::Errno;
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOENT | Errno::ENODEV | Errno::EOPNOTSUPP) => Self::NoCounter,
            Some(Errno::EACCES | Errno::EPERM) => Self::Forbidden,
            _ => Self::Other(error.to_string()),
        }
    }
}

/// What to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Cycles,
    Instructions,
    LlcMisses,
    /// SchedStat by the kernel itself, so that it is there on every machine.
    #[cfg(test)]
    PageFaults,
}

impl HardwareEvents {
    /// Counts what the calling thread and all that it starts from now on do.
    pub(crate) fn open() -> Self {
        let open = |event| Counter::open(event).map_err(EventError::from);
        Self {
            cycles: open(Event::Cycles),
            instructions: open(Event::Instructions),
            llc_misses: open(Event::LlcMisses),
        }
    }

    /// The counters now.
    pub(crate) fn read(&mut self) -> Hardware {
        let count = |counter: &mut Result<Counter, EventError>| counter.as_mut().ok()?.count();
        Hardware {
            cycles: count(&mut self.cycles),
            instructions: count(&mut self.instructions),
            llc_misses: count(&mut self.llc_misses),
        }
    }

    /// Columns that stay empty, each with the reason.
    pub(crate) fn missing(&self) -> Vec<(&'static str, &EventError)> {
        let columns = [
            ("cycles", &self.cycles),
            ("instructions", &self.instructions),
            ("llc_misses", &self.llc_misses),
        ];
        let missing = columns.into_iter();
        missing
            .filter_map(|(name, counter)| Some((name, counter.as_ref().err()?)))
            .collect()
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::io;

    use perf_event::Builder;
    use perf_event::events::Hardware;
    #[cfg(test)]
    use perf_event::events::Software;

    use super::Event;

    pub(crate) struct Counter(perf_event::Counter);

    impl Counter {
        pub(crate) fn open(event: Event) -> io::Result<Self> {
            let mut builder = match event {
                Event::Cycles => Builder::new(Hardware::CPU_CYCLES),
                Event::Instructions => Builder::new(Hardware::INSTRUCTIONS),
                Event::LlcMisses => Builder::new(Hardware::CACHE_MISSES),
                #[cfg(test)]
                Event::PageFaults => Builder::new(Software::PAGE_FAULTS),
            };
            builder.inherit(true).enabled(true).build().map(Self)
        }

        /// The count so far; `None` where the hardware has too few counters, so that the kernel let
        /// this one count for a part of the time only.
        pub(crate) fn count(&mut self) -> Option<u64> {
            let read = self.0.read_full().ok()?;
            (read.time_running() == read.time_enabled()).then(|| read.count())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::io;

    use super::Event;

    pub(crate) enum Counter {}

    impl Counter {
        pub(crate) fn open(_: Event) -> io::Result<Self> {
            Err(io::Error::other("perf events are the Linux kernel's"))
        }

        pub(crate) fn count(&mut self) -> Option<u64> {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::*;

    /// Pages of 4 KiB at least, each touched once; larger pages would give fewer faults.
    const BYTES: usize = 8 << 20;

    fn touch() {
        drop(std::hint::black_box(vec![1_u8; BYTES]));
    }

    /// The same opener as for the hardware's counters; a fault is counted wherever perf events are.
    #[test]
    fn threads_and_processes_started_later_are_counted_after_they_have_ended() {
        let mut faults = match Counter::open(Event::PageFaults).map_err(EventError::from) {
            Ok(faults) => faults,
            Err(error) => return assert_eq!(error, EventError::Forbidden),
        };
        let none = faults.count().unwrap();
        thread::spawn(|| thread::spawn(touch).join())
            .join()
            .unwrap()
            .unwrap();
        let of_threads = faults.count().unwrap();
        assert!(of_threads > none, "{of_threads}");
        assert!(Command::new("true").status().unwrap().success());
        assert!(faults.count().unwrap() > of_threads);
    }

    #[test]
    fn a_refusal_says_whether_the_counter_is_missing_or_forbidden() {
        use nix::errno::Errno;
        let of = |errno: Errno| EventError::from(io::Error::from(errno));
        assert_eq!(of(Errno::ENOENT), EventError::NoCounter);
        assert_eq!(of(Errno::ENODEV), EventError::NoCounter);
        assert_eq!(of(Errno::EACCES), EventError::Forbidden);
        assert!(of(Errno::ENOSYS).to_string().contains("perf_event_open"));
    }

    /// Where one event can be counted, it fills its own column, and the two others say why they do not.
    #[test]
    fn every_column_counts_or_says_why_not() {
        let forbidden = || Err(EventError::Forbidden);
        for counts in ["cycles", "instructions", "llc_misses"] {
            let Ok(counter) = Counter::open(Event::PageFaults) else {
                return; // Nothing can be counted here.
            };
            let mut events = HardwareEvents {
                cycles: forbidden(),
                instructions: forbidden(),
                llc_misses: forbidden(),
            };
            match counts {
                "cycles" => events.cycles = Ok(counter),
                "instructions" => events.instructions = Ok(counter),
                _ => events.llc_misses = Ok(counter),
            }
            assert!(Command::new("true").status().unwrap().success());
            let read = events.read();
            let missing: Vec<&str> = events.missing().into_iter().map(|(name, _)| name).collect();
            for (name, count) in [
                ("cycles", read.cycles),
                ("instructions", read.instructions),
                ("llc_misses", read.llc_misses),
            ] {
                assert_eq!(
                    count.is_some_and(|count| count > 0),
                    name == counts,
                    "{name}"
                );
                assert_eq!(missing.contains(&name), name != counts, "{name}");
            }
        }
    }
}
