//! How is a machine drawn with characters?
//!
//! One line per object; a chain of objects with the same PUs is one line. A machine with more
//! lines than a screen has is folded: neighbours that look the same become `8 x ...`.

use super::outline::{Label, Outline};
use crate::machine::{CpuSet, Topology};

/// Lines that fit on a screen beside a report.
const SCREEN: usize = 40;

/// Whether an object stands for itself or for several.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    ForItself,
    ForMany,
}

/// `topology` as lines of text; PUs that are not in `allowed` are marked.
pub fn draw(topology: &Topology, allowed: &CpuSet) -> Vec<String> {
    let outline = Outline::of(topology);
    let every = lines(&outline, allowed, Stands::ForItself);
    if every.len() <= SCREEN {
        return every;
    }
    lines(&outline.folded(allowed), allowed, Stands::ForItself)
}

fn lines(outline: &Outline, allowed: &CpuSet, above: Stands) -> Vec<String> {
    let here = if outline.times > 1 {
        Stands::ForMany
    } else {
        above
    };
    let nodes = outline.nodes.iter().map(|node| vec![words(node, here)]);
    let parts = outline
        .parts
        .iter()
        .map(|part| self::lines(part, allowed, here));
    let blocks: Vec<Vec<String>> = nodes.chain(parts).collect();
    let mut lines = vec![line(outline, allowed, above)];
    let last = blocks.len();
    for (i, block) in (1..).zip(blocks) {
        let (first, rest) = if i == last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        for (n, line) in block.into_iter().enumerate() {
            lines.push(format!("{}{line}", if n == 0 { first } else { rest }));
        }
    }
    lines
}

fn words(label: &Label, stands: Stands) -> String {
    match stands {
        Stands::ForItself => label.full(),
        Stands::ForMany => label.unnumbered(),
    }
}

fn line(outline: &Outline, allowed: &CpuSet, above: Stands) -> String {
    let (times, here) = match outline.times {
        1 => (String::new(), above),
        times => (format!("{times} x "), Stands::ForMany),
    };
    let chain: Vec<String> = outline
        .chain
        .iter()
        .map(|label| words(label, here))
        .collect();
    let pus = match (above, outline.pus.len()) {
        (Stands::ForItself, 0) if outline.times == 1 || outline.cpuset.is_empty() => String::new(),
        (Stands::ForItself, _) => format!("  {}", pus(outline, allowed)),
        (Stands::ForMany, 0) => String::new(),
        (Stands::ForMany, 1) => ", 1 PU".to_owned(),
        (Stands::ForMany, many) => format!(", {many} PUs each"),
    };
    format!("{times}{}{pus}", chain.join(" + "))
}

/// `PUs 0-3, not allowed: 2-3`.
fn pus(outline: &Outline, allowed: &CpuSet) -> String {
    let word = if outline.cpuset.len() == 1 {
        "PU"
    } else {
        "PUs"
    };
    let barred: CpuSet = outline
        .cpuset
        .iter()
        .filter(|pu| !allowed.contains(*pu))
        .collect();
    match barred.len() {
        0 => format!("{word} {}", outline.cpuset),
        n if n == outline.cpuset.len() => format!("{word} {} (not allowed)", outline.cpuset),
        _ => format!("{word} {} (not allowed: {barred})", outline.cpuset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Object, ObjectKind};

    fn drawn(text: &str, allowed: &str) -> Vec<String> {
        draw(
            &Topology::synthetic(text).unwrap(),
            &allowed.parse().unwrap(),
        )
    }

    #[test]
    fn a_small_machine_is_drawn_object_by_object() {
        let text = "pack:1 [numa(memory=8GiB)] l3:1(size=16MiB) l2:2(size=1MiB) core:1 pu:2";
        let expected = [
            "Machine",
            "└─ Package 0",
            "   ├─ NUMA node 0 8 GiB",
            "   └─ L3 16 MiB",
            "      ├─ L2 1 MiB + Core 0  PUs 0-1",
            "      └─ L2 1 MiB + Core 1  PUs 2-3 (not allowed: 3)",
        ];
        assert_eq!(drawn(text, "0-2"), expected);
    }

    #[test]
    fn a_large_machine_is_folded_where_neighbours_look_the_same() {
        let lines = drawn("pack:2 [numa] l3:8 core:8 pu:2", "0-255");
        let expected = [
            "Machine",
            "└─ 2 x Package  PUs 0-255",
            "   ├─ NUMA node",
            "   └─ 8 x L3",
            "      └─ 8 x Core, 2 PUs each",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn parts_that_are_not_allowed_are_not_folded_into_those_that_are() {
        let lines = drawn("pack:2 l3:8 core:8 pu:2", "0-127");
        let found = |text: &str| lines.iter().any(|line| line.contains(text));
        assert!(found("Package 0") && found("Package 1"), "{lines:#?}");
        assert!(found("8 x L3  PUs 128-255 (not allowed)"), "{lines:#?}");
    }

    #[test]
    fn an_object_without_pus_has_no_list_of_them() {
        let mut machine = Topology::synthetic("pack:2 core:2 pu:1").unwrap();
        for node in 1..=60 {
            machine.root.children.push(Object {
                kind: ObjectKind::Package,
                os_index: Some(node),
                cpuset: CpuSet::default(),
                bytes: None,
                children: Vec::new(),
            });
        }
        let lines = draw(&machine, machine.pus());
        assert!(
            lines.iter().any(|line| line == "└─ 60 x Package"),
            "{lines:#?}"
        );
        assert!(
            lines.iter().all(|line| !line.trim_end().ends_with("PUs")),
            "{lines:#?}"
        );
    }

    #[test]
    fn what_a_file_does_not_allow_is_marked() {
        let text = include_str!("../../tests/data/disallowed.xml");
        let machine = Topology::from_lstopo_xml(text).unwrap();
        let expected = [
            "Machine",
            "├─ Package 0",
            "│  ├─ NUMA node 0 8 GiB",
            "│  ├─ Core 0  PUs 0-1",
            "│  └─ Core 1  PUs 2-3 (not allowed: 2)",
            "└─ Package 1",
            "   ├─ NUMA node 1 4 GiB (not allowed)",
            "   └─ Core 1  PUs 6-7 (not allowed)",
        ];
        assert_eq!(draw(&machine, &machine.allowed()), expected);
    }

    #[test]
    fn a_machine_as_wide_as_there_can_be_is_folded_at_once() {
        let lines = drawn("pack:1 core:65536 pu:1", "0-65535");
        assert_eq!(lines.last().unwrap(), "   └─ 65536 x Core  PUs 0-65535");
    }

    #[test]
    fn kinds_of_core_are_named() {
        let text = include_str!("../../tests/data/hybrid.xml");
        let machine = Topology::from_lstopo_xml(text).unwrap();
        let text = draw(&machine, machine.pus()).join("\n");
        assert_eq!(
            (
                text.matches("P-core").count(),
                text.matches("E-core").count()
            ),
            (2, 4)
        );
        let text = include_str!("../../tests/data/three-kinds.xml");
        let machine = Topology::from_lstopo_xml(text).unwrap();
        let text = draw(&machine, machine.pus()).join("\n");
        for words in [
            "Core 4, kind 1 of 3",
            "Core 2, kind 2 of 3",
            "Core 0, kind 3 of 3",
        ] {
            assert!(text.contains(words), "{words} is not in {text}");
        }
    }
}
