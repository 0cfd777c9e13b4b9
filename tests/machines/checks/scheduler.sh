# Does the kernel share CPUs as the simulator says it does, by counts: ticks a slice, switches of
# teams that spin, yield and block? Never by time: these CPUs are emulated.
. /checks/lib.sh

hz=250 # of Debian's kernels
cpus=$(nproc)
kernel=$(uname -r)

# ticks [CPU]: local timer interrupts of a CPU, or of all, so far.
ticks() {
  awk -v cpu="${1:-all}" '$1 == "LOC:" {
    for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) if (cpu == "all" || i == cpu + 2) sum += $i
    print sum }' /proc/interrupts
}

# simulate ARGUMENT...: one sample of the simulator into the folder sim.
simulate() {
  rm -rf sim
  oversub simulate --kernel "$kernel" --hz $hz --rounds 1 --out sim "$@" > said 2>&1 || { cat said; failed=1; }
}

# near WHAT EXPECTED GOT FACTOR: equal but for a factor.
near() { holds "$1: $3, simulated $2" awk "BEGIN { exit !($3 > $2 / $4 && $3 < $2 * $4) }"; }

# Slices: two busy threads on CPU 1. The kernel's trace has every timer interrupt and every switch from
# one to the other. An emulated CPU often stands still while its computer does something else; its ticks
# then come late and together, and the next one finds a thread beyond its slice: fewer ticks, longer
# slices. So only slices count whose ticks came in time: as many as the clock says, within a tenth of one.
trace=/sys/kernel/tracing
[ -f $trace/events/irq_vectors/local_timer_entry/enable ] || not_here "no trace of timer interrupts"
busy() { exec taskset -c 1 sh -c 'while :; do :; done'; }
busy & one=$!
busy & two=$!
passed() { [ $(($(ticks 1) - before)) -ge "$1" ]; }
# in_time: the ticks of every slice that counts, one a line.
in_time() {
  awk -v one=$one -v two=$two -v hz=$hz '
    function busy(field,    pid) { pid = $0; sub(".*" field "_pid=", "", pid); pid += 0; return pid == one || pid == two }
    match($0, /[0-9]+\.[0-9]+: /) { now = substr($0, RSTART, RLENGTH) + 0 }
    /local_timer_entry/ { ticks++ }
    /sched_switch/ {
      late = (now - since) * hz - ticks
      if (known && busy("prev") && busy("next") && late < 0.1 && late > -0.1) print ticks + 0
      ticks = 0; since = now; known = busy("next") }
  ' $trace/trace > slices
}
enough() {
  before=$(ticks 1)
  within 60 passed 400
  in_time
  [ "$(wc -l < slices)" -ge 20 ]
}
echo 2 > $trace/tracing_cpumask
echo 1 > $trace/events/sched/sched_switch/enable
echo 1 > $trace/events/irq_vectors/local_timer_entry/enable
enough || enough || enough || true
echo 0 > $trace/events/enable
kill $one $two
holds "at least 20 slices whose ticks came in time: $(sort -n slices | uniq -c | awk '{ print $1 " of " $2 }' | paste -sd, -)" \
  test "$(wc -l < slices)" -ge 20
measured=$(sort -n slices | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')
simulate --workload weak-0 --n 300000000 --outer $((2 * cpus)) --inner 1 --tasks $((2 * cpus)) --placement close.pu
simulated=$(awk "BEGIN { print $(column sim/samples.csv cpu_ns) * $hz / 1e9 / $(column sim/samples.csv involuntary_switches) }")
is "ticks a slice of $kernel, as simulated" "$(awk "BEGIN { printf \"%.0f\", $simulated }")" "$measured"

# Policies: a team of twice as many members as CPUs, whose regions are far shorter than a slice.
tasks=20
for wait in active yield passive; do
  before=$(ticks)
  oversub cell "sum-reduced.i64.1000_1x$((2 * cpus))_fork-join.${wait}_independent_close.pu_queue.1_t$tasks" \
    --budget "$cpus" --warmups 0 --reps 1 --limit 100 > $wait
  echo $(($(ticks) - before)) > $wait.ticks
  simulate --workload sum-reduced --n 1000 --outer 1 --inner $((2 * cpus)) --tasks $tasks --wait $wait --placement close.pu
  cp sim/samples.csv $wait.csv
done
cut_off() { jq .answer.ok.involuntary_switches "$1"; }
blocked() { jq .answer.ok.voluntary_switches "$1"; }
near "switches of a team that spins" "$(column active.csv involuntary_switches)" "$(cut_off active)" 3
near "switches of a team that yields" "$(column yield.csv involuntary_switches)" "$(cut_off yield)" 8
near "switches of a team that blocks" "$(column passive.csv voluntary_switches)" "$(blocked passive)" 2
order() { for wait in active yield passive; do echo "$($1 $wait) $wait"; done | sort -n | cut -d' ' -f2 | xargs; }
simulated_cut_off() { column "$1.csv" involuntary_switches; }
is "policies by how often a thread is cut off" "$(order simulated_cut_off)" "$(order cut_off)"
# Who spins keeps its CPU until a tick; who yields does not.
holds "a spinning team: $(cut_off active) switches in $(cat active.ticks) ticks" test "$(cut_off active)" -le "$(cat active.ticks)"
holds "a yielding team: $(cut_off yield) switches in $(cat yield.ticks) ticks" test "$(cut_off yield)" -gt "$(cat yield.ticks)"
