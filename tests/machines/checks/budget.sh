# Is P the smallest of online CPUs and affinity mask, here and under a narrower mask?
. /checks/lib.sh

is "online" "$(count "$(cat /sys/devices/system/cpu/online)")" \
  "$(doctor '.budget.limits[] | select(.source == "online") | .cpus')"
is "affinity mask, by sched_getaffinity" "$(nproc)" \
  "$(doctor '.budget.limits[] | select(.source == "affinity") | .cpus')"
is "P" "${given_budget:-$(nproc)}" "$(doctor .budget.cpus)"

last=$(lscpu -p=CPU | tail -n 1)
oversub_there() { taskset -c "$last" oversub doctor --json | jq -r "$1"; }
is "P on one CPU" 1 "$(oversub_there .budget.cpus)"
is "the CPU" "$last" "$(oversub_there .budget.allowed)"
