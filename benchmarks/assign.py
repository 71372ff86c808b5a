"""A segment for each customer: ours, in the engine, against scikit-learn's predict on a pulled frame.

    python benchmarks/assign.py [--customers 1000000] [--inputs 10] [--groups 6] [--repeats 7] [--threads 2]

All contenders share a table of features in one engine (DuckDB, in memory) and end with a table of customer_id and
segment in it, for that is where campaigns are drawn from. Ours makes the segment alone (`assign_segments`), or all
that is said of a customer (`assign_customers`). The peers pull the features into pandas, scale them by the fitted
parameters, ask KMeans and write the labels back; `no write` leaves them in Python. `floor` is what nothing in this
engine can do without: read the columns, take the logarithms, write a number for each customer. The contenders take
turns, so that whatever else the machine does falls on all; ratios are medians over the rounds. Prints a Markdown
table of seconds, processor seconds (all threads), their ratios to ours, and the peak memory of a process that does it
once.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

OURS, PEER = "ours", "scikit-learn, numpy scaling"
CONTENDERS = (
    OURS,
    "ours, with certainty",
    PEER,
    "scikit-learn, numpy scaling, no write",
    "scikit-learn, its own pipeline",
    "floor",
)


def make_features(path: Path, n: int, p: int) -> None:
    """Log-normal behaviour of n customers, as money is, and one gap in twenty in the last input, made by DuckDB."""
    import duckdb

    normal = "sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())"
    columns = [f"round(exp(1.7 + {normal}), 2) AS x{place}" for place in range(p - 1)]
    columns.append(f"CASE WHEN random() < 0.05 THEN NULL ELSE random() * 4 END AS x{p - 1}")
    rows = f"SELECT 'customer-' || i AS customer_id, {', '.join(columns)} FROM range({n}) t(i)"
    duckdb.connect().execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")


def open_features(source: Path, threads: int) -> Any:
    """An engine in memory that holds the table of features."""
    from crm_research.engine import connect

    backend = connect()
    backend.con.execute(f"SET threads = {threads}")
    backend.con.execute(f"CREATE TABLE features AS SELECT * FROM read_parquet('{source}')")
    return backend


def a_segmentation(p: int, k: int) -> Any:
    """k centres on p inputs, of which all but the last are logarithmic."""
    from crm_research.pillars.segmentation.deployment.reference import take_reference
    from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
    from crm_research.pillars.segmentation.inputs.transforms import InputTransform

    rng = np.random.default_rng(1)
    inputs = tuple(
        InputTransform(
            name=f"x{place}", what="", is_logarithmic=place < p - 1, fill=2.0, centre=1.9, scale=0.8, clip=3.0
        )
        for place in range(p)
    )
    centres = rng.normal(size=(k, p))
    raw = rng.exponential(5, size=(1000, p))
    scaled = np.column_stack([transform.apply(raw[:, place]) for place, transform in enumerate(inputs)])
    return SavedSegmentation(
        study="bench", currency="EUR", as_of=datetime(2024, 1, 1), purpose="behaviour", inputs=inputs,
        names=tuple(f"segment {group}" for group in range(k)), centres=centres, evidence={},
        reference=take_reference(raw, scaled, centres, [transform.name for transform in inputs]),
    )  # fmt: skip


def ours(backend: Any, saved: Any, *, is_bare: bool) -> Callable[[], None]:
    from crm_research.pillars.segmentation.deployment.assign import assign_customers, assign_segments
    from crm_research.study import Study

    features = backend.table("features")
    study = Study(
        name="bench", title="", currency="EUR", as_of=datetime(2024, 1, 1), tables={"orders": features}
    )  # fmt: skip
    make = assign_segments if is_bare else assign_customers

    def run() -> None:
        wanted = backend.compile(make(study, saved, features=features))
        backend.con.execute(f"CREATE OR REPLACE TABLE assigned AS {wanted}")

    return run


def floor(backend: Any, saved: Any) -> Callable[[], None]:
    names = [f"ln({t.name} + 1)" if t.is_logarithmic else t.name for t in saved.inputs]
    sql = f"CREATE OR REPLACE TABLE assigned AS SELECT customer_id, {' + '.join(names)} AS segment FROM features"
    return lambda: backend.con.execute(sql)


def peer(backend: Any, saved: Any, *, has_pipeline: bool, writes: bool) -> Callable[[], None]:
    import pandas as pd
    from sklearn.cluster import KMeans
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    p, k = len(saved.inputs), saved.k
    engine = backend.con
    model = KMeans(n_clusters=k, n_init=1).fit(np.random.default_rng(0).normal(size=(100, p)))
    model.cluster_centers_ = saved.centres
    fill, centre, scale = saved.inputs[0].fill, saved.inputs[0].centre, saved.inputs[0].scale
    imputer = SimpleImputer(strategy="median").fit(np.full((9, p), fill))
    scaler = StandardScaler().fit(np.random.default_rng(0).normal(size=(100, p)))
    scaler.mean_, scaler.scale_ = np.full(p, centre), np.full(p, scale)
    pipeline = make_pipeline(imputer, FunctionTransformer(_on_log_scale), scaler, FunctionTransformer(_clip))
    names = np.array(saved.names)

    def run() -> None:
        frame = engine.execute("SELECT * FROM features").df()
        columns = frame[[transform.name for transform in saved.inputs]]
        if has_pipeline:
            scaled = pipeline.transform(columns.to_numpy())
        else:
            values = columns.fillna(fill).to_numpy()
            values[:, :-1] = np.log1p(values[:, :-1])
            scaled = np.clip((values - centre) / scale, -3, 3)
        labels = model.predict(scaled)
        found = pd.DataFrame({"customer_id": frame["customer_id"], "segment": names[labels]})
        if writes:
            engine.register("found", found)
            engine.execute("CREATE OR REPLACE TABLE assigned AS SELECT * FROM found")
            engine.unregister("found")

    return run


def _on_log_scale(values: np.ndarray) -> np.ndarray:
    return np.column_stack([np.log1p(values[:, :-1]), values[:, -1]])


def _clip(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -3, 3)


def prepare(contender: str, backend: Any, saved: Any) -> Callable[[], None]:
    if contender == "floor":
        return floor(backend, saved)
    if contender.startswith(OURS):
        return ours(backend, saved, is_bare=contender == OURS)
    return peer(backend, saved, has_pipeline="pipeline" in contender, writes="no write" not in contender)


def measure(source: Path, asked: argparse.Namespace) -> dict[str, np.ndarray]:
    """Seconds and processor seconds of every contender, one row a round."""
    backend, saved = open_features(source, asked.threads), a_segmentation(asked.inputs, asked.groups)
    runs = {name: prepare(name, backend, saved) for name in CONTENDERS}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    for place in range(asked.repeats + 1):
        for name, run in runs.items():
            start, used = time.perf_counter(), _processor()
            run()
            if place:  # the first round warms up
                took[name].append((time.perf_counter() - start, _processor() - used))
            if name in (OURS, PEER):
                backend.con.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT customer_id, segment FROM assigned')
    alike = backend.con.execute(
        f'SELECT avg((a.segment = b.segment)::INT), count(*) FROM "{OURS}" a JOIN "{PEER}" b USING (customer_id)'
    ).fetchone()
    print(f"Placed alike by ours and scikit-learn: {alike[0]:.6f} of {alike[1]:,}\n")
    return {name: np.array(rows) for name, rows in took.items()}


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure_memory(contender: str, source: Path, asked: argparse.Namespace) -> float:
    """Peak resident megabytes of a process that does it once."""
    command = [sys.executable, __file__, "--contender", contender, "--source", str(source)]
    for name in ("customers", "inputs", "groups", "threads"):
        command += [f"--{name}", str(getattr(asked, name))]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--inputs", type=int, default=10)
    parser.add_argument("--groups", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--contender", choices=CONTENDERS)
    parser.add_argument("--source", type=Path)
    asked = parser.parse_args()
    if asked.contender:
        backend = open_features(asked.source, asked.threads)
        prepare(asked.contender, backend, a_segmentation(asked.inputs, asked.groups))()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "features.parquet"
        make_features(source, asked.customers, asked.inputs)
        # Before this process grows: a child's peak counts from its parent's size.
        peaks = {name: measure_memory(name, source, asked) for name in CONTENDERS}
        found = measure(source, asked)
        what = f"{asked.customers:,} customers, {asked.inputs} inputs, {asked.groups} segments"
        print(f"{what}, {asked.threads} threads\n")
        print("| contender | seconds | against ours | processor s | against ours | peak, MB |")
        print("|---|---:|---:|---:|---:|---:|")
        for contender, rows in found.items():
            (seconds, busy), (slower, dearer) = np.median(rows, axis=0), np.median(rows / found[OURS], axis=0)
            told = [f"{seconds:.2f}", f"{slower:.2f}", f"{busy:.2f}", f"{dearer:.2f}", f"{peaks[contender]:,.0f}"]
            print(f"| {contender} | {' | '.join(told)} |")


if __name__ == "__main__":
    main()
