//! What is said about each object of a topology, and which of its parts look the same?
//!
//! The part that the terminal tree and the picture share. A chain of objects with the same PUs
//! (cache, core) becomes one [`Outline`] with several labels; PUs stand as a set at their parent.

use crate::machine::{CpuSet, Object, ObjectKind, PuId, Topology};
use crate::units::human_bytes;

/// One object of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) kind: ObjectKind,
    pub(super) number: Option<u32>,
    pub(super) bytes: Option<u64>,
    /// On a machine with several kinds of core: which this core is of.
    pub(super) core_kind: Option<KindOfCore>,
    /// Whether the machine's description says that it may not be used.
    pub(super) disallowed: bool,
}

/// One of several kinds of core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KindOfCore {
    /// Its place among them, from 0; the slowest first where `ranked`.
    pub(super) place: usize,
    /// How many there are.
    pub(super) of: usize,
    /// Whether it is known which is faster.
    pub(super) ranked: bool,
}

impl KindOfCore {
    /// All kinds of `topology` in order; none where all cores are alike.
    pub(super) fn all(topology: &Topology) -> Vec<Self> {
        match topology.core_kinds.len() {
            0 | 1 => Vec::new(),
            of => (0..of).map(|place| Self::at(place, topology)).collect(),
        }
    }

    fn at(place: usize, topology: &Topology) -> Self {
        let kinds = &topology.core_kinds;
        Self {
            place,
            of: kinds.len(),
            ranked: kinds[place].rank.is_some(),
        }
    }

    /// What stands behind the number of a core: nothing where its name tells the kind.
    fn suffix(self) -> String {
        match self.short_name() {
            Some(_) => String::new(),
            None => format!(", kind {} of {}", self.place + 1, self.of),
        }
    }

    /// `E-core` or `P-core`, if it is one of two that differ in speed.
    fn short_name(self) -> Option<&'static str> {
        match self {
            Self {
                place: 0,
                of: 2,
                ranked: true,
            } => Some("E-core"),
            Self {
                place: 1,
                of: 2,
                ranked: true,
            } => Some("P-core"),
            _ => None,
        }
    }
}

/// Objects with the same PUs, and what is inside them.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    /// From the outside in.
    pub(super) chain: Vec<Label>,
    /// NUMA nodes local to just these PUs.
    pub(super) nodes: Vec<Label>,
    pub(super) parts: Vec<Outline>,
    /// PUs that stand directly in it, in topology order.
    pub(super) pus: Vec<PuId>,
    pub(super) cpuset: CpuSet,
    /// How many neighbours of this shape it stands for.
    pub(super) times: usize,
}

impl Label {
    /// `L2 1 MiB`, `Core 3, kind 1 of 3`, `NUMA node 0 64 GiB`; the size only where known.
    pub(super) fn full(&self) -> String {
        let number = match self.kind {
            ObjectKind::Cache(_) | ObjectKind::Machine | ObjectKind::Group => None,
            _ => self.number,
        };
        let number = number
            .map(|number| format!(" {number}"))
            .unwrap_or_default();
        let size = self
            .bytes
            .map(|bytes| format!(" {}", human_bytes(bytes)))
            .unwrap_or_default();
        let kind = self.core_kind.map_or_else(String::new, KindOfCore::suffix);
        let barred = if self.disallowed {
            " (not allowed)"
        } else {
            ""
        };
        format!("{}{number}{kind}{size}{barred}", self.name())
    }

    /// As [`Self::full`] without the number, where it stands for several.
    pub(super) fn unnumbered(&self) -> String {
        Self {
            number: None,
            ..self.clone()
        }
        .full()
    }

    /// As [`Self::full`] with the largest number a core can have where there are so many PUs.
    pub(super) fn widest(&self, largest: PuId) -> String {
        match (self.kind, self.number) {
            (ObjectKind::Core, Some(number)) => Self {
                number: Some(number.max(largest.0)),
                ..self.clone()
            }
            .full(),
            _ => String::new(),
        }
    }

    /// What it is, without number or size.
    fn name(&self) -> String {
        let of_two = self.core_kind.and_then(KindOfCore::short_name);
        match (self.kind, of_two) {
            (ObjectKind::Core, Some(name)) => name.to_owned(),
            (ObjectKind::Cache(depth), _) => format!("L{depth}"),
            (kind, _) => word(kind).to_owned(),
        }
    }
}

fn word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Machine => "Machine",
        ObjectKind::Package => "Package",
        ObjectKind::Die => "Die",
        ObjectKind::Group => "Group",
        ObjectKind::NumaNode => "NUMA node",
        ObjectKind::Cache(_) => "Cache",
        ObjectKind::Core => "Core",
        ObjectKind::Pu => "PU",
    }
}

impl Outline {
    /// All of `topology`, nothing folded.
    pub(super) fn of(topology: &Topology) -> Self {
        outline(&topology.root, topology)
    }

    /// The same with every run of equal neighbours as one; two are equal that look the same and
    /// have as many PUs of `allowed`, all or none.
    pub(super) fn folded(self, allowed: &CpuSet) -> Self {
        let mut runs: Vec<Vec<Self>> = Vec::new();
        for part in self.parts.into_iter().map(|part| part.folded(allowed)) {
            match runs.last_mut() {
                Some(run) if run[0].looks_like(&part, allowed) => run.push(part),
                _ => runs.push(vec![part]),
            }
        }
        let parts = runs.into_iter().map(Self::merged).collect();
        Self { parts, ..self }
    }

    /// One that stands for all of `run`, which look the same. Their cpusets are united at once: one
    /// by one would take a time with the square of their number.
    fn merged(mut run: Vec<Self>) -> Self {
        let cpuset = match &run[..] {
            [one] => one.cpuset.clone(),
            many => many.iter().flat_map(|part| part.cpuset.iter()).collect(),
        };
        let times = run.iter().map(|part| part.times).sum();
        let first = run.swap_remove(0);
        Self {
            cpuset,
            times,
            ..first
        }
    }

    fn looks_like(&self, other: &Self, allowed: &CpuSet) -> bool {
        let labels = |a: &[Label], b: &[Label]| {
            let look = |label: &Label| (label.kind, label.bytes, label.core_kind, label.disallowed);
            let same = |(a, b): (&Label, &Label)| look(a) == look(b);
            a.len() == b.len() && a.iter().zip(b).all(same)
        };
        let uniform = |outline: &Self| match outline.cpuset.intersection(allowed).len() {
            0 => Some(false),
            n => (n == outline.cpuset.len()).then_some(true),
        };
        labels(&self.chain, &other.chain)
            && labels(&self.nodes, &other.nodes)
            && self.pus.len() == other.pus.len()
            && uniform(self).is_some()
            && uniform(self) == uniform(other)
            && self.parts.len() == other.parts.len()
            && self
                .parts
                .iter()
                .zip(&other.parts)
                .all(|(a, b)| a.times == b.times && a.looks_like(b, allowed))
    }
}

fn outline(object: &Object, topology: &Topology) -> Outline {
    let (mut chain, mut nodes) = (Vec::new(), Vec::new());
    let mut at = object;
    loop {
        chain.push(label(at, topology));
        let (memory, inside): (Vec<&Object>, Vec<&Object>) = at
            .children
            .iter()
            .partition(|child| child.kind == ObjectKind::NumaNode);
        nodes.extend(memory.into_iter().map(|node| label(node, topology)));
        match inside[..] {
            // Packages and machines keep a line of their own, so that counts can be read off.
            [only] if only.kind != ObjectKind::Pu && !stands_alone(at.kind) => at = only,
            _ => {
                let (pus, inside): (Vec<&Object>, Vec<&Object>) = inside
                    .into_iter()
                    .partition(|child| child.kind == ObjectKind::Pu);
                let pus = pus
                    .into_iter()
                    .filter_map(|pu| pu.os_index)
                    .map(PuId)
                    .collect();
                let parts = inside
                    .into_iter()
                    .map(|part| outline(part, topology))
                    .collect();
                let cpuset = object.cpuset.clone();
                return Outline {
                    chain,
                    nodes,
                    parts,
                    pus,
                    cpuset,
                    times: 1,
                };
            }
        }
    }
}

fn stands_alone(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Machine | ObjectKind::Package)
}

fn label(object: &Object, topology: &Topology) -> Label {
    let core_kind = match object.kind {
        ObjectKind::Core => topology.kind_of(&object.cpuset),
        _ => None,
    };
    let barred = |number| topology.disallowed_nodes.contains(&number);
    Label {
        kind: object.kind,
        number: object.os_index,
        bytes: object.bytes,
        core_kind: core_kind.map(|place| KindOfCore::at(place, topology)),
        disallowed: object.kind == ObjectKind::NumaNode && object.os_index.is_some_and(barred),
    }
}
