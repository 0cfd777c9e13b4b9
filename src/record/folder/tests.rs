//! What survives an interruption, and what of a folder is refused?

mod any_text;
mod breakdown;
mod damaged;
mod foreign;

use super::*;
use crate::experiment::{CpuCounts, Plan, Request};
use crate::record::{Answer, Sample};

fn plan(rounds: u32) -> Plan {
    let toml = format!("outer = 1\ninner = [1, 2]\nrounds = {rounds}");
    let request: Request = toml::from_str(&toml).unwrap();
    request
        .plan(CpuCounts {
            budget: 2,
            physical: 2,
            logical: 2,
        })
        .unwrap()
}

fn record(rep: u32) -> Record {
    let visit = plan(1).visits().next().unwrap();
    let sample = Sample {
        wall: std::time::Duration::from_nanos(1),
        tasks_done: Some(1),
        ..Sample::default()
    };
    Record {
        runner: "host".to_owned(),
        visit,
        rep,
        unix_ms: 1,
        answer: Answer::Ok(sample),
    }
}

/// `text` with the checksum of each row as it should be, as by somebody who knows how.
fn with_checksums(text: &str) -> String {
    let mut lines = text.lines();
    let names = lines.next().unwrap().to_owned() + "\n";
    let summed = lines.map(|line| {
        let own = line.rsplit_once(',').unwrap().0;
        format!("{own},{}\n", crc32fast::hash(own.as_bytes()))
    });
    names + &summed.collect::<String>()
}

fn open(path: &Path, rounds: u32) -> Result<(RunFolder, Vec<Record>), FolderError> {
    RunFolder::open(path, &RunHeader::bare("test", plan(rounds)))
}

#[test]
fn records_come_back_and_a_cut_row_is_dropped() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("deep/run");
    let (mut folder, records) = open(&path, 1).unwrap();
    assert!(records.is_empty());
    folder.append(&record(1)).unwrap();
    folder.append(&record(2)).unwrap();
    drop(folder);
    let csv = path.join("samples.csv");
    let whole = fs::read(&csv).unwrap();
    fs::write(&csv, &whole[..whole.len() - 5]).unwrap();
    assert_eq!(RunFolder::read(&path).unwrap().1, [record(1)]);
    let part = whole.strip_suffix(&whole[whole.len() - 5..]).unwrap();
    let part = &part[part.iter().rposition(|byte| *byte == b'\n').unwrap() + 1..];
    let (mut folder, records) = open(&path, 1).unwrap();
    assert_eq!(records, [record(1)]);
    folder.append(&record(2)).unwrap();
    assert_eq!(fs::read(&csv).unwrap(), whole);
    // Not a byte is lost.
    let cut = fs::read(path.join("samples.csv.cut")).unwrap();
    assert_eq!(cut, [part, b"\n"].concat());
}

#[test]
fn a_run_with_another_plan_is_refused_by_field() {
    let place = tempfile::tempdir().unwrap();
    drop(open(place.path(), 2).unwrap());
    let error = open(place.path(), 1).unwrap_err().to_string();
    assert!(error.contains("rounds is 2 there and 1 here"), "{error}");
}

/// More rounds and more cells: what was measured counts, and the header says what is planned now.
#[test]
fn a_run_may_grow() {
    let place = tempfile::tempdir().unwrap();
    let (mut folder, _) = open(place.path(), 1).unwrap();
    folder.append(&record(1)).unwrap();
    drop(folder);
    let mut plan = plan(3);
    plan.cells.insert(0, "7x1 n=8 static".parse().unwrap());
    let header = RunHeader::bare("other", plan.clone());
    let (folder, records) = RunFolder::open(place.path(), &header).unwrap();
    assert_eq!(records, [record(1)]);
    assert_eq!(
        (&folder.header().plan, &*folder.header().name),
        (&plan, "test")
    );
    drop(folder);
    assert_eq!(RunFolder::read(place.path()).unwrap().0.plan, plan);
    // Another order of the cells is no other plan.
    plan.cells.reverse();
    let turned = RunHeader::bare("other", plan);
    assert!(RunFolder::open(place.path(), &turned).is_ok());
    // It does not shrink again.
    let error = open(place.path(), 3).unwrap_err().to_string();
    assert!(error.contains("holds another run"), "{error}");
}

#[test]
fn a_folder_in_use_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let _open = open(place.path(), 1).unwrap();
    assert!(matches!(open(place.path(), 1), Err(FolderError::Busy(_))));
}

#[test]
fn a_row_that_makes_no_sense_is_named_by_line() {
    let place = tempfile::tempdir().unwrap();
    let (mut folder, _) = open(place.path(), 1).unwrap();
    folder.append(&record(1)).unwrap();
    drop(folder);
    let csv = place.path().join("samples.csv");
    let text = with_checksums(&fs::read_to_string(&csv).unwrap().replace("f64", "f16"));
    fs::write(&csv, text).unwrap();
    let error = RunFolder::read(place.path()).unwrap_err().to_string();
    assert!(
        error.contains("samples.csv line 2") && error.contains("f16"),
        "{error}"
    );
}

#[test]
fn a_run_without_a_newer_column_is_read_but_not_taken_up() {
    let place = tempfile::tempdir().unwrap();
    let (mut folder, _) = open(place.path(), 1).unwrap();
    folder.append(&record(1)).unwrap();
    drop(folder);
    let csv = place.path().join("samples.csv");
    let text = fs::read_to_string(&csv).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let newer = names.iter().position(|name| *name == "granted").unwrap();
    let without = |line: &str| {
        let mut fields: Vec<&str> = line.split(',').collect();
        fields.remove(newer);
        fields.join(",") + "\n"
    };
    let text = text.lines().map(without).collect::<String>();
    fs::write(&csv, with_checksums(&text)).unwrap();
    assert_eq!(RunFolder::read(place.path()).unwrap().1, [record(1)]);
    // It goes on with the columns that it has.
    let (mut folder, records) = open(place.path(), 1).unwrap();
    assert_eq!(records, [record(1)]);
    folder.append(&record(2)).unwrap();
    drop(folder);
    let text = fs::read_to_string(&csv).unwrap();
    let widths: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(widths, [names.len() - 1; 3]);
    assert_eq!(
        RunFolder::read(place.path()).unwrap().1,
        [record(1), record(2)]
    );
}

#[test]
fn a_run_on_another_machine_is_refused_by_field() {
    let place = tempfile::tempdir().unwrap();
    drop(open(place.path(), 1).unwrap());
    let mut elsewhere = RunHeader::bare("test", plan(1));
    elsewhere.budget.cpus = 1.5;
    let error = RunFolder::open(place.path(), &elsewhere)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("budget.cpus is 2 there and 1.5 here"),
        "{error}"
    );
}

#[test]
fn samples_without_a_header_are_not_adopted() {
    let place = tempfile::tempdir().unwrap();
    let (mut folder, _) = open(place.path(), 1).unwrap();
    folder.append(&record(1)).unwrap();
    drop(folder);
    fs::remove_file(place.path().join("run.json")).unwrap();
    assert!(matches!(
        open(place.path(), 1),
        Err(FolderError::NoHeader(_))
    ));
}

#[test]
fn a_repetition_that_failed_counts_as_it_was_measured_later() {
    let place = tempfile::tempdir().unwrap();
    let (mut folder, _) = open(place.path(), 1).unwrap();
    let failed = Record {
        answer: Answer::Failed("too many open files".to_owned()),
        ..record(1)
    };
    for row in [&failed, &failed, &record(1), &record(2)] {
        folder.append(row).unwrap();
    }
    drop(folder);
    let records = RunFolder::read(place.path()).unwrap().1;
    assert_eq!(records, [record(1), record(2)]);
    let text = fs::read_to_string(place.path().join("samples.csv")).unwrap();
    assert_eq!(text.lines().count(), 5, "no row is taken out");
}

#[test]
fn the_same_repetition_twice_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (mut folder, _) = open(place.path(), 1).unwrap();
    folder.append(&record(1)).unwrap();
    folder.append(&record(2)).unwrap();
    folder.append(&record(2)).unwrap();
    drop(folder);
    let error = RunFolder::read(place.path()).unwrap_err().to_string();
    assert!(
        error.contains("line 4") && error.contains("rep 2 again"),
        "{error}"
    );
}

#[test]
fn a_visit_that_was_cut_off_counts_as_it_was_made_again() {
    let place = tempfile::tempdir().unwrap();
    let (mut folder, _) = open(place.path(), 1).unwrap();
    let again = Record {
        unix_ms: 2,
        ..record(1)
    };
    for row in [&record(1), &again, &record(2), &record(3)] {
        folder.append(row).unwrap();
    }
    drop(folder);
    let (_, records) = RunFolder::read(place.path()).unwrap();
    assert_eq!(records, [again, record(2), record(3)]);
}

#[test]
fn what_changed_around_a_run_is_kept_and_the_run_goes_on_under_it() {
    let place = tempfile::tempdir().unwrap();
    let (mut folder, _) = open(place.path(), 1).unwrap();
    let change = Change {
        round: 2,
        at: "2026-01-01T00:00:00Z".to_owned(),
        field: "budget.cpus".to_owned(),
        from: "2".to_owned(),
        to: "1.5".to_owned(),
    };
    folder.note(std::slice::from_ref(&change)).unwrap();
    // The header that it wrote itself is no foreign one.
    folder.append(&record(1)).unwrap();
    folder.verify().unwrap();
    drop(folder);
    let (header, records) = RunFolder::read(place.path()).unwrap();
    assert_eq!((header.changes, records.len()), (vec![change], 1));
    let mut now = RunHeader::bare("test", plan(1));
    now.budget.cpus = 1.5;
    let (folder, _) = RunFolder::open(place.path(), &now).unwrap();
    assert_eq!(folder.header().changes.len(), 1);
}
