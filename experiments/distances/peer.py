"""Distances between pairs of vectors with SciPy, one call a pair, in a pool of threads.

SciPy's distances run on one thread, so there is no inner width; what matters is how many pairs a
worker takes at a time.
"""

import argparse
import sys
import time
from multiprocessing.pool import ThreadPool

import numpy as np
from scipy.spatial import distance

# With a = 1, 1, ... and b = 3, 3, ...: every difference is 2, and the vectors are parallel.
DISTANCES = {
    "euclidean": (distance.euclidean, lambda n: 2.0 * n**0.5),
    "minkowski": (lambda a, b: distance.minkowski(a, b, 3), lambda n: 2.0 * n ** (1 / 3)),
    "cosine": (distance.cosine, lambda n: 0.0),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1, help="threads of the outer pool")
    parser.add_argument("--chunk", type=int, help="pairs handed out together [default: the pool's rule]")
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=10_000, help="elements of a vector")
    parser.add_argument("--distance", choices=sorted(DISTANCES), default="euclidean")
    return parser.parse_args()


def main():
    args = arguments()
    apart, expected = DISTANCES[args.distance]
    vectors = [(np.ones(args.size), np.full(args.size, 3.0)) for _ in range(args.workers)]

    def measure(pair):
        return apart(*vectors[pair % args.workers])

    measure(0)  # the first call imports and looks up
    with ThreadPool(args.workers) as pool:
        start = time.perf_counter()
        distances = pool.map(measure, range(args.pairs), chunksize=args.chunk)
        seconds = time.perf_counter() - start

    if not np.allclose(distances, expected(args.size), rtol=1e-9, atol=1e-9):
        sys.exit("wrong distances")
    print(f"us a pair: {seconds / args.pairs * 1e6:.3f}")
    print(f"ms: {seconds * 1e3:.3f}")


if __name__ == "__main__":
    main()
