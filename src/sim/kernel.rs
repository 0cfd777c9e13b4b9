//! How does the kernel of a given version share a PU among its threads?
//!
//! A [`Scheduler`] is the few numbers of the Linux scheduler that decide results: which policy, how
//! long a slice, how often a running slice is looked at (the *tick*), and what `sched_yield(2)`
//! means. They follow from version, HZ and number of online CPUs.

use std::fmt;
use std::str::FromStr;

use super::calendar::Ns;
use crate::serde_as_text;
use crate::text::ParseError;

const US: Ns = 1_000;
const SECOND: Ns = 1_000_000_000;

/// A Linux version, as far as the scheduler's behaviour depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelVersion {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for KernelVersion {
    type Err = ParseError;

    /// Reads `6.12` and every release that starts so (`6.12.74+deb13-amd64`).
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || {
            ParseError::new(
                "kernel version",
                text,
                "MAJOR.MINOR from 2.6 on, such as 6.12",
            )
        };
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        let mut number = || numbers.next()?.parse::<u32>().ok();
        let (Some(major), Some(minor)) = (number(), number()) else {
            return Err(bad());
        };
        let version = Self { major, minor };
        if version < (Self { major: 2, minor: 6 }) || major > 99 {
            return Err(bad());
        }
        Ok(version)
    }
}

serde_as_text!(KernelVersion);

/// When a running slice is looked at. Text forms: `aligned`, `staggered`, `exact`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum TickMode {
    /// At the ticks, which all PUs have at the same time (the default of Linux).
    Aligned,
    /// At the ticks, which PUs have one after the other (`skew_tick=1`).
    Staggered,
    /// At its very end (the HRTICK feature).
    Exact,
}

crate::named!(TickMode, "tick mode");

/// What `sched_yield(2)` does to the caller under EEVDF. Text forms: `deadline`, `forfeit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum YieldRule {
    /// Moves its deadline back by a slice and no more: it may be picked again at once.
    Deadline,
    /// Gives up the rest of its slice.
    Forfeit,
}

crate::named!(YieldRule, "yield rule");

/// The policy by which the next thread is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Earliest eligible virtual deadline first, since 6.6.
    Eevdf {
        /// Base slice [ns].
        slice: Ns,
        /// What a yield means.
        yields: YieldRule,
    },
    /// Completely fair scheduler, up to 6.5.
    Cfs {
        /// Span in which every queued thread should run once [ns].
        latency: Ns,
        /// Shortest slice [ns].
        min_granularity: Ns,
        /// Lead in runtime at which a woken thread preempts [ns].
        wakeup_granularity: Ns,
    },
}

/// A kernel's scheduler on a machine of a given size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduler {
    /// How the next thread is picked.
    pub policy: Policy,
    /// Time between ticks [ns].
    pub tick: Ns,
    /// When slices are looked at.
    pub mode: TickMode,
}

impl Scheduler {
    /// The scheduler of `version` at `hz` ticks a second with `cpus` online CPUs.
    ///
    /// `hz >= 1`.
    // Source: kernel/sched/fair.c: get_update_sysctl_factor and the sysctl defaults beside it; for
    // EEVDF's base slice the changes of 2025-02 (0.75 to 0.70 ms, mainline 6.15) and for its yield
    // tip commit 79104becf42b of 2025-10 (mainline 6.19; whether a stable series carries the
    // latter has to be measured).
    pub fn of(version: KernelVersion, hz: u32, cpus: usize) -> Self {
        let factor = 1 + Ns::from(cpus.clamp(1, 8).ilog2());
        let at_least = |major, minor| version >= KernelVersion { major, minor };
        let policy = if at_least(6, 6) {
            let unit = if at_least(6, 15) { 700 * US } else { 750 * US };
            Policy::Eevdf {
                slice: unit * factor,
                yields: if at_least(6, 19) {
                    YieldRule::Forfeit
                } else {
                    YieldRule::Deadline
                },
            }
        } else {
            Policy::Cfs {
                latency: 6_000 * US * factor,
                min_granularity: 750 * US * factor,
                wakeup_granularity: 1_000 * US * factor,
            }
        };
        Self {
            policy,
            tick: SECOND / Ns::from(hz.max(1)),
            mode: TickMode::Aligned,
        }
    }

    /// This kernel with another base slice, where the policy has one.
    #[must_use]
    pub fn with_slice(mut self, base: Ns) -> Self {
        if let Policy::Eevdf { slice, .. } = &mut self.policy {
            *slice = base;
        }
        self
    }

    /// This kernel with another meaning of a yield, where the policy knows several.
    #[must_use]
    pub fn with_yield(mut self, rule: YieldRule) -> Self {
        if let Policy::Eevdf { yields, .. } = &mut self.policy {
            *yields = rule;
        }
        self
    }

    /// q: time a thread really runs before another one queued with it gets the PU [ns].
    ///
    /// A slice is only looked at when the tick comes, so it lasts until the first tick at or after
    /// its end; with HRTICK it lasts as long as it says.
    pub fn quantum(&self) -> Ns {
        let slice = self.slice(2);
        match self.mode {
            TickMode::Exact => slice,
            TickMode::Aligned | TickMode::Staggered => slice.div_ceil(self.tick) * self.tick,
        }
    }

    /// The slice of a thread of which `queued` share a PU [ns].
    pub(super) fn slice(&self, queued: usize) -> Ns {
        match self.policy {
            Policy::Eevdf { slice, .. } => slice,
            Policy::Cfs {
                latency,
                min_granularity,
                ..
            } => (latency / queued.max(1) as Ns).max(min_granularity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(version: &str, hz: u32, cpus: usize) -> Scheduler {
        Scheduler::of(version.parse().unwrap(), hz, cpus)
    }

    /// Base slices 0.75 and 0.70 ms times 1 + ilog2(min(cpus, 8)).
    #[test]
    fn the_base_slice_grows_with_the_machine_and_shrank_in_2025() {
        let slice = |version, cpus| kernel(version, 250, cpus).slice(2);
        assert_eq!(
            [1, 2, 4, 8, 256].map(|cpus| slice("6.6", cpus) / US),
            [750, 1_500, 2_250, 3_000, 3_000]
        );
        assert_eq!(
            [1, 2, 4, 8].map(|cpus| slice("6.18", cpus) / US),
            [700, 1_400, 2_100, 2_800]
        );
    }

    /// A slice is looked at at ticks: 4 ms at HZ = 250 for every EEVDF machine, 3 ms (2.8 rounded
    /// up) at HZ = 1000, 10 ms at HZ = 100; CFS with two threads has 24 / 2 = 12 ms, three ticks.
    #[test]
    fn the_quantum_is_the_slice_rounded_up_to_ticks() {
        let quantum = |version, hz| kernel(version, hz, 8).quantum() / US;
        assert_eq!(
            [250, 1000, 100].map(|hz| quantum("6.15", hz)),
            [4_000, 3_000, 10_000]
        );
        assert_eq!(quantum("5.15", 250), 12_000);
        let exact = Scheduler {
            mode: TickMode::Exact,
            ..kernel("6.15", 250, 8)
        };
        assert_eq!(exact.quantum(), 2_800 * US);
    }

    #[test]
    fn releases_name_their_version_and_nonsense_is_refused() {
        let version: KernelVersion = "6.12.74+deb13-amd64".parse().unwrap();
        assert_eq!((version.major, version.minor), (6, 12));
        for text in ["", "6", "x.y", "2.4", "6.", "400.1"] {
            assert!(text.parse::<KernelVersion>().is_err(), "{text}");
        }
    }
}
