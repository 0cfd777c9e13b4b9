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

use super::object::MOST_PUS;
use super::{CpuSet, Object, ObjectKind, PuId};
use crate::text::excerpt;
use order::{impossible, single};
use token::{Count, Token};

/// Objects of all levels: enough for [`MOST_PUS`] with a core and five caches each.
const MOST_OBJECTS: usize = 16 * MOST_PUS;

/// A synthetic description that means nothing, by its first offending word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' in a synthetic machine: {problem}", excerpt(token))]
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
    let token::Description { memory, tokens } = token::read(description)?;
    let (mut rows, mut nodes) = rows(&tokens)?;
    if rows.last().is_none_or(|row| row.kind != ObjectKind::Pu) {
        let problem = "the last level must be the PUs, for example 'core:4 pu:2'";
        return Err(SyntheticError::new(description, problem));
    }
    if nodes.is_empty() {
        nodes.push(Row {
            bytes: memory,
            ..Row::plain(ObjectKind::NumaNode, 1)
        });
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
    let (mut width, mut objects, mut nodes_as_level) = (1_usize, 0_usize, false);
    for token in tokens {
        let too_many = |most| {
            let problem = format!("more than {most} objects in all; use smaller counts");
            SyntheticError::new(token.text, problem)
        };
        if let Count::PerParent(count) = token.count {
            let wider = width.checked_mul(count);
            let wider = wider.filter(|width| *width <= MOST_PUS);
            width = wider.ok_or_else(|| too_many(MOST_PUS))?;
        }
        objects += width;
        if objects > MOST_OBJECTS {
            return Err(too_many(MOST_OBJECTS));
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
    let mut levels = Vec::new();
    for token in tokens {
        if let Count::PerParent(count) = token.count {
            let outer = levels
                .last()
                .map_or(1, |level: &indexes::Level| level.width);
            levels.push(indexes::Level {
                kind: token.kind,
                width: outer * count,
            });
        }
    }
    let mut rows = rows.iter_mut().skip(1); // the machine, which no token stands for
    for token in tokens {
        let resolve = |total| {
            let resolved = token
                .indexes
                .map(|text| indexes::resolve(text, total, &levels));
            resolved
                .transpose()
                .map_err(|problem| SyntheticError::new(token.text, problem))
        };
        match token.kind {
            None => {}
            Some(ObjectKind::NumaNode) => {
                let total = nodes.iter().map(|node| node.width).sum();
                if let Some(indexes) = resolve(total)? {
                    nodes
                        .iter_mut()
                        .for_each(|node| node.indexes = Some(indexes.clone()));
                }
            }
            Some(_) => {
                if let Some(row) = rows.next() {
                    row.indexes = resolve(row.width)?;
                }
            }
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
mod tests;
