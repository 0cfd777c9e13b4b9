//! Boots the virtual machines of `tests/machines/*.toml` and runs their checks.
//!
//! A *machine* is a file: what QEMU emulates, which kernel it boots, which checks run in it. A
//! *check* is a script of `tests/machines/checks/` that compares an answer of `oversub` with a truth
//! found without it. Everything runs in emulation, so time means nothing here and is not checked.

mod answer;
mod boot;
mod disk;
mod kernel;
mod machine;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, bail};
use clap::Parser;

use answer::{Report, Verdict};
use kernel::Kernel;
use machine::Machine;

/// Boots virtual machines and runs the checks of each in it.
#[derive(Parser)]
struct Args {
    /// Machines to boot, by name [default: all]. Only a run of all writes docs/machines.md.
    machines: Vec<String>,
    /// Boot only the machines marked quick, and none where QEMU or a kernel is missing.
    #[arg(long)]
    quick: bool,
    /// The program to test.
    #[arg(long, value_name = "FILE", default_value = "target/release/oversub")]
    program: PathBuf,
    /// Machines booted at a time [default: the number of CPUs].
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Show what every check printed, not only failed ones.
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if args.quick => {
            println!("machines: left out: {error:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What every machine is booted from.
struct Lab {
    /// The part of the RAM disk that all machines have.
    disk: Vec<u8>,
    /// By version.
    kernels: BTreeMap<String, Kernel>,
    /// Kernels and RAM disks, kept between runs.
    work: PathBuf,
}

impl Lab {
    fn set_up(folder: &Path, program: &Path, machines: &[Machine]) -> anyhow::Result<Self> {
        let version = Command::new(boot::QEMU)
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        version.with_context(|| format!("{} is missing; run make setup-tests", boot::QEMU))?;
        let work = work_folder()?;
        let versions = machines
            .iter()
            .map(|machine| machine.kernel.as_str())
            .collect();
        let kernels = kernel::fetch(&folder.join("kernel.sh"), &work, &versions)?;
        let disk = disk::base(folder, program, &work)?;
        Ok(Self {
            disk,
            kernels,
            work,
        })
    }

    fn try_machine(&self, machine: &Machine) -> anyhow::Result<Report> {
        let kernel = self.kernels.get(&machine.kernel).context("no kernel")?;
        let part = disk::part_of(machine)?;
        let disk = self.work.join(format!("{}.cpio", machine.name));
        fs::write(&disk, [self.disk.as_slice(), &part].concat())?;
        let console = boot::boot(machine, &kernel.image, &disk);
        fs::remove_file(&disk)?;
        Ok(Report::read(&machine.checks, &console?))
    }

    /// The reports of `machines`, in their order, `jobs` machines at a time.
    fn try_all(
        &self,
        machines: &[Machine],
        jobs: usize,
        verbose: bool,
    ) -> anyhow::Result<Vec<Report>> {
        let waiting = Mutex::new(machines.iter().enumerate());
        let next = || waiting.lock().ok()?.next();
        let worker = || {
            let mut reports = Vec::new();
            while let Some((index, machine)) = next() {
                let report = self.try_machine(machine)?;
                print!("{}", words(machine, &report, verbose));
                reports.push((index, report));
            }
            anyhow::Ok(reports)
        };
        let mut reports = BTreeMap::new();
        thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
            for worker in workers {
                match worker.join() {
                    Ok(found) => reports.extend(found?),
                    Err(_) => bail!("a worker panicked"),
                }
            }
            Ok(())
        })?;
        Ok(reports.into_values().collect())
    }
}

/// Whether all checks of the machines asked for passed.
fn run(args: &Args) -> anyhow::Result<bool> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()?;
    let machines = chosen(Machine::read_all(&folder)?, args)?;
    let lab = Lab::set_up(&folder, &args.program, &machines)?;
    let cpus = || thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or_else(cpus);
    let reports = lab.try_all(&machines, jobs, args.verbose)?;
    if args.machines.is_empty() && !args.quick {
        let tried: Vec<table::Tried> = machines.iter().zip(&reports).collect();
        let page = folder.join("../../docs/machines.md");
        fs::write(&page, table::page(&tried, &lab.kernels))?;
        println!("wrote docs/machines.md");
    }
    let answers = || reports.iter().flat_map(|report| &report.answers);
    let passed = answers()
        .filter(|answer| answer.verdict == Verdict::Pass)
        .count();
    let good = reports.iter().filter(|report| report.is_good()).count();
    println!(
        "{good} of {} machines good; {passed} of {} checks passed",
        reports.len(),
        answers().count()
    );
    Ok(good == reports.len())
}

fn chosen(mut machines: Vec<Machine>, args: &Args) -> anyhow::Result<Vec<Machine>> {
    for name in &args.machines {
        if !machines.iter().any(|machine| machine.name == *name) {
            let known: Vec<&str> = machines
                .iter()
                .map(|machine| machine.name.as_str())
                .collect();
            bail!("no machine '{name}'; there are {}", known.join(", "));
        }
    }
    machines.retain(|machine| {
        let named = args.machines.is_empty() || args.machines.contains(&machine.name);
        named && (machine.quick || !args.quick)
    });
    Ok(machines)
}

/// Kernels and RAM disks live in the folder of what was built.
fn work_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).context("no target folder")?;
    Ok(target.join("machines"))
}

/// A line for each check, and what failed ones printed.
fn words(machine: &Machine, report: &Report, verbose: bool) -> String {
    let mut lines = Vec::new();
    for answer in &report.answers {
        let (word, shown) = match answer.verdict {
            Verdict::Pass => ("pass", verbose),
            Verdict::Fail => ("FAIL", true),
            Verdict::NotApplicable => ("n/a", true),
            Verdict::Missing => ("FAIL (no answer)", true),
        };
        lines.push(format!("{}: {}: {word}", machine.name, answer.check));
        if shown {
            lines.extend(answer.lines.iter().map(|line| format!("    {line}")));
        }
    }
    if let Some(trouble) = &report.trouble {
        lines.push(format!(
            "{}: {}",
            machine.name,
            trouble.replace('\n', "\n    ")
        ));
    }
    lines.join("\n") + "\n"
}
