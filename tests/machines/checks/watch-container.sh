# Does `watch --pid` see into a container (mount, pid and cgroup namespaces): threads, budget?
. /checks/lib.sh

contain="/usr/bin/unshare --mount --pid --fork --kill-child --mount-proc --cgroup"
in_group=""
if version_2; then
  groups=$(group box)
  echo '150000 100000' > "$groups/cpu.max"
  in_group="inside $groups"
elif [ -d /sys/fs/cgroup/cpu,cpuacct ]; then
  groups=/sys/fs/cgroup/cpu,cpuacct/box
  mkdir $groups
  echo 150000 > $groups/cpu.cfs_quota_us
  in_group="inside $groups"
fi
# Three workers with a member each beside them, and the main thread: seven threads.
$in_group $contain oversub cell weak-0.f64.100000_3x2_fork-join.passive_independent_unbound_queue.1_t64 \
  --budget 2 --warmups 0 --reps 100000 --limit 60 > answers 2> errors &
outside=$!
cell_pid() { grep -l '^Name:.oversub' /proc/[0-9]*/status 2> /dev/null | cut -d/ -f3 | head -n 1; }
threads() { sed -n 's/^Threads:.//p' "/proc/$(cell_pid)/status" 2> /dev/null; }
complete() { [ "$(threads)" -ge 7 ] 2> /dev/null; }
within 20 complete
pid=$(cell_pid)
holds "it has pid 1 of a namespace" grep -q '^NSpid:.*[[:space:]]1$' "/proc/$pid/status"
oversub watch --pid "$pid" --for 3 --json > looks 2> errors || is "watch's exit code" 0 $?
tail -n 1 looks | jq .summary > summary
is "processes" 1 "$(jq .mean.processes summary)"
is "threads" "$(threads)" "$(jq .mean.threads summary)"
[ -z "$in_group" ] || is "its budget" 1.5 "$(jq .budget summary)"
kill -9 $outside "$pid" 2> /dev/null || true
