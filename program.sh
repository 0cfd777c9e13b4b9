#!/bin/sh
# program.sh  builds the program and prints where it is; only cargo knows that, by CARGO_TARGET_DIR, its configuration
#             and the target it builds for
set -eu
cd "$(dirname "$0")"

built=$(${CARGO:-cargo} build --release --message-format=json-render-diagnostics) || {
  [ -w . ] || [ -n "${CARGO_TARGET_DIR:-}" ] ||
    echo "error: this checkout cannot be written to; set CARGO_TARGET_DIR to a folder that can, then run make again." >&2
  exit 1
}
program=$(printf '%s\n' "$built" | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
[ -x "$program" ] || {
  echo "error: cargo did not say where it put the program" >&2
  exit 1
}
printf '%s\n' "$program"
