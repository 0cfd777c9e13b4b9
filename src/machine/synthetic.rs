//! Which machine does an hwloc synthetic description stand for?
//!
//! `pack:2 [numa(memory=64GiB)] l3:1(size=32MiB) core:64 pu:2`: levels from the outside in, each with
//! its number of objects per parent, attributes in parentheses, and NUMA nodes in brackets beside
//! the level before them. Read here rather than by hwloc, because hwloc invents the sizes that a
//! description leaves out; here they stay unknown.
//
// --- Implementation ---
// Source: hwloc 2.9, hwloc/topology-synthetic.c, and "Synthetic topologies" in its manual.

mod indexes;
mod order;
mod token;

use super::topology::MOST_PUS;
use super::{CpuSet, Object, ObjectKind, PuId};
use order::{impossible, single};
use token::{Count, Token};

/// A synthetic description that means nothing, by its first offending word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{token}' in a synthetic machine: {problem}")]
pub struct SyntheticError {
    /// The offending word, or the whole description.
    pub token: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl SyntheticError {
    fn new(token: &str, problem: impl Into<String>) -> Self {
        let (token, problem) = (token.to_owned(), problem.into());
        Self { token, problem }
    }
}

/// All objects of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    kind: ObjectKind,
    /// Objects in the whole machine.
    width: usize,
    bytes: Option<u64>,
    /// Operating system's indexes of the objects in topology order; `None`: counted from 0.
    indexes: Option<Vec<u32>>,
}

impl Row {
    fn plain(kind: ObjectKind, width: usize) -> Self {
        let (bytes, indexes) = (None, None);
        Self {
            kind,
            width,
            bytes,
            indexes,
        }
    }

    fn os_index(&self, nth: usize) -> u32 {
        let given = self.indexes.as_ref().and_then(|indexes| indexes.get(nth));
        given
            .copied()
            .unwrap_or_else(|| u32::try_from(nth).unwrap_or(u32::MAX))
    }
}

/// The tree that `description` stands for.
pub(super) fn parse(description: &str) -> Result<Object, SyntheticError> {
    let tokens = token::tokens(description)?;
    let (mut rows, mut nodes) = rows(&tokens)?;
    if rows.last().is_none_or(|row| row.kind != ObjectKind::Pu) {
        let problem = "the last level must be the PUs, for example 'core:4 pu:2'";
        return Err(SyntheticError::new(description, problem));
    }
    if nodes.is_empty() {
        nodes.push(Row::plain(ObjectKind::NumaNode, 1));
    }
    number(&tokens, &mut rows, &mut nodes)?;
    let mut rows = without_needless_groups(rows);
    for node in &nodes {
        give_a_holder(node.width, &mut rows);
    }
    let mut nodes_made = 0;
    Ok(Builder {
        rows: &rows,
        nodes: &nodes,
        nodes_made: &mut nodes_made,
    }
    .object(0, 0))
}

/// The rows from the machine to the PUs, and the NUMA nodes in rows of their own.
fn rows(tokens: &[Token<'_>]) -> Result<(Vec<Row>, Vec<Row>), SyntheticError> {
    let mut rows = vec![Row::plain(ObjectKind::Machine, 1)];
    let mut nodes: Vec<Row> = Vec::new();
    let (mut width, mut nodes_as_level) = (1_usize, false);
    for token in tokens {
        if let Count::PerParent(count) = token.count {
            width = width
                .checked_mul(count)
                .filter(|width| *width <= MOST_PUS)
                .ok_or_else(|| {
                    let problem =
                        format!("more than {MOST_PUS} objects in all; use smaller counts");
                    SyntheticError::new(token.text, problem)
                })?;
        }
        let Some(kind) = token.kind else {
            continue; // an instruction cache: counted, not kept
        };
        let row = Row {
            bytes: token.bytes,
            ..Row::plain(kind, width)
        };
        let other = if kind == ObjectKind::NumaNode {
            &nodes
        } else {
            &rows
        };
        let level = matches!(token.count, Count::PerParent(_));
        if single(kind)
            && other
                .iter()
                .any(|other| other.kind == kind && (level || nodes_as_level))
        {
            let problem = "a second level of this kind; give it once";
            return Err(SyntheticError::new(token.text, problem));
        }
        if level && rows.iter().any(|outer| impossible(outer.kind, kind)) {
            let problem = "inside what it cannot be inside of; give levels from the outside in";
            return Err(SyntheticError::new(token.text, problem));
        }
        nodes_as_level |= level && kind == ObjectKind::NumaNode;
        if kind == ObjectKind::NumaNode {
            nodes.push(row)
        } else {
            rows.push(row)
        }
    }
    Ok((rows, nodes))
}

/// Gives the objects the indexes that the description asks for. All NUMA nodes are numbered as
/// one row, however many levels they stand on.
fn number(tokens: &[Token<'_>], rows: &mut [Row], nodes: &mut [Row]) -> Result<(), SyntheticError> {
    let widths: Vec<(ObjectKind, usize)> = rows
        .iter()
        .chain(&*nodes)
        .map(|row| (row.kind, row.width))
        .collect();
    for token in tokens {
        let (Some(text), Some(kind)) = (token.indexes, token.kind) else {
            continue;
        };
        let resolve = |total| {
            indexes::resolve(text, total, &widths)
                .map_err(|problem| SyntheticError::new(token.text, problem))
        };
        if kind == ObjectKind::NumaNode {
            let total = nodes.iter().map(|node| node.width).sum();
            let indexes = resolve(total)?;
            nodes
                .iter_mut()
                .for_each(|node| node.indexes = Some(indexes.clone()));
        } else if let Some(row) = rows.iter_mut().find(|row| row.kind == kind) {
            row.indexes = Some(resolve(row.width)?);
        }
    }
    Ok(())
}

/// As hwloc does: a group with the same PUs as the level before or after it says nothing.
fn without_needless_groups(rows: Vec<Row>) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::new();
    let mut rest = rows.into_iter().peekable();
    while let Some(row) = rest.next() {
        let before = kept.last().is_some_and(|before| before.width == row.width);
        let after = rest.peek().is_some_and(|after| after.width == row.width);
        if row.kind != ObjectKind::Group || !(before || after) {
            kept.push(row);
        }
    }
    kept
}

/// NUMA nodes are leaves of the outermost level that has as many objects; where there is none, of
/// a group.
fn give_a_holder(width: usize, rows: &mut Vec<Row>) {
    if holder(width, rows).is_none() {
        let place = rows.partition_point(|row| row.width < width);
        rows.insert(place, Row::plain(ObjectKind::Group, width));
    }
}

/// The level that holds `width` NUMA nodes: the machine only if no other has all PUs.
fn holder(width: usize, rows: &[Row]) -> Option<usize> {
    let holds = |row: &Row| row.width == width && row.kind != ObjectKind::Pu;
    let inner = (1..rows.len()).find(|depth| holds(&rows[*depth]));
    inner.or_else(|| (width == 1).then_some(0))
}

struct Builder<'a> {
    rows: &'a [Row],
    nodes: &'a [Row],
    nodes_made: &'a mut usize,
}

impl Builder<'_> {
    /// Object `nth` of the row at `depth` with everything inside it.
    fn object(&mut self, depth: usize, nth: usize) -> Object {
        let row = &self.rows[depth];
        let cpuset = self.cpuset(row, nth);
        // Inner objects first: hwloc numbers the NUMA nodes inside an object before its own.
        let mut inside = Vec::new();
        if let Some(below) = self.rows.get(depth + 1) {
            let each = below.width / row.width;
            inside
                .extend((nth * each..(nth + 1) * each).map(|child| self.object(depth + 1, child)));
        }
        let mut children = self.nodes_beside(depth, &cpuset);
        children.append(&mut inside);
        Object {
            kind: row.kind,
            os_index: Some(row.os_index(nth)),
            cpuset,
            bytes: row.bytes,
            children,
        }
    }

    fn nodes_beside(&mut self, depth: usize, cpuset: &CpuSet) -> Vec<Object> {
        let mut beside = Vec::new();
        for node in self
            .nodes
            .iter()
            .filter(|node| holder(node.width, self.rows) == Some(depth))
        {
            beside.push(Object {
                kind: ObjectKind::NumaNode,
                os_index: Some(node.os_index(*self.nodes_made)),
                cpuset: cpuset.clone(),
                bytes: node.bytes,
                children: Vec::new(),
            });
            *self.nodes_made += 1;
        }
        beside
    }

    fn cpuset(&self, row: &Row, nth: usize) -> CpuSet {
        let pus = &self.rows[self.rows.len() - 1];
        let each = pus.width / row.width;
        (nth * each..(nth + 1) * each)
            .map(|pu| PuId(pus.os_index(pu)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
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
                "pack:2 core:2 pu:2(indexes=core:pack)",
                [0, 4, 1, 5, 2, 6, 3, 7],
            ),
            ("pack:2 core:2 pu:2", [0, 1, 2, 3, 4, 5, 6, 7]),
        ] {
            let found: Vec<u32> = machine(text).pu_order().iter().map(|pu| pu.0).collect();
            assert_eq!(found, expected, "{text}");
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
}
