#!/usr/bin/env python3
"""Is `oversub doctor --machine` right on every machine in a folder, as lstopo reads it?

    tests/topologies.py FOLDER [--oversub PROGRAM] [--lstopo PROGRAM]

Takes every XML file below FOLDER that holds a topology and every synthetic description that stands in
quotes in its other files (the tests of hwloc hold some 70 files and 100 descriptions). Compares with what
lstopo makes of the same: objects of each kind with their numbers and sizes, allowed and missing PUs, kinds
of core in their order. Needs lstopo 2.9 or later; files of hwloc 3 need lstopo 3. No part of `make test`.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as tree

KINDS = {
    "Package": "package", "Die": "die", "Group": "group", "NUMANode": "numa-node",
    "L1Cache": "cache1", "L2Cache": "cache2", "L3Cache": "cache3", "L4Cache": "cache4",
    "L5Cache": "cache5", "Core": "core", "PU": "pu",
}
QUOTED = re.compile(r"""["']((?:HWLOC_SYNTHETIC=)?[^"'\n]{3,400})["']""")
WORD = r"(?:\[[a-z]+(?:\([^()]*\))?\]|(?:[a-z][a-z0-9]*:)?[0-9]+(?:\([^()]*\))?)"
SYNTHETIC = re.compile(rf"(?:\([^()]*\) *)?{WORD}(?: +{WORD})+ *", re.IGNORECASE)


def pus(bitmap):
    """The numbers in hwloc's bitmap form."""
    number = 0
    for word in bitmap.split(","):
        number = number << 32 | int(word or "0", 16)
    return {bit for bit in range(number.bit_length()) if number >> bit & 1}


def listed(text):
    """The numbers in a list such as 0-3,8."""
    numbers = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def by_lstopo(lstopo, machine):
    """The facts of `machine`, or None and what lstopo said against it."""
    command = [lstopo, "-i", machine, "--flags", "disallowed", "--no-io", "--no-icaches", "--of", "xml", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    start = done.stdout.find("<?xml")
    if done.returncode != 0 or start < 0:
        return None, (done.stderr or done.stdout).strip().split("\n")[-1]
    topology = tree.fromstring(done.stdout[start:])
    root = topology.find("object")
    objects = collections.Counter()
    for found in topology.iter("object"):
        kind = KINDS.get(found.get("type"))
        index = found.get("os_index") if found.get("type") in ("PU", "NUMANode", "Package", "Core") else None
        if kind:
            objects[kind, index, frozenset(pus(found.get("cpuset")))] += 1
    kinds = [frozenset(pus(kind.get("cpuset"))) for kind in topology.findall("cpukind")]
    described = pus(root.get("cpuset"))
    facts = {
        "objects": objects,
        "allowed": described & pus(root.get("allowed_cpuset")),
        "not described": pus(root.get("complete_cpuset")) - described,
        "kinds of core": kinds if len(kinds) > 1 else [],
        "said": done.stderr.strip(),
    }
    return facts, None


def by_oversub(oversub, machine):
    """The facts of `machine`, or None and the reason why oversub refused it."""
    command = [oversub, "doctor", "--machine", machine, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        return None, done.stderr.strip()
    report = json.loads(done.stdout)
    topology = report["topology"]
    objects = collections.Counter()

    def count(node):
        kind = node["kind"]
        kind = f"cache{kind['cache']}" if isinstance(kind, dict) else kind
        index = node["os_index"] if kind in ("pu", "numa-node", "package", "core") else None
        if kind != "machine":
            objects[kind, None if index is None else str(index), frozenset(listed(node["cpuset"]))] += 1
        for child in node.get("children", []):
            count(child)

    count(topology["root"])
    kinds = [frozenset(listed(kind["cpuset"])) for kind in topology["core_kinds"]]
    facts = {
        "objects": objects,
        "allowed": listed(report["allowed"]),
        "not described": listed(topology.get("not_described", "")),
        "kinds of core": kinds if len(kinds) > 1 else [],
    }
    return facts, None


def machines(folder):
    """Files and descriptions below `folder`."""
    descriptions = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".xml":
            if "<topology" in text:
                yield "file", str(path)
        elif "\0" not in text:
            found = (quoted.removeprefix("HWLOC_SYNTHETIC=") for quoted in QUOTED.findall(text))
            descriptions.update(one for one in found if SYNTHETIC.fullmatch(one))
    for description in sorted(descriptions):
        yield "description", description


def verdict(ours, theirs):
    (found, refused), (expected, unreadable) = ours, theirs
    if refused and len(refused.split("\n")) != 1 or refused == "":
        return "wrong", f"not refused in one line: {refused}"
    if expected is None:
        return ("both refuse", refused) if refused else ("lstopo refuses", unreadable)
    if refused:
        return "refused", refused
    wrong = [name for name, fact in found.items() if fact != expected[name]]
    if not wrong:
        return "right", ""
    details = f"; objects {dict((found['objects'] - expected['objects']))} for {dict(expected['objects'] - found['objects'])}"
    return "wrong", ", ".join(wrong) + (details if "objects" in wrong else f"; {[found[w] for w in wrong]} for {[expected[w] for w in wrong]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--oversub", default="target/release/oversub")
    parser.add_argument("--lstopo", default="lstopo-no-graphics")
    given = parser.parse_args()
    table = collections.defaultdict(collections.Counter)
    for sort, machine in machines(given.folder):
        word, detail = verdict(by_oversub(given.oversub, machine), by_lstopo(given.lstopo, machine))
        table[sort][word] += 1
        if word != "right":
            print(f"{word}: {machine}\n    {detail[:500]}", flush=True)
    for sort, words in table.items():
        counts = ", ".join(f"{count} {word}" for word, count in words.most_common())
        print(f"{sort}s: {sum(words.values())} ({counts})")
    sys.exit(any(words["wrong"] for words in table.values()))


if __name__ == "__main__":
    main()
