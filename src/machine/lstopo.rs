//! Which machine does an lstopo XML file describe?
//!
//! The files that `lstopo machine.xml` writes with hwloc 2, for machines that are not at hand.
//
// --- Implementation ---
// Source: hwloc 2.9, hwloc/topology-xml.c and hwloc2.dtd.

use roxmltree::{Document, Node, ParsingOptions};

use super::topology::MOST_PUS;
use super::{CpuSet, Object, ObjectKind, PuId, Topology, TopologyError};

/// Deeper than any machine (hwloc itself stops at 128), shallow enough for the stack.
const DEEPEST: usize = 128;

/// The machine that the XML `text` describes.
pub(super) fn parse(text: &str) -> Result<Topology, TopologyError> {
    let not = |problem: &str| TopologyError::NotLstopo(problem.to_owned());
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options)?;
    let topology = document.root_element();
    if topology.tag_name().name() != "topology" {
        let name = topology.tag_name().name();
        return Err(not(&format!("<{name}> where <topology> was expected")));
    }
    if !topology
        .attribute("version")
        .is_some_and(|version| version.starts_with("2."))
    {
        return Err(not(
            "written by hwloc 1; write it again with lstopo of hwloc 2",
        ));
    }
    let machine = topology.children().find(|node| node.has_tag_name("object"));
    let machine = machine.ok_or_else(|| not("no <object> in <topology>"))?;
    let mut roots = objects(machine, 0)?;
    let root = match (roots.pop(), roots.is_empty()) {
        (Some(root), true) if root.kind == ObjectKind::Machine => root,
        _ => return Err(not("the outermost object is not a Machine")),
    };
    let topology_pus = count_pus(&root);
    if topology_pus == 0 || topology_pus > MOST_PUS {
        return Err(not(&format!(
            "{topology_pus} PUs, expected 1 to {MOST_PUS}"
        )));
    }
    let core_kinds = core_kinds(topology)?;
    Ok(Topology { root, core_kinds })
}

fn count_pus(object: &Object) -> usize {
    let below: usize = object.children.iter().map(count_pus).sum();
    below + usize::from(object.kind == ObjectKind::Pu)
}

/// The object of `node`, or the objects inside it if we have no word for it.
fn objects(node: Node<'_, '_>, depth: usize) -> Result<Vec<Object>, TopologyError> {
    if depth > DEEPEST {
        let problem = format!("objects are nested more than {DEEPEST} deep");
        return Err(TopologyError::NotLstopo(problem));
    }
    let mut children = Vec::new();
    for child in node.children().filter(|child| child.has_tag_name("object")) {
        children.extend(objects(child, depth + 1)?);
    }
    let Some(kind) = kind(node.attribute("type").unwrap_or_default()) else {
        return Ok(children);
    };
    let size = match kind {
        ObjectKind::NumaNode => node.attribute("local_memory"),
        ObjectKind::Cache(_) => node.attribute("cache_size"),
        _ => None,
    };
    let object = Object {
        kind,
        os_index: node
            .attribute("os_index")
            .and_then(|index| index.parse().ok()),
        cpuset: cpuset(node)?,
        bytes: size
            .and_then(|size| size.parse().ok())
            .filter(|bytes| *bytes > 0),
        children,
    };
    if kind == ObjectKind::Pu && object.os_index.is_none() {
        return Err(TopologyError::NotLstopo("a PU without os_index".to_owned()));
    }
    Ok(vec![object])
}

fn kind(name: &str) -> Option<ObjectKind> {
    match name {
        "Machine" => Some(ObjectKind::Machine),
        "Package" => Some(ObjectKind::Package),
        "Die" => Some(ObjectKind::Die),
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

/// hwloc's bitmap form: 32-bit words in hexadecimal, the highest first; an empty word is 0.
fn cpuset(node: Node<'_, '_>) -> Result<CpuSet, TopologyError> {
    let text = node.attribute("cpuset").unwrap_or_default();
    let bad = || TopologyError::NotLstopo(format!("'{text}' is not a cpuset"));
    let mut pus = Vec::new();
    for (word, hex) in (0_u32..).zip(text.rsplit(',')) {
        let hex = hex.strip_prefix("0x").unwrap_or(hex);
        let bits = match hex {
            "" => 0,
            hex => u32::from_str_radix(hex, 16).map_err(|_| bad())?,
        };
        let set = (0..u32::BITS).filter(|bit| bits >> bit & 1 == 1);
        pus.extend(set.map(|bit| PuId(word * u32::BITS + bit)));
    }
    if pus.last().is_some_and(|last| *last > CpuSet::LARGEST_PU) {
        return Err(bad());
    }
    Ok(pus.into_iter().collect())
}

/// Kinds of core, fastest last.
fn core_kinds(topology: Node<'_, '_>) -> Result<Vec<CpuSet>, TopologyError> {
    let kinds = topology
        .children()
        .filter(|node| node.has_tag_name("cpukind"));
    let mut ranked = Vec::new();
    for node in kinds {
        ranked.push((speed(node), cpuset(node)?));
    }
    ranked.sort();
    Ok(ranked.into_iter().map(|(_, cpuset)| cpuset).collect())
}

/// What orders kinds of core, the most telling first: hwloc's own ranking, Intel's name for the
/// kind, Linux's capacity, the highest clock.
//
// Source: hwloc 2.9, cpukinds.c, hwloc_internal_cpukinds_rank.
fn speed(kind: Node<'_, '_>) -> (i64, bool, u64, u64) {
    let fact = |name: &str| {
        let mut facts = kind
            .children()
            .filter(|node| node.attribute("name") == Some(name));
        facts.next().and_then(|node| node.attribute("value"))
    };
    let number = |name: &str| fact(name).and_then(|value| value.parse().ok()).unwrap_or(0);
    let forced = kind
        .attribute("forced_efficiency")
        .and_then(|rank| rank.parse().ok());
    let intel_core = fact("CoreType") == Some("IntelCore");
    (
        forced.unwrap_or(-1),
        intel_core,
        number("LinuxCapacity"),
        number("FrequencyMaxMHz"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_PACKAGES: &str = include_str!("../../tests/data/two-packages.xml");
    const HYBRID: &str = include_str!("../../tests/data/hybrid.xml");
    const HWLOC_1: &str = include_str!("../../tests/data/hwloc1.xml");

    fn problem(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    /// `object` without the indexes that hwloc leaves out of a synthetic machine's caches.
    fn bare(mut object: Object) -> Object {
        if !matches!(object.kind, ObjectKind::Pu | ObjectKind::NumaNode) {
            object.os_index = None;
        }
        object.children = object.children.into_iter().map(bare).collect();
        object
    }

    #[test]
    fn a_synthetic_machine_is_the_same_read_by_us_or_written_by_lstopo() {
        let text = "pack:2 [numa(memory=64GiB)] l3:2(size=32MiB) l2:2(size=1MiB) core:1 pu:2";
        let ours = Topology::synthetic(text).unwrap();
        let theirs = parse(TWO_PACKAGES).unwrap();
        assert_eq!(bare(theirs.root), bare(ours.root));
    }

    #[test]
    fn kinds_of_core_come_slowest_first() {
        let kinds = parse(HYBRID).unwrap().core_kinds;
        let texts: Vec<String> = kinds.iter().map(CpuSet::to_string).collect();
        assert_eq!(texts, ["4-7", "0-3"]);
        let forced = HYBRID
            .replace(
                r#"cpuset="0x0000000f">"#,
                r#"cpuset="0x0000000f" forced_efficiency="0">"#,
            )
            .replace(
                r#"cpuset="0x000000f0">"#,
                r#"cpuset="0x000000f0" forced_efficiency="1">"#,
            );
        let kinds = parse(&forced).unwrap().core_kinds;
        assert_eq!(kinds[0].to_string(), "0-3");
    }

    #[test]
    fn words_of_a_wide_cpuset_come_highest_first() {
        let wide = TWO_PACKAGES.replacen("0x0000ffff", "0x1,,0x0000ffff", 1);
        assert_eq!(parse(&wide).unwrap().pus().to_string(), "0-15,64");
    }

    #[test]
    fn what_is_not_a_machine_is_named() {
        assert!(problem(HWLOC_1).contains("hwloc 1"));
        assert!(problem("<svg/>").contains("<svg>"));
        assert!(problem("nonsense").contains("not an XML file"));
        assert!(problem(r#"<topology version="2.0"/>"#).contains("no <object>"));
        let package = r#"<topology version="2.0"><object type="Package" cpuset="0x1"/></topology>"#;
        assert!(problem(package).contains("not a Machine"));
        let empty = package.replace("Package", "Machine");
        assert!(problem(&empty).contains("0 PUs"));
        assert!(problem(&TWO_PACKAGES.replacen("0x0000ffff", "0xzz", 1)).contains("'0xzz'"));
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let open = r#"<object type="Group" cpuset="0x1">"#.repeat(200);
        let close = "</object>".repeat(200);
        let text = format!(r#"<topology version="2.0">{open}{close}</topology>"#);
        assert!(problem(&text).contains("nested"));
    }
}
