//! What were the PUs of a simulated run spent on, as its `breakdown.csv` says?

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::experiment::Cell;
use crate::file;

/// Time of each part of what the PUs did [ns], in the order of the columns.
pub type Parts = Vec<(String, f64)>;

/// The sum over all executions of each cell in the run folder `folder`, each counted once, also where
/// it was simulated again; nothing where the run is no simulation or the file says nothing.
pub fn breakdown(folder: &Path) -> BTreeMap<Cell, Parts> {
    let mut cells = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let Ok(file) = file::open(&folder.join("breakdown.csv"), file::LARGEST_RECORDS) else {
        return cells;
    };
    let mut reader = csv::Reader::from_reader(file);
    let names: Vec<String> = reader
        .headers()
        .map(|names| names.iter().map(str::to_owned).collect())
        .unwrap_or_default();
    for row in reader.records().flatten() {
        let Some(Ok(cell)) = row.get(0).map(str::parse::<Cell>) else {
            continue;
        };
        let execution = [1, 2].map(|at| row.get(at).unwrap_or_default().to_owned());
        if !seen.insert((cell, execution)) {
            continue;
        }
        let parts: &mut Parts = cells.entry(cell).or_default();
        let times = names.iter().zip(&row);
        let times = times.filter_map(|(name, value)| Some((name.strip_suffix("_ns")?, value)));
        for (i, (name, value)) in times.enumerate() {
            if parts.len() <= i {
                parts.push((name.to_owned(), 0.0));
            }
            parts[i].1 += value.parse().unwrap_or(0.0);
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_of_a_cell_are_added_up_once_and_no_file_is_no_split() {
        let place = tempfile::tempdir().unwrap();
        assert!(breakdown(place.path()).is_empty());
        let cell = "matmul.f64.8_1x1_rayon_independent_unbound_static_t1";
        let text = format!(
            "cell,round,rep,compute_ns,spin_ns,migrations\n{cell},1,1,10,2,7\n{cell},1,2,20,3,7\n{cell},1,2,20,3,7\n"
        );
        std::fs::write(place.path().join("breakdown.csv"), text).unwrap();
        let parts = vec![("compute".to_owned(), 30.0), ("spin".to_owned(), 5.0)];
        assert_eq!(breakdown(place.path())[&cell.parse().unwrap()], parts);
    }
}
