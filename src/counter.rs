//! What has the kernel counted until now: for a thread, for this process, around it?
//!
//! A counter that is not there is `None`. Parsing is a pure function of the text.

mod events;
mod resident;
mod schedstat;
mod surroundings;
mod usage;

pub(crate) use events::HardwareEvents;
pub(crate) use resident::{PeakResident, Resident, restart_high_water_mark};
pub(crate) use schedstat::Counted;
pub(crate) use surroundings::{TICK, share_stolen, surroundings, ticks};
pub(crate) use usage::Usage;
