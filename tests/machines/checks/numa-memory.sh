# Does memory lie on the node of the threads that use it? The kernel's numa_maps tells, while a cell runs.
. /checks/lib.sh
[ "$(count "$(cat /sys/devices/system/node/has_cpu)")" -ge 2 ] || not_here "one NUMA node"

# maps CELL [COMMAND...]: where the memory of a process lies that runs the cell; nothing if it has ended,
# as it does where the computer is busy and interrupts a sample.
maps() {
  cell=$1
  shift
  "$@" oversub cell "$cell" --warmups 1 --reps 100000 --limit 60 > answers 2> errors &
  pid=$!
  within 30 grep -q rep answers
  kill -STOP $pid 2> /dev/null || return 1
  grep -v file= /proc/$pid/numa_maps > numa_maps || return 1
  kill -9 $pid
  wait $pid 2> /dev/null || true
}
# pages CELL [COMMAND...]: its pages on nodes 0 and 1, of mappings above 1 MiB on a node.
pages() {
  maps "$@" || maps "$@" || maps "$@" || cat answers errors >&2
  awk '
    { for (i = 1; i <= NF; i++) if ($i ~ /^N[0-9]+=/) { split(substr($i, 2), of, "="); if (of[2] > 256) on[of[1]] += of[2] } }
    END { print on[0] + 0, on[1] + 0 }' numa_maps
}
# Matrices of 8 MB a worker, which its own thread touches first: all of their 1953 pages (and a part of
# one more, since numbers seldom end with a page) lie on its node. After one repetition all are touched.
# Of two that adjoin, a huge page may hold the end of one and the beginning of the other; then whoever
# touches it first takes up to 511 pages of the other with it.
set -- $(pages fill-again.f64.1000_2x1_fork-join.passive_independent_partitioned.numa_queue.1_t64)
holds "one worker on each node: 1953 pages on both, but for a shared huge page ($1, $2)" \
  test "$1" -ge 1442 -a "$2" -ge 1442 -a $(($1 + $2)) -ge 3906
first=$(sed 's/[,-].*//' /sys/devices/system/node/node1/cpulist)
set -- $(pages fill-again.f64.1000_1x1_fork-join.passive_independent_close.pu_queue.1_t64 taskset -c "$first")
holds "a worker on node 1: 1953 pages there, none on node 0 ($1, $2)" test "$1" -eq 0 -a "$2" -ge 1953
