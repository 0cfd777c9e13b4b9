#!/bin/sh
# Draws every picture of plots/ again, from committed runs and from simulations, which are exact.
#
# usage: sh plots/gallery.sh PROGRAM [FOLDER]
#
# PROGRAM is oversub; pictures go to FOLDER, which is plots/ unless named. tests/it/gallery.rs draws those of
# committed runs and compares them with what is here.
set -eu

program=$1
to=${2:-plots}
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
# The names of the runs stand in the pictures.
here=results/2026-11-21-2pu-vm

plot() {
    "$program" plot --force "$@"
}

# What nested pools cost on two CPUs.
plot experiments/matmul-256-wait/$here -o "$to/matmul-256-wait-slowdown.png"
plot experiments/matmul-256-wait/$here --metric wait -o "$to/matmul-256-wait-run-queue-wait.png"
plot experiments/matmul-1000/$here -o "$to/matmul-1000-slowdown.png"
plot experiments/compositions/$here -o "$to/compositions-slowdown.png"

# Our cells beside the Python programs of well-known tutorials.
plot experiments/matmul-nested/$here experiments/matmul-nested/$here-peer experiments/matmul-nested/$here-chunked experiments/matmul-nested/$here-peer-chunked -o "$to/matmul-nested-beside-peers.png"
plot experiments/dot/$here-again experiments/dot/$here-again-peer -o "$to/dot-beside-peers.png"
plot experiments/fill/$here-again experiments/fill/$here-again-peer-new experiments/fill/$here-again-peer-used --x inner --y outer -o "$to/fill-beside-peers.png"
plot experiments/distances/$here-again experiments/distances/$here-again-peer experiments/distances/$here-again-peer-chunk-1 --x inner --y outer --where chunk=1,chunk=625,chunk=none -o "$to/distances-beside-peers.png"
plot experiments/squared-difference/$here-again experiments/squared-difference/$here-again-peer-temporaries experiments/squared-difference/$here-again-peer-fused --x inner --y outer --where dtype=i64,dtype=none -o "$to/squared-difference-beside-peers.png"
plot experiments/race/$here experiments/race/$here-peer-reduction experiments/race/$here-peer-racy --x inner --y outer --where wait=active,wait=none -o "$to/race-beside-peers.png"

# A prediction and what was measured after it.
plot experiments/validation-256/$here experiments/validation-256/prediction --figure scatter -o "$to/validation-256.png"

# A machine.
"$program" doctor --machine "pack:2 [numa] l3:2 l2:4 core:1 pu:2" --plot "$to/two-packages.png" --force >/dev/null

# Predictions: the same program on other machines. Uncalibrated, so take shapes from them, not seconds.
simulate() {
    "$program" simulate --preset epyc-9004 --outer 1,2,4,8,16,32 --inner 1,2,4,8,16,32 "$@" >"$runs/log" 2>&1 ||
        { cat "$runs/log" >&2; exit 1; }
}
large="pack:2 [numa] l3:4 core:8 pu:1"

for machine in "4 pack:1 l3:1 core:4 pu:1" "16 pack:1 l3:2 core:8 pu:1" "64 $large" "256 pack:2 [numa] l3:16 core:8 pu:1"; do
    cpus=${machine%% *}
    simulate --machine "${machine#* }" --wait active,passive --tasks 64 --rounds 3 --out "$runs/$cpus-pus"
    plot "$runs/$cpus-pus" -o "$to/what-if-$cpus-pus.png"
done

simulate --machine "$large" --wait active,passive --tasks 1024 --rounds 7 --out "$runs/no-quota"
simulate --machine "$large" --wait active,passive --tasks 1024 --rounds 7 --quota 4 --out "$runs/quota-4"
"$program" compare "$runs/no-quota" "$runs/quota-4" -o "$to/what-if-quota.png" --force >/dev/null

for hz in 250 1000; do
    simulate --machine "$large" --wait active --tasks 64 --rounds 7 --kernel 6.18 --hz $hz --out "$runs/hz-$hz"
done
"$program" compare "$runs/hz-250" "$runs/hz-1000" -o "$to/what-if-hz.png" --force >/dev/null

simulate --machine "$large" --wait active,passive --tasks 256 --rounds 7 --out "$runs/smt-off"
simulate --machine "pack:2 [numa] l3:4 core:8 pu:2" --wait active,passive --tasks 256 --rounds 7 --out "$runs/smt-on"
"$program" compare "$runs/smt-off" "$runs/smt-on" -o "$to/what-if-smt.png" --force >/dev/null
