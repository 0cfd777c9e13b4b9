//! Which cells have no rank, and why, in words?
//!
//! Those that were fast but wrong, those that stood still, and those that failed.

use std::collections::{BTreeMap, BTreeSet};

use super::cell_name::CellNames;
use super::number::short;
use crate::analysis::{Analysis, State, Work, Wrong};
use crate::experiment::Cell;
use crate::units::counted;

/// Most lines of a kind for one work.
const LISTED: usize = 6;

/// What is said of the cells of `work`; nothing where all were right.
pub fn of_work(analysis: &Analysis, work: &Work, names: &CellNames) -> String {
    let of_work = |cell: &Cell| Work::of(cell) == *work;
    let wrong: Vec<Wrong> = analysis.wrong();
    let wrong = wrong.iter().filter(|wrong| of_work(&wrong.cell));
    let wrong = wrong.map(|wrong| wrong_words(wrong, names)).collect();
    let (mut stood, mut failed) = (Reasons::new(), Reasons::new());
    for summary in analysis.cells.iter().filter(|s| of_work(&s.cell)) {
        let (reasons, reason) = match &summary.state {
            State::Interrupted(reason) => (&mut stood, reason),
            State::Failed(reason) => (&mut failed, reason),
            State::Ok | State::Censored | State::Wrong(_) => continue,
        };
        reasons.entry(reason).or_default().push(&summary.cell);
    }
    let words = |reasons: &Reasons<'_>| -> Vec<String> {
        let one = |(reason, cells): (&&str, &Vec<&Cell>)| match cells[..] {
            [cell] => format!("{}: {reason}", names.name(cell)),
            _ => format!("{}: {reason}", counted(cells.len() as u64, "cell")),
        };
        reasons.iter().map(one).collect()
    };
    lines("wrong", wrong) + &lines("stood", words(&stood)) + &lines("failed", words(&failed))
}

/// Cells by the reason why they have no time.
type Reasons<'a> = BTreeMap<&'a str, Vec<&'a Cell>>;

/// The same of all works but those of `judged`, each with its name.
pub fn of_other_works(analysis: &Analysis, judged: &[Work], names: &CellNames) -> String {
    let works: BTreeSet<Work> = analysis.cells.iter().map(|s| Work::of(&s.cell)).collect();
    let none = "  best       none: no cell was timed to its end with the right result";
    let mut text = String::new();
    for work in works.iter().filter(|work| !judged.contains(work)) {
        let words = of_work(analysis, work, names);
        if !words.is_empty() {
            let tasks = counted(work.tasks.get(), "task");
            text.push_str(&format!("{}, {tasks}:\n{none}\n{words}", work.workload));
        }
    }
    text
}

fn wrong_words(wrong: &Wrong, names: &CellNames) -> String {
    let speed = wrong.slowdown.map_or_else(String::new, |slowdown| {
        format!("{} times the best cell's time, but ", short(slowdown))
    });
    let what = match wrong.lost_updates {
        Some(lost) => format!("lost {} updates", short(lost)),
        None => wrong.reason.clone(),
    };
    let name = names.name(&wrong.cell);
    format!("{name}: {speed}{what}; so without rank")
}

fn lines(label: &str, words: Vec<String>) -> String {
    let more = words.len().saturating_sub(LISTED);
    let more = (more > 0).then(|| format!("and {more} more"));
    let listed = words.into_iter().take(LISTED).chain(more);
    listed
        .map(|words| format!("  {label:<10} {words}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::experiment::Visit;
    use crate::record::{Answer, Record, Sample};

    fn cell(inner: u32) -> Cell {
        let text = format!("sum-racy.i64.9_1x{inner}_rayon_independent_unbound_queue.1_t4");
        text.parse().unwrap()
    }

    fn sample(ms: u64, lost_updates: Option<u64>) -> Sample {
        Sample {
            wall: Duration::from_millis(ms),
            lost_updates,
            ..Sample::default()
        }
    }

    fn analysis(answers: &[Answer]) -> Analysis {
        let record = |(inner, answer): (u32, &Answer)| Record {
            runner: "scripted".into(),
            visit: Visit {
                round: 1,
                cell: cell(inner),
            },
            rep: 1,
            unix_ms: 0,
            answer: answer.clone(),
        };
        let records: Vec<Record> = (1..).zip(answers).map(record).collect();
        Analysis::of(&records, 2.0)
    }

    fn words(answers: &[Answer], judged: &[Work]) -> (String, String) {
        let analysis = analysis(answers);
        let cells: Vec<Cell> = analysis.cells.iter().map(|s| s.cell).collect();
        let names = CellNames::of_one_work(&cells);
        let work = of_work(&analysis, &Work::of(&cells[0]), &names);
        (work, of_other_works(&analysis, judged, &names))
    }

    #[test]
    fn what_was_wrong_or_failed_is_said_and_how_fast_a_wrong_cell_was() {
        let (text, _) = words(
            &[
                Answer::Ok(sample(10, Some(0))),
                Answer::Wrong(sample(5, Some(1234)), "the sum".into()),
                Answer::Wrong(sample(5, None), "element 3".into()),
                Answer::Failed("no memory".into()),
                Answer::Failed("no memory".into()),
                Answer::Failed("no threads".into()),
                Answer::Interrupted(sample(5, None), "stopped".into()),
            ],
            &[],
        );
        let expected = [
            "wrong      1 x 2: 0.50 times the best cell's time, but lost 1.23k updates; so without rank",
            "wrong      1 x 3: 0.50 times the best cell's time, but element 3; so without rank",
            "stood      1 x 7: stopped",
            "failed     2 cells: no memory",
            "failed     1 x 6: no threads",
        ];
        let said: Vec<&str> = text.lines().map(str::trim_start).collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn a_work_of_which_nothing_is_judged_is_not_passed_over() {
        let lost = || Answer::Wrong(sample(5, Some(3)), "the sum".into());
        let answers: Vec<Answer> = std::iter::repeat_with(lost).take(8).collect();
        let (_, text) = words(&answers, &[]);
        assert!(
            text.starts_with("sum-racy.i64.9, 4 tasks:\n  best       none"),
            "{text}"
        );
        assert!(
            text.contains("1 x 1: lost 3.00 updates; so without rank"),
            "{text}"
        );
        assert!(text.ends_with("  wrong      and 2 more\n"), "{text}");
        assert_eq!(words(&answers, &[Work::of(&cell(1))]).1, "");
    }
}
