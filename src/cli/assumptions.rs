//! What is assumed of a simulated machine and its kernel, as flags?

use std::path::PathBuf;
use std::str::FromStr;

use crate::app::Setup;
use crate::sim::{KernelVersion, TickMode, YieldRule};
use crate::text::ParseError;

/// What the machine costs and how its kernel behaves.
#[derive(clap::Args)]
pub(super) struct Assumptions {
    /// What things cost: generic, epyc-9004, epyc-9004-vm, cortex-a76, xeon-e5-v4, xeon-spr, or a file
    /// [default: generic].
    #[arg(long, value_name = "NAME|FILE.toml")]
    preset: Option<String>,
    /// What `oversub calibrate` measured on the machine; what it does not say is as in the preset.
    #[arg(long, value_name = "FILE.toml")]
    calibration: Option<PathBuf>,
    /// A parameter of the preset or the calibration, in its unit, such as flops_f64=17.4; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<Setting>,
    /// Version of Linux, such as 6.12 [default: this machine's, or 6.12 for another].
    #[arg(long, value_name = "VERSION")]
    kernel: Option<KernelVersion>,
    /// Ticks a second [default: this machine's, or 250 for another].
    #[arg(long, value_name = "HZ")]
    hz: Option<u32>,
    /// When slices are looked at: aligned, staggered or exact (HRTICK) [default: staggered under
    /// skew_tick=1, else aligned].
    #[arg(long, value_name = "MODE")]
    tick: Option<TickMode>,
    /// What sched_yield does: deadline or forfeit [default: as the kernel version does].
    #[arg(long = "yield", value_name = "RULE")]
    yields: Option<YieldRule>,
}

/// A parameter as the user says it.
#[derive(Clone, Debug, PartialEq)]
struct Setting {
    name: String,
    value: f64,
}

impl FromStr for Setting {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = || ParseError::new("parameter", text, "NAME=VALUE, such as flops_f64=17.4");
        let (name, value) = text.split_once('=').ok_or_else(bad)?;
        let value = value.parse().map_err(|_| bad())?;
        Ok(Self {
            name: name.to_owned(),
            value,
        })
    }
}

impl Assumptions {
    /// What these flags say.
    pub(super) fn setup(self) -> Setup {
        let set = self.set.into_iter();
        Setup {
            preset: self.preset,
            calibration: self.calibration,
            set: set.map(|Setting { name, value }| (name, value)).collect(),
            kernel: self.kernel,
            hz: self.hz,
            tick: self.tick,
            yields: self.yields,
            ..Setup::default()
        }
    }
}
