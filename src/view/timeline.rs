//! Who did what over time: one row a thread, or one row a PU.
//!
//! [`timeline`] draws one trace or several below each other, on one scale where their lengths allow
//! it. The height of a colour is the share of that moment: a thread that computes at full height
//! had a PU all the time, one at a quarter of it had one for a quarter of the time.

mod raster;
mod words;

use crate::record::trace::{Activity, Trace};
use crate::text::Named;
use crate::units::human_span;
use crate::view::canvas::{Area, Canvas, Color, GREY, Spot, Stroke, Text};
use crate::view::parts;

use raster::{Raster, Run};
use words::{headline, meaning, thread_name};

const MARGIN: f64 = 20.0;
const TITLE: f64 = 20.0;
const SUBTITLE: f64 = 13.0;
const SMALL: f64 = 11.0;
/// Distance of lines of text [em].
const LINE: f64 = 1.4;
/// Width of the time axis [points].
const WIDTH: f64 = 1000.0;
/// Height of all rows of a trace that is aimed at [points].
const ROWS: f64 = 260.0;
/// Room below the rows for the axis [points].
const AXIS: f64 = 42.0;
/// Traces whose lengths differ by less than this share one scale [1].
const ONE_SCALE: f64 = 4.0;

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Threads.
    Thread,
    /// PUs.
    Pu,
}

/// The colour of an activity; none for frames.
fn color(activity: Activity) -> Option<Color> {
    (!activity.is_frame()).then(|| parts::color(activity.name()))
}

/// Draws `traces` from `from` to `to` [ns] of each, or all of it.
pub fn timeline(traces: &[Trace], by: By, window: Option<(u64, u64)>) -> Canvas {
    let panels = panels(traces, by, window);
    let labels = panels.iter().flat_map(|panel| panel.labels.iter());
    let left = labels
        .map(|label| Text::new(SMALL).width(label))
        .fold(0.0, f64::max)
        + 12.0;
    let footnote = Text::new(SMALL).flow(&footnote(by, traces), " · ", left + WIDTH);
    let top = MARGIN + TITLE * LINE + 24.0;
    let heights: f64 = panels.iter().map(Panel::height).sum();
    let height = top + heights + footnote.len() as f64 * SMALL * LINE + MARGIN;
    let mut canvas = Canvas::new(left + WIDTH + 2.0 * MARGIN, height);
    let title = traces.first().map_or_else(String::new, headline);
    canvas.text(
        (MARGIN, MARGIN + TITLE / 2.0),
        title,
        Text::new(TITLE).bold(),
    );
    legend(&mut canvas, &panels, (MARGIN, MARGIN + TITLE * LINE + 6.0));
    let mut y = top;
    for panel in &panels {
        panel.draw(&mut canvas, (MARGIN + left, y));
        y += panel.height();
    }
    for (i, line) in footnote.iter().enumerate() {
        let middle = y + (i as f64 + 0.5) * SMALL * LINE;
        canvas.text((MARGIN, middle), line.clone(), Text::new(SMALL).color(GREY));
    }
    canvas
}

fn footnote(by: By, traces: &[Trace]) -> Vec<String> {
    let measured = traces
        .iter()
        .any(|trace| trace.source.starts_with("measured"));
    let cut = traces.iter().any(|trace| trace.cut);
    let told = [
        (
            measured && by == By::Thread,
            "measured: waits are cut where a thread did not look for 0.1 ms; of a computation it is only known \
             how long it was without a PU, so that share is spread over it",
        ),
        (
            measured && by == By::Pu,
            "measured: waits stand where they were seen; a computation that was interrupted is spread over the rest \
             of its span",
        ),
        (
            by == By::Pu,
            "white: the PU was idle, or another program had it; PUs that no thread ran on are left out",
        ),
        (cut, "there were too many spans; the rest is missing"),
    ];
    let told = told.into_iter().filter(|(holds, _)| *holds);
    told.map(|(_, words)| words.to_owned()).collect()
}

/// One trace, ready to be drawn.
struct Panel {
    heading: Vec<String>,
    labels: Vec<String>,
    rows: Vec<Vec<Run>>,
    row_height: f64,
    /// Time at the left end and length of the axis [ns].
    axis: (u64, u64),
}

fn panels(traces: &[Trace], by: By, window: Option<(u64, u64)>) -> Vec<Panel> {
    let length = |trace: &Trace| window.map_or(trace.wall, |(from, to)| to - from).max(1);
    let longest = traces.iter().map(length).max().unwrap_or(1);
    let shortest = traces.iter().map(length).min().unwrap_or(1);
    let shared = (longest as f64) < ONE_SCALE * shortest as f64;
    let one_cell = traces.iter().all(|trace| trace.cell == traces[0].cell);
    let panel = |(i, trace): (usize, &Trace)| {
        let from = window.map_or(0, |(from, _)| from);
        let axis = (from, if shared { longest } else { length(trace) });
        let raster = Raster::of(trace, by, axis);
        let rows = raster.rows.len().max(1) as f64;
        let wall = human_span(std::time::Duration::from_nanos(trace.wall));
        let mut heading = vec![format!("{}: {wall}", trace.source)];
        if i == 0 || !one_cell {
            heading.push(trace.cell.clone());
        }
        Panel {
            heading,
            labels: raster.labels.iter().map(|name| thread_name(name)).collect(),
            rows: raster.rows,
            row_height: (ROWS / rows).clamp(5.0, 44.0),
            axis,
        }
    };
    traces.iter().enumerate().map(panel).collect()
}

impl Panel {
    fn height(&self) -> f64 {
        self.above() + self.rows.len() as f64 * self.row_height + AXIS
    }

    fn above(&self) -> f64 {
        self.heading.len() as f64 * SUBTITLE * LINE + 10.0
    }

    fn draw(&self, canvas: &mut Canvas, (x, top): Spot) {
        for (i, line) in self.heading.iter().enumerate() {
            let text = Text::new(SUBTITLE);
            let text = if i == 0 {
                text.bold()
            } else {
                text.color(GREY)
            };
            let middle = top + (i as f64 + 0.5) * SUBTITLE * LINE;
            canvas.text((MARGIN, middle), line.clone(), text);
        }
        let rows_top = top + self.above();
        let bottom = rows_top + self.rows.len() as f64 * self.row_height;
        self.axis(canvas, (x, rows_top), bottom);
        // Labels of rows lower than a line of text would cover each other.
        let every = (SMALL * 1.1 / self.row_height).ceil().max(1.0) as usize;
        for (i, (label, runs)) in self.labels.iter().zip(&self.rows).enumerate() {
            let row = Area::new(
                (x, rows_top + i as f64 * self.row_height),
                WIDTH,
                self.row_height,
            );
            if i % every == 0 {
                let spot = (x - 8.0, row.centre().1);
                canvas.text(spot, label.clone(), Text::new(SMALL).end());
            }
            runs.iter().for_each(|run| draw_run(canvas, run, row));
            let line = [(x, row.bottom()), (x + WIDTH, row.bottom())];
            canvas.line(&line, Stroke::new(Color(235, 235, 235), 1.0));
        }
    }

    fn axis(&self, canvas: &mut Canvas, (x, top): Spot, bottom: f64) {
        const NS_PER_MS: f64 = 1e6;
        let (from, length) = (
            self.axis.0 as f64 / NS_PER_MS,
            self.axis.1 as f64 / NS_PER_MS,
        );
        let step = round_step(length / 10.0);
        let mut tick = (from / step).ceil() * step;
        while tick <= from + length * 1.000_001 {
            let at = x + (tick - from) / length * WIDTH;
            canvas.line(
                &[(at, top), (at, bottom)],
                Stroke::new(Color(225, 225, 225), 1.0),
            );
            canvas.line(&[(at, bottom), (at, bottom + 4.0)], Stroke::new(GREY, 1.0));
            let label = format!("{}", (tick * 1e6).round() / 1e6);
            canvas.text((at, bottom + 12.0), label, Text::new(SMALL).middle());
            tick += step;
        }
        let label = "time since the workers were released [ms]";
        canvas.text(
            (x + WIDTH / 2.0, bottom + 27.0),
            label,
            Text::new(12.0).middle(),
        );
    }
}

/// The largest of 1, 2, 5, 10, .. that is no more than twice `least`.
fn round_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let step = steps.iter().find(|step| *step * decade >= least);
    step.unwrap_or(&10.0) * decade
}

/// Draws the shares of `run` as a stack on the floor of `row`; what is no use of a PU hangs above.
fn draw_run(canvas: &mut Canvas, run: &Run, row: Area) {
    let inner = row.height - 1.5;
    let (x, width) = (row.x + run.from * WIDTH, (run.to - run.from) * WIDTH);
    let mut floor = row.bottom() - 0.75;
    for (activity, share) in &run.shares {
        let Some(color) = color(*activity) else {
            continue;
        };
        let height = share * inner;
        if *activity == Activity::Blocked {
            let middle = row.centre().1;
            canvas.rect(Area::new((x, middle - 0.5), width, 1.0), color);
            continue;
        }
        // Shares are rounded one by one, so that their sum may be a little more than the row.
        let top = (floor - height).max(row.y + 0.75);
        canvas.rect(Area::new((x, top), width, floor - top), color);
        floor = top;
    }
}

fn legend(canvas: &mut Canvas, panels: &[Panel], (mut x, y): Spot) {
    let runs = || panels.iter().flat_map(|panel| panel.rows.iter().flatten());
    let seen =
        |activity: Activity| runs().any(|run| run.shares.iter().any(|(a, _)| *a == activity));
    for activity in Activity::all().filter(|activity| seen(*activity)) {
        let Some(color) = color(activity) else {
            continue;
        };
        canvas.rect(Area::new((x, y - 6.0), 14.0, 12.0), color);
        let words = meaning(activity);
        canvas.text((x + 19.0, y), words, Text::new(12.0));
        x += 19.0 + Text::new(12.0).width(words) + 18.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::trace::{Place, Span};

    fn trace(source: &str, wall: u64) -> Trace {
        let mut trace = Trace::new(vec!["w0".into(), "w0.m1".into()]);
        (trace.cell, trace.source, trace.wall) = ("a cell".into(), source.into(), wall);
        for (thread, activity) in [(0, Activity::Compute), (1, Activity::Spin)] {
            trace.add(Span {
                thread,
                pu: Some(thread),
                activity,
                place: Place::Barrier,
                start: 0,
                end: wall,
                away: 0,
            });
        }
        trace
    }

    #[test]
    fn both_traces_are_drawn_with_their_source_and_only_what_occurs_is_explained() {
        let traces = [
            trace("measured on this", 2_000_000),
            trace("simulated that", 3_000_000),
        ];
        let svg = timeline(&traces, By::Thread, None).svg();
        for words in [
            "measured on this: 2.00 ms",
            "simulated that: 3.00 ms",
            "thread 0.1",
            "spins",
            "50 % of the CPU time is",
            "a cell",
        ] {
            assert!(svg.contains(words), "{words}");
        }
        assert!(!svg.contains("yields"));
        assert_eq!(svg.matches("a cell").count(), 1);
        let pus = timeline(&traces, By::Pu, None).svg();
        assert!(pus.contains("PU 1") && !pus.contains("thread 0.1"));
    }

    #[test]
    fn timelines_can_be_read_with_one_thread_and_with_many_of_every_activity() {
        use crate::view::gallery::{LONG, assert_readable};
        for threads in [1_u32, 6, 64] {
            let name = |thread: u32| format!("w{thread}.{LONG}");
            let mut trace = Trace::new((0..threads).map(name).collect());
            (trace.cell, trace.source, trace.wall) = (LONG.into(), LONG.into(), 6_000);
            for thread in 0..threads {
                for (i, activity) in (0..).zip(Activity::all()) {
                    trace.add(Span {
                        thread,
                        pu: Some(thread),
                        activity,
                        place: Place::Barrier,
                        start: i * 1000,
                        end: (i + 1) * 1000,
                        away: 0,
                    });
                }
            }
            for by in [By::Thread, By::Pu] {
                let traces = [trace.clone(), trace.clone()];
                let picture = timeline(&traces, by, None);
                assert_readable(&format!("{threads} threads by {by:?}"), &picture);
            }
        }
    }

    #[test]
    fn threads_are_called_the_same_whoever_recorded_them() {
        let names = ["w0", "w12.m3", "worker 0", "measurer", "w0.x", "wait"].map(thread_name);
        let expected = [
            "worker 0",
            "thread 12.3",
            "worker 0",
            "measurer",
            "w0.x",
            "wait",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn steps_of_an_axis_are_round() {
        for (least, step) in [
            (0.9, 1.0),
            (1.0, 1.0),
            (1.1, 2.0),
            (3.0, 5.0),
            (70.0, 100.0),
        ] {
            assert!((round_step(least) - step).abs() < 1e-9, "{least}");
        }
    }
}
