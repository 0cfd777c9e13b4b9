//! How far off may a sum of counts be that the kernel keeps in ticks?

/// Period in which `/proc/stat` counts, `USER_HZ` [s].
const TICK: f64 = 10e-3;

/// What a sum over `samples` of counts of ticks may be off: one tick each, of either sign, so that the
/// error grows as the root of their number; twice that, to be safe [s].
pub(super) fn hidden_by_ticks(samples: usize) -> f64 {
    2.0 * TICK * (samples as f64).sqrt()
}
