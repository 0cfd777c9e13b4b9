//! What does hwloc say of this machine, and how is a thread bound to several PUs?
//!
//! The only file that names the `hwloc2` crate. Everything is read out at once into our own
//! [`Object`]s; what the crate cannot reach (NUMA nodes) or hwloc 2 cannot tell through it (kinds of
//! core) comes from `sysfs`.
//
// --- Implementation ---
// hwloc2 2.2.0 knows hwloc 2.0's structures. Left alone, because they are wrong or panic with
// hwloc 2.x: `TopologyObject::name` frees memory it does not own, `Display` writes past its buffer,
// and every lookup by depth panics for types with a virtual depth, NUMA nodes among them.

use std::sync::{Mutex, PoisonError};

use hwloc2::{Bitmap, CpuBindFlags, ObjectType, TopologyFlag, TopologyObject};

use super::{CpuSet, Object, ObjectKind, PuId, TopologyError};

/// The tree of this machine without its NUMA nodes; PUs that this process may not use included.
pub(super) fn read() -> Result<Object, TopologyError> {
    let flags = vec![TopologyFlag::IncludeDisallowed];
    let topology = hwloc2::Topology::with_flags(flags).ok_or(TopologyError::Unreadable)?;
    this_machine(&topology)?;
    let mut found = objects(topology.object_at_root());
    match found.pop() {
        Some(root) if found.is_empty() && !root.cpuset.is_empty() => Ok(root),
        _ => Err(TopologyError::Unreadable),
    }
}

/// hwloc describes another machine when the environment tells it to. It then pretends to bind, so
/// nothing that follows could notice; but it no longer claims that it can.
fn this_machine(topology: &hwloc2::Topology) -> Result<(), TopologyError> {
    if cfg!(target_os = "linux") && !topology.support().cpu().set_current_thread() {
        return Err(TopologyError::AnotherMachine);
    }
    Ok(())
}

/// `object` in our terms, or the objects inside it if we have no word for it.
fn objects(object: &TopologyObject) -> Vec<Object> {
    let children = object.children().into_iter().flat_map(objects).collect();
    let Some(kind) = kind(&object.object_type()) else {
        return children;
    };
    let bytes = match kind {
        ObjectKind::Cache(_) => object.cache_attributes().map(|cache| cache.size()),
        _ => None,
    };
    vec![Object {
        kind,
        os_index: Some(object.os_index()).filter(|index| *index != u32::MAX),
        cpuset: object.cpuset().map_or_else(CpuSet::default, cpuset),
        bytes: bytes.filter(|bytes| *bytes > 0),
        children,
    }]
}

fn kind(object_type: &ObjectType) -> Option<ObjectKind> {
    match object_type {
        ObjectType::Machine => Some(ObjectKind::Machine),
        ObjectType::Package => Some(ObjectKind::Package),
        ObjectType::Die => Some(ObjectKind::Die),
        ObjectType::Group => Some(ObjectKind::Group),
        ObjectType::L1Cache => Some(ObjectKind::Cache(1)),
        ObjectType::L2Cache => Some(ObjectKind::Cache(2)),
        ObjectType::L3Cache => Some(ObjectKind::Cache(3)),
        ObjectType::L4Cache => Some(ObjectKind::Cache(4)),
        ObjectType::L5Cache => Some(ObjectKind::Cache(5)),
        ObjectType::Core => Some(ObjectKind::Core),
        ObjectType::PU => Some(ObjectKind::Pu),
        _ => None,
    }
}

fn cpuset(bitmap: Bitmap) -> CpuSet {
    // A bitmap may be infinite ("all PUs"); no kernel has a PU beyond this.
    let real = |pu: &u32| *pu <= CpuSet::LARGEST_PU.0;
    bitmap.into_iter().take_while(real).map(PuId).collect()
}

/// Binds threads to cpusets of any width and reads back what the kernel granted.
pub struct Binder(Mutex<hwloc2::Topology>);

/// A binding that could not be made or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// The kernel refused.
    #[error("the kernel does not let this thread run on PUs '{asked}': {cause}")]
    Refused {
        /// What was asked for.
        asked: CpuSet,
        /// The kernel's answer.
        cause: String,
    },
    /// The binding cannot be read on this system.
    #[error("this system does not tell on which PUs a thread may run")]
    Unreadable,
}

impl Binder {
    /// A binder for this machine.
    ///
    /// # Errors
    ///
    /// If hwloc cannot read the machine, or describes another one.
    pub fn new() -> Result<Self, TopologyError> {
        let topology = hwloc2::Topology::new().ok_or(TopologyError::Unreadable)?;
        this_machine(&topology)?;
        Ok(Self(Mutex::new(topology)))
    }

    /// Asks the kernel to run the calling thread only on `pus`. Asked is not granted: see
    /// [`Self::current_binding`].
    ///
    /// # Errors
    ///
    /// If the kernel refuses, for example because no PU of the set is allowed.
    pub fn bind_current_thread(&self, pus: &CpuSet) -> Result<(), BindError> {
        let bitmap: Bitmap = pus.iter().map(|pu| pu.0).collect();
        let mut topology = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        topology
            .set_cpubind(bitmap, CpuBindFlags::CPUBIND_THREAD)
            .map_err(|cause| {
                let hwloc2::CpuBindError::Generic(_, cause) = cause;
                let asked = pus.clone();
                BindError::Refused { asked, cause }
            })
    }

    /// The PUs on which the kernel lets the calling thread run.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub fn current_binding(&self) -> Result<CpuSet, BindError> {
        let topology = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        topology
            .get_cpubind(CpuBindFlags::CPUBIND_THREAD)
            .map(cpuset)
            .ok_or(BindError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_is_read_back_as_it_was_asked_for() {
        let binder = Binder::new().unwrap();
        let before = binder.current_binding().unwrap();
        let one: CpuSet = before.iter().take(1).collect();
        binder.bind_current_thread(&one).unwrap();
        assert_eq!(binder.current_binding().unwrap(), one);
        binder.bind_current_thread(&before).unwrap();
        assert_eq!(binder.current_binding().unwrap(), before);
    }

    #[test]
    fn a_pu_that_does_not_exist_is_refused_by_name() {
        let binder = Binder::new().unwrap();
        let error = binder.bind_current_thread(&"4000".parse().unwrap());
        assert!(error.unwrap_err().to_string().contains("'4000'"));
    }

    #[test]
    fn this_machine_is_one_tree_with_cores_and_pus() {
        let root = read().unwrap();
        assert_eq!(root.kind, ObjectKind::Machine);
        assert!(!root.children.is_empty());
    }
}
