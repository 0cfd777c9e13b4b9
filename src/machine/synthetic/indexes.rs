//! Which OS index does each object of a synthetic level have?
//!
//! Three notations: every index (`0,2,1,3`), interleaving loops of step and number (`4*2:1*4`), and
//! the levels to walk, fastest first (`package:core`). hwloc numbers the objects from 0 where a
//! notation does not fit their number; here that is an error.
//
// --- Implementation ---
// Source: hwloc 2.9, topology-synthetic.c, hwloc_synthetic_process_indexes.

use std::collections::BTreeSet;

use super::token;
use crate::machine::{CpuSet, ObjectKind};
use crate::text::excerpt;

/// A level of the description that has a number of objects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    /// `None`: an instruction cache.
    pub(super) kind: Option<ObjectKind>,
    /// Objects in the whole machine.
    pub(super) width: usize,
}

/// One loop over objects that are `step` apart, `number` times.
#[derive(Clone, Copy)]
struct Loop {
    step: usize,
    number: usize,
}

/// The indexes of `total` objects in topology order, or what is wrong with `text`. `levels` are
/// those of the description, outermost first.
pub(super) fn resolve(text: &str, total: usize, levels: &[Level]) -> Result<Vec<u32>, String> {
    let indexes = if text.chars().all(|c| c.is_ascii_digit() || c == ',') {
        listed(text)?
    } else if text.starts_with(|c: char| c.is_ascii_digit()) {
        interleaved(steps(text)?, total)?
    } else {
        interleaved(walks(text, total, levels)?, total)?
    };
    if indexes.len() != total {
        let given = indexes.len();
        return Err(format!("{given} indexes for a level of {total}"));
    }
    let mut seen = BTreeSet::new();
    match indexes.iter().find(|index| !seen.insert(**index)) {
        Some(twice) => Err(format!("index {twice} is given to two objects")),
        None => Ok(indexes),
    }
}

fn listed(text: &str) -> Result<Vec<u32>, String> {
    let index = |text: &str| {
        let index = text.parse().ok();
        index.filter(|index| *index <= CpuSet::LARGEST_PU.0)
    };
    let indexes: Option<Vec<u32>> = text.split(',').map(index).collect();
    indexes.ok_or_else(|| {
        let (text, largest) = (excerpt(text), CpuSet::LARGEST_PU);
        format!("indexes '{text}' are not numbers from 0 to {largest}")
    })
}

fn steps(text: &str) -> Result<Vec<Loop>, String> {
    let one = |part: &str| {
        let (step, number) = part.split_once('*')?;
        let size = |text| usize::try_from(token::number(text)?).ok();
        let (step, number) = (size(step)?, size(number)?);
        (step > 0 && number > 0).then_some(Loop { step, number })
    };
    let loops: Option<Vec<Loop>> = text.split(':').map(one).collect();
    loops.ok_or_else(|| {
        let text = excerpt(text);
        format!("indexes '{text}' are not loops such as 2*4:1*2")
    })
}

/// The loops that walk over the named levels.
fn walks(text: &str, total: usize, levels: &[Level]) -> Result<Vec<Loop>, String> {
    let wrong = |problem: &str| format!("indexes '{}' {problem}", excerpt(text));
    let mut depths: Vec<usize> = Vec::new();
    for name in text.split(':') {
        let kind = token::kind(name, name).map_err(|error| error.problem)?;
        let depth = levels.iter().position(|level| level.kind == kind);
        let depth = depth.ok_or_else(|| wrong("name a level that is not there"))?;
        if depths.contains(&depth) {
            return Err(wrong("name a level twice"));
        }
        if levels[depth].width > total {
            return Err(wrong("name a level inside the objects that they number"));
        }
        depths.push(depth);
    }
    let one = |depth: &usize| {
        let outer = depths.iter().filter(|other| *other < depth).max();
        let outer = outer.map_or(1, |outer| levels[*outer].width);
        let width = levels[*depth].width;
        Loop {
            step: total / width,
            number: width / outer,
        }
    };
    Ok(depths.iter().map(one).collect())
}

/// Runs the loops, the first fastest. The loop over the innermost objects may be left out.
fn interleaved(mut loops: Vec<Loop>, total: usize) -> Result<Vec<u32>, String> {
    let product = |all: usize, one: &Loop| all.checked_mul(one.number);
    let covered = loops.iter().try_fold(1, product).unwrap_or(usize::MAX);
    let smallest = loops.iter().map(|one| one.step).min().unwrap_or(total);
    if covered < total && covered.checked_mul(smallest) == Some(total) {
        loops.push(Loop {
            step: 1,
            number: smallest,
        });
    } else if covered != total {
        return Err(format!("the loops number {covered} of {total} objects"));
    }
    let index = |object: usize| {
        let (mut index, mut scale) = (0, 1);
        for Loop { step, number } in &loops {
            index += (object / step) % number * scale;
            scale *= number;
        }
        u32::try_from(index).unwrap_or(u32::MAX)
    };
    Ok((0..total).map(index).collect())
}
