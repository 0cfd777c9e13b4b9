# Does `watch --pid` see into a container (mount, pid and cgroup namespaces): threads, processes, budget?
. /checks/lib.sh

groups=""
if version_2; then
  groups=$(group box)
  echo '150000 100000' > "$groups/cpu.max"
fi
# In the container: two processes, each of one busy and one sleeping child.
work='for i in 1 2; do while :; do :; done & sleep 1000 & done; wait'
if [ -n "$groups" ]; then
  inside "$groups" /usr/bin/unshare -m -p -f -C --mount-proc sh -c "$work" &
else
  /usr/bin/unshare -m -p -f --mount-proc sh -c "$work" &
fi
outside=$!
within 20 sh -c "ps -o args | grep -v grep | grep -c 'sleep 1000' | grep -qx 2"
oversub watch --pid $outside --for 3 --json > looks 2> errors || is "watch's exit code" 0 $?
tail -n 1 looks > last
cat errors
is "processes, by ps" "$(pgrep -s 0 2> /dev/null | wc -l || true)" "$(jq '.processes' last)"
cat last
kill -9 $outside $(pidof sleep) 2> /dev/null || true
