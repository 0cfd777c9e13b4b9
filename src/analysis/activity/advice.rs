//! What would end the oversubscription of a program that was watched?
//!
//! A process with b busy threads whose libraries start teams of t has about b / t outer threads.
//! They share what each busy process may have of the budget. What is set already, or would raise a
//! number, is never advised.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::tally::Sums;
use crate::monitor::{LibraryPool, Pool, Program};
use crate::units::counted;

/// What to set, and what to do where no variable can.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Lines for the environment, `OMP_NUM_THREADS=1`.
    pub advice: Vec<String>,
    /// Sentences on what no variable sets.
    pub notes: Vec<String>,
}

/// What the busy processes of one kind, those that want most, ask for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Load {
    /// P for each of the busy processes [CPUs].
    share: f64,
    /// P [CPUs].
    budget: f64,
    /// Busy processes at a time, on average [processes].
    processes: f64,
    /// Busy threads in each process of this kind, on average [threads].
    busy: f64,
    /// What this kind of process was started with.
    program: Program,
}

/// Processes that were started alike.
#[derive(Default)]
struct Kind {
    /// Time for which they were busy, summed over processes [s].
    span: f64,
    all: Pool,
}

impl Load {
    pub(super) fn of(sums: &Sums, budget: f64, programs: &BTreeMap<i32, Program>) -> Self {
        let unknown = Program::default();
        let mut kinds: BTreeMap<&Program, Kind> = BTreeMap::new();
        for (pid, (span, pool)) in &sums.processes {
            let program = programs.get(pid).unwrap_or(&unknown);
            let kind = kinds.entry(program).or_default();
            kind.span += span;
            kind.all.busy += pool.busy;
            kind.all.running += pool.running;
            kind.all.ready += pool.ready;
        }
        let span: f64 = kinds.values().map(|kind| kind.span).sum();
        let processes = (span / sums.span).max(1.0);
        let wanted = |kind: &Kind| kind.all.wanted();
        let most = kinds
            .iter()
            .max_by(|(_, a), (_, b)| wanted(a).total_cmp(&wanted(b)));
        Self {
            share: budget / processes.round(),
            budget,
            processes,
            busy: most.map_or(0.0, |(_, kind)| kind.all.busy / kind.span),
            program: most.map_or_else(Program::default, |(program, _)| (*program).clone()),
        }
    }

    /// Threads of the largest team that a library starts [threads].
    fn team(&self) -> u32 {
        let threads = self.program.pools.iter().map(|pool| pool.threads);
        threads.max().unwrap_or(1).max(1)
    }

    /// Threads of each process that call a library, as far as the busy threads show [threads].
    fn outer(&self) -> f64 {
        (self.busy / f64::from(self.team())).round().max(1.0)
    }

    pub(super) fn advice(&self) -> Advice {
        let inner = whole(self.share / self.outer());
        let lower = |pool: &&LibraryPool| {
            !pool.library.variable.is_empty() && f64::from(pool.threads) > inner
        };
        let lines = self.program.pools.iter().filter(lower);
        let mut advice: Vec<String> = lines
            .map(|pool| format!("{}={inner}", pool.library.variable))
            .collect();
        advice.sort_unstable();
        advice.dedup();
        let notes = [
            self.more_processes_than_cpus(),
            self.fewer_outer_threads(inner),
            self.bound_to_few(),
        ];
        Advice {
            advice,
            notes: notes.into_iter().flatten().collect(),
        }
    }

    fn more_processes_than_cpus(&self) -> Option<String> {
        let (now, most) = (self.processes.round(), whole(self.budget));
        (now > most).then(|| {
            format!("run at most {most} of these processes at a time; about {now} were busy")
        })
    }

    /// Outer threads that are too many even if each calls its libraries with teams of `inner`.
    fn fewer_outer_threads(&self, inner: f64) -> Option<String> {
        let (outer, most) = (self.outer(), whole(self.share / inner));
        (outer > most).then(|| {
            let set = self.set_already(inner);
            format!(
                "{set}use at most {} in each process; about {outer} were busy",
                counted(most as u64, "worker thread")
            )
        })
    }

    /// The variables that hold the libraries at no more than `inner` threads, if all are held so.
    fn set_already(&self, inner: f64) -> String {
        let pools = &self.program.pools;
        let held = pools.iter().filter(|pool| f64::from(pool.threads) <= inner);
        let reasons: BTreeSet<&str> = held.map(|pool| pool.because.as_str()).collect();
        let set: Vec<&str> = reasons
            .into_iter()
            .filter(|why| why.contains('='))
            .collect();
        match set.is_empty() {
            true => String::new(),
            false => format!("{} is set already; ", set.join(", ")),
        }
    }

    fn bound_to_few(&self) -> Option<String> {
        let binding = self.program.binding.as_ref()?;
        let wider = f64::from(self.team()) > self.budget && self.budget.fract() == 0.0;
        wider.then(|| {
            format!(
                "{binding} binds the threads to {}",
                counted(self.budget as u64, "PU")
            )
        })
    }
}

/// Rounded down, since one thread more than a quota can run gets the whole group throttled.
fn whole(cpus: f64) -> f64 {
    cpus.floor().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Library;

    fn pool(name: &'static str, variable: &'static str, threads: u32) -> LibraryPool {
        LibraryPool {
            library: Library {
                name,
                variable,
                file: String::new(),
            },
            threads,
            because: format!("{variable}={threads}"),
        }
    }

    fn openmp(threads: u32) -> LibraryPool {
        pool("OpenMP (libgomp)", "OMP_NUM_THREADS", threads)
    }

    fn load(budget: f64, processes: f64, busy: f64, pools: Vec<LibraryPool>) -> Load {
        Load {
            share: budget / processes,
            budget,
            processes,
            busy,
            program: program(pools),
        }
    }

    fn program(pools: Vec<LibraryPool>) -> Program {
        Program {
            pools,
            binding: None,
        }
    }

    /// 8 busy threads in teams of 2 are 4 outer threads; 2 CPUs give each less than one.
    #[test]
    fn outer_threads_share_the_budget() {
        let advice = load(2.0, 1.0, 8.0, vec![openmp(2)]).advice();
        assert_eq!(advice.advice, ["OMP_NUM_THREADS=1"]);
        assert_eq!(
            advice.notes,
            ["use at most 2 worker threads in each process; about 4 were busy"]
        );
    }

    #[test]
    fn what_is_set_already_is_not_advised_again() {
        let advice = load(2.0, 1.0, 4.0, vec![openmp(1)]).advice();
        assert!(advice.advice.is_empty());
        assert_eq!(
            advice.notes,
            [
                "OMP_NUM_THREADS=1 is set already; use at most 2 worker threads in each process; about 4 were busy"
            ]
        );
    }

    /// 8 threads of one team on 2 CPUs; a variable of a smaller team is never raised.
    #[test]
    fn one_team_gets_the_budget_and_no_number_is_raised() {
        let pools = vec![openmp(8), pool("OpenBLAS", "OPENBLAS_NUM_THREADS", 1)];
        let advice = load(2.0, 1.0, 8.0, pools).advice();
        assert_eq!(advice.advice, ["OMP_NUM_THREADS=2"]);
        assert!(advice.notes.is_empty());
    }

    /// 5 CPUs for 2 processes with one team of 8 each: 2 threads each.
    #[test]
    fn the_budget_is_shared_among_the_busy_processes_and_rounded_down() {
        let pools = vec![openmp(8), pool("oneTBB", "", 8)];
        let advice = load(5.0, 2.0, 8.0, pools).advice();
        assert_eq!(advice.advice, ["OMP_NUM_THREADS=2"]);
        assert!(advice.notes.is_empty());
    }

    #[test]
    fn processes_of_one_thread_are_run_fewer_at_a_time() {
        let advice = load(2.0, 16.0, 1.0, Vec::new()).advice();
        assert!(advice.advice.is_empty());
        assert_eq!(
            advice.notes,
            ["run at most 2 of these processes at a time; about 16 were busy"]
        );
    }

    /// An idle shell is no sharer: only the process that was busy for the whole second counts, and of
    /// two kinds of process the one that wants more is advised.
    #[test]
    fn only_busy_processes_share() {
        let busy = |busy| Pool {
            threads: 8,
            busy,
            running: 1.0,
            ready: busy - 1.0,
        };
        let activity = crate::monitor::Activity {
            span: 1.0,
            processes: 2,
            by_process: BTreeMap::from([(7, busy(8.0))]),
            ..Default::default()
        };
        let mut tally = super::super::Tally::default();
        tally.add(&activity);
        let (_, sums) = tally.longest().unwrap();
        let programs = BTreeMap::from([(7, program(vec![openmp(8)]))]);
        assert_eq!(
            Load::of(sums, 2.0, &programs),
            load(2.0, 1.0, 8.0, vec![openmp(8)])
        );
    }
}
