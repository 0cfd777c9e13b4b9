//! Which machine is to be simulated, and how?
//!
//! As flags, or as the table `[simulate]` of an experiment file, whose keys are these flags; flags win.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::simulation::{Assumptions, Setting};
use super::super::{UsageError, request};
use crate::sim::{KernelVersion, Model, TickMode, YieldRule};

/// A machine that need not be here, its kernel, and the model.
#[derive(clap::Args)]
pub(super) struct Setup {
    /// hwloc synthetic description, lstopo XML file, or the folder of a run, whose machine, quota and
    /// parameters are taken [default: this machine].
    #[arg(long, value_name = "DESCRIPTION|FILE.xml|RUN")]
    pub(super) machine: Option<String>,
    #[command(flatten)]
    pub(super) assumptions: Assumptions,
    /// How faithful: slices (threads on run queues), steady (the same, but equal tasks only until
    /// their time is known, for large grids) or fluid (PUs divided at will; the baseline)
    /// [default: slices].
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<Model>,
    /// CPU quota in CPUs, such as 1.5 [default: this machine's, or none for another].
    #[arg(long, value_name = "CPUS", value_parser = request::number)]
    pub(super) quota: Option<f64>,
}

/// The part of an experiment file that is about simulations.
#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    simulate: Table,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    machine: Option<String>,
    preset: Option<String>,
    calibration: Option<PathBuf>,
    set: BTreeMap<String, f64>,
    kernel: Option<KernelVersion>,
    hz: Option<u32>,
    tick: Option<TickMode>,
    #[serde(rename = "yield")]
    yields: Option<YieldRule>,
    model: Option<Model>,
    quota: Option<f64>,
}

impl Setup {
    /// This set-up laid over that of an experiment file, if there is one.
    pub(super) fn over(self, file: Option<&Path>) -> Result<Self, UsageError> {
        let table = file.map(read).transpose()?.unwrap_or_default();
        let flags = self.assumptions;
        let said = table.set.into_iter();
        let mut set: Vec<Setting> = said
            .map(|(name, value)| Setting::new(name, value))
            .collect();
        set.extend(flags.set);
        Ok(Self {
            machine: self.machine.or(table.machine),
            assumptions: Assumptions {
                preset: flags.preset.or(table.preset),
                calibration: flags.calibration.or(table.calibration),
                set,
                kernel: flags.kernel.or(table.kernel),
                hz: flags.hz.or(table.hz),
                tick: flags.tick.or(table.tick),
                yields: flags.yields.or(table.yields),
            },
            model: self.model.or(table.model),
            quota: self.quota.or(table.quota),
        })
    }
}

/// The set-up in the experiment file at `path`; one that cannot be read is left to whoever reads the rest.
fn read(path: &Path) -> Result<Table, UsageError> {
    let Ok(text) = request::text(path) else {
        return Ok(Table::default());
    };
    Ok(request::parsed::<File>(path, &text)?.simulate)
}
