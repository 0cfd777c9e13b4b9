"""Filling large matrices with NumPy in a pool of threads: memory touched for the first time, or again.

With --memory new every task gets a fresh matrix, whose pages the kernel hands out while it is
filled; with --memory used each worker fills a matrix that is there already. NumPy fills on one
thread, so there is no inner width.
"""

import argparse
import sys
import time
from multiprocessing.pool import ThreadPool

import numpy as np


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1, help="threads of the outer pool")
    parser.add_argument("--chunk", type=int, default=1, help="matrices handed out together")
    parser.add_argument("--matrices", type=int, default=4)
    parser.add_argument("--size", type=int, default=5000, help="order of a matrix")
    parser.add_argument("--memory", choices=["new", "used"], default="new")
    return parser.parse_args()


def main():
    args = arguments()
    shape = (args.size, args.size)
    kept = []
    if args.memory == "used":
        kept = [np.zeros(shape) for _ in range(args.workers)]
        for matrix in kept:
            matrix.fill(1.0)  # zeros() alone touches nothing

    def fill(task):
        matrix = kept[task % args.workers] if kept else np.empty(shape)
        matrix.fill(7.0)
        return matrix[0, 0], matrix[-1, -1]

    with ThreadPool(args.workers) as pool:
        start = time.perf_counter()
        corners = pool.map(fill, range(args.matrices), chunksize=args.chunk)
        seconds = time.perf_counter() - start

    if corners != [(7.0, 7.0)] * args.matrices or not all((m == 7.0).all() for m in kept):
        sys.exit("not filled")
    bytes_written = args.matrices * 8 * args.size**2
    print(f"GB/s: {bytes_written / seconds / 1e9:.3f}")
    print(f"ms: {seconds * 1e3:.3f}")


if __name__ == "__main__":
    main()
