//! Who describes a machine?
//!
//! hwloc and the kernel describe this one, a line of text or a file of lstopo another.

use super::{System, Topology, TopologyError, hwloc, lstopo, synthetic, sysfs};

impl Topology {
    /// This machine, with all its PUs whether or not this process may use them.
    ///
    /// # Errors
    ///
    /// If hwloc cannot read it, or describes another one.
    pub fn discover() -> Result<Self, TopologyError> {
        let system = System::here();
        let mut root = hwloc::read()?;
        for node in sysfs::numa_nodes(&system) {
            root.attach(node);
        }
        Ok(Self {
            core_kinds: sysfs::core_kinds(&system),
            ..Self::of(root)
        })
    }

    /// The machine that hwloc's synthetic `description` stands for, for example
    /// `pack:2 [numa] l3:1 core:64 pu:2`. Sizes that it does not give stay unknown.
    ///
    /// # Errors
    ///
    /// If it means nothing to hwloc either, or has more than 65 536 PUs.
    pub fn synthetic(description: &str) -> Result<Self, TopologyError> {
        Ok(Self::of(synthetic::parse(description)?))
    }

    /// The machine that `lstopo machine.xml` wrote, from the file's text.
    ///
    /// # Errors
    ///
    /// If the text is not XML, not of the form of hwloc 2 or 3, contradicts itself, or has a PU with
    /// a number above 65 535.
    pub fn from_lstopo_xml(text: &str) -> Result<Self, TopologyError> {
        lstopo::parse(text)
    }
}
