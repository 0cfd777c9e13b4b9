#!/bin/bash
# Kills, signals, hooks and daemons at random moments: does anything stay, is anything lost?
#
#   tests/trials/processes.sh [ROUNDS] [SEED]
#
# O names the binary (default: target/debug/oversub); KIND and WAY keep to one of the kinds and ways below. Not part of the tests: 300 rounds take about
# half an hour. Each round starts a sweep of a program with a child, a grandchild and a daemon of its
# own session, of a program with hooks, of built-in cells, or under a quota; ends it in one of 14 ways
# after a random time; and then counts
#   left    processes of the round that are alive 30 s later (by a mark in their environment)
#   groups  control groups of the round that the next run of `oversub` does not remove
#   lost    rows that were in samples.csv before the run was taken up again and are not in it after,
#           or visits that are missing when it was taken up to its end
#   failed  rows that say a cell failed although only the sweep was ended
#   panics  "panicked" on standard error
#   hangs   sweeps that do not end within 300 s, once ended or taken up (a machine full of compilers is slow)
set -u
rounds=${1:-300}
RANDOM=${2:-1}
here=$(cd "$(dirname "$0")/../.." && pwd)
O=${O:-$here/target/debug/oversub}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
left=0 groups=0 lost=0 failed=0 panics=0 hangs=0
declare -A done_in=()

program='daemon=$(setsid sh -c "sleep 611 >/dev/null 2>&1 & echo \$!"); sleep 612 & sleep 0.0$(($$ % 9)); kill $! $daemon'
hook='sh -c "sleep 613 & wait" & (setsid sleep 614 &) ; sleep 0.0$(($$ % 9)); kill $!'

# Children of a process.
children() { cat /proc/"$1"/task/*/children 2>/dev/null; }
first() { set -- $(children "$1"); echo "${1:-}"; }
# Processes with the mark $1 in their environment, which alone survives setsid and double forks.
marked() {
    for environment in $(grep -slzx "TRIAL=$1" /proc/[0-9]*/environ); do
        pid=${environment#/proc/}; pid=${pid%/environ}
        grep -sq ') Z ' /proc/"$pid"/stat || echo "$pid"
    done
}
# Waits up to $1 tenths of a second for the rest of the words to be true.
within() {
    local tenths=$1; shift
    for ((t = 0; t < tenths; t++)); do "$@" && return 0; sleep 0.1; done
    return 1
}
ended() { ! kill -0 "$1" 2>/dev/null; }
none_marked() { [ -z "$(marked "$1")" ]; }
rows() { tail -n +2 "$1/samples.csv" 2>/dev/null | grep -c . ; }

for ((round = 1; round <= rounds; round++)); do
    run=$work/run$round
    mark=$$-$round
    kind=${KIND:-$((RANDOM % 4))}
    way=${WAY:-$((RANDOM % 14))}
    wait=0.$(printf '%03d' $((RANDOM % 1000)))
    grid=(sweep --outer 1,2 --inner 1,2 --rounds 3 --reps 1 --limit 20 --out "$run")
    case $kind in
        0) words=("${grid[@]}" -- sh -c "$program") ;;
        1) words=("${grid[@]}" --setup "$hook" --prepare "$hook" --cleanup "$hook" -- sleep 0.02) ;;
        2) words=("${grid[@]}" --n 48 --tasks 8) ;;
        3) words=("${grid[@]}" --n 48 --tasks 8 --quota 1.5) ;;
    esac
    TRIAL=$mark setsid "$O" "${words[@]}" >"$work/out" 2>"$work/err" &
    sleep 0.05
    sweep=$(marked "$mark" | head -1)
    sleep "$wait"
    guard=$(first "${sweep:-0}")
    supervisor=$(first "${guard:-0}")
    copy=$(first "${supervisor:-0}")
    only_ended=true
    case $way in
        0) kill -9 $sweep ;;
        1) kill -9 $guard; only_ended=false ;;
        2) kill -9 $supervisor; only_ended=false ;;
        3) kill -9 $sweep $guard ;;
        4) kill -9 $guard $sweep; only_ended=false ;;
        5) kill -9 $sweep $supervisor ;;
        6) kill -9 $supervisor $sweep; only_ended=false ;;
        7) kill -9 $guard $supervisor; only_ended=false ;;
        8) kill -9 $copy; only_ended=false ;;
        9) kill -TERM $sweep ;;
        10) kill -HUP $sweep ;;
        11) kill -QUIT $sweep ;;
        12) kill -TERM $sweep; sleep 0.02; kill -TERM $sweep ;;
        13) kill -STOP $supervisor; sleep 0.3; kill -9 $guard; only_ended=false ;;
    esac 2>/dev/null
    if ! within 3000 ended "$sweep"; then
        hangs=$((hangs + 1)); echo "round $round: kind $kind, way $way: hangs"
        kill -9 "$sweep"
    fi
    if ! within 300 none_marked "$mark"; then
        left=$((left + 1)); echo "round $round: kind $kind, way $way left:"
        for pid in $(marked "$mark"); do echo "  $pid $(tr '\0' ' ' </proc/"$pid"/cmdline)"; kill -9 "$pid"; done
    fi
    grep -q panicked "$work/err" && { panics=$((panics + 1)); echo "round $round:"; cat "$work/err"; }
    if $only_ended && grep -q ',failed,' "$run/samples.csv" 2>/dev/null; then
        failed=$((failed + 1)); echo "round $round: kind $kind, way $way failed: $(grep ',failed,' "$run/samples.csv" | sed 's/.*,//')"
    fi

    # Taken up again: nothing that was there is lost, and it comes to its end.
    cp "$run/samples.csv" "$work/before" 2>/dev/null || : >"$work/before"
    # A row that was cut short was never whole.
    [ -s "$work/before" ] && [ -n "$(tail -c1 "$work/before")" ] && sed -i '$d' "$work/before"
    if ! TRIAL=$mark timeout 300 "$O" sweep --retry failed "${words[@]:1}" >"$work/out" 2>"$work/err"; then
        hangs=$((hangs + 1)); echo "round $round: not taken up: $(tail -1 "$work/err")"
    fi
    kept=$(head -c "$(stat -c %s "$work/before")" "$run/samples.csv" | cmp -s - "$work/before" && echo yes)
    visits=$(tail -n +2 "$run/samples.csv" | grep -v ',failed,' | cut -d, -f5,6,15,16 | sort -u | wc -l)
    if [ "$kept" != yes ] || [ "$(tail -n +2 "$run/samples.csv" | grep -vc ',failed,')" != 12 ]; then
        lost=$((lost + 1)); echo "round $round: kind $kind, way $way: rows lost or missing ($visits visits, kept: ${kept:-no})"
    fi
    if ls -d /sys/fs/cgroup/{,cpu/,*/}oversub-"$sweep"{,-*} 2>/dev/null; then
        groups=$((groups + 1)); echo "round $round: kind $kind, way $way: group left"
    fi
    within 300 none_marked "$mark" || { left=$((left + 1)); echo "round $round: left after it was taken up"; }
    done_in[$kind.$way]=$((${done_in[$kind.$way]:-0} + 1))
    rm -rf "$run"
    ((round % 25 == 0)) && echo "$round rounds: left $left, groups $groups, lost $lost, failed $failed, panics $panics, hangs $hangs"
done
echo "$rounds rounds, ${#done_in[@]} of 56 combinations: left $left, groups $groups, lost $lost, failed $failed, panics $panics, hangs $hangs"
((left + groups + lost + failed + panics + hangs == 0))
