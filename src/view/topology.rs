//! How is a machine drawn as a picture?

use std::path::Path;

use super::canvas::{Canvas, FigureError};
use crate::machine::{CpuSet, Topology};

/// Nested boxes.
pub fn draw(
    _topology: &Topology,
    _allowed: &CpuSet,
    _name: &str,
    path: &Path,
) -> Result<(), FigureError> {
    Canvas::new(10.0, 10.0).save(path)
}
