# Are packages, dies, cores, caches, NUMA nodes and CPUs those that the kernel, lscpu and hwloc show?
. /checks/lib.sh

oversub doctor --json > doctor.json
lscpu -p=CPU,CORE,SOCKET | grep -v '^#' > cpus

is "CPUs, as the machine's file says" "$given_cpus" "$(wc -l < cpus)"
is "CPUs, by lscpu" "$(wc -l < cpus)" "$(jq .counts.pus doctor.json)"
is "cores, by lscpu" "$(cut -d, -f2 cpus | sort -u | wc -l)" "$(jq .counts.cores doctor.json)"
is "packages, by lscpu" "$(cut -d, -f3 cpus | sort -u | wc -l)" "$(jq .counts.packages doctor.json)"
is "NUMA nodes, by sysfs" "$(count "$(cat /sys/devices/system/node/online)")" "$(jq .counts.numa_nodes doctor.json)"

# objects KIND: the CPUs of each object of a kind in doctor's tree, one a line.
objects() {
  jq -r --arg kind "$1" '.topology.root | .. | objects | select(.kind? == $kind) | .cpuset' doctor.json |
    expanded | grep . | sort
}

# siblings FILE: the different lists of CPUs in the file of that name of every online CPU.
siblings() {
  # shellcheck disable=SC2046 # a word for each file
  cat $(sed "s|,.*|/$1|; s|^|/sys/devices/system/cpu/cpu|" cpus) 2> /dev/null | sort -u | expanded | grep . | sort
}

is "CPUs of each core" "$(siblings topology/thread_siblings_list)" "$(objects core)"
is "CPUs of each package" "$(siblings topology/package_cpus_list)" "$(objects package)"
dies=$(siblings topology/die_cpus_list)
[ "$dies" = "$(objects package)" ] || is "CPUs of each die" "$dies" "$(objects die)"
nodes=$(cat /sys/devices/system/node/node[0-9]*/cpulist | expanded | grep . | sort)
is "CPUs of each NUMA node" "$nodes" "$(objects numa-node)"

# The same tree by hwloc itself.
same() { # same NAME OF LSTOPO, KIND IN JSON
  is "objects '$1', by lstopo" "$(lstopo-no-graphics --only "$1" | grep -c . || true)" \
    "$(jq "[.topology.root | .. | objects | select(.kind? == $2)] | length" doctor.json)"
}
same PU '"pu"'
same Core '"core"'
same L2Cache '{"cache": 2}'
same L3Cache '{"cache": 3}'
same NUMANode '"numa-node"'
