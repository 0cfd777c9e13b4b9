//! How much of the memory's bandwidth does each working thread get?
//!
//! A thread that works moves bytes between its PU and the memory of the node where its data lies.
//! Threads with both in common are a *flow*. Flows share the bandwidth of each node's memory, and of
//! each link between two nodes, max-min fair ([`crate::sim::fair`]). Where all PUs together cannot
//! ask for more than there is, nothing is counted.

use super::{Engine, Pu, Setup};
use crate::sim::fair::{Flows, Shares};
use crate::sim::layout::Mask;
use crate::sim::nest::Role;
use crate::sim::rq::Tid;

/// Change of a share below which those who have it are left alone [1].
const NOTICED: f64 = 0.01;

/// Who moves data where, and what they get.
pub(super) struct Memory {
    /// Nodes of the machine.
    nodes: usize,
    /// Flows from each node (of the data) to each node (of the PU), row by row.
    flows: Vec<Flows>,
    /// Bandwidth of each node's memory, then of each link [bytes/ns].
    capacities: Vec<f64>,
    /// What a thread of each flow gets [bytes/ns].
    shares: Vec<f64>,
    fair: Shares,
    /// Threads that use each.
    users: Vec<u32>,
    /// Whether there can be too little for all.
    scarce: bool,
    /// What each thread asks for [bytes/ns].
    demand: f64,
    /// The PUs that work in each flow.
    members: Vec<Mask>,
}

impl Memory {
    pub(super) fn new(setup: &Setup<'_>) -> Self {
        let nodes = setup.layout.nodes.pus.len();
        let (mut flows, mut capacities) = (Vec::new(), vec![setup.costs.memory_node; nodes]);
        let mut link = vec![None; nodes * nodes];
        for from in 0..nodes {
            for to in 0..nodes {
                let pair = from.min(to) * nodes + from.max(to);
                let mut uses = vec![from];
                if from != to {
                    uses.push(*link[pair].get_or_insert_with(|| {
                        capacities.push(setup.costs.memory_link);
                        capacities.len() - 1
                    }));
                }
                flows.push(Flows {
                    count: 0,
                    demand: setup.traffic,
                    uses,
                });
            }
        }
        let all = setup.layout.len() as f64 * setup.traffic;
        let least = capacities.iter().copied().fold(f64::INFINITY, f64::min);
        let nobody: Mask = (0..setup.layout.len()).map(|_| false).collect();
        Self {
            nodes,
            members: vec![nobody; flows.len()],
            users: vec![0; capacities.len()],
            demand: setup.traffic,
            shares: vec![setup.traffic; flows.len()],
            scarce: all > least,
            fair: Shares::default(),
            flows,
            capacities,
        }
    }

    /// Shares out anew after `pu` has joined or left `flow`; the flows that notice.
    fn count(&mut self, flow: usize, pu: Pu, joins: bool) -> Vec<usize> {
        self.members[flow].put(pu, joins);
        let by_one = |count: &mut u32| *count = if joins { *count + 1 } else { *count - 1 };
        by_one(&mut self.flows[flow].count);
        for resource in &self.flows[flow].uses {
            by_one(&mut self.users[*resource]);
        }
        let enough = self.is_enough();
        let new = (!enough).then(|| self.fair.out(&self.flows, &self.capacities));
        let mut new = new.into_iter().flatten();
        let mut noticed = Vec::new();
        for (kind, (flow, share)) in self.flows.iter().zip(&mut self.shares).enumerate() {
            let (old, new) = (*share, new.next().unwrap_or(self.demand));
            let nobody = flow.count == 0;
            if nobody || (new - old).abs() > NOTICED * old {
                *share = new;
                noticed.extend((!nobody).then_some(kind));
            }
        }
        noticed
    }

    /// Whether everybody gets what he asks for.
    fn is_enough(&self) -> bool {
        let mut resources = self.users.iter().zip(&self.capacities);
        resources.all(|(users, capacity)| capacity / f64::from(*users) >= self.demand)
    }
}

impl Engine<'_> {
    /// Notes at which node the data of each thread lies: where its worker was when it touched them.
    pub(super) fn touch_first(&mut self) {
        let nodes = &self.setup.layout.nodes.of;
        let workers: Vec<Tid> = self.nest.workers().collect();
        for tid in 0..self.threads.len() {
            let toucher = match self.nest.role(tid as Tid) {
                Role::Worker(worker) | Role::Inner { worker, .. } => workers[worker as usize],
                Role::Other(_) | Role::Measurer => tid as Tid,
            };
            let pu = self.threads[toucher as usize].pu;
            self.threads[tid].home = nodes[pu as usize];
        }
    }

    /// The thread `tid` works on `pu` from now on, or nobody does.
    pub(super) fn move_data(&mut self, pu: Pu, tid: Option<Tid>) {
        if !self.memory.scarce {
            return;
        }
        let nodes = self.memory.nodes;
        let here = self.setup.layout.nodes.of[pu as usize] as usize;
        let home = |tid: Tid| self.threads[tid as usize].home as usize;
        let new = tid.map(|tid| home(tid) * nodes + here);
        let old = std::mem::replace(&mut self.pus[pu as usize].flow, new);
        if new == old {
            return;
        }
        for (flow, joins) in [(old, false), (new, true)] {
            let noticed = flow.map(|flow| self.memory.count(flow, pu, joins));
            for flow in noticed.into_iter().flatten() {
                self.retime_flow(flow, pu);
            }
        }
    }

    /// Works out anew when the work of `flow` ends, but for that of `pu`.
    fn retime_flow(&mut self, flow: usize, pu: Pu) {
        let members = std::mem::take(&mut self.memory.members[flow]);
        for other in members.pus().filter(|other| *other != pu) {
            self.retime_by_memory(other);
        }
        self.memory.members[flow] = members;
    }

    /// Largest speed of work that the memory allows on `pu` [1].
    pub(super) fn by_memory(&self, pu: Pu) -> f64 {
        match self.pus[pu as usize].flow {
            Some(flow) => self.memory.shares[flow] / self.setup.traffic,
            None => f64::INFINITY,
        }
    }
}
