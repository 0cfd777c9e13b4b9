//! Is libhwloc here? Without this check the build would only fail at the link step, with a
//! message that names no package.

const REMEDY: &str =
    "oversub needs libhwloc 2 and pkg-config to read this machine's topology. Install them:
  Debian, Ubuntu   apt-get install libhwloc-dev pkg-config
  Fedora, RHEL     dnf install hwloc-devel pkgconf-pkg-config
  Arch             pacman -S hwloc pkgconf
  macOS            brew install hwloc pkgconf
or run `make setup`, which does it for you.";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if let Err(cause) = pkg_config::Config::new()
        .atleast_version("2.0.0")
        .probe("hwloc")
    {
        eprintln!("error: {REMEDY}\n\n{cause}");
        std::process::exit(1);
    }
}
