#!/bin/sh
# peers/run.sh [EXPERIMENT...]: our cells and the Python programs of the tutorials over the same grids, and a figure of
# both side by side; then one thread of each beside the other. What is measured already is kept.
set -eu
cd "$(dirname "$0")/.."
OVERSUB=${OVERSUB:-$(sh program.sh)}
export OVERSUB

[ -x .venv/bin/python ] || python3 -m venv .venv || {
  echo "error: no virtual environment; install Python 3.11 or later with venv (on Debian: apt-get install python3-venv), then run make peers again." >&2
  rm -rf .venv
  exit 1
}
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement peers/requirements.txt

named=$#
[ $# -gt 0 ] || set -- $(for file in experiments/*/peer.py; do basename "$(dirname "$file")"; done)
for experiment in "$@"; do
  folder=experiments/$experiment
  [ -e "$folder/peer.py" ] || {
    echo "error: $folder has no peer.py; those that have: $(echo experiments/*/peer.py)" >&2
    exit 2
  }
  runs=""
  for file in "$folder"/experiment*.toml "$folder"/peer*.toml; do
    run=runs/$experiment-$(basename "$file" .toml)
    "$OVERSUB" sweep "$file" --out "$run"
    runs="$runs $run"
  done
  # shellcheck disable=SC2086 # several runs
  "$OVERSUB" plot $runs --metric slowdown -o "runs/$experiment-beside-peers.png" --force
done

# One thread of ours beside one of each peer, unless only some experiments are wanted.
if [ "$named" = 0 ]; then .venv/bin/python peers/speed.py | tee runs/speed-beside-peers.md; fi
