//! How do runtimes that manage memory themselves count: Go, Java, .NET, Node?

use super::quota::{rounded_down, rounded_up};
use super::{Program, Said, Surroundings, Version, read, set_to};

/// `GOMAXPROCS`, else the affinity mask and, from Go 1.25 on, the quota of its own group, rounded up
/// and at least 2.
//
// Source: Go 1.25, src/runtime/cgroup_linux.go, `adjustCgroupGOMAXPROCS`; GODEBUG=containermaxprocs=0
// switches it off. As Go 1.24 and 1.27 answered.
pub(super) fn go(here: &Surroundings<'_>) -> Said {
    let since = |minor| {
        here.versions
            .at_least(Program::Go, Version::new(1, minor, 0))
    };
    let plus = since(26);
    let asked = here.variable("GOMAXPROCS").and_then(|value| {
        let number = read::go_number(value, plus)?;
        Some(Said::new(number, set_to("GOMAXPROCS", value)))
    });
    asked.unwrap_or_else(|| {
        let debug = here.variable("GODEBUG").unwrap_or_default();
        let off = debug.split(',').any(|set| set == "containermaxprocs=0");
        let quota = here.quota.own.filter(|_| since(25) && !off);
        here.affinity().at_most(rounded_up(quota, 2))
    })
}

/// Where Java's options stand, the one that wins first.
//
// Source: OpenJDK 17, arguments.cpp, `Arguments::parse`: JAVA_TOOL_OPTIONS, command line,
// _JAVA_OPTIONS, each overriding what came before; the launcher lays JDK_JAVA_OPTIONS before its
// command line.
const JAVA_OPTIONS: [&str; 3] = ["_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"];

/// The value of the last `OPTION=value` among Java's options, and as it was written.
fn java_option<'a>(here: &Surroundings<'a>, option: &str) -> Option<(&'a str, String)> {
    JAVA_OPTIONS.iter().find_map(|name| {
        let words = here.variable(name)?.split_whitespace();
        let words = words.map(|word| word.trim_matches(['\'', '"']));
        let mut values = words.filter_map(|word| word.strip_prefix(option)?.strip_prefix('='));
        let value = values.next_back()?;
        let short = option.rsplit([':', '.']).next().unwrap_or(option);
        Some((value, format!("{} in {name}", set_to(short, value))))
    })
}

fn has_java_option(here: &Surroundings<'_>, option: &str) -> bool {
    let all = JAVA_OPTIONS.iter().filter_map(|name| here.variable(name));
    all.flat_map(str::split_whitespace)
        .any(|word| word == option)
}

/// `Runtime.availableProcessors`: `-XX:ActiveProcessorCount`, else the affinity mask and the quota,
/// rounded up.
//
// Source: OpenJDK 25, src/hotspot/os/linux/cgroupUtil_linux.cpp, `CgroupUtil::processor_count`; of its
// own group up to 23, of the tightest from 24 on (JDK-8322420). As OpenJDK 17, 21 and 25 answered.
pub(super) fn java(here: &Surroundings<'_>) -> Said {
    let asked = match java_option(here, "-XX:ActiveProcessorCount") {
        None => None,
        Some((value, set)) => match read::hotspot_int(value) {
            None => return Said::none(format!("Java does not start: {set}")),
            Some(number) => u64::try_from(number)
                .ok()
                .filter(|number| *number > 0)
                .map(|number| Said::new(number, set)),
        },
    };
    asked.unwrap_or_else(|| {
        let off = has_java_option(here, "-XX:-UseContainerSupport");
        let walks = here
            .versions
            .at_least(Program::Java, Version::new(24, 0, 0));
        let quota = if walks {
            here.quota.tightest
        } else {
            here.quota.own
        };
        here.affinity()
            .at_most(rounded_up(quota.filter(|_| !off), 1))
    })
}

/// One worker fewer than processors, at least one: the caller computes as well.
//
// Source: OpenJDK 17, java.base, java/util/concurrent/ForkJoinPool.java, the constructor of the common
// pool; a property that is no int is passed over.
pub(super) fn java_common_pool(here: &Surroundings<'_>) -> Said {
    const MOST: u64 = 0x7fff;
    const PROPERTY: &str = "-Djava.util.concurrent.ForkJoinPool.common.parallelism";
    let processors = java(here);
    let Some(count) = processors.threads else {
        return processors;
    };
    let asked = java_option(here, PROPERTY).and_then(|(value, set)| {
        let number: i32 = value.parse().ok()?;
        let number = u64::try_from(number).ok()?;
        Some(Said::new(number.clamp(1, MOST), set))
    });
    let default = || Said::new(count.saturating_sub(1).clamp(1, MOST), "processors - 1");
    asked.unwrap_or_else(default)
}

/// Up to 8 processors a thread each, 5 for every 8 beyond; a single processor has a collector
/// without threads.
//
// Source: OpenJDK 17, src/hotspot/share/gc/shared/workerPolicy.cpp, `calc_parallel_worker_threads`;
// runtime/os.cpp, `is_server_class_machine` (2 processors and about 2 GB) chooses the collector.
pub(super) fn java_gc(here: &Surroundings<'_>) -> Said {
    let processors = java(here);
    let Some(count) = processors.threads else {
        return processors;
    };
    if has_java_option(here, "-XX:+UseSerialGC") {
        return Said::new(1, "-XX:+UseSerialGC");
    }
    let asked = java_option(here, "-XX:ParallelGCThreads");
    let asked = asked.and_then(|(value, set)| Some((read::hotspot_int(value)?, set)));
    match asked {
        Some((number @ 1.., set)) => Said::new(number.unsigned_abs().into(), set),
        _ if count < 2 => Said::new(1, "serial collector of one processor"),
        _ if count <= 8 => Said::new(count, "a thread per processor"),
        _ => Said::new(8 + (count - 8) * 5 / 8, "8 + 5/8 of the processors beyond"),
    }
}

/// `DOTNET_PROCESSOR_COUNT`, else the affinity mask and the quota of its own group, rounded up.
//
// Source: .NET, src/coreclr/pal/src/misc/cgroup.cpp, `ComputeCpuLimit`; inc/clrconfignames.h,
// PROCESSOR_COUNT, base 10, from 1 to 65535, DOTNET_ before COMPlus_. From the source only: .NET was
// not at hand.
pub(super) fn dotnet(here: &Surroundings<'_>) -> Said {
    let names = ["DOTNET_PROCESSOR_COUNT", "COMPlus_PROCESSOR_COUNT"];
    let value = names
        .iter()
        .find_map(|name| Some((*name, here.variable(name)?)));
    let asked = value.and_then(|(name, value)| {
        let number = read::atoi(value).filter(|number| *number <= 0xffff)?;
        Some(Said::new(number, set_to(name, value)))
    });
    asked.unwrap_or_else(|| here.affinity().at_most(rounded_up(here.quota.own, 1)))
}

/// `os.availableParallelism`: the affinity mask and, from libuv 1.49 on, the tightest quota of
/// control groups v2, rounded down.
//
// Source: libuv, src/unix/core.c, `uv_available_parallelism`; src/unix/linux.c,
// `uv__get_cgroupv2_constrained_cpu`. What it does for version 1 names no file that exists. As libuv
// 1.46 and 1.53 answered.
pub(super) fn node(here: &Surroundings<'_>) -> Said {
    let quotas = here
        .versions
        .at_least(Program::Libuv, Version::new(1, 49, 0));
    let quota = here.quota.if_unified().tightest.filter(|_| quotas);
    here.affinity().at_most(rounded_down(quota))
}

/// `UV_THREADPOOL_SIZE`, else 4; for files, names and compression.
//
// Source: libuv, src/threadpool.c, `init_threads`: `atoi` as unsigned, 0 becomes 1, at most 1024; a
// value longer than its buffer of 16 is passed over.
pub(super) fn libuv_pool(here: &Surroundings<'_>) -> Said {
    const MOST: u64 = 1024;
    const BUFFER: usize = 16;
    let value = here.variable("UV_THREADPOOL_SIZE");
    match value.filter(|value| value.len() < BUFFER) {
        None => Said::new(4, "fixed; for calls that wait"),
        Some(value) => {
            let number = read::atoi_int(value).unwrap_or(0);
            let size = u64::from(number.cast_unsigned()).clamp(1, MOST);
            Said::new(size, set_to("UV_THREADPOOL_SIZE", value))
        }
    }
}
