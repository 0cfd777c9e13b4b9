//! Traces as a picture.

use std::path::PathBuf;

use crate::app::{Error, UsageError, output, read_trace};
use crate::record::trace::Trace;
use crate::view::canvas::FigureFormat;
use crate::view::size::Size;
use crate::view::timeline::{self as view, By};

/// Which traces to draw, and how.
#[derive(Clone, Debug)]
pub struct TimelineRequest {
    /// Files that hold a trace each, drawn below each other; at least one.
    pub files: Vec<PathBuf>,
    /// What the rows are.
    pub by: By,
    /// Part of the execution [ns].
    pub window: Option<(u64, u64)>,
    /// Picture to write; beside the first file where nothing is said.
    pub output: Option<PathBuf>,
    /// For whom it is drawn.
    pub size: Size,
    /// Whether a file that exists is replaced.
    pub force: bool,
}

/// Draws the traces that `request` names and returns the file of the picture.
///
/// # Errors
///
/// If a trace cannot be read or ends before the window, or the picture cannot be written.
pub fn timeline(request: TimelineRequest) -> Result<PathBuf, Error> {
    let TimelineRequest {
        files,
        by,
        window,
        output,
        size,
        force,
    } = request;
    let path = output.unwrap_or_else(|| files[0].with_extension("png"));
    FigureFormat::of(&path).map_err(UsageError::of)?;
    output::claim(&path, force)?;
    let traces = files.iter().map(|file| read_trace(file));
    let traces: Vec<Trace> = traces.collect::<Result<_, _>>()?;
    let from = window.map_or(0, |(from, _)| from);
    for (file, trace) in files.iter().zip(&traces) {
        if trace.wall <= from {
            let (name, wall) = (file.display(), trace.wall as f64 / 1e6);
            let message = format!("{name} ends at {wall} ms, before --window begins");
            return Err(UsageError(message).into());
        }
    }
    let picture = size.fit(view::timeline(&traces, by, window));
    picture.save(&path).map_err(Error::because)?;
    Ok(path)
}
