//! Which words say where a figure's numbers come from?

use super::finding::Known;
use crate::machine::ObjectKind;
use crate::record::RunHeader;
use crate::units::{counted, human_cpus};

/// What a figure says of its runs beside their numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Caption {
    /// P [CPUs].
    pub budget: f64,
    /// How P relates to that: `=`, or `at most` where a limit could not be seen.
    pub relation: &'static str,
    /// The command that was measured, if one run is shown and it is one.
    pub command: Option<String>,
    /// What the second of two runs that are compared is called.
    pub second: Option<String>,
    /// How it was measured: machine, rounds, date; as phrases.
    pub method: Vec<String>,
}

impl Caption {
    /// The words for runs on one machine, of which there is at least one.
    pub fn of(headers: &[&RunHeader]) -> Self {
        let first = headers.first();
        let budget = first.map(|header| &header.budget);
        Self {
            budget: budget.map_or(0.0, |budget| budget.cpus),
            relation: budget.map_or("=", |budget| budget.relation()),
            command: match headers {
                [header] => command(header),
                _ => None,
            },
            second: None,
            method: provenance(headers),
        }
    }

    /// What the headline may build on.
    pub fn known(&self) -> Known<'_> {
        Known {
            budget: Some(self.budget),
            second: self.second.as_deref(),
        }
    }

    /// `P = 2 CPUs`.
    pub fn budget_words(&self) -> String {
        format!("P {} {}", self.relation, human_cpus(self.budget))
    }
}

/// What was typed to start a command's cells.
fn command(header: &RunHeader) -> Option<String> {
    let spec = header.plan.command.as_ref()?;
    Some(spec.argv.join(" "))
}

/// Where the numbers of runs on one machine come from: machine, then protocol and date of each run;
/// as phrases, none of them twice.
pub fn provenance(headers: &[&RunHeader]) -> Vec<String> {
    let machine = headers.first().map(|header| machine(header));
    let runs = headers.iter().flat_map(|header| run(header));
    let several = headers.len() > 1;
    let commands = headers.iter().filter(|_| several);
    let commands =
        commands.filter_map(|header| Some(format!("{}: {}", header.name, command(header)?)));
    let mut phrases: Vec<String> = Vec::new();
    for phrase in machine.into_iter().flatten().chain(runs).chain(commands) {
        if !phrases.contains(&phrase) {
            phrases.push(phrase);
        }
    }
    phrases
}

fn machine(header: &RunHeader) -> Vec<String> {
    let allowed = &header.budget.allowed;
    let (cores, pus) = (header.topology.cores_of(allowed), allowed.len());
    let packages = header.topology.count(ObjectKind::Package).max(1);
    let release = header.kernel.release.as_ref();
    let packages = (packages > 1).then(|| counted(packages as u64, "package"));
    // Where each core has one PU, P and the cores say it all.
    let pus = (pus != cores).then(|| counted(pus as u64, "PU"));
    [
        header.processor.clone(),
        packages,
        Some(counted(cores as u64, "core")),
        pus,
        Some(header.budget.phrase()),
        release.map(|release| format!("kernel {release}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn run(header: &RunHeader) -> Vec<String> {
    let protocol = &header.plan.protocol;
    let reps = match protocol.reps.get() {
        1 => String::new(),
        reps => format!(" of {}", counted(reps, "repetition")),
    };
    let rounds = counted(protocol.rounds.get(), "round");
    let name = &header.name;
    // A simulation is the same on any day.
    let simulated = |processor: &String| processor.starts_with("simulated ");
    let date = header.started.get(..10);
    let date = date.filter(|_| !header.processor.as_ref().is_some_and(simulated));
    let date = date.map_or_else(String::new, |date| format!(", {date}"));
    vec![
        format!("median over {rounds}{reps}"),
        format!("run {name}{date}"),
    ]
}
