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
is "status of the samples" "1 interrupted,2 ok" "$(statuses run)"
