//! How is a machine drawn as a picture?
//!
//! Nested boxes, package to PU, after the manner of lstopo: a box holds what shares it. Caches and
//! NUMA nodes are strips across the box of those that share them, kinds of core have their own
//! colours, and PUs that this process may not use are hatched. A machine too large to be legible
//! is folded: neighbours that look the same are drawn once, with their number.

mod block;
mod look;

use std::path::Path;

use super::canvas::{Area, Canvas, FigureError, GREY, Text};
use super::outline::{KindOfCore, Outline};
use crate::machine::{CpuSet, ObjectKind, PuId, Topology};
use crate::units::counted;
use block::{Block, Scale};
use look::Look;

/// More PUs than this are not drawn one by one.
const LEGIBLE_PUS: usize = 512;

/// Space around the picture [points].
const MARGIN: f64 = 20.0;

/// Draws `topology`, called `name`, with the PUs of `allowed` filled and others hatched.
///
/// # Errors
///
/// If `path` cannot be written, or its extension is neither png nor svg.
pub fn draw(
    topology: &Topology,
    allowed: &CpuSet,
    name: &str,
    path: &Path,
) -> Result<(), FigureError> {
    let outline = match topology.pus().len() {
        0..=LEGIBLE_PUS => Outline::of(topology),
        _ => Outline::of(topology).folded(allowed),
    };
    let scale = Scale::of(
        leaves(&outline),
        topology.pus().iter().last().unwrap_or(PuId(0)),
    );
    let machine = Block::of(&outline, allowed, scale);
    let (title, small, legend) = (
        Text::new(16.0).bold(),
        Text::new(12.0).color(GREY),
        legend(topology, allowed),
    );
    let width = machine.width.max(400.0).max(title.width(name));
    let lines = small.flow(&counts(topology), ", ", width);
    let legend_rows = legend_rows(&legend, width);
    let head = 24.0 + 16.0 * lines.len() as f64 + 8.0;
    let foot = 14.0 + 20.0 * legend_rows.len() as f64;
    let mut canvas = Canvas::new(
        width + 2.0 * MARGIN,
        head + machine.height + foot + 2.0 * MARGIN,
    );
    canvas.text((MARGIN, MARGIN + 9.0), name, title);
    for (line, i) in lines.into_iter().zip(0_u32..) {
        canvas.text((MARGIN, MARGIN + 32.0 + 16.0 * f64::from(i)), line, small);
    }
    for (row, i) in legend_rows.iter().zip(0_u32..) {
        let y = MARGIN + head + machine.height + 14.0 + 20.0 * f64::from(i);
        draw_legend(row, y, &mut canvas);
    }
    let x = MARGIN + (width - machine.width) / 2.0;
    machine.draw((x, MARGIN + head), &mut canvas);
    canvas.save(path)
}

/// PUs that will be drawn.
fn leaves(outline: &Outline) -> usize {
    outline.pus.len() + outline.parts.iter().map(leaves).sum::<usize>()
}

/// How many objects of each kind there are: `2 packages`, `128 cores`.
pub fn counts(topology: &Topology) -> Vec<String> {
    const COUNTED: [(ObjectKind, &str); 5] = [
        (ObjectKind::Package, "package"),
        (ObjectKind::NumaNode, "NUMA node"),
        (ObjectKind::Cache(3), "L3 cache"),
        (ObjectKind::Core, "core"),
        (ObjectKind::Pu, "PU"),
    ];
    let words = COUNTED.iter().filter_map(|(kind, word)| {
        let count = topology.count(*kind);
        (count > 0).then(|| counted(count as u64, word))
    });
    words.collect()
}

/// What the colours mean; only those that occur.
fn legend(topology: &Topology, allowed: &CpuSet) -> Vec<(Look, String)> {
    let mut entries = vec![(Look::Pu, "PU that may be used".to_owned())];
    if !topology.pus().is_subset(allowed) {
        entries.push((Look::BarredPu, "PU that may not".to_owned()));
    }
    let kinds = KindOfCore::all(topology).into_iter().rev();
    entries.extend(kinds.map(|kind| (Look::Core(Some(kind)), kind_words(kind, topology))));
    let caches = (1..=5).filter(|depth| topology.count(ObjectKind::Cache(*depth)) > 0);
    entries.extend(caches.map(|depth| (Look::Cache(depth), format!("L{depth} cache"))));
    if topology.count(ObjectKind::NumaNode) > 0 {
        entries.push((Look::NumaNode, "NUMA node".to_owned()));
    }
    entries
}

/// `core of kind 1 of 3, the slowest (IntelLowPower)`.
fn kind_words(kind: KindOfCore, topology: &Topology) -> String {
    let name = topology.core_kinds[kind.place].name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" ({name})"));
    let KindOfCore { place, of, ranked } = kind;
    let speed = match (ranked, place) {
        (true, 0) => ", the slowest",
        (true, place) if place + 1 == of => ", the fastest",
        _ => "",
    };
    match (ranked, place, of) {
        (true, 0, 2) => format!("efficiency core{name}"),
        (true, 1, 2) => format!("performance core{name}"),
        _ => format!("core of kind {} of {of}{speed}{name}", place + 1),
    }
}

const LEGEND_TEXT: f64 = 11.0;
const LEGEND_BOX: (f64, f64) = (22.0, 13.0);

fn entry_width(words: &str) -> f64 {
    LEGEND_BOX.0 + 6.0 + Text::new(LEGEND_TEXT).width(words) + 18.0
}

fn legend_rows(entries: &[(Look, String)], width: f64) -> Vec<Vec<(Look, String)>> {
    let mut rows: Vec<Vec<(Look, String)>> = Vec::new();
    let mut used = f64::INFINITY;
    for (look, words) in entries {
        let needed = entry_width(words);
        if used + needed > width {
            rows.push(Vec::new());
            used = 0.0;
        }
        used += needed;
        if let Some(row) = rows.last_mut() {
            row.push((*look, words.clone()));
        }
    }
    rows
}

fn draw_legend(row: &[(Look, String)], y: f64, canvas: &mut Canvas) {
    let mut x = MARGIN;
    for (look, words) in row {
        look.fill(Area::new((x, y), LEGEND_BOX.0, LEGEND_BOX.1), canvas);
        let at = (x + LEGEND_BOX.0 + 6.0, y + LEGEND_BOX.1 / 2.0);
        canvas.text(at, words.clone(), Text::new(LEGEND_TEXT).color(GREY));
        x += entry_width(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(topology: &Topology, allowed: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("machine.svg");
        draw(topology, &allowed.parse().unwrap(), "box", &path).unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    fn synthetic(text: &str) -> Topology {
        Topology::synthetic(text).unwrap()
    }

    #[test]
    fn every_object_of_a_small_machine_is_labelled() {
        let text = "pack:1 [numa(memory=8GiB)] l3:1(size=16MiB) l2:2(size=1MiB) core:1 pu:2";
        let picture = svg(&synthetic(text), "0-3");
        for words in [
            "Package 0",
            "NUMA node 0 8 GiB",
            "L3 16 MiB",
            "L2 1 MiB",
            "Core 1",
            "PU 3",
        ] {
            assert!(picture.contains(words), "{words}");
        }
        assert!(picture.contains("1 package, 1 NUMA node"));
        assert!(!picture.contains("may not"));
    }

    #[test]
    fn pus_that_may_not_be_used_look_different() {
        let machine = synthetic("core:2 pu:1");
        assert_ne!(svg(&machine, "0-1"), svg(&machine, "0"));
        assert!(svg(&machine, "0").contains("PU that may not"));
    }

    #[test]
    fn kinds_of_core_are_labelled_and_explained() {
        let text = include_str!("../../tests/data/hybrid.xml");
        let picture = svg(&Topology::from_lstopo_xml(text).unwrap(), "0-7");
        for words in [
            "P-core 0",
            "E-core 8",
            "performance core",
            "efficiency core",
        ] {
            assert!(picture.contains(words), "{words}");
        }
    }

    #[test]
    fn every_kind_of_core_has_a_colour_and_an_entry_of_its_own() {
        let text = include_str!("../../tests/data/three-kinds.xml");
        let topology = Topology::from_lstopo_xml(text).unwrap();
        let picture = svg(&topology, "0-5");
        for words in [
            "Core 4, kind 1 of 3",
            "core of kind 1 of 3, the slowest (IntelLowPower)",
            "core of kind 2 of 3 (IntelAtom)",
            "core of kind 3 of 3, the fastest (IntelCore)",
        ] {
            assert!(picture.contains(words), "{words}");
        }
        let kinds = KindOfCore::all(&topology);
        let grounds: Vec<_> = kinds
            .iter()
            .map(|kind| Look::Core(Some(*kind)).ground())
            .collect();
        assert!(grounds[0] != grounds[1] && grounds[1] != grounds[2] && grounds[0] != grounds[2]);
    }

    #[test]
    fn many_kinds_of_core_still_differ_in_colour() {
        let ground = |place| {
            let (of, ranked) = (12, true);
            Look::Core(Some(KindOfCore { place, of, ranked })).ground()
        };
        for place in 0..12 {
            assert!(
                (0..place).all(|other| ground(other) != ground(place)),
                "{place}"
            );
        }
    }

    #[test]
    fn kinds_in_no_known_order_are_not_called_slow_or_fast() {
        let text = include_str!("../../tests/data/three-kinds.xml");
        let alike = text
            .replace("IntelAtom", "Big")
            .replace("IntelCore", "Small");
        let picture = svg(&Topology::from_lstopo_xml(&alike).unwrap(), "0-5");
        assert!(picture.contains("core of kind 1 of 3 (Small)"));
        assert!(!picture.contains("est ("), "the slowest or the fastest");
    }

    #[test]
    fn nodes_that_may_not_be_used_are_marked() {
        let text = include_str!("../../tests/data/disallowed.xml");
        let machine = Topology::from_lstopo_xml(text).unwrap();
        let picture = svg(&machine, &machine.allowed().to_string());
        assert!(picture.contains("NUMA node 1 4 GiB (not allowed)"));
    }

    #[test]
    fn a_huge_machine_is_folded_into_a_picture_of_sane_size() {
        let picture = svg(&synthetic("pack:8 numa:4 core:64 pu:8"), "0-16383");
        assert!(
            picture.contains("8 ×") && picture.contains("64 ×"),
            "folded"
        );
        assert!(picture.len() < 100_000, "{} bytes", picture.len());
    }
}
