"""Evidence for groups among a million customers, beside the bare grid of k-means it rests on.

    python benchmarks/segmentation.py [customers] [inputs]

Prints seconds and peak memory. The evidence is taken on a stated sample, everybody is assigned.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

from crm_research.segmentation.clustering import draw_sample, fit_centres
from crm_research.segmentation.evidence import find_groups


def main(n: int = 1_000_000, n_inputs: int = 10) -> None:
    """Time the grid of k-means on the sample, then the full evidence with the assignment of all."""
    rng = np.random.default_rng(1)
    centres = rng.normal(scale=2.0, size=(5, n_inputs))
    points = centres[rng.integers(0, 5, size=n)] + rng.normal(size=(n, n_inputs))
    with threadpool_limits(limits=1):
        sample = points[draw_sample(n, 20_000, seed=1)]
        fit_centres(sample[:1_000], 2, seed=1)  # imports are not what is measured
        start = time.perf_counter()
        for k in range(2, 9):
            fit_centres(sample, k, seed=1, n_starts=10)
        grid = time.perf_counter() - start
        start = time.perf_counter()
        found = find_groups(points, n_bootstraps=100, seed=1)
        evidence = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{n:,} customers x {n_inputs} inputs: {found.k} groups, {found.verdict}")
    print(f"k-means grid on 20,000: {grid:.1f} s; evidence and assignment of all: {evidence:.1f} s")
    print(f"ratio {evidence / grid:.1f}, peak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:3]))
