"""Dot products of two vectors far larger than any cache, by NumPy's threaded BLAS.

Every outer worker has vectors of its own. OpenBLAS grants its environment variable no more threads
than PUs; its own call grants more, so both set the inner width.
"""

import argparse
import sys
import time
from multiprocessing.pool import ThreadPool

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1, help="threads of the outer pool")
    parser.add_argument("--inner", type=int, default=1, help="threads of the BLAS")
    parser.add_argument("--chunk", type=int, default=1, help="products handed out together")
    parser.add_argument("--products", type=int, default=4)
    parser.add_argument("--size", type=int, default=50_000_000, help="elements of a vector")
    return parser.parse_args()


def main():
    args = arguments()
    threadpool_limits(args.inner)
    vectors = [(np.ones(args.size), np.full(args.size, 2.0)) for _ in range(args.workers)]

    def product(task):
        a, b = vectors[task % args.workers]
        return a.dot(b)

    with ThreadPool(args.workers) as pool:
        start = time.perf_counter()
        results = pool.map(product, range(args.products), chunksize=args.chunk)
        seconds = time.perf_counter() - start

    if results != [2.0 * args.size] * args.products:
        sys.exit(f"wrong products: {results}")
    granted = [library["num_threads"] for library in threadpool_info()]
    if granted != [args.inner]:
        sys.exit(f"the BLAS runs on {granted} threads instead of {args.inner}")
    bytes_read = args.products * 2 * 8 * args.size
    print(f"GB/s: {bytes_read / seconds / 1e9:.3f}")
    print(f"ms: {seconds * 1e3:.3f}")


if __name__ == "__main__":
    main()
