//! Do others keep the CPUs busy, and how long does a sweep wait until they do not?
//!
//! Foreign load is what keeps CPUs busy while the sweep itself does nothing. The machine is *quiet* when
//! it is below 10 % of P: from there on a round counts as disturbed too (see
//! [`Disturbance::ForeignLoad`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::analysis::{Disturbance, Disturbances, FOREIGN};
use crate::clock;
use crate::machine::CpuBudget;
use crate::monitor::{Load, LoadReading};
use crate::record::Record;
use crate::units::{human_span, three_digits};

/// Time over which load is counted: a hundred ticks of the kernel, so that one is 1 %.
const WINDOW: Duration = Duration::from_secs(1);

/// Time in which somebody who keeps a CPU busy is seen.
const GLANCE: Duration = Duration::from_millis(200);

/// Windows in a row that must be quiet before the first round: a build or a backup pauses for a second.
const CALM: u32 = 3;

/// Windows before a further round, which is only waited for after one that others disturbed.
const CALM_AGAIN: u32 = 1;

/// Watches what others do, and waits for quiet if it is to.
pub(super) struct Quiet {
    budget: CpuBudget,
    /// What is left of the time for waiting; `None` where nobody wants to wait, or any longer.
    patience: Option<Duration>,
    stop: Arc<AtomicBool>,
    /// Whether somebody wanted to wait.
    asked: bool,
    /// Whether it was said that a round was disturbed.
    said: bool,
}

impl Quiet {
    /// Watches the CPUs of `budget`, and waits for `patience` in all, until `stop` is set.
    pub(super) fn new(
        budget: CpuBudget,
        patience: Option<Duration>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            budget,
            patience,
            asked: patience.is_some(),
            stop,
            said: false,
        }
    }

    /// Called between two rounds, of which the one before gave `last`; none before the first. What there is to
    /// tell goes to `note`.
    pub(super) fn between(&mut self, last: &[Record], note: &mut dyn FnMut(&str)) {
        let disturbed = foreign(last, self.budget.cpus);
        if let Some(cpus) = disturbed.filter(|_| !self.said) {
            self.said = true;
            let now = load(&self.budget, GLANCE, &self.stop);
            let who = now.as_ref().and_then(who);
            note(&(warning(last, cpus, who) + remedy(self.asked)));
        }
        let calm = match (last.is_empty(), disturbed) {
            (true, _) => CALM,
            (false, Some(_)) => CALM_AGAIN,
            (false, None) => return,
        };
        if let Some(patience) = self.patience {
            let (budget, stop) = (&self.budget, &self.stop);
            let most = FOREIGN * budget.cpus;
            let mut wait = Wait {
                most,
                calm,
                patience,
                load: &mut || load(budget, WINDOW, stop),
                say: &mut |line| note(&line),
            };
            self.patience = Some(wait.run()).filter(|left| *left >= WINDOW);
        }
    }
}

/// CPUs that others kept busy in a round with `records`, where that disturbed it.
fn foreign(records: &[Record], p: f64) -> Option<f64> {
    let all = Disturbances::of(records, p);
    let found = all
        .found
        .iter()
        .filter(|one| matches!(one.by, Disturbance::ForeignLoad | Disturbance::Steal));
    found.map(|one| one.worst).max_by(f64::total_cmp)
}

/// What others keep busy now; `None` where the kernel does not tell, or the sweep is to stop.
fn load(budget: &CpuBudget, window: Duration, stop: &AtomicBool) -> Option<Load> {
    let before = LoadReading::now(&budget.allowed)?;
    rest(clock::now() + window, stop);
    if stop.load(Ordering::Relaxed) {
        return None;
    }
    Some(LoadReading::now(&budget.allowed)?.since(&before))
}

fn rest(end: Instant, stop: &AtomicBool) {
    const LOOK: Duration = Duration::from_millis(100);
    while clock::now() < end && !stop.load(Ordering::Relaxed) {
        thread::sleep(LOOK.min(end.saturating_duration_since(clock::now())));
    }
}

/// `stress-ng (4711) 0.98 CPUs`.
fn who(load: &Load) -> Option<String> {
    let (name, pid, cpus) = load.most.as_ref()?;
    Some(format!("{name} ({pid}) {} CPUs", three_digits(*cpus)))
}

fn warning(last: &[Record], cpus: f64, who: Option<String>) -> String {
    let round = last.last().map_or(0, |record| record.visit.round);
    let now = who.map_or_else(String::new, |who| format!(", now mostly {who}"));
    format!(
        "round {round}: others kept {} CPUs busy{now}; ",
        three_digits(cpus)
    )
}

/// What to do against it.
fn remedy(asked: bool) -> &'static str {
    match asked {
        true => {
            "end them, or stop here (Ctrl-C) and run the same command when the machine is quiet"
        }
        false => "end them, or stop here (Ctrl-C) and add --wait-for-quiet 5m to the same command",
    }
}

/// A wait for quiet.
struct Wait<'a> {
    /// Load from which on it is not quiet [CPUs].
    most: f64,
    /// Windows in a row that must be quiet.
    calm: u32,
    patience: Duration,
    /// What others keep busy, over one window.
    load: &'a mut dyn FnMut() -> Option<Load>,
    say: &'a mut dyn FnMut(String),
}

impl Wait<'_> {
    /// Waits until it is quiet or the patience is used up, of which it returns what is left. Says what it
    /// waits for, and how that ends.
    fn run(&mut self) -> Duration {
        let (mut quiet, mut left, mut announced) = (0, self.patience, false);
        loop {
            let Some(load) = (self.load)() else {
                (self.say)(
                    "cannot tell what others keep busy, so not waiting for quiet".to_owned(),
                );
                return left;
            };
            if load.cpus <= self.most {
                quiet += 1;
            } else {
                quiet = 0;
            }
            let waited = self.patience - left;
            if quiet >= self.calm {
                if announced {
                    (self.say)(format!("quiet after {}", human_span(waited)));
                }
                return left;
            }
            if quiet == 0 && left < WINDOW {
                let line = self.given_up(&load);
                (self.say)(line);
                return Duration::ZERO;
            }
            if quiet == 0 && !announced {
                announced = true;
                let line = self.announcement(&load);
                (self.say)(line);
            }
            left = left.saturating_sub(WINDOW);
        }
    }

    fn announcement(&self, load: &Load) -> String {
        format!(
            "waiting for quiet: {}; until it is at most {} (10 % of P) for {} s, or for {} at most",
            busy(load),
            three_digits(self.most),
            self.calm,
            human_span(self.patience)
        )
    }

    fn given_up(&self, load: &Load) -> String {
        format!(
            "no quiet within {}: {}; measuring all the same, and not waiting again; rounds that others \
             disturb are named at the end",
            human_span(self.patience),
            busy(load)
        )
    }
}

fn busy(load: &Load) -> String {
    let most = who(load).map_or_else(String::new, |who| format!(", mostly {who}"));
    format!("others keep {} CPUs busy{most}", three_digits(load.cpus))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said while the load of each window is one of `loads`, and what is left of 5 s.
    fn wait(calm: u32, loads: &[f64]) -> (Vec<String>, u64) {
        let mut loads = loads.iter();
        let mut said = Vec::new();
        let load = |cpus: &f64| Load {
            cpus: *cpus,
            most: Some(("make".to_owned(), 7, *cpus)),
        };
        let left = Wait {
            most: 0.2,
            calm,
            patience: Duration::from_secs(5),
            load: &mut || loads.next().map(load),
            say: &mut |line| said.push(line),
        }
        .run();
        (said, left.as_secs())
    }

    #[test]
    fn a_quiet_machine_is_waited_for_no_longer_than_it_takes_to_tell() {
        assert_eq!(wait(3, &[0.1, 0.0, 0.2]), (vec![], 3));
        assert_eq!(wait(1, &[0.1]), (vec![], 5));
    }

    #[test]
    fn a_wait_says_for_what_and_when_it_is_over() {
        let (said, left) = wait(2, &[1.5, 0.1, 1.5, 0.1, 0.1]);
        assert_eq!(
            said,
            [
                "waiting for quiet: others keep 1.50 CPUs busy, mostly make (7) 1.50 CPUs; until it is \
                 at most 0.20 (10 % of P) for 2 s, or for 5.00 s at most",
                "quiet after 4.00 s"
            ]
        );
        assert_eq!(left, 1);
    }

    #[test]
    fn a_machine_that_is_never_quiet_is_measured_all_the_same() {
        let (said, left) = wait(3, &[1.0; 9]);
        assert!(said[1].starts_with("no quiet within 5.00 s: others keep 1.00 CPUs busy"));
        assert!(said[1].contains("measuring all the same"), "{said:?}");
        assert_eq!((said.len(), left), (2, 0));
    }

    #[test]
    fn where_nobody_tells_it_does_not_wait() {
        let (said, _) = wait(3, &[]);
        assert_eq!(said.len(), 1);
    }
}
