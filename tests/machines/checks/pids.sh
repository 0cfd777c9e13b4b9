# Is a cell that wants more threads than pids.max a failed row, and does the sweep go on?
. /checks/lib.sh
version_2 || not_here "no control groups v2"

leaf=$(group few)
echo 24 > "$leaf/pids.max"
in_group="inside $leaf"
holds "doctor knows the limit" test "$(inside "$leaf" oversub doctor --json | jq .threads_left)" -lt 24
# A plan that needs more than that is refused before anything runs.
if $in_group oversub sweep --workload sum-reduced --n 1000 --outer 8 --inner 8 --tasks 8 --out wide > said 2>&1; then
  says "a cell of 64 threads" failed wide/samples.csv
else
  says "the refusal names the limit" 'pids.max|threads' said
fi
# Others may take threads after the sweep began: here the limit is lowered. A visit that wants for
# threads is tried for ten seconds, so there are few.
echo max > "$leaf/pids.max"
sweep run --outer 1,8 --inner 8 --tasks 8 --rounds 2 --reps 1 &
pid=$!
within 60 has_rows run 1
echo 24 > "$leaf/pids.max"
wait $pid
is "samples" 4 "$(rows run)"
is "a cell of 8 threads" ok "$(status_of run outer=1 inner=8)"
is "a cell of 64 threads" "failed" "$(status_of run outer=8 inner=8 | grep -v ok)"
holds "the reason speaks of threads" sh -c "grep failed run/samples.csv | grep -qi thread"
