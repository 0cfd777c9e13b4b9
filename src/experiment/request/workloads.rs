//! Which workloads does a request mean?

use std::num::NonZeroU32;

use super::{Request, RequestError, count, values};
use crate::experiment::{Computation, Dtype, Landmarks, NoSuchType, Workload, WorkloadName};

impl Request {
    /// Every workload asked for in every size and number type. What is not said is the workload's
    /// own default.
    ///
    /// # Errors
    ///
    /// If a workload has none of the number types asked for, or a type is none of any workload's.
    pub(super) fn workloads(&self, landmarks: Landmarks) -> Result<Vec<Workload>, RequestError> {
        if self.command.is_some() {
            return Ok(vec![Workload::Command]);
        }
        let names = values(&self.workload, WorkloadName::DEFAULT);
        self.check_types(&names)?;
        let mut workloads = Vec::new();
        for name in names {
            for dtype in self.types(name) {
                for n in self.sizes(name, landmarks) {
                    let computation = Computation::new(name, dtype, n)?;
                    workloads.push(Workload::Computation(computation));
                }
            }
        }
        Ok(workloads)
    }

    /// The number types that were asked for and that `name` has.
    fn types(&self, name: WorkloadName) -> Vec<Dtype> {
        match &self.dtype {
            None => name.dtypes()[..1].to_vec(),
            Some(axis) => {
                let asked = axis.0.iter().copied();
                asked
                    .filter(|dtype| name.dtypes().contains(dtype))
                    .collect()
            }
        }
    }

    /// Says which workload, or which number type, would be left without a cell.
    fn check_types(&self, names: &[WorkloadName]) -> Result<(), NoSuchType> {
        let asked = self.dtype.as_ref().map_or(&[][..], |axis| &axis.0);
        let has = |name: &WorkloadName, dtype: &Dtype| name.dtypes().contains(dtype);
        let lonely = asked
            .iter()
            .find(|dtype| !names.iter().any(|name| has(name, dtype)));
        let empty = names
            .iter()
            .find(|name| !asked.is_empty() && !asked.iter().any(|d| has(name, d)));
        match (lonely, empty) {
            (Some(dtype), _) => Err(NoSuchType {
                name: names[0],
                dtype: *dtype,
            }),
            (None, Some(name)) => Err(NoSuchType {
                name: *name,
                dtype: asked[0],
            }),
            (None, None) => Ok(()),
        }
    }

    fn sizes(&self, name: WorkloadName, landmarks: Landmarks) -> Vec<NonZeroU32> {
        match &self.n {
            Some(counts) => counts.resolve(landmarks),
            None => vec![count(name.default_n())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Landmarks = Landmarks {
        budget: 2,
        physical: 2,
        logical: 2,
    };

    fn workloads(toml: &str) -> Result<Vec<String>, String> {
        let request: Request = toml::from_str(toml).unwrap();
        let workloads = request.workloads(TWO).map_err(|error| error.to_string())?;
        Ok(workloads.iter().map(Workload::to_string).collect())
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
        let error = workloads("dtype = \"f64,i32\"").unwrap_err();
        assert_eq!(
            error,
            "workload 'matmul' has no data of type i32; it has f64, f32"
        );
    }
}
