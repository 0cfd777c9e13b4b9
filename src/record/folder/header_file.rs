//! How is the header of a run written and read?

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::error::{FolderError, io_error};
use super::{HEADER, SAMPLES};
use crate::file;
use crate::record::{FORMAT_VERSION, RunHeader};
use crate::text::excerpt;

pub(super) fn write_header(path: &Path, header: &RunHeader) -> Result<(), FolderError> {
    serde_json::to_string_pretty(header)
        .map_err(io::Error::other)
        .and_then(|text| file::write(path, (text + "\n").as_bytes()))
        .map_err(io_error("write", path))
}

/// What of a header is read before the rest.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    format_version: u64,
}

pub(super) fn read_header(folder: &Path) -> Result<RunHeader, FolderError> {
    let path = folder.join(HEADER);
    if !path.exists() {
        return Err(match folder.join(SAMPLES).exists() {
            true => FolderError::NoHeader(folder.to_owned()),
            false => FolderError::NoRun(folder.to_owned()),
        });
    }
    let damaged = |message: String| FolderError::Header {
        folder: folder.to_owned(),
        message,
    };
    let text =
        file::text(&path, file::LARGEST_TEXT).map_err(|error| match error.raw_os_error() {
            // What it is, and not that it cannot be read.
            None => damaged(error.to_string()),
            Some(_) => io_error("read", &path)(error),
        })?;
    let unread = |error: serde_json::Error| damaged(error.to_string());
    match text.trim_start().chars().next() {
        Some('{') => {}
        None => return Err(damaged("it is empty".to_owned())),
        Some(_) => {
            let begins = beginning(&text);
            return Err(damaged(format!(
                "it is no JSON object (it begins with '{begins}')"
            )));
        }
    }
    let Version { format_version } = serde_json::from_str(&text).map_err(unread)?;
    if !(1..=u64::from(FORMAT_VERSION)).contains(&format_version) {
        return Err(FolderError::OtherVersion {
            path,
            found: format_version,
        });
    }
    let header: RunHeader = serde_json::from_str(&text).map_err(unread)?;
    // No run was begun with such a plan.
    let size = header.plan.check_size();
    size.map_err(|error| damaged(error.to_string()))?;
    Ok(header)
}

/// The first characters of `text`, for a message.
fn beginning(text: &str) -> String {
    let start: String = text.trim_start().chars().take(20).collect();
    excerpt(start.trim_end())
}
