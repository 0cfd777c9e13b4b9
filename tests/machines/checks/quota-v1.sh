# Is P the smallest quota on the way to the root of control groups v1, and is its group named?
. /checks/lib.sh
[ -d /sys/fs/cgroup/cpu,cpuacct ] || not_here "no control groups v1"

top=/sys/fs/cgroup/cpu,cpuacct
mkdir -p $top/one/two/three
# In v1 a child may not have a larger quota than its parent.
in_groups() {
  smallest=$(nproc) source=none
  for name in one/two/three one/two one; do echo -1 > $top/$name/cpu.cfs_quota_us; done
  for quota in "one:$1" "one/two:$2" "one/two/three:$3"; do
    folder=$top/${quota%:*} ms=${quota#*:}
    [ "$ms" != max ] || continue
    echo "${ms}000" > "$folder/cpu.cfs_quota_us"
    if awk "BEGIN { exit !($ms / 100 < $smallest) }"; then
      smallest=$(awk "BEGIN { print $ms / 100 }") source=$folder
    fi
  done
  inside $top/one/two/three oversub doctor --json > doctor.json
  is "P under $1, $2, $3 ms" "$smallest" "$(jq .budget.cpus doctor.json)"
  [ $source = none ] || is "whose quota" "$source" \
    "$(jq -r '[.budget.limits[] | select(.source | objects | has("cgroup-quota"))] | min_by(.cpus).source[]' doctor.json)"
}
in_groups max 150 max
in_groups 175 150 75
in_groups 50 max max
in_groups max max max
