//! How each program reads its own variables.

use super::*;

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

/// .NET as its source is written; Node as libuv 1.46 and 1.53 answered.
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
