//! Which thread held which PU when, and for what?
//!
//! The spans of one execution, and their form as a file that Chrome's and Perfetto's trace viewers
//! open (<https://ui.perfetto.dev>): one row a PU and one row a thread, times in microseconds.

use std::io::{self, Write};

use serde::Serialize;

use super::calendar::Ns;
use super::layout::Pu;
use super::report::Category;
use super::rq::Tid;

/// Most spans that are kept; a viewer is of little use beyond.
const MOST_SPANS: usize = 1_000_000;

/// A stretch of time in which a PU did one thing for one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// PU, numbered in topology order.
    pub pu: u32,
    /// The thread that held it.
    pub thread: u32,
    /// What it did.
    pub category: Category,
    /// When it began [ns].
    pub start: u64,
    /// When it ended [ns].
    pub end: u64,
}

/// The spans of one execution, each PU's in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Name of each thread.
    pub threads: Vec<String>,
    /// The spans, in the order in which they ended.
    pub spans: Vec<Span>,
    /// Whether spans were left out because there were too many.
    pub cut: bool,
    /// Index of the last span of each PU.
    last: Vec<Option<usize>>,
    /// When the execution began [ns].
    origin: Ns,
}

impl Trace {
    pub(super) fn new(threads: Vec<String>, pus: usize) -> Self {
        Self {
            threads,
            last: vec![None; pus],
            ..Self::default()
        }
    }

    /// Forgets all spans: an execution begins at `now`, which is its time 0.
    pub(super) fn begin(&mut self, now: Ns) {
        self.spans.clear();
        self.last.fill(None);
        (self.cut, self.origin) = (false, now);
    }

    /// Adds what `pu` did for `thread` from `start` to `end`; continues its last span if that was
    /// the same.
    pub(super) fn add(&mut self, (pu, thread): (Pu, Tid), category: Category, start: Ns, end: Ns) {
        let (start, end) = (start - self.origin, end - self.origin);
        let last = self.last[pu as usize].map(|last| &mut self.spans[last]);
        if let Some(last) = last
            && (last.thread, last.category, last.end) == (thread, category, start)
        {
            last.end = end;
            return;
        }
        if self.spans.len() >= MOST_SPANS {
            self.cut = true;
            return;
        }
        self.last[pu as usize] = Some(self.spans.len());
        self.spans.push(Span {
            pu,
            thread,
            category,
            start,
            end,
        });
    }

    /// Writes the trace in Chrome's JSON format.
    ///
    /// # Errors
    ///
    /// If `out` cannot be written to.
    // Source: "Trace Event Format", the Chromium project: complete events and metadata events.
    pub fn write_chrome(&self, out: &mut impl Write) -> io::Result<()> {
        let mut events: Vec<Event<'_>> = Vec::new();
        for (row, name) in [(PUS, "PUs"), (THREADS, "threads")] {
            events.push(Event::naming("process_name", row, 0, name.to_owned()));
        }
        for pu in 0..self.last.len() as u32 {
            events.push(Event::naming("thread_name", PUS, pu, format!("PU {pu}")));
        }
        for (thread, name) in (0..).zip(&self.threads) {
            events.push(Event::naming("thread_name", THREADS, thread, name.clone()));
        }
        for span in &self.spans {
            let name = &self.threads[span.thread as usize];
            let category = name_of(span.category);
            events.push(Event::span(
                (PUS, span.pu),
                format!("{name}: {category}"),
                span,
            ));
            let there = format!("{category} on PU {}", span.pu);
            events.push(Event::span((THREADS, span.thread), there, span));
        }
        serde_json::to_writer(&mut *out, &File { events })?;
        out.write_all(b"\n")
    }
}

/// Rows of PUs and rows of threads, which the format calls processes.
const PUS: u32 = 1;
const THREADS: u32 = 2;

fn name_of(category: Category) -> &'static str {
    let found = Category::ALL.iter().find(|(known, _)| *known == category);
    found.map_or("", |(_, name)| name)
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(rename = "traceEvents")]
    events: Vec<Event<'a>>,
}

#[derive(Serialize)]
struct Event<'a> {
    name: String,
    cat: &'a str,
    ph: &'a str,
    pid: u32,
    tid: u32,
    /// Start [us].
    ts: f64,
    /// Length [us].
    dur: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Name>,
}

#[derive(Serialize)]
struct Name {
    name: String,
}

impl<'a> Event<'a> {
    fn naming(what: &'a str, pid: u32, tid: u32, name: String) -> Self {
        Self {
            name: what.to_owned(),
            cat: "",
            ph: "M",
            pid,
            tid,
            ts: 0.0,
            dur: 0.0,
            args: Some(Name { name }),
        }
    }

    fn span((pid, tid): (u32, u32), name: String, span: &Span) -> Self {
        Self {
            name,
            cat: name_of(span.category),
            ph: "X",
            pid,
            tid,
            ts: span.start as f64 / 1e3,
            dur: (span.end - span.start) as f64 / 1e3,
            args: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touching_spans_of_one_kind_are_one() {
        let mut trace = Trace::new(vec!["worker 0".into()], 1);
        for (start, end, category) in [
            (0, 5, Category::Spin),
            (5, 7, Category::Spin),
            (7, 9, Category::Compute),
        ] {
            trace.add((0, 0), category, start, end);
        }
        let spans: Vec<(u64, u64)> = trace
            .spans
            .iter()
            .map(|span| (span.start, span.end))
            .collect();
        assert_eq!(spans, [(0, 7), (7, 9)]);
    }

    #[test]
    fn the_file_is_json_with_a_row_for_each_pu_and_thread() {
        let mut trace = Trace::new(vec!["worker 0".into()], 2);
        trace.add((1, 0), Category::Compute, 1_500, 4_000);
        let mut file = Vec::new();
        trace.write_chrome(&mut file).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&file).unwrap();
        let events = json["traceEvents"].as_array().unwrap();
        let spans: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
        assert_eq!((events.len(), spans.len()), (2 + 2 + 1 + 2, 2));
        assert_eq!(
            (&spans[0]["ts"], &spans[0]["dur"]),
            (&1.5.into(), &2.5.into())
        );
        assert_eq!(spans[0]["name"], "worker 0: compute");
    }
}
