//! Which libraries did not take the team widths that their cells asked for?

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::Cell;
use crate::record::Record;

/// A line for every library that ran on other widths than its cells asked for.
pub fn deviations(records: &[Record]) -> String {
    let mut granted = BTreeMap::<String, BTreeSet<(u32, u32)>>::new();
    for record in records {
        let Cell { runtime, inner, .. } = record.visit.cell;
        let got = record.answer.sample().and_then(|sample| sample.granted);
        if let Some(got) = got.filter(|got| *got != inner.get()) {
            let widths = granted.entry(runtime.to_string()).or_default();
            widths.insert((inner.get(), got));
        }
    }
    let line = |(runtime, widths): (String, BTreeSet<(u32, u32)>)| {
        let widths = widths
            .iter()
            .map(|(asked, got)| format!("{got} for {asked}"));
        let widths: Vec<String> = widths.collect();
        let widths = widths.join(", ");
        format!("note: {runtime} granted other team widths than asked (column granted): {widths}\n")
    };
    granted.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Visit;
    use crate::record::{Answer, Sample};

    #[test]
    fn widths_that_were_not_granted_are_named_once_for_each_library() {
        let record = |inner: u32, granted: Option<u32>| {
            let cell = format!("matmul.f64.8_2x{inner}_blas:mkl_independent_unbound_static_t4");
            let visit = Visit {
                round: 1,
                cell: cell.parse().unwrap(),
            };
            let sample = Sample {
                granted,
                ..Sample::default()
            };
            Record {
                runner: "host".to_owned(),
                visit,
                rep: 1,
                unix_ms: 0,
                answer: Answer::Ok(sample),
            }
        };
        let records = [
            record(2, Some(2)),
            record(4, Some(2)),
            record(8, Some(2)),
            record(8, Some(2)),
            record(3, None),
        ];
        let text = deviations(&records);
        assert!(text.contains("blas:mkl granted"), "{text}");
        assert!(text.ends_with(": 2 for 4, 2 for 8\n"), "{text}");
        assert_eq!(deviations(&records[..1]), "");
    }
}
