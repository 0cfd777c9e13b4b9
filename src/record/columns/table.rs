//! What is known of each column?

use super::{Column, Content};
use crate::experiment::{Axis, Workload};

/// A time of a sample.
macro_rules! time {
    ($($field:ident).+) => {
        Content::Time(|sample| sample.$($field).+, |sample, time| sample.$($field).+ = Some(time))
    };
}

/// A count of a sample.
macro_rules! count {
    ($($field:ident).+) => {
        Content::Count(
            |sample| sample.$($field).+,
            |sample, count| {
                sample.$($field).+ = Some(count);
                Some(())
            },
        )
    };
}

/// A count of a sample that fits 32 bits.
macro_rules! small_count {
    ($($field:ident).+) => {
        Content::Count(
            |sample| sample.$($field).+.map(u64::from),
            |sample, count| {
                sample.$($field).+ = Some(count.try_into().ok()?);
                Some(())
            },
        )
    };
}

/// Another number of a sample.
macro_rules! number {
    ($($field:ident).+) => {
        Content::Number(|sample| sample.$($field).+, |sample, number| sample.$($field).+ = Some(number))
    };
}

/// Every column, in file order.
pub(super) fn columns() -> Vec<Column> {
    let axes = Axis::ALL.map(|axis| Column {
        name: axis.key(),
        unit: axis.unit(),
        meaning: axis.meaning(),
        probe: None,
        content: Content::Axis(axis),
    });
    let mut all = vec![Column {
        name: "runner",
        unit: "",
        meaning: "who answered: `host` measured it, `sim` simulated it, `scripted` is for tests",
        probe: None,
        content: Content::Runner,
    }];
    all.extend(axes);
    all.extend(OF_THE_VISIT);
    all.extend_from_slice(OF_THE_SAMPLE);
    all.extend(OF_THE_ROW);
    all
}

const OF_THE_VISIT: [Column; 3] = [
    Column {
        name: "round",
        unit: "",
        meaning: "process run of the cell, from 1",
        probe: None,
        content: Content::Round,
    },
    Column {
        name: "rep",
        unit: "",
        meaning: "timed execution in it, from 1",
        probe: None,
        content: Content::Rep,
    },
    Column {
        name: "status",
        unit: "",
        meaning: "`ok`, `censored` (stopped at the limit), `wrong` (ran to its end with a wrong result), `interrupted` (a process stood still) or `failed`",
        probe: None,
        content: Content::Status,
    },
];

const OF_THE_SAMPLE: &[Column] = &[
    Column {
        name: "wall_ns",
        unit: "ns",
        meaning: "release of the workers to end of the last task; a lower bound when censored",
        probe: None,
        content: Content::Time(
            |sample| Some(sample.wall).filter(|wall| !wall.is_zero()),
            |sample, wall| sample.wall = wall,
        ),
    },
    Column {
        name: "cpu_ns",
        unit: "ns",
        meaning: "CPU time of the process in that span, all threads, user and system",
        probe: Some("getrusage"),
        content: time!(cpu),
    },
    Column {
        name: "system_ns",
        unit: "ns",
        meaning: "the part of it spent in the kernel",
        probe: Some("getrusage"),
        content: time!(system),
    },
    Column {
        name: "tasks_done",
        unit: "tasks",
        meaning: "tasks finished",
        probe: None,
        content: small_count!(tasks_done),
    },
    Column {
        name: "flops",
        unit: "flop",
        meaning: "floating-point operations of those tasks, by the workload's description, where it knows",
        probe: None,
        content: Content::Work(Workload::flops),
    },
    Column {
        name: "bytes",
        unit: "bytes",
        meaning: "bytes that those tasks read and write, by the workload's description",
        probe: None,
        content: Content::Work(Workload::bytes),
    },
    Column {
        name: "voluntary_switches",
        unit: "1",
        meaning: "context switches of the process in that span in which a thread gave up its PU",
        probe: Some("getrusage"),
        content: count!(voluntary_switches),
    },
    Column {
        name: "involuntary_switches",
        unit: "1",
        meaning: "context switches of the process in that span in which a thread lost its PU",
        probe: Some("getrusage"),
        content: count!(involuntary_switches),
    },
    Column {
        name: "migrations",
        unit: "1",
        meaning: "times a thread of the nest came to another PU than its last",
        probe: Some("sched"),
        content: count!(migrations),
    },
    Column {
        name: "run_queue_wait_ns",
        unit: "ns",
        meaning: "time threads were ready but had no PU, summed over the threads of the nest",
        probe: Some("schedstat"),
        content: time!(run_queue_wait),
    },
    Column {
        name: "busiest_thread_ns",
        unit: "ns",
        meaning: "CPU time of the thread that had most, without what it is known to have spun and yielded",
        probe: Some("schedstat"),
        content: time!(busiest_thread),
    },
    Column {
        name: "threads",
        unit: "threads",
        meaning: "threads alive in the process beside its main thread; for a BLAS library the most seen in the untimed executions; of a command the most seen in its tree at once",
        probe: Some("schedstat"),
        content: small_count!(threads),
    },
    Column {
        name: "pus_used",
        unit: "PUs",
        meaning: "PUs on which the threads of the nest last ran, each counted once",
        probe: Some("stat"),
        content: small_count!(pus_used),
    },
    Column {
        name: "minor_faults",
        unit: "1",
        meaning: "page faults of the process without a read from a disk",
        probe: Some("getrusage"),
        content: count!(minor_faults),
    },
    Column {
        name: "major_faults",
        unit: "1",
        meaning: "page faults of the process with a read from a disk",
        probe: Some("getrusage"),
        content: count!(major_faults),
    },
    Column {
        name: "spin_ns",
        unit: "ns",
        meaning: "CPU time in which members of our own teams looked again and again: looks counted, times what one costs",
        probe: Some("teams of our own"),
        content: time!(waiting.spin),
    },
    Column {
        name: "yield_ns",
        unit: "ns",
        meaning: "CPU time in which members of our own teams yielded: yields counted, times what one costs; what switches cost is not in it",
        probe: Some("teams of our own"),
        content: time!(waiting.yielding),
    },
    Column {
        name: "yields",
        unit: "1",
        meaning: "calls of `sched_yield(2)`",
        probe: Some("teams of our own"),
        content: count!(waiting.yields),
    },
    Column {
        name: "parks",
        unit: "1",
        meaning: "times a member blocked",
        probe: Some("teams of our own"),
        content: count!(waiting.parks),
    },
    Column {
        name: "waits",
        unit: "1",
        meaning: "waits for a fork, at a barrier or for a join that were not over at the first look",
        probe: Some("teams of our own"),
        content: count!(waiting.waits),
    },
    Column {
        name: "gate_wait_ns",
        unit: "ns",
        meaning: "time outer workers stood before the gate of an exclusive or counting composition, summed over workers",
        probe: Some("teams of our own"),
        content: time!(waiting.gate),
    },
    Column {
        name: "gaps_ns",
        unit: "ns",
        meaning: "time between the regions of the same worker, in which its team has nothing to do, summed over workers",
        probe: Some("teams of our own"),
        content: time!(waiting.gaps),
    },
    Column {
        name: "tail_ns",
        unit: "ns",
        meaning: "from the end of a worker's last task to the end of all, summed over workers",
        probe: Some("teams of our own"),
        content: time!(waiting.tail),
    },
    Column {
        name: "quota_periods",
        unit: "1",
        meaning: "periods of the tightest CPU quota in which its group ran; empty without a quota",
        probe: Some("cgroup cpu.stat"),
        content: count!(interference.quota_periods),
    },
    Column {
        name: "throttled_periods",
        unit: "1",
        meaning: "periods of that quota in which the group was stopped",
        probe: Some("cgroup cpu.stat"),
        content: count!(interference.throttled_periods),
    },
    Column {
        name: "throttled_ns",
        unit: "ns",
        meaning: "time for which it was stopped, summed over PUs",
        probe: Some("cgroup cpu.stat"),
        content: time!(interference.throttled),
    },
    Column {
        name: "cpu_pressure_ns",
        unit: "ns",
        meaning: "time in which at least one thread of the group (of the host, where groups do not tell) waited for a PU",
        probe: Some("PSI"),
        content: time!(interference.cpu_pressure),
    },
    Column {
        name: "steal_ns",
        unit: "ns",
        meaning: "time that the hypervisor gave to others, summed over PUs; in ticks of 10 ms, so add up many samples",
        probe: Some("steal"),
        content: time!(interference.steal),
    },
    Column {
        name: "host_busy_ns",
        unit: "ns",
        meaning: "time that the host's PUs were busy for whomever, summed over PUs; in ticks of 10 ms, so add up many samples",
        probe: Some("steal"),
        content: time!(interference.host_busy),
    },
    Column {
        name: "cycles",
        unit: "1",
        meaning: "clock cycles that the hardware counted in user mode for all threads of the process (of a command, for its tree and the process that looks at it). Empty where the processor shows no counter, where it may not be read, or where it counted only a part of the time",
        probe: Some("perf events"),
        content: count!(hardware.cycles),
    },
    Column {
        name: "instructions",
        unit: "1",
        meaning: "instructions, counted likewise",
        probe: Some("perf events"),
        content: count!(hardware.instructions),
    },
    Column {
        name: "llc_misses",
        unit: "1",
        meaning: "what the kernel calls cache misses, counted likewise",
        probe: Some("perf events"),
        content: count!(hardware.llc_misses),
    },
    Column {
        name: "peak_rss_bytes",
        unit: "bytes",
        meaning: "most memory resident during the execution: of our own cells the kernel's high-water mark of the process (VmHWM, set back before each execution where the kernel allows it); of a command the most that the processes of its tree had together at one look, or one of them by its mark; pages that forked processes share count for each",
        probe: Some("resident memory"),
        content: count!(peak_rss),
    },
    Column {
        name: "peak_temporary_bytes",
        unit: "bytes",
        meaning: "most memory that the tasks of all workers held for temporaries at a moment, counted in the buffers of the squared differences; missing for other workloads",
        probe: None,
        content: count!(peak_temporaries),
    },
    Column {
        name: "lost_updates",
        unit: "1",
        meaning: "terms missing from the sum of sum-racy and sum-reduced, whose terms are all 1",
        probe: None,
        content: count!(lost_updates),
    },
    Column {
        name: "granted_by_environment",
        unit: "threads",
        meaning: "team width of a BLAS library by its own getter, as set by the environment alone",
        probe: None,
        content: small_count!(granted_by_environment),
    },
    Column {
        name: "granted",
        unit: "threads",
        meaning: "the same after the library's own call, the smallest of all workers; not `inner` where the library ran on another width",
        probe: None,
        content: small_count!(granted),
    },
    Column {
        name: "metric",
        unit: "its own",
        meaning: "number read from the output of a command (`--metric`)",
        probe: None,
        content: number!(metric),
    },
];

const OF_THE_ROW: [Column; 2] = [
    Column {
        name: "unix_ms",
        unit: "ms since 1970",
        meaning: "when the row was written",
        probe: None,
        content: Content::UnixMs,
    },
    Column {
        name: "reason",
        unit: "",
        meaning: "why it failed, or what was wrong, one line",
        probe: None,
        content: Content::Reason,
    },
];
