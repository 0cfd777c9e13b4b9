//! Whatever numbers a readable run holds, does its analysis end?

use crate::analysis::{Analysis, Comparison, Disturbances, Metric, RunContext, split};
use crate::experiment::{CpuCounts, Request};
use crate::record::{RunFolder, RunHeader};
use crate::text::any_text::survives;

/// A run without checksums, so that edited rows are still rows: two cells, seven rounds.
fn run(folder: &std::path::Path) -> RunHeader {
    let toml = "outer = 1\ninner = [1, 2]\nrounds = 7\nreps = 1\n[command]\nargv = [\"a\"]\nmetric = \"(x)\"";
    let request: Request = toml::from_str(toml).unwrap();
    let two = CpuCounts {
        budget: 2,
        physical: 2,
        logical: 2,
    };
    let header = RunHeader {
        format_version: 1,
        ..RunHeader::bare("test", request.plan(two).unwrap())
    };
    let (mut sink, _) = RunFolder::open(folder, &header).unwrap();
    for (at, visit) in (1..).zip(header.plan.visits()) {
        let counted = serde_json::json!({
            "wall": {"secs": 0, "nanos": 1_000_000 + 7_919 * at % 1_000}, "cpu": {"secs": 0, "nanos": 500},
            "system": {"secs": 0, "nanos": 50}, "tasks_done": 1, "voluntary_switches": at,
            "involuntary_switches": 3, "run_queue_wait": {"secs": 0, "nanos": 9}, "threads": 2,
            "migrations": 4, "pus_used": 1, "metric": f64::from(at),
            "waiting": {"spin": {"secs": 0, "nanos": 30}, "waits": 8},
            "interference": {"throttled_periods": 1, "quota_periods": 2, "host_busy": {"secs": 0, "nanos": 90}},
            "hardware": {"cycles": 99, "instructions": 98}
        });
        let sample = serde_json::from_value(counted).unwrap();
        sink.append(&crate::record::Record {
            runner: "host".to_owned(),
            visit,
            rep: 1,
            unix_ms: 1,
            answer: crate::record::Answer::Ok(sample),
        })
        .unwrap();
    }
    header
}

#[test]
fn any_text_that_is_a_run_can_be_analysed() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    let header = run(&folder);
    let csv = folder.join("samples.csv");
    let text = std::fs::read(&csv).unwrap();
    let budget = header.budget.cpus;
    let (_, sound) = RunFolder::read(&folder).unwrap();
    let sound = Analysis::of_run(&header.plan, budget, &sound);
    let read = std::cell::Cell::new(0);
    survives(&[text], |text| {
        std::fs::write(&csv, text).unwrap();
        let Ok((header, records)) = RunFolder::read(&folder) else {
            return;
        };
        read.set(read.get() + 1);
        let analysis = Analysis::of_run(&header.plan, budget, &records);
        let analysis = analysis.explained(&records, &RunContext::of(&header));
        let _ = Disturbances::of(&records, budget);
        let _ = analysis.recommendations(2, 2);
        for metric in Metric::of_one_run() {
            let _ = analysis.series(metric);
        }
        for summary in &analysis.cells {
            let _ = split(&records, &summary.cell, budget);
        }
        if let Ok(compared) = Comparison::of(&sound, &analysis, &[]) {
            let _ = (compared.overall(), compared.slower_than(1.05).len());
        }
    });
    assert!(read.get() > 20, "too few texts were runs: {}", read.get());
}
