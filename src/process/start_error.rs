//! Why could a program not be started?

use std::io::{self, ErrorKind};
use std::path::Path;

/// One line: why `program` could not be started. The system says "no such file" too where it is
/// `/dev/null` that is missing, which every child gets as its standard input.
pub(super) fn cannot_start(program: &Path, error: &io::Error) -> String {
    let program = program.display();
    if error.kind() == ErrorKind::NotFound && !Path::new("/dev/null").exists() {
        return format!(
            "cannot start {program}: there is no /dev/null here, which it needs as standard input; \
             mount /dev"
        );
    }
    format!("cannot start {program}: {error}")
}
