"""Evidence for groups among a million customers, beside the bare grid of k-means that a notebook would run.

    python benchmarks/segmentation.py [customers] [inputs]

The grid is scikit-learn's KMeans, k from 2 to 10, ten starts each, with the silhouette of each, on the sample on which
the evidence is taken. The evidence holds the criteria, 100 resamples and the null test. Everybody is assigned to the
nearest centre by the engine. Seconds are those of the wall and those of the processor; quote the ratios.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from crm_research.pillars.segmentation.deployment.reference import take_reference
from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
from crm_research.pillars.segmentation.evidence.gather import Evidence, find_groups
from crm_research.pillars.segmentation.evidence.kmeans import draw_sample
from crm_research.pillars.segmentation.inputs.transforms import InputTransform

_SAMPLE = 20_000
_SEED = 1


def main(n: int = 1_000_000, n_inputs: int = 10) -> None:
    """Time the evidence and the assignment of all, then the bare grid."""
    points = _plant(n, n_inputs)
    _warm_up(points)
    found, wall, processor = _time(lambda: find_groups(points, n_bootstraps=100, seed=_SEED))
    n_assigned, wall_all, processor_all = _time(lambda: _assign_in_engine(points, found))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sample = points[draw_sample(n, _SAMPLE, seed=_SEED)]
    fits, wall_fits, processor_fits = _time(lambda: _fit_grid(sample))
    _, wall_judged, processor_judged = _time(lambda: _judge_grid(sample, fits))
    print(f"{n:,} customers x {n_inputs} inputs: {found.k} groups, {found.verdict}; sample {len(found.points):,}")
    print(f"evidence: {wall:.1f} s ({processor:.1f} of the processor)")
    print(f"assignment of {n_assigned:,} in the engine: {wall_all:.1f} s ({processor_all:.1f})")
    print(f"bare grid: k-means {wall_fits:.1f} s ({processor_fits:.1f})")
    print(f"silhouettes of the grid: {wall_judged:.1f} s ({processor_judged:.1f})")
    print(
        f"evidence over grid with silhouettes {wall / (wall_fits + wall_judged):.2f} "
        f"(processor {processor / (processor_fits + processor_judged):.2f}), "
        f"over k-means alone {wall / wall_fits:.2f} (processor {processor / processor_fits:.2f})"
    )
    print(f"peak memory of evidence and assignment {peak:,.0f} MB")


def _plant(n: int, n_inputs: int) -> np.ndarray:
    rng = np.random.default_rng(_SEED)
    centres = rng.normal(scale=2.0, size=(5, n_inputs))
    return centres[rng.integers(0, 5, size=n)] + rng.normal(size=(n, n_inputs))


def _warm_up(points: np.ndarray) -> None:
    """Imports are not what is measured."""
    find_groups(points[:200], n_bootstraps=2)


def _assign_in_engine(points: np.ndarray, found: Evidence) -> int:
    """The segment of each customer of a table in the engine, into another table."""
    import pyarrow as pa

    from crm_research.engine import connect
    from crm_research.pillars.segmentation.deployment.assign import assign_segments
    from crm_research.study import Study

    saved = _save(points, found)
    backend = connect()
    columns = dict(zip(saved.used, points.T, strict=True))
    backend.con.register("held", pa.table({"customer_id": np.arange(len(points)), **columns}))
    features = backend.table("held")
    study = Study(name="bench", title="", currency="EUR", as_of=saved.as_of, tables={"orders": features})
    wanted = backend.compile(assign_segments(study, saved, features=features))
    backend.con.execute(f"CREATE TABLE assigned AS {wanted}")
    sizes = dict(backend.con.execute("SELECT segment, count(*) FROM assigned GROUP BY ALL").fetchall())
    if sizes != dict(zip(saved.names, np.bincount(found.labels).tolist(), strict=True)):
        raise SystemExit("The engine assigns otherwise than the evidence.")
    return sum(sizes.values())


def _save(points: np.ndarray, found: Evidence) -> SavedSegmentation:
    names = [f"x{place}" for place in range(points.shape[1])]
    inputs = tuple(
        InputTransform(name=name, what="", is_logarithmic=False, fill=0.0, centre=0.0, scale=1 / weight, clip=None)
        for name, weight in zip(names, found.weights.tolist(), strict=True)
    )
    few = points[:1_000]
    return SavedSegmentation(
        study="bench", currency="EUR", as_of=datetime(2024, 1, 1), purpose="behaviour", inputs=inputs,
        names=tuple(f"segment {group}" for group in range(found.k)), centres=found.centres, evidence={},
        reference=take_reference(few, few * found.weights, found.centres, names),
    )  # fmt: skip


def _fit_grid(sample: np.ndarray) -> list[np.ndarray]:
    from sklearn.cluster import KMeans

    return [KMeans(n_clusters=k, n_init=10, random_state=_SEED).fit_predict(sample) for k in range(2, 11)]


def _judge_grid(sample: np.ndarray, fits: list[np.ndarray]) -> list[float]:
    from sklearn.metrics import silhouette_score

    return [float(silhouette_score(sample, labels)) for labels in fits]


def _time(run: Callable[[], Any]) -> tuple[Any, float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    result = run()
    return result, time.perf_counter() - wall, time.process_time() - processor


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:3]))
