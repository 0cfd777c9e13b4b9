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
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Parser;

use answer::{Report, Verdict};
use boot::Boot;
use machine::Machine;

/// Boots virtual machines and runs the checks of each in it.
#[derive(Parser)]
struct Args {
    /// Machines to boot, by name [default: all].
    machines: Vec<String>,
    /// Boot only the machines marked quick, and none where QEMU or a kernel is missing; leave
    /// docs/machines.md as it is.
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
    /// Times the limit of every machine, for a computer that is busy with other work.
    #[arg(long, value_name = "FACTOR", default_value = "1")]
    patience: u32,
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
    kernels: BTreeMap<String, PathBuf>,
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

    /// Boots `machine`, keeps what it prints in a file, and reads the answers from that.
    fn try_machine(&self, machine: &Machine, patience: u32) -> anyhow::Result<Report> {
        let kernel = self.kernels.get(&machine.kernel).context("no kernel")?;
        let part = disk::part_of(machine)?;
        let disk = format!("{}-{}.cpio", machine.name, std::process::id());
        let disk = self.work.join(disk);
        fs::write(&disk, [self.disk.as_slice(), &part].concat())?;
        let boot = Boot {
            kernel: kernel.clone(),
            disk: disk.clone(),
            limit_s: machine.limit_s.saturating_mul(patience),
        };
        let booted = boot.run(machine, &console_of(&self.work, machine));
        fs::remove_file(&disk)?;
        booted?;
        kept(&self.work, machine).context("nothing was kept of a machine that was booted")
    }

    /// The reports of `machines`, as many at a time as `args` say.
    fn try_all(&self, machines: &[Machine], args: &Args) -> anyhow::Result<Vec<Report>> {
        let waiting = Mutex::new(machines.iter());
        let next = || waiting.lock().ok()?.next();
        let worker = || {
            let mut reports = Vec::new();
            while let Some(machine) = next() {
                let began = Instant::now();
                let report = self.try_machine(machine, args.patience)?;
                print!("{}", words(machine, &report, args.verbose));
                println!("{}: {} s in all", machine.name, began.elapsed().as_secs());
                reports.push(report);
            }
            anyhow::Ok(reports)
        };
        let cpus = || thread::available_parallelism().map_or(1, usize::from);
        let jobs = args.jobs.unwrap_or_else(cpus);
        let mut reports = Vec::new();
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
        Ok(reports)
    }
}

/// The file of what `machine` printed when it was booted last.
fn console_of(work: &Path, machine: &Machine) -> PathBuf {
    work.join(format!("{}.console", machine.name))
}

/// The report of `machine` when it was booted last; `None` if it never was.
fn kept(work: &Path, machine: &Machine) -> Option<Report> {
    let console = fs::read(console_of(work, machine)).ok()?;
    Some(Report::read(
        &machine.checks,
        &String::from_utf8_lossy(&console),
    ))
}

/// Whether all checks of the machines asked for passed.
fn run(args: &Args) -> anyhow::Result<bool> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()?;
    let all = Machine::read_all(&folder)?;
    let machines = chosen(&all, args)?;
    let lab = Lab::set_up(&folder, &args.program, &machines)?;
    let reports = lab.try_all(&machines, args)?;
    if !args.quick {
        let reports: Vec<Option<Report>> =
            all.iter().map(|machine| kept(&lab.work, machine)).collect();
        let tried: Vec<table::Tried> = all.iter().zip(&reports).collect();
        fs::write(folder.join("../../docs/machines.md"), table::page(&tried))?;
        println!("wrote docs/machines.md");
    }
    let answers = || reports.iter().flat_map(|report| &report.answers);
    let failed = answers().filter(|answer| answer.verdict.is_bad()).count();
    let good = reports.iter().filter(|report| report.is_good()).count();
    println!(
        "{good} of {} machines good; {failed} of {} checks failed",
        reports.len(),
        answers().count()
    );
    Ok(good == reports.len())
}

/// The machines of `all` that `args` ask for.
fn chosen(all: &[Machine], args: &Args) -> anyhow::Result<Vec<Machine>> {
    for name in &args.machines {
        if !all.iter().any(|machine| machine.name == *name) {
            let known: Vec<&str> = all.iter().map(|machine| machine.name.as_str()).collect();
            bail!("no machine '{name}'; there are {}", known.join(", "));
        }
    }
    let asked = |machine: &&Machine| {
        let named = args.machines.is_empty() || args.machines.contains(&machine.name);
        named && (machine.quick || !args.quick)
    };
    Ok(all.iter().filter(asked).cloned().collect())
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
        let took = answer.seconds.map(|s| format!(" ({s} s)"));
        let took = took.unwrap_or_default();
        lines.push(format!("{}: {}: {word}{took}", machine.name, answer.check));
        if shown {
            lines.extend(answer.lines.iter().map(|line| format!("    {line}")));
        }
    }
    if let Some(last) = &report.last_lines {
        lines.push(format!(
            "{}: did not come to its end; its last lines:",
            machine.name
        ));
        lines.extend(last.iter().map(|line| format!("    {line}")));
    }
    lines.join("\n") + "\n"
}
