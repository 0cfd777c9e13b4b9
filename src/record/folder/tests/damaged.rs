//! What of a changed `samples.csv` is refused, and what does a repair leave?

mod beyond_repair;

use super::*;
use crate::experiment::Visit;

/// A run of two cells, three rounds of two repetitions, of which all but the last visit is recorded: ten
/// rows, on lines 2 to 11.
pub(super) struct Run {
    place: tempfile::TempDir,
}

impl Run {
    pub(super) fn new() -> Self {
        let run = Self {
            place: tempfile::tempdir().unwrap(),
        };
        let (mut folder, _) = run.open().unwrap();
        for record in Self::records() {
            folder.append(&record).unwrap();
        }
        run
    }

    pub(super) fn plan() -> Plan {
        let toml = "outer = 1\ninner = [1, 2]\nrounds = 3\nreps = 2";
        let request: Request = toml::from_str(toml).unwrap();
        let two = CpuCounts {
            budget: 2,
            physical: 2,
            logical: 2,
        };
        request.plan(two).unwrap()
    }

    pub(super) fn records() -> Vec<Record> {
        let visits: Vec<Visit> = Self::plan().visits().take(5).collect();
        let of = |visit: Visit| {
            [1, 2].map(|rep| Record {
                visit,
                ..record(rep)
            })
        };
        visits.into_iter().flat_map(of).collect()
    }

    pub(super) fn path(&self) -> &Path {
        self.place.path()
    }

    pub(super) fn csv(&self) -> PathBuf {
        self.path().join("samples.csv")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.csv()).unwrap()
    }

    fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }

    fn write(&self, text: impl AsRef<[u8]>) {
        fs::write(self.csv(), text).unwrap();
    }

    pub(super) fn open(&self) -> Result<(RunFolder, Vec<Record>), FolderError> {
        RunFolder::open(self.path(), &RunHeader::bare("test", Self::plan()))
    }

    /// What reading and resuming say, which is the same, and which leaves the file as it is.
    fn refusal(&self) -> String {
        let before = fs::read(self.csv()).unwrap();
        let error = RunFolder::read(self.path()).unwrap_err().to_string();
        assert_eq!(self.open().unwrap_err().to_string(), error);
        assert_eq!(fs::read(self.csv()).unwrap(), before, "{error}");
        assert!(error.contains("oversub repair"), "{error}");
        error
    }

    /// What reading, resuming and repairing `text` say, which is the same.
    fn beyond_repair(&self, text: &[u8]) -> String {
        self.write(text);
        let error = RunFolder::read(self.path()).unwrap_err().to_string();
        assert_eq!(self.open().unwrap_err().to_string(), error);
        let repair = RunFolder::repair(self.path()).unwrap_err();
        assert_eq!(repair.to_string(), error);
        assert!(!error.contains("oversub repair"), "{error}");
        assert!(!error.contains('\n'), "{error}");
        assert_eq!(fs::read(self.csv()).unwrap(), text, "{error}");
        error
    }

    /// Repairs the file, whose text before is in the copy then, and returns the lines set aside. What is
    /// left is a run that can be resumed.
    fn repaired(&self) -> Vec<u64> {
        let before = fs::read(self.csv()).unwrap();
        let repair = RunFolder::repair(self.path()).unwrap().unwrap();
        assert_eq!(fs::read(&repair.copy).unwrap(), before);
        let (_, records) = self.open().unwrap();
        assert_eq!(records.len(), repair.kept);
        assert!(
            records
                .iter()
                .all(|record| Self::records().contains(record))
        );
        assert_eq!(RunFolder::repair(self.path()).unwrap(), None);
        repair
            .set_aside
            .iter()
            .map(|problem| problem.line)
            .collect()
    }
}

#[test]
fn text_that_another_program_saved_is_refused_and_repaired_without_loss() {
    let run = Run::new();
    let text = run.text();
    let lf_to = |end: &str| text.replace('\n', end);
    for (saved, why) in [
        (lf_to("\r\n"), "line 1: it ends in CR:"),
        (lf_to("\r"), "line 1: it ends in CR:"),
        (lf_to("\n\r"), "line 2: it holds CR without LF"),
        (
            format!("\u{feff}{text}"),
            "line 1: it begins with a byte-order mark",
        ),
        (
            format!("\u{feff}{}", lf_to("\r\n")),
            "line 1: it begins with a byte-order mark",
        ),
    ] {
        run.write(&saved);
        let error = run.refusal();
        assert!(error.contains(why), "{error}");
        run.repaired();
        assert_eq!(run.open().unwrap().1, Run::records());
    }
    // Only the last line end, or more than the last.
    run.write(text.trim_end());
    assert_eq!(RunFolder::read(run.path()).unwrap().1, Run::records());
    assert_eq!(run.open().unwrap().1, Run::records());
    assert_eq!(run.text(), text);
    run.write(format!("{text}\n"));
    assert!(run.refusal().contains("line 12: it is empty"));
    assert_eq!(run.repaired(), [12]);
}

/// A line with another text at the same place of its checksum.
fn changed(lines: &[String], at: usize, from: &str, to: &str) -> String {
    let mut lines = lines.to_vec();
    let other = lines[at].replacen(from, to, 1);
    assert_ne!(other, lines[at]);
    lines[at] = other;
    lines.join("\n") + "\n"
}

#[test]
fn every_flipped_bit_of_a_row_is_found() {
    let run = Run::new();
    let text = run.text().into_bytes();
    let lines = run.lines();
    let start = lines[0].len() + 1 + lines[1].len() + 1;
    let end = start + lines[2].len() + 1;
    for at in start..end {
        let mut flipped = text.clone();
        flipped[at] ^= 1 << (at % 8);
        run.write(&flipped);
        let error = RunFolder::read(run.path()).unwrap_err().to_string();
        assert!(error.contains("line 3"), "byte {at}: {error}");
    }
    // In the names of the columns as well.
    for at in 0..lines[0].len() {
        let mut flipped = text.clone();
        flipped[at] ^= 1;
        run.write(&flipped);
        assert!(RunFolder::read(run.path()).is_err(), "byte {at}");
    }
}

#[test]
fn rows_that_are_not_those_of_the_plan_are_refused_by_line() {
    let run = Run::new();
    let lines = run.lines();
    let with = |at: usize, record: Record| {
        let mut lines = lines.clone();
        lines.insert(
            at,
            Layout::own(Form::Summed)
                .line(&record)
                .unwrap()
                .trim_end()
                .to_owned(),
        );
        lines.join("\n") + "\n"
    };
    let last = Run::records()[9].clone();
    let visit = |change: &dyn Fn(&mut Visit)| {
        let mut visit = last.visit;
        change(&mut visit);
        Record { visit, ..record(1) }
    };
    let other = "matmul.f64.9_1x1_rayon_independent_unbound_static_t1"
        .parse()
        .unwrap();
    let rep = |rep| Record {
        rep,
        ..last.clone()
    };
    for (record, why) in [
        (
            visit(&|visit| visit.cell = other),
            "line 12: the plan in run.json has no cell matmul n=9 ",
        ),
        (
            visit(&|visit| visit.round = 0),
            "line 12: round 0 is not one of the plan's, 1 to 3",
        ),
        (visit(&|visit| visit.round = 99), "line 12: round 99 is not"),
        (rep(0), "line 12: rep 0 is not one of the plan's, 1 to 2"),
        (rep(77), "line 12: rep 77 is not"),
        (rep(2), "round 3 rep 2 again"),
    ] {
        run.write(with(11, record));
        let error = run.refusal();
        assert!(error.contains(why), "{error}");
        assert_eq!(run.repaired(), [12]);
        assert_eq!(run.lines(), lines);
    }
}

#[test]
fn a_repetition_that_is_missing_is_refused_and_its_visit_measured_again() {
    let run = Run::new();
    let mut lines = run.lines();
    lines.remove(3);
    run.write(lines.join("\n") + "\n");
    let error = run.refusal();
    assert!(
        error.contains("line 4") && error.contains("rep 2 without rep 1 before it"),
        "{error}"
    );
    assert_eq!(run.repaired(), [4]);
    let (_, records) = run.open().unwrap();
    let ledger = crate::record::Ledger::of(&records);
    assert_eq!(records.len(), 8);
    assert_eq!(ledger.visit(&Run::records()[2].visit), None);
}

#[test]
fn damage_in_the_middle_is_refused_by_line_and_nothing_after_it_is_lost() {
    let run = Run::new();
    let lines = run.lines();
    let torn = {
        let mut lines = lines.clone();
        lines[5].truncate(20);
        lines.join("\n") + "\n"
    };
    let joined = {
        let text = lines.join("\n") + "\n";
        text.replacen(&format!("{}\n", lines[5]), &lines[5], 1)
    };
    let sum = "its checksum is not that of its text";
    for (text, first, why) in [
        (torn, 6, sum),
        (joined, 6, sum),
        (
            changed(&lines, 5, "host", "\"host"),
            6,
            "a quote is opened in it and not closed",
        ),
        (changed(&lines, 5, "host", "h\u{fc}st"), 6, sum),
        (changed(&lines, 5, "host", "h\0st"), 6, sum),
    ] {
        run.write(&text);
        let error = run.refusal();
        assert!(error.contains(&format!("line {first}: {why}")), "{error}");
        let aside = run.repaired();
        assert!(aside.contains(&first) && aside.len() <= 2, "{aside:?}");
    }
    let mut bytes = run.text().into_bytes();
    let middle = bytes.len() / 2;
    bytes[middle] = 0xff;
    run.write(&bytes);
    assert!(run.refusal().contains("its checksum"));
    run.repaired();
}

/// Format version 1 has no checksums, and a reason may stand on several lines.
#[test]
fn runs_without_checksums_are_read_and_resumed_as_they_are() {
    let place = tempfile::tempdir().unwrap();
    let old = |rounds| RunHeader {
        format_version: 1,
        ..RunHeader::bare("test", plan(rounds))
    };
    let (mut folder, _) = RunFolder::open(place.path(), &old(2)).unwrap();
    folder.append(&record(1)).unwrap();
    drop(folder);
    let csv = place.path().join("samples.csv");
    let text = fs::read_to_string(&csv).unwrap();
    assert!(!text.contains("crc32"));
    let failed = text.lines().nth(1).unwrap().replace(",ok,", ",failed,");
    let failed = failed.replacen(",1,1,failed", ",1,2,failed", 1) + "\"two\nlines\"\n";
    fs::write(&csv, text.clone() + &failed).unwrap();
    let (_, records) = RunFolder::read(place.path()).unwrap();
    assert_eq!(records[1].answer.reason(), Some("two\nlines"));
    // A header of today's version takes the run up in its own form.
    let (mut folder, records) = open(place.path(), 2).unwrap();
    assert_eq!(records.len(), 2);
    folder
        .append(&Record {
            rep: 3,
            ..record(3)
        })
        .unwrap();
    drop(folder);
    assert_eq!(RunFolder::read(place.path()).unwrap().1.len(), 3);
    // Nothing is cut where a quote is never closed.
    let open_quote = text + &failed.replace("lines\"", "lines");
    fs::write(&csv, &open_quote).unwrap();
    let error = RunFolder::read(place.path()).unwrap_err().to_string();
    assert!(
        error.contains("line 3: a quote is opened in it and not closed"),
        "{error}"
    );
    assert!(open(place.path(), 2).is_err());
    assert_eq!(fs::read_to_string(&csv).unwrap(), open_quote);
}

#[test]
fn samples_can_be_read_without_their_header() {
    let run = Run::new();
    let json = run.path().join("run.json");
    let header = fs::read_to_string(&json).unwrap();
    for (text, why) in [
        (None, "has a samples.csv but no run.json"),
        (
            Some(header.replacen("\"cells\"", "\"bells\"", 1)),
            "run.json is damaged: unknown field",
        ),
        (Some(header[..header.len() / 2].to_owned()), "line "),
        (Some(String::new()), "run.json is damaged: it is empty"),
    ] {
        match text {
            Some(text) => fs::write(&json, text).unwrap(),
            None => fs::remove_file(&json).unwrap(),
        }
        let error = RunFolder::read(run.path()).unwrap_err().to_string();
        assert!(
            error.contains(why) && error.contains("oversub export"),
            "{error}"
        );
        assert!(!error.contains("line 0"), "{error}");
        assert_eq!(RunFolder::read_samples(run.path()).unwrap(), Run::records());
    }
    fs::write(&json, b"{\"name\": \"\xff\"}").unwrap();
    let error = RunFolder::read(run.path()).unwrap_err().to_string();
    assert!(
        error.contains("run.json is damaged: it is not UTF-8 text (byte 10); the samples"),
        "{error}"
    );
    fs::write(
        &json,
        header.replace("\"format_version\": 3", "\"format_version\": 4"),
    )
    .unwrap();
    let error = RunFolder::read(run.path()).unwrap_err().to_string();
    assert!(error.contains("this program reads 1 to 3"), "{error}");
}
