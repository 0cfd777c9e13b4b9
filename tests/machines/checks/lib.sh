# What every check begins with: `. /checks/lib.sh`. Checks run under sh -eu in an empty folder.

failed=0
trap 'code=$?; [ $code -ne 0 ] || code=$failed; exit $code' EXIT

# is WHAT EXPECTED GOT: one comparison.
is() {
  if [ "$2" = "$3" ]; then
    echo "ok   $1: $(echo "$2" | tr '\n' ' ')"
  else
    echo "FAIL $1: expected '$2', got '$3'"
    failed=1
  fi
}

# holds WHAT COMMAND...: the command succeeds.
holds() {
  what=$1
  shift
  if "$@"; then echo "ok   $what"; else echo "FAIL $what: not so: $*"; failed=1; fi
}

# says WHAT PATTERN FILE: the file has a line that the extended regular expression matches.
says() {
  if grep -qE -- "$2" "$3"; then
    echo "ok   $1: '$2'"
  else
    echo "FAIL $1: nothing like '$2' in:"
    sed 's/^/     /' "$3"
    failed=1
  fi
}

# not_here REASON: the check does not apply to this machine.
not_here() {
  echo "$1"
  exit 77
}

# within SECONDS COMMAND...: waits until the command succeeds.
within() {
  tries=$(($1 * 10))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { echo "FAIL waited in vain for: $*"; failed=1; return 0; }
    usleep 100000
  done
}

# expanded: each line such as 0-2,5 as 0,1,2,5. One process for all: on an emulated CPU each costs 20 ms.
expanded() {
  awk -F, '{
    line = ""
    for (i = 1; i <= NF; i++) {
      n = split($i, ends, "-")
      for (cpu = ends[1] + 0; cpu <= ends[n] + 0; cpu++) line = line "," cpu
    }
    print substr(line, 2) }'
}

# expand LIST: 0-2,5 as 0,1,2,5.
expand() { echo "$1" | expanded; }

# count LIST: how many CPUs 0-2,5 has.
count() {
  expand "$1" | tr ',' '\n' | grep -c .
}

# column FILE NAME: the values of a column of a CSV file. Only the last column may hold commas.
column() {
  awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } at { print $at }' "$1"
}

# doctor FILTER: an answer of oversub, by a filter of jq.
doctor() {
  oversub doctor --json | jq -r "$1"
}

# inside GROUP COMMAND...: runs it in a control group, given by its folder (or several, split by :).
inside() {
  # shellcheck disable=SC2016 # for the inner shell
  sh -c 'for group in $(echo "$0" | tr : " "); do echo $$ > "$group/cgroup.procs"; done; exec "$@"' "$@"
}

# version_2: whether /sys/fs/cgroup is control groups v2.
version_2() { [ -f /sys/fs/cgroup/cgroup.controllers ]; }

# group PATH: makes a v2 group and hands controllers to it. Prints its folder.
group() {
  folder=/sys/fs/cgroup
  for name in $(echo "$1" | tr / ' '); do
    echo '+cpu +cpuset +memory +pids' > $folder/cgroup.subtree_control
    folder=$folder/$name
    [ -d $folder ] || mkdir $folder
  done
  echo $folder
}

# sweep RUN ARGUMENT...: a sweep into the folder RUN that must exit 0; what it says is in the file said.
# Its work, whole numbers, needs no ruler of floating-point speed, which takes long on emulated CPUs.
sweep() {
  run=$1
  shift
  : > said
  for _ in 1 2 3; do
    if $in_group oversub sweep --workload sum-reduced --n 1000 --limit 60 --out "$run" "$@" >> said 2>&1; then return; fi
    # On a busy computer all tries of a visit may be interrupted; the same command makes it again.
    grep -q interrupted "$run/samples.csv" 2> /dev/null || break
  done
  echo "FAIL the sweep into $run:"
  sed 's/^/     /' said
  failed=1
}
in_group="" # a command before it, such as: inside FOLDER

# status_of RUN COLUMN=VALUE...: the statuses of the samples with these values, each once.
status_of() {
  run=$1
  shift
  awk -F, -v wanted="$*" '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; n = split(wanted, pairs, " "); next }
    { for (p = 1; p <= n; p++) { split(pairs[p], pair, "="); if ($at[pair[1]] != pair[2]) next } print $at["status"] }
  ' "$run/samples.csv" | sort -u
}

# statuses RUN: how many samples have which status, such as: 3 ok,1 failed.
statuses() { column "$1/samples.csv" status | sort | uniq -c | awk '{ print $1, $2 }' | paste -sd, -; }

# outcomes RUN, rows RUN: the same, and how many in all, without those that were interrupted. A busy
# computer lets an emulated CPU stand still; the sweep makes such a visit again.
outcomes() { statuses "$1" | sed -E 's/[0-9]+ interrupted,?//'; }
rows() { column "$1/samples.csv" status 2> /dev/null | grep -vc interrupted || true; }
has_rows() { [ "$(rows "$1")" -ge "$2" ]; }

# gone PID: whether no process has this number, or only a dead one that nobody asked for yet.
gone() { ! grep -q '^State:.[^Z]' "/proc/$1/status" 2> /dev/null; }
