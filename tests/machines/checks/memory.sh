# Is a cell that the kernel kills for memory a failed row, and is memory.max in doctor's headroom?
. /checks/lib.sh
version_2 || not_here "no control groups v2"

leaf=$(group small)
in_group="inside $leaf"
echo 64M > "$leaf/memory.max"
holds "doctor shows no more memory than memory.max" \
  test "$(inside "$leaf" oversub doctor --json | jq .memory_available_bytes)" -le $((64 * 1024 * 1024))
# A plan that needs more is refused before anything runs, so the limit comes after the first cell.
# Arrays of 80 kB and of 160 MB.
echo max > "$leaf/memory.max"
sweep run --workload squared-difference-fused --n 5000,10000000 --outer 1 --inner 1 --tasks 1 --rounds 3 --reps 1 &
pid=$!
within 60 has_rows run 2
echo 64M > "$leaf/memory.max"
wait $pid
is "samples" 6 "$(rows run)"
is "the small cell" ok "$(status_of run n=5000)"
is "the large cell" failed "$(status_of run n=10000000 | grep -v ok)"
holds "the reason speaks of memory or of a kill" sh -c "grep failed run/samples.csv | grep -qiE 'memory|kill'"
holds "the kernel killed" test "$(sed -n 's/^oom_kill //p' "$leaf/memory.events")" -gt 0

# The kernel's own peak bounds ours.
leaf=$(group peak)
[ -f "$leaf/memory.peak" ] || exit 0
in_group="inside $leaf"
sweep peak --workload squared-difference-temporaries --n 100000 --outer 1 --inner 1 --tasks 2 --rounds 1 --reps 1
ours=$(column peak/samples.csv peak_temporary_bytes)
holds "temporaries of $ours bytes fit into memory.peak" test "$ours" -le "$(cat "$leaf/memory.peak")"
resident=$(column peak/samples.csv peak_rss_bytes)
holds "temporaries of $ours bytes are part of the $resident resident" test "$resident" -ge "$ours"
holds "temporaries hold an array of 800000 bytes" test "$ours" -ge 800000
