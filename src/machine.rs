//! What is here: the machine, how much of it may be used, and where threads go on it?
//!
//! [`Topology`] is our own immutable picture of a machine, whoever described it: hwloc for this
//! one, a synthetic string or an lstopo XML file for another. [`CpuBudget`] is how much of it this
//! process may use. [`Placement`] maps thread numbers to cpusets; `host` applies the map.

mod affinity;
#[cfg(test)]
mod any_text;
mod blas;
mod budget;
mod cgroup;
mod content;
mod core_kind;
mod counter_files;
mod describe;
mod facts;
mod freezer;
mod headroom;
mod hwloc;
pub(crate) mod kernel_text;
mod lstopo;
mod mounts;
mod object;
mod online;
mod placement;
mod pu;
mod quota;
mod runtimes;
mod synthetic;
mod sysfs;
mod system;
mod topology;
mod topology_error;

pub(crate) use affinity::bind_current_thread;
pub use blas::{BlasFacts, BlasFamily, BlasFolders, BlasThreading, THREAD_VARIABLES};
pub use budget::{CpuBudget, Limit, LimitKind, LimitSource, UnknownLimit};
pub use content::{Content, WatchedFile};
pub use core_kind::CoreKind;
pub use counter_files::CounterFiles;
pub use facts::{HostFacts, KernelFacts};
pub use freezer::is_frozen;
pub use headroom::{Memory, ThreadLimit, ThreadLimitSource};
pub use hwloc::{BindError, Binder};
pub use object::{Object, ObjectKind};
pub use online::OnlinePus;
pub use placement::Placement;
pub use pu::{CpuSet, PuId};
pub use quota::{OwnQuota, QuotaError, remove_abandoned_groups};
pub use runtimes::{
    GroupQuota, Pool, Program, Surroundings, ThreadChoice, Version, Versions, thread_choice,
    thread_choices,
};
pub use synthetic::SyntheticError;
pub use system::System;
pub use topology::{Level, Topology};
pub use topology_error::TopologyError;
