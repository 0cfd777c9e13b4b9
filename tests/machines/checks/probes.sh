# Does doctor say of every probe whether it works, as /proc and perf_event_paranoid have it?
. /checks/lib.sh

oversub doctor --json > doctor.json
works() { jq ".probes[] | select(.name == \"$1\") | .works" doctor.json; }
# A file of /proc has no size: it is there if a line can be read.
readable() { if grep -q "$2" "$1" 2> /dev/null; then echo true; else echo false; fi; }
is "schedstat" "$(readable /proc/self/schedstat .)" "$(works schedstat)"
is "sched" "$(readable /proc/self/sched nr_migrations)" "$(works sched)"
is "stat" "$(readable /proc/self/stat .)" "$(works stat)"
is "PSI" "$(readable /proc/pressure/cpu some)" "$(works PSI)"
is "steal" "$(readable /proc/stat '^cpu ')" "$(works steal)"
is "perf events: an emulated CPU has none" false "$(works 'perf events')"
note=$(jq -r '.probes[] | select(.name == "perf events") | .note' doctor.json)
level=$(cat /proc/sys/kernel/perf_event_paranoid)
is "perf_event_paranoid" "${given_paranoid:-$level}" "$level"
echo "ok   the note: $note"
if [ "$(id -u)" != 0 ] && [ "$level" -ge 3 ]; then
  holds "the note names perf_event_paranoid" sh -c "echo '$note' | grep -q perf_event_paranoid"
fi
is "probes that do not work and do not say why" 0 "$(jq '[.probes[] | select((.works | not) and .note == null)] | length' doctor.json)"
