#!/bin/sh
# Installs what the build needs and the machine lacks: libhwloc 2, pkg-config, a C linker.
set -eu

have() { command -v "$1" >/dev/null 2>&1; }

if have pkg-config && pkg-config --atleast-version=2.0.0 hwloc && have cc; then
  exit 0
fi

# The package managers want root; use sudo where we are not and it is there.
as_root=""
if [ "$(id -u)" != 0 ] && have sudo; then as_root=sudo; fi

echo "setup: installing libhwloc, pkg-config and a C compiler"
if have apt-get; then
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libhwloc-dev pkg-config gcc libc6-dev
elif have dnf; then
  $as_root dnf install -y -q hwloc-devel pkgconf-pkg-config gcc
elif have pacman; then
  $as_root pacman -S --noconfirm --needed hwloc pkgconf gcc
elif have brew; then
  brew install hwloc pkgconf
else
  echo "error: no apt-get, dnf, pacman or brew here. Install libhwloc 2 with its headers, pkg-config and a C compiler, then run make again." >&2
  exit 1
fi

pkg-config --atleast-version=2.0.0 hwloc || {
  echo "error: libhwloc $(pkg-config --modversion hwloc 2>/dev/null || echo 'is still missing') here; version 2.0.0 or later is needed." >&2
  exit 1
}
