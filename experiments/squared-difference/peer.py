"""Sum of squared differences of two integer arrays, with temporaries (NumPy) or fused (Numba).

The arrays are cut into chunks which a pool of threads takes; within a chunk, Numba may use
threads of its own. `--chunk 0` makes one chunk of everything.
"""

import argparse
import sys
import time
import tracemalloc
from multiprocessing.pool import ThreadPool

import numba
import numpy as np

numba.config.THREADING_LAYER = "omp"  # the layer that several Python threads may enter


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1, help="threads of the outer pool")
    parser.add_argument("--chunk", type=int, default=100_000, help="elements of a chunk; 0: all")
    parser.add_argument("--size", type=int, default=10_000_000, help="elements of an array")
    parser.add_argument("--dtype", choices=["int64", "int32"], default="int64")
    parser.add_argument("--method", choices=["temporaries", "fused"], default="temporaries")
    parser.add_argument("--inner", type=int, default=1, help="threads Numba uses in a chunk")
    parser.add_argument("--repeats", type=int, default=5, help="timed executions; their median counts")
    return parser.parse_args()


def temporaries(a, b):
    difference = a - b
    return int((difference * difference).sum(dtype=np.int64))


@numba.njit(nogil=True, cache=True)
def fused(a, b):
    total = 0
    for i in range(a.size):
        difference = a[i] - b[i]
        total += difference * difference
    return total


@numba.njit(nogil=True, cache=True, parallel=True)
def fused_by_threads(a, b):
    total = 0
    for i in numba.prange(a.size):
        difference = a[i] - b[i]
        total += difference * difference
    return total


def main():
    args = arguments()
    a = (np.arange(args.size) % 13).astype(args.dtype)
    b = (np.arange(args.size) % 7).astype(args.dtype)
    expected = int(((a.astype(np.int64) - b) ** 2).sum())
    if args.method == "temporaries":
        function = temporaries
    else:
        function = fused if args.inner == 1 else fused_by_threads
    length = args.chunk or args.size
    starts = range(0, args.size, length)

    def part(begin):
        return function(a[begin : begin + length], b[begin : begin + length])

    def once(pool):
        return sum(pool.imap_unordered(part, starts))

    times = []
    with ThreadPool(args.workers) as pool:
        once(pool)  # Numba compiles, threads start
        for _ in range(args.repeats):
            start = time.perf_counter()
            result = once(pool)
            times.append(time.perf_counter() - start)
            if result != expected:
                sys.exit(f"wrong sum: {result} instead of {expected}")
        tracemalloc.start()
        once(pool)
        peak = tracemalloc.get_traced_memory()[1]
    print(f"peak allocated MB: {peak / 1e6:.3f}")
    print(f"ms: {np.median(times) * 1e3:.3f}")


if __name__ == "__main__":
    main()
