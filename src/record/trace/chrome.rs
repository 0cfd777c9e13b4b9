//! What does a trace look like as a file?
//!
//! The Trace Event Format of the Chromium project, which <https://ui.perfetto.dev> and
//! `chrome://tracing` open: one row a PU and one row a thread, times in microseconds. What other
//! programs have no use for stands in `args` and `otherData`, so that nothing is lost on the way back.
//
// --- Implementation ---
// Source: "Trace Event Format", the Chromium project: complete events ("X") and metadata ("M").

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{Activity, Place, Span, Trace};
use crate::text::Named;

/// Rows of PUs and rows of threads, which the format calls processes.
const PUS: u32 = 1;
const THREADS: u32 = 2;

const NS_PER_US: f64 = 1e3;

/// A file that is no trace of ours.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// It is no JSON of this form.
    #[error("it is no trace: {0}")]
    Form(#[from] serde_json::Error),
    /// Another program wrote it, or something in it is unknown.
    #[error("it is no trace that `oversub trace` or `oversub simulate --trace` wrote: {0}")]
    Foreign(String),
}

#[derive(Serialize, Deserialize)]
struct File {
    #[serde(rename = "traceEvents")]
    events: Vec<Event>,
    #[serde(rename = "otherData")]
    about: Option<About>,
}

#[derive(Serialize, Deserialize)]
struct About {
    cell: String,
    source: String,
    wall_ns: u64,
    cut: bool,
}

#[derive(Serialize, Deserialize)]
struct Event {
    name: String,
    #[serde(default)]
    cat: String,
    ph: String,
    pid: u32,
    tid: u32,
    /// Start [us].
    #[serde(default)]
    ts: f64,
    /// Length [us].
    #[serde(default)]
    dur: f64,
    #[serde(default)]
    args: Args,
}

#[derive(Default, Serialize, Deserialize)]
struct Args {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pu: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    without_pu_ns: Option<u64>,
}

impl Trace {
    /// Writes the trace in Chrome's JSON format.
    ///
    /// # Errors
    ///
    /// If `out` cannot be written to.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut events = vec![
            naming("process_name", PUS, 0, "PUs".to_owned()),
            naming("process_name", THREADS, 0, "threads".to_owned()),
        ];
        for pu in self.pus() {
            events.push(naming("thread_name", PUS, pu, format!("PU {pu}")));
        }
        for (thread, name) in (0..).zip(&self.threads) {
            events.push(naming("thread_name", THREADS, thread, name.clone()));
        }
        for span in &self.spans {
            events.push(event((THREADS, span.thread), words(span), span));
            let on_pu = span.pu.filter(|_| span.activity.holds_pu());
            if let Some(pu) = on_pu {
                let name = &self.threads[span.thread as usize];
                events.push(event((PUS, pu), format!("{name}: {}", words(span)), span));
            }
        }
        let about = Some(About {
            cell: self.cell.clone(),
            source: self.source.clone(),
            wall_ns: self.wall,
            cut: self.cut,
        });
        serde_json::to_writer(&mut *out, &File { events, about })?;
        out.write_all(b"\n")
    }

    /// Reads what [`Trace::write`] wrote.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn read(text: &str) -> Result<Self, TraceError> {
        let File { events, about } = serde_json::from_str(text)?;
        let foreign = |what: &str| TraceError::Foreign(what.to_owned());
        let about = about.ok_or_else(|| foreign("it has no otherData"))?;
        let of_threads = || events.iter().filter(|event| event.pid == THREADS);
        let names = of_threads().filter(|event| event.name == "thread_name");
        let names = names.filter_map(|event| event.args.name.clone());
        let mut trace = Self {
            cell: about.cell,
            source: about.source,
            wall: about.wall_ns,
            cut: about.cut,
            ..Self::new(names.collect())
        };
        for event in of_threads().filter(|event| event.ph == "X") {
            let span = span(event).ok_or_else(|| foreign(&format!("'{}'", event.name)))?;
            if span.thread as usize >= trace.threads.len() {
                return Err(foreign(&format!("thread {} has no name", span.thread)));
            }
            trace.add(span);
        }
        Ok(trace)
    }
}

fn naming(what: &str, pid: u32, tid: u32, name: String) -> Event {
    Event {
        name: what.to_owned(),
        cat: String::new(),
        ph: "M".to_owned(),
        pid,
        tid,
        ts: 0.0,
        dur: 0.0,
        args: Args {
            name: Some(name),
            ..Args::default()
        },
    }
}

fn event((pid, tid): (u32, u32), name: String, span: &Span) -> Event {
    Event {
        name,
        cat: span.activity.name().to_owned(),
        ph: "X".to_owned(),
        pid,
        tid,
        ts: span.start as f64 / NS_PER_US,
        dur: span.length() as f64 / NS_PER_US,
        args: Args {
            name: None,
            pu: span.pu,
            place: written(span.place),
            without_pu_ns: Some(span.away).filter(|away| *away > 0),
        },
    }
}

/// What a viewer shows on the span.
fn words(span: &Span) -> String {
    match (span.activity, span.place) {
        (activity, Place::Unsaid) => activity.name().to_owned(),
        (Activity::Task, Place::Task(number)) => format!("task {number}"),
        (activity, place) => format!(
            "{}, {}",
            activity.name(),
            written(place).unwrap_or_default()
        ),
    }
}

fn written(place: Place) -> Option<String> {
    Some(match place {
        Place::Unsaid => return None,
        Place::Task(number) => format!("task {number}"),
        Place::Phase(number) => format!("phase {number}"),
        Place::Fork => "fork".to_owned(),
        Place::Barrier => "barrier".to_owned(),
        Place::Join => "join".to_owned(),
        Place::Gate => "gate".to_owned(),
    })
}

fn place(text: Option<&str>) -> Option<Place> {
    let Some(text) = text else {
        return Some(Place::Unsaid);
    };
    Some(match text.split_once(' ') {
        Some(("task", number)) => Place::Task(number.parse().ok()?),
        Some(("phase", number)) => Place::Phase(number.parse().ok()?),
        _ => *[Place::Fork, Place::Barrier, Place::Join, Place::Gate]
            .iter()
            .find(|place| written(**place).as_deref() == Some(text))?,
    })
}

fn span(event: &Event) -> Option<Span> {
    let activity = Activity::by_name(&event.cat).ok()?;
    let start = (event.ts * NS_PER_US).round() as u64;
    Some(Span {
        thread: event.tid,
        pu: event.args.pu,
        activity,
        place: place(event.args.place.as_deref())?,
        start,
        end: start + (event.dur * NS_PER_US).round() as u64,
        away: event.args.without_pu_ns.unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::trace::tests::span;

    fn trace() -> Trace {
        let mut trace = Trace::new(vec!["w0".into(), "w0.m1".into()]);
        (trace.cell, trace.source, trace.wall) = ("a cell".into(), "measured".into(), 9_000);
        let places = [
            Place::Unsaid,
            Place::Task(3),
            Place::Phase(1),
            Place::Fork,
            Place::Barrier,
            Place::Join,
            Place::Gate,
        ];
        for (i, activity) in (0..).zip(Activity::all()) {
            trace.add(Span {
                thread: i % 2,
                pu: Some(i % 3).filter(|pu| *pu > 0),
                place: places[i as usize % places.len()],
                away: u64::from(i) * 7,
                ..span(activity, 1_500 + u64::from(i), 4_001)
            });
        }
        trace
    }

    #[test]
    fn a_trace_comes_back_from_its_file() {
        let mut file = Vec::new();
        trace().write(&mut file).unwrap();
        assert_eq!(
            Trace::read(str::from_utf8(&file).unwrap()).unwrap(),
            trace()
        );
    }

    #[test]
    fn the_file_is_json_with_a_row_for_each_pu_and_thread() {
        let mut trace = Trace::new(vec!["w0".into()]);
        trace.add(span(Activity::Compute, 1_500, 4_000));
        let mut file = Vec::new();
        trace.write(&mut file).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&file).unwrap();
        let events = json["traceEvents"].as_array().unwrap();
        let spans: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
        assert_eq!((events.len(), spans.len()), (2 + 1 + 1 + 2, 2));
        assert_eq!(
            (&spans[0]["ts"], &spans[0]["dur"]),
            (&1.5.into(), &2.5.into())
        );
        assert_eq!(spans[1]["name"], "w0: compute");
    }

    #[test]
    fn what_another_program_wrote_is_refused_by_what_is_foreign() {
        let read = |text: &str| Trace::read(text).unwrap_err().to_string();
        assert!(read("[1]").contains("it is no trace"));
        assert!(read(r#"{"traceEvents": []}"#).contains("otherData"));
        let mut file = Vec::new();
        trace().write(&mut file).unwrap();
        let other = String::from_utf8(file).unwrap().replace("compute", "dance");
        assert!(read(&other).contains("dance"), "{}", read(&other));
    }
}
