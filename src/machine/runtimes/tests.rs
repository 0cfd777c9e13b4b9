//! Does each runtime start the threads that its rule says, by what is set and by where it runs?

mod programs;

use super::*;
use crate::machine::{BlasThreading, CpuSet, Limit, LimitSource};

/// 8 PUs online, 4 allowed, 2.5 CPUs of quota.
fn budget() -> CpuBudget {
    let limit = |source, cpus| Limit { source, cpus };
    CpuBudget {
        allowed: "0-3".parse::<CpuSet>().unwrap(),
        cpus: 2.5,
        limits: vec![
            limit(LimitSource::Online, 8.0),
            limit(LimitSource::Affinity, 4.0),
            limit(LimitSource::CgroupQuota("/cg".to_owned()), 2.5),
        ],
        unknown: Vec::new(),
    }
}

/// A quota of 2.5 CPUs, set on the group itself.
const QUOTA: GroupQuota = GroupQuota {
    unified: true,
    own: Some(2.5),
    outermost: Some(2.5),
    tightest: Some(2.5),
};

fn openblas(version: &str, threading: BlasThreading) -> BlasFacts {
    BlasFacts {
        path: "/lib/libopenblas.so.0".into(),
        family: None,
        version: Some(version.to_owned()),
        threading: Some(threading),
        integer_bits: None,
        symbol: "dgemm_".to_owned(),
        threads: None,
    }
}

/// A setting of the table's inputs, to be changed by a test.
struct Case {
    quota: GroupQuota,
    versions: Versions,
    openblas: Option<BlasFacts>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            quota: QUOTA,
            versions: Versions::default(),
            openblas: None,
        }
    }
}

impl Case {
    fn at(program: Program, version: Version) -> Self {
        Self {
            versions: [(program, version)].into_iter().collect(),
            ..Self::default()
        }
    }

    fn choices(&self, variables: &[(&str, &str)]) -> Vec<ThreadChoice> {
        let pairs = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        thread_choices(&Surroundings {
            budget: &budget(),
            quota: self.quota,
            environment: &pairs.collect(),
            versions: &self.versions,
            openblas: self.openblas.as_ref(),
        })
    }

    /// Threads of `runtime`; `None` where it starts none.
    fn threads(&self, runtime: &str, variables: &[(&str, &str)]) -> Option<u64> {
        self.row(runtime, variables).threads
    }

    fn row(&self, runtime: &str, variables: &[(&str, &str)]) -> ThreadChoice {
        let mut rows = self.choices(variables).into_iter();
        rows.find(|row| row.runtime == runtime).unwrap()
    }
}

fn threads(runtime: &str, variables: &[(&str, &str)]) -> Option<u64> {
    Case::default().threads(runtime, variables)
}

#[test]
fn each_runtime_looks_at_online_mask_and_quota_in_its_own_way() {
    let rows = Case::default().choices(&[]);
    let rows: Vec<(&str, Option<u64>)> =
        rows.iter().map(|row| (row.runtime, row.threads)).collect();
    let expected = [
        ("nproc", 3),
        ("Rust std", 2),
        ("rayon", 2),
        ("Tokio", 2),
        ("OpenMP (libgomp)", 4),
        ("OpenMP (libomp)", 4),
        ("OpenBLAS", 4),
        ("Python os.cpu_count", 8),
        ("Python os.process_cpu_count", 4),
        ("Python ThreadPoolExecutor", 8),
        ("joblib n_jobs=-1", 3),
        ("Go", 3),
        ("Java", 3),
        ("Java common pool", 2),
        ("Java GC", 3),
        (".NET", 3),
        ("Node", 2),
        ("Node libuv pool", 4),
    ];
    let expected = expected.map(|(name, threads)| (name, Some(threads)));
    assert_eq!(rows, expected);
}

/// Up to version 1 the quota is at another place, and what reads version 2 only does not see it.
#[test]
fn only_some_runtimes_find_a_quota_of_groups_version_1_or_of_an_ancestor() {
    let case = |quota| Case {
        quota,
        ..Case::default()
    };
    let first = case(GroupQuota {
        unified: false,
        ..QUOTA
    });
    assert_eq!(first.threads("nproc", &[]), Some(4));
    assert_eq!(first.threads("Node", &[]), Some(4));
    assert_eq!(first.threads("Rust std", &[]), Some(2));
    let above = case(GroupQuota { own: None, ..QUOTA });
    assert_eq!(above.threads("Go", &[]), Some(4));
    assert_eq!(above.threads(".NET", &[]), Some(4));
    assert_eq!(above.threads("Java", &[]), Some(3));
    let older = Case {
        quota: above.quota,
        ..Case::at(Program::Java, Version::new(17, 0, 15))
    };
    assert_eq!(older.threads("Java", &[]), Some(4));
}

#[test]
fn a_small_quota_is_rounded_as_each_runtime_does() {
    let quota = Some(0.4);
    let case = Case {
        quota: GroupQuota {
            unified: true,
            own: quota,
            outermost: quota,
            tightest: quota,
        },
        ..Case::default()
    };
    let of = |runtime| case.threads(runtime, &[]).unwrap();
    let got = ["nproc", "Rust std", "Go", "Java", "Java GC", ".NET", "Node"].map(of);
    assert_eq!(got, [1, 1, 2, 1, 1, 1, 1]);
}

#[test]
fn versions_decide_who_knows_of_what() {
    let old = |program, version| Case::at(program, version);
    let nproc = old(Program::Nproc, Version::new(9, 7, 0));
    assert_eq!(nproc.threads("nproc", &[]), Some(4));
    let go = old(Program::Go, Version::new(1, 24, 4));
    assert_eq!(go.threads("Go", &[]), Some(4));
    let libuv = old(Program::Libuv, Version::new(1, 46, 0));
    assert_eq!(libuv.threads("Node", &[]), Some(4));
    let python = old(Program::Python, Version::new(3, 11, 7));
    let set = [("PYTHON_CPU_COUNT", "6")];
    assert_eq!(python.threads("Python os.cpu_count", &set), Some(8));
    assert_eq!(python.threads("Python os.process_cpu_count", &set), None);
    assert_eq!(python.threads("Python ThreadPoolExecutor", &set), Some(12));
    let gomp = old(Program::Libgomp, Version::new(12, 0, 0));
    let all = [("OMP_NUM_THREADS_ALL", "3")];
    assert_eq!(gomp.threads("OpenMP (libgomp)", &all), Some(4));
    assert_eq!(threads("OpenMP (libgomp)", &all), Some(3));
}

#[test]
fn a_row_says_which_version_it_follows() {
    let case = Case::at(Program::Python, Version::new(3, 11, 7));
    let row = case.row("Python os.cpu_count", &[]);
    assert_eq!(row.because, "PUs online (Python 3.11.7)");
    let row = case.row("Go", &[]);
    assert!(row.because.contains("no Go here"), "{}", row.because);
}

/// As libgomp of gcc 12, 14 and 16 and libomp 14, 19 and 23 answered.
#[test]
fn openmp_runtimes_differ_in_what_spoils_a_variable() {
    for (variables, gomp, llvm) in [
        (vec![("OMP_NUM_THREADS", "3")], Some(3), Some(3)),
        (vec![("OMP_NUM_THREADS", "3,2")], Some(3), Some(3)),
        (vec![("OMP_NUM_THREADS", "3,x")], Some(4), None),
        (vec![("OMP_NUM_THREADS", "3,")], Some(4), Some(3)),
        (vec![("OMP_NUM_THREADS", "0")], Some(4), Some(1)),
        (vec![("OMP_NUM_THREADS", "+3")], Some(3), None),
        (vec![("OMP_THREAD_LIMIT", "1")], Some(1), Some(1)),
        (vec![("OMP_THREAD_LIMIT", "0")], Some(4), Some(1)),
        (vec![("OMP_THREAD_LIMIT", "1x")], Some(4), Some(4)),
        (vec![("KMP_ALL_THREADS", "1")], Some(4), Some(1)),
        (vec![("KMP_DEVICE_THREAD_LIMIT", "2")], Some(4), Some(2)),
        (vec![("OMP_MAX_ACTIVE_LEVELS", "0")], Some(1), Some(1)),
        (
            vec![("OMP_NUM_THREADS", "9"), ("OMP_DYNAMIC", "true")],
            Some(4),
            Some(4),
        ),
        (
            vec![("OMP_NUM_THREADS", "9"), ("OMP_DYNAMIC", "1")],
            Some(9),
            Some(4),
        ),
    ] {
        assert_eq!(
            threads("OpenMP (libgomp)", &variables),
            gomp,
            "{variables:?}"
        );
        assert_eq!(
            threads("OpenMP (libomp)", &variables),
            llvm,
            "{variables:?}"
        );
    }
}

#[test]
fn nested_levels_and_dynamic_adjustment_are_said() {
    let case = Case::default();
    let row = case.row("OpenMP (libgomp)", &[("OMP_NUM_THREADS", "4,2")]);
    assert_eq!(row.because, "OMP_NUM_THREADS=4,2 (2 in a nested region)");
    let row = case.row("OpenMP (libgomp)", &[("OMP_DYNAMIC", "true")]);
    assert!(row.because.contains("less the load"), "{}", row.because);
}

/// As OpenBLAS 0.3.21 and 0.3.34 answered.
#[test]
fn openblas_reads_its_variables_in_its_own_order() {
    for (variables, expected) in [
        (vec![("OPENBLAS_NUM_THREADS", "1x")], 1),
        (vec![("OPENBLAS_DEFAULT_NUM_THREADS", "1")], 1),
        (
            vec![
                ("OPENBLAS_DEFAULT_NUM_THREADS", "2"),
                ("OMP_NUM_THREADS", "1"),
            ],
            2,
        ),
        (
            vec![
                ("OPENBLAS_NUM_THREADS", "3"),
                ("OPENBLAS_DEFAULT_NUM_THREADS", "1"),
            ],
            3,
        ),
        (
            vec![
                ("OPENBLAS_DEFAULT_NUM_THREADS", "2"),
                ("GOTO_NUM_THREADS", "1"),
            ],
            2,
        ),
        (
            vec![("OPENBLAS_NUM_THREADS", "-1"), ("GOTO_NUM_THREADS", "2")],
            2,
        ),
        (vec![("OMP_NUM_THREADS", "2,x")], 2),
        (vec![("OPENBLAS_NUM_THREADS", "99")], 4),
        (vec![("OMP_NUM_THREADS", "4294967297")], 1),
    ] {
        assert_eq!(
            threads("OpenBLAS", &variables),
            Some(expected),
            "{variables:?}"
        );
    }
}

#[test]
fn an_openblas_follows_its_version_and_what_runs_its_threads() {
    let case = |facts| Case {
        openblas: Some(facts),
        ..Case::default()
    };
    let set = [("OPENBLAS_DEFAULT_NUM_THREADS", "1")];
    let old = case(openblas(
        "OpenBLAS 0.3.21 NO_LAPACKE",
        BlasThreading::Pthreads,
    ));
    assert_eq!(old.threads("OpenBLAS", &set), Some(4));
    let new = case(openblas("OpenBLAS 0.3.31.dev", BlasThreading::Pthreads));
    assert_eq!(new.threads("OpenBLAS", &set), Some(1));
    assert!(
        new.row("OpenBLAS", &set)
            .because
            .contains("0.3.31, pthreads")
    );
    let openmp = case(openblas("OpenBLAS 0.3.29", BlasThreading::OpenMp));
    let set = [("OPENBLAS_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "6")];
    assert_eq!(openmp.threads("OpenBLAS", &set), Some(6));
    let serial = case(openblas("OpenBLAS 0.3.29", BlasThreading::Serial));
    assert_eq!(serial.threads("OpenBLAS", &set), Some(1));
}

#[test]
fn more_computing_threads_than_the_budget_overshoot_but_one_thread_never_does() {
    let mut small = budget();
    small.cpus = 0.5;
    let overshoot = |budget: &CpuBudget, threads, pool| {
        let choice = ThreadChoice {
            runtime: "x",
            threads,
            because: String::new(),
            remedy: "",
            pool,
        };
        choice.overshoots(budget)
    };
    assert!(overshoot(&budget(), Some(3), Pool::Compute));
    assert!(!overshoot(&budget(), Some(2), Pool::Compute));
    assert!(overshoot(&small, Some(2), Pool::Compute));
    assert!(!overshoot(&small, Some(1), Pool::Compute));
    assert!(!overshoot(&small, None, Pool::Compute));
    assert!(!overshoot(&small, Some(9), Pool::Blocking));
}

#[test]
fn the_quota_of_each_group_is_found_where_it_stands() {
    let (_folder, system) = crate::machine::system::tests::machine(&[
        ("/sys/devices/system/cpu/online", "0-7"),
        ("/proc/self/cgroup", "0::/pod/box"),
        (
            "/proc/self/mountinfo",
            "1 0 0:1 / /cg rw - cgroup2 cgroup2 rw",
        ),
        ("/cg/pod/cpu.max", "150000 100000"),
        ("/cg/pod/box/cpu.max", "300000 100000"),
    ]);
    let quota = GroupQuota::read(&system);
    let expected = GroupQuota {
        unified: true,
        own: Some(3.0),
        outermost: None,
        tightest: Some(1.5),
    };
    assert_eq!(quota, expected);
}

#[test]
fn std_answers_here_as_its_rule_says() {
    let budget = CpuBudget::discover();
    let rows = thread_choices(&Surroundings {
        budget: &budget,
        quota: GroupQuota::read(&crate::machine::System::here()),
        environment: &BTreeMap::new(),
        versions: &Versions::default(),
        openblas: None,
    });
    let std = rows.iter().find(|row| row.runtime == "Rust std").unwrap();
    let here = std::thread::available_parallelism().unwrap().get() as u64;
    assert_eq!(std.threads, Some(here));
}
