//! What were the PUs spent on in a simulated execution?

use strum::VariantArray;

use super::trace::Activity;

/// What a PU spends its time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Category {
    /// Work of the tasks, and taking part in them.
    Compute,
    /// Spinning, and seeing a release.
    Spin,
    /// Yielding.
    Yield,
    /// Switching, refilling caches, waking other threads.
    Switch,
    /// Nothing, or on the way out of nothing.
    Idle,
    /// Held back by the quota.
    Throttled,
}

impl Category {
    /// What the thread that holds the PU does meanwhile; `None` where it makes no use of it.
    pub fn activity(self) -> Option<Activity> {
        Some(match self {
            Self::Compute => Activity::Compute,
            Self::Spin => Activity::Spin,
            Self::Yield => Activity::Yield,
            Self::Switch => Activity::Switch,
            Self::Idle | Self::Throttled => return None,
        })
    }
}

crate::named!(Category, "category");

/// Where the time of the PUs went in one simulated execution: a row of `breakdown.csv`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// Time by category, in the order of their declaration; the sum is PUs x wall time [ns].
    pub times: [u64; Category::VARIANTS.len()],
    /// Times a thread came to another PU than its last.
    pub migrations: u64,
    /// Events that the simulator handled.
    pub events: u64,
    /// Tasks that were not simulated: they count like the mean of those that were.
    pub extrapolated_tasks: u32,
}

/// Time of each part of what the PUs did [ns], in the order in which a figure shows them.
pub type Parts = Vec<(String, f64)>;
