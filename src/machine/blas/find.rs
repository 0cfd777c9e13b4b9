//! In which folders may a BLAS library be, and which files there are one?
//!
//! In the loader's order, then where Python's wheels put them: `LD_LIBRARY_PATH`, the folders of
//! `/etc/ld.so.conf`, the system's own, folders of alternatives below those (Debian), Conda's, and
//! the site-packages of every Python on `PATH`. The first library of a family is the one its name
//! stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::BlasFamily;
use crate::machine::kernel_text::lines;
use crate::text::Named;

/// Folders of the dynamic loader beside those of its configuration.
// Source: ld.so(8), "DESCRIPTION", the default path; the others are where distributions without
// `/etc/ld.so.conf` entries, Homebrew and Intel's installer put libraries.
const SYSTEM: [&str; 9] = [
    "/lib",
    "/usr/lib",
    "/lib64",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/opt/homebrew/lib",
    "/opt/intel/oneapi/mkl/latest/lib",
    "/opt/intel/oneapi/mkl/latest/lib/intel64",
];

/// Folders of wheels that hold a BLAS, within site-packages.
// Source: auditwheel puts what a wheel brings into NAME.libs; scipy-openblas32 and 64 have a `lib`.
const WHEELS: [&str; 4] = [
    "numpy.libs",
    "scipy.libs",
    "scipy_openblas32/lib",
    "scipy_openblas64/lib",
];

/// Where to look for libraries, in order.
#[derive(Clone, Debug)]
pub struct BlasFolders(Vec<PathBuf>);

impl BlasFolders {
    /// The folders of this machine, as seen by a process with these environment variables.
    pub fn discover(environment: &BTreeMap<String, String>) -> Self {
        let listed = |name: &str| -> Vec<PathBuf> {
            let value = environment.get(name).map_or("", String::as_str);
            let parts = value.split(':').filter(|part| part.starts_with('/'));
            parts.map(PathBuf::from).collect()
        };
        let conf = fs::read("/etc/ld.so.conf").unwrap_or_default();
        let mut loader = listed("LD_LIBRARY_PATH");
        loader.extend(configured(&conf, &included));
        loader.extend(SYSTEM.map(PathBuf::from));
        let alternatives = loader.iter().flat_map(|folder| alternatives(folder));
        let mut folders: Vec<PathBuf> = loader.iter().cloned().chain(alternatives).collect();
        for prefix in python_prefixes(&listed("PATH"), environment) {
            folders.push(prefix.join("lib"));
            folders.extend(wheels(&prefix));
        }
        Self(folders)
    }

    /// These folders and no others.
    pub fn these(folders: Vec<PathBuf>) -> Self {
        Self(folders)
    }

    /// The first file called `name`.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        let mut all = self.0.iter().map(|folder| folder.join(name));
        all.find(|path| path.is_file())
    }

    /// Every library here, each file once, by its real path.
    pub fn libraries(&self) -> Vec<(BlasFamily, PathBuf)> {
        let mut seen = BTreeSet::new();
        let all = self.0.iter().flat_map(|folder| libraries_in(folder));
        all.filter(|(_, path)| seen.insert(path.clone())).collect()
    }

    /// The library that the name of `family` stands for.
    pub fn first(&self, family: BlasFamily) -> Option<PathBuf> {
        let mut all = self.0.iter().flat_map(|folder| libraries_in(folder));
        all.find(|(of, _)| *of == family).map(|(_, path)| path)
    }
}

/// The libraries in `folder` by name, shortest name first: `libopenblas.so` before its variants.
fn libraries_in(folder: &Path) -> Vec<(BlasFamily, PathBuf)> {
    let mut names: Vec<OsString> = entries(folder)
        .filter_map(|path| Some(path.file_name()?.to_owned()))
        .collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    names
        .iter()
        .filter_map(|name| {
            Some((
                family_of(name.as_bytes())?,
                fs::canonicalize(folder.join(name)).ok()?,
            ))
        })
        .collect()
}

/// The family of a file of this name, if it is a dynamic library of one.
fn family_of(name: &[u8]) -> Option<BlasFamily> {
    let ends = |ending: &str| name.ends_with(ending.as_bytes());
    let dynamic = ends(".so") || name.contains_str(".so.") || ends(".dylib");
    let family = |family: &BlasFamily| {
        let mut beginnings = family.beginnings().iter();
        beginnings.any(|beginning| name.starts_with(beginning.as_bytes()))
    };
    BlasFamily::all().find(|f| family(f)).filter(|_| dynamic)
}

/// The folders a loader configuration names. `included` reads the files an `include` means.
fn configured(conf: &[u8], included: &dyn Fn(&[u8]) -> Vec<Vec<u8>>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for line in lines(conf).map(<[u8]>::trim_ascii) {
        match line.strip_prefix(b"include ") {
            Some(pattern) => {
                for file in included(pattern.trim_ascii()) {
                    // An included file includes no others, on any distribution seen.
                    folders.extend(configured(&file, &|_| Vec::new()));
                }
            }
            None if line.starts_with(b"/") => folders.push(OsStr::from_bytes(line).into()),
            None => {}
        }
    }
    folders
}

/// The texts of the files that `pattern`, a folder and `*.conf`, means, in the order of names.
fn included(pattern: &[u8]) -> Vec<Vec<u8>> {
    let Some(folder) = pattern.strip_suffix(b"/*.conf") else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries(Path::new(OsStr::from_bytes(folder)))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "conf")
        })
        .collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| fs::read(file).ok())
        .collect()
}

/// Folders below a folder of libraries that hold one variant each, such as `openblas-openmp`.
fn alternatives(folder: &Path) -> Vec<PathBuf> {
    let variant = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_bytes();
        let of = |family: &&str| name.starts_with(family.as_bytes());
        ["openblas", "blis"].iter().any(of) && path.is_dir()
    };
    let mut folders: Vec<PathBuf> = entries(folder).filter(variant).collect();
    folders.sort();
    folders
}

/// Prefixes under which a Python may be installed: active environments, and whatever `PATH` has.
fn python_prefixes(path: &[PathBuf], environment: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"];
    let active = active.iter().filter_map(|name| environment.get(*name));
    let mut prefixes: Vec<PathBuf> = active.map(PathBuf::from).collect();
    for folder in path {
        let python = folder.join("python3");
        // The prefix by name is a virtual environment's, the one of the real file that of the
        // installation behind it.
        for python in [Some(python.clone()), fs::canonicalize(&python).ok()] {
            let python = python.filter(|python| python.is_file());
            let prefix = python.and_then(|python| Some(python.parent()?.parent()?.to_owned()));
            prefixes.extend(prefix);
        }
    }
    // pyenv puts scripts on PATH in the place of its Pythons.
    let root = environment.get("PYENV_ROOT").map(PathBuf::from);
    let home = environment
        .get("HOME")
        .map(|home| Path::new(home).join(".pyenv"));
    if let Some(root) = root.or(home) {
        prefixes.extend(entries(&root.join("versions")));
    }
    prefixes.extend(
        environment
            .get("HOME")
            .map(|home| Path::new(home).join(".local")),
    );
    let mut seen = BTreeSet::new();
    prefixes.retain(|prefix| seen.insert(prefix.clone()));
    prefixes
}

/// Folders of wheels with libraries in every site-packages of a Python prefix.
fn wheels(prefix: &Path) -> Vec<PathBuf> {
    let mut pythons: Vec<PathBuf> = entries(&prefix.join("lib"))
        .filter(|path| path.to_string_lossy().contains("/python3"))
        .collect();
    pythons.sort();
    let sites = pythons
        .iter()
        .flat_map(|python| ["site-packages", "dist-packages"].map(|site| python.join(site)));
    sites
        .flat_map(|site| WHEELS.map(|wheel| site.join(wheel)))
        .filter(|folder| folder.is_dir())
        .collect()
}

/// The paths in `folder`; none where it cannot be read.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_tells_the_family() {
        for (name, family) in [
            ("libopenblas.so.0", Some(BlasFamily::OpenBlas)),
            ("libopenblasp-r0.3.21.so", Some(BlasFamily::OpenBlas)),
            (
                "libscipy_openblas64_-32a4b2a6.so",
                Some(BlasFamily::OpenBlas),
            ),
            ("libblis.so.4", Some(BlasFamily::Blis)),
            ("libmkl_rt.so.2", Some(BlasFamily::Mkl)),
            ("libopenblas.a", None),
            ("libmkl_core.so.2", None),
            ("libblas.so.3", None),
        ] {
            assert_eq!(family_of(name.as_bytes()), family, "{name}");
        }
    }

    #[test]
    fn a_loader_configuration_includes_others() {
        let conf = b"# comment\ninclude /etc/ld.so.conf.d/*.conf\n/opt/caf\xe9\n";
        let included = |pattern: &[u8]| {
            assert_eq!(pattern, b"/etc/ld.so.conf.d/*.conf");
            vec![b"/usr/lib/a\n# no\n".to_vec(), b"/usr/lib/b\n".to_vec()]
        };
        let expected = [&b"/usr/lib/a"[..], b"/usr/lib/b", b"/opt/caf\xe9"];
        let expected = expected.map(|folder| PathBuf::from(OsStr::from_bytes(folder)));
        assert_eq!(configured(conf, &included), expected);
    }

    /// A link and its target are one library; a wheel comes after the system.
    #[test]
    fn each_library_is_found_once_and_the_first_folder_wins() {
        let place = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(place.path()).unwrap();
        let site = "env/lib/python3.11/site-packages";
        let folders = ["system".into(), format!("{site}/numpy.libs")];
        for folder in &folders {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("system/libopenblasp-r1.so"), "").unwrap();
        let link = root.join("system/libopenblas.so.0");
        std::os::unix::fs::symlink("libopenblasp-r1.so", link).unwrap();
        fs::write(root.join(&folders[1]).join("libscipy_openblas-1a.so"), "").unwrap();

        let mut search = vec![root.join("system")];
        search.extend(wheels(&root.join("env")));
        let found = BlasFolders::these(search);
        let paths: Vec<PathBuf> = found
            .libraries()
            .into_iter()
            .map(|(_, path)| path)
            .collect();
        let system = root.join("system/libopenblasp-r1.so");
        let wheel = root.join(&folders[1]).join("libscipy_openblas-1a.so");
        assert_eq!(paths, [system.clone(), wheel]);
        assert_eq!(found.first(BlasFamily::OpenBlas), Some(system));
        assert_eq!(found.first(BlasFamily::Mkl), None);
    }
}
