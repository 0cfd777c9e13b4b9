//! Which traces are drawn, and how?

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::app::plot::{TimelineRequest, timeline};
use crate::cli::screen;
use crate::text::ParseError;
use crate::view::size::Size;
use crate::view::timeline::By;

/// What the rows of a timeline are. Text forms: `thread`, `pu`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows(By);

impl FromStr for Rows {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "thread" => Ok(Self(By::Thread)),
            "pu" => Ok(Self(By::Pu)),
            _ => Err(ParseError::new("row", text, "thread or pu")),
        }
    }
}

/// A stretch of an execution. Text form: `FROM..TO` [ms].
#[derive(Clone, Copy, Debug)]
pub(super) struct Window(u64, u64);

impl FromStr for Window {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const NS_PER_MS: f64 = 1e6;
        let wanted = || ParseError::new("window", text, "FROM..TO in milliseconds, as in 10..12.5");
        let (from, to) = text.split_once("..").ok_or_else(wanted)?;
        let [from, to] = [from, to].map(|end| end.trim().parse::<f64>().ok());
        let (from, to) = from.zip(to).ok_or_else(wanted)?;
        if !(from >= 0.0 && to > from && to.is_finite()) {
            return Err(wanted());
        }
        Ok(Self((from * NS_PER_MS) as u64, (to * NS_PER_MS) as u64))
    }
}

/// Which traces to draw and how.
#[derive(clap::Args)]
#[group(id = "timelines")]
pub(super) struct Args {
    /// Draw what threads did over time instead of a run, from files that `oversub trace` or
    /// `oversub simulate --trace` wrote; several go below each other.
    #[arg(long = "timeline", value_name = "FILE.json", num_args = 1.., conflicts_with = "runs")]
    pub(super) files: Vec<PathBuf>,
    /// Rows of the timeline: thread or pu.
    #[arg(
        long,
        value_name = "ROWS",
        default_value = "thread",
        requires = "files"
    )]
    by: Rows,
    /// Part of the timeline to draw [ms].
    #[arg(long, value_name = "FROM..TO", requires = "files")]
    window: Option<Window>,
}

impl Args {
    /// Draws the timeline into `output`, or beside the first file.
    pub(super) fn draw(
        self,
        output: Option<PathBuf>,
        size: Size,
        force: bool,
    ) -> anyhow::Result<()> {
        let picture = timeline(TimelineRequest {
            files: self.files,
            by: self.by.0,
            window: self.window.map(|Window(from, to)| (from, to)),
            output,
            size,
            force,
        })?;
        screen::say(Path::display(&picture))
    }
}
