//! Where did the time of the PUs go in each simulated execution?

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use anyhow::Context;

use crate::experiment::Visit;
use crate::sim::{Category, Report, Tell};
use crate::text::Named;

/// Where the time of the PUs went, one row an execution.
#[derive(Default)]
pub(super) struct Breakdown(Vec<Vec<String>>);

impl Breakdown {
    /// What fills `this` with every execution.
    pub(super) fn filler(this: &Rc<RefCell<Self>>) -> Box<Tell> {
        let this = Rc::clone(this);
        Box::new(move |visit, rep, report| this.borrow_mut().add(visit, rep, report))
    }

    fn add(&mut self, visit: &Visit, rep: u32, report: &Report) {
        let mut row = vec![
            visit.cell.to_string(),
            visit.round.to_string(),
            rep.to_string(),
        ];
        let times = Category::all().map(|category| report.split.of(category));
        row.extend(times.map(|time| time.to_string()));
        let counts = [
            report.migrations,
            report.events,
            report.extrapolated_tasks.into(),
        ];
        row.extend(counts.map(|count| count.to_string()));
        self.0.push(row);
    }

    /// Whether executions were extrapolated, and how many, in a line for the terminal.
    pub(super) fn extrapolated(&self) -> Option<String> {
        let is_part = |row: &&Vec<String>| row.last().is_some_and(|tasks| tasks != "0");
        let parts = self.0.iter().filter(is_part).count();
        let all = self.0.len();
        (parts > 0).then(|| {
            format!(
                "{parts} of {all} executions extrapolated from their steady state, within about 2 % \
                 (extrapolated_tasks in breakdown.csv); --model slices simulates every task"
            )
        })
    }

    /// Appends the rows to `breakdown.csv`.
    pub(super) fn append(&self, out: &Path) -> anyhow::Result<()> {
        let path = out.join("breakdown.csv");
        let new = !path.exists();
        let file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        let mut writer = csv::Writer::from_writer(file);
        if new {
            let times: Vec<String> = Category::all()
                .map(|category| format!("{category}_ns"))
                .collect();
            let names = ["cell", "round", "rep"]
                .into_iter()
                .chain(times.iter().map(String::as_str));
            writer.write_record(names.chain(["migrations", "events", "extrapolated_tasks"]))?;
        }
        for row in &self.0 {
            writer.write_record(row)?;
        }
        writer
            .flush()
            .with_context(|| format!("cannot write {}", path.display()))
    }
}
