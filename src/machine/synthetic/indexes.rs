//! Which OS index does each object of a synthetic level have?
//!
//! Three notations: every index (`0,2,1,3`), interleaving loops of step and number (`4*2:1*4`), and
//! the levels to walk, fastest first (`package:core`).
//
// --- Implementation ---
// Source: hwloc 2.9, topology-synthetic.c, hwloc_synthetic_process_indexes.

use std::collections::BTreeSet;

use super::token;
use crate::machine::{CpuSet, ObjectKind};

/// One loop over objects that are `step` apart, `number` times.
#[derive(Clone, Copy)]
struct Loop {
    step: usize,
    number: usize,
}

/// The indexes of `total` objects in topology order, or what is wrong with `text`.
pub(super) fn resolve(
    text: &str,
    total: usize,
    widths: &[(ObjectKind, usize)],
) -> Result<Vec<u32>, String> {
    let indexes = if text.chars().all(|c| c.is_ascii_digit() || c == ',') {
        listed(text)?
    } else if text.contains('*') {
        interleaved(steps(text)?, total)
    } else {
        interleaved(levels(text, total, widths)?, total)
    };
    let distinct: BTreeSet<&u32> = indexes.iter().collect();
    if indexes.len() != total || distinct.len() != total {
        return Err(format!(
            "indexes '{text}' do not number {total} objects, each once"
        ));
    }
    Ok(indexes)
}

fn listed(text: &str) -> Result<Vec<u32>, String> {
    text.split(',')
        .map(|index| {
            index
                .parse()
                .ok()
                .filter(|index| *index <= CpuSet::LARGEST_PU.0)
        })
        .collect::<Option<_>>()
        .ok_or_else(|| {
            format!(
                "indexes '{text}' are not numbers from 0 to {}",
                CpuSet::LARGEST_PU
            )
        })
}

fn steps(text: &str) -> Result<Vec<Loop>, String> {
    let one = |part: &str| {
        let (step, number) = part.split_once('*')?;
        let (step, number) = (step.parse().ok()?, number.parse().ok()?);
        (step > 0 && number > 0).then_some(Loop { step, number })
    };
    let loops: Option<Vec<Loop>> = text.split(':').map(one).collect();
    loops.ok_or_else(|| format!("indexes '{text}' are not loops such as 2*4:1*2"))
}

fn levels(text: &str, total: usize, widths: &[(ObjectKind, usize)]) -> Result<Vec<Loop>, String> {
    let width = |name: &str| {
        let kind = token::kind(name, name).ok()??;
        let (_, width) = widths.iter().find(|(other, _)| *other == kind)?;
        Some(*width)
    };
    let found: Option<Vec<usize>> = text.split(':').map(width).collect();
    let found = found.ok_or_else(|| format!("indexes '{text}' name a level that is not there"))?;
    let outer = |width: usize| {
        found
            .iter()
            .filter(|other| **other < width)
            .max()
            .map_or(1, |w| *w)
    };
    let one = |width: &usize| Loop {
        step: (total / width).max(1),
        number: width / outer(*width),
    };
    Ok(found.iter().map(one).collect())
}

/// Runs the loops, the first fastest; what they leave over is one more loop of step 1.
fn interleaved(mut loops: Vec<Loop>, total: usize) -> Vec<u32> {
    let covered: usize = loops
        .iter()
        .fold(1, |all, one| all.saturating_mul(one.number));
    if covered < total && total.is_multiple_of(covered) {
        loops.push(Loop {
            step: 1,
            number: total / covered,
        });
    }
    let index = |object: usize| {
        let (mut index, mut scale) = (0_usize, 1_usize);
        for Loop { step, number } in &loops {
            index += (object / step) % number * scale;
            scale = scale.saturating_mul(*number);
        }
        u32::try_from(index).unwrap_or(u32::MAX)
    };
    (0..total).map(index).collect()
}
