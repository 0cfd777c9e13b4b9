# Does P follow cpuset.cpus of control groups v1?
. /checks/lib.sh
top=/sys/fs/cgroup/cpuset
[ -d $top ] || not_here "no cpuset in control groups v1"
[ "$(nproc)" -ge 4 ] || not_here "fewer than 4 CPUs"

mkdir -p $top/one/two
for name in one one/two; do
  cat $top/cpuset.mems > $top/$name/cpuset.mems
  echo 1-2 > $top/$name/cpuset.cpus
done
there() { inside $top/one/two oversub doctor --json | jq -r '"\(.budget.cpus) on \(.budget.allowed)"'; }
is "P in a cpuset of CPUs 1-2" "2 on 1-2" "$(there | sed 's/\.0//')"
echo 2 > $top/one/two/cpuset.cpus
is "P in a nested cpuset of CPU 2" "1 on 2" "$(there | sed 's/\.0//')"
