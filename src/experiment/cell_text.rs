//! How is a cell written, and how little of that says which cell is meant?
//!
//! A cell is written as its workload and the values of its axes, what is the default left out:
//! `matmul n=256 outer=4 inner=4 wait=active`. A person may write less, in any order: `4x4 active` are
//! counts and a name that only one axis has. Every axis that is not said is the default, or, where a
//! cell is looked for among those of a run, any.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::axes::COMMAND;
use super::escape::{escaped, unescaped};
use super::{Axis, Cell, Dispatch, Runtime, Syntax, Workload};
use crate::serde_as_text;
use crate::text::ParseError;

/// Axes whose values are always written: they are what most cells of a run differ in.
const ALWAYS: [Axis; 4] = [Axis::Workload, Axis::N, Axis::Outer, Axis::Inner];

impl Cell {
    /// What has to be said of this cell so that the rest is the default, and in any case where it stands
    /// on the axes `always`. What it does not have is not said.
    pub(super) fn said(&self, always: &[Axis]) -> Vec<(Axis, String)> {
        let mut shown = Self::default();
        let mut said = Vec::new();
        for axis in Axis::ALL {
            let Some(value) = axis.value(self).present() else {
                continue;
            };
            let default = axis.value(&shown).present().as_ref() == Some(&value);
            if let Ok(Some(next)) = axis.with(shown, &value) {
                shown = next;
            }
            if !default || always.contains(&axis) {
                said.push((axis, value));
            }
        }
        said
    }

    /// The cell with these values, in the order of the axes; `None` is what it does not have.
    ///
    /// # Errors
    ///
    /// If a value is none of its axis, is missing, or is not for such a cell.
    pub fn of_values(
        values: impl IntoIterator<Item = (Axis, Option<String>)>,
    ) -> Result<Self, ParseError> {
        let mut cell = Self::default();
        for (axis, value) in values {
            let has = axis.value(&cell).present().is_some();
            let wrong = |value: &str, why: &str| ParseError::new(axis.key(), value, why);
            cell = match value {
                Some(value) => axis
                    .with(cell, &value)?
                    .ok_or_else(|| wrong(&value, "none, since such a cell has no such property"))?,
                None if has => return Err(wrong("", "a value")),
                None => cell,
            };
        }
        let legal = cell.checked();
        legal.map_err(|why| ParseError::new("cell", &cell.to_string(), why))
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words(&self.said(&ALWAYS)))
    }
}

/// What is said, as words.
fn words<'a>(said: impl IntoIterator<Item = &'a (Axis, String)>) -> String {
    let word = |(axis, value): &(Axis, String)| match axis {
        Axis::Workload => escaped(value),
        _ => format!("{axis}={}", escaped(value)),
    };
    said.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

/// Some of what can be said of a cell. Text form: words with blanks between them, each `AXIS=VALUE`, a
/// value that only one axis has, or OUTERxINNER.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialCell {
    said: BTreeMap<Axis, String>,
}

impl PartialCell {
    /// The cell that has these values, and those of `default` where nothing is said.
    ///
    /// # Errors
    ///
    /// If there are no counts, a value says nothing of such a cell, or no cell can have all of them.
    pub fn complete(&self, default: Cell) -> Result<Cell, ParseError> {
        let counts = [Axis::Outer, Axis::Inner];
        if !counts.iter().all(|axis| self.said.contains_key(axis)) {
            let form = format!("{FORM} (it does not say OUTERxINNER)");
            return Err(ParseError::new("cell", &self.to_string(), form));
        }
        let mut cell = default;
        for (axis, value) in &self.said {
            let wrong = |why: &dyn fmt::Display| ParseError::new("cell", &self.to_string(), why);
            cell = axis.with(cell, value)?.ok_or_else(|| {
                wrong(&format!(
                    "no {axis}={value}, which says nothing of such a cell"
                ))
            })?;
        }
        cell.checked()
            .map_err(|why| ParseError::new("cell", &self.to_string(), why))
    }

    /// Whether `cell` has all that is said.
    pub fn admits(&self, cell: &Cell) -> bool {
        let has =
            |(axis, value): (&Axis, &String)| axis.value(cell).present().as_ref() == Some(value);
        self.said.iter().all(has)
    }

    /// Notes a value; whether there was none of its axis.
    fn say(&mut self, axis: Axis, value: String) -> bool {
        self.said.insert(axis, value).is_none()
    }

    /// Notes what `word` says; `None` if it says nothing, or again what has been said.
    fn take(&mut self, word: &str) -> Option<()> {
        let fresh = match word.split_once('=') {
            Some((key, value)) => {
                let axis: Axis = key.parse().ok()?;
                self.say(axis, axis.check(&unescaped(value)?).ok()?)
            }
            None => {
                let values = bare(&unescaped(word)?)?;
                let once = |(axis, value): (Axis, String)| self.say(axis, value);
                // Every one is noted, and all must be new.
                values
                    .into_iter()
                    .map(once)
                    .fold(true, |all, new| all & new)
            }
        };
        fresh.then_some(())
    }
}

/// What a word without `=` says.
fn bare(word: &str) -> Option<Vec<(Axis, String)>> {
    if word == COMMAND {
        return Some(vec![(Axis::Workload, word.to_owned())]);
    }
    if let Some((outer, inner)) = word.split_once('x') {
        let counts = (Axis::Outer.check(outer), Axis::Inner.check(inner));
        if let (Ok(outer), Ok(inner)) = counts {
            return Some(vec![(Axis::Outer, outer), (Axis::Inner, inner)]);
        }
    }
    let named = |axis: &Axis| axis.syntax() == Syntax::Names;
    let named = Axis::ALL.into_iter().filter(named);
    let mut of_one = named.filter_map(|axis| Some(vec![(axis, axis.check(word).ok()?)]));
    of_one.next().or_else(|| positional(word))
}

/// A field of the text form that earlier versions wrote:
/// `matmul.f64.256_2x4_fork-join.active_independent_unbound_queue.1_t16`.
fn positional(word: &str) -> Option<Vec<(Axis, String)>> {
    if let Some(tasks) = word.strip_prefix('t') {
        return Some(vec![(Axis::Tasks, Axis::Tasks.check(tasks).ok()?)]);
    }
    let any = Cell::default();
    let (cell, axes): (Cell, &[Axis]) = if let Ok(workload) = word.parse::<Workload>() {
        (
            Cell { workload, ..any },
            &[Axis::Workload, Axis::Dtype, Axis::N],
        )
    } else if let Ok(dispatch) = word.parse::<Dispatch>() {
        (Cell { dispatch, ..any }, &[Axis::Dispatch, Axis::Chunk])
    } else {
        let runtime = word.parse::<Runtime>().ok()?;
        (Cell { runtime, ..any }, &[Axis::Runtime, Axis::Wait])
    };
    let values = axes.iter().map(|axis| (*axis, axis.value(&cell)));
    let values = values.filter_map(|(axis, value)| Some((axis, value.present()?)));
    Some(values.collect())
}

impl fmt::Display for PartialCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said: Vec<_> = self.said.clone().into_iter().collect();
        f.write_str(&words(&said))
    }
}

const FORM: &str = "words such as 4x4, active, rayon, n=256 or tasks=32 with blanks between them";

impl FromStr for PartialCell {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = |why: String| ParseError::new("cell", text, format!("{FORM} ({why})"));
        let keyed = text.contains(|c: char| c == '=' || c.is_whitespace());
        let words: Vec<&str> = match keyed {
            true => text.split_whitespace().collect(),
            false => text.split('_').collect(),
        };
        if words.is_empty() {
            return Err(wrong(why_not("")));
        }
        let mut cell = Self::default();
        for word in words {
            let taken = cell.take(word);
            taken.ok_or_else(|| wrong(why_not(word)))?;
        }
        if cell.said.get(&Axis::Workload).is_some_and(|w| w == COMMAND) {
            // What earlier versions wrote of a command, although it is the same for all.
            cell.said
                .retain(|axis, _| *axis == Axis::Workload || axis.is_of_programs());
        }
        Ok(cell)
    }
}

/// Why `word` is no word of a cell.
fn why_not(word: &str) -> String {
    let Some((key, value)) = word.split_once('=') else {
        return format!("'{word}' is none, or one too many");
    };
    match key.parse::<Axis>() {
        Err(error) => error.to_string(),
        Ok(axis) => match axis.check(value) {
            Err(error) => error.to_string(),
            Ok(_) => format!("{axis} is said twice"),
        },
    }
}

impl FromStr for Cell {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse::<PartialCell>()?.complete(Self::default())
    }
}

serde_as_text!(Cell);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_reads_what_it_writes() {
        for text in [
            "matmul n=256 outer=2 inner=4",
            "matmul n=256 outer=2 inner=4 wait=active tasks=16",
            "matmul dtype=f32 n=1000 outer=3 inner=1 wait=spin-then-park.500 composition=serial-inner placement=close.core dispatch=static tasks=7",
            "matmul n=64 outer=4 inner=2 runtime=rayon composition=shared placement=spread.numa dispatch=stealing",
            "matmul n=64 outer=4 inner=2 runtime=blas:openblas",
            "matmul n=64 outer=4 inner=2 runtime=blas:/usr/my%20lib/x86_64/libblis.so.4 chunk=2",
            "weak-30 n=64 outer=4 inner=2 runtime=libomp.0 composition=counting",
            "command outer=4 inner=2 placement=close.core",
            "minkowski-3 n=10000 outer=8 inner=1 chunk=pool tasks=100",
        ] {
            assert_eq!(text.parse::<Cell>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_text_forms_of_earlier_versions_are_read() {
        for (old, new) in [
            (
                "matmul.f64.256_2x4_fork-join.active_independent_unbound_queue.1_t16",
                "matmul n=256 outer=2 inner=4 wait=active tasks=16",
            ),
            (
                "matmul.f64.64_4x2_blas:%2Fusr%2Flib%2Fx86%5F64%2Flibblis.so.4_exclusive_unbound_static_t8",
                "matmul n=64 outer=4 inner=2 runtime=blas:/usr/lib/x86_64/libblis.so.4 composition=exclusive dispatch=static tasks=8",
            ),
            (
                "command_4x2_program_independent_close.core_static_t1",
                "command outer=4 inner=2 placement=close.core",
            ),
            (
                "minkowski-3.f32.10000_8x1_rayon_partitioned-floor_unbound_queue.pool_t100",
                "minkowski-3 dtype=f32 n=10000 outer=8 inner=1 runtime=rayon composition=partitioned-floor chunk=pool tasks=100",
            ),
        ] {
            assert_eq!(old.parse::<Cell>().unwrap().to_string(), new);
        }
    }

    #[test]
    fn blanks_say_no_cell() {
        for text in ["", " ", "\t\n"] {
            let error = text.parse::<PartialCell>().unwrap_err().to_string();
            assert!(error.contains("is not a cell"), "{error}");
        }
    }

    #[test]
    fn any_words_stand_for_the_cell_that_has_them() {
        for (text, cell) in [
            ("4x4", "matmul n=256 outer=4 inner=4"),
            ("4x4_active", "matmul n=256 outer=4 inner=4 wait=active"),
            (
                "tasks=7 2x1 rayon dot",
                "dot n=1000000 outer=2 inner=1 runtime=rayon tasks=7",
            ),
            (
                "2x2 fork-join exclusive close.pu static n=64 dtype=f32",
                "matmul dtype=f32 n=64 outer=2 inner=2 composition=exclusive placement=close.pu dispatch=static",
            ),
            (
                "2x2_blas:openblas",
                "matmul n=256 outer=2 inner=2 runtime=blas:openblas",
            ),
        ] {
            assert_eq!(text.parse::<Cell>().unwrap().to_string(), cell, "{text}");
        }
    }

    #[test]
    fn a_part_admits_the_cells_that_have_it() {
        let cell: Cell = "matmul n=64 outer=4 inner=2 wait=active".parse().unwrap();
        let admits = |text: &str| text.parse::<PartialCell>().unwrap().admits(&cell);
        for (text, yes) in [
            ("4x2", true),
            ("4x2 active", true),
            ("active", true),
            ("n=64 outer=4", true),
            ("n=6", false),
            ("rayon", false),
        ] {
            assert_eq!(admits(text), yes, "{text}");
        }
    }

    #[test]
    fn what_is_no_word_of_a_cell_is_named() {
        for (text, why) in [
            ("active", "does not say OUTERxINNER"),
            ("4x4_fast", "'fast' is none"),
            ("4x4_2x2", "'2x2' is none, or one too many"),
            (
                "4x4 rayon active",
                "no wait=active, which says nothing of such a cell",
            ),
            ("4x4 wait=pasive", "spin-then-park.N"),
            ("4x4 speed=2", "'speed' is not an axis"),
            ("4x4 n=8 n=9", "n is said twice"),
            ("4x4_shared", "needs runtime 'rayon'"),
            ("2x4 rayon serial-inner", "inner = 1, not 4"),
            ("2x4 blas:blis close.pu", "placement is unbound"),
            (
                "2x4 dot blas:blis",
                "workload 'dot.f64.1000000' is not for it",
            ),
            ("2x1 n=8 runtime=program", "only a command does"),
            ("2x0", "'2x0' is none"),
            ("999x999", "more than 65536"),
            ("", "'' is none"),
        ] {
            let error = text.parse::<Cell>().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
