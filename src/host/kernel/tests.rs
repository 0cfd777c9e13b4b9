//! Does every kernel give the known result, and is every other one seen?

use super::*;

/// Every family in every type, at sizes that no number of members divides.
fn all() -> Vec<Workload> {
    let names = "matmul dot fill-again fill-fresh euclidean minkowski-1 minkowski-3 minkowski-15 cosine \
        squared-difference-temporaries squared-difference-fused sum-reduced weak-0 weak-37 weak-100 uneven-80";
    let named = |name: &str| -> Vec<Workload> {
        let name: crate::experiment::WorkloadName = name.parse().unwrap();
        let of = |dtype: &Dtype| format!("{name}.{dtype}.101").parse().unwrap();
        name.dtypes().iter().map(of).collect()
    };
    names.split_whitespace().flat_map(named).collect()
}

fn built(workload: &Workload, width: u32) -> (Arc<SharedTaskState>, Arc<dyn Kernel>) {
    let tasks = NonZeroU32::new(5).unwrap();
    let task_state = Arc::new(SharedTaskState::new(tasks, workload.family()));
    let width = NonZeroU32::new(width).unwrap();
    let kernel = kernel(workload, width, &task_state).unwrap();
    (task_state, kernel)
}

/// One task, every part of every phase in order on this thread.
fn do_task(kernel: &dyn Kernel, task: u32) {
    kernel.begin(task);
    for phase in 0..kernel.phases() {
        for member in 0..kernel.width().get() {
            kernel.work(phase, member);
        }
    }
    kernel.end();
}

#[test]
fn every_kernel_gives_the_known_result_in_every_type_and_width() {
    for workload in all() {
        for width in [1, 2, 3, 7] {
            let (_, kernel) = built(&workload, width);
            let phases = workload.phases(width);
            assert_eq!(kernel.phases(), phases, "{workload}");
            for _ in 0..2 {
                kernel.spoil();
                for task in 0..5 {
                    do_task(&*kernel, task);
                    assert_eq!(kernel.verify(), Ok(()), "{workload}, {width}, task {task}");
                }
            }
        }
    }
}

#[test]
fn a_result_of_an_earlier_execution_does_not_pass() {
    for workload in all() {
        let (_, kernel) = built(&workload, 2);
        do_task(&*kernel, 0);
        kernel.spoil();
        assert!(kernel.verify().is_err(), "{workload}");
    }
}

#[test]
fn a_member_that_did_nothing_is_seen() {
    for workload in all() {
        for idle in 0..3 {
            let (_, kernel) = built(&workload, 3);
            kernel.spoil();
            kernel.begin(0);
            for phase in 0..kernel.phases() {
                let members = (0..3).filter(|member| *member != idle);
                members.for_each(|member| kernel.work(phase, member));
            }
            kernel.end();
            assert!(kernel.verify().is_err(), "{workload}, member {idle}");
        }
    }
}

#[test]
fn temporaries_are_two_arrays_and_fused_has_none() {
    for (workload, most) in [
        ("squared-difference-temporaries.i64.1000", Some(16_000)),
        ("squared-difference-temporaries.i32.1000", Some(8000)),
        ("squared-difference-fused.i64.1000", Some(0)),
        ("dot.f64.1000", None),
    ] {
        let (task_state, kernel) = built(&workload.parse().unwrap(), 1);
        kernel.spoil();
        do_task(&*kernel, 0);
        assert_eq!(task_state.most_temporary(), most, "{workload}");
    }
}
