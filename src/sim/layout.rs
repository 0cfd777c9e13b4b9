//! Which PUs are close to each other?
//!
//! The topology as flat tables over the PUs that may be used, numbered from 0 in topology order:
//! what the engine looks up in every event. A *domain* is a set of PUs among which the kernel
//! balances its queues.

use std::collections::BTreeMap;

use crate::machine::{CpuSet, ObjectKind, PuId, Topology};

/// Number of a PU in the layout.
pub(super) type Pu = u32;

/// PUs grouped by what they share, one table each way.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    /// Group of each PU.
    pub(super) of: Vec<u32>,
    /// PUs of each group, ascending.
    pub(super) pus: Vec<Vec<Pu>>,
    /// The same as sets.
    sets: Vec<Mask>,
}

impl Groups {
    fn new(order: &[PuId], sets: &[CpuSet]) -> Self {
        let mut pus = vec![Vec::new(); sets.len()];
        let mut of = Vec::with_capacity(order.len());
        for (number, pu) in order.iter().enumerate() {
            let group = sets.iter().position(|set| set.contains(*pu)).unwrap_or(0);
            pus[group].push(number as Pu);
            of.push(group as u32);
        }
        let all = 0..order.len() as Pu;
        let set = |group: u32| all.clone().map(|pu| of[pu as usize] == group).collect();
        let sets = (0..sets.len() as u32).map(set).collect();
        Self { of, pus, sets }
    }

    /// PUs that share this group with `pu`, itself among them.
    pub(super) fn with(&self, pu: Pu) -> &[Pu] {
        &self.pus[self.of[pu as usize] as usize]
    }

    /// The same as a set.
    pub(super) fn set_with(&self, pu: Pu) -> &Mask {
        &self.sets[self.of[pu as usize] as usize]
    }
}

/// How far apart two PUs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Distance {
    /// They share the last-level cache.
    Llc,
    /// They share the package only.
    Package,
    /// They share the machine only.
    Machine,
}

/// The tables.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Operating-system index of each PU.
    order: Vec<PuId>,
    pub(super) cores: Groups,
    pub(super) llcs: Groups,
    pub(super) nodes: Groups,
    pub(super) packages: Groups,
    /// Groupings of the balancer from the innermost outwards; each has a group of several PUs.
    pub(super) domains: Vec<Groups>,
}

impl Layout {
    /// The PUs of `topology` that are in `allowed`.
    pub(super) fn new(topology: &Topology, allowed: &CpuSet) -> Self {
        let order: Vec<PuId> = topology
            .pu_order()
            .into_iter()
            .filter(|pu| allowed.contains(*pu))
            .collect();
        let everything = vec![order.iter().copied().collect::<CpuSet>()];
        let sets = |kind| -> Vec<CpuSet> {
            let found = topology
                .objects(kind)
                .into_iter()
                .map(|object| object.cpuset.clone());
            // A machine that does not tell its packages or nodes has one.
            let found: Vec<CpuSet> = found.collect();
            if found.is_empty() {
                everything.clone()
            } else {
                found
            }
        };
        let alone: Vec<CpuSet> = order.iter().map(|pu| CpuSet::from_iter([*pu])).collect();
        let cores = if topology.count(ObjectKind::Core) == 0 {
            alone
        } else {
            sets(ObjectKind::Core)
        };
        let llc = last_level_cache(topology).unwrap_or(ObjectKind::Package);
        let groups = |sets: &[CpuSet]| Groups::new(&order, sets);
        let (cores, llcs) = (groups(&cores), groups(&sets(llc)));
        let (nodes, packages) = (
            groups(&sets(ObjectKind::NumaNode)),
            groups(&sets(ObjectKind::Package)),
        );
        let machine = groups(&everything);
        let domains = distinct([&cores, &llcs, &nodes, &packages, &machine]);
        Self {
            order,
            cores,
            llcs,
            nodes,
            packages,
            domains,
        }
    }

    /// Number of PUs.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The PUs of each of `sets`, as masks over the layout.
    pub(super) fn masks<'a>(&self, sets: impl IntoIterator<Item = &'a CpuSet>) -> Masks {
        let mut masks = Masks::default();
        let mut numbers = BTreeMap::new();
        let mut before: Option<(&CpuSet, u32)> = None;
        for set in sets {
            // Threads of a team mostly have the same, which is quickly told.
            let number = match before {
                Some((same, number)) if same == set => number,
                _ => *numbers.entry(set).or_insert_with(|| {
                    let members = self.order.iter().map(|pu| set.contains(*pu));
                    masks.distinct.push(members.collect());
                    masks.distinct.len() as u32 - 1
                }),
            };
            before = Some((set, number));
            masks.of.push(number);
        }
        masks
    }

    /// How far apart `a` and `b` are.
    pub(super) fn distance(&self, a: Pu, b: Pu) -> Distance {
        let (a, b) = (a as usize, b as usize);
        if self.llcs.of[a] == self.llcs.of[b] {
            Distance::Llc
        } else if self.packages.of[a] == self.packages.of[b] {
            Distance::Package
        } else {
            Distance::Machine
        }
    }
}

/// The largest cache that several cores may share, where the machine tells of caches.
pub(super) fn last_level_cache(topology: &Topology) -> Option<ObjectKind> {
    (2..=5)
        .rev()
        .map(ObjectKind::Cache)
        .find(|kind| topology.count(*kind) > 0)
}

/// The groupings that differ from the one inside them and have several PUs in a group.
fn distinct(levels: [&Groups; 5]) -> Vec<Groups> {
    let mut domains: Vec<Groups> = Vec::new();
    for level in levels {
        let several = level.pus.iter().any(|pus| pus.len() > 1);
        let wider = domains.last().is_none_or(|inner| {
            let widest = |groups: &Groups| groups.pus.iter().map(Vec::len).max();
            widest(level) > widest(inner)
        });
        if several && wider {
            domains.push(level.clone());
        }
    }
    domains
}

/// A set of PUs of a layout.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mask(Vec<u64>);

impl Mask {
    /// Whether `pu` is in the set.
    pub(super) fn allows(&self, pu: Pu) -> bool {
        self.0[pu as usize / 64] >> (pu % 64) & 1 == 1
    }

    /// The PUs of the set, ascending.
    pub(super) fn pus(&self) -> impl Iterator<Item = Pu> + '_ {
        members(self.0.iter().copied())
    }

    /// The PUs that are in `other` too, ascending.
    pub(super) fn common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Pu> + 'a {
        members(self.0.iter().zip(&other.0).map(|(a, b)| a & b))
    }

    /// The first PU that is in all three sets.
    pub(super) fn first_common(&self, one: &Self, other: &Self) -> Option<Pu> {
        let words = self.0.iter().zip(&one.0).zip(&other.0);
        members(words.map(|((a, b), c)| a & b & c)).next()
    }

    /// Puts `pu` into the set, or takes it out.
    pub(super) fn put(&mut self, pu: Pu, is_in: bool) {
        let word = &mut self.0[pu as usize / 64];
        *word = *word & !(1 << (pu % 64)) | u64::from(is_in) << (pu % 64);
    }
}

/// The PUs of a set of these words, ascending.
fn members(words: impl Iterator<Item = u64>) -> impl Iterator<Item = Pu> {
    (0..).zip(words).flat_map(|(at, word)| {
        let rest = |word: &u64| Some(word & (word - 1)).filter(|rest| *rest != 0);
        let lowest = std::iter::successors(Some(word).filter(|word| *word != 0), rest);
        lowest.map(move |word| at * 64 + word.trailing_zeros())
    })
}

impl FromIterator<bool> for Mask {
    fn from_iter<I: IntoIterator<Item = bool>>(members: I) -> Self {
        let mut words = Vec::new();
        for (pu, member) in members.into_iter().enumerate() {
            if pu % 64 == 0 {
                words.push(0);
            }
            words[pu / 64] |= u64::from(member) << (pu % 64);
        }
        Self(words)
    }
}

/// Every different mask once, and which one each thread has.
#[derive(Clone, Debug, Default)]
pub(super) struct Masks {
    distinct: Vec<Mask>,
    of: Vec<u32>,
}

impl Masks {
    /// The mask of `thread`.
    pub(super) fn of(&self, thread: u32) -> &Mask {
        &self.distinct[self.of[thread as usize] as usize]
    }

    /// Whether some thread may run on `pu`.
    pub(super) fn any_allows(&self, pu: Pu) -> bool {
        self.distinct.iter().any(|mask| mask.allows(pu))
    }
}
