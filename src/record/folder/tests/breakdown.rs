//! Does every execution of a simulation keep its breakdown, once?

use super::*;
use crate::record::Breakdown;

/// Repetition `rep` of the first visit, in which a PU computed for `rep` ns.
fn simulated(rep: u32) -> Record {
    let breakdown = Breakdown {
        times: [rep.into(), 2, 3, 4, 5, 6],
        migrations: 7,
        events: 8,
        extrapolated_tasks: 9,
    };
    let mut record = record(rep);
    if let Answer::Ok(sample) = &mut record.answer {
        sample.breakdown = Some(Box::new(breakdown));
    }
    record
}

const ROWS: &str = "\
cell,round,rep,compute_ns,spin_ns,yield_ns,switch_ns,idle_ns,throttled_ns,migrations,events,extrapolated_tasks
CELL,1,1,1,2,3,4,5,6,7,8,9
CELL,1,2,2,2,3,4,5,6,7,8,9
";

/// The breakdown of two repetitions.
fn rows() -> String {
    ROWS.replace("CELL", &record(1).visit.cell.to_string())
}

fn text(path: &Path) -> String {
    fs::read_to_string(path.join("breakdown.csv")).unwrap()
}

/// Sums over two repetitions.
fn parts() -> [(String, f64); 6] {
    let sums = [3.0, 4.0, 6.0, 8.0, 10.0, 12.0];
    let names = ["compute", "spin", "yield", "switch", "idle", "throttled"];
    std::array::from_fn(|i| (names[i].to_owned(), sums[i]))
}

/// Two repetitions into `path`, in a session for each of `sessions`, which are repetitions from 1 on.
fn write(path: &Path, sessions: &[u32]) {
    for most in sessions {
        let (mut folder, _) = open(path, 1).unwrap();
        for rep in 1..=*most {
            folder.append(&simulated(rep)).unwrap();
        }
    }
}

#[test]
fn a_breakdown_is_kept_beside_its_sample_and_a_measured_run_has_none() {
    let place = tempfile::tempdir().unwrap();
    let [sim, host] = ["sim", "host"].map(|name| place.path().join(name));
    write(&sim, &[2]);
    assert_eq!(text(&sim), rows());
    assert_eq!(breakdown(&sim).unwrap()[&record(1).visit.cell], parts());
    let (mut folder, _) = open(&host, 1).unwrap();
    folder.append(&record(1)).unwrap();
    assert!(!host.join("breakdown.csv").exists());
    assert!(breakdown(&host).unwrap().is_empty());
}

/// The visit is made again, as after an interruption, and gives the same rows.
#[test]
fn a_visit_that_is_made_again_adds_no_row_twice() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &[1, 2]);
    assert_eq!(text(place.path()), rows());
    assert_eq!(
        RunFolder::read(place.path()).unwrap().1.len(),
        2,
        "the cut-off attempt does not count"
    );
}

/// Killed behind the row of the breakdown and before that of the sample, or within either.
#[test]
fn whoever_is_killed_between_the_two_rows_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    for (kept, samples) in [(rows().len(), 1), (rows().len() - 9, 1), (20, 0), (0, 0)] {
        let path = place.path().join(kept.to_string());
        write(&path, &[1]);
        fs::write(path.join("breakdown.csv"), &rows()[..kept]).unwrap();
        if samples == 0 {
            fs::write(path.join("samples.csv"), "").unwrap();
        }
        write(&path, &[2]);
        assert_eq!(text(&path), rows(), "{kept}");
        assert_eq!(breakdown(&path).unwrap()[&record(1).visit.cell], parts());
    }
}

/// Of an execution that came out otherwise when it was made again the last row counts.
#[test]
fn the_last_row_of_an_execution_counts() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &[2]);
    let other = rows().replace(",1,1,1,2,", ",1,1,999,2,");
    let last = rows().lines().nth(1).unwrap().to_owned();
    let csv = place.path().join("breakdown.csv");
    fs::write(&csv, format!("{other}{last}\n")).unwrap();
    let found = breakdown(place.path()).unwrap();
    assert_eq!(found[&record(1).visit.cell], parts());
}

#[test]
fn a_row_that_is_none_is_an_error_with_its_line() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &[2]);
    let csv = place.path().join("breakdown.csv");
    for (found, put, line, why) in [
        (
            ",1,2,2,",
            ",1,2,,",
            3,
            "column compute_ns: '' is not a whole number",
        ),
        (",1,1,1,", ",1,1,x,", 2, "column compute_ns: 'x' is not"),
        (
            ",1,1,1,",
            ",1,1,",
            2,
            "it has 11 columns, the first line has 12",
        ),
        (
            ",1,1,1,",
            ",5000000000,1,1,",
            2,
            "column round: '5000000000' is too large",
        ),
        (
            "cell,round",
            "round,cell",
            1,
            "it does not name cell, round and rep",
        ),
        ("\n", "\nnonsense", 2, "column cell: "),
    ] {
        fs::write(&csv, rows().replacen(found, put, 1)).unwrap();
        for error in [
            breakdown(place.path()).unwrap_err().to_string(),
            open(place.path(), 2).unwrap_err().to_string(),
        ] {
            let place = format!("breakdown.csv line {line}: {why}");
            assert!(error.contains(&place), "{error}");
            assert!(error.contains("simulate again"), "{error}");
        }
    }
}

/// Runs of earlier versions have fewer columns: they are read, and go on with those that they have.
#[test]
fn a_breakdown_with_fewer_columns_goes_on_with_those() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &[1]);
    let shorter = |text: &str| -> String {
        let lines = text.lines();
        let cut = lines.map(|line| line.rsplit_once(',').unwrap().0.to_owned() + "\n");
        cut.collect()
    };
    let csv = place.path().join("breakdown.csv");
    fs::write(&csv, shorter(&text(place.path()))).unwrap();
    write(place.path(), &[2]);
    assert_eq!(text(place.path()), shorter(&rows()));
}

#[test]
fn a_breakdown_that_somebody_else_changes_stops_the_sweep_and_is_rescued() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("run");
    let (mut folder, _) = open(&path, 1).unwrap();
    folder.append(&simulated(1)).unwrap();
    fs::write(path.join("breakdown.csv"), "").unwrap();
    let error = folder.append(&simulated(2)).unwrap_err();
    assert!(error.is_foreign() && error.to_string().contains("breakdown.csv was"));
    let told = folder.keep_elsewhere(&[simulated(1), simulated(2)], error);
    assert!(
        told.to_string().contains("all 2 samples are kept"),
        "{told}"
    );
    assert_eq!(text(&place.path().join("run.kept")), rows());
}
