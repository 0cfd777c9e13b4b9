//! Where may a result of a verb go?

use std::path::Path;

use anyhow::Context;

use super::UsageError;
use crate::file;

/// Refuses `path` as the place of a result, before the work for it begins: a file that is there, unless
/// it is to be replaced, or a place where nothing can be written.
pub(super) fn claim(path: &Path, force: bool) -> anyhow::Result<()> {
    if path.is_file() && !force {
        let there = path.display();
        return Err(UsageError(format!("{there} exists; give --force to replace it")).into());
    }
    file::may_write(path).with_context(|| cannot(path))
}

/// Writes `bytes` to `path`, whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    file::write(path, bytes).with_context(|| cannot(path))
}

/// The rows that `fill` writes, as CSV to `path`, whole or not at all.
pub(super) fn write_csv(
    path: &Path,
    fill: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
) -> anyhow::Result<()> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    fill(&mut rows)?;
    write(path, &rows.into_inner()?)
}

fn cannot(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
