//! What does the report say, and in which order?

use std::iter;

use serde_json::{Value, json};

use super::libraries::{self, Library};
use super::machine::{counts_json, kinds, smt};
use super::page::{COLUMNS, INDENT, NAMES, page, pair, paragraph, wrapped};
use crate::host::{Probe, ProbeState};
use crate::machine::{
    CpuBudget, HostFacts, Memory, OnlinePus, ThreadChoice, ThreadLimit, Topology,
};
use crate::units::{human_bytes, human_cpus, human_span};
use crate::view::topology::counts;
use crate::view::tree;

/// Version of the JSON form. A change of meaning of any field raises it.
pub(super) const JSON_VERSION: u32 = 2;

/// Everything that is said of this machine.
pub(super) struct ThisMachine {
    pub(super) topology: Topology,
    pub(super) budget: CpuBudget,
    pub(super) online: OnlinePus,
    pub(super) threads: Vec<ThreadChoice>,
    pub(super) host: HostFacts,
    pub(super) thread_limit: Option<ThreadLimit>,
    pub(super) memory: Option<Memory>,
    pub(super) probes: Vec<Probe>,
    pub(super) libraries: Vec<Library>,
}

impl ThisMachine {
    pub(super) fn text(&self) -> String {
        let sections = [
            ("Machine", self.machine()),
            ("Topology", tree::draw(&self.topology, &self.budget.allowed)),
            ("Budget", self.limits()),
            ("Threads each runtime starts by default", self.choices()),
            (
                "BLAS libraries and the threads each uses by default",
                libraries::lines(&self.libraries),
            ),
            ("Headroom", self.headroom()),
            ("Kernel", self.kernel()),
            ("Probes", self.probes.iter().flat_map(probe).collect()),
        ];
        let warning = self
            .warning()
            .map(|text| wrapped(&format!("warning: {text}"), COLUMNS) + "\n\n");
        let warning = warning.unwrap_or_default();
        format!(
            "{}{warning}{}",
            page(&sections),
            wrapped(&self.conclusion(), COLUMNS)
        )
    }

    pub(super) fn json(&self) -> anyhow::Result<String> {
        let report = json!({
            "format_version": JSON_VERSION,
            "conclusion": self.conclusion(),
            "warning": self.warning(),
            "budget": self.budget,
            "whole_threads": self.budget.whole(),
            "upper_bound": self.budget.is_upper_bound(),
            "online": self.online.told,
            "runtimes": self.threads.iter().map(|choice| self.choice_json(choice)).collect::<Vec<_>>(),
            "blas": libraries::json(&self.libraries),
            "threads_left": self.thread_limit.as_ref().map(|limit| limit.most),
            "memory_available_bytes": self.memory.as_ref().map(|memory| memory.available),
            "host": self.host,
            "probes": self.probes.iter().map(probe_json).collect::<Vec<_>>(),
            "counts": counts_json(&self.topology),
            "topology": self.topology,
        });
        Ok(serde_json::to_string_pretty(&report)?)
    }

    fn choice_json(&self, choice: &ThreadChoice) -> Value {
        json!({
            "runtime": choice.runtime,
            "threads": choice.threads,
            "because": choice.because,
            "overshoots": choice.overshoots(&self.budget),
        })
    }

    fn machine(&self) -> Vec<String> {
        let or_unknown = |text: &Option<String>| text.clone().unwrap_or("unknown".to_owned());
        vec![
            pair("host", &or_unknown(&self.host.host)),
            pair("processor", &or_unknown(&self.host.processor)),
            pair("objects", &counts(&self.topology).join(", ")),
            pair("SMT", &smt(&self.topology, self.topology.pus())),
            pair("kinds of core", &kinds(&self.topology)),
        ]
    }

    fn choices(&self) -> Vec<String> {
        self.threads
            .iter()
            .flat_map(|choice| self.choice(choice))
            .collect()
    }

    /// Name, threads, and what decides, the last in lines that fit into a terminal.
    fn choice(&self, choice: &ThreadChoice) -> Vec<String> {
        const THREADS: usize = 6;
        const HEAD: usize = NAMES + THREADS;
        let threads = match choice.threads {
            Some(threads) => threads.to_string(),
            None => "-".to_owned(),
        };
        let mark = match choice.overshoots(&self.budget) {
            true => "<- more than P: ",
            false => "",
        };
        let words = format!("{mark}{}", choice.because);
        let head = pair(choice.runtime, &threads);
        let heads = iter::once(head.as_str()).chain(iter::repeat(""));
        let lines = wrapped(&words, COLUMNS - INDENT - HEAD);
        heads
            .zip(lines.lines())
            .map(|(head, line)| format!("{head:<HEAD$}{line}"))
            .collect()
    }

    fn headroom(&self) -> Vec<String> {
        let limit = self.thread_limit.as_ref();
        let threads = limit.map(|limit| format!("{} more, by {}", limit.most, limit.source));
        let memory = self.memory.as_ref();
        let available = memory.map(|memory| {
            let group = memory.group.as_ref().map(|group| format!(", by {group}"));
            let bytes = human_bytes(memory.available);
            format!("{bytes} available{}", group.unwrap_or_default())
        });
        let lines = |name, said: Option<String>, hidden: Option<&String>| {
            let hidden = hidden.map(|why| format!("a group's limit may be tighter: {why}"));
            let mut lines = vec![pair(name, &said.unwrap_or_else(|| "unknown".to_owned()))];
            lines.extend(hidden.iter().flat_map(|hidden| paragraph("", hidden)));
            lines
        };
        let mut all = lines("threads", threads, limit.and_then(|l| l.unknown.as_ref()));
        all.extend(lines(
            "memory",
            available,
            memory.and_then(|m| m.unknown.as_ref()),
        ));
        all
    }

    fn kernel(&self) -> Vec<String> {
        let kernel = &self.host.kernel;
        let unread = || "not readable".to_owned();
        let tick = kernel.hz.map(|hz| {
            let tick = std::time::Duration::from_secs(1) / hz.max(1);
            format!("{hz} (a tick every {})", human_span(tick))
        });
        let slice = kernel
            .slice_ns
            .map(|ns| human_span(std::time::Duration::from_nanos(ns)));
        let mut lines = vec![
            pair("release", &kernel.release.clone().unwrap_or_else(unread)),
            pair("HZ", &tick.unwrap_or_else(unread)),
            pair("base slice", &slice.unwrap_or_else(unread)),
            pair("governor", &kernel.governor.clone().unwrap_or_else(unread)),
        ];
        let names = iter::once("arguments").chain(iter::repeat(""));
        lines.extend(
            names
                .zip(&kernel.arguments)
                .map(|(name, word)| pair(name, word)),
        );
        lines
    }

    /// Names every runtime that starts more computing threads than the budget runs.
    fn warning(&self) -> Option<String> {
        let over: Vec<&ThreadChoice> = self
            .threads
            .iter()
            .filter(|choice| choice.overshoots(&self.budget))
            .collect();
        let most = over.iter().filter_map(|choice| choice.threads).max()?;
        let names: Vec<&str> = over.iter().map(|choice| choice.runtime).collect();
        let mut remedies: Vec<&str> = over.iter().map(|choice| choice.remedy).collect();
        remedies.sort_unstable();
        remedies.dedup();
        let whole = self.budget.whole().to_string();
        let set: Vec<String> = remedies
            .iter()
            .filter(|remedy| !remedy.is_empty())
            .map(|remedy| remedy.replace("{}", &whole))
            .collect();
        let remedy = match set.is_empty() {
            true => "give each its number of threads by its own call".to_owned(),
            false => format!("set {}", set.join(" ")),
        };
        Some(format!(
            "{} would start up to {most} threads for {}; {remedy}",
            names.join(", "),
            human_cpus(self.budget.cpus),
        ))
    }
}

/// The lines of one probe.
fn probe(probe: &Probe) -> Vec<String> {
    let state = match &probe.state {
        ProbeState::Works(None) => format!("works: {}", probe.tells),
        ProbeState::Works(Some(remark)) => format!("works: {}, {remark}", probe.tells),
        ProbeState::Missing(why) => format!("not available here: {why}"),
    };
    paragraph(probe.name, &state)
}

fn probe_json(probe: &Probe) -> Value {
    let (works, note) = match &probe.state {
        ProbeState::Works(remark) => (true, remark.as_deref()),
        ProbeState::Missing(why) => (false, Some(why.as_str())),
    };
    json!({
        "name": probe.name,
        "tells": probe.tells,
        "columns": probe.columns,
        "works": works,
        "note": note,
    })
}
