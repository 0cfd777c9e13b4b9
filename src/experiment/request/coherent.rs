//! Does what one source says go together?

use super::command::idle_with_a_command;
use super::{Request, RequestError};
use crate::experiment::{Axis, Cell};

impl Request {
    /// Checks that what one source says goes together. Flags laid over a file may well make a key of
    /// the file idle; a source that does so to itself has a mistake in it.
    ///
    /// # Errors
    ///
    /// The first key that can have no effect, or a name that is no folder's.
    pub fn coherent(&self) -> Result<(), RequestError> {
        if let Some(name) = self.name.as_ref().filter(|name| !names_a_folder(name)) {
            return Err(RequestError::Name(name.escape_debug().to_string()));
        }
        let idle = self.command.as_ref().and(idle_with_a_command(self));
        if let Some((key, value)) = idle {
            return Err(RequestError::Contradiction {
                key,
                value,
                of: "command",
                remedy: "a workload without a command",
            });
        }
        for (axis, values) in self.axes.iter() {
            let Some(needs) = axis.needs().filter(|needs| self.lacks(axis, needs.axis)) else {
                continue;
            };
            return Err(RequestError::Contradiction {
                key: axis.key(),
                value: values.to_string(),
                of: needs.axis.key(),
                remedy: needs.remedy,
            });
        }
        Ok(())
    }

    /// Whether no value asked for of `needed` gives a cell the property `axis`.
    fn lacks(&self, axis: Axis, needed: Axis) -> bool {
        let has = |value: &String| match needed.with(Cell::default(), value) {
            Ok(Some(cell)) => axis.value(&cell).present().is_some(),
            Ok(None) | Err(_) => false,
        };
        let asked = self.axes.get(needed);
        asked.is_some_and(|values| !values.names().iter().any(has))
    }
}

/// Whether `name` is the name of one folder below the one that it is put into.
fn names_a_folder(name: &str) -> bool {
    let dots = name == "." || name == "..";
    let blank = name.trim().is_empty();
    !(dots || blank || name.contains('/') || name.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for name in ["a", "a.b", "..a", "größe 2", "-x"] {
            assert!(names_a_folder(name), "{name}");
        }
        for name in ["", " ", ".", "..", "a/b", "/a", "../../x", "a\nb", "a\0"] {
            assert!(!names_a_folder(name), "{name}");
        }
    }
}
