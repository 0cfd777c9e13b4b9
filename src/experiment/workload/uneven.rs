//! How large is each of a number of uneven tasks?
//!
//! Sizes follow a lognormal distribution whose logarithms have standard deviation sigma. They depend
//! on the number of the task and on nothing else, and are scaled so that all tasks together are as
//! much work as that many tasks of size n: every cell of a run does the same.

use std::f64::consts::TAU;
use std::num::NonZeroU32;

use rand::RngExt;
use rand::SeedableRng;
use rand_xoshiro::SplitMix64;

use super::Computation;
use super::account::Description;
use super::steps::{of_steps, percent, shared};

const TASK: &str = "n steps of arithmetic on average, lognormal with sigma S/100";

pub(super) const UNEVEN: Description = Description {
    steps: Some(task_steps),
    ..of_steps("uneven", 300, TASK, |this, _width| shared(this))
};

/// Steps of each of `tasks` tasks of `computation`, in all `tasks` x n.
pub fn task_steps(computation: &Computation, tasks: NonZeroU32) -> Vec<u32> {
    let sigma = f64::from(percent(computation)) / 100.0;
    let sizes: Vec<f64> = (0..tasks.get())
        .map(|task| (sigma * normal(task)).exp())
        .collect();
    let sum: f64 = sizes.iter().sum();
    let total = computation.elements() * u64::from(tasks.get());
    // Borders between tasks are rounded, not sizes, so that the sizes add up.
    let border = |part: f64| (part / sum * total as f64).round().min(total as f64) as u64;
    let mut part = 0.0;
    let mut done = 0;
    let last = sizes.len() - 1;
    let step = |(task, size): (usize, &f64)| {
        part += size;
        let end = if task == last { total } else { border(part) };
        let steps = end - done;
        done = end;
        u32::try_from(steps).unwrap_or(u32::MAX)
    };
    sizes.iter().enumerate().map(step).collect()
}

/// A standard normal number that belongs to `task`.
// Source: G. E. P. Box, M. E. Muller, A Note on the Generation of Random Normal Deviates, Ann. Math.
// Statist. 29 (1958), doi 10.1214/aoms/1177706645.
fn normal(task: u32) -> f64 {
    let mut rng = SplitMix64::seed_from_u64(u64::from(task));
    // Of [0, 1), so that 1 minus it has a logarithm.
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Workload;

    fn steps(text: &str, tasks: u32) -> Vec<u32> {
        let workload: Workload = text.parse().unwrap();
        let Workload::Computation(computation) = workload else {
            panic!("{text} is a command");
        };
        task_steps(&computation, NonZeroU32::new(tasks).unwrap())
    }

    #[test]
    fn sizes_differ_and_add_up_to_the_same_work() {
        for tasks in [1, 2, 7, 1000] {
            let sizes = steps("uneven-100.f64.1000", tasks);
            assert_eq!(sizes.iter().sum::<u32>(), 1000 * tasks);
            assert_eq!(sizes, steps("uneven-100.f64.1000", tasks));
        }
        assert_eq!(steps("uneven-0.f64.1000", 3), [1000; 3]);
    }

    /// Of a lognormal distribution the median is exp(-sigma^2 / 2) of the mean: 0.61 for sigma 1.
    #[test]
    fn sizes_are_lognormal() {
        let mut sizes = steps("uneven-100.f64.100000", 10_000);
        sizes.sort_unstable();
        let median = f64::from(sizes[5000]) / 100_000.0;
        assert!((median - 0.61).abs() < 0.03, "{median}");
        // 84 % lie below exp(sigma) times the median.
        let upper = f64::from(sizes[8413]) / f64::from(sizes[5000]);
        assert!((upper / 1_f64.exp() - 1.0).abs() < 0.05, "{upper}");
    }
}
