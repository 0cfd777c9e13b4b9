//! How are results shown?
//!
//! Views receive ready values from [`crate::analysis`] and draw them; nothing is computed here that
//! a reader could take for a result.

pub mod canvas;
