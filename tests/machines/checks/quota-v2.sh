# Is P the smallest quota on the way to the root of control groups v2, and is its group named?
. /checks/lib.sh
version_2 || not_here "no control groups v2"

leaf=$(group one/two/three)
# in_groups QUOTA_ONE QUOTA_TWO QUOTA_THREE [ms per 100 ms, or max]: the smallest must decide.
in_groups() {
  folder=/sys/fs/cgroup smallest=$(nproc) source=none
  for quota in "one:$1" "one/two:$2" "one/two/three:$3"; do
    folder=/sys/fs/cgroup/${quota%:*} ms=${quota#*:}
    if [ "$ms" = max ]; then
      echo max > "$folder/cpu.max"
    else
      echo "${ms}000 100000" > "$folder/cpu.max"
      if awk "BEGIN { exit !($ms / 100 < $smallest) }"; then
        smallest=$(awk "BEGIN { print $ms / 100 }") source=$folder
      fi
    fi
  done
  inside "$leaf" oversub doctor --json > doctor.json
  is "P under $1, $2, $3 ms" "$smallest" "$(jq .budget.cpus doctor.json)"
  [ $source = none ] || is "whose quota" "$source" \
    "$(jq -r '[.budget.limits[] | select(.source | objects | has("cgroup-quota"))] | min_by(.cpus).source[]' doctor.json)"
}
in_groups max 150 max
in_groups 50 150 75
in_groups 200 max 25
in_groups max max max

# A container: its own namespace of groups does not hide the quota that it can see.
in_groups 125 max max
inside "$leaf" /usr/bin/unshare -C oversub doctor --json > doctor.json 2> /dev/null || not_here "no namespaces of control groups"
is "P in a namespace whose quota is outside: 1.25, or an upper bound" true \
  "$(jq '.budget.cpus == 1.25 or .upper_bound' doctor.json)"
