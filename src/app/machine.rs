//! Which machine does a text describe?

use std::path::Path;

use super::UsageError;
use crate::file;
use crate::machine::{Topology, TopologyError};
use crate::text::{excerpt, quoted};

/// The machine that `text` names: an lstopo XML file if it looks like one, else a synthetic description.
///
/// # Errors
///
/// If it is neither.
pub fn read_machine(text: &str) -> Result<Topology, UsageError> {
    let path = Path::new(text);
    let xml = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
    if !(xml || path.exists()) {
        return Topology::synthetic(text).map_err(UsageError::of);
    }
    let name = excerpt(text);
    let contents = file::text(path, file::LARGEST_TEXT).map_err(|error| {
        UsageError(format!(
            "cannot read {name}: {error}; on the machine itself, `lstopo machine.xml` writes such a \
             file"
        ))
    })?;
    Topology::from_lstopo_xml(&contents).map_err(|error| match error {
        TopologyError::Hwloc1 => UsageError(format!(
            "{name} was written by hwloc 1; convert it with lstopo of hwloc 2: \
             `lstopo -i {} new.xml`",
            quoted(text)
        )),
        error => UsageError(format!("{error} (--machine {name})")),
    })
}
