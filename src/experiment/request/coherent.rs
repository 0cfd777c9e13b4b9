//! Does what one source says go together?

use super::command::idle_with_a_command;
use super::{Request, RequestError};
use crate::experiment::RuntimeName;

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
        let no_fork_join = self
            .runtime
            .as_ref()
            .is_some_and(|axis| !axis.0.contains(&RuntimeName::ForkJoin));
        let no_queue = self
            .dispatch
            .as_ref()
            .is_some_and(|axis| axis.0.iter().all(|name| name.0 != "queue"));
        let wait = self.wait.as_ref().filter(|_| no_fork_join);
        let chunk = self.chunk.as_ref().filter(|_| no_queue);
        match (wait, chunk) {
            (Some(wait), _) => Err(RequestError::Contradiction {
                key: "wait",
                value: wait.to_string(),
                of: "runtime",
                remedy: "runtime fork-join",
            }),
            (None, Some(chunk)) => Err(RequestError::Contradiction {
                key: "chunk",
                value: chunk.to_string(),
                of: "dispatch",
                remedy: "dispatch queue",
            }),
            (None, None) => Ok(()),
        }
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
