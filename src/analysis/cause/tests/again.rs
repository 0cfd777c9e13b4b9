//! Does every check measure the very cell that it is about?

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::analysis::cause::check::{check, draft};
use crate::experiment::{Axis, CommandRequest, CpuCounts, Request};
use crate::record::RunHeader;
use crate::text::Named;

const FOUR: CpuCounts = CpuCounts {
    budget: 4,
    physical: 4,
    logical: 4,
};

/// A header of a run with the cells of `request`.
fn header(request: &Request) -> RunHeader {
    RunHeader::bare("scripted", request.plan(FOUR).unwrap())
}

/// Cells with any value of any axis; those that cannot be are left out.
fn any_cell() -> impl Strategy<Value = Cell> {
    let workloads = [
        "matmul.f64.256",
        "matmul.f32.7",
        "dot.f64.1000000",
        "squared-difference-fused.f64.100",
        "squared-difference-fused.i64.100",
        "minkowski-3.f32.10",
        "sum-racy.i64.5",
        "weak-30.f64.64",
        "uneven-2.f64.9",
    ];
    let runtimes = [
        "fork-join.active",
        "fork-join.passive",
        "fork-join.yield",
        "fork-join.spin-then-park.500",
        "rayon",
        "blas:openblas",
        "blas:%2Fusr%2Flib%2Fa%20b%2Flib.so",
        "libgomp",
        "libgomp.passive",
        "libomp.0",
        "openblas-0.3.26",
        "blis",
    ];
    let compositions = [
        "independent",
        "serial-inner",
        "partitioned",
        "partitioned-floor",
        "partitioned-ceil",
        "exclusive",
        "counting",
        "shared",
    ];
    let placements = ["unbound", "close.pu", "spread.core", "partitioned.numa"];
    let dispatches = ["queue.1", "queue.625", "queue.pool", "static", "stealing"];
    let parts = (
        select(workloads.to_vec()),
        1..9_u32,
        1..9_u32,
        select(runtimes.to_vec()),
        select(compositions.to_vec()),
        select(placements.to_vec()),
        select(dispatches.to_vec()),
        1..10_000_u32,
    );
    parts.prop_filter_map("no such cell", |(w, o, i, r, c, p, d, t)| {
        let cell: Cell = format!("{w}_{o}x{i}_{r}_{c}_{p}_{d}_t{t}").parse().ok()?;
        Some(cell.granted(FOUR.budget))
    })
}

fn cells(request: &Request) -> Vec<Cell> {
    request.plan(FOUR).unwrap().cells
}

proptest! {
    #[test]
    fn every_check_holds_the_cell_it_is_about(cell in any_cell()) {
        let same = Request::of(&cell);
        prop_assert_eq!(cells(&same), [cell]);
        same.coherent().unwrap();
        let origin = Origin::of(&header(&same));
        for cause in Cause::all() {
            let request = draft(cause, &cell, &origin).request;
            request.coherent().unwrap();
            let measured = cells(&request);
            prop_assert!(measured.contains(&cell), "{}: {:?}", cause, measured);
        }
    }
}

/// The command of another user: two words with blanks, copies, a metric, a longer limit.
#[test]
fn a_program_is_run_again_as_it_was() {
    let request = Request {
        command: Some(CommandRequest {
            argv: ["python3", "my fit.py", "{outer}"]
                .map(str::to_owned)
                .to_vec(),
            outer_kind: Some(crate::experiment::OuterKind::Process),
            metric: Some("fits/s: ([0-9.]+)".to_owned()),
            ..CommandRequest::default()
        }),
        limit: Some(90.0),
        ..Request::default()
    }
    .asking(Axis::Outer, [2])
    .asking(Axis::Inner, [4]);
    let mut header = header(&request);
    header.argv = ["oversub", "sweep", "--quota", "1.2"]
        .map(str::to_owned)
        .to_vec();
    header.environment = [("OMP_DYNAMIC", "true"), ("RUST_LOG", "info")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let mut origin = Origin::of(&header);
    origin.folder = Some("runs/fit".to_owned());
    let cell = cells(&request)[0];
    let command = |cause| check(cause, &cell, &origin).command;
    assert_eq!(
        command(Cause::TooFewThreads),
        "OMP_DYNAMIC=true oversub sweep --quota 1.2 --out runs/fit-check-too-few-threads-2x4 \
         --outer 2,4 --inner 4 --limit 90 --outer-kind process --metric 'fits/s: ([0-9.]+)' \
         --metric-better higher --metric-name metric -- python3 'my fit.py' '{outer}'"
    );
    let unset = command(Cause::OtherThreads);
    assert!(
        unset.starts_with("env -u OMP_DYNAMIC oversub sweep --quota 1.2 "),
        "{unset}"
    );
}

#[test]
fn a_simulated_cell_is_simulated_again_on_its_machine() {
    let text = "matmul.f64.8_2x4_libgomp_independent_unbound_queue.pool_t16";
    let cell: Cell = text.parse().unwrap();
    let mut origin = Origin::of(&header(&Request::of(&cell)));
    origin.folder = Some("runs/sim-matmul/".to_owned());
    origin.simulated = true;
    assert_eq!(
        check(Cause::SpinningSuspected, &cell, &origin).command,
        "oversub simulate --machine runs/sim-matmul/ --out \
         runs/sim-matmul-check-spinning-suspected-2x4 --n 8 --outer 2 --inner 4 \
         --runtime libgomp,libgomp.active,libgomp.passive --chunk pool --tasks 16"
    );
}
