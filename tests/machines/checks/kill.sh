# Does a sweep that was killed leave nothing running, keep its rows, and resume to the same plan?
. /checks/lib.sh

grid="--outer 1,2 --inner 1,2 --tasks 8 --rounds 3 --reps 2"
oversub sweep --workload sum-reduced --n 1000 --limit 60 --out run $grid > said 2>&1 &
pid=$!
within 60 has_rows run 5
kill -9 $pid
wait $pid 2> /dev/null || true
cells() { grep -l '^Name:.oversub' /proc/[0-9]*/status 2> /dev/null || true; }
no_cells() { [ -z "$(cells)" ]; }
within 10 no_cells
is "processes left" "" "$(cells)"
kept=$(($(wc -l < run/samples.csv) - 1))
head -n "$kept" run/samples.csv > before
sweep run $grid
is "rows kept" "$(md5sum < before)" "$(head -n "$kept" run/samples.csv | md5sum)"
is "status of every sample" ok "$(outcomes run | sed 's/[0-9]* //')"
# A visit that was cut off is measured again as a whole, so its first samples stand there twice.
which='NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
  { print $at["outer"], $at["inner"], $at["round"], $at["rep"] }'
is "every sample" 24 "$(awk -F, "$which" run/samples.csv | sort -u | wc -l)"
