//! Is libhwloc here, which compiler builds this, and from which commit?
//!
//! Without the first check the build would only fail at the link step, with a message that names
//! no package.

use std::path::Path;
use std::process::{Command, exit};

/// Written to by every commit.
const COMMITS: &str = ".git/logs/HEAD";

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
        exit(1);
    }
    println!("cargo:rustc-env=RUSTC_VERSION={}", compiler());
    println!("cargo:rerun-if-changed=src");
    if Path::new(COMMITS).exists() {
        println!("cargo:rerun-if-changed={COMMITS}");
    }
    println!(
        "cargo:rustc-env=SOURCE_REVISION={}",
        revision().unwrap_or_default()
    );
}

/// The commit that is built, with `-dirty` behind it where files differ; none outside a checkout.
fn revision() -> Option<String> {
    let git = [
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
        "--exclude=*",
    ];
    let answer = Command::new("git").args(git).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| text.trim().to_owned())
}

/// What the compiler says of itself; empty if it says nothing.
fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = Command::new(rustc).arg("--version").output();
    answer
        .ok()
        .and_then(|out| String::from_utf8(out.stdout).ok())
        .unwrap_or_default()
}
