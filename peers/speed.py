"""How fast are our kernels on one thread beside NumPy, SciPy and Numba? Part of `make peers`.

Contestants take turns in processes of their own, round by round. Each does the same tasks on as
much data: one untimed pass, then repetitions whose median is the round's time. A ratio is taken
within a round; printed are its median and quartiles over the rounds. Above 1 oversub is faster.
"""

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time

OVERSUB = os.environ["OVERSUB"]  # the program, as peers/run.sh names it
REPETITIONS = 3
RING = 32 << 20  # bytes of vectors that the tasks walk over, so that no core's own cache holds them

# Our workload, its tasks, and who else does them.
CONTESTS = [
    ("dot.f64.50000000", 2, ["numpy_dot", "numba_dot"]),
    ("fill-again.f64.5000", 4, ["numpy_fill", "memset"]),
    ("fill-fresh.f64.5000", 4, ["numpy_fill_new"]),
    ("euclidean.f64.10000", 2000, ["scipy_euclidean"]),
    ("minkowski-3.f64.10000", 500, ["scipy_minkowski"]),
    ("cosine.f64.10000", 2000, ["scipy_cosine"]),
    ("squared-difference-fused.i64.100000", 200, ["numba_fused"]),
    ("squared-difference-fused.i32.100000", 200, ["numba_fused"]),
    ("squared-difference-temporaries.i64.100000", 200, ["numpy_temporaries"]),
    ("squared-difference-temporaries.i32.100000", 200, ["numpy_temporaries"]),
    ("sum-reduced.i64.10000000", 4, ["numba_fused"]),
]


def median_of_repetitions(run):
    run()
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peer_seconds(peer, size, dtype, tasks):
    """The time of all tasks, in this process."""
    import numpy as np

    if "fill" in peer or peer == "memset":
        return median_of_repetitions(fills(np, peer, size, tasks))
    dtype = np.dtype({"i": "int", "f": "float"}[dtype[0]] + dtype[1:])
    pairs = max(1, -(-RING // (2 * size * dtype.itemsize)))
    ring = [(np.full(size, 1, dtype), np.full(size, 3, dtype)) for _ in range(pairs)]
    one = kernel(np, peer)
    one(*ring[0])

    def run():
        for task in range(tasks):
            one(*ring[task % pairs])

    return median_of_repetitions(run)


def fills(np, peer, size, tasks):
    matrix = np.ones((size, size))

    def run():
        for _ in range(tasks):
            if peer == "numpy_fill":
                matrix.fill(7.0)
            elif peer == "memset":
                ctypes.memset(matrix.ctypes.data, 7, matrix.nbytes)
            else:
                np.empty((size, size)).fill(7.0)

    return run


def kernel(np, peer):
    """What a peer does with two vectors."""
    if peer == "numpy_dot":
        return np.dot
    if peer == "numpy_temporaries":

        def temporaries(a, b):
            difference = a - b
            return (difference * difference).sum(dtype=np.int64)

        return temporaries
    if peer.startswith("scipy"):
        from scipy.spatial import distance

        if peer == "scipy_minkowski":
            return lambda a, b: distance.minkowski(a, b, 3)
        return getattr(distance, peer.removeprefix("scipy_"))
    import numba

    if peer == "numba_dot":

        @numba.njit(fastmath=True)
        def dot(a, b):
            total = 0.0
            for i in range(a.size):
                total += a[i] * b[i]
            return total

        return dot

    @numba.njit
    def fused(a, b):
        total = np.int64(0)
        for i in range(a.size):
            difference = np.int64(a[i] - b[i])
            total += difference * difference
        return total

    return fused


def our_seconds(workload, tasks):
    cell = f"{workload}_1x1_fork-join.passive_independent_unbound_queue.{tasks}_t{tasks}"
    arguments = [OVERSUB, "cell", cell, "--warmups", "1", "--reps", str(REPETITIONS), "--limit", "30"]
    lines = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()
    walls = [json.loads(line)["answer"]["ok"]["wall"] for line in lines]
    return statistics.median(wall["secs"] + wall["nanos"] * 1e-9 for wall in walls)


def their_seconds(peer, workload, tasks):
    arguments = [sys.executable, __file__, "--peer", peer, "--workload", workload, "--tasks", str(tasks)]
    one_thread = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}
    run = subprocess.run(
        arguments, capture_output=True, text=True, check=True, env=os.environ | one_thread
    )
    return float(run.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="workloads whose name begins so")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--workload", help=argparse.SUPPRESS)
    parser.add_argument("--tasks", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        _, dtype, size = args.workload.split(".")
        print(peer_seconds(args.peer, int(size), dtype, args.tasks))
        return
    print("| workload | peer | oversub, a task [us] | peer, a task [us] | peer's time over oversub's [1] |")
    print("|---|---|---|---|---|")
    for workload, tasks, peers in CONTESTS:
        if not workload.startswith(args.only):
            continue
        ours, theirs = [], {peer: [] for peer in peers}
        for _ in range(args.rounds):
            ours.append(our_seconds(workload, tasks))
            for peer in peers:
                theirs[peer].append(their_seconds(peer, workload, tasks))
        for peer, times in theirs.items():
            low, middle, high = statistics.quantiles([t / o for t, o in zip(times, ours)], n=4)
            us = [statistics.median(t) / tasks * 1e6 for t in (ours, times)]
            print(
                f"| {workload} | {peer} | {us[0]:.4g} | {us[1]:.4g} "
                f"| {middle:.2f} [{low:.2f}, {high:.2f}] |",
                flush=True,
            )


if __name__ == "__main__":
    main()
