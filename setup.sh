#!/bin/sh
# setup.sh        installs what the build needs and the machine lacks: libhwloc 2, pkg-config, a C linker
# setup.sh tests  also what tests run against, where apt-get has it: BLAS libraries, a browser, QEMU
set -eu

have() { command -v "$1" >/dev/null 2>&1; }

# The package managers want root; use sudo where we are not and it is there.
as_root=""
if [ "$(id -u)" != 0 ] && have sudo; then as_root=sudo; fi

apt_install() {
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"
}

complete() {
  have pkg-config && pkg-config --atleast-version=2.0.0 hwloc && have cc
}

install_needs() {
  echo "setup: installing libhwloc, pkg-config and a C compiler"
  if have apt-get; then
    apt_install libhwloc-dev pkg-config gcc libc6-dev
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
}

# install_for_tests WHAT OPTION PACKAGE...: tests against what is not here say so and are left out.
install_for_tests() {
  have apt-get && have dpkg || return 0
  what=$1 option=$2
  shift 2
  missing=""
  for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  echo "setup: installing$missing for $what"
  # shellcheck disable=SC2086 # several packages
  apt_install "$option" $missing || echo "setup: not to be had:$missing; $what are left out" >&2
}

install_test_packages() {
  install_for_tests "the tests of libraries and reports" --install-recommends \
    libopenblas0-pthread libopenblas0-openmp libblis4-pthread chromium chromium-driver
  install_for_tests "the virtual machines" --no-install-recommends \
    qemu-system-x86 busybox-static hwloc-nox jq binutils util-linux
}

complete || install_needs
complete || {
  echo "error: libhwloc $(pkg-config --modversion hwloc 2>/dev/null || echo 'is still missing') here; version 2.0.0 or later, pkg-config and cc are needed." >&2
  exit 1
}
if [ "${1:-}" = tests ]; then install_test_packages; fi
