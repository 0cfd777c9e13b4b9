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

/// As OpenBLAS 0.3.21, 0.3.29 and 0.3.34 answered.
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

/// As rayon-core 1.13 and Tokio 1.53 are written.
#[test]
fn rayon_passes_over_what_tokio_panics_at() {
    for (value, rayon, tokio) in [
        ("7", Some(7), Some(7)),
        ("+7", Some(7), Some(7)),
        ("0", Some(2), None),
        ("", Some(2), None),
        (" 7", Some(2), None),
        ("99999", Some(65535), Some(99999)),
    ] {
        assert_eq!(
            threads("rayon", &[("RAYON_NUM_THREADS", value)]),
            rayon,
            "{value}"
        );
        assert_eq!(
            threads("Tokio", &[("TOKIO_WORKER_THREADS", value)]),
            tokio,
            "{value}"
        );
    }
    let old = [("RAYON_NUM_THREADS", "x"), ("RAYON_RS_NUM_CPUS", "5")];
    assert_eq!(threads("rayon", &old), Some(5));
    let zero = [("RAYON_NUM_THREADS", "0"), ("RAYON_RS_NUM_CPUS", "5")];
    assert_eq!(threads("rayon", &zero), Some(2));
}

/// As CPython 3.13 and joblib 1.6 answered.
#[test]
fn python_does_not_start_with_a_count_it_cannot_read() {
    let counts = |value| {
        let set = [("PYTHON_CPU_COUNT", value)];
        let count = |runtime| threads(runtime, &set);
        (
            count("Python os.cpu_count"),
            count("Python os.process_cpu_count"),
            count("Python ThreadPoolExecutor"),
        )
    };
    assert_eq!(counts("6"), (Some(6), Some(6), Some(10)));
    assert_eq!(counts("60"), (Some(60), Some(60), Some(32)));
    assert_eq!(counts("default"), (Some(8), Some(4), Some(8)));
    assert_eq!(counts(""), (Some(8), Some(4), Some(8)));
    assert_eq!(counts("0"), (None, None, None));
    assert_eq!(counts("3x"), (None, None, None));
    let joblib = |value| threads("joblib n_jobs=-1", &[("LOKY_MAX_CPU_COUNT", value)]);
    assert_eq!(joblib(" 2 "), Some(2));
    assert_eq!(joblib("9"), Some(3));
    assert_eq!(joblib("-1"), Some(1));
    assert_eq!(joblib("x"), None);
}

/// As Go 1.24 and 1.27 answered.
#[test]
fn go_takes_plain_numbers_only() {
    let go = |value| threads("Go", &[("GOMAXPROCS", value)]);
    let values = ["5", "+5", " 5", "5x", "0", "-1", "", "99999999999"].map(go);
    let default = Some(3);
    let expected = [
        Some(5),
        Some(5),
        default,
        default,
        default,
        default,
        default,
        default,
    ];
    assert_eq!(values, expected);
    let older = Case::at(Program::Go, Version::new(1, 24, 4));
    assert_eq!(older.threads("Go", &[("GOMAXPROCS", "+5")]), Some(4));
    assert_eq!(
        threads("Go", &[("GODEBUG", "x=1,containermaxprocs=0")]),
        Some(4)
    );
}

/// As OpenJDK 17, 21 and 25 answered.
#[test]
fn java_takes_the_last_word_of_the_strongest_variable() {
    let java = |variables: &[(&str, &str)]| {
        let of = |runtime| threads(runtime, variables);
        [of("Java"), of("Java common pool"), of("Java GC")]
    };
    const SIX: &str = "-Xmx1g -XX:ActiveProcessorCount=2 -XX:ActiveProcessorCount=6";
    const THREE: &str = "-XX:ActiveProcessorCount=3";
    assert_eq!(
        java(&[("JAVA_TOOL_OPTIONS", SIX)]),
        [Some(6), Some(5), Some(6)]
    );
    let both = [("JAVA_TOOL_OPTIONS", SIX), ("_JAVA_OPTIONS", THREE)];
    assert_eq!(java(&both), [Some(3), Some(2), Some(3)]);
    let both = [("JAVA_TOOL_OPTIONS", SIX), ("JDK_JAVA_OPTIONS", THREE)];
    assert_eq!(java(&both), [Some(3), Some(2), Some(3)]);
    let count = |value: &str| {
        let options = format!("-XX:ActiveProcessorCount={value}");
        java(&[("JAVA_TOOL_OPTIONS", &options)])
    };
    assert_eq!(count("64"), [Some(64), Some(63), Some(43)]);
    assert_eq!(count("0x10"), [Some(16), Some(15), Some(13)]);
    assert_eq!(count("1"), [Some(1), Some(1), Some(1)]);
    assert_eq!(count("0"), [Some(3), Some(2), Some(3)]);
    assert_eq!(count("x"), [None, None, None]);
    let pool = "-Djava.util.concurrent.ForkJoinPool.common.parallelism=7";
    assert_eq!(
        java(&[("JAVA_TOOL_OPTIONS", pool)]),
        [Some(3), Some(7), Some(3)]
    );
    let serial = [("JAVA_TOOL_OPTIONS", "-XX:+UseSerialGC")];
    assert_eq!(java(&serial), [Some(3), Some(2), Some(1)]);
    let gc = [("JAVA_TOOL_OPTIONS", "-XX:ParallelGCThreads=9")];
    assert_eq!(java(&gc), [Some(3), Some(2), Some(9)]);
    let off = [("JAVA_TOOL_OPTIONS", "-XX:-UseContainerSupport")];
    assert_eq!(java(&off), [Some(4), Some(3), Some(4)]);
}

/// .NET as its source is written; Node as libuv 1.46, 1.50 and 1.53 answered.
#[test]
fn net_and_node_cut_what_is_too_large() {
    let net = |value| threads(".NET", &[("DOTNET_PROCESSOR_COUNT", value)]);
    assert_eq!(
        ["7", "7x", "0", "65536", "x"].map(net),
        [Some(7), Some(7), Some(3), Some(3), Some(3)]
    );
    let pool = |value| threads("Node libuv pool", &[("UV_THREADPOOL_SIZE", value)]);
    let sizes = ["8", "0", "-1", "x", "2x", "2000", " 3", "0000000000000008"].map(pool);
    assert_eq!(sizes, [8, 1, 1024, 1, 2, 1024, 3, 4].map(Some));
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
