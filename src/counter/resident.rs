//! How much memory do processes have in use?
//
// --- Implementation ---
// Source: proc_pid_status(5), VmHWM and VmRSS; proc_pid_clear_refs(5), the value 5, since Linux 4.0.

use std::fs;

use crate::machine::kernel_text::{lines, number, words};

/// Memory of one process that is resident [bytes].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resident {
    /// Now.
    pub(crate) now: u64,
    /// At most since it began, or since its mark was set back.
    pub(crate) peak: u64,
}

/// Has the kernel count the peak of this process anew. Where it refuses, the peak stays that of the
/// whole life of the process.
pub(crate) fn restart_high_water_mark() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

impl Resident {
    /// Of `process`, a number or `self`; `None` where it has ended or the kernel does not tell.
    pub(crate) fn of(process: &str) -> Option<Self> {
        Self::parse(&fs::read(format!("/proc/{process}/status")).ok()?)
    }

    fn parse(status: &[u8]) -> Option<Self> {
        let bytes = |key: &[u8]| {
            let line = lines(status).find_map(|line| line.strip_prefix(key))?;
            let kibibytes: u64 = number(words(line).next()?)?;
            kibibytes.checked_mul(1024)
        };
        let (now, peak) = (bytes(b"VmRSS:")?, bytes(b"VmHWM:")?);
        // The kernel raises the mark only now and then.
        let peak = peak.max(now);
        Some(Self { now, peak })
    }
}

/// Most memory resident in a set of processes, seen now and then.
#[derive(Debug, Default)]
pub(crate) struct PeakResident {
    together: u64,
    alone: u64,
}

impl PeakResident {
    /// At one moment they had `each`.
    pub(crate) fn saw(&mut self, each: impl Iterator<Item = Resident>) {
        let mut together: u64 = 0;
        for process in each {
            together = together.saturating_add(process.now);
            self.alone = self.alone.max(process.peak);
        }
        self.together = self.together.max(together);
    }

    /// The most that they had together at one of these moments, or one of them at any time before it
    /// [bytes]; `None` if none was seen.
    pub(crate) fn most(&self) -> Option<u64> {
        Some(self.together.max(self.alone)).filter(|bytes| *bytes > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes_and_a_stale_mark_is_raised() {
        let status = b"Name:\tx\nVmHWM:\t   300 kB\nVmRSS:\t   200 kB\nRssAnon:\t 9 kB\n";
        let resident = Resident::parse(status).unwrap();
        assert_eq!((resident.now, resident.peak), (200 << 10, 300 << 10));
        let stale = Resident::parse(b"VmHWM:\t1 kB\nVmRSS:\t2 kB\n").unwrap();
        assert_eq!(stale.peak, 2 << 10);
        // A process that has ended has no memory, and a kernel thread never had.
        assert_eq!(Resident::parse(b"Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn the_peak_is_that_of_all_together_or_of_one_alone() {
        let of = |now, peak| Resident { now, peak };
        let mut most = PeakResident::default();
        assert_eq!(most.most(), None);
        most.saw([of(3, 3), of(4, 5)].into_iter());
        assert_eq!(most.most(), Some(7));
        most.saw([of(1, 3), of(1, 9)].into_iter());
        assert_eq!(most.most(), Some(9));
    }

    /// 256 MiB are touched and given back, and the mark set back: the peak of what follows is far below,
    /// whatever other tests hold meanwhile.
    #[test]
    fn the_mark_of_this_process_follows_what_it_touches_until_it_is_set_back() {
        const SIZE: u64 = 256 << 20;
        let peak = || Resident::of("self").unwrap().peak;
        let touched = vec![1_u8; SIZE as usize];
        let during = peak();
        assert!(during >= SIZE, "{during}");
        drop(touched);
        restart_high_water_mark();
        let after = peak();
        assert!(after + SIZE / 2 <= during, "{during}, then {after}");
    }
}
