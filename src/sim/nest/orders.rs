//! What does the measuring thread have the workers do, and when is an execution under way?
//!
//! As on the measuring side: an order goes to all workers at once; the last who has obeyed tells
//! the measurer, who looks at its probes and gives the next. Only `Run` is timed, from the order to
//! the last worker's end; but what the threads do in between decides where the next execution
//! finds them.

use super::task_queue::TaskQueue;
use super::{At, Nest, Role, Shape, Step, Wait};
use crate::sim::rq::Tid;

/// What all workers are told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Spoil the results, refill the intakes.
    Prepare,
    /// Do tasks until none are left.
    Run,
    /// Check the results.
    Check,
}

/// How far the orders are.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    /// The current order.
    order: Order,
    /// Workers that have not yet obeyed it.
    outstanding: u32,
    /// Executions not yet over.
    executions: u32,
}

impl Orders {
    /// Before the first order; where nobody measures, the one execution is under way.
    pub(super) fn of(shape: &Shape) -> Self {
        match shape.measuring {
            Some(measuring) => Self {
                order: Order::Check,
                outstanding: 0,
                executions: measuring.executions,
            },
            None => Self {
                order: Order::Run,
                outstanding: shape.widths.len() as u32,
                executions: 1,
            },
        }
    }
}

impl Nest {
    /// Whether the last execution is over.
    pub(in crate::sim) fn is_done(&self) -> bool {
        self.orders.executions == 0
    }

    /// Whether an execution is under way.
    pub(in crate::sim) fn is_timed(&self) -> bool {
        self.orders.order == Order::Run && self.orders.outstanding > 0
    }

    /// The measuring thread: looks at its probes, gives the next order, waits for the workers.
    pub(super) fn measurer(&mut self, tid: Tid, released: &mut Vec<Tid>) -> Step {
        if self.members[tid as usize].at == At::Start {
            self.goto(tid, At::Upkeep);
            return Step::Compute(self.shape.measuring.map_or(0.0, |m| m.probing));
        }
        self.goto(tid, At::Start);
        self.orders.order = match self.orders.order {
            Order::Check => Order::Prepare,
            Order::Prepare => Order::Run,
            Order::Run => Order::Check,
        };
        if self.orders.order == Order::Prepare {
            self.task_queue =
                TaskQueue::new(self.shape.tasks, self.shape.dispatch, self.teams.len());
            self.tasks_done = 0;
        }
        self.orders.outstanding = self.teams.len() as u32;
        for team in &self.teams {
            self.members[team.worker as usize].waiting = false;
            released.push(team.worker);
        }
        Step::Wait(Wait::BLOCK)
    }

    /// A worker begins with the current order.
    pub(super) fn obey(&mut self, tid: Tid) -> Step {
        if self.orders.order == Order::Run {
            self.goto(tid, At::Take);
            return Step::Compute(self.shape.take);
        }
        self.goto(tid, At::Upkeep);
        Step::Compute(self.shape.measuring.map_or(0.0, |m| m.upkeep))
    }

    /// A worker has obeyed; after the last one the measurer goes on.
    pub(super) fn report_back(&mut self, released: &mut Vec<Tid>) -> Step {
        self.orders.outstanding -= 1;
        if self.orders.outstanding == 0 {
            self.orders.executions -= u32::from(self.orders.order == Order::Run);
            let last = self.members.len() - 1;
            let measurer = &mut self.members[last];
            if measurer.role == Role::Measurer {
                measurer.waiting = false;
                released.push(last as Tid);
            }
        }
        Step::Wait(Wait::BLOCK)
    }
}
