#!/bin/sh
# The main job once, small, from the command line: sweep, resume, plot. Part of `make test`.
set -eu
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
oversub() { cargo run --quiet --release -- "$@"; }

oversub sweep --n 64 --outer 1,2 --inner 1,2 --tasks 4 --rounds 2 --reps 2 --out "$run/smoke"
rows=$(wc -l < "$run/smoke/samples.csv")
[ "$rows" -eq 17 ] || { echo "smoke: $rows lines in samples.csv, expected a header and 16 rows" >&2; exit 1; }

oversub sweep --n 64 --outer 1,2 --inner 1,2 --tasks 4 --rounds 2 --reps 2 --out "$run/smoke"
[ "$(wc -l < "$run/smoke/samples.csv")" -eq 17 ] || { echo "smoke: a complete run was measured again" >&2; exit 1; }

oversub plot "$run/smoke" --metric slowdown -o "$run/slowdown.png"
[ -s "$run/slowdown.png" ] && [ -s "$run/slowdown.csv" ] || { echo "smoke: no picture" >&2; exit 1; }
echo "smoke: ok"
