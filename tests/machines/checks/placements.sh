# Does every thread run where its placement says, under every composition?
#
# Masks and PUs come from /proc/PID/task while a cell runs, the places from lscpu and lstopo, and the
# rules from OpenMP 5.2, section 10.1.3; placement.awk holds them.
. /checks/lib.sh

placements=${given_placements:-unbound close.pu close.core close.numa close.package spread.pu spread.core
  spread.numa spread.package partitioned.pu partitioned.core partitioned.numa partitioned.package}
compositions=${given_compositions:-independent serial-inner partitioned partitioned-floor partitioned-ceil
  exclusive counting shared}
outer=${given_outer:-2} inner=${given_inner:-3} cpus=$(nproc)

lstopo-no-graphics --only PU | sed 's/.*P#\([0-9]*\)).*/\1/' > order
lscpu -p=CPU,CORE,NODE,SOCKET | grep -v '^#' > table
expand "$(sed -n 's/Cpus_allowed_list:\t//p' /proc/self/status)" | tr ',' '\n' > allowed

# places FIELD: the CPUs of each place that may be used, one place a line, in hwloc's order.
places() {
  awk -F, -v field="$1" '
    FILENAME == "table" { place[$1] = $field; next }
    FILENAME == "allowed" { usable[$1]; next }
    $1 in usable && $1 in place { p = place[$1]; if (!(p in set)) order[++n] = p; set[p] = set[p] "," $1 }
    END { for (i = 1; i <= n; i++) print substr(set[order[i]], 2) }' table allowed order
}
places 1 > places.pu; places 2 > places.core; places 3 > places.numa; places 4 > places.package
tr '\n' ',' < places.pu | sed 's/,$/\n/' > places.all

# threads COMPOSITION: how many threads the teams have together.
threads() {
  case $1 in
    independent | exclusive) echo $((outer * inner)) ;;
    serial-inner) echo "$outer" ;;
    partitioned) echo $((cpus > outer ? cpus : outer)) ;;
    partitioned-floor) echo $((cpus > outer ? cpus / outer * outer : outer)) ;;
    partitioned-ceil) echo $(((cpus + outer - 1) / outer * outer)) ;;
    counting) echo $((outer * (inner < cpus ? inner : cpus))) ;;
    shared) echo "$inner" ;;
  esac
}

team_masks() { # of the running cell: NAME MASK of each thread of a team
  cat /proc/"$pid"/task/[0-9]*/status 2> /dev/null | awk -v shared="$1" '
    /^Name:/ { name = $2 }
    /^Cpus_allowed_list:/ && name ~ /^(w[0-9]|shared)/ { mask[name] = $2 }
    END { for (name in mask) {
      outside = shared ? name !~ /^shared/ : name !~ /m/ && (name ".m0") in mask
      if (!outside) print name, mask[name] } }'
}

complete() { team_masks "$2" > masks; [ "$(wc -l < masks)" -eq "$1" ]; }

# one RUNTIME COMPOSITION PLACEMENT: starts the cell, stops it when all its threads run, looks, ends it.
one() {
  width=$inner shared=
  [ "$2" != serial-inner ] || width=1
  [ "$2" != shared ] || shared=yes
  expected=$(threads "$2")
  cell=weak-100.f64.2000000_${outer}x${width}_$1_$2_$3_queue.1_t64
  oversub cell "$cell" --budget "$cpus" --warmups 0 --reps 100000 --limit 60 > answers 2> errors &
  pid=$!
  within 20 complete "$expected" "$shared"
  usleep 50000
  kill -STOP $pid || cat errors
  complete "$expected" "$shared" || true
  cat /proc/$pid/task/[0-9]*/stat | tr -d '()' | awk '{ print $2, $39 }' > seen
  kill -9 $pid
  wait $pid 2> /dev/null || true
  rule=${3%.*} level=${3#*.}
  [ "$3" != unbound ] || level=all
  if awk -v rule="$rule" -v expected="$expected" -f /checks/placement.awk places.all places."$level" masks seen > wrong; then
    echo "ok   $1 $2 $3: $(sort masks | tr '\n' ' ')"
  else
    echo "FAIL $1 $2 $3: $(tr '\n' ';' < wrong)"
    sort masks | sed 's/^/     /'
    failed=1
  fi
}

for placement in $placements; do
  one rayon independent "$placement"
  for composition in $compositions; do
    case $composition in
      shared) one rayon shared "$placement" ;;
      *) one fork-join.passive "$composition" "$placement" ;;
    esac
  done
done
