//! What has the kernel counted until now: for a thread, for this process, around it?
//!
//! A counter that is not there is `None`. Parsing is a pure function of the text.

mod events;
mod interference;
mod resident;
mod schedstat;
mod usage;

pub(crate) use events::HardwareEvents;
pub(crate) use interference::{TICK, interference, share_stolen, ticks};
pub(crate) use resident::{PeakResident, Resident, restart_high_water_mark};
pub(crate) use schedstat::SchedStat;
pub(crate) use usage::Usage;
