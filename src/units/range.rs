//! Which numbers may a parameter be?
//!
//! One table for flags, experiment files and records; the parameters of simulated machines have theirs
//! in [`crate::sim::params`]. docs/ranges.md shows both.

use std::fmt;

/// The numbers that a parameter may be, ends included. No other is accepted, nor what is no number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The parameter as users know it.
    pub what: &'static str,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// The unit of both; empty for counts.
    pub unit: &'static str,
}

impl Range {
    const fn new(what: &'static str, least: f64, most: f64, unit: &'static str) -> Self {
        Self {
            what,
            least,
            most,
            unit,
        }
    }

    /// `value`, if it is one of these numbers.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn check(self, value: f64) -> Result<f64, OutOfRange> {
        match (self.least..=self.most).contains(&value) {
            true => Ok(value),
            false => Err(OutOfRange { range: self, value }),
        }
    }
}

/// A number that a parameter cannot be.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{} must be between {} (got {})", range.what, Ends(*range), Short(*value))]
pub struct OutOfRange {
    /// What it may be.
    pub range: Range,
    /// What it was.
    pub value: f64,
}

struct Ends(Range);

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range {
            least, most, unit, ..
        } = self.0;
        write!(f, "{} and {}", Short(least), Short(most))?;
        match unit {
            "" => Ok(()),
            _ => write!(f, " {unit}"),
        }
    }
}

/// A number without many zeros.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        let size = number.abs();
        match number == 0.0 || !number.is_finite() || (1e-3..1e8).contains(&size) {
            true => write!(f, "{number}"),
            false => write!(f, "{number:e}"),
        }
    }
}

/// Time limit of an execution. More than a day is taken for a mistake.
pub const LIMIT: Range = Range::new("limit", 1e-9, 86_400.0, "s");
/// Time after which no further round starts.
pub const TIME_LIMIT: Range = Range::new("--time-limit", 1e-9, 1e9, "s");
/// Time between two looks of a watch.
pub const INTERVAL: Range = Range::new("--interval", 1e-9, 1e9, "s");
/// Time after which a watch ends.
pub const FOR: Range = Range::new("--for", 1e-9, 1e9, "s");
/// CPU quota. The least is that of the kernel: 1 ms in a period of 100 ms.
pub const QUOTA: Range = Range::new("quota", 0.01, 65_536.0, "CPUs");
/// Ticks a second that a kernel can have.
pub const HZ: Range = Range::new("hz", 24.0, 10_000.0, "Hz");
/// Cells x rounds of a plan.
pub const VISITS: Range = Range::new("cells x rounds", 1.0, 1e7, "process runs");
/// Timed executions of a process run.
pub const REPS: Range = Range::new("reps", 1.0, 1e6, "");
/// Untimed executions of a process run.
pub const WARMUPS: Range = Range::new("warmups", 0.0, 1e6, "");
/// Exit code of a program, as its parent sees it.
pub const EXIT_CODE: Range = Range::new("exit-code", 0.0, 255.0, "");
/// A number that a program says of itself. Ratios and squares of such numbers are still numbers.
pub const METRIC: Range = Range::new("a metric", 1e-100, 1e100, "");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_in_the_range_and_what_is_no_number_is_not() {
        for range in [
            LIMIT, TIME_LIMIT, INTERVAL, FOR, QUOTA, HZ, VISITS, REPS, WARMUPS, EXIT_CODE, METRIC,
        ] {
            assert_eq!(range.check(range.least), Ok(range.least));
            assert_eq!(range.check(range.most), Ok(range.most));
            let outside = [
                range.least - range.least.max(1.0) / 2.0,
                range.most * 1.001,
                -1.0,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
            ];
            for value in outside {
                assert!(range.check(value).is_err(), "{range:?} {value}");
            }
        }
    }

    #[test]
    fn a_number_out_of_range_is_said_with_the_range() {
        let said = QUOTA.check(0.0).unwrap_err().to_string();
        assert_eq!(said, "quota must be between 0.01 and 65536 CPUs (got 0)");
        let said = METRIC.check(f64::from_bits(1)).unwrap_err().to_string();
        assert_eq!(
            said,
            "a metric must be between 1e-100 and 1e100 (got 5e-324)"
        );
    }
}
