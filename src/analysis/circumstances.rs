//! Under which circumstances were two runs made?
//!
//! Whatever may explain a change of the numbers and is on record: who answered, machine, kernel,
//! budget, versions, libraries, protocol, environment.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::Difference;
use crate::record::{Record, RunHeader};

/// The circumstances in which two runs, each a header with its records, differ.
pub fn differences(from: (&RunHeader, &[Record]), to: (&RunHeader, &[Record])) -> Vec<Difference> {
    let (a, b) = (circumstances(from), circumstances(to));
    let fields: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let value = |of: &BTreeMap<String, String>, field: &String| {
        of.get(field).cloned().unwrap_or_else(|| "-".to_owned())
    };
    fields
        .into_iter()
        .map(|field| Difference {
            field: field.clone(),
            from: value(&a, field),
            to: value(&b, field),
        })
        .filter(|difference| difference.from != difference.to)
        .collect()
}

fn circumstances((header, records): (&RunHeader, &[Record])) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut note = |field: &str, value: Option<String>| {
        if let Some(value) = value {
            all.insert(field.to_owned(), value);
        }
    };
    note("answered by", records.first().map(|r| r.runner.clone()));
    note("host", header.host.clone());
    note("processor", header.processor.clone());
    note("P", Some(header.budget.cpus.to_string()));
    let unknown = header.budget.unknown.iter().map(|limit| limit.why.as_str());
    let unknown: Vec<&str> = unknown.collect();
    note(
        "limits unknown",
        Some(unknown.join("; ")).filter(|why| !why.is_empty()),
    );
    note("PUs allowed", Some(header.budget.allowed.to_string()));
    note("kernel", header.kernel.release.clone());
    note("kernel Hz", header.kernel.hz.map(|hz| hz.to_string()));
    let slice = header.kernel.slice_ns;
    note("kernel slice", slice.map(|ns| format!("{ns} ns")));
    note("governor", header.kernel.governor.clone());
    let arguments = header.kernel.arguments.join(" ");
    note(
        "kernel arguments",
        Some(arguments).filter(|words| !words.is_empty()),
    );
    note("source", header.git_revision.clone());
    let protocol = &header.plan.protocol;
    note("rounds", Some(protocol.rounds.to_string()));
    note("repetitions", Some(protocol.reps.to_string()));
    note("warm-ups", Some(protocol.warmups.to_string()));
    note(
        "limit",
        Some(format!("{} s", protocol.limit().as_secs_f64())),
    );
    let argv = header.plan.command.as_ref().map(|spec| spec.argv.join(" "));
    note("command", argv);
    for (name, version) in &header.versions {
        note(&format!("version of {name}"), Some(version.clone()));
    }
    for (name, facts) in &header.blas {
        let version = facts.version.clone().unwrap_or_default();
        let file = format!("{} {version}", facts.path.display());
        note(&format!("library {name}"), Some(file));
    }
    for (name, value) in &header.environment {
        note(&format!("environment {name}"), Some(value.clone()));
    }
    all
}
