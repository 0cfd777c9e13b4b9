//! Does each description stand for the machine that hwloc makes of it?

use proptest::prelude::*;

use super::*;
use crate::machine::Topology;

fn machine(text: &str) -> Topology {
    Topology::synthetic(text).unwrap()
}

fn problem(text: &str) -> String {
    Topology::synthetic(text).unwrap_err().to_string()
}

/// Kinds from the outside in along the first children, `[numa]` where one stands beside.
fn spine(text: &str) -> String {
    let root = parse(text).unwrap();
    let (mut at, mut words) = (Some(&root), Vec::new());
    while let Some(object) = at {
        words.push(format!("{:?}", object.kind));
        let is_node = |child: &&Object| child.kind == ObjectKind::NumaNode;
        let nodes = object.children.iter().take_while(is_node).count();
        words.extend(std::iter::repeat_n("[numa]".to_owned(), nodes));
        at = object.children.get(nodes);
    }
    words.join(" ")
}

#[test]
fn levels_multiply_from_the_outside_in() {
    let found = machine("pack:2 l3:3 core:4 pu:2");
    let kinds = [
        ObjectKind::Package,
        ObjectKind::Cache(3),
        ObjectKind::Core,
        ObjectKind::Pu,
    ];
    assert_eq!(kinds.map(|kind| found.count(kind)), [2, 6, 24, 48]);
    assert_eq!(found.pus().to_string(), "0-47");
}

#[test]
fn sizes_are_known_only_where_they_are_given() {
    let found = machine("pack:1 [numa(memory=2GiB)] l2:1(size=1MB) l1:1 core:1 pu:1");
    let bytes = |kind| found.objects(kind)[0].bytes;
    assert_eq!(bytes(ObjectKind::NumaNode), Some(2 << 30));
    assert_eq!(bytes(ObjectKind::Cache(2)), Some(1_000_000));
    assert_eq!(bytes(ObjectKind::Cache(1)), None);
}

/// As `lstopo --no-icaches -i TEXT --of xml` of hwloc 2.9 has it.
#[test]
fn numa_nodes_and_groups_stand_where_hwloc_puts_them() {
    for (text, expected) in [
        ("pack:2 core:1 pu:1", "Machine [numa] Package Core Pu"),
        ("pack:1 core:2 pu:1", "Machine Package [numa] Core Pu"),
        ("numa:2 pu:2", "Machine Group [numa] Pu"),
        ("numa:2 pack:1 pu:2", "Machine Package [numa] Pu"),
        (
            "pack:2 numa:2 core:2 pu:1",
            "Machine Package Group [numa] Core Pu",
        ),
        (
            "pack:2 [numa] [numa] pu:2",
            "Machine Package [numa] [numa] Pu",
        ),
        ("group:2 [numa] pack:1 pu:3", "Machine Package [numa] Pu"),
        ("core:2 pu:1 [numa]", "Machine Core [numa] Pu"),
        ("2 3", "Machine Group [numa] Pu"),
        ("2 2 2", "Machine Package Group [numa] Pu"),
        ("2 2 2 2 2", "Machine Package Group [numa] Cache(2) Core Pu"),
        (
            "Socket:1 L2uCache:2 l1i:1 L1d:1 co:1 0x2",
            "Machine Package [numa] Cache(2) Cache(1) Core Pu",
        ),
    ] {
        assert_eq!(spine(text), expected, "{text}");
    }
}

#[test]
fn numa_nodes_inside_an_object_are_numbered_before_its_own() {
    let found = machine("pack:1 [numa] core:2 [numa] pu:1");
    let nodes = found.objects(ObjectKind::NumaNode);
    let indexes: Vec<_> = nodes.iter().filter_map(|node| node.os_index).collect();
    assert_eq!(indexes, [2, 0, 1]);
}

/// As `lstopo --no-icaches -i TEXT --of xml` of hwloc 2.9 has it.
#[test]
fn pus_are_numbered_as_the_description_asks() {
    let listed = "pack:2 core:2 pu:2(indexes=0,4,2,6,1,5,3,7)";
    for (text, expected) in [
        (listed, [0, 4, 2, 6, 1, 5, 3, 7]),
        (
            "pack:2 core:2 pu:2(indexes=4*2:2*2:1*2)",
            [0, 4, 2, 6, 1, 5, 3, 7],
        ),
        (
            "pack:2 l3:1 core:2 pu:2(indexes=l3:pack)",
            [0, 2, 4, 6, 1, 3, 5, 7],
        ),
        (
            "pack:2 core:2 pu:2(indexes=0x4*02:2*2)",
            [0, 4, 2, 6, 1, 5, 3, 7],
        ),
        (
            "pack:2 core:2 pu:2(indexes=core:pack)",
            [0, 4, 1, 5, 2, 6, 3, 7],
        ),
        ("pack:2 core:2 pu:2", [0, 1, 2, 3, 4, 5, 6, 7]),
    ] {
        let found: Vec<u32> = machine(text).pu_order().iter().map(|pu| pu.0).collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// hwloc takes attributes of the whole machine in front, and needs no blanks between levels.
#[test]
fn attributes_of_the_machine_stand_in_front() {
    let found = machine("(memory=4GB) pack:2 pu:2");
    assert_eq!(found.count(ObjectKind::Package), 2);
    assert_eq!(found.pus().len(), 4);
    assert_eq!(
        found.objects(ObjectKind::NumaNode)[0].bytes,
        Some(4_000_000_000)
    );
    for (text, plain) in [
        (
            "(memory=1GB indexes=5)pack:2 pu:2",
            "(memory=1GB) pack:2 pu:2",
        ),
        ("pack:2[numa]core:2 pu:1", "pack:2 [numa] core:2 pu:1"),
        ("l2:2(size=1MiB)pu:1", "l2:2(size=1MiB) pu:1"),
        ("pack:010 pu:0x2", "pack:8 pu:2"),
        ("module:2 pu:2", "group:2 pu:2"),
    ] {
        assert_eq!(machine(text), machine(plain), "{text}");
    }
}

#[test]
fn indexes_belong_to_the_level_that_has_them() {
    let found = machine("group:2 group:2(indexes=4,5,6,7) pu:2");
    let groups = found.objects(ObjectKind::Group);
    let indexes: Vec<_> = groups.iter().filter_map(|group| group.os_index).collect();
    assert_eq!(indexes, [0, 4, 5, 1, 6, 7]);
}

/// hwloc says so and then counts from 0, or takes as many as it needs.
#[test]
fn indexes_that_do_not_fit_their_level_are_refused() {
    for (text, words) in [
        ("pu:4(indexes=0,1,2)", "3 indexes for a level of 4"),
        ("pu:2(indexes=0,1,2)", "3 indexes for a level of 2"),
        ("pu:2(indexes=1,1)", "index 1 is given to two objects"),
        ("pu:2(indexes=0,,1)", "'0,,1' are not numbers"),
        ("pu:2(indexes=0,65536)", "0 to 65535"),
        ("pu:2(indexes=1*4)", "the loops number 4 of 2 objects"),
        ("pu:8(indexes=2*2)", "the loops number 2 of 8 objects"),
        ("pu:4(indexes=2*2:2*2)", "is given to two objects"),
        ("pu:4(indexes=0*4)", "not loops"),
        ("pu:4(indexes=99999999999*99999999999:9*9)", "of 4 objects"),
        ("pack:2 pu:2(indexes=pack:pack)", "name a level twice"),
        ("pack:2(indexes=pu) pu:2", "inside the objects"),
    ] {
        let said = problem(text);
        assert!(said.contains(words), "{words} is not in {said}");
    }
}

#[test]
fn what_means_nothing_is_named() {
    for (text, token) in [
        ("pack:2 foo:3 pu:1", "foo:3"),
        ("core:0 pu:1", "core:0"),
        ("core:2 pack:2 pu:1", "pack:2"),
        ("pack:1 core:2", "pack:1 core:2"),
        ("pack:2 pack:2 pu:1", "pack:2"),
        ("numa:2 [numa] pu:1", "[numa]"),
        ("[numa] numa:2 pu:1", "numa:2"),
        ("pack:2(foo=1) pu:2", "pack:2(foo=1)"),
        ("l2:2(size=1XB) pu:2", "l2:2(size=1XB)"),
        ("pack:2(memory=1GB pu:2", "pack:2(memory=1GB pu:2"),
        ("[core] pu:2", "[core]"),
        ("pack:2 2 pu:2", "2"),
        ("pu:2(indexes=0,0)", "pu:2(indexes=0,0)"),
        ("pu:2(indexes=die)", "pu:2(indexes=die)"),
        ("(foo=1) pu:2", "(foo=1)"),
        ("pack:2 (memory=1GB) pu:2", "(memory=1GB)"),
        ("(memory=1GB)", "(memory=1GB)"),
        ("pack:2) pu:2", "pack:2) pu:2"),
        ("pack:08 pu:2", "pack:08"),
        ("pack:+2 pu:2", "pack:+2"),
        ("", ""),
    ] {
        assert!(
            problem(text).starts_with(&format!("'{token}' ")),
            "{}",
            problem(text)
        );
    }
}

#[test]
fn a_machine_beyond_all_bounds_is_refused_before_it_is_built() {
    assert!(problem("pack:1000 core:1000 pu:1000").contains("more than 65536"));
    assert!(problem("pu:65537").contains("more than 65536"));
    assert_eq!(machine("pu:65536").pus().len(), 65_536);
}

#[test]
fn a_giant_description_is_refused_in_one_short_line() {
    let giant = "a".repeat(1_000_000);
    for text in [
        giant.clone(),
        format!("{giant}:2 pu:2"),
        format!("pack:{giant} pu:2"),
        format!("pu:2({giant})"),
        format!("pu:2(indexes={giant})"),
        format!("pu:2(indexes={})", "1,".repeat(100_000)),
        format!("l2:2(size={giant}) pu:2"),
        "l2:1 ".repeat(100_000) + "pu:1",
        "[numa] ".repeat(100_000) + "pu:65536",
        "[".repeat(100_000),
        "l2:65536 ".repeat(100) + "pu:1",
    ] {
        let said = problem(&text);
        let start: String = text.chars().take(40).collect();
        assert!(said.chars().count() <= 300, "{start}: {} bytes", said.len());
        assert_eq!(said.lines().count(), 1, "{start}");
    }
}

/// Words of descriptions in any order, with what may stand between them.
fn random_description() -> impl Strategy<Value = String> {
    let words = vec![
        "pack",
        "core",
        "pu",
        "numa",
        "group",
        "die",
        "l3",
        "l1i",
        ":",
        "1",
        "2",
        "3",
        "010",
        "0x2",
        "65536",
        "(",
        ")",
        "[",
        "]",
        " ",
        " ",
        "size=1MiB",
        "memory=2GB",
        "indexes=",
        "0,1",
        "1*2",
        "core:pu",
        ",",
        "pack:2 ",
        "core:3 ",
        "pu:2",
        "[numa] ",
    ];
    prop::collection::vec(prop::sample::select(words), 0..14).prop_map(|words| words.concat())
}

proptest! {
    /// Whatever is described, it is refused in one short line, or every PU is there once.
    #[test]
    fn any_description_is_refused_or_fits_together(text in random_description()) {
        match Topology::synthetic(&text) {
            Err(error) => {
                let said = error.to_string();
                prop_assert!(said.len() < 500 && said.lines().count() == 1, "{}", said);
            }
            Ok(found) => {
                let pus: crate::machine::CpuSet = found.pu_order().into_iter().collect();
                prop_assert_eq!(&pus, found.pus());
                prop_assert_eq!(found.count(ObjectKind::Pu), pus.len());
            }
        }
    }
}
