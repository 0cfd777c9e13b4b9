//! What did the program say at the end, and which number is the metric?

use crate::experiment::OutputMetric;
use crate::units::range;

/// Longest part of the output that a reason shows [characters].
const LONGEST: usize = 100;

/// The last line of `output` with something on it, shortened.
pub(super) fn last_line(output: &str) -> Option<String> {
    let line = output.lines().rfind(|line| !line.trim().is_empty())?;
    let printable = |c: &char| !c.is_control();
    Some(
        line.trim()
            .chars()
            .filter(printable)
            .take(LONGEST)
            .collect(),
    )
}

/// The number that `metric` finds in `output`.
pub(super) fn number_in(output: &str, metric: &OutputMetric) -> Result<f64, String> {
    let regex = metric.regex().map_err(|error| error.to_string())?;
    let pattern = &metric.pattern;
    let found = regex.captures_iter(output).last();
    let said = || last_line(output).unwrap_or_else(|| "nothing".to_owned());
    let text = found
        .and_then(|groups| groups.get(1).or_else(|| groups.get(0)))
        .ok_or_else(|| format!("metric '{pattern}' matches nothing; last said: {}", said()))?
        .as_str();
    let shown: String = text.chars().take(LONGEST).collect();
    let refused = |why: String| format!("metric '{pattern}' found '{shown}': {why}");
    let number = text.trim().parse();
    let number = number.map_err(|_| refused("that is not a number".to_owned()))?;
    range::METRIC
        .check(number)
        .map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Goal;
    use crate::text::any_text::survives_text;

    fn found(pattern: &str, output: &str) -> Result<f64, String> {
        let metric = OutputMetric {
            name: String::new(),
            pattern: pattern.to_owned(),
            better: Goal::Higher,
        };
        number_in(output, &metric)
    }

    #[test]
    fn the_last_match_counts_and_in_it_the_first_group() {
        let output = "img/s: 10.5\nimg/s: 12.5 of 99\ndone";
        assert_eq!(found("img/s: ([0-9.]+)", output), Ok(12.5));
        assert_eq!(found("[0-9.]+", output), Ok(99.0));
    }

    #[test]
    fn what_is_no_number_is_said() {
        for (pattern, output, why) in [
            ("x: (.*)", "y: 1\nlast", "matches nothing; last said: last"),
            ("x: (.*)", "", "last said: nothing"),
            ("x: (.*)", "x: many", "found 'many'"),
            ("x: (.*)", "x: inf", "found 'inf'"),
            ("x: (.*)", "x: 0", "found '0'"),
            ("x: (.*)", "x: many", "that is not a number"),
            (
                "x: (.*)",
                "x: nan",
                "must be between 1e-100 and 1e100 (got NaN)",
            ),
            ("x: (.*)", "x: 1e999", "(got inf)"),
            ("x: (.*)", "x: -1", "(got -1)"),
            ("x: (.*)", "x: 4.9e-324", "(got 5e-324)"),
        ] {
            let reason = found(pattern, output).unwrap_err();
            assert!(reason.contains(why), "{reason}");
        }
    }

    #[test]
    fn any_text_has_a_metric_or_a_reason_of_one_line() {
        let corpus = [
            "loss 0.5\nimg/s: 12.5\ndone",
            "x: 1e3 of 9\nx: nan",
            "time 4.9e-324 s\r\n",
        ];
        for pattern in ["(?:s|x): (.*)", "[0-9.e+-]+", "()"] {
            survives_text(&corpus, |output| match found(pattern, output) {
                Ok(number) => assert!((1e-100..=1e100).contains(&number)),
                Err(reason) => assert!(reason.lines().count() <= 1, "{reason}"),
            });
        }
    }
}
