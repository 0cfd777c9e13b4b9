//! Which colour does a number get?
//!
//! Logarithmic from the smallest to the largest number shown, in the lighter
//! half of plasma: perceptually uniform, of steadily rising lightness, and so readable by colour-blind readers and
//! in grey. It is nowhere so dark that black numbers could not be read on it. Light is
//! always good and dark bad, whichever end of the metric that is; where neither end is good, dark is
//! more. A ratio of two runs diverges from 1, in red and blue, which colour-blind readers tell apart.
//!
//! The scale is no finer than the metric deserves: it spans at least a factor of two, and ten for
//! switches and waits, so that a difference of two per cent does not look like a cliff.

use crate::analysis::{Better, Metric, Point, Quantity, Reading};
use crate::view::canvas::{BLACK, Color, WHITE};
use crate::view::number;

/// Smallest ratio of the ends of a scale of times and rates of work.
const LEAST_SPAN: f64 = 2.0;
/// Smallest ratio of the ends of a scale of switches and waits, which differ by orders.
const LEAST_SPAN_OF_COUNTS: f64 = 10.0;
/// Switch rates and shares below this are all the same to a reader [1/s, %].
const NEGLIGIBLE: f64 = 0.1;

/// Steps between the ends of a scale: more cannot be told from each other, and pictures of few colours are
/// small files.
const STEPS: f64 = 24.0;

/// The parts of the gradients on which black has a contrast of at least 4.5 : 1 [1].
const LIGHT_OF_PLASMA: (f64, f64) = (0.51, 1.0);
const LIGHT_OF_RED_BLUE: (f64, f64) = (0.18, 0.82);

/// A logarithmic colour scale for one quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The unit in which numbers are written.
    pub unit: &'static str,
    /// How many of [`Metric::unit`] one such unit is.
    factor: f64,
    low: f64,
    high: f64,
    ramp: Ramp,
}

/// What the colours of a scale tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ramp {
    /// High numbers are good, and light.
    HighIsGood,
    /// Low numbers are good, and light.
    LowIsGood,
    /// Neither end is good; high numbers are dark.
    HighIsDark,
    /// Both ends are dark and the middle, 1, is light: blue below, red above.
    AroundOne,
}

impl Scale {
    /// The scale of all `points` of `quantity`.
    pub fn of<'a>(quantity: &Quantity, points: impl Iterator<Item = &'a Point>) -> Self {
        let numbers = points.filter_map(|point| match &point.reading {
            Reading::Number(estimate, _) => Some(estimate.value),
            _ => None,
        });
        let metric = quantity.metric();
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for number in numbers.filter(|number| *number > 0.0 && number.is_finite()) {
            (low, high) = (low.min(number), high.max(number));
        }
        if high == 0.0 {
            (low, high) = (1.0, 1.0);
        }
        let (low, high) = widened(metric, low, high);
        let (unit, factor) = unit(metric, high);
        Self {
            unit,
            factor,
            low,
            high,
            ramp: match (metric, quantity.better()) {
                (Metric::Ratio, _) => Ramp::AroundOne,
                (_, Better::High) => Ramp::HighIsGood,
                (_, Better::Low) => Ramp::LowIsGood,
                (_, Better::Neither) => Ramp::HighIsDark,
            },
        }
    }

    /// The numbers at its low and its high end.
    pub fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// How many of the metric's own unit one of [`Self::unit`] is.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// What dark and light mean.
    pub fn words(&self) -> &'static str {
        match self.ramp {
            Ramp::HighIsGood | Ramp::LowIsGood => "dark is bad, light is good",
            Ramp::HighIsDark => "dark is more, light is less",
            Ramp::AroundOne => "red: the second run is slower, blue: faster",
        }
    }

    /// `value` as it is written, in [`Self::unit`].
    pub fn write(&self, value: f64) -> String {
        match self.ramp {
            // 0.01 says less than how many times as fast it is.
            Ramp::AroundOne if value > 0.0 && value < 0.1 => {
                format!("1/{}", number::tick((1.0 / value).round()))
            }
            _ => number::short(value / self.factor),
        }
    }

    /// Where `value` lies between the ends of the scale: 0 at the low, 1 at the high one.
    pub fn position(&self, value: f64) -> f64 {
        let fraction = (value / self.low).ln() / (self.high / self.low).ln();
        fraction.clamp(0.0, 1.0)
    }

    /// The colour of `value`.
    pub fn color(&self, value: f64) -> Color {
        self.color_at(self.position(value))
    }

    /// The colour at `position`, 0 to 1: one of [`STEPS`].
    pub fn color_at(&self, position: f64) -> Color {
        let position = (position * STEPS).round() / STEPS;
        let (gradient, at) = match self.ramp {
            Ramp::HighIsGood => (colorous::PLASMA, position),
            Ramp::LowIsGood | Ramp::HighIsDark => (colorous::PLASMA, 1.0 - position),
            Ramp::AroundOne => (colorous::RED_BLUE, 1.0 - position),
        };
        let (first, last) = match self.ramp {
            Ramp::HighIsGood | Ramp::LowIsGood | Ramp::HighIsDark => LIGHT_OF_PLASMA,
            Ramp::AroundOne => LIGHT_OF_RED_BLUE,
        };
        let at = first + at * (last - first);
        let (r, g, b) = gradient.eval_continuous(at).into_tuple();
        Color(r, g, b)
    }

    /// Round numbers on the scale with their positions, low to high.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        const STEPS: [&[f64]; 5] = [
            &[1.0],
            &[1.0, 3.0],
            &[1.0, 2.0, 5.0],
            &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
            &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        ];
        let ticks = |steps: &[f64]| -> Vec<(f64, String)> {
            let (low, high) = (self.low / self.factor, self.high / self.factor);
            let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
            decades
                .flat_map(|decade| steps.iter().map(move |s| s * 10_f64.powi(decade)))
                .filter(|tick| (low * 0.999..=high * 1.001).contains(tick))
                .map(|tick| (self.position(tick * self.factor), number::tick(tick)))
                .collect()
        };
        let candidates = STEPS.map(ticks);
        let enough = candidates.iter().find(|ticks| ticks.len() >= 4);
        enough.unwrap_or(&candidates[STEPS.len() - 1]).clone()
    }
}

/// The ends of the scale for numbers from `low` to `high`.
fn widened(metric: Metric, low: f64, high: f64) -> (f64, f64) {
    match metric {
        Metric::Slowdown => (1.0, high.max(LEAST_SPAN)),
        Metric::Efficiency => (low.min(1.0 / LEAST_SPAN), high.max(1.0)),
        Metric::Throughput | Metric::Bandwidth | Metric::Own => (low.min(high / LEAST_SPAN), high),
        Metric::Time | Metric::Memory => (low, high.max(low * LEAST_SPAN)),
        Metric::Cause => (low, high),
        Metric::Busy => (low.min(100.0 / LEAST_SPAN), high.max(100.0)),
        Metric::Ratio => {
            // As far below 1 as above, so that 1 has the middle and equal factors equal depth.
            let far = high.max(1.0 / low).max(LEAST_SPAN.sqrt());
            (1.0 / far, far)
        }
        Metric::Switches | Metric::Wait => {
            // Downwards, so that a zero does not share its colour with a large number.
            let high = high.max(NEGLIGIBLE * LEAST_SPAN_OF_COUNTS);
            (low.max(NEGLIGIBLE).min(high / LEAST_SPAN_OF_COUNTS), high)
        }
    }
}

/// The unit that suits numbers up to `high`, and how many of the metric's own it is.
fn unit(metric: Metric, high: f64) -> (&'static str, f64) {
    match metric {
        Metric::Time if high < 1e-3 => ("µs", 1e-6),
        Metric::Time if high < 1.0 => ("ms", 1e-3),
        Metric::Memory if high >= 1e3 => ("GB", 1e3),
        _ => (metric.unit(), 1.0),
    }
}

/// Black or white, whichever contrasts more with `background`.
pub fn text_on(background: Color) -> Color {
    // Source: WCAG 2.1, "contrast ratio": (L1 + 0.05) / (L2 + 0.05); equal at sqrt(1.05 x 0.05).
    if luminance(background) > (1.05_f64 * 0.05).sqrt() - 0.05 {
        BLACK
    } else {
        WHITE
    }
}

/// Relative luminance of a colour [1].
// Source: WCAG 2.1, "relative luminance".
pub fn luminance(Color(r, g, b): Color) -> f64 {
    let linear = |channel: u8| match f64::from(channel) / 255.0 {
        c if c <= 0.03928 => c / 12.92,
        c => ((c + 0.055) / 1.055).powf(2.4),
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// `color` as a ground of a number that is not resolved.
pub fn faint(color: Color) -> Color {
    blend(color, WHITE, 0.6)
}

/// `share` of `over` on the rest of `under`.
pub fn blend(under: Color, over: Color, share: f64) -> Color {
    let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - share) + f64::from(b) * share).round() as u8;
    Color(
        mix(under.0, over.0),
        mix(under.1, over.1),
        mix(under.2, over.2),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Bound, Estimate, Mark};

    fn scale(metric: Metric, values: &[f64]) -> Scale {
        let cell = "matmul.f64.8_1x1_rayon_independent_unbound_static_t1";
        let point = |value: &f64| Point {
            cell: cell.parse().unwrap(),
            reading: Reading::Number(
                Estimate {
                    value: *value,
                    spread: None,
                },
                Bound::Exact,
            ),
            mark: Mark::None,
            rounds: 1,
            samples: 1,
            failed_rounds: 0,
            granted: None,
            recommended: false,
        };
        let points: Vec<Point> = values.iter().map(point).collect();
        Scale::of(&metric.into(), points.iter())
    }

    /// So that grey prints and colour-blind readers see the order, and good is light for all.
    #[test]
    fn lightness_rises_steadily_towards_the_good_end() {
        for (metric, better) in Metric::of_one_run().map(|metric| (metric, metric.better())) {
            let scale = scale(metric, &[1.0, 1000.0]);
            let lights: Vec<f64> = (0..=STEPS as u32)
                .map(|i| luminance(scale.color_at(f64::from(i) / STEPS)))
                .collect();
            let rises = |pair: &[f64]| match better {
                Better::High => pair[0] < pair[1],
                Better::Low | Better::Neither => pair[0] > pair[1],
            };
            assert!(lights.windows(2).all(rises), "{metric}");
        }
    }

    #[test]
    fn a_ratio_is_lightest_at_one_and_as_dark_for_half_as_for_twice() {
        let scale = scale(Metric::Ratio, &[0.9, 2.0]);
        assert!((scale.position(1.0) - 0.5).abs() < 1e-12);
        assert!((scale.position(0.5) + scale.position(2.0) - 1.0).abs() < 1e-12);
        let light = |value| luminance(scale.color(value));
        assert!(light(1.0) > light(0.9) && light(1.0) > light(1.1));
        let Color(red, _, blue) = scale.color(2.0);
        assert!(red > blue, "slower is red");
    }

    #[test]
    fn every_number_is_black_and_has_enough_contrast_with_its_ground() {
        let grounds = [Metric::Throughput, Metric::Ratio]
            .into_iter()
            .flat_map(|metric| {
                let scale = scale(metric, &[1.0, 1000.0]);
                (0..=100).map(move |i| (i, scale.color_at(f64::from(i) / 100.0)))
            });
        for (i, ground) in grounds {
            assert_eq!(text_on(ground), BLACK, "{i}");
            let contrast = (luminance(ground) + 0.05) / 0.05;
            // Source: WCAG 2.1, success criterion 1.4.3: at least 4.5 : 1.
            assert!(contrast >= 4.5, "{contrast} at {i}");
        }
    }

    #[test]
    fn equal_ratios_are_equal_distances() {
        let scale = scale(Metric::Throughput, &[1.0, 100.0]);
        assert!((scale.position(10.0) - 0.5).abs() < 1e-12);
        assert_eq!((scale.position(0.0), scale.position(1e9)), (0.0, 1.0));
    }

    /// 100 and 98 GFLOP/s on a scale of a factor of two: ln(100 / 98) / ln 2 = 0.029 apart.
    #[test]
    fn a_small_difference_does_not_span_the_scale() {
        let scale = scale(Metric::Throughput, &[98.0, 100.0]);
        let distance = scale.position(100.0) - scale.position(98.0);
        assert!((0.02..0.04).contains(&distance), "{distance}");
    }

    #[test]
    fn ticks_are_few_and_on_the_scale() {
        for high in [1.01, 1.5, 3.0, 25.0, 400.0, 1e6] {
            let ticks = scale(Metric::Slowdown, &[1.0, high]).ticks();
            assert!((3..=12).contains(&ticks.len()), "{high}: {ticks:?}");
            assert!(ticks.iter().all(|(at, _)| (0.0..=1.0).contains(at)));
        }
    }

    #[test]
    fn short_times_are_written_in_a_unit_that_suits_them() {
        let scale = scale(Metric::Time, &[0.002, 0.0451]);
        assert_eq!((scale.unit, scale.write(0.0451).as_str()), ("ms", "45.1"));
    }
}
