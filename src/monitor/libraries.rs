//! Which libraries with threads of their own has a program loaded?

use std::collections::BTreeSet;

use serde::Serialize;

/// A library that starts threads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Library {
    /// What it is called.
    pub name: &'static str,
    /// The environment variable that says how many threads it starts.
    pub variable: &'static str,
    /// The file.
    pub file: String,
}

/// How file names of libraries begin. A longer beginning stands before a shorter one of which it is
/// a part.
const KNOWN: [(&str, &str, &str); 14] = [
    ("libopenblas", "OpenBLAS", "OPENBLAS_NUM_THREADS"),
    ("libscipy_openblas", "OpenBLAS", "OPENBLAS_NUM_THREADS"),
    ("libmkl_rt", "MKL", "MKL_NUM_THREADS"),
    ("libmkl_intel_thread", "MKL", "MKL_NUM_THREADS"),
    ("libmkl_gnu_thread", "MKL", "MKL_NUM_THREADS"),
    ("libmkl_tbb_thread", "MKL", "MKL_NUM_THREADS"),
    ("libblis", "BLIS", "BLIS_NUM_THREADS"),
    ("libgomp", "OpenMP (libgomp)", "OMP_NUM_THREADS"),
    ("libiomp5", "OpenMP (Intel)", "OMP_NUM_THREADS"),
    ("libomp.", "OpenMP (LLVM)", "OMP_NUM_THREADS"),
    ("libomp-", "OpenMP (LLVM)", "OMP_NUM_THREADS"),
    ("libtbb.", "oneTBB", ""),
    ("libjulia", "Julia", "JULIA_NUM_THREADS"),
    ("polars.abi3", "Polars (rayon)", "POLARS_MAX_THREADS"),
];

/// The libraries in the memory maps of a process, each file once.
pub(super) fn libraries_in(maps: &str) -> Vec<Library> {
    let found: BTreeSet<Library> = maps.lines().filter_map(library).collect();
    found.into_iter().collect()
}

/// The path is the sixth field and may hold blanks.
// Source: proc(5), /proc/pid/maps.
fn library(line: &str) -> Option<Library> {
    let path = &line[line.find('/')?..];
    let file = path.rsplit('/').next()?;
    let (_, name, variable) = KNOWN.iter().find(|(start, ..)| file.starts_with(start))?;
    Some(Library {
        name,
        variable,
        file: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_library_is_found_once_by_the_beginning_of_its_name() {
        let map = "\
7f00-7f01 r--p 00000000 08:01 11 /usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0
7f01-7f02 r-xp 00001000 08:01 11 /usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0
7f02-7f03 r-xp 00001000 08:01 12 /a folder/libopenblas64_p-r0-0cf96a72.3.23.dev.so
7f03-7f04 rw-p 00000000 00:00 0
7f04-7f05 r-xp 00001000 08:01 13 /usr/lib/libc.so.6";
        let found = libraries_in(map);
        let names: Vec<&str> = found.iter().map(|library| library.name).collect();
        assert_eq!(names, ["OpenBLAS", "OpenMP (libgomp)"]);
        assert_eq!(
            found[0].file,
            "/a folder/libopenblas64_p-r0-0cf96a72.3.23.dev.so"
        );
    }
}
