//! How is a number written where there is little room?

/// `value`, not negative, in at most five characters: three digits, thousands as `k`, `M`, `G`.
pub fn short(value: f64) -> String {
    const STEPS: [(f64, &str); 4] = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
    if value > 0.0 && value < 0.005 {
        return "<0.01".to_owned();
    }
    if value.is_infinite() {
        return "inf".to_owned();
    }
    // 999.5 would be written 1000: it belongs to the next unit.
    let step = STEPS.iter().find(|(step, _)| value >= 0.9995 * step);
    let (step, unit) = step.copied().unwrap_or((1.0, ""));
    let value = value / step;
    let digits = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.digits$}{unit}")
}

/// `value` as a tick of a scale: no zeros at the end of a fraction.
pub fn tick(value: f64) -> String {
    if value > 0.0 && value < 0.1 {
        return format!("{value}");
    }
    let text = short(value);
    let digits = text.trim_end_matches(['k', 'M', 'G']);
    let unit = &text[digits.len()..];
    let digits = match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    };
    format!("{digits}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_in_at_most_five_characters() {
        let cases = [
            (0.0, "0.00"),
            (0.001, "<0.01"),
            (0.257, "0.26"),
            (1.0, "1.00"),
            (9.996, "10.0"),
            (99.96, "100"),
            (999.4, "999"),
            (999.6, "1.00k"),
            (15_340.0, "15.3k"),
            (2.5e6, "2.50M"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text);
            assert!(text.len() <= 5);
        }
    }

    #[test]
    fn ticks_are_as_short_as_they_can_be() {
        let ticks = [1.0, 2.5, 100.0, 0.5, 20_000.0, 0.02].map(tick);
        assert_eq!(ticks, ["1", "2.5", "100", "0.5", "20k", "0.02"]);
    }
}
