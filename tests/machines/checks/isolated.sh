# Are CPUs that the kernel keeps for others (isolcpus) left out of P, and may a mask bring them back?
. /checks/lib.sh

isolated=$(cat /sys/devices/system/cpu/isolated)
[ -n "$isolated" ] || not_here "no isolated CPUs"
online=$(count "$(cat /sys/devices/system/cpu/online)")
is "P" "$((online - $(count "$isolated")))" "$(doctor .budget.cpus)"
is "P on the isolated CPUs" "$(count "$isolated")" \
  "$(taskset -c "$isolated" oversub doctor --json | jq .budget.cpus)"
holds "the kernel's argument is kept" sh -c "oversub doctor --json | jq -r '.host.kernel.arguments[]' | grep -q isolcpus"
