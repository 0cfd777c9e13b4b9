# Is every thread where a placement rule says? Prints what is wrong, and exits 1 then.
#
# Files: one line with all CPUs; the places, one a line; NAME MASK of every thread; NAME CPU of where
# threads were seen. Names are wWORKER, wWORKER.mMEMBER or shared.mMEMBER.
#
#   close        at most as many threads as places: thread i on place i
#   spread       the same, but floor(P / T) or ceil(P / T) places apart
#   both         more threads: in order, and numbers of threads on two places differ by at most one
#   partitioned  a team on as many places as any other, give or take one, which it shares with nobody
#   unbound      every thread on every CPU that is online

function wrong(text) { print text; bad = 1 }

function expand(list,    parts, ends, n, i, cpu, out) {
  n = split(list, parts, ",")
  for (i = 1; i <= n; i++) {
    split(parts[i], ends, "-")
    if (ends[2] == "") ends[2] = ends[1]
    for (cpu = ends[1] + 0; cpu <= ends[2] + 0; cpu++) out = out "," cpu
    delete ends
  }
  return substr(out, 2)
}

# A mask may name CPUs that are offline; nothing runs there.
function online(cpus,    each, n, i, out) {
  n = split(cpus, each, ",")
  for (i = 1; i <= n; i++) if (index("," all ",", "," each[i] ",")) out = out "," each[i]
  return substr(out, 2)
}

FNR == 1 { file++ }
file == 1 { all = expand($1); next }
file == 2 { place[expand($1)] = places++ + 0; next }
file == 3 {
  worker = $1 ~ /^w/ ? substr($1, 2) + 0 : 0
  member = $1 ~ /m/ ? substr($1, index($1, "m") + 1) + 0 : 0
  if (worker > last_worker) last_worker = worker
  if (member > last_member) last_member = member
  name[worker, member] = $1
  mask[$1] = online(expand($2))
  threads++
  next
}
$1 in mask && index("," mask[$1] ",", "," $2 ",") == 0 { wrong($1 " ran on " $2 ", outside of " mask[$1]) }

function seated(    w, m, who, seat, before, seen, t, p, least, most, gap) {
  before = -1
  for (w = 0; w <= last_worker; w++) for (m = 0; m <= last_member; m++) {
    if (!((w, m) in name)) continue
    who = name[w, m]
    if (!(mask[who] in place)) { wrong(who " is not on one place but on " mask[who]); continue }
    seat = place[mask[who]]
    load[seat]++
    if (threads > places) { if (seat < before) wrong(who " is out of order") }
    else if (rule == "close" && seat != t) wrong(who " is on place " seat ", not " t)
    else if (rule == "spread") {
      gap = seat - before
      if (t == 0 && seat != 0) wrong(who " is on place " seat ", not 0")
      if (t > 0 && gap != int(places / threads) && gap != int((places + threads - 1) / threads))
        wrong(who " is " gap " places from its neighbour")
    }
    before = seat
    t++
  }
  if (threads <= places) return
  least = threads; most = 0
  for (p = 0; p < places; p++) { if (load[p] + 0 < least) least = load[p] + 0; if (load[p] > most) most = load[p] }
  if (most - least > 1) wrong("between " least " and " most " threads on a place")
}

function parted(    w, m, who, workers, cpus, n, i, cpu, p, held, of, least, most) {
  for (w = 0; w <= last_worker; w++) {
    if (!((w, 0) in name)) continue
    workers++
    for (m = 1; m <= last_member; m++)
      if ((w, m) in name && mask[name[w, m]] != mask[name[w, 0]]) wrong(name[w, m] " is apart from its team")
    n = split(mask[name[w, 0]], cpus, ",")
    for (i = 1; i <= n; i++) { held[cpus[i]]++; cpu_count++ }
    of[w] = n
  }
  if (workers > places) return
  for (i in held) if (held[i] > 1) wrong("PU " i " belongs to " held[i] " teams")
  if (cpu_count != split(all, cpus, ",")) wrong(cpu_count " CPUs are handed out")
  for (p in place) {
    least = split(p, cpus, ",")
    for (w in of) if (index("," mask[name[w, 0]] ",", "," cpus[1] ",")) held_places[w]++
  }
  least = places; most = 0
  for (w in of) { if (held_places[w] < least) least = held_places[w]; if (held_places[w] > most) most = held_places[w] }
  if (most - least > 1) wrong("between " least " and " most " places a team")
}

END {
  if (threads != expected) wrong(threads + 0 " threads instead of " expected)
  if (rule == "unbound") { for (who in mask) if (mask[who] != all) wrong(who " is bound to " mask[who]) }
  else if (rule == "partitioned") parted()
  else seated()
  exit bad
}
