//! How are the cells of a run called in a sentence?
//!
//! Outer x inner, and whatever else differs among them.

use crate::experiment::Cell;
use crate::experiment::{Axis, Syntax};

/// The names of the cells of a run, or of several.
#[derive(Clone, Debug, PartialEq)]
pub struct CellNames {
    told: Vec<Axis>,
}

impl CellNames {
    /// Names that tell any two of `cells` apart.
    pub fn of(cells: &[Cell]) -> Self {
        Self::without(cells, &[])
    }

    /// Names for sentences that already say what the work is.
    pub fn of_one_work(cells: &[Cell]) -> Self {
        Self::without(cells, &[Axis::Workload, Axis::N, Axis::Dtype])
    }

    fn without(cells: &[Cell], said: &[Axis]) -> Self {
        let differs = |axis: &Axis| {
            let mut values = cells.iter().map(|cell| axis.value(cell));
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let threads = [Axis::Outer, Axis::Inner];
        let told = |d: &Axis| !said.contains(d) && !threads.contains(d) && differs(d);
        Self {
            told: Axis::ALL.into_iter().filter(told).collect(),
        }
    }

    /// The name of `cell`.
    pub fn name(&self, cell: &Cell) -> String {
        let mut name = format!("{} x {}", cell.outer, cell.inner);
        for axis in &self.told {
            let Some(value) = axis.value(cell).present() else {
                continue;
            };
            match axis.syntax() {
                Syntax::Names => name.push_str(&format!(", {value}")),
                Syntax::Counts(_) | Syntax::OneCount => {
                    name.push_str(&format!(", {axis} = {value}"));
                }
            }
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_differs_and_nothing_else() {
        let cells = [
            "matmul.f64.64_1x2_rayon_independent_unbound_static_t8",
            "matmul.f64.128_2x2_rayon_shared_unbound_static_t8",
        ]
        .map(|text| text.parse::<Cell>().unwrap());
        let (all, one) = (CellNames::of(&cells), CellNames::of_one_work(&cells));
        assert_eq!(all.name(&cells[0]), "1 x 2, n = 64, independent");
        assert_eq!(one.name(&cells[1]), "2 x 2, shared");
    }
}
