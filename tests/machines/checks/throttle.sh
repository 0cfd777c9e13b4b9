# Do samples count the periods and throttled periods that the control group counts?
. /checks/lib.sh
version_2 || not_here "no control groups v2"

leaf=$(group tight)
echo '50000 100000' > "$leaf/cpu.max"
count_of() { sed -n "s/^$1 //p" "$leaf/cpu.stat"; }
periods=$(count_of nr_periods) throttled=$(count_of nr_throttled) us=$(count_of throttled_usec)
in_group="inside $leaf"
sweep run --n 100000 --outer 2 --inner 1 --tasks 300 --rounds 1 --reps 2
periods=$(($(count_of nr_periods) - periods)) throttled=$(($(count_of nr_throttled) - throttled))
us=$(($(count_of throttled_usec) - us))

sum() { column run/samples.csv "$1" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }
is "status of every sample" "2 ok" "$(outcomes run)"
is "samples without periods" 0 "$(column run/samples.csv quota_periods | grep -vc . || true)"
holds "samples were throttled" test "$(sum throttled_periods)" -gt 0
holds "no more periods than the group's $periods" test "$(sum quota_periods)" -le "$periods"
holds "no more throttled periods than the group's $throttled" test "$(sum throttled_periods)" -le "$throttled"
holds "no longer throttled than the group's $us us" test "$(sum throttled_ns)" -le "${us}000"
