//! What does one visit of a cell give on this machine?
//!
//! The child's side: build the nest, warm up, then run and check it once a repetition. Everything
//! but the execution itself is outside the clock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::blas::{BlasLibrary, Threads};
use super::kernel::SharedTaskState;
use super::nest::{Parts, nest};
use super::pool::{Pool, PoolError};
use super::probe::{Census, Probes};
use super::team::WaitCosts;
use super::trace::Recording;
use crate::counter::HardwareEvents;
use crate::process::{Shortage, Standstill};
use crate::record::trace::Trace;
use crate::record::{Answer, Sample, Waiting};
use crate::runner::{OnAnswer, VisitRequest};

/// Time for threads to start and touch their memory, however short the limit of an execution.
const BUILD_LIMIT: Duration = Duration::from_secs(60);

/// Answers `ask` by building its nest in this process and timing it. `library` is the file that its
/// cell's runtime is, if it is one.
///
/// If the last answer is not [`Answer::Ok`], threads may still be running when this returns; the
/// process is expected to end.
///
/// # Errors
///
/// If a thread or memory is missing that others may give back; nothing was answered then.
pub fn measure(
    ask: &VisitRequest,
    library: Option<&Path>,
    emit: &mut OnAnswer<'_>,
) -> Result<(), Shortage> {
    let mut measured = match InstrumentedNest::build(ask, library, None) {
        Ok(measured) => measured,
        Err(PoolError::Shortage(shortage)) => return Err(shortage),
        Err(error) => {
            let _ = emit(ask.first_rep, Answer::Failed(error.to_string()));
            return Ok(());
        }
    };
    for _ in 0..ask.protocol.warmups {
        let answer = measured.warm_up();
        if answer.status().ends_visit() {
            let _ = emit(ask.first_rep, answer);
            return Ok(());
        }
    }
    let mut spent = Duration::ZERO;
    for rep in ask.first_rep..=ask.last_rep.get() {
        let answer = measured.execution();
        spent += answer.sample().map_or(Duration::ZERO, |sample| sample.wall);
        let ended = answer.status().ends_visit() || spent >= measured.limit;
        if emit(rep, answer).is_break() || ended {
            break;
        }
    }
    Ok(())
}

/// Runs one execution of `ask` while every thread writes down what it does; the rest is as for
/// [`measure`]. The answer is no sample to compare with others: writing down takes time.
///
/// # Errors
///
/// If the nest could not be built or warmed up; why.
pub fn trace(ask: &VisitRequest, library: Option<&Path>) -> Result<(Answer, Trace), String> {
    let recording = Recording::new();
    let measured = InstrumentedNest::build(ask, library, Some(&recording));
    let mut measured = measured.map_err(|error| error.to_string())?;
    for _ in 0..ask.protocol.warmups {
        let answer = measured.warm_up();
        if answer.status().ends_visit() {
            return Ok((answer, Trace::default()));
        }
    }
    recording.clear();
    let answer = measured.execution();
    let began = measured.pool.began();
    let wall = answer.sample().map_or(Duration::ZERO, |sample| sample.wall);
    if !answer.status().ends_visit() {
        // Its threads write down what they are about when they end.
        drop(measured);
    }
    let mut trace = recording.trace(began, began + wall);
    trace.cell = ask.visit.cell.to_string();
    Ok((answer, trace))
}

/// A nest with the probes that read its counters.
struct InstrumentedNest {
    pool: Pool,
    task_state: Arc<SharedTaskState>,
    library: Option<Arc<BlasLibrary>>,
    probes: Probes,
    /// Most threads seen, where threads come and go.
    most_threads: Option<u32>,
    limit: Duration,
}

impl InstrumentedNest {
    fn build(
        ask: &VisitRequest,
        library: Option<&Path>,
        recording: Option<&Arc<Recording>>,
    ) -> Result<Self, PoolError> {
        // Only what starts from now on is counted.
        let events = HardwareEvents::open();
        let limit = ask.protocol.limit();
        let cell = &ask.visit.cell;
        let library = library
            .filter(|_| cell.runtime.blas().is_some())
            .map(BlasLibrary::load)
            .transpose()
            .map_err(PoolError::of)?
            .map(Arc::new);
        let wait_costs = cell
            .runtime
            .wait()
            .map(WaitCosts::measure)
            .unwrap_or_default();
        let task_state = Arc::new(SharedTaskState::of(cell));
        let parts = Parts {
            library: library.clone(),
            recording: recording.cloned(),
            task_state: Arc::clone(&task_state),
        };
        let (pool, waits) = nest(cell, ask.budget, BUILD_LIMIT.max(limit), parts)?;
        Ok(Self {
            pool,
            task_state,
            library,
            probes: Probes::open(waits, wait_costs, events),
            most_threads: None,
            limit,
        })
    }

    /// An execution that nobody times. A library starts its threads in it, so they are counted, and
    /// the probes opened anew.
    fn warm_up(&mut self) -> Answer {
        let foreign = self.library.is_some();
        // Without a thread for it there is no census, and the column says what the probes saw.
        let census = foreign.then(|| Census::start().ok()).flatten();
        let answer = self.execution();
        self.most_threads = self.most_threads.max(census.and_then(Census::finish));
        if foreign {
            self.probes.renew();
        }
        answer
    }

    /// Prepares, times and checks one execution.
    fn execution(&mut self) -> Answer {
        let untimed = BUILD_LIMIT.max(self.limit);
        if let Err(error) = self.pool.prepare(untimed) {
            return Answer::Failed(error.to_string());
        }
        let mut still = Standstill::watch();
        let before = self.probes.read_before();
        let outcome = self.pool.time_once(self.limit, &mut still);
        let counted = self.probes.read_after();
        let used = self.probes.sample(&before, &counted);
        let stood = still.told(used.interference.throttled);
        let answer = self.answer(outcome, used);
        match stood {
            Some(how) => answer.interrupted(how),
            None => answer,
        }
    }

    /// What an execution gave that came out as `outcome`, for which `used` was counted.
    fn answer(&mut self, outcome: Result<Duration, PoolError>, used: Sample) -> Answer {
        let untimed = BUILD_LIMIT.max(self.limit);
        match outcome {
            // It ended before anybody noticed that the limit had passed.
            Ok(wall) if wall > self.limit => Answer::Censored(self.sample(wall, used)),
            Ok(wall) => {
                let sample = self.sample(wall, used);
                match self.pool.check(untimed) {
                    Ok(()) => Answer::Ok(sample),
                    Err(PoolError::Wrong(wrong)) => Answer::Wrong(sample, wrong.to_string()),
                    Err(error) => Answer::Failed(error.to_string()),
                }
            }
            Err(PoolError::Overrun(_)) => {
                // The measuring thread may itself have waited for a PU since the limit passed, so
                // the clock is read last: everything that was counted happened within `wall`.
                let counted = self.sample(Duration::ZERO, used);
                let wall = self.pool.elapsed();
                Answer::Censored(Sample { wall, ..counted })
            }
            Err(error) => Answer::Failed(error.to_string()),
        }
    }

    fn sample(&self, wall: Duration, used: Sample) -> Sample {
        let workers = self.pool.waiting();
        let threads = self.library.as_deref().map(BlasLibrary::threads);
        Sample {
            wall,
            tasks_done: Some(self.pool.tasks_done()),
            waiting: Waiting {
                gate: workers.gate,
                gaps: workers.gaps,
                tail: workers.tail,
                ..used.waiting
            },
            threads: used.threads.max(self.most_threads),
            peak_temporaries: self.task_state.most_temporary(),
            lost_updates: self.task_state.lost_updates(),
            granted_by_environment: threads.and_then(Threads::by_environment),
            granted: threads.and_then(Threads::by_call),
            ..used
        }
    }
}

#[cfg(test)]
mod tests;
