//! Which version of a runtime is here?

use std::collections::BTreeMap;
use std::fmt;

/// A version as far as its first three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 3]);

impl Version {
    /// `major.minor.patch`.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self([major, minor, patch])
    }

    /// The first version in `text`, such as the 17.0.15 of `openjdk version "17.0.15" 2025-04-15`.
    pub fn find(text: &str) -> Option<Self> {
        let digits_and_dots = |c: char| c.is_ascii_digit() || c == '.';
        text.split(|c: char| !digits_and_dots(c))
            .map(|word| word.trim_matches('.'))
            .find_map(|word| {
                let mut numbers = word.split('.').map(|number| number.parse().ok());
                let major = numbers.next().flatten()?;
                let mut next = || numbers.next().flatten().unwrap_or(0);
                Some(Self([major, next(), next()]))
            })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        match (minor, patch) {
            (0, 0) => write!(f, "{major}"),
            (_, 0) => write!(f, "{major}.{minor}"),
            _ => write!(f, "{major}.{minor}.{patch}"),
        }
    }
}

/// A program whose version decides how its runtime counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// `nproc` of coreutils.
    Nproc,
    /// `python3`.
    Python,
    /// `java`.
    Java,
    /// `go`, which puts its own runtime into what it builds.
    Go,
    /// `dotnet`.
    DotNet,
    /// The libuv inside `node`.
    Libuv,
    /// `libgomp.so.1`, by the version of its gcc.
    Libgomp,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Nproc => "coreutils",
            Self::Python => "Python",
            Self::Java => "Java",
            Self::Go => "Go",
            Self::DotNet => ".NET",
            Self::Libuv => "libuv",
            Self::Libgomp => "gcc",
        }
    }
}

/// The versions that are here, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions(BTreeMap<Program, Version>);

/// Those of no program.
pub(super) static UNKNOWN: Versions = Versions(BTreeMap::new());

impl Versions {
    /// Whether `program` is here as `version` or later. One that is not here counts as the newest: it
    /// may be in another image, or inside a binary.
    pub fn at_least(&self, program: Program, version: Version) -> bool {
        self.0.get(&program).is_none_or(|here| *here >= version)
    }

    /// `Python 3.11.7`, or that it is not here.
    pub(super) fn words(&self, program: Program) -> String {
        match self.0.get(&program) {
            Some(version) => format!("{} {version}", program.name()),
            None => format!("no {} here: as its latest", program.name()),
        }
    }
}

impl FromIterator<(Program, Version)> for Versions {
    fn from_iter<I: IntoIterator<Item = (Program, Version)>>(versions: I) -> Self {
        Self(versions.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_say() {
        for (text, version) in [
            ("Python 3.11.7", Version::new(3, 11, 7)),
            (
                "openjdk version \"17.0.15\" 2025-04-15",
                Version::new(17, 0, 15),
            ),
            ("openjdk version \"25\" 2025-09-16", Version::new(25, 0, 0)),
            ("nproc (GNU coreutils) 9.1", Version::new(9, 1, 0)),
            ("go version go1.24.4 linux/amd64", Version::new(1, 24, 4)),
            ("go version go1.27rc1 linux/amd64", Version::new(1, 27, 0)),
            ("Microsoft.NETCore.App 8.0.4 [/usr]", Version::new(8, 0, 4)),
            ("OpenBLAS 0.3.31.dev DYNAMIC", Version::new(0, 3, 31)),
        ] {
            assert_eq!(Version::find(text), Some(version), "{text}");
        }
        assert_eq!(Version::find("no such command"), None);
    }

    #[test]
    fn what_is_not_here_counts_as_the_newest() {
        let versions: Versions = [(Program::Python, Version::new(3, 11, 7))]
            .into_iter()
            .collect();
        let new = Version::new(3, 13, 0);
        assert!(!versions.at_least(Program::Python, new));
        assert!(versions.at_least(Program::Go, new));
        assert_eq!(versions.words(Program::Python), "Python 3.11.7");
    }
}
