//! What becomes of a run whose files somebody else changes while it is written?

use super::damaged::Run;
use super::*;

type Hand = fn(&Path);

/// What another program may do to a run that is being written, and how it is called.
const HANDS: [(Hand, &str); 9] = [
    (
        |run| fs::remove_dir_all(run).unwrap(),
        "samples.csv was deleted",
    ),
    (
        |run| fs::remove_file(run.join("samples.csv")).unwrap(),
        "samples.csv was deleted",
    ),
    (
        |run| fs::rename(run, run.with_extension("moved")).unwrap(),
        "samples.csv was deleted",
    ),
    (
        |run| {
            fs::copy(run.join("samples.csv"), run.join("x")).unwrap();
            fs::rename(run.join("x"), run.join("samples.csv")).unwrap();
        },
        "samples.csv was replaced by another file",
    ),
    (|run| cut(run, 0), "samples.csv was cut"),
    (|run| cut(run, 600), "samples.csv was cut"),
    (
        |run| {
            let csv = OpenOptions::new()
                .append(true)
                .open(run.join("samples.csv"));
            csv.unwrap().write_all(b"more\n").unwrap();
        },
        "samples.csv was written to by another program",
    ),
    (
        |run| {
            let text = fs::read_to_string(run.join("samples.csv")).unwrap();
            fs::write(run.join("samples.csv"), text.replacen("host", "hose", 1)).unwrap();
        },
        "samples.csv was changed",
    ),
    (
        |run| fs::remove_file(run.join("run.json")).unwrap(),
        "run.json was deleted",
    ),
];

fn cut(run: &Path, length: u64) {
    let csv = OpenOptions::new().write(true).open(run.join("samples.csv"));
    csv.unwrap().set_len(length).unwrap();
}

#[test]
fn a_run_under_foreign_hands_stops_at_the_next_row_and_loses_none() {
    for (hand, what) in HANDS {
        for at_the_end in [false, true] {
            let place = tempfile::tempdir().unwrap();
            let out = place.path().join("run");
            let header = RunHeader::bare("test", Run::plan());
            let (mut folder, _) = RunFolder::open(&out, &header).unwrap();
            let records = Run::records();
            let (before, after) = records.split_at(6);
            before
                .iter()
                .for_each(|record| folder.append(record).unwrap());
            hand(&out);
            let why = match at_the_end {
                true => folder.verify().unwrap_err(),
                false => folder.append(&after[0]).unwrap_err(),
            };
            assert!(why.to_string().contains(what) && why.is_foreign(), "{why}");
            let told = folder.keep_elsewhere(&records[..7], why).to_string();
            let kept = place.path().join("run.kept");
            let command = format!("--out {}", kept.display());
            assert!(
                told.contains("all 7 samples are kept") && told.contains(&command),
                "{told}"
            );
            assert_eq!(RunFolder::open(&kept, &header).unwrap().1, records[..7]);
        }
    }
}

/// A touch, another name or other rights change no text.
#[test]
fn hands_that_change_no_text_are_no_matter() {
    let run = Run::new();
    let (mut folder, _) = run.open().unwrap();
    let file = File::options().append(true).open(run.csv()).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    fs::hard_link(run.csv(), run.path().join("link")).unwrap();
    let last = Run::plan().visits().last().unwrap();
    folder
        .append(&Record {
            visit: last,
            ..record(1)
        })
        .unwrap();
    folder.verify().unwrap();
}

#[test]
fn rows_kept_beside_take_a_name_that_is_free() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let header = RunHeader::bare("test", Run::plan());
    for name in ["run.kept", "run.kept-2"] {
        let (mut folder, _) = RunFolder::open(&out, &header).unwrap();
        folder.append(&Run::records()[0]).unwrap();
        fs::remove_dir_all(&out).unwrap();
        let why = folder.verify().unwrap_err();
        let told = folder.keep_elsewhere(&Run::records()[..1], why).to_string();
        assert!(told.contains(&format!("{name}:")), "{told}");
    }
}
