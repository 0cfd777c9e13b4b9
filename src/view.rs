//! How are results shown?
//!
//! Views receive ready values from [`crate::analysis`] and draw them; nothing is computed here that
//! a reader could take for a result. [`facet`] spreads the cells of a run over panels, rows and
//! columns; [`finding`] says in one line what they show; [`heatmap`] draws them as a picture and [`terminal`] as text; [`points`] writes what
//! was drawn as CSV. [`comparison`] tells two runs apart in words and as JSON; [`disturbed`] says what disturbed one. [`timeline`] draws who
//! did what when. [`report`] makes a page of all of it. [`topology`] draws a machine as a picture and [`tree`] as text.

pub mod advice;
pub mod canvas;
pub mod caption;
pub mod causes;
pub mod cell_name;
pub mod chart;
pub mod comparison;
pub mod disturbed;
pub mod evidence;
pub mod explanation;
pub mod facet;
pub mod finding;
pub mod findings;
#[cfg(test)]
mod gallery;
pub mod granted;
pub mod heatmap;
pub mod number;
mod outline;
pub mod parts;
pub mod paste;
pub mod points;
pub mod report;
pub mod scale;
pub mod size;
pub mod standing;
pub mod table;
pub mod terminal;
pub mod timeline;
pub mod topology;
pub mod tree;
pub mod unranked;
