//! Where did the time of the PUs go in each simulated execution?

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use anyhow::Context;

use crate::experiment::Visit;
use crate::sim::{Category, Report, Tell};

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
        row.extend(Category::ALL.map(|(category, _)| report.split.of(category).to_string()));
        row.extend([report.migrations, report.events].map(|count| count.to_string()));
        self.0.push(row);
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
            let times = Category::ALL.map(|(_, name)| format!("{name}_ns"));
            let names = ["cell", "round", "rep"]
                .into_iter()
                .chain(times.iter().map(String::as_str));
            writer.write_record(names.chain(["migrations", "events"]))?;
        }
        for row in &self.0 {
            writer.write_record(row)?;
        }
        writer
            .flush()
            .with_context(|| format!("cannot write {}", path.display()))
    }
}
