//! `oversub start`: become a program when told to. Hidden; a command's supervisor starts copies
//! with it.

use crate::process::become_program;

/// Exit code of a program that is not there, as shells have it.
const CANNOT_START: i32 = 127;

/// Waits at the starting line and becomes a program.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Process id of the supervisor.
    #[arg(long)]
    parent: u32,
    /// Limit on open files that the program gets.
    #[arg(long)]
    open_files: Option<u64>,
    /// Program and arguments.
    #[arg(last = true, required = true)]
    argv: Vec<String>,
}

impl Args {
    /// Becomes the program, or exits.
    pub(super) fn run(self) -> ! {
        let error = become_program(&self.argv, self.parent, self.open_files);
        let program = self.argv.first().map_or("", String::as_str);
        eprintln!("cannot start '{program}': {error}");
        std::process::exit(CANNOT_START)
    }
}
