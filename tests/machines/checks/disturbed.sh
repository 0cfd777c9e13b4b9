# Is a budget that changes during a sweep seen, said and kept: a CPU taken offline, a quota, a cpuset?
. /checks/lib.sh
version_2 || not_here "no control groups v2"
[ -w /sys/devices/system/cpu/cpu1/online ] || not_here "no CPU can be taken offline"

leaf=$(group changing)
in_group="inside $leaf"
# change NAME FIELD COMMAND: a sweep during which the command runs, which changes that field of the header.
change() {
  sweep "$1" --outer 1,2 --inner 1 --tasks 4 --rounds 4 --reps 1 &
  pid=$!
  within 60 has_rows "$1" 3
  sh -c "$3"
  wait $pid
  is "$1: samples" "8 ok" "$(outcomes "$1")"
  says "$1: the sweep says what changed" "before round [2-4]: $2 changed from" said
  is "$1: the header keeps it" "$2" "$(jq -r --arg field "$2" '[.changes[].field | select(. == $field)] | unique[]' "$1/run.json")"
}
change quota budget.cpus "echo '50000 100000' > $leaf/cpu.max"
echo max > "$leaf/cpu.max"
change offline budget.allowed "echo 0 > /sys/devices/system/cpu/cpu1/online"
echo 1 > /sys/devices/system/cpu/cpu1/online
change cpuset budget.allowed "echo 0 > $leaf/cpuset.cpus"
