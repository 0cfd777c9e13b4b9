//! The memory of a cell: in its rows, of our own cells and of commands, and as a heatmap.

use std::path::Path;

use oversub::record::RunFolder;

use crate::program::{oversub, said};

/// Largest `peak_rss_bytes` of each cell of the run in `folder`, in their order.
fn peaks(folder: &Path) -> Vec<u64> {
    let records = RunFolder::read(folder).unwrap().1;
    let mut peaks = std::collections::BTreeMap::new();
    for record in records {
        let peak = record.answer.sample().and_then(|sample| sample.peak_rss);
        let most = peaks.entry(record.visit.cell).or_insert(0);
        *most = peak.unwrap().max(*most);
    }
    peaks.into_values().collect()
}

/// Each of two copies holds a block of 32 MiB and its own program; together they hold both blocks.
#[test]
fn copies_of_a_command_have_their_memory_together() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let out = run.to_str().unwrap();
    let block = ["dd", "if=/dev/zero", "of=/dev/null", "bs=32M", "count=100"];
    let grid = "sweep --outer 1,2 --inner 1 --rounds 1 --outer-kind process --out".split(' ');
    let words: Vec<&str> = grid.chain([out, "--"]).chain(block).collect();
    let output = oversub(&words);
    assert!(output.status.success(), "{}", said(&output));
    let [one, two] = peaks(&run)[..] else {
        panic!("{:?}", peaks(&run));
    };
    assert!((32 << 20..64 << 20).contains(&one), "{one}");
    assert!(two >= 64 << 20, "{two}");
    // Its heatmap, with the number of the smaller cell on it.
    let figure = folder.path().join("memory.svg");
    let output = oversub(&[
        "plot",
        out,
        "--metric",
        "memory",
        "-o",
        figure.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", said(&output));
    let picture = std::fs::read_to_string(figure).unwrap();
    assert!(picture.contains("Peak resident memory"), "{picture}");
}

/// Arrays of 8 kB, then of 40 MB.
#[test]
fn a_cell_of_our_own_has_the_memory_of_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let grid = "sweep --workload squared-difference-fused --n 1000,5000000 --outer 1 --inner 1 \
                --tasks 1 --rounds 1 --out";
    let words: Vec<&str> = grid
        .split_whitespace()
        .chain([run.to_str().unwrap()])
        .collect();
    let output = oversub(&words);
    assert!(output.status.success(), "{}", said(&output));
    let [small, large] = peaks(&run)[..] else {
        panic!("{:?}", peaks(&run));
    };
    assert!(large >= small + 40_000_000, "{small}, then {large}");
}
