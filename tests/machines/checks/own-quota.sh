# Does `sweep --quota` run its cells under that quota, seen from outside, and remove its group?
. /checks/lib.sh
[ -d /sys/fs/cgroup/cpu,cpuacct ] || version_2 || not_here "no control groups"

find_groups() { find /sys/fs/cgroup -type d -name 'oversub-*'; }
found() { find_groups | grep -q .; }
grid="--quota 0.5 --workload sum-reduced --n 100000 --outer 1 --inner 1 --tasks 50 --reps 1"
sweep run $grid --rounds 2 &
pid=$!
within 30 found
folder=$(find_groups | head -n 1)
if version_2; then
  is "quota of the group" "50000 100000" "$(cat "$folder/cpu.max")"
else
  is "quota of the group" "50000 100000" "$(cat "$folder/cpu.cfs_quota_us") $(cat "$folder/cpu.cfs_period_us")"
fi
wait $pid
is "status of the samples" "2 ok" "$(outcomes run)"
is "P of the run" 0.5 "$(jq .budget.cpus run/run.json)"
is "groups left" "" "$(find_groups)"

# Killed, it leaves its group; the next run removes it.
oversub sweep $grid --rounds 30 --out killed > said 2>&1 &
pid=$!
within 30 found
kill -9 $pid
wait $pid 2> /dev/null || true
oversub doctor > /dev/null
is "groups left by a sweep that was killed, after another run" "" "$(find_groups)"
