#!/bin/sh
# Trials of a run folder under kills, foreign hands and a full disk; not part of CI, takes minutes.
#
#   tests/trials/folder.sh [TRIALS] [PROGRAM]      20 of each kind, target/debug/oversub
#
# Counts rows that were recorded and are nowhere afterwards, panics, and sweeps that neither end nor say
# why. Exits with 1 unless all are 0.
set -u
trials=${1:-20}
oversub=${2:-$(cd "$(dirname "$0")/../.." && pwd)/target/debug/oversub}
work=$(mktemp -d)
trap 'umount -l "$work/disk" 2>/dev/null; rm -rf "$work"' EXIT
lost=0 panics=0 hangs=0 silent=0

# A sweep of 4 cells, 30 rounds of 2: 240 rows into $1.
sweep() {
  timeout -k 5 300 "$oversub" sweep --n 32 --tasks 4 --outer 1,2 --inner 1,2 --rounds 30 --reps 2 --out "$1"
}

# Repetitions in a samples.csv: whole rows, of which a visit that is measured again has some twice.
rows() {
  if [ -e "$1" ]; then tail -n +2 "$1" | grep '[0-9]$' | cut -d, -f2-16 | sort -u | grep -c .; else echo 0; fi
}

# A random number below $1.
below() { od -An -N4 -tu4 /dev/urandom | awk -v most="$1" '{ print $1 % most }'; }

started() {
  sweep "$1" >"$work/out" 2>"$work/err" &
  sweep=$!
  wanted=$((10 + $(below 60)))
  while kill -0 $sweep 2>/dev/null && [ "$(rows "$1/samples.csv" 2>/dev/null)" -lt $wanted ]; do sleep 0.01; done
}

heard() {
  grep -q 'panicked' "$work/out" "$work/err" && panics=$((panics + 1))
  [ "$1" -eq 124 ] || [ "$1" -eq 137 ] && [ "$2" != kill ] && hangs=$((hangs + 1))
  return 0
}

resumed() {
  sweep "$1" >"$work/out" 2>"$work/err"
  heard $? resume
  count=$(rows "$1/samples.csv")
  [ "$count" -eq 240 ] || { lost=$((lost + 240 - count)); echo "  $1: $count of 240 rows"; cat "$work/err"; }
}

children() { cat "/proc/$1/task/$1/children" 2>/dev/null; }

kill_nine() {
  started "$1"
  # A shell runs `timeout`, which runs the sweep.
  timeout=$(children $sweep)
  kill -9 $(children "$timeout") 2>/dev/null
  wait $sweep 2>/dev/null
  cp "$1/samples.csv" "$work/before"
  resumed "$1"
  before=$(rows "$work/before")
  same=$(grep -cFxf "$work/before" "$1/samples.csv")
  [ "$same" -gt "$before" ] || { lost=$((lost + before + 1 - same)); echo "  rows before a kill are not the same"; }
}

hand() {
  case $1 in
    replaced) cp "$2/samples.csv" "$2/x" && mv "$2/x" "$2/samples.csv" ;;
    cut) truncate -s 900 "$2/samples.csv" ;;
    emptied) : >"$2/samples.csv" ;;
    edited) sed -i 's/,1,1,ok/,1,1,ko/' "$2/samples.csv" ;;
    deleted) rm "$2/samples.csv" ;;
    folder) rm -rf "$2" ;;
    header) rm "$2/run.json" ;;
    moved) mv "$2" "$2.moved" ;;
  esac
}

foreign() {
  started "$2"
  before=$(rows "$2/samples.csv")
  hand "$1" "$2"
  wait $sweep
  code=$?
  heard $code foreign
  [ $code -eq 0 ] && { silent=$((silent + 1)); echo "  $1: ended with 0"; cat "$work/err"; return; }
  kept=$(rows "$2.kept/samples.csv")
  [ "$kept" -ge "$before" ] || { lost=$((lost + before - kept)); echo "  $1: $kept of $before rows"; cat "$work/err"; return; }
  resumed "$2.kept"
}

full_disk() {
  mkdir -p "$work/disk"
  mount -t tmpfs -o "size=$((40 + $(below 20)))k" tmpfs "$work/disk" || { echo "  left out: no mount may be made"; return; }
  sweep "$work/disk/run" >"$work/out" 2>"$work/err"
  heard $? full
  before=$(rows "$work/disk/run/samples.csv")
  mount -o remount,size=16m "$work/disk"
  resumed "$work/disk/run"
  after=$(rows "$work/disk/run/samples.csv")
  [ "$after" -ge "$before" ] || lost=$((lost + before - after))
  umount -l "$work/disk"
}

for trial in $(seq "$trials"); do
  kill_nine "$work/kill-$trial"
  for kind in replaced cut emptied edited deleted folder header moved; do
    foreign $kind "$work/$kind-$trial"
  done
  full_disk
  rm -rf "$work"/*-"$trial"*
done
echo "$trials trials of each of 10 kinds: $lost rows lost, $panics panics, $hangs hangs, $silent ended well without being whole"
[ $((lost + panics + hangs + silent)) -eq 0 ]
