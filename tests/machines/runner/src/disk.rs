//! The initial RAM disk: the program, the tools that check it, and what a machine is to do.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use cpio::newc::{Builder, ModeFileType};
use cpio::write_cpio;

use crate::machine::Machine;

/// The shell and its tools.
const SHELL: &str = "busybox";

/// What tells the truth about a machine without `oversub`, and makes containers.
const TOOLS: [&str; 4] = ["jq", "lscpu", "lstopo-no-graphics", "unshare"];

/// Where a package may have put a tool.
const PLACES: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// Folders that are there before anything is mounted.
const FOLDERS: [&str; 8] = ["bin", "checks", "dev", "etc", "lib", "proc", "sys", "tmp"];

/// A file or folder of the archive.
struct Entry {
    path: String,
    kind: ModeFileType,
    mode: u32,
    bytes: Vec<u8>,
}

impl Entry {
    fn folder(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            kind: ModeFileType::Directory,
            mode: 0o755,
            bytes: Vec::new(),
        }
    }

    fn text(path: &str, text: String) -> Self {
        Self {
            path: path.to_owned(),
            kind: ModeFileType::Regular,
            mode: 0o644,
            bytes: text.into_bytes(),
        }
    }

    fn program(path: &str, file: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self {
            path: path.to_owned(),
            kind: ModeFileType::Regular,
            mode: 0o755,
            bytes,
        })
    }
}

/// The part that all machines have: `program` without its symbols, the tools with their libraries,
/// and the scripts of `machines`.
///
/// # Errors
///
/// If a file is missing; the message names the package.
pub(crate) fn base(machines: &Path, program: &Path, work: &Path) -> anyhow::Result<Vec<u8>> {
    let stripped = stripped(program, work)?;
    let mut files = vec![
        ("usr/bin/oversub".to_owned(), stripped.clone()),
        (format!("bin/{SHELL}"), find(SHELL)?),
    ];
    for tool in TOOLS {
        files.push((format!("usr/bin/{tool}"), find(tool)?));
    }
    let programs: Vec<PathBuf> = files.iter().map(|(_, file)| file.clone()).collect();
    let libraries = libraries(&programs)?;
    files.extend(
        libraries
            .into_iter()
            .map(|library| (inside(&library), library)),
    );
    files.push(("init".to_owned(), machines.join("init")));
    for script in fs::read_dir(machines.join("checks"))? {
        let script = script?;
        files.push((
            format!("checks/{}", script.file_name().to_string_lossy()),
            script.path(),
        ));
    }
    let mut entries: Vec<Entry> = FOLDERS.into_iter().map(Entry::folder).collect();
    let parents: BTreeSet<PathBuf> = files.iter().flat_map(|(path, _)| parents(path)).collect();
    entries.extend(
        parents
            .iter()
            .map(|path| Entry::folder(&path.to_string_lossy())),
    );
    for (path, file) in files {
        entries.push(Entry::program(&path, &file)?);
    }
    fs::remove_file(stripped)?;
    archive(entries)
}

/// The part of `machine` alone: what it is to do. The kernel unpacks it after the other part.
///
/// # Errors
///
/// None that is known.
pub(crate) fn part_of(machine: &Machine) -> anyhow::Result<Vec<u8>> {
    archive(vec![
        Entry::text("settings", machine.settings()),
        Entry::text("setup", machine.setup.clone()),
    ])
}

fn archive(entries: Vec<Entry>) -> anyhow::Result<Vec<u8>> {
    let inputs = (1..).zip(entries).map(|(number, entry)| {
        let builder = Builder::new(&entry.path)
            .ino(number)
            .mode(entry.mode)
            .set_mode_file_type(entry.kind);
        (builder, std::io::Cursor::new(entry.bytes))
    });
    Ok(write_cpio(inputs, Vec::new())?)
}

/// The folders above `path`, outermost first.
fn parents(path: &str) -> Vec<PathBuf> {
    let above = Path::new(path).ancestors().skip(1);
    let mut above: Vec<PathBuf> = above.map(Path::to_path_buf).collect();
    above.retain(|folder| !folder.as_os_str().is_empty());
    above.reverse();
    above
}

/// A copy of `program` without symbols, which are three quarters of it.
fn stripped(program: &Path, work: &Path) -> anyhow::Result<PathBuf> {
    ensure!(
        program.is_file(),
        "{} is missing; run make build, or name another with --program",
        program.display()
    );
    fs::create_dir_all(work)?;
    // Of this run alone: another may test another program at the same time.
    let copy = work.join(format!("oversub-{}", std::process::id()));
    let mut command = Command::new("strip");
    command.arg("-o").arg(&copy).arg(program);
    let status = command.status().context("cannot run strip")?;
    ensure!(status.success(), "strip failed on {}", program.display());
    Ok(copy)
}

fn find(tool: &str) -> anyhow::Result<PathBuf> {
    let found = PLACES.iter().map(|place| Path::new(place).join(tool));
    let is_program = |file: &PathBuf| {
        let metadata = fs::metadata(file);
        metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
    };
    let mut found = found.filter(is_program);
    found
        .next()
        .with_context(|| format!("{tool} is not installed; run make setup-tests"))
}

/// The shared libraries that `programs` load, and their loader.
fn libraries(programs: &[PathBuf]) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for program in programs {
        // A static program is no error here: ldd says so and names no library.
        let output = Command::new("ldd").arg(program).output();
        let output = output.context("cannot run ldd")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        found.extend(text.lines().filter_map(library));
    }
    Ok(found)
}

/// The file in a line of ldd: `libm.so.6 => /lib/libm.so.6 (0x7f)` or `/lib64/ld-linux.so.2 (0x7f)`.
fn library(line: &str) -> Option<PathBuf> {
    let file = line.rsplit_once("=> ").map_or(line, |(_, file)| file);
    let file = file.trim().rsplit_once(" (")?.0;
    file.starts_with('/').then(|| PathBuf::from(file))
}

fn inside(library: &Path) -> String {
    library.to_string_lossy().trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_what_ldd_prints() {
        let file = |line| library(line).map(|file| file.display().to_string());
        assert_eq!(
            file("\tlibm.so.6 => /lib/libm.so.6 (0x00007f)").as_deref(),
            Some("/lib/libm.so.6")
        );
        assert_eq!(
            file("\t/lib64/ld.so.2 (0x00007f)").as_deref(),
            Some("/lib64/ld.so.2")
        );
        assert_eq!(file("\tlinux-vdso.so.1 (0x00007f)"), None);
        assert_eq!(file("\tnot a dynamic executable"), None);
    }

    #[test]
    fn folders_come_before_what_is_in_them() {
        let folders: Vec<String> = parents("lib/a/b.so")
            .iter()
            .map(|p| p.display().to_string())
            .collect();
        assert_eq!(folders, ["lib", "lib/a"]);
    }
}
