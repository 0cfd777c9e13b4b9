//! How is a sum added up by threads that do not agree on who may write it?
//!
//! The sum is one atomic cell of the process. *Racy* reads it, adds a term and writes it, for every
//! term, each by itself (relaxed), so that two threads may read the same value and one of their
//! terms is lost; atomics make that a wrong number and not undefined behaviour. *Reduced* adds up a
//! share in a register first and then adds that to the cell in one step.
//!
//! Every term is 1, so that what is missing from the sum is the number of lost updates.

use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::divided::{Combine, Known, divided};
use super::ring::Gap;
use super::shared_task_state::SharedTaskState;
use super::sums::sums;
use super::{Kernel, WrongResult};
use crate::experiment::Computation;

/// Whether members agree on who writes the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// They do not.
    Racy,
    /// Each has a sum of its own until the end of its share.
    Reduced,
}

struct Sum {
    agreement: Agreement,
    task_state: Arc<SharedTaskState>,
}

pub(super) fn kernel(
    computation: &Computation,
    width: NonZeroU32,
    (agreement, task_state): (Agreement, &Arc<SharedTaskState>),
) -> io::Result<Arc<dyn Kernel>> {
    let task_state = Arc::clone(task_state);
    let sum = Sum {
        agreement,
        task_state,
    };
    divided((computation, Gap::One), width, sum)
}

impl Combine<i64> for Sum {
    fn share(&self, _member: usize, x: &[i64], y: &[i64]) {
        let sum = &*self.task_state.sum;
        match self.agreement {
            Agreement::Racy => {
                for (x, y) in x.iter().zip(y) {
                    let term = (x - y) * (x - y);
                    sum.store(sum.load(Ordering::Relaxed) + term, Ordering::Relaxed);
                }
            }
            Agreement::Reduced => {
                let [own] = sums(x, y, |x, y| [(x - y) * (x - y)]);
                sum.fetch_add(own as i64, Ordering::Relaxed);
            }
        }
    }

    fn end(&self, n: usize) {
        self.task_state.expect(n as u64);
    }

    fn spoil(&self) {
        self.task_state.reset();
    }

    /// The sum is that of all workers, so all say the same of it.
    fn verify(&self, _task: u32, _known: &Known<'_>) -> Result<(), WrongResult> {
        let (expected, got) = self.task_state.sums();
        if expected > 0 && u64::try_from(got) == Ok(expected) {
            return Ok(());
        }
        Err(WrongResult {
            at: "the sum of all workers".to_owned(),
            got: got as f64,
            expected: expected as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::experiment::{Family, Workload};

    /// Two workers with a team of two each, one thread a member, many tasks.
    fn race(agreement: Agreement) -> (Arc<SharedTaskState>, Arc<dyn Kernel>) {
        let workload: Workload = "sum-racy.i64.100000".parse().unwrap();
        let task_state = Arc::new(SharedTaskState::new(NonZeroU32::MIN, Some(Family::SumRacy)));
        let width = NonZeroU32::new(2).unwrap();
        let computation = workload.computation().unwrap();
        let worker = || kernel(computation, width, (agreement, &task_state)).unwrap();
        let workers = [worker(), worker()];
        workers.iter().for_each(|kernel| kernel.spoil());
        for task in 0..20 {
            workers.iter().for_each(|kernel| kernel.begin(task));
            thread::scope(|scope| {
                for kernel in &workers {
                    for member in 0..2 {
                        scope.spawn(move || kernel.work(0, member));
                    }
                }
            });
            workers.iter().for_each(|kernel| kernel.end());
        }
        (task_state, Arc::clone(&workers[0]))
    }

    #[test]
    fn a_reduction_loses_nothing() {
        let (task_state, kernel) = race(Agreement::Reduced);
        assert_eq!(task_state.lost_updates(), Some(0));
        assert_eq!(task_state.sums(), (4_000_000, 4_000_000));
        assert_eq!(kernel.verify(), Ok(()));
        kernel.work(0, 0);
        assert!(kernel.verify().is_err(), "a share too many is seen");
    }

    /// On one PU threads might happen to run one after the other; nothing is asserted of how many
    /// updates are lost, only that the loss and the verdict agree.
    #[test]
    fn what_a_race_loses_is_counted_and_the_sum_is_wrong_by_it() {
        let (task_state, kernel) = race(Agreement::Racy);
        let (expected, got) = task_state.sums();
        let lost = task_state.lost_updates().unwrap();
        assert_eq!(expected - lost, got as u64);
        assert_eq!(kernel.verify().is_err(), lost > 0);
    }

    #[test]
    fn an_update_that_is_lost_is_seen() {
        let (task_state, kernel) = race(Agreement::Reduced);
        task_state.sum.fetch_sub(1, Ordering::Relaxed);
        let wrong = kernel.verify().unwrap_err();
        assert_eq!((wrong.expected, wrong.got), (4e6, 4e6 - 1.0));
        assert_eq!(task_state.lost_updates(), Some(1));
    }
}
