"""A sum over an array by Numba's threads: as a reduction, or added up in one shared cell by all.

The racy sum loses updates. It is no answer, so the program says how many were lost and fails.
Numba's threads are the inner level; `--workers` programs such sums at the same time.
"""

import argparse
import sys
import time
from multiprocessing.pool import ThreadPool

import numba
import numpy as np

numba.config.THREADING_LAYER = "omp"  # the layer that several Python threads may enter


@numba.njit(nogil=True, cache=True, parallel=True)
def reduction(a, cell):
    total = 0
    for i in numba.prange(a.size):
        total += a[i]
    cell[0] = total


@numba.njit(nogil=True, cache=True, parallel=True)
def racy(a, cell):
    for i in numba.prange(a.size):
        cell[0] += a[i]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1, help="threads of the outer pool")
    parser.add_argument("--sums", type=int, default=4)
    parser.add_argument("--size", type=int, default=10_000_000, help="elements of the array")
    parser.add_argument("--method", choices=["reduction", "racy"], default="reduction")
    return parser.parse_args()


def main():
    args = arguments()
    function = reduction if args.method == "reduction" else racy
    ones = np.ones(args.size, dtype=np.int64)

    def total(_):
        cell = np.zeros(1, dtype=np.int64)
        function(ones, cell)
        return int(cell[0])

    total(0)  # Numba compiles, threads start
    with ThreadPool(args.workers) as pool:
        start = time.perf_counter()
        totals = pool.map(total, range(args.sums), chunksize=1)
        seconds = time.perf_counter() - start

    print(f"ms: {seconds * 1e3:.3f}")
    lost = args.size * args.sums - sum(totals)
    if lost:
        share = 100 * lost / (args.size * args.sums)
        sys.exit(f"wrong: {lost} updates lost, {share:.1f} %")


if __name__ == "__main__":
    main()
