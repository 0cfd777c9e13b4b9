//! Does `oversub explain` name the right cause?
//!
//! Cells that are made to have a cause, each with its label, which follows from how the cell is made
//! and not from what is measured. Half of the labels set the thresholds of the rules; the other half
//! was held out. Each group is one `oversub sweep`, read back and explained as by a user.
//!
//! Noise and remote memory are missing: no cell of a run can be given noise that its reference does
//! not share, and this needs a machine with several NUMA nodes.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use oversub::analysis::{Analysis, Cause, Diagnosis, RunContext};
use oversub::experiment::{Cell, PartialCell};
use oversub::record::RunFolder;
use oversub::text::Named;

use crate::turn;
use Half::{HeldOut, Tuning};

/// What a label was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Half {
    /// Thresholds were set by it.
    Tuning,
    /// It only judges.
    HeldOut,
}

/// A cell, by parts of its text form, with its cause.
type Label = (Half, &'static str, Cause);

/// One sweep. `{p}` stands for the CPUs of the machine, `{2p}` for twice as many, and so on.
struct Group {
    name: &'static str,
    args: &'static str,
    /// CPU quota, as a share of the CPUs of the machine.
    quota: Option<f64>,
    labels: &'static [Label],
}

const GROUPS: [Group; 8] = [
    Group {
        name: "waiting",
        args: "--n 256 --tasks {8p} --outer 1,{p},{2p} --inner 1,{p},{2p} --wait active,yield,passive",
        quota: None,
        labels: &[
            // Who spins beyond P holds the CPUs of those that work.
            (Tuning, "{2p}x{2p} fork-join.active", Cause::Spinning),
            (Tuning, "1x{2p} fork-join.active", Cause::Spinning),
            (HeldOut, "{p}x{p} fork-join.active", Cause::Spinning),
            (HeldOut, "{p}x{2p} fork-join.active", Cause::Spinning),
            // Who gives its CPU away only waits for its turn.
            (Tuning, "{2p}x{2p} fork-join.yield", Cause::TimeSliced),
            (HeldOut, "{2p}x{2p} fork-join.passive", Cause::TimeSliced),
            (Tuning, "1x1 fork-join.passive", Cause::TooFewThreads),
            (HeldOut, "1x1 fork-join.active", Cause::TooFewThreads),
        ],
    },
    Group {
        name: "large",
        args: "--n 512 --tasks {8p} --outer 1,{p},{2p} --inner 1 --wait passive",
        quota: None,
        labels: &[
            // A thread for each CPU, and twice as many that never wait for each other.
            (Tuning, "{p}x1 fork-join.passive", Cause::None),
            (HeldOut, "{2p}x1 fork-join.passive", Cause::None),
        ],
    },
    Group {
        name: "small",
        args: "--n 16,32 --tasks {8p} --outer 1,{p},{2p} --inner 1,{p} --runtime fork-join,rayon --wait passive",
        quota: None,
        labels: &[
            // 8192 and 65536 flops are a microsecond's work; waking a thread takes fifty.
            (
                Tuning,
                "matmul.f64.16 1x{p} fork-join.passive",
                Cause::TooSmall,
            ),
            (Tuning, "matmul.f64.16 1x{p} rayon", Cause::TooSmall),
            (
                Tuning,
                "matmul.f64.16 {p}x1 fork-join.passive",
                Cause::TooSmall,
            ),
            (
                HeldOut,
                "matmul.f64.32 1x{p} fork-join.passive",
                Cause::TooSmall,
            ),
            (
                HeldOut,
                "matmul.f64.16 {2p}x{p} fork-join.passive",
                Cause::TooSmall,
            ),
            (HeldOut, "matmul.f64.16 {p}x{p} rayon", Cause::TooSmall),
        ],
    },
    Group {
        name: "lock",
        args: "--n 256 --tasks {16p} --outer 1,{p},{2p} --inner 1 --runtime fork-join,rayon --wait passive --composition independent,exclusive",
        quota: None,
        labels: &[
            // One region at a time, on one thread.
            (Tuning, "{p}x1 fork-join.passive exclusive", Cause::Lock),
            (HeldOut, "{2p}x1 fork-join.passive exclusive", Cause::Lock),
            (HeldOut, "{p}x1 rayon exclusive", Cause::Lock),
        ],
    },
    Group {
        name: "one-task",
        args: "--n 700 --tasks 1 --outer 1,{p} --inner 1,{p} --runtime fork-join,rayon --wait active",
        quota: None,
        labels: &[
            // One worker has the only task.
            (Tuning, "{p}x1 fork-join.active", Cause::Straggler),
            (HeldOut, "{p}x1 rayon", Cause::Straggler),
        ],
    },
    Group {
        name: "odd-task",
        args: "--n 700 --tasks {p+1} --outer 1,{p} --inner 1,{p} --wait active",
        quota: None,
        labels: &[
            // The last task is left to one worker.
            (HeldOut, "{p}x1 fork-join.active", Cause::Straggler),
        ],
    },
    Group {
        name: "quota",
        args: "--n 256 --tasks {512p} --outer 1,{p},{2p} --inner 1,{p} --wait passive",
        quota: Some(0.5),
        labels: &[
            // More threads than the quota feeds.
            (Tuning, "{p}x1 fork-join.passive", Cause::Throttled),
            (HeldOut, "{2p}x1 fork-join.passive", Cause::Throttled),
            (HeldOut, "{p}x{p} fork-join.passive", Cause::Throttled),
        ],
    },
    Group {
        name: "stream",
        args: "--workload dot --n 16777216 --tasks {8p} --outer 1,{p},{2p} --inner 1,{p} --wait passive",
        quota: None,
        labels: &[
            // Two arrays of 128 MiB a worker, read once a task.
            (Tuning, "{p}x1 fork-join.passive", Cause::Bandwidth),
            (HeldOut, "1x{p} fork-join.passive", Cause::Bandwidth),
            (HeldOut, "{2p}x1 fork-join.passive", Cause::Bandwidth),
        ],
    },
];

/// What became of a label.
struct Judged {
    half: Half,
    label: Cause,
    /// `None` where the cell has no diagnosis.
    named: Option<Cause>,
}

/// Runs every group, or the one called `only`, and prints what was named.
pub fn table(only: &str) {
    let groups = GROUPS
        .iter()
        .filter(|group| only.is_empty() || group.name == only);
    let mut judged = Vec::new();
    for group in groups {
        match group.diagnoses() {
            Ok(diagnoses) => judged.extend(group.judge(&diagnoses)),
            Err(why) => println!("{}: left out, {why}", group.name),
        }
    }
    summarize(&judged);
    let lost = judged.iter().filter(|one| one.named.is_none()).count();
    if lost > 0 {
        eprintln!("error: {lost} labels are of cells that were not explained");
        std::process::exit(1);
    }
}

impl Group {
    /// Sweeps the cells of the group and explains them.
    fn diagnoses(&self) -> Result<BTreeMap<Cell, Diagnosis>, String> {
        let folder = env::temp_dir().join(format!(
            "oversub-labelled-{}-{}",
            self.name,
            std::process::id()
        ));
        let text = |error: std::io::Error| error.to_string();
        let quota = self.quota.map(|share| share * f64::from(turn::cpus()));
        let quota = quota.map(|cpus| format!("--quota={cpus}"));
        let mut command = Command::new(program()?);
        command
            .arg("sweep")
            .args(fill(self.args).split(' '))
            .args(["--rounds", "3", "--reps", "3", "--limit", "5"])
            .args(quota)
            .arg("--out")
            .arg(&folder);
        let output = command.output().map_err(text)?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let diagnoses = read(&folder);
        fs::remove_dir_all(&folder).map_err(text)?;
        diagnoses
    }

    fn judge(&self, diagnoses: &BTreeMap<Cell, Diagnosis>) -> Vec<Judged> {
        let labels = self.labels.iter().map(|(half, parts, label)| {
            let parts = fill(parts);
            let wanted: PartialCell = parts.parse().expect("labels are parts of cells");
            let found = diagnoses.values().find(|d| wanted.admits(&d.cell));
            let named = found.map(|d| d.cause);
            let slowdown = found.map_or(f64::NAN, |d| d.slowdown.value());
            let right = if named == Some(*label) { "" } else { "  WRONG" };
            let name = named.map_or_else(|| "nothing".to_owned(), |cause| cause.to_string());
            println!(
                "{half:?}  {:<9} {parts:<42} {label:<15} named {name:<15} at {slowdown:.2}{right}",
                self.name
            );
            Judged {
                half: *half,
                label: *label,
                named,
            }
        });
        labels.collect()
    }
}

/// `oversub`, built beside this program.
fn program() -> Result<PathBuf, String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    let program = own.with_file_name("oversub");
    match program.exists() {
        true => Ok(program),
        false => Err(format!("{} is not there (make build)", program.display())),
    }
}

fn fill(text: &str) -> String {
    let p = turn::cpus();
    let text = text.replace("{p+1}", &(p + 1).to_string());
    let text = text.replace("{p}", &p.to_string());
    let times = [2, 8, 16, 512].into_iter();
    times.fold(text, |text, k| {
        text.replace(&format!("{{{k}p}}"), &(k * p).to_string())
    })
}

fn read(folder: &Path) -> Result<BTreeMap<Cell, Diagnosis>, String> {
    let (header, records) = RunFolder::read(folder).map_err(|error| error.to_string())?;
    let analysis = Analysis::of(&records, header.budget.cpus);
    Ok(analysis
        .explained(&records, &RunContext::of(&header))
        .diagnoses)
}

/// Shares of right answers, and for each cause precision and recall.
fn summarize(judged: &[Judged]) {
    let share = |right: usize, of: usize| format!("{right} of {of}");
    println!();
    for half in [Tuning, HeldOut] {
        let of = judged.iter().filter(|j| j.half == half);
        let right = of.clone().filter(|j| j.named == Some(j.label)).count();
        println!("{half:?}: {} right", share(right, of.count()));
    }
    println!("\ncause            precision  recall");
    for cause in Cause::all() {
        let right = judged
            .iter()
            .filter(|j| j.label == cause && j.named == Some(cause))
            .count();
        let named = judged.iter().filter(|j| j.named == Some(cause)).count();
        let labelled = judged.iter().filter(|j| j.label == cause).count();
        if named + labelled > 0 {
            println!(
                "{cause:<16} {:<10} {}",
                share(right, named),
                share(right, labelled)
            );
        }
    }
}
