//! Is any text an experiment, a cell, an axis, or an error?

use std::fmt::Display;
use std::str::FromStr;

use super::{
    Axis, AxisValues, Cell, Condition, Count, Counts, CpuCounts, Margin, PartialCell, Plan, Request,
};
use crate::text::any_text::survives_text;

const TWO: CpuCounts = CpuCounts {
    budget: 2,
    physical: 2,
    logical: 2,
};

#[test]
fn any_text_is_an_experiment_file_or_an_error() {
    let corpus = [
        include_str!("../../experiments/demo/experiment.toml"),
        include_str!("../../experiments/distances/experiment.toml"),
        include_str!("../../experiments/matmul-nested/peer.toml"),
        "outer = \"1..=4\"\ninner = [1, 2]\nrounds = 3\nreps = 2\nlimit = 1.5\nuntil = \"2%\"",
        "outer = 2\n[command]\nargv = [\"a\", \"{outer}\"]\nmetric = \"x: (.*)\"\nexit-code = 3",
        "[simulate]\nmachine = \"core:2 pu:1\"\nset = { switch = 1 }",
    ];
    survives_text(&corpus, |text| {
        let Ok(request) = toml::from_str::<Request>(text) else {
            return;
        };
        let _ = request.coherent();
        if let Ok(plan) = request.plan(TWO) {
            assert!(plan.visits().take(5).count() > 0);
            let json = serde_json::to_string(&plan).unwrap();
            let read: Plan = serde_json::from_str(&json).unwrap();
            assert_eq!(read.difference(&plan), None);
        }
    });
}

/// What `text` names has a text form of its own, which names the same.
fn comes_back<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let own = value.to_string();
        assert!(
            own.parse().is_ok_and(|again: T| again == value),
            "{text} {own}"
        );
    }
}

#[test]
fn any_text_is_a_cell_or_an_error() {
    let corpus = [
        "matmul n=256 outer=2 inner=4 wait=active tasks=16",
        "minkowski-3 dtype=f32 n=9 outer=8 inner=1 runtime=rayon composition=partitioned-floor chunk=pool",
        "matmul n=64 outer=4 inner=2 runtime=blas:/usr/my%20lib/libblis.so.4 placement=close.pu",
        "command outer=4 inner=2 placement=close.core",
        "4x2 active n=64",
        "matmul.f64.256_2x4_fork-join.active_independent_unbound_queue.1_t16",
        "minkowski-3.f64.100_2x4_fork-join.spin-then-park.99_counting_close.pu_queue.pool_t16",
        "matmul.f64.64_4x2_blas:%2Fusr%2Flib%2Fx86%5F64%2Flibblis.so.4_exclusive_unbound_static_t8",
        "weak-30.f64.64_4x2_libomp.0_partitioned_spread.numa_stealing_t8",
        "command_3x2_program_independent_unbound_static_t1",
        "uneven-9.f64.1000_1x1_openblas-openmp-0.3.26_shared_unbound_static_t1",
    ];
    survives_text(&corpus, |text| {
        comes_back::<Cell>(text);
        comes_back::<PartialCell>(text);
        if let Ok(cell) = text.parse::<Cell>() {
            let _ = (cell.threads(), cell.footprint(), cell.flops(), cell.bytes());
            let _ = (cell.granted(2), cell.demand(), cell.widths(2).len());
        }
    });
}

#[test]
fn any_text_is_an_axis_or_an_error() {
    let corpus = [
        "1,2,4",
        "1..=16",
        "1..=64*2",
        "auto",
        "pool,1..=4*2",
        "f64,f32",
        "active,passive",
        "spin-then-park.5,yield",
        "unbound,close.pu",
        "independent,counting",
        "2%",
        "0.5 %",
        "matmul,minkowski-3,weak-2",
        "queue,static",
        "fork-join,rayon,blas:openblas",
    ];
    survives_text(&corpus, |text| {
        comes_back::<Counts>(text);
        comes_back::<Count>(text);
        comes_back::<Margin>(text);
        comes_back::<Condition>(text);
        for axis in Axis::ALL {
            if let Ok(values) = AxisValues::read(axis, text) {
                assert_eq!(AxisValues::read(axis, &values.to_string()), Ok(values));
            }
        }
        if let Ok(counts) = text.parse::<Counts>() {
            let _ = counts.resolve(TWO).len();
        }
    });
}
