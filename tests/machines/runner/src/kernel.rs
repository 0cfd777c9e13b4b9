//! Kernels to boot, from Debian's packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The files of kernels of `versions`, by version; fetched once into `work` by `script`.
///
/// # Errors
///
/// If one cannot be had, with what the script said.
pub(crate) fn fetch(
    script: &Path,
    work: &Path,
    versions: &BTreeSet<&str>,
) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let one = |version: &&str| {
        let folder = work.join("kernels").join(version);
        let kernel = match find(&folder) {
            Some(kernel) => kernel,
            None => unpack(script, version, &folder)?,
        };
        Ok(((*version).to_owned(), kernel))
    };
    versions.iter().map(one).collect()
}

fn unpack(script: &Path, version: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    println!("fetching a kernel {version}");
    let mut command = Command::new("sh");
    command.arg(script).arg(version).arg(folder);
    let output = command.output().context("cannot run sh")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("no kernel {version}: {}", said.trim());
    }
    find(folder).with_context(|| format!("no vmlinuz in {}", folder.display()))
}

/// The kernel in `folder`, if there is one.
fn find(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.find_map(|entry| {
        let image = entry.ok()?.path();
        let name = image.file_name()?.to_str()?;
        name.starts_with("vmlinuz-").then_some(image)
    })
}
