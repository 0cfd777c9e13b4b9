//! What does one visit of a cell give on this machine?
//!
//! The child's side: build the nest, warm up, then run and check it once a repetition. Everything
//! but the execution itself is outside the clock.

use std::time::Duration;

use super::nest::nest;
use super::pool::{Pool, PoolError};
use super::probe::Probes;
use crate::record::{Answer, Sample, Status};
use crate::runner::{Ask, Emit};

/// Time for threads to start and touch their memory, however short the limit of an execution.
const BUILD_LIMIT: Duration = Duration::from_secs(60);

/// Answers `ask` by building its nest in this process and timing it.
///
/// If the last answer is not [`Answer::Ok`], threads may still be running when this returns; the
/// process is expected to end.
pub fn measure(ask: &Ask, emit: &mut Emit<'_>) {
    let limit = ask.protocol.limit();
    let mut pool = match nest(&ask.visit.cell, ask.budget, BUILD_LIMIT.max(limit)) {
        Ok(pool) => pool,
        Err(error) => {
            let _ = emit(ask.first_rep, Answer::Failed(error.to_string()));
            return;
        }
    };
    let probes = Probes::open();
    for _ in 0..ask.protocol.warmups {
        let answer = execution(&mut pool, &probes, limit);
        if answer.status() != Status::Ok {
            let _ = emit(ask.first_rep, answer);
            return;
        }
    }
    let mut spent = Duration::ZERO;
    for rep in ask.first_rep..=ask.last_rep.get() {
        let answer = execution(&mut pool, &probes, limit);
        spent += answer.sample().map_or(Duration::ZERO, |sample| sample.wall);
        let ended = answer.status() != Status::Ok || spent >= limit;
        if emit(rep, answer).is_break() || ended {
            return;
        }
    }
}

/// Prepares, times and checks one execution.
fn execution(pool: &mut Pool, probes: &Probes, limit: Duration) -> Answer {
    let untimed = BUILD_LIMIT.max(limit);
    if let Err(error) = pool.prepare(untimed) {
        return Answer::Failed(error.to_string());
    }
    let before = probes.read();
    let outcome = pool.time_once(limit);
    let used = probes.read().since(before);
    let sample = |wall| Sample {
        wall,
        cpu: used.cpu,
        tasks_done: Some(pool.tasks_done()),
        voluntary_switches: used.voluntary_switches,
        involuntary_switches: used.involuntary_switches,
        run_queue_wait: used.run_queue_wait,
        threads: probes.threads(),
    };
    match outcome {
        Ok(wall) => {
            let sample = sample(wall);
            pool.check(untimed).map_or_else(
                |error| Answer::Failed(error.to_string()),
                |()| Answer::Ok(sample),
            )
        }
        Err(PoolError::Overrun(limit)) => Answer::Censored(sample(limit)),
        Err(PoolError::Fault(fault)) => Answer::Failed(fault),
    }
}
