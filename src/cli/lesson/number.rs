//! How sure is a number of a lesson, and how is it said?
//!
//! A number comes with the ends between which the run has it: an interval over the rounds, open at one
//! side where a cell was stopped at the time limit. A lesson asks of it only what that answers:
//! `is above(1.5)` is true where both ends are.

use minijinja::Environment;
use minijinja::value::{Object, Value};

use crate::analysis::{Bound, Reading, Spread};
use crate::view::number;

/// A number of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    value: f64,
    /// 0 where it is only known to be at most `value`.
    low: f64,
    /// Infinite where it is only known to be at least `value`.
    high: f64,
}

impl Object for Number {}

impl Number {
    /// `value`, not negative, about which there is no doubt.
    pub(super) fn exact(value: f64) -> Self {
        let (low, high) = (value, value);
        Self { value, low, high }
    }

    /// What a figure shows, if that is a number that says something of the true one.
    pub(super) fn read(reading: &Reading) -> Option<Self> {
        let Reading::Number(estimate, bound) = reading else {
            return None;
        };
        let value = estimate.value;
        let ends = estimate.spread.map(Spread::ends);
        let (low, high) = ends.map_or((value, value), |ends| (ends.low, ends.high));
        match bound {
            Bound::Exact => Some(Self { value, low, high }),
            Bound::AtLeast => Some(Self {
                value,
                low,
                high: f64::INFINITY,
            }),
            Bound::AtMost => Some(Self {
                value,
                low: 0.0,
                high,
            }),
            Bound::UntilStopped => None,
        }
    }

    /// The smallest of `numbers`.
    pub(super) fn least(numbers: impl Iterator<Item = Self>) -> Option<Self> {
        numbers.reduce(|a, b| Self {
            value: a.value.min(b.value),
            low: a.low.min(b.low),
            high: a.high.min(b.high),
        })
    }

    /// How many times `other` this is; `None` where both are open so that nothing is known.
    pub(super) fn over(self, other: Self) -> Option<Self> {
        let ratio = Self {
            value: self.value / other.value,
            low: self.low / other.high,
            high: self.high / other.low,
        };
        let known = ratio.low > 0.0 || ratio.high.is_finite();
        known.then_some(ratio)
    }

    fn is_above(self, value: f64) -> bool {
        self.low > value
    }

    fn is_below(self, value: f64) -> bool {
        self.high < value
    }

    fn said(self) -> String {
        let value = number::short(self.value);
        match self {
            Self { high, .. } if high.is_infinite() => format!("at least {value}"),
            Self { low, .. } if low == 0.0 && self.value > 0.0 => format!("at most {value}"),
            _ => value,
        }
    }
}

/// An environment in which a lesson's texts can speak of numbers: `x | n`, `x | share`,
/// `x is above(1)`, `x is below(1)`.
pub(super) fn language() -> Environment<'static> {
    let known = |value: &Value| value.downcast_object_ref::<Number>().copied();
    let mut language = Environment::new();
    language.add_filter("n", move |value: &Value| {
        known(value).map_or("an unknown number of".to_owned(), Number::said)
    });
    language.add_filter("share", move |value: &Value| {
        known(value).map_or("an unknown share".to_owned(), |number| {
            format!("{:.0} %", 100.0 * number.value)
        })
    });
    language.add_test("above", move |value: &Value, than: f64| {
        known(value).is_some_and(|number| number.is_above(than))
    });
    language.add_test("below", move |value: &Value, than: f64| {
        known(value).is_some_and(|number| number.is_below(than))
    });
    language
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    const AT: Number = Number {
        value: 4.0,
        low: 4.0,
        high: 4.0,
    };
    const ABOUT: Number = Number {
        low: 2.0,
        high: 8.0,
        ..AT
    };
    const AT_LEAST: Number = Number {
        high: f64::INFINITY,
        ..AT
    };
    const AT_MOST: Number = Number { low: 0.0, ..AT };

    #[test]
    fn a_bound_is_called_one() {
        let said = [AT, ABOUT, AT_LEAST, AT_MOST, Number::exact(0.0)].map(Number::said);
        assert_eq!(
            said,
            ["4.00", "4.00", "at least 4.00", "at most 4.00", "0.00"]
        );
    }

    #[test]
    fn a_ratio_is_as_open_as_its_parts() {
        let ends = |a: Number, b: Number| a.over(b).map(|ratio| (ratio.low, ratio.high));
        assert_eq!(ends(AT, AT), Some((1.0, 1.0)));
        assert_eq!(ends(ABOUT, ABOUT), Some((0.25, 4.0)));
        assert_eq!(ends(AT_LEAST, AT), Some((1.0, f64::INFINITY)));
        assert_eq!(ends(AT, AT_LEAST), Some((0.0, 1.0)));
        assert_eq!(ends(AT_LEAST, AT_MOST), Some((1.0, f64::INFINITY)));
        assert_eq!(ends(AT_LEAST, AT_LEAST), None);
        assert_eq!(ends(AT_MOST, AT_MOST), None);
    }

    #[test]
    fn the_least_of_several_is_no_surer_than_they_are() {
        let least = |numbers: &[Number]| Number::least(numbers.iter().copied());
        assert_eq!(
            least(&[AT_LEAST, Number::exact(2.0)]),
            Some(Number::exact(2.0))
        );
        assert_eq!(
            least(&[AT_LEAST, Number::exact(9.0)]).map(|n| n.high),
            Some(9.0)
        );
        assert_eq!(
            least(&[AT_MOST, Number::exact(2.0)]).map(|n| n.low),
            Some(0.0)
        );
        assert_eq!(least(&[]), None);
    }

    #[test]
    fn texts_ask_of_a_number_only_what_it_answers() {
        let text = "{{ x | n }} {{ x is above(3) }} {{ x is below(5) }}";
        let told = |x: Value| language().render_str(text, context! { x }).unwrap();
        assert_eq!(told(Value::from_object(AT)), "4.00 True True");
        assert_eq!(told(Value::from_object(ABOUT)), "4.00 False False");
        assert_eq!(
            told(Value::from_object(AT_LEAST)),
            "at least 4.00 True False"
        );
        assert_eq!(told(Value::from_object(AT_MOST)), "at most 4.00 False True");
        assert_eq!(told(Value::from(())), "an unknown number of False False");
    }
}
