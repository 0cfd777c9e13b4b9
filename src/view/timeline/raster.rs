//! What was done in each narrow column of a row?
//!
//! Time is cut into columns narrower than a point; what happened within one becomes shares of it.
//! So a picture of a million spans has no more shapes than it has room for, and whatever is too
//! short to see still counts. Equal columns next to each other are drawn as one [`Run`].

use super::By;
use crate::record::trace::{Activity, Span, Trace};

/// Columns of a row; half a point each.
const COLUMNS: usize = 2000;

/// Steps between nothing and all of a column, so that nearly equal columns are one run.
const STEPS: f64 = 16.0;

/// What is shown, from the floor of a row upwards.
const SHOWN: [Activity; 6] = [
    Activity::Compute,
    Activity::Spin,
    Activity::Yield,
    Activity::Switch,
    Activity::Queued,
    Activity::Blocked,
];

/// Time of each of [`SHOWN`] in a column, as a share of it.
type Shares = [f64; SHOWN.len()];

/// Columns with the same shares.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    /// Left end, 0 to 1.
    pub(super) from: f64,
    /// Right end, 0 to 1.
    pub(super) to: f64,
    /// What happened and for which share of the time, floor first.
    pub(super) shares: Vec<(Activity, f64)>,
}

/// The rows of a trace.
pub(super) struct Raster {
    pub(super) labels: Vec<String>,
    pub(super) rows: Vec<Vec<Run>>,
}

impl Raster {
    /// The rows of `trace` by thread or PU, over the axis that starts at and is as long as `axis` says
    /// [ns].
    pub(super) fn of(trace: &Trace, by: By, axis: (u64, u64)) -> Self {
        let pus = trace.pus();
        let labels: Vec<String> = match by {
            By::Thread => trace.threads.clone(),
            By::Pu => pus.iter().map(|pu| format!("PU {pu}")).collect(),
        };
        let mut rows = vec![vec![[0.0; SHOWN.len()]; COLUMNS]; labels.len()];
        let spans = trace.spans.iter().filter(|span| !span.activity.is_frame());
        let (sure, unsure): (Vec<&Span>, Vec<&Span>) = spans.partition(|span| span.away == 0);
        for span in sure.into_iter().chain(unsure) {
            let row = match (by, span.pu) {
                (By::Thread, _) => Some(span.thread as usize),
                (By::Pu, Some(pu)) if span.activity.holds_pu() => pus.binary_search(&pu).ok(),
                (By::Pu, _) => None,
            };
            if let Some(row) = row {
                paint(&mut rows[row], span, by, axis);
            }
        }
        Self {
            labels,
            rows: rows.iter().map(|row| runs(row)).collect(),
        }
    }
}

fn index(activity: Activity) -> Option<usize> {
    SHOWN.iter().position(|shown| *shown == activity)
}

fn paint(row: &mut [Shares], span: &Span, by: By, axis: (u64, u64)) {
    let Some(index) = index(span.activity) else {
        return;
    };
    let covered = covered(span, axis);
    if span.away == 0 {
        covered.for_each(|(column, share)| row[column][index] += share);
        return;
    }
    let on = (span.length() - span.away) as f64 / span.length() as f64;
    match by {
        By::Thread => {
            let away = SHOWN.iter().position(|shown| *shown == Activity::Queued);
            for (column, share) in covered {
                row[column][index] += share * on;
                away.into_iter()
                    .for_each(|away| row[column][away] += share * (1.0 - on));
            }
        }
        By::Pu => spread(row, index, covered.collect(), on),
    }
}

/// Spreads a share `on` of `covered` over what others left free there.
fn spread(row: &mut [Shares], index: usize, covered: Vec<(usize, f64)>, on: f64) {
    let free: Vec<f64> = covered
        .iter()
        .map(|(column, share)| (1.0 - row[*column].iter().sum::<f64>()).clamp(0.0, *share))
        .collect();
    let room: f64 = free.iter().sum();
    let wanted: f64 = covered.iter().map(|(_, share)| share * on).sum();
    if room > 0.0 {
        let part = (wanted / room).min(1.0);
        for ((column, _), free) in covered.iter().zip(free) {
            row[*column][index] += free * part;
        }
    }
}

/// The columns that `span` touches, with the share of each that it covers.
fn covered(span: &Span, (from, length): (u64, u64)) -> impl Iterator<Item = (usize, f64)> {
    let scale = COLUMNS as f64 / length as f64;
    let at = |time: u64| ((time as f64 - from as f64) * scale).clamp(0.0, COLUMNS as f64);
    let (start, end) = (at(span.start), at(span.end));
    let columns = start.floor() as usize..(end.ceil() as usize).min(COLUMNS);
    columns.map(move |column| {
        let left = start.max(column as f64);
        (column, end.min(column as f64 + 1.0) - left)
    })
}

fn runs(row: &[Shares]) -> Vec<Run> {
    // A PU is read once a span, so that two threads may seem to hold one at the same time.
    let stepped = |shares: &Shares| {
        let all = shares.iter().sum::<f64>().max(1.0);
        shares.map(|share| (share / all * STEPS).round() as u8)
    };
    let mut runs = Vec::new();
    let mut from = 0;
    while from < row.len() {
        let here = stepped(&row[from]);
        let length = row[from..]
            .iter()
            .take_while(|shares| stepped(shares) == here)
            .count();
        let shares = SHOWN.iter().zip(here).filter(|(_, steps)| *steps > 0);
        let shares: Vec<(Activity, f64)> = shares
            .map(|(activity, steps)| (*activity, f64::from(steps) / STEPS))
            .collect();
        if !shares.is_empty() {
            runs.push(Run {
                from: from as f64 / COLUMNS as f64,
                to: (from + length) as f64 / COLUMNS as f64,
                shares,
            });
        }
        from += length;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::trace::Place;

    fn span(thread: u32, activity: Activity, (start, end): (u64, u64), away: u64) -> Span {
        Span {
            thread,
            pu: Some(0),
            activity,
            place: Place::Unsaid,
            start,
            end,
            away,
        }
    }

    fn raster(spans: &[Span], by: By) -> Vec<Vec<Run>> {
        let mut trace = Trace::new(vec!["w0".into(), "w0.m1".into()]);
        spans.iter().for_each(|span| trace.add(*span));
        Raster::of(&trace, by, (0, 8_000)).rows
    }

    /// Computes for the first half of 8 us with a PU for a quarter of that.
    #[test]
    fn a_thread_that_was_away_is_as_high_as_the_time_it_had_a_pu() {
        let rows = raster(&[span(0, Activity::Compute, (0, 4_000), 3_000)], By::Thread);
        let shares = vec![(Activity::Compute, 0.25), (Activity::Queued, 0.75)];
        assert_eq!(
            rows[0],
            [Run {
                from: 0.0,
                to: 0.5,
                shares
            }]
        );
        assert_eq!(rows[1], []);
    }

    /// One thread computes within 8 us for 4 us; that the other spun on the same PU in the first 4
    /// leaves it only the last 4.
    #[test]
    fn on_a_pu_an_interrupted_computation_takes_what_others_left() {
        let spans = [
            span(0, Activity::Compute, (0, 8_000), 4_000),
            span(1, Activity::Spin, (0, 4_000), 0),
        ];
        let rows = raster(&spans, By::Pu);
        let run = |from, to, activity| Run {
            from,
            to,
            shares: vec![(activity, 1.0)],
        };
        assert_eq!(
            rows,
            [[
                run(0.0, 0.5, Activity::Spin),
                run(0.5, 1.0, Activity::Compute)
            ]]
        );
    }

    #[test]
    fn what_is_shorter_than_a_column_still_counts() {
        let spans: Vec<Span> = (0..2_000)
            .map(|i| span(0, Activity::Spin, (i * 4, i * 4 + 2), 0))
            .collect();
        let rows = raster(&spans, By::Thread);
        let shares = vec![(Activity::Spin, 0.5)];
        assert_eq!(
            rows[0],
            [Run {
                from: 0.0,
                to: 1.0,
                shares
            }]
        );
    }
}
