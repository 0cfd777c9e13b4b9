//! How do cells stand beside the best one, in words?

use crate::analysis::{MARGIN, Mark, Point, Rule};
use crate::units::counted;

/// What a mark of a tied cell means, after "statistically tied with ...".
pub fn rule_words(rule: Rule) -> &'static str {
    match rule {
        Rule::Interval => "95 %, corrected for multiple comparisons",
        Rule::Range => "ranges overlap; fewer than 6 rounds",
    }
}

/// What a mark of a cell that is not resolved means.
pub fn unresolved_words() -> String {
    format!("not resolved: may be more than {} % slower", MARGIN * 100.0)
}

/// How many cells are not resolved, and what would resolve them, given the further rounds that each
/// needs, behind a label that says so; nothing where all are resolved.
pub fn unresolved(further: &[Option<u32>]) -> Option<String> {
    let cells = counted(further.len() as u64, "cell");
    let margin = MARGIN * 100.0;
    let remedy = remedy(further)?;
    Some(format!(
        "{cells} (may be more than {margin} % slower): {remedy}"
    ))
}

/// What would resolve cells that need so many further rounds each; nothing of none.
fn remedy(further: &[Option<u32>]) -> Option<String> {
    let known: Vec<u32> = further.iter().copied().flatten().collect();
    let them = match further.len() {
        0 => return None,
        1 => "it",
        _ => "them",
    };
    let of_them = match known.len() == further.len() {
        true => them.to_owned(),
        false => format!("{} of {them}", known.len()),
    };
    Some(match known.iter().max() {
        None => "add rounds to find out".to_owned(),
        Some(1) => format!("about 1 more round would resolve {of_them}"),
        Some(rounds) => format!("about {rounds} more rounds would resolve {of_them}"),
    })
}

/// How many of `points` are not resolved, and what would resolve them, as a sentence.
pub fn resolution_of<'a>(points: impl Iterator<Item = &'a Point>) -> Option<String> {
    let further = points.filter_map(|point| match point.mark {
        Mark::Unresolved(further) => Some(further),
        Mark::Best | Mark::Tied(_) | Mark::Same | Mark::None => None,
    });
    let further: Vec<Option<u32>> = further.collect();
    let cells = counted(further.len() as u64, "cell");
    let verb = if further.len() == 1 { "is" } else { "are" };
    let remedy = remedy(&further)?;
    Some(format!("{cells} {verb} not resolved: {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_comes_with_the_most_rounds_that_would_close_it() {
        assert_eq!(unresolved(&[]), None);
        for (further, words) in [
            (
                &[Some(4)][..],
                "1 cell (may be more than 5 % slower): about 4 more rounds would resolve it",
            ),
            (
                &[Some(1)],
                "1 cell (may be more than 5 % slower): about 1 more round would resolve it",
            ),
            (
                &[Some(4), Some(9)],
                "2 cells (may be more than 5 % slower): about 9 more rounds would resolve them",
            ),
            (
                &[Some(4), None, Some(9)],
                "3 cells (may be more than 5 % slower): about 9 more rounds would resolve 2 of them",
            ),
            (
                &[None, None],
                "2 cells (may be more than 5 % slower): add rounds to find out",
            ),
        ] {
            assert_eq!(unresolved(further).as_deref(), Some(words));
        }
    }
}
