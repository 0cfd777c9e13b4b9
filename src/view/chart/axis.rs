//! Where is a value along an axis, and which values are labelled?

use crate::view::canvas::Text;
use crate::view::number;

/// Em of axis labels [points].
pub(super) const LABEL: f64 = 12.5;

/// How places are found along an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// Equal ratios are equal distances, between two positive ends.
    Log(f64, f64),
    /// The same of counts of threads, with ticks at powers of two.
    Counts(f64, f64),
    /// Equal differences are, between two ends.
    Linear(f64, f64),
    /// Named places, 0, 1, ..
    Names(Vec<String>),
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartAxis {
    /// Quantity and unit.
    pub label: String,
    /// Where a value is.
    pub scale: Scale,
}

impl ChartAxis {
    /// The label in lines that are no longer than the axis.
    pub(super) fn lines(&self, length: f64) -> Vec<String> {
        Text::new(LABEL).wrap(&self.label, length)
    }
}

impl Scale {
    /// Where `value` is, 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self {
            Self::Log(low, high) | Self::Counts(low, high) => {
                (value / low).ln() / (high / low).ln()
            }
            Self::Linear(low, high) => (value - low) / (high - low),
            Self::Names(names) => (value + 0.5) / names.len().max(1) as f64,
        }
    }

    /// Values to label, with their labels.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        match self {
            Self::Names(names) => {
                let named = names.iter().enumerate();
                named.map(|(i, name)| (i as f64, name.clone())).collect()
            }
            Self::Counts(low, high) => {
                let powers: Vec<f64> = (0..32)
                    .map(|power| 2_f64.powi(power))
                    .filter(|tick| (*low..=*high).contains(tick))
                    .collect();
                let every = powers.len().div_ceil(8).max(1);
                let shown = powers.iter().step_by(every);
                shown.map(|tick| (*tick, tick.to_string())).collect()
            }
            Self::Linear(low, high) => {
                let step = round_step(high - low);
                let first = (low / step - 1e-9).ceil() as i64;
                let last = (high / step + 1e-9).floor() as i64;
                (first..=last)
                    .map(|i| i as f64 * step)
                    .map(|tick| (tick, number::tick(tick)))
                    .collect()
            }
            Self::Log(low, high) => {
                let candidates: [&[f64]; 3] = [
                    &[1.0],
                    &[1.0, 2.0, 5.0],
                    &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0],
                ];
                let within = |steps: &[f64]| -> Vec<f64> {
                    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
                    let all = decades.flat_map(|d| steps.iter().map(move |s| s * 10_f64.powi(d)));
                    all.filter(|tick| (low * 0.999..=high * 1.001).contains(tick))
                        .collect()
                };
                let found = candidates.map(within);
                let enough = found
                    .iter()
                    .find(|ticks| ticks.len() >= 4)
                    .unwrap_or(&found[2]);
                enough
                    .iter()
                    .map(|tick| (*tick, number::tick(*tick)))
                    .collect()
            }
        }
    }
}

/// The smallest of 1, 2, 5 times a power of ten that cuts `range` into at most six.
fn round_step(range: f64) -> f64 {
    let power = 10_f64.powf((range / 6.0).log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    let fits = steps.into_iter().find(|step| range / step <= 6.0);
    fits.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_a_linear_scale_are_round() {
        let ticks = |low, high| -> Vec<String> {
            let ticks = Scale::Linear(low, high).ticks();
            ticks.into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(ticks(0.0, 1.06), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(ticks(0.0, 100.0), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(ticks(3.0, 9.5), ["4", "6", "8"]);
    }

    #[test]
    fn places_are_linear_logarithmic_or_named() {
        assert!((Scale::Log(1.0, 100.0).place(10.0) - 0.5).abs() < 1e-12);
        assert!((Scale::Linear(2.0, 4.0).place(2.5) - 0.25).abs() < 1e-12);
        let counts = Scale::Counts(1.0, 70.0).ticks();
        let counts: Vec<&str> = counts.iter().map(|(_, label)| &label[..]).collect();
        assert_eq!(counts, ["1", "2", "4", "8", "16", "32", "64"]);
        let names = Scale::Names(vec!["a".into(), "b".into()]);
        assert!((names.place(1.0) - 0.75).abs() < 1e-12);
        for scale in [Scale::Log(0.3, 9.0), Scale::Linear(0.0, 1.0), names] {
            let ticks = scale.ticks();
            assert!(ticks.len() >= 2, "{ticks:?}");
            assert!(
                ticks
                    .iter()
                    .all(|(tick, _)| (-0.01..=1.01).contains(&scale.place(*tick)))
            );
        }
    }
}
