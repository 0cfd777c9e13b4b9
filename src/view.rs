//! How are results shown?
//!
//! Views receive ready values from [`crate::analysis`] and draw them; nothing is computed here that
//! a reader could take for a result. [`facet`] spreads the cells of a run over panels, rows and
//! columns; [`heatmap`] draws them as a picture and [`terminal`] as text; [`points`] writes what
//! was drawn as CSV.

pub mod canvas;
pub mod caption;
pub mod facet;
pub mod heatmap;
pub mod number;
pub mod points;
pub mod scale;
pub mod terminal;
