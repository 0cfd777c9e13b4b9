//! Which cells does a request mean?

use std::collections::BTreeSet;

use super::{Request, RequestError, default_tasks};
use crate::experiment::axes::COMMAND;
use crate::experiment::cell::MAX_CELLS;
use crate::experiment::{
    Axis, AxisValues, Cell, CpuCounts, Dtype, NoSuchType, RuntimeName, WorkloadName,
};
use crate::text::ParseError;

/// The legal cells in the order of the axes, each once, and the reasons for which others were left out.
pub(super) struct Grid {
    pub(super) cells: Vec<Cell>,
    pub(super) left_out: BTreeSet<String>,
}

impl Request {
    /// Every combination of the values asked for. An axis that a cell does not have does not multiply
    /// it, nor does the inner axis where a composition sets the team width.
    pub(super) fn grid(&self, landmarks: CpuCounts) -> Result<Grid, RequestError> {
        self.check_types()?;
        self.check_programs()?;
        let mut cells = vec![Cell::default()];
        if self.command.is_some() {
            cells[0].be_a_command();
        }
        for axis in Axis::ALL {
            let Some(values) = self.values(axis, landmarks) else {
                continue;
            };
            if cells.len().saturating_mul(values.len()) > MAX_CELLS {
                return Err(RequestError::TooManyCells(self.size(landmarks)));
            }
            cells = cells
                .into_iter()
                .map(|cell| spread(cell, axis, &values))
                .collect::<Result<Vec<_>, _>>()?
                .concat();
        }
        Ok(legal(cells, landmarks.budget))
    }

    /// The values of `axis` that the cells get, `None` where they keep that of the default cell.
    fn values(&self, axis: Axis, landmarks: CpuCounts) -> Option<Vec<String>> {
        // A file's key may be left idle by flags that bring a command.
        let idle = self.command.is_some() && !axis.is_of_programs();
        let asked = self.axes.get(axis).filter(|_| !idle);
        match (asked, axis) {
            (Some(values), _) => Some(values.resolve(landmarks)),
            (None, Axis::Outer | Axis::Inner) => Some(AxisValues::auto().resolve(landmarks)),
            (None, Axis::Tasks) if !idle => Some(vec![default_tasks(landmarks).to_string()]),
            (None, _) => None,
        }
    }

    /// Combinations of the values asked for, an upper bound on the cells.
    fn size(&self, landmarks: CpuCounts) -> usize {
        let values = Axis::ALL.map(|axis| self.values(axis, landmarks));
        let lengths = values.into_iter().flatten().map(|values| values.len());
        lengths.fold(1, usize::saturating_mul)
    }

    /// Says which workload, or which number type, would be left without a cell.
    fn check_types(&self) -> Result<(), RequestError> {
        let names: Vec<WorkloadName> = match self.axes.get(Axis::Workload) {
            Some(_) => self.read(Axis::Workload),
            None => vec![WorkloadName::DEFAULT],
        };
        let asked: Vec<Dtype> = self.read(Axis::Dtype);
        let has = |name: &WorkloadName, dtype: &Dtype| name.dtypes().contains(dtype);
        let lonely = asked
            .iter()
            .find(|dtype| !names.iter().any(|name| has(name, dtype)));
        let empty = names
            .iter()
            .find(|name| !asked.iter().any(|dtype| has(name, dtype)));
        let missing = match (lonely, empty, asked.first()) {
            (Some(dtype), ..) => names.first().map(|name| (*name, *dtype)),
            (None, Some(name), Some(dtype)) => Some((*name, *dtype)),
            _ => None,
        };
        missing.map_or(Ok(()), |(name, dtype)| {
            Err(NoSuchType { name, dtype }.into())
        })
    }

    /// Refuses what only a program of the user's is, where there is none.
    fn check_programs(&self) -> Result<(), RequestError> {
        let named = |axis, name: &str| {
            let values = self
                .axes
                .get(axis)
                .map(ToString::to_string)
                .unwrap_or_default();
            values.split(',').any(|value| value == name)
        };
        if self.command.is_none() && named(Axis::Workload, COMMAND) {
            return Err(ParseError::new("workload", COMMAND, WorkloadName::forms()).into());
        }
        if self.command.is_none() && named(Axis::Runtime, "program") {
            return Err(ParseError::new("runtime", "program", RuntimeName::forms()).into());
        }
        Ok(())
    }

    /// The names that are asked for of `axis`.
    fn read<T: std::str::FromStr>(&self, axis: Axis) -> Vec<T> {
        let names = self
            .axes
            .get(axis)
            .map(|values| values.names())
            .unwrap_or_default();
        names.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

/// `cell` with each of `values` that it can have; itself where it has no such property at all.
fn spread(cell: Cell, axis: Axis, values: &[String]) -> Result<Vec<Cell>, ParseError> {
    let with = |value: &String| axis.with(cell, value).transpose();
    let cells: Vec<Cell> = values.iter().filter_map(with).collect::<Result<_, _>>()?;
    match axis.value(&cell).present() {
        None => Ok(vec![cell]),
        Some(_) => Ok(cells),
    }
}

/// Those of `candidates` that are legal under a budget of `budget` whole CPUs.
fn legal(candidates: Vec<Cell>, budget: u32) -> Grid {
    let mut seen = BTreeSet::new();
    let mut grid = Grid {
        cells: Vec::new(),
        left_out: BTreeSet::new(),
    };
    for candidate in candidates {
        match candidate.granted(budget).checked() {
            Ok(cell) if seen.insert(cell) => grid.cells.push(cell),
            Ok(_) => {}
            Err(why) => {
                grid.left_out.insert(why.to_string());
            }
        }
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: CpuCounts = CpuCounts {
        budget: 2,
        physical: 2,
        logical: 2,
    };

    fn workloads(toml: &str) -> Result<Vec<String>, String> {
        let request: Request = toml::from_str(toml).unwrap();
        let grid = request.grid(TWO).map_err(|error| error.to_string())?;
        let mut workloads: Vec<String> =
            grid.cells.iter().map(|c| c.workload.to_string()).collect();
        workloads.dedup();
        Ok(workloads)
    }

    #[test]
    fn what_is_not_said_is_the_default_of_each_workload() {
        let both = workloads("workload = [\"dot\", \"squared-difference-fused\"]").unwrap();
        assert_eq!(
            both,
            ["dot.f64.1000000", "squared-difference-fused.i64.100000"]
        );
        let sizes = workloads("workload = \"minkowski-3\"\nn = [8, 9]").unwrap();
        assert_eq!(sizes, ["minkowski-3.f64.8", "minkowski-3.f64.9"]);
    }

    #[test]
    fn a_type_goes_to_the_workloads_that_have_it() {
        let some = workloads("workload = \"dot,sum-racy\"\ndtype = \"f32,i64\"\nn = 8").unwrap();
        assert_eq!(some, ["dot.f32.8", "sum-racy.i64.8"]);
    }

    #[test]
    fn a_type_or_a_workload_without_a_cell_is_named() {
        let error = workloads("workload = \"dot,sum-racy\"\ndtype = \"f32\"").unwrap_err();
        assert_eq!(
            error,
            "workload 'sum-racy' has no data of type f32; it has i64"
        );
        let error = workloads("dtype = \"f32,i64\"").unwrap_err();
        assert_eq!(
            error,
            "workload 'matmul' has no data of type i64; it has f64, f32"
        );
    }

    #[test]
    fn a_program_is_not_asked_for_by_name() {
        let error = workloads("runtime = \"program\"").unwrap_err();
        assert!(error.contains("'program' is not a runtime"), "{error}");
    }
}
