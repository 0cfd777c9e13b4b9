# Is a budget that changes during a sweep seen, said and kept: a CPU taken offline, a quota, a cpuset?
. /checks/lib.sh
version_2 || not_here "no control groups v2"
[ -w /sys/devices/system/cpu/cpu1/online ] || not_here "no CPU can be taken offline"

leaf=$(group changing)
in_group="inside $leaf"
# change NAME COMMAND: a sweep during which the command runs.
change() {
  sweep "$1" --outer 1,2 --inner 1 --tasks 4 --rounds 6 --reps 1 &
  pid=$!
  within 60 has_rows "$1" 3
  sh -c "$2"
  wait $pid
  is "$1: samples" "12 ok" "$(statuses "$1")"
  says "$1: the sweep says that the budget changed" 'budget|CPUs' said
  holds "$1: the header keeps it" sh -c "jq -r 'paths | map(tostring) | join(\".\")' $1/run.json | grep -qi change"
}
change quota "echo '50000 100000' > $leaf/cpu.max"
echo max > "$leaf/cpu.max"
change offline "echo 0 > /sys/devices/system/cpu/cpu1/online"
echo 1 > /sys/devices/system/cpu/cpu1/online
change cpuset "echo 0 > $leaf/cpuset.cpus"
