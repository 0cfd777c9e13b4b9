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
sort -n slices | uniq -c > numbers
holds "at least 20 slices whose ticks came in time: $(awk '{ print $1 " of " $2 }' numbers | paste -sd, -)" \
  test "$(wc -l < slices)" -ge 20
# The kernel does not count the time in interrupts as the thread's. Where the computer holds one up, the
# slice gets a tick longer; none gets shorter. So the shortest that a tenth of them have is the kernel's.
measured=$(awk '{ of[NR] = $1; ticks[NR] = $2; all += $1 }
  END { for (i = 1; i <= NR; i++) if (of[i] * 10 >= all) { print ticks[i]; exit } }' numbers)
simulate --workload weak-0 --n 300000000 --outer $((2 * cpus)) --inner 1 --tasks $((2 * cpus)) --placement close.pu
simulated=$(awk "BEGIN { print $(column sim/samples.csv cpu_ns) * $hz / 1e9 / $(column sim/samples.csv involuntary_switches) }")
is "ticks a slice of $kernel, as simulated" "$(awk "BEGIN { printf \"%.0f\", $simulated }")" "$measured"

# Policies: a team of twice as many members as CPUs, whose regions are far shorter than a slice. A
# sample that was interrupted, since the computer is busy, has no counts; then another is taken.
tasks=20
sample() {
  before=$(ticks)
  oversub cell "sum-reduced.i64.1000_1x$((2 * cpus))_fork-join.$1_independent_close.pu_queue.1_t$tasks" \
    --budget "$cpus" --warmups 0 --reps 1 --limit 100 > "$1"
  echo $(($(ticks) - before)) > "$1".ticks
  jq -e .answer.ok "$1" > /dev/null
}
for wait in active yield passive; do
  sample $wait || sample $wait || sample $wait || echo "no sample of a team whose waiting is $wait: $(cat $wait)"
  simulate --workload sum-reduced --n 1000 --outer 1 --inner $((2 * cpus)) --tasks $tasks --wait $wait --placement close.pu
  cp sim/samples.csv $wait.csv
done
cut_off() { jq '.answer.ok.involuntary_switches // -1' "$1"; }
blocked() { jq '.answer.ok.voluntary_switches // -1' "$1"; }
# A spinning team goes round all its threads once a region, also where a tick comes late; a stand-still
# of the computer may cut one off once more or less. A member that blocks does so once a region. How
# often one yields depends on how long that takes, which an emulated CPU does not show.
near "switches of a team that spins" "$(column active.csv involuntary_switches)" "$(cut_off active)" 2
near "switches of a team that blocks" "$(column passive.csv voluntary_switches)" "$(blocked passive)" 1.25
order() { for wait in active yield passive; do echo "$($1 $wait) $wait"; done | sort -n | cut -d' ' -f2 | xargs; }
simulated_cut_off() { column "$1.csv" involuntary_switches; }
is "policies by how often a thread is cut off" "$(order simulated_cut_off)" "$(order cut_off)"
# Who spins keeps its CPU until a tick; who yields does not.
holds "a spinning team: $(cut_off active) switches in $(cat active.ticks) ticks" test "$(cut_off active)" -le "$(cat active.ticks)"
holds "a yielding team: $(cut_off yield) switches in $(cat yield.ticks) ticks" test "$(cut_off yield)" -gt "$(cat yield.ticks)"
