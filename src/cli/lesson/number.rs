//! How sure is a number of a lesson, and how is it said?
//!
//! A cell that was stopped at the time limit has a bound and no number. A lesson says so, and asks
//! of a bound only what it answers: `is above(1.5)` is true of "at least 2" and of nothing less.

use minijinja::Environment;
use minijinja::value::{Object, Value};

use crate::analysis::{Bound, Reading};
use crate::view::number;

/// A number of a run, or a bound of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    value: f64,
    side: Side,
}

/// Where the true number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    At,
    AtLeast,
    AtMost,
}

impl Object for Number {}

impl Number {
    /// `value` as it was measured.
    pub(super) fn exact(value: f64) -> Self {
        let side = Side::At;
        Self { value, side }
    }

    /// What a figure shows, if that is a number that says something of the true one.
    pub(super) fn read(reading: &Reading) -> Option<Self> {
        let Reading::Number(estimate, bound) = reading else {
            return None;
        };
        let side = match bound {
            Bound::Exact => Side::At,
            Bound::AtLeast => Side::AtLeast,
            Bound::AtMost => Side::AtMost,
            Bound::UntilStopped => return None,
        };
        let value = estimate.value;
        Some(Self { value, side })
    }

    /// The smallest of `numbers`.
    pub(super) fn least(numbers: impl Iterator<Item = Self>) -> Option<Self> {
        // Of an equal number and bound, the number is what is known.
        let rank = |a: &Self, b: &Self| {
            let (a_open, b_open) = (a.side != Side::At, b.side != Side::At);
            a.value.total_cmp(&b.value).then(a_open.cmp(&b_open))
        };
        let numbers: Vec<Self> = numbers.collect();
        let least = numbers.iter().copied().min_by(rank)?;
        // One that is at most something larger may still be the smallest.
        let open_below = numbers.iter().any(|number| number.side == Side::AtMost);
        match (least.side, open_below) {
            (Side::AtLeast, true) => None,
            (Side::At, true) => Some(Self {
                side: Side::AtMost,
                ..least
            }),
            _ => Some(least),
        }
    }

    /// How many times `other` this is; `None` where both bounds leave that open.
    pub(super) fn over(self, other: Self) -> Option<Self> {
        let side = match (self.side, other.side) {
            (side, Side::At) => side,
            (Side::At | Side::AtLeast, Side::AtMost) => Side::AtLeast,
            (Side::At | Side::AtMost, Side::AtLeast) => Side::AtMost,
            (Side::AtLeast, Side::AtLeast) | (Side::AtMost, Side::AtMost) => return None,
        };
        let value = self.value / other.value;
        Some(Self { value, side })
    }

    fn is_above(self, value: f64) -> bool {
        self.value > value && self.side != Side::AtMost
    }

    fn is_below(self, value: f64) -> bool {
        self.value < value && self.side != Side::AtLeast
    }

    fn said(self) -> String {
        let value = number::short(self.value);
        match self.side {
            Side::At => value,
            Side::AtLeast => format!("at least {value}"),
            Side::AtMost => format!("at most {value}"),
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
        side: Side::At,
    };
    const AT_LEAST: Number = Number {
        side: Side::AtLeast,
        ..AT
    };
    const AT_MOST: Number = Number {
        side: Side::AtMost,
        ..AT
    };

    #[test]
    fn a_bound_is_called_one() {
        let said = [AT, AT_LEAST, AT_MOST].map(Number::said);
        assert_eq!(said, ["4.00", "at least 4.00", "at most 4.00"]);
    }

    #[test]
    fn a_ratio_is_bounded_as_its_parts_allow() {
        let side = |a: Number, b: Number| a.over(b).map(|ratio| ratio.side);
        assert_eq!(side(AT, AT), Some(Side::At));
        assert_eq!(side(AT_LEAST, AT), Some(Side::AtLeast));
        assert_eq!(side(AT, AT_LEAST), Some(Side::AtMost));
        assert_eq!(side(AT_LEAST, AT_MOST), Some(Side::AtLeast));
        assert_eq!(side(AT_MOST, AT_LEAST), Some(Side::AtMost));
        assert_eq!(side(AT_LEAST, AT_LEAST), None);
        assert_eq!(side(AT_MOST, AT_MOST), None);
    }

    #[test]
    fn the_least_of_several_is_no_surer_than_what_it_is_compared_with() {
        let two = Number::exact(2.0);
        let least = |numbers: &[Number]| Number::least(numbers.iter().copied());
        assert_eq!(least(&[AT_LEAST, two]), Some(two));
        assert_eq!(least(&[AT_LEAST, Number::exact(9.0)]), Some(AT_LEAST));
        assert_eq!(least(&[AT_MOST, two]).unwrap().side, Side::AtMost);
        assert_eq!(least(&[]), None);
    }

    #[test]
    fn texts_ask_of_a_bound_only_what_it_answers() {
        let text = "{{ x | n }} {{ x is above(3) }} {{ x is below(5) }}";
        let told = |x: Value| language().render_str(text, context! { x }).unwrap();
        assert_eq!(told(Value::from_object(AT)), "4.00 True True");
        assert_eq!(
            told(Value::from_object(AT_LEAST)),
            "at least 4.00 True False"
        );
        assert_eq!(told(Value::from_object(AT_MOST)), "at most 4.00 False True");
        assert_eq!(told(Value::from(())), "an unknown number of False False");
    }
}
