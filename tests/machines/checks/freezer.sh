# Is a sample that was frozen in its middle marked, and not taken for a slow one?
. /checks/lib.sh
version_2 || not_here "no control groups v2"

leaf=$(group cold)
in_group="inside $leaf"
sweep run --n 100000 --outer 1 --inner 1 --tasks 1000 --warmups 0 --rounds 1 --reps 3 --limit 120 &
pid=$!
within 60 has_rows run 1
echo 1 > "$leaf/cgroup.freeze"
within 10 grep -q 'frozen 1' "$leaf/cgroup.events"
sleep 4
echo 0 > "$leaf/cgroup.freeze"
wait $pid
holds "a sample was interrupted: $(statuses run)" grep -q interrupted run/samples.csv
for name in status rep wall_ns; do column run/samples.csv $name > $name; done
paste -d ' ' status rep wall_ns | grep '^ok ' > timed
is "repetitions with a time" "1 2 3" "$(cut -d ' ' -f 2 timed | sort -u | xargs)"
is "times as long as the frost" 0 "$(awk '$3 > 4e9' timed | wc -l)"
