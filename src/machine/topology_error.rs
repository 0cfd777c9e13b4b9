//! Why can a machine not be described?

use super::SyntheticError;

/// A machine that cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// hwloc gave nothing usable.
    #[error("hwloc cannot read this machine's topology (does `lstopo` work here?)")]
    Unreadable,
    /// hwloc was told by its environment variables to describe another machine.
    #[error(
        "hwloc describes another machine than this one; unset HWLOC_SYNTHETIC, HWLOC_XMLFILE, \
         HWLOC_FSROOT and HWLOC_COMPONENTS (`oversub doctor --machine` shows other machines)"
    )]
    AnotherMachine,
    /// A synthetic description that means nothing.
    #[error(transparent)]
    Synthetic(#[from] SyntheticError),
    /// A text that is not XML.
    #[error("not an XML file: {0}")]
    Xml(String),
    /// A file of hwloc 1, whose form is another one.
    #[error("written by hwloc 1; convert it with lstopo of hwloc 2: `lstopo -i old.xml new.xml`")]
    Hwloc1,
    /// XML that does not describe a machine, or contradicts itself.
    #[error("not a machine as lstopo of hwloc 2 or 3 writes it: {0}")]
    NotLstopo(String),
}
