//! Why can a control group not be looked at?

use std::path::{Path, PathBuf};
use std::{fmt, io};

/// Why a group, or a limit that it may set, is not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::machine) enum Unseen {
    /// A file or folder cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: String,
    },
    /// A file does not have the form of a limit.
    Malformed {
        /// The file.
        file: PathBuf,
        /// What it holds.
        text: String,
    },
    /// The hierarchy is not mounted here.
    NotMounted {
        /// What is missing.
        hierarchy: &'static str,
        /// The group that the kernel names.
        group: String,
    },
    /// No mount of the hierarchy shows the group.
    Outside {
        /// The group that the kernel names.
        group: String,
        /// Where the hierarchy is mounted.
        point: PathBuf,
    },
    /// It is below a mount point, but its cgroup namespace hides the names on the way.
    Unnamed {
        /// Where an outer group is mounted.
        point: PathBuf,
    },
    /// Another mount covers it.
    Covered(PathBuf),
    /// It has been removed.
    Removed {
        /// The group that the kernel names.
        group: String,
    },
    /// The groups around this one are not shown.
    Above(PathBuf),
}

impl Unseen {
    pub(in crate::machine) fn unreadable(file: &Path, error: &io::Error) -> Self {
        Self::Unreadable {
            file: file.to_owned(),
            error: error.to_string(),
        }
    }

    pub(in crate::machine) fn malformed(file: &Path, text: &[u8]) -> Self {
        Self::Malformed {
            file: file.to_owned(),
            text: String::from_utf8_lossy(text.trim_ascii()).into_owned(),
        }
    }
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, error } => {
                write!(f, "{} cannot be read: {error}", file.display())
            }
            Self::Malformed { file, text } => {
                write!(f, "{} holds '{text}', which is no limit", file.display())
            }
            Self::NotMounted { hierarchy, group } => write!(
                f,
                "no cgroup file system{hierarchy} is mounted here, and the process is in group \
                 {group}"
            ),
            Self::Outside { group, point } => write!(
                f,
                "the process is in group {group}, and the cgroup mount {} shows other groups",
                point.display()
            ),
            Self::Unnamed { point } => write!(
                f,
                "the cgroup mount {} shows an outer group, and the cgroup namespace hides which \
                 group in it holds the process",
                point.display()
            ),
            Self::Covered(folder) => {
                write!(f, "another mount covers the group {}", folder.display())
            }
            Self::Removed { group } => write!(f, "its group {group} has been removed"),
            Self::Above(folder) => {
                write!(f, "groups around {} are hidden from here", folder.display())
            }
        }
    }
}
