//! How is a cell answered by measuring it?

pub mod kernel;
pub mod team;
