# Does P follow cpuset.cpus of nested groups and the partitions of others?
. /checks/lib.sh
version_2 || not_here "no control groups v2"
cpus=$(nproc)
[ "$cpus" -ge 4 ] || not_here "fewer than 4 CPUs"

top=/sys/fs/cgroup
leaf=$(group one/two)
allowed_there() { inside "$leaf" oversub doctor --json | jq -r '"\(.budget.cpus) on \(.budget.allowed)"'; }
mask_there() { inside "$leaf" sh -c 'echo "$(nproc) on $(sed -n "s/Cpus_allowed_list:.//p" /proc/self/status)"'; }

echo 1-2 > $top/one/cpuset.cpus
is "P in a cpuset of CPUs 1-2" "2 on 1-2" "$(allowed_there | sed 's/\.0//')"
echo 2 > $top/one/two/cpuset.cpus
is "P in a nested cpuset of CPU 2" "1 on 2" "$(allowed_there | sed 's/\.0//')"
is "the same, by the mask" "$(mask_there)" "$(allowed_there | sed 's/\.0//')"
echo > $top/one/two/cpuset.cpus
echo > $top/one/cpuset.cpus

mkdir $top/alone
echo 3 > $top/alone/cpuset.cpus
echo root > $top/alone/cpuset.cpus.partition 2> /dev/null || true
[ "$(cat $top/alone/cpuset.cpus.partition)" = root ] || not_here "this kernel makes no partition"
is "P of a neighbour of a partition of one CPU" "$((cpus - 1))" "$(allowed_there | sed 's/\.0//; s/ .*//')"
is "the same, by the mask" "$(mask_there)" "$(allowed_there | sed 's/\.0//')"
is "P in the partition" "1" "$(inside $top/alone oversub doctor --json | jq .budget.cpus)"
