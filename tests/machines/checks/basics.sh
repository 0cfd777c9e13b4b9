# Do doctor, sweep, resume and plot work at all? Runs everywhere.
. /checks/lib.sh

oversub doctor > doctor 2>&1 || is "doctor's exit code" 0 $?
holds "doctor does not panic" sh -c '! grep -i panicked doctor'
is "P" "${given_budget:-$(nproc)}" "$(doctor .budget.cpus)"

grid="--outer 1,2 --inner 1,2 --tasks 4 --rounds 1 --reps 2"
sweep run $grid
is "status of every sample" "8 ok" "$(outcomes run)"
before=$(md5sum < run/samples.csv)
sweep run $grid
is "the samples after another sweep" "$before" "$(md5sum < run/samples.csv)"
oversub plot run --metric slowdown -o slowdown.png > said 2>&1 || is "plot's exit code" 0 $?
holds "there is a picture" test -s slowdown.png
