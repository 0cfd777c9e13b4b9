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
    /// On a machine with several kinds of core: which, and of how many.
    pub(super) core_kind: Option<(usize, usize)>,
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
    /// `L2 1 MiB`, `Core 3`, `NUMA node 0 64 GiB`; the size only where known.
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
        format!("{}{number}{size}", self.name())
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
    pub(super) fn name(&self) -> String {
        match (self.kind, self.core_kind) {
            (ObjectKind::Core, Some((kind, 2))) => ["E-core", "P-core"][kind.min(1)].to_owned(),
            (ObjectKind::Core, Some((kind, kinds))) => {
                format!("Core (kind {} of {kinds})", kind + 1)
            }
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
        let mut parts: Vec<Self> = Vec::new();
        for part in self.parts.into_iter().map(|part| part.folded(allowed)) {
            match parts.last_mut() {
                Some(last) if last.looks_like(&part, allowed) => {
                    last.cpuset = last.cpuset.union(&part.cpuset);
                    last.times += part.times;
                }
                _ => parts.push(part),
            }
        }
        Self { parts, ..self }
    }

    fn looks_like(&self, other: &Self, allowed: &CpuSet) -> bool {
        let labels = |a: &[Label], b: &[Label]| {
            let same = |(a, b): (&Label, &Label)| {
                (a.kind, a.bytes, a.core_kind) == (b.kind, b.bytes, b.core_kind)
            };
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
    let kinds = &topology.core_kinds;
    let of_kind = kinds.iter().position(|kind| object.cpuset.is_subset(kind));
    let core_kind = match object.kind {
        ObjectKind::Core if kinds.len() > 1 => of_kind.map(|kind| (kind, kinds.len())),
        _ => None,
    };
    Label {
        kind: object.kind,
        number: object.os_index,
        bytes: object.bytes,
        core_kind,
    }
}
