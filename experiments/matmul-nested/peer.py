"""Products of pairs of matrices of ones: a pool of Python threads over NumPy's threaded BLAS.

OpenBLAS grants its environment variable no more threads than PUs; its own call grants more, so both
set the inner width.
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
    parser.add_argument("--chunk", type=int, help="pairs handed out together [default: the pool's rule]")
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--size", type=int, default=2000, help="order n of the matrices")
    return parser.parse_args()


def multiply(pair):
    return pair[0] @ pair[1]


def main():
    args = arguments()
    threadpool_limits(args.inner)
    shape = (args.size, args.size)
    pairs = [(np.ones(shape), np.ones(shape)) for _ in range(args.pairs)]
    multiply(pairs[0])  # the BLAS starts its threads

    with ThreadPool(args.workers) as pool:
        start = time.perf_counter()
        products = pool.map(multiply, pairs, chunksize=args.chunk)
        seconds = time.perf_counter() - start

    # A row of ones by a column of ones is n.
    if not all((product == args.size).all() for product in products):
        sys.exit("wrong product")
    granted = [library["num_threads"] for library in threadpool_info()]
    if granted != [args.inner]:
        sys.exit(f"the BLAS runs on {granted} threads instead of {args.inner}")
    print(f"ms: {seconds * 1e3:.3f}")


if __name__ == "__main__":
    main()
