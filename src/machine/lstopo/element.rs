//! What does one element of an lstopo file say?

use std::collections::BTreeMap;

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

use super::bitmap::Bitmap;
use super::{not_lstopo, not_xml};
use crate::machine::core_kind::KindFacts;
use crate::machine::{CpuSet, Object, ObjectKind, TopologyError};
use crate::text::excerpt;

/// Attributes of an element by their names.
pub(super) struct Attributes(BTreeMap<&'static str, String>);

/// An object whose elements inside have not all been read.
pub(super) struct Open {
    pub(super) object: Object,
    pub(super) pus: Bitmap,
    /// PUs of the objects inside that have been read, NUMA nodes left out.
    pub(super) taken: Bitmap,
}

impl Attributes {
    /// Those of `names` that `tag` has; others are passed over, however many they are.
    pub(super) fn of(tag: &BytesStart<'_>, names: &[&'static str]) -> Result<Self, TopologyError> {
        let mut found = BTreeMap::new();
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(not_xml)?;
            let key = attribute.key.as_ref();
            let Some(name) = names.iter().find(|name| **name == key) else {
                continue;
            };
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(not_xml)?;
            if found.insert(*name, value.into_owned()).is_some() {
                return Err(not_lstopo(format!(
                    "an element has two attributes '{name}'"
                )));
            }
        }
        Ok(Self(found))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.trim().parse().ok()
    }

    /// The set `name`, `None` where it is not given.
    pub(super) fn set(&self, name: &str) -> Result<Option<Bitmap>, TopologyError> {
        let read = |text: &str| {
            let largest = CpuSet::LARGEST_PU;
            Bitmap::read(text).ok_or_else(|| {
                let text = excerpt(text);
                not_lstopo(format!(
                    "{name} '{text}' is not a set of numbers up to {largest}"
                ))
            })
        };
        self.get(name).map(read).transpose()
    }

    /// As people name the object: `Core 4`.
    pub(super) fn name(&self) -> String {
        let kind = excerpt(self.get("type").unwrap_or("object"));
        match self.get("os_index") {
            Some(index) => format!("{kind} {}", excerpt(index)),
            None => kind,
        }
    }
}

impl Open {
    pub(super) const ATTRIBUTES: [&'static str; 10] = [
        "type",
        "subtype",
        "os_index",
        "cpuset",
        "complete_cpuset",
        "allowed_cpuset",
        "allowed_nodeset",
        "local_memory",
        "cache_size",
        "kind",
    ];

    /// The object that has `attributes`; `None` if we have no word for it.
    pub(super) fn read(attributes: &Attributes) -> Result<Option<Self>, TopologyError> {
        let Some(kind) = kind(attributes) else {
            return Ok(None);
        };
        let wrong = |problem: &str| not_lstopo(format!("{} {problem}", attributes.name()));
        let pus = attributes
            .set("cpuset")?
            .ok_or_else(|| wrong("has no cpuset"))?;
        if pus.is_endless() {
            return Err(wrong("has a cpuset without end"));
        }
        let os_index = attributes.number("os_index");
        if kind == ObjectKind::Pu {
            let index: u32 = os_index.ok_or_else(|| wrong("has no os_index"))?;
            if index > CpuSet::LARGEST_PU.0 {
                let largest = CpuSet::LARGEST_PU;
                return Err(wrong(&format!("has a number above {largest}")));
            }
            let own = Bitmap::one(index);
            if !(pus.without(&own).is_empty() && own.without(&pus).is_empty()) {
                let others = excerpt(&pus.cpuset().to_string());
                return Err(wrong(&format!("has the cpuset of PUs '{others}'")));
            }
        }
        let size = match kind {
            ObjectKind::NumaNode => attributes.number("local_memory"),
            ObjectKind::Cache(_) => attributes.number("cache_size"),
            _ => None,
        };
        let object = Object {
            kind,
            os_index,
            cpuset: CpuSet::default(),
            bytes: size.filter(|bytes| *bytes > 0),
            children: Vec::new(),
        };
        let taken = Bitmap::default();
        Ok(Some(Self { object, pus, taken }))
    }

    /// Takes note that `inner`, called `name`, is inside this object, and gives the cpuset of
    /// `inner`; refuses what cannot be there.
    pub(super) fn take(
        &mut self,
        inner: &Self,
        name: impl Fn() -> String,
    ) -> Result<CpuSet, TopologyError> {
        let wrong = |problem: String| Err(not_lstopo(format!("{} {problem}", name())));
        let outer = self.object.kind;
        if matches!(outer, ObjectKind::Pu | ObjectKind::NumaNode)
            || inner.object.kind == ObjectKind::Machine
        {
            return wrong(format!("is inside a {outer:?}"));
        }
        let list = |set: &Bitmap| excerpt(&set.cpuset().to_string());
        let foreign = inner.pus.without(&self.pus);
        if !foreign.is_empty() {
            let foreign = list(&foreign);
            return wrong(format!(
                "has PUs '{foreign}', which the {outer:?} around it lacks"
            ));
        }
        if inner.object.kind != ObjectKind::NumaNode {
            let shared = inner.pus.common(&self.taken);
            if !shared.is_empty() {
                let shared = list(&shared);
                return wrong(format!("has PUs '{shared}', as has an object beside it"));
            }
            self.taken.unite(&inner.pus);
        }
        // Copies of a cpuset share their PUs, which wide machines with deep trees need.
        Ok(match self.pus.without(&inner.pus).is_empty() {
            true => self.object.cpuset.clone(),
            false => inner.pus.cpuset(),
        })
    }
}

fn kind(attributes: &Attributes) -> Option<ObjectKind> {
    match attributes.get("type")? {
        "Machine" => Some(ObjectKind::Machine),
        "Package" => Some(ObjectKind::Package),
        "Die" => Some(ObjectKind::Die),
        // What hwloc 2.0 called a die.
        "Group" if attributes.get("subtype") == Some("Die") => Some(ObjectKind::Die),
        "Group" if attributes.get("kind") == Some("104") => Some(ObjectKind::Die),
        "Group" => Some(ObjectKind::Group),
        "NUMANode" => Some(ObjectKind::NumaNode),
        "L1Cache" => Some(ObjectKind::Cache(1)),
        "L2Cache" => Some(ObjectKind::Cache(2)),
        "L3Cache" => Some(ObjectKind::Cache(3)),
        "L4Cache" => Some(ObjectKind::Cache(4)),
        "L5Cache" => Some(ObjectKind::Cache(5)),
        "Core" => Some(ObjectKind::Core),
        "PU" => Some(ObjectKind::Pu),
        _ => None,
    }
}

/// The kind of core that `tag` opens, as yet without what is known of it.
pub(super) fn core_kind(tag: &BytesStart<'_>) -> Result<(Bitmap, KindFacts), TopologyError> {
    let attributes = Attributes::of(tag, &["cpuset", "forced_efficiency"])?;
    let pus = attributes.set("cpuset")?;
    let pus = pus.ok_or_else(|| not_lstopo("a cpukind has no cpuset".to_owned()))?;
    let forced = attributes.number("forced_efficiency");
    let facts = KindFacts {
        forced,
        ..KindFacts::default()
    };
    Ok((pus, facts))
}

/// Adds to `facts` what the `<info>` in `tag` says.
pub(super) fn core_kind_info(
    tag: &BytesStart<'_>,
    facts: &mut KindFacts,
) -> Result<(), TopologyError> {
    let attributes = Attributes::of(tag, &["name", "value"])?;
    let clock = || attributes.number("value").filter(|mhz| *mhz > 0);
    match attributes.get("name") {
        Some("FrequencyMaxMHz") => facts.max_mhz = clock(),
        Some("FrequencyBaseMHz") => facts.base_mhz = clock(),
        Some("CoreType") => facts.name = attributes.get("value").map(excerpt),
        _ => {}
    }
    Ok(())
}
