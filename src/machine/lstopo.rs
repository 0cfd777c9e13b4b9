//! Which machine does an lstopo XML file describe?
//!
//! The files that `lstopo machine.xml` writes with hwloc 2 or 3, for machines that are not at hand.
//! A file may come from anywhere, so its sets are checked against each other, and what is kept of it
//! is bounded by the number of its objects.
//
// --- Implementation ---
// Source: hwloc 2.9 and 3.0 (commit 3b37b02), hwloc/topology-xml.c and hwloc2.dtd. Version 3 adds
// the attribute `id` in place of `gp_index` and elements that are of no use here.

mod bitmap;
mod element;

use std::collections::BTreeSet;
use std::fmt;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::core_kind::{CoreKind, KindFacts};
use super::object::MOST_PUS;
use super::{ObjectKind, PuId, Topology, TopologyError};
use crate::text::excerpt;
use bitmap::Bitmap;
use element::{Attributes, Open};

/// Elements inside each other. Deeper than any machine: hwloc itself stops at 128.
const DEEPEST: usize = 160;

/// Objects of a file: enough for [`MOST_PUS`] with a core and five caches each.
const MOST_OBJECTS: usize = 16 * MOST_PUS;

/// Kinds of core: more than any machine has clocks.
const MOST_KINDS: usize = 256;

/// Versions of the XML form that are read.
const VERSIONS: [&str; 2] = ["2", "3"];

/// The machine that the XML `text` describes.
pub(super) fn parse(text: &str) -> Result<Topology, TopologyError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut document = Document::default();
    loop {
        let event = reader.read_event().map_err(|error| {
            let read = text.get(..reader.error_position() as usize);
            let line = read.unwrap_or(text).matches('\n').count() + 1;
            TopologyError::Xml(format!("line {line}: {}", excerpt(&error.to_string())))
        })?;
        match event {
            Event::Start(tag) => document.open(&tag)?,
            Event::End(_) => document.close(),
            Event::DocType(doctype) if doctype.contains("<!ENTITY") => {
                let problem = "it defines entities, which lstopo never does";
                return Err(not_lstopo(problem.to_owned()));
            }
            Event::Eof => return document.topology(),
            _ => {}
        }
    }
}

fn not_lstopo(problem: String) -> TopologyError {
    TopologyError::NotLstopo(problem)
}

fn not_xml(error: impl fmt::Display) -> TopologyError {
    TopologyError::Xml(excerpt(&error.to_string()))
}

/// What has been read of a file.
#[derive(Default)]
struct Document {
    /// The elements around the place that has been reached, outermost first.
    open: Vec<Element>,
    started: bool,
    root: Option<Open>,
    sets: RootSets,
    kinds: Vec<KindFacts>,
    /// PUs of those kinds.
    kind_pus: Bitmap,
    /// Numbers of the NUMA nodes.
    nodes: BTreeSet<u32>,
    objects: usize,
    /// PUs that have an object of their own.
    pus: Bitmap,
}

enum Element {
    Topology,
    Object(Box<Open>),
    /// An object that we have no word for. Those inside it stand in the one around it.
    OtherObject,
    CoreKind(KindFacts),
    /// One that is of no use here.
    Other,
}

/// The sets that only the machine object has.
#[derive(Default)]
struct RootSets {
    complete: Option<Bitmap>,
    allowed: Option<Bitmap>,
    allowed_nodes: Option<Bitmap>,
}

impl Document {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), TopologyError> {
        if self.open.len() >= DEEPEST {
            let problem = format!("elements are nested more than {DEEPEST} deep");
            return Err(not_lstopo(problem));
        }
        let name = tag.name();
        let element = match (name.as_ref(), self.open.last_mut()) {
            ("topology", None) => {
                version(tag)?;
                self.started = true;
                Element::Topology
            }
            (name, None) => {
                let name = excerpt(name);
                let problem = format!("<{name}> where <topology> was expected");
                return Err(not_lstopo(problem));
            }
            ("object", Some(Element::Topology | Element::Object(_) | Element::OtherObject)) => {
                self.object(tag)?
            }
            ("cpukind", Some(Element::Topology)) => self.core_kind(tag)?,
            ("info", Some(Element::CoreKind(facts))) => {
                element::core_kind_info(tag, facts)?;
                Element::Other
            }
            _ => Element::Other,
        };
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Element::Object(inner)) => match self.around() {
                Some(outer) => outer.object.children.push(inner.object),
                None => self.root = Some(*inner),
            },
            Some(Element::CoreKind(facts)) => self.kinds.push(facts),
            _ => {}
        }
    }

    /// The innermost open object that we have a word for.
    fn around(&mut self) -> Option<&mut Open> {
        self.open
            .iter_mut()
            .rev()
            .find_map(|element| match element {
                Element::Object(open) => Some(&mut **open),
                _ => None,
            })
    }

    fn object(&mut self, tag: &BytesStart<'_>) -> Result<Element, TopologyError> {
        self.objects += 1;
        if self.objects > MOST_OBJECTS {
            return Err(not_lstopo(format!("more than {MOST_OBJECTS} objects")));
        }
        let attributes = Attributes::of(tag, &Open::ATTRIBUTES)?;
        let Some(mut inner) = Open::read(&attributes)? else {
            return Ok(Element::OtherObject);
        };
        let name = || attributes.name();
        match (self.root.is_some(), self.around()) {
            (false, Some(outer)) => inner.object.cpuset = outer.take(&inner, name)?,
            (false, None) if inner.object.kind == ObjectKind::Machine => {
                inner.object.cpuset = inner.pus.cpuset();
                self.sets = RootSets {
                    complete: attributes.set("complete_cpuset")?,
                    allowed: attributes.set("allowed_cpuset")?,
                    allowed_nodes: attributes.set("allowed_nodeset")?,
                };
            }
            _ => {
                let problem = format!("{} is not inside the one Machine of a file", name());
                return Err(not_lstopo(problem));
            }
        }
        match (inner.object.kind, inner.object.os_index) {
            (ObjectKind::Pu, _) => self.pus.unite(&inner.pus),
            (ObjectKind::NumaNode, Some(index)) if !self.nodes.insert(index) => {
                return Err(not_lstopo(format!("{} is there twice", name())));
            }
            _ => {}
        }
        Ok(Element::Object(Box::new(inner)))
    }

    fn core_kind(&mut self, tag: &BytesStart<'_>) -> Result<Element, TopologyError> {
        let (pus, mut facts) = element::core_kind(tag)?;
        let shared = pus.common(&self.kind_pus);
        if !shared.is_empty() {
            let shared = excerpt(&shared.cpuset().to_string());
            return Err(not_lstopo(format!("two kinds of core have PUs '{shared}'")));
        }
        if self.kinds.len() >= MOST_KINDS {
            return Err(not_lstopo(format!("more than {MOST_KINDS} kinds of core")));
        }
        self.kind_pus.unite(&pus);
        facts.cpuset = pus.cpuset();
        Ok(Element::CoreKind(facts))
    }

    fn topology(self) -> Result<Topology, TopologyError> {
        if !self.started {
            return Err(TopologyError::Xml("there is no element in it".to_owned()));
        }
        if !self.open.is_empty() {
            let problem = "it ends before </topology>; the rest of the file is missing";
            return Err(not_lstopo(problem.to_owned()));
        }
        let no_object = || not_lstopo("no <object> in <topology>".to_owned());
        let Open {
            object: root, pus, ..
        } = self.root.ok_or_else(no_object)?;
        let nameless = pus.without(&self.pus);
        if self.pus.is_empty() || !nameless.is_empty() {
            let nameless = excerpt(&nameless.cpuset().to_string());
            let problem = format!("no object of type PU for PUs '{nameless}' of the Machine");
            return Err(not_lstopo(problem));
        }
        let machine = root.cpuset.clone();
        let facts = self.kinds.into_iter().map(|kind| KindFacts {
            cpuset: kind.cpuset.intersection(&machine),
            ..kind
        });
        let facts = facts.filter(|kind| !kind.cpuset.is_empty()).collect();
        let complete = self.sets.complete.unwrap_or_default();
        let topology = Topology {
            core_kinds: CoreKind::ranked(facts),
            disallowed: barred(machine.iter().map(|pu| pu.0), self.sets.allowed.as_ref())
                .map(PuId)
                .collect(),
            disallowed_nodes: barred(self.nodes.into_iter(), self.sets.allowed_nodes.as_ref())
                .collect(),
            not_described: complete.without(&pus).cpuset(),
            ..Topology::of(root)
        };
        if topology.allowed().is_empty() {
            let problem = "its allowed_cpuset holds none of its PUs";
            return Err(not_lstopo(problem.to_owned()));
        }
        Ok(topology)
    }
}

/// Those of `numbers` that are not in the set of what is allowed; none without such a set.
fn barred(
    numbers: impl Iterator<Item = u32>,
    allowed: Option<&Bitmap>,
) -> impl Iterator<Item = u32> {
    numbers.filter(move |number| allowed.is_some_and(|allowed| !allowed.contains(*number)))
}

/// Refuses a form of another version than those that are read.
fn version(tag: &BytesStart<'_>) -> Result<(), TopologyError> {
    let attributes = Attributes::of(tag, &["version"])?;
    let Some(version) = attributes.get("version") else {
        return Err(TopologyError::Hwloc1);
    };
    let (major, _) = version.split_once('.').unwrap_or((version, ""));
    match major.parse::<u32>() {
        Ok(0 | 1) => Err(TopologyError::Hwloc1),
        _ if VERSIONS.contains(&major) => Ok(()),
        _ => Err(not_lstopo(format!(
            "its version is '{}', expected {}",
            excerpt(version),
            VERSIONS.join(" or ")
        ))),
    }
}

#[cfg(test)]
mod tests;
