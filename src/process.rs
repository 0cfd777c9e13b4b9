//! How are processes started, waited for and ended?
//!
//! [`Host`] answers a cell by a child process for each visit, collects its answers and ends it when it
//! overstays: one child a visit, because a livelocked region cannot be stopped from inside its process;
//! because pools, affinity and allocator state must not leak into the next cell; because repeating
//! processes samples the bimodality that one process hides; and because any row can then be repeated
//! by hand with one command. Where the cell is a program of the user's, the child is its supervisor
//! ([`supervise`]). docs/processes.md tells who starts whom, and who ends whom.

mod background;
mod child;
mod command;
mod ending;
mod foreground;
mod handle;
mod inspect;
pub mod open_files;
mod output;
mod question;
mod reaper;
mod shortage;
mod standstill;
mod start_error;
mod tree;
mod versions;
mod wait;

pub use background::{Background, spin};
pub use child::{Host, Message};
pub use command::{Starter, become_program, end_leftovers, guard, supervise};
pub(crate) use ending::adopt_orphans;
pub use ending::end_with_parent;
pub use foreground::Foreground;
pub use inspect::inspect;
pub(crate) use shortage::is_shortage;
pub use shortage::{Shortage, TRY_AGAIN};
pub(crate) use standstill::Standstill;
pub use standstill::keep_continues;
pub(crate) use tree::{descendants, tree_of};
pub use versions::versions;
pub use wait::Stop;
