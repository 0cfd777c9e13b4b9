//! What did each thread of a nest do when, and did it hold a PU meanwhile?
//!
//! A thread that [`Recording::attach`]es itself writes down its spans from then on, in a buffer of
//! its own that was allocated before. Threads that are not attached, which is all of them whenever
//! something is timed, pay one look at a thread-local variable for each wait and each task.
//!
//! From user space nobody sees the scheduler, but two things can be known:
//!
//! - A thread that waits by looking again and again reads the clock at every look. Where two looks
//!   lie further apart than [`GAP`] it did not run in between, so the wait is cut there: exact.
//! - The kernel keeps for each thread how long it was ready without a PU (`schedstat`), and knows it
//!   exactly whenever the thread itself reads it. Read before and after a computation it gives how
//!   long the thread was away in it, though not when; read before and after blocking it gives how
//!   long ago the thread was woken.
//
// --- Implementation ---
// Source: Linux, kernel/sched/stats.h `sched_info_arrive`: run_delay grows when a thread gets a PU.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::kernel::{Kernel, WrongResult};
use crate::clock;
use crate::counter::SchedStat;
use crate::record::trace::{Activity, Place, Span, Trace};
use crate::units::ns;

/// Time between two looks from which on the thread is taken to have been away [ns]. A look takes
/// some 0.05 us, an interrupt some 10 us, and the shortest slice of a Linux kernel is 700 us.
// Source: Linux, kernel/sched/fair.c `sysctl_sched_base_slice` = 0.7 ms x (1 + log2 PUs).
const GAP: u64 = 100_000;

/// Longest span of a wait before it is written down and goes on as another [ns], so that a thread
/// that never stops waiting is seen too.
const LONGEST: u64 = 5_000_000;

/// Spans that a thread has room for; those beyond are left out and the trace says so.
const ROOM: usize = 1 << 16;

thread_local! {
    static HERE: RefCell<Option<Rc<Log>>> = const { RefCell::new(None) };
}

/// The spans of all attached threads of this process.
pub(super) struct Recording {
    epoch: Instant,
    threads: Mutex<Vec<(String, Spans)>>,
}

/// The buffer of one thread. Only that thread writes, so the lock is free whenever it does.
type Spans = Arc<Mutex<Vec<Span>>>;

impl Recording {
    /// A recording without any thread.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            epoch: clock::now(),
            threads: Mutex::new(Vec::new()),
        })
    }

    /// Makes the calling thread write down what it does from now on, under its name.
    pub(super) fn attach(&self) {
        HERE.with_borrow_mut(|here| {
            if here.is_some() {
                return;
            }
            let thread = std::thread::current();
            let name = thread.name().unwrap_or("thread").to_owned();
            let spans: Spans = Arc::new(Mutex::new(Vec::with_capacity(ROOM)));
            locked(&self.threads).push((name, Arc::clone(&spans)));
            *here = Some(Rc::new(Log {
                epoch: self.epoch,
                spans,
                schedstat: File::open("/proc/thread-self/schedstat").ok(),
            }));
        });
    }

    /// Forgets what was written down so far.
    pub(super) fn clear(&self) {
        for (_, spans) in &*locked(&self.threads) {
            locked(spans).clear();
        }
    }

    /// What was written down of the time from `began` to `ended`, as a trace that starts at `began`.
    pub(super) fn trace(&self, began: Instant, ended: Instant) -> Trace {
        let mut threads: Vec<(String, Vec<Span>)> = locked(&self.threads)
            .iter()
            .map(|(name, spans)| (name.clone(), locked(spans).clone()))
            .collect();
        threads.sort_by_key(|(name, _)| place_of(name));
        let window = (ns(began - self.epoch), ns(ended - self.epoch));
        let mut trace = Trace::new(threads.iter().map(|(name, _)| name.clone()).collect());
        trace.wall = ns(ended - began);
        let mut all: Vec<Span> = Vec::new();
        for (thread, (_, spans)) in (0..).zip(&threads) {
            trace.cut |= spans.len() >= ROOM;
            let inside = spans.iter().filter_map(|span| clipped(span, window));
            all.extend(inside.map(|span| Span { thread, ..span }));
        }
        all.sort_by_key(|span| span.end);
        all.into_iter().for_each(|span| trace.add(span));
        trace
    }
}

/// Where the thread `w3.m1` stands among others: by its numbers, not its letters.
fn place_of(name: &str) -> Vec<u32> {
    let numbers = name.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// The part of `span` between `from` and `to`, counted from `from`; time away shrinks in proportion.
fn clipped(span: &Span, (from, to): (u64, u64)) -> Option<Span> {
    let (start, end) = (span.start.max(from), span.end.min(to));
    let kept = (end > start).then(|| (end - start) as f64 / span.length() as f64)?;
    Some(Span {
        start: start - from,
        end: end - from,
        away: (span.away as f64 * kept) as u64,
        ..*span
    })
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The log of the calling thread, if it is attached.
pub(super) fn log() -> Option<Rc<Log>> {
    HERE.with_borrow(Clone::clone)
}

/// Does `work`, which the calling thread writes down as `activity` if it is attached.
pub(super) fn spend<T>(activity: Activity, place: Place, work: impl FnOnce() -> T) -> T {
    match log() {
        None => work(),
        Some(log) => log.spend(activity, place, work),
    }
}

/// Where one thread writes down what it does.
pub(super) struct Log {
    epoch: Instant,
    spans: Spans,
    schedstat: Option<File>,
}

impl Log {
    fn now(&self) -> u64 {
        ns(clock::now() - self.epoch)
    }

    /// How long this thread has been ready without a PU in all its life [ns]; 0 where nobody says.
    fn queued(&self) -> u64 {
        let mut text = [0; 96];
        let read = |file: &File| file.read_at(&mut text, 0).ok();
        let length = self.schedstat.as_ref().and_then(read).unwrap_or(0);
        let counted = SchedStat::parse(&text[..length]);
        counted.map_or(0, |counted| ns(counted.wait))
    }

    fn keep(&self, activity: Activity, place: Place, (start, end): (u64, u64), away: u64) {
        let mut spans = locked(&self.spans);
        if start < end && spans.len() < spans.capacity() {
            spans.push(Span {
                thread: 0,
                pu: pu(),
                activity,
                place,
                start,
                end,
                away,
            });
        }
    }

    fn spend<T>(&self, activity: Activity, place: Place, work: impl FnOnce() -> T) -> T {
        let computes = activity == Activity::Compute;
        let queued = || if computes { self.queued() } else { 0 };
        let (before, start) = (queued(), self.now());
        let result = work();
        let end = self.now();
        let away = queued().saturating_sub(before);
        self.keep(activity, place, (start, end), away.min(end - start));
        result
    }

    /// Blocks by `block`, and tells the time before this thread was woken from that until it ran.
    pub(super) fn block<T>(&self, place: Place, block: impl FnOnce() -> T) -> T {
        let (before, start) = (self.queued(), self.now());
        let result = block();
        let end = self.now();
        let away = self.queued().saturating_sub(before).min(end - start);
        self.keep(Activity::Blocked, place, (start, end - away), 0);
        self.keep(Activity::Queued, place, (end - away, end), 0);
        result
    }

    /// Looks with `done` until it says yes, and with `pause` in between.
    pub(super) fn look(
        &self,
        activity: Activity,
        place: Place,
        mut done: impl FnMut() -> bool,
        pause: impl Fn(),
    ) {
        let mut start = self.now();
        let mut last = start;
        let mut over = false;
        while !over {
            over = done();
            if !over {
                pause();
            }
            let now = self.now();
            if now - last > GAP {
                self.keep(activity, place, (start, last), 0);
                self.keep(Activity::Queued, place, (last, now), 0);
                start = now;
            } else if now - start > LONGEST {
                self.keep(activity, place, (start, now), 0);
                start = now;
            }
            last = now;
        }
        self.keep(activity, place, (start, last), 0);
    }
}

/// The PU that the calling thread is on, where the system says.
#[cfg(target_os = "linux")]
fn pu() -> Option<u32> {
    let pu = nix::sched::sched_getcpu().ok()?;
    u32::try_from(pu).ok()
}

#[cfg(not(target_os = "linux"))]
fn pu() -> Option<u32> {
    None
}

/// A kernel whose phases are written down by the threads that work on them.
pub(super) struct Watched(pub(super) Arc<dyn Kernel>);

impl Kernel for Watched {
    fn width(&self) -> std::num::NonZeroU32 {
        self.0.width()
    }

    fn phases(&self) -> u32 {
        self.0.phases()
    }

    fn begin(&self, task: u32) {
        self.0.begin(task);
    }

    fn work(&self, phase: u32, member: u32) {
        let work = || self.0.work(phase, member);
        spend(Activity::Compute, Place::Phase(phase), work);
    }

    fn end(&self) {
        self.0.end();
    }

    fn spoil(&self) {
        self.0.spoil();
    }

    fn verify(&self) -> Result<(), WrongResult> {
        self.0.verify()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn on_a_thread(name: &str, recording: &Arc<Recording>, work: impl FnOnce() + Send + 'static) {
        let recording = Arc::clone(recording);
        let work = move || {
            recording.attach();
            work();
        };
        let thread = std::thread::Builder::new().name(name.to_owned());
        thread.spawn(work).unwrap().join().unwrap();
    }

    #[test]
    fn an_attached_thread_is_heard_and_others_are_not() {
        let recording = Recording::new();
        let began = clock::now();
        spend(Activity::Compute, Place::Phase(0), || ());
        for name in ["w10", "w2.m1", "w2"] {
            on_a_thread(name, &recording, || {
                let pause = || std::thread::sleep(Duration::from_millis(1));
                spend(Activity::Task, Place::Task(4), pause);
            });
        }
        let trace = recording.trace(began, clock::now());
        assert_eq!(trace.threads, ["w2", "w2.m1", "w10"]);
        let found: Vec<_> = trace.spans.iter().map(|s| (s.activity, s.place)).collect();
        assert_eq!(found, [(Activity::Task, Place::Task(4)); 3]);
        recording.clear();
        assert_eq!(recording.trace(began, clock::now()).spans, []);
    }

    /// Two looks that are 2 ms apart: the thread was away in between, and only then.
    #[test]
    fn a_gap_between_two_looks_is_time_without_a_pu() {
        let recording = Recording::new();
        let began = clock::now();
        on_a_thread("w0", &recording, || {
            let mut looks = 0;
            let done = || {
                looks += 1;
                looks > 40
            };
            let looked = RefCell::new(0);
            let pause = || {
                *looked.borrow_mut() += 1;
                if *looked.borrow() == 20 {
                    std::thread::sleep(Duration::from_millis(2));
                }
            };
            log()
                .unwrap()
                .look(Activity::Spin, Place::Barrier, done, pause);
        });
        let trace = recording.trace(began, clock::now());
        let longest = trace.spans.iter().max_by_key(|span| span.length()).unwrap();
        assert_eq!(longest.activity, Activity::Queued);
        assert!(longest.length() >= 2_000_000);
        let places = trace.spans.iter().map(|span| span.place);
        assert!(places.into_iter().all(|place| place == Place::Barrier));
    }

    /// Half of a span of 10 ns lies inside; of the 4 ns away, 2 are taken to.
    #[test]
    fn spans_are_cut_at_the_ends_of_the_execution() {
        let span = Span {
            thread: 0,
            pu: None,
            activity: Activity::Compute,
            place: Place::Phase(0),
            start: 10,
            end: 20,
            away: 4,
        };
        let half = clipped(&span, (15, 100)).unwrap();
        assert_eq!((half.start, half.end, half.away), (0, 5, 2));
        assert_eq!(clipped(&span, (20, 30)), None);
    }
}
