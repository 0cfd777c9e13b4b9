//! Can the largest cell of a plan start at all?
//!
//! Asked before anything runs, so that a sweep does not fall over in the middle.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::ground::{found, is_executable};
use super::{Error, UsageError};
use crate::experiment::{CommandSpec, Plan};
use crate::machine::{Memory, ThreadLimit};
use crate::process::open_files;
use crate::units::human_bytes;

/// Threads of a sweep beside those of the cell: its own, the child's main thread, and its listeners.
const OWN_THREADS: u64 = 8;

/// Open files of a cell beside one for each thread: streams, libraries, counters of the hardware.
const OWN_FILES: u64 = 64;

/// What cannot be recorded of the largest cells of `plan` for want of open files: the columns, and
/// why. The user's own program is looked at from outside, without a file for each thread.
pub(super) fn missing_columns(plan: &Plan) -> Option<(String, String)> {
    let most = open_files::most()?;
    let cells = &plan.cells;
    let threads = cells.iter().map(|cell| u64::from(cell.threads())).max()?;
    let wanted = threads + OWN_FILES;
    (plan.command.is_none() && wanted > most).then(|| {
        let columns = "run_queue_wait, busiest_thread, migrations, pus_used, threads";
        let fit = most.saturating_sub(OWN_FILES);
        let which = match fit {
            0 => "cells need".to_owned(),
            _ => format!("cells of more than {fit} threads need"),
        };
        let why = format!(
            "{which} more open files than the hard limit of {most} \
             (up to {wanted}; raise it: ulimit -Hn)"
        );
        (columns.to_owned(), why)
    })
}

/// Refuses a plan whose program cannot be run, or whose largest cell needs more threads or memory
/// than there are.
pub(super) fn check(plan: &Plan) -> Result<(), Error> {
    for program in plan.command.iter().flat_map(|spec| programs(spec, plan)) {
        check_program(&program)?;
    }
    let cells = &plan.cells;
    let widest = cells.iter().max_by_key(|cell| cell.threads());
    if let (Some(cell), Some(limit)) = (widest, ThreadLimit::discover()) {
        let wanted = u64::from(cell.threads()) + OWN_THREADS;
        if wanted > limit.most {
            return Err(Error::Failed(format!(
                "{} x {} needs {wanted} threads, but {} allows {} more; lower --outer or --inner, or \
                 raise the limit",
                cell.outer, cell.inner, limit.source, limit.most
            )));
        }
    }
    let largest = cells.iter().max_by_key(|cell| cell.footprint());
    if let (Some(cell), Some(memory)) = (largest, Memory::discover())
        && cell.footprint() > memory.available
    {
        return Err(Error::Failed(format!(
            "{} outer workers of {} need {}, but {} are available; lower --outer or --n",
            cell.outer,
            cell.workload,
            human_bytes(cell.footprint()),
            human_bytes(memory.available)
        )));
    }
    Ok(())
}

/// What the cells of `plan` start. Nothing is known of it before a hook of the user's has run, which
/// may well build it.
fn programs(spec: &CommandSpec, plan: &Plan) -> BTreeSet<String> {
    if spec.setup.is_some() || spec.prepare.is_some() {
        return BTreeSet::new();
    }
    let Some(program) = spec.argv.first() else {
        return BTreeSet::new();
    };
    if !program.contains('{') {
        return BTreeSet::from([program.clone()]);
    }
    let cells = &plan.cells;
    let copies = cells.iter().flat_map(|cell| spec.copies(cell));
    copies.map(|copy| copy.fill(program)).collect()
}

/// Refuses a program that cannot be run.
///
/// # Errors
///
/// Why it cannot.
pub fn check_program(program: &str) -> Result<(), UsageError> {
    can_run(program).map_err(|why| {
        UsageError(format!(
            "cannot run '{program}': {why}; after -- comes a program, then its arguments"
        ))
    })
}

/// Whether the system would start `program`, as far as its file tells; else why not.
fn can_run(program: &str) -> Result<(), String> {
    let Some(file) = found(program) else {
        return Err(match Path::new(program).is_file() {
            true => format!("it is not on PATH; a file in this folder is called ./{program}"),
            false => "it is not on PATH".to_owned(),
        });
    };
    match fs::metadata(&file) {
        Err(error) => return Err(error.to_string()),
        Ok(meta) if !meta.is_file() => return Err("it is not a file".to_owned()),
        Ok(_) if !is_executable(&file) => {
            return Err("it may not be executed (chmod +x makes a program of a script)".to_owned());
        }
        Ok(_) => {}
    }
    match interpreter(&file).filter(|path| !path.exists()) {
        Some(path) => Err(format!(
            "its first line names {}, which is not there",
            path.display()
        )),
        None => Ok(()),
    }
}

/// The program that runs the script `file`; `None` where it is not a script, or cannot be read.
// Source: execve(2), Interpreter scripts: at most 255 bytes after #!, ended by a blank.
fn interpreter(file: &Path) -> Option<PathBuf> {
    let mut start = Vec::new();
    let file = File::open(file).ok()?;
    file.take(257).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.lines().next()?.trim_ascii();
    let word = line.split(|byte| b" \t".contains(byte)).next()?;
    Some(PathBuf::from(word.to_os_str().ok()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_program_is_a_file_that_may_be_run_by_what_is_there() {
        let place = tempfile::tempdir().unwrap();
        let script = |name: &str, text: &str, mode: u32| {
            let path = place.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            can_run(path.to_str().unwrap())
        };
        assert_eq!(script("good", "#!/bin/sh -e\n", 0o755), Ok(()));
        assert_eq!(script("blank", "#! /bin/sh\n", 0o755), Ok(()));
        assert_eq!(can_run("sh"), Ok(()));
        let why = |said: Result<(), String>| said.unwrap_err();
        assert!(why(script("plain", "#!/bin/sh\n", 0o644)).contains("chmod +x"));
        let odd = why(script("odd", "#!/no/such/shell -e\n", 0o755));
        assert!(odd.contains("names /no/such/shell, which"), "{odd}");
        let folder = why(can_run(place.path().to_str().unwrap()));
        assert_eq!(folder, "it is not a file");
        assert!(why(can_run("/no/such/program")).contains("No such file"));
        assert_eq!(why(can_run("no-such-program")), "it is not on PATH");
    }
}
