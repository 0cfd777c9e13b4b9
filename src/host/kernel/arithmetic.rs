//! How do a team's members divide arithmetic that they share in part, or of which tasks have more
//! or less?

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::utils::CachePadded;

use super::number::Number;
use super::steps::steps;
use super::{Kernel, WrongResult};
use crate::experiment::{Computation, SUMS, Share, serial_steps, task_steps};

/// What a task has to do.
enum Amount {
    /// The same in every task: steps that member 0 does alone in a phase of its own, and steps that
    /// all share.
    Weak { alone: u32, shared: u32 },
    /// Steps of every task, all shared.
    Uneven(Vec<u32>),
}

struct Arithmetic<T> {
    amount: Amount,
    task: AtomicU32,
    /// What each member's sums came to.
    slots: Vec<CachePadded<Mutex<f64>>>,
    dtype: std::marker::PhantomData<T>,
}

/// The kernel of weak inner work.
pub(super) fn weak<T: Number>(computation: &Computation, width: NonZeroU32) -> Arc<dyn Kernel> {
    let alone = serial_steps(computation);
    let shared = computation.n().get() - alone;
    Arc::new(Arithmetic::<T>::new(Amount::Weak { alone, shared }, width))
}

/// The kernel of uneven tasks.
pub(super) fn uneven<T: Number>(
    computation: &Computation,
    width: NonZeroU32,
    tasks: NonZeroU32,
) -> Arc<dyn Kernel> {
    let steps = task_steps(computation, tasks);
    Arc::new(Arithmetic::<T>::new(Amount::Uneven(steps), width))
}

impl<T> Arithmetic<T> {
    fn new(amount: Amount, width: NonZeroU32) -> Self {
        let slot = || CachePadded::new(Mutex::new(f64::NAN));
        let slots = std::iter::repeat_with(slot).take(width.get() as usize);
        Self {
            amount,
            task: AtomicU32::new(0),
            slots: slots.collect(),
            dtype: std::marker::PhantomData,
        }
    }

    fn slot(&self, member: usize) -> MutexGuard<'_, f64> {
        let slot = self.slots[member].lock();
        slot.unwrap_or_else(PoisonError::into_inner)
    }

    /// Steps of `member` in `phase` of the task at hand.
    fn steps(&self, phase: u32, member: usize) -> u32 {
        let of = self.slots.len();
        let share = |steps: u32| Share { index: member, of }.range(steps as usize).len() as u32;
        match (&self.amount, phase) {
            (Amount::Weak { alone, .. }, 0) if member == 0 => *alone,
            (Amount::Weak { .. }, 0) => 0,
            (Amount::Weak { shared, .. }, _) => share(*shared),
            (Amount::Uneven(_), _) => share(self.all_steps()),
        }
    }

    /// Steps of the task at hand.
    fn all_steps(&self) -> u32 {
        match &self.amount {
            Amount::Weak { alone, shared } => alone + shared,
            Amount::Uneven(steps) => {
                let task = self.task.load(Ordering::Relaxed) as usize;
                steps[task % steps.len()]
            }
        }
    }
}

impl<T: Number> Kernel for Arithmetic<T> {
    fn width(&self) -> NonZeroU32 {
        NonZeroU32::new(self.slots.len() as u32).unwrap_or(NonZeroU32::MIN)
    }

    fn phases(&self) -> u32 {
        match self.amount {
            Amount::Weak { .. } => 2,
            Amount::Uneven(_) => 1,
        }
    }

    fn begin(&self, task: u32) {
        self.task.store(task, Ordering::Relaxed);
    }

    fn work(&self, phase: u32, member: u32) {
        let member = member as usize;
        let done = steps::<T>(self.steps(phase, member));
        let mut slot = self.slot(member);
        *slot = if phase == 0 { done } else { *slot + done };
    }

    fn spoil(&self) {
        for member in 0..self.slots.len() {
            *self.slot(member) = f64::NAN;
        }
    }

    fn verify(&self) -> Result<(), WrongResult> {
        let got: f64 = (0..self.slots.len()).map(|member| *self.slot(member)).sum();
        let expected = f64::from(self.all_steps()) * SUMS as f64;
        if got == expected {
            return Ok(());
        }
        let at = "the sum of all members".to_owned();
        Err(WrongResult { at, got, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Workload;

    #[test]
    fn member_0_does_the_serial_part_alone() {
        let workload: Workload = "weak-30.f64.1001".parse().unwrap();
        let serial = serial_steps(workload.computation().unwrap());
        assert_eq!(serial, 301);
        let amount = Amount::Weak {
            alone: 301,
            shared: 700,
        };
        let weak = Arithmetic::<f64>::new(amount, NonZeroU32::new(3).unwrap());
        assert_eq!([0, 1, 2].map(|member| weak.steps(0, member)), [301, 0, 0]);
        assert_eq!(
            [0, 1, 2].map(|member| weak.steps(1, member)),
            [234, 233, 233]
        );
    }

    #[test]
    fn every_task_has_its_own_steps() {
        let uneven =
            Arithmetic::<f32>::new(Amount::Uneven(vec![5, 8]), NonZeroU32::new(2).unwrap());
        uneven.begin(1);
        assert_eq!([0, 1].map(|member| uneven.steps(0, member)), [4, 4]);
        (0..2).for_each(|member| uneven.work(0, member));
        assert_eq!(uneven.verify(), Ok(()));
        uneven.begin(0);
        assert!(uneven.verify().is_err());
    }
}
