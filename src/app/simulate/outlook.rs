//! How sure are the predicted times, and how likely is each cell to be the best?

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::app::{Error, output};
use crate::experiment::Cell;
use crate::sim::Forecast;
use crate::units::human_span;
use crate::view::cell_name::CellNames;

/// Cells shown in the terminal of those that are ever the best; all are in the file.
const SHOWN: usize = 5;

/// What is predicted of each cell by draws of the parameters.
pub struct Outlook {
    /// Sets of parameters.
    pub draws: u32,
    /// What came of them.
    pub forecasts: BTreeMap<Cell, Forecast>,
}

impl Outlook {
    /// Writes `forecast.csv` into `out`, anew each time: a longer plan has more cells.
    pub(in crate::app) fn write(&self, out: &Path) -> Result<(), Error> {
        output::write_csv(&out.join("forecast.csv"), |rows| self.rows(rows))
    }

    fn rows(&self, rows: &mut csv::Writer<Vec<u8>>) -> csv::Result<()> {
        rows.write_record(["cell", "wall_s", "low_s", "high_s", "best"])?;
        for (cell, forecast) in &self.forecasts {
            let numbers = [
                Some(forecast.wall),
                forecast.interval.map(|interval| interval.low),
                forecast.interval.map(|interval| interval.high),
                forecast.best,
            ];
            let text = |number: f64| number.to_string();
            let numbers = numbers.map(|number| number.map_or_else(String::new, text));
            rows.write_record([cell.to_string()].iter().chain(&numbers))?;
        }
        Ok(())
    }

    /// The cells that are most often the best, in lines for the terminal.
    pub fn text(&self, out: &Path) -> String {
        let cells: Vec<Cell> = self.forecasts.keys().copied().collect();
        let names = CellNames::of(&cells);
        let chance = |forecast: &Forecast| forecast.best.unwrap_or(0.0);
        let all = self.forecasts.iter();
        let mut likely: Vec<_> = all.filter(|(_, forecast)| chance(forecast) > 0.0).collect();
        likely.sort_by(|a, b| chance(b.1).total_cmp(&chance(a.1)));
        let mut text = format!(
            "how sure that is, by {} draws of the parameters (all cells in {}):\n",
            self.draws,
            out.join("forecast.csv").display()
        );
        for (cell, forecast) in likely.into_iter().take(SHOWN) {
            let span = |seconds| human_span(Duration::from_secs_f64(seconds));
            let interval = forecast.interval.map_or_else(String::new, |interval| {
                format!(" [{}, {}]", span(interval.low), span(interval.high))
            });
            text += &format!(
                "  best in {:>3.0} %  {}: {}{interval}\n",
                chance(forecast) * 100.0,
                names.name(cell),
                span(forecast.wall),
            );
        }
        text
    }
}
