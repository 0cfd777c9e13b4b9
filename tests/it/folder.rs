//! A run whose files somebody else changes, from the command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use oversub::record::{Record, RunFolder};

use crate::program::{oversub, said};

/// A sweep of 2 x 2 tiny cells, two repetitions in each of `rounds` rounds, into `out`.
fn tiny(out: &Path, rounds: &str) -> Vec<String> {
    let fixed = [
        "sweep", "--n", "16", "--outer", "1,2", "--inner", "1,2", "--tasks", "4", "--reps", "2",
        "--rounds", rounds, "--out",
    ];
    let fixed = fixed.map(str::to_owned);
    fixed
        .into_iter()
        .chain([out.display().to_string()])
        .collect()
}

fn run(arguments: &[String]) -> Output {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    oversub(&arguments)
}

/// A sweep that has recorded twenty rows and goes on.
fn under_way(arguments: &[String], csv: &Path) -> Child {
    let sweep = Command::new(env!("CARGO_BIN_EXE_oversub"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let patience = Instant::now() + Duration::from_secs(120);
    while fs::read_to_string(csv).map_or(0, |text| text.lines().count()) < 21 {
        assert!(Instant::now() < patience, "no rows came");
        std::thread::sleep(Duration::from_millis(2));
    }
    sweep
}

#[test]
fn a_sweep_whose_files_are_changed_stops_at_once_and_goes_on_from_the_rows_it_kept() {
    type Hand = fn(&Path);
    let hands: [(Hand, &str); 3] = [
        (|out| fs::remove_dir_all(out).unwrap(), "was deleted"),
        (
            |out| {
                fs::copy(out.join("samples.csv"), out.join("x")).unwrap();
                fs::rename(out.join("x"), out.join("samples.csv")).unwrap();
            },
            "was replaced by another file",
        ),
        (
            |out| fs::write(out.join("samples.csv"), "").unwrap(),
            "was ",
        ),
    ];
    for (hand, what) in hands {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("run");
        let arguments = tiny(&out, "2000");
        let sweep = under_way(&arguments, &out.join("samples.csv"));
        hand(&out);
        let output = sweep.wait_with_output().unwrap();
        let told = said(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains(what) && told.contains("the sweep stopped"),
            "{told}"
        );
        assert!(
            output.stdout.is_empty(),
            "no split follows from a part of a run"
        );
        let kept = place.path().join("run.kept");
        let (_, records) = RunFolder::read(&kept).unwrap();
        let all = format!(
            "all {} samples are kept in {}",
            records.len(),
            kept.display()
        );
        assert!(records.len() >= 20 && told.contains(&all), "{told}");
        // What the message says to type.
        let sweep = under_way(&tiny(&kept, "2000"), &kept.join("samples.csv"));
        let more = sweep.wait_with_output_after(Duration::from_millis(300));
        assert!(
            more.contains(&format!("{} samples", records.len())),
            "{more}"
        );
    }
}

trait Interrupted {
    fn wait_with_output_after(self, time: Duration) -> String;
}

impl Interrupted for Child {
    /// What it says until it is interrupted after `time`.
    fn wait_with_output_after(self, time: Duration) -> String {
        std::thread::sleep(time);
        let interrupt = Command::new("kill")
            .args(["-INT", &self.id().to_string()])
            .status();
        assert!(interrupt.unwrap().success());
        said(&self.wait_with_output().unwrap())
    }
}

/// A run of 16 samples, of which the first nine are left.
struct Part {
    _place: tempfile::TempDir,
    out: PathBuf,
}

impl Part {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("run");
        assert!(run(&tiny(&out, "2")).status.success());
        let csv = out.join("samples.csv");
        let text = fs::read_to_string(&csv).unwrap();
        let lines: Vec<&str> = text.lines().take(10).collect();
        fs::write(&csv, lines.join("\n") + "\n").unwrap();
        Self { _place: place, out }
    }

    fn text(&self) -> String {
        fs::read_to_string(self.out.join("samples.csv")).unwrap()
    }
}

#[test]
fn every_reader_says_that_a_run_is_not_complete() {
    let part = Part::new();
    let out = part.out.to_str().unwrap();
    let page = part.out.join("page.html");
    let page = page.to_str().unwrap();
    let verbs: [&[&str]; 7] = [
        &["recommend", out],
        &["explain", out],
        &["plot", out],
        &["report", out, "-o", page],
        &["compare", out, out],
        &["export", out, "--as", "csv"],
        &["export", out, "--as", "csv", "--samples"],
    ];
    let not_complete =
        "9 of 16 samples; the run is not complete: run the same command again to resume";
    for verb in verbs {
        let output = oversub(verb);
        assert!(output.status.success(), "{}", said(&output));
        assert!(
            said(&output).contains(not_complete),
            "{verb:?}: {}",
            said(&output)
        );
    }
    assert!(fs::read_to_string(page).unwrap().contains(not_complete));
    assert!(run(&tiny(&part.out, "2")).status.success());
    for verb in [&["recommend", out][..], &["export", out, "--as", "csv"]] {
        assert!(!said(&oversub(verb)).contains("complete"));
    }
}

#[test]
fn what_another_program_saved_is_refused_with_a_command_that_mends_it() {
    let part = Part::new();
    let whole = part.text();
    let csv = part.out.join("samples.csv");
    let damaged = whole.replacen("\nhost,", "\nhose,", 1);
    let damaged = damaged.replace('\n', "\r\n");
    fs::write(&csv, &damaged).unwrap();
    let out = part.out.to_str().unwrap();
    for refused in [oversub(&["recommend", out]), run(&tiny(&part.out, "2"))] {
        assert_eq!(refused.status.code(), Some(1));
        let told = said(&refused);
        assert!(told.contains("line 1: it ends in CR:"), "{told}");
        assert!(told.contains(&format!("oversub repair {out}")), "{told}");
        assert_eq!(part.text(), damaged);
    }
    let repaired = oversub(&["repair", out]);
    assert!(repaired.status.success(), "{}", said(&repaired));
    let told = String::from_utf8_lossy(&repaired.stdout).into_owned();
    assert!(
        told.contains("2 lines set aside") && told.contains("line 2: its checksum"),
        "{told}"
    );
    let copy = part.out.join("samples.csv.before-repair");
    assert_eq!(fs::read_to_string(copy).unwrap(), damaged);
    let again = run(&tiny(&part.out, "2"));
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(RunFolder::read(&part.out).unwrap().1.len(), 16);
    let again = oversub(&["repair", out]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("needs no repair"));
    assert_eq!(oversub(&["repair", "/no/such/run"]).status.code(), Some(2));
}

#[test]
fn samples_without_their_header_are_exported_and_nothing_else_is_said_of_them() {
    let part = Part::new();
    let out = part.out.to_str().unwrap();
    fs::remove_file(part.out.join("run.json")).unwrap();
    let exported = oversub(&["export", out, "--as", "csv", "--samples"]);
    assert!(exported.status.success(), "{}", said(&exported));
    assert_eq!(
        String::from_utf8_lossy(&exported.stdout).lines().count(),
        10
    );
    assert!(
        said(&exported).contains("no run.json"),
        "{}",
        said(&exported)
    );
    let told = said(&oversub(&["recommend", out]));
    assert!(told.contains("oversub export"), "{told}");
}

/// As on a full disk: what was recorded stays, and the same command goes on when there is space.
#[test]
fn a_full_disk_stops_the_sweep_and_the_same_command_resumes_it() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("left out: no file system may be mounted here");
        return;
    };
    let out = disk.0.path().join("run");
    let full = run(&tiny(&out, "60"));
    assert_eq!(full.status.code(), Some(1), "{}", said(&full));
    assert!(said(&full).contains("free some space"), "{}", said(&full));
    let (_, before) = RunFolder::read(&out).unwrap();
    disk.grow();
    let again = run(&tiny(&out, "60"));
    assert!(again.status.success(), "{}", said(&again));
    let (_, after) = RunFolder::read(&out).unwrap();
    assert_eq!(after.len(), 480);
    // The visit that the full disk cut off is measured again as a whole; no other row is another.
    let samples_of = |record: &Record| before.iter().filter(|r| r.visit == record.visit).count();
    let mut kept = before.iter().filter(|record| samples_of(record) == 2);
    assert!(kept.clone().count() + 1 >= before.len());
    assert!(kept.all(|record| after.contains(record)));
}

/// A file system in memory with room for some rows.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    pub(crate) fn mount() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        let disk = Self::sized(place.path(), "size=64k");
        disk.then_some(Self(place))
    }

    fn sized(path: &Path, options: &str) -> bool {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(path)
            .output();
        mount.is_ok_and(|mount| mount.status.success())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn grow(&self) {
        let options = "remount,size=64m";
        assert!(Self::sized(self.0.path(), options));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let gone = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(
            gone.is_ok_and(|gone| gone.success()),
            "a mount is left behind"
        );
    }
}

/// All rows are whole, but the plan beside them is another: nothing is set aside.
#[test]
fn a_run_whose_plan_was_changed_is_not_repaired_away() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    assert!(run(&tiny(&out, "2")).status.success());
    let header = out.join("run.json");
    let plan = fs::read_to_string(&header).unwrap();
    fs::write(&header, plan.replace("tasks=4", "tasks=7")).unwrap();
    let before = fs::read(out.join("samples.csv")).unwrap();
    let repair = oversub(&["repair", out.to_str().unwrap()]);
    assert_eq!(repair.status.code(), Some(1), "{}", said(&repair));
    let words = "none of its 16 rows fits the run.json";
    assert!(said(&repair).contains(words), "{}", said(&repair));
    assert_eq!(fs::read(out.join("samples.csv")).unwrap(), before);
}

/// A plan that no sweep would begin.
#[test]
fn a_header_with_a_plan_beyond_use_is_refused_at_once() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    assert!(run(&tiny(&out, "2")).status.success());
    let header = out.join("run.json");
    let plan = fs::read_to_string(&header).unwrap();
    fs::write(
        &header,
        plan.replace("\"rounds\": 2", "\"rounds\": 4000000000"),
    )
    .unwrap();
    for verb in ["recommend", "explain", "plot"] {
        let refused = oversub(&[verb, out.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(1), "{verb} {}", said(&refused));
        assert!(
            said(&refused).contains("between 1 and 10000000"),
            "{}",
            said(&refused)
        );
    }
}

/// "More rounds would tell", says a sweep: the same command with more of them measures the others only.
#[test]
fn a_run_goes_on_with_more_rounds_and_more_cells() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    assert!(run(&tiny(&out, "1")).status.success());
    let (_, before) = RunFolder::read(&out).unwrap();
    let mut more = tiny(&out, "2");
    more.extend(["--placement", "unbound,close"].map(str::to_owned));
    let grown = run(&more);
    assert!(grown.status.success(), "{}", said(&grown));
    let (header, after) = RunFolder::read(&out).unwrap();
    assert_eq!((before.len(), after.len()), (8, 2 * 2 * 8));
    assert_eq!(header.plan.protocol.rounds.get(), 2);
    assert_eq!(after[..8], before);
    let fewer = run(&tiny(&out, "1"));
    assert_eq!(fewer.status.code(), Some(1), "{}", said(&fewer));
}
