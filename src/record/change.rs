//! What changed around a run while it was made?

use serde::{Deserialize, Serialize};

/// A change of something that the samples of a run depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The round before which it was seen, between two rounds or two sessions. Rounds from this one on were measured after it; the one
    /// before may have samples from both sides.
    pub round: u32,
    /// When it was seen, RFC 3339 in UTC.
    pub at: String,
    /// What changed, as in [`circumstances`](super::RunHeader::circumstances).
    pub field: String,
    /// Its value before.
    pub from: String,
    /// Its value from then on.
    pub to: String,
}

/// Name of the field of this program's own file. A sweep goes on with the program that was started,
/// whatever becomes of the file.
pub const OWN_FILE: &str = "file of oversub";
