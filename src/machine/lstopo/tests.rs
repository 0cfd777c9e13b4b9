//! Is every file read as hwloc reads it, and every contradiction refused in one short line?

use proptest::prelude::*;

use super::*;
use crate::machine::{CpuSet, Object};

const TWO_PACKAGES: &str = include_str!("../../../tests/data/two-packages.xml");
const HYBRID: &str = include_str!("../../../tests/data/hybrid.xml");
const HWLOC_1: &str = include_str!("../../../tests/data/hwloc1.xml");
const HWLOC_3: &str = include_str!("../../../tests/data/hwloc3.xml");
const THREE_KINDS: &str = include_str!("../../../tests/data/three-kinds.xml");
const DISALLOWED: &str = include_str!("../../../tests/data/disallowed.xml");

fn problem(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

/// `objects` in a file of hwloc 2 around which everything is right.
fn file(objects: &str) -> String {
    format!(r#"<topology version="2.0">{objects}</topology>"#)
}

/// A machine of two PUs with `inside` in it.
fn machine(inside: &str) -> String {
    file(&format!(
        r#"<object type="Machine" cpuset="0x3">{inside}</object>"#
    ))
}

fn pu(index: &str, cpuset: &str) -> String {
    format!(r#"<object type="PU" os_index="{index}" cpuset="{cpuset}"/>"#)
}

/// `object` without the indexes that hwloc leaves out of a synthetic machine's caches.
fn bare(mut object: Object) -> Object {
    if !matches!(object.kind, ObjectKind::Pu | ObjectKind::NumaNode) {
        object.os_index = None;
    }
    object.children = object.children.into_iter().map(bare).collect();
    object
}

/// PUs of the kinds of core in order.
fn kinds(text: &str) -> Vec<String> {
    let kinds = parse(text).unwrap().core_kinds;
    kinds.iter().map(|kind| kind.cpuset.to_string()).collect()
}

#[test]
fn a_synthetic_machine_is_the_same_read_by_us_or_written_by_lstopo() {
    let text = "pack:2 [numa(memory=64GiB)] l3:2(size=32MiB) l2:2(size=1MiB) core:1 pu:2";
    let ours = Topology::synthetic(text).unwrap();
    let theirs = parse(TWO_PACKAGES).unwrap();
    assert_eq!(bare(theirs.root), bare(ours.root));
}

/// As lstopo of hwloc 3 has it: devices, memory-side caches and tiers of memory are passed over.
#[test]
fn a_file_of_hwloc_3_is_the_same_machine() {
    let found = parse(HWLOC_3).unwrap();
    let kinds = [
        ObjectKind::Package,
        ObjectKind::NumaNode,
        ObjectKind::Core,
        ObjectKind::Pu,
    ];
    assert_eq!(kinds.map(|kind| found.count(kind)), [1, 2, 2, 4]);
    assert_eq!(
        parse(&TWO_PACKAGES.replace("version=\"2.0\"", "version=\"3.0\"")).unwrap(),
        parse(TWO_PACKAGES).unwrap()
    );
}

#[test]
fn kinds_of_core_come_slowest_first() {
    assert_eq!(kinds(HYBRID), ["4-7", "0-3"]);
    let forced = HYBRID
        .replace(
            r#"cpuset="0x0000000f">"#,
            r#"cpuset="0x0000000f" forced_efficiency="0">"#,
        )
        .replace(
            r#"cpuset="0x000000f0">"#,
            r#"cpuset="0x000000f0" forced_efficiency="1">"#,
        );
    assert_eq!(kinds(&forced), ["0-3", "4-7"]);
    assert_eq!(kinds(THREE_KINDS), ["4-5", "2-3", "0-1"]);
    let names = parse(THREE_KINDS).unwrap().core_kinds;
    assert_eq!(names[0].name.as_deref(), Some("IntelLowPower"));
}

#[test]
fn what_a_file_does_not_allow_is_kept_apart() {
    let found = parse(DISALLOWED).unwrap();
    assert_eq!(found.pus().to_string(), "0-3,6-7");
    assert_eq!(found.allowed().to_string(), "0-1,3");
    assert_eq!(found.disallowed.to_string(), "2,6-7");
    assert_eq!(found.disallowed_nodes, [1]);
    assert_eq!(found.not_described.to_string(), "4-5");
    assert_eq!(parse(TWO_PACKAGES).unwrap().disallowed, CpuSet::default());
    let none = DISALLOWED.replace("allowed_cpuset=\"0x0000000b\"", "allowed_cpuset=\"0x30\"");
    assert!(problem(&none).contains("allowed_cpuset"));
}

#[test]
fn words_of_a_wide_cpuset_come_highest_first() {
    let inside = pu("0", "0x1") + &pu("64", "0x1,,0x0");
    let wide = file(&format!(
        r#"<object type="Machine" cpuset="0x1,,0x1">{inside}</object>"#
    ));
    assert_eq!(parse(&wide).unwrap().pus().to_string(), "0,64");
}

#[test]
fn what_is_not_a_machine_is_named() {
    assert!(problem(HWLOC_1).contains("lstopo -i old.xml new.xml"));
    assert!(problem("<svg/>").contains("<svg>"));
    assert!(problem("nonsense").contains("not an XML file"));
    assert!(problem("<topology version=\"2.0\"").contains("line 1"));
    assert!(problem("").contains("not an XML file"));
    assert!(problem(&file("")).contains("no <object>"));
    assert!(problem(r#"<topology version="4.0"/>"#).contains("'4.0', expected 2 or 3"));
    let cut = TWO_PACKAGES.split_at(TWO_PACKAGES.len() / 2).0;
    let whole = cut.rsplit_once('<').unwrap().0;
    assert!(problem(whole).contains("rest of the file is missing"));
    let package = file(r#"<object type="Package" cpuset="0x1"/>"#);
    assert!(problem(&package).contains("Package is not inside the one Machine"));
    assert!(problem(&machine("")).contains("PUs '0-1'"));
    assert!(problem(&TWO_PACKAGES.replacen("0x0000ffff", "0xzz", 1)).contains("'0xzz'"));
}

#[test]
fn sets_that_contradict_each_other_are_refused() {
    let core = |cpuset: &str, inside: &str| {
        format!(r#"<object type="Core" os_index="7" cpuset="{cpuset}">{inside}</object>"#)
    };
    let (first, second) = (pu("0", "0x1"), pu("1", "0x2"));
    assert!(parse(&machine(&(first.clone() + &second))).is_ok());
    for (inside, words) in [
        (core("0x6", ""), "Core 7 has PUs '2', which the Machine"),
        (first.clone() + &first, "PU 0 has PUs '0', as has"),
        (
            core("0x1", &first) + &core("0x1", ""),
            "Core 7 has PUs '0', as has",
        ),
        (core("0x2", &first), "PU 0 has PUs '0', which the Core"),
        (first.clone(), "for PUs '1' of the Machine"),
        (pu("0", "0x2"), "PU 0 has the cpuset of PUs '1'"),
        (pu("0", "0x3"), "PU 0 has the cpuset of PUs '0-1'"),
        (pu("0", "0xf...f"), "cpuset without end"),
        (
            pu("2147483648", "0x1"),
            "PU 2147483648 has a number above 65535",
        ),
        (pu("-1", "0x1"), "PU -1 has no os_index"),
        (
            r#"<object type="PU" cpuset="0x1"/>"#.to_owned(),
            "PU has no os_index",
        ),
        (
            r#"<object type="Core" os_index="3"/>"#.to_owned(),
            "Core 3 has no cpuset",
        ),
        (core("0x80000000,,", ""), "Core 7 has PUs '95', which"),
        (
            first.replace("/>", &format!(">{second}</object>")),
            "inside a Pu",
        ),
        (machine("").replace("topology", "object"), "inside"),
    ] {
        let said = problem(&machine(&inside));
        assert!(said.contains(words), "{words} is not in {said}");
    }
    let node = r#"<object type="NUMANode" os_index="0" cpuset="0x3"/>"#;
    assert!(problem(&machine(&(node.to_owned() + node))).contains("NUMANode 0 is there twice"));
    let kind = r#"<cpukind cpuset="0x3"/>"#;
    let two =
        machine(&(first + &second)).replace("</topology>", &format!("{kind}{kind}</topology>"));
    assert!(problem(&two).contains("two kinds of core have PUs '0-1'"));
}

#[test]
fn nesting_without_end_is_refused() {
    let nested = |element: &str, depth| {
        let name = element.split(' ').next().unwrap();
        format!("<{element}>").repeat(depth) + &format!("</{name}>").repeat(depth)
    };
    for element in [
        r#"object type="Group" cpuset="0x3""#,
        "a",
        r#"object type="Bridge""#,
    ] {
        let said = problem(&machine(&nested(element, 200_000)));
        assert!(said.contains("nested"), "{said}");
    }
}

#[test]
fn entities_are_not_expanded() {
    let bomb = r#"<!DOCTYPE topology [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>"#;
    assert!(
        problem(
            &(bomb.to_owned()
                + TWO_PACKAGES.trim_start_matches("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"))
        )
        .contains("entities")
    );
    let unknown = machine(r#"<object type="&bomb;" cpuset="0x1"/>"#);
    assert!(problem(&unknown).contains("bomb"));
}

/// Each is about a megabyte; what is said of it is one line of at most 300 characters.
#[test]
fn giant_parts_make_no_giant_message() {
    let giant = "a".repeat(1_000_000);
    let attributes: String = (0..100_000).map(|i| format!(" a{i}=\"\"")).collect();
    let accepted = machine(&format!(
        "<info{attributes}/>{}{}",
        pu("0", "0x1"),
        pu("1", "0x2")
    ));
    assert!(parse(&accepted).is_ok());
    for text in [
        format!("<{giant}/>"),
        format!("<{giant}"),
        format!("<topology version=\"{giant}\"/>"),
        machine(&format!("<object type=\"Core\" os_index=\"{giant}\"/>")),
        machine(&format!("<object type=\"Core\" cpuset=\"{giant}\"/>")),
        machine(&format!("<object type=\"Core\" {giant}>")),
        machine(&format!("<{giant}></{giant}b>")),
        machine(&format!("<object type=\"&{giant};\"/>")),
        giant.clone(),
        format!("<topology version=\"2.0\">{}", "<object".repeat(1_000_000)),
    ] {
        let said = problem(&text);
        let start: String = text.chars().take(60).collect();
        assert!(
            said.chars().count() <= 300,
            "{start}: {} characters",
            said.len()
        );
        assert_eq!(said.lines().count(), 1, "{start}");
    }
}

#[test]
fn more_objects_than_a_machine_has_are_refused() {
    let many = r#"<object type="Misc"/>"#.repeat(MOST_OBJECTS + 1);
    assert!(problem(&machine(&many)).contains("objects"));
}

/// A file after a few random edits: bytes replaced, parts cut out or repeated.
fn edited() -> impl Strategy<Value = String> {
    let files = prop::sample::select(vec![TWO_PACKAGES, HYBRID, HWLOC_3, DISALLOWED, THREE_KINDS]);
    let text = prop::sample::select(vec![
        "",
        "0",
        "f",
        "<",
        ">",
        "/",
        "\"",
        "&",
        ",",
        "-",
        "PU",
        "Core",
        "0xf...f",
        "</object>",
    ]);
    let edit = (
        any::<prop::sample::Index>(),
        0_usize..400,
        text,
        any::<bool>(),
    );
    (files, prop::collection::vec(edit, 1..4)).prop_map(|(file, edits)| {
        let mut file = file.to_owned();
        for (at, length, text, repeat) in edits {
            let start = at.index(file.len());
            let end = (start + length).min(file.len());
            let part = file[start..end].to_owned();
            let new = if repeat {
                part + text + &file[start..end]
            } else {
                text.to_owned()
            };
            file.replace_range(start..end, &new);
        }
        file
    })
}

proptest! {
    /// Whatever is in a file, it is refused in one short line, or its sets fit each other.
    #[test]
    fn a_spoilt_file_is_refused_or_fits_together(text in edited()) {
        match parse(&text) {
            Err(error) => {
                let said = error.to_string();
                prop_assert!(said.len() < 500 && said.lines().count() == 1, "{}", said);
            }
            Ok(found) => {
                let pus: CpuSet = found.pu_order().into_iter().collect();
                prop_assert_eq!(&pus, found.pus());
                prop_assert_eq!(found.count(ObjectKind::Pu), pus.len());
                prop_assert!(!found.allowed().is_empty() && found.allowed().is_subset(&pus));
                prop_assert!(found.core_kinds.iter().all(|kind| kind.cpuset.is_subset(&pus)));
            }
        }
    }
}
