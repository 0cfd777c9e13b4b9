//! Which thread did what when, and on which PU?
//!
//! A [`Trace`] is one execution of a cell as spans of time, measured or simulated: both runners
//! fill the same form, so that one picture shows both. [`Trace::write`] and [`Trace::read`] give it
//! a file that Chrome's and Perfetto's viewers open too.
//!
//! Whether a thread holds a PU is known in two ways. Of most spans it is known for every moment: a
//! simulation knows all, and a thread that looks again and again notices when it was away. Of a
//! span in which nobody looked, such as a measured computation, only the sum is known:
//! [`Span::away`].

mod chrome;

use std::collections::BTreeSet;

pub use chrome::TraceError;

/// Most spans that are kept; a viewer is of little use beyond.
const MOST_SPANS: usize = 1_000_000;

/// What a thread does for a while.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Activity {
    /// Works on a task.
    Compute,
    /// Looks again and again whether it may go on, and holds its PU.
    Spin,
    /// Looks again and again and offers its PU in between.
    Yield,
    /// Is being switched to, fills caches, wakes others.
    Switch,
    /// Is ready to run, but has no PU.
    Queued,
    /// Blocks, and needs no PU.
    Blocked,
    /// Is between the start and the end of a task, whatever it does there.
    Task,
    /// The same of tasks that were taken together.
    Chunk,
}

impl Activity {
    /// Whether a thread holds a PU meanwhile.
    pub fn holds_pu(self) -> bool {
        matches!(
            self,
            Self::Compute | Self::Spin | Self::Yield | Self::Switch
        )
    }

    /// Whether it surrounds other activities of the same thread.
    pub fn is_frame(self) -> bool {
        matches!(self, Self::Task | Self::Chunk)
    }
}

crate::named!(Activity, "activity");

/// Where in its program a thread is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Not said.
    #[default]
    Unsaid,
    /// In the task of this number.
    Task(u32),
    /// In this phase of a task.
    Phase(u32),
    /// Between two regions of its team.
    Fork,
    /// Between two phases.
    Barrier,
    /// At the end of a region.
    Join,
    /// Before a region that may not begin yet.
    Gate,
}

/// A stretch of time in which a thread did one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the thread in [`Trace::threads`].
    pub thread: u32,
    /// PU that it held, at the end of the span where that was seen only there. Measured: the
    /// system's number; simulated: in topology order.
    pub pu: Option<u32>,
    /// What it did.
    pub activity: Activity,
    /// Where in its program.
    pub place: Place,
    /// When it began, counted from the start of the execution [ns].
    pub start: u64,
    /// When it ended [ns].
    pub end: u64,
    /// For how long of that the thread was ready but had no PU, where only the sum is known [ns].
    pub away: u64,
}

impl Span {
    /// Its length [ns].
    pub fn length(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether `next` goes on with the same thing.
    fn continues_in(&self, next: &Self) -> bool {
        let same = |span: &Self| (span.pu, span.activity, span.place, span.away > 0);
        // A computation is one phase, and two that touch are two.
        self.activity != Activity::Task
            && self.away == 0
            && self.end == next.start
            && same(self) == same(next)
    }
}

/// One execution of a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The cell's text form.
    pub cell: String,
    /// Who says so: `measured` or `simulated`, and where.
    pub source: String,
    /// From the release of the workers to the end of the last task [ns].
    pub wall: u64,
    /// Name of each thread.
    pub threads: Vec<String>,
    /// The spans, in the order in which they ended.
    pub spans: Vec<Span>,
    /// Whether spans were left out because there were too many.
    pub cut: bool,
    /// Index of the last span of each thread.
    last: Vec<Option<usize>>,
}

impl Trace {
    /// A trace of these threads in which nothing has happened yet.
    pub fn new(threads: Vec<String>) -> Self {
        Self {
            last: vec![None; threads.len()],
            threads,
            ..Self::default()
        }
    }

    /// Forgets all spans.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.last.fill(None);
        self.cut = false;
    }

    /// Adds `span`; continues the last one of its thread if that was the same.
    pub fn add(&mut self, span: Span) {
        let last = &mut self.last[span.thread as usize];
        if let Some(before) = last.map(|last| &mut self.spans[last])
            && before.continues_in(&span)
        {
            before.end = span.end;
            return;
        }
        if self.spans.len() >= MOST_SPANS {
            self.cut = true;
            return;
        }
        *last = Some(self.spans.len());
        self.spans.push(span);
    }

    /// The PUs that any thread was seen on, ascending.
    pub fn pus(&self) -> Vec<u32> {
        let seen: BTreeSet<u32> = self.spans.iter().filter_map(|span| span.pu).collect();
        seen.into_iter().collect()
    }

    /// Times a thread was seen on another PU than before.
    pub fn migrations(&self) -> usize {
        let mut last: Vec<Option<u32>> = vec![None; self.threads.len()];
        let mut count = 0;
        for span in self.spans.iter().filter(|span| span.pu.is_some()) {
            let before = last[span.thread as usize].replace(span.pu.unwrap_or_default());
            count += usize::from(before.is_some() && before != span.pu);
        }
        count
    }

    /// Time that threads spent on `activity` [ns], that which they were away left out.
    pub fn time(&self, activity: Activity) -> u64 {
        let of = self.spans.iter().filter(|span| span.activity == activity);
        of.map(|span| span.length() - span.away).sum()
    }

    /// Time that threads were ready to run without a PU [ns].
    pub fn time_queued(&self) -> u64 {
        let away: u64 = self.spans.iter().map(|span| span.away).sum();
        self.time(Activity::Queued) + away
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A span of thread 0 on PU 1.
    pub(crate) fn span(activity: Activity, start: u64, end: u64) -> Span {
        Span {
            thread: 0,
            pu: Some(1),
            activity,
            place: Place::Unsaid,
            start,
            end,
            away: 0,
        }
    }

    #[test]
    fn touching_spans_of_one_kind_are_one() {
        let mut trace = Trace::new(vec!["w0".into()]);
        for (activity, start, end) in [
            (Activity::Spin, 0, 5),
            (Activity::Spin, 5, 7),
            (Activity::Compute, 7, 9),
        ] {
            trace.add(span(activity, start, end));
        }
        let spans: Vec<(u64, u64)> = trace.spans.iter().map(|s| (s.start, s.end)).collect();
        assert_eq!(spans, [(0, 7), (7, 9)]);
    }

    #[test]
    fn a_thread_seen_elsewhere_has_migrated() {
        let mut trace = Trace::new(vec!["w0".into(), "w1".into()]);
        let on = |thread, pu, start| Span {
            thread,
            pu,
            ..span(Activity::Spin, start, start + 1)
        };
        for span in [
            on(0, Some(0), 0),
            on(1, Some(1), 0),
            on(0, None, 2),
            on(0, Some(0), 4),
            on(0, Some(1), 6),
        ] {
            trace.add(span);
        }
        assert_eq!((trace.migrations(), trace.pus()), (1, vec![0, 1]));
    }

    /// 10 ns of computing of which 4 without a PU, and 3 in the queue.
    #[test]
    fn time_without_a_pu_is_no_time_of_computing() {
        let mut trace = Trace::new(vec!["w0".into()]);
        trace.add(Span {
            away: 4,
            ..span(Activity::Compute, 0, 10)
        });
        trace.add(span(Activity::Queued, 10, 13));
        assert_eq!((trace.time(Activity::Compute), trace.time_queued()), (6, 7));
    }
}
