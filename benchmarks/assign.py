"""A segment for each customer: ours, in the engine, against scikit-learn's predict on a pulled frame.

    python benchmarks/assign.py [--customers 1000000] [--inputs 10] [--groups 6] [--repeats 3]

Every contender runs in a process of its own on the same Parquet file of features and ends with a Parquet file of
customer_id and segment. Ours makes the certainty and the second segment too (`ours`), and once the segment alone
(`ours, segment only`). The peers pull the features into pandas, scale them (by the fitted parameters) and ask KMeans;
`cold` includes starting Python and importing, as a nightly job would; `warm` does not. Prints a Markdown table of the
median seconds, the ratio to ours, and the peak resident memory of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

CONTENDERS = ("ours", "ours, segment only", "scikit-learn, numpy scaling", "scikit-learn, its own pipeline")


def make_features(path: Path, n: int, p: int) -> None:
    """Skewed behaviour of n customers, one gap in twenty in the last input, written by DuckDB."""
    from crm_research.engine import connect

    columns = [f"exp(random() * 3 + random()) AS x{place}" for place in range(p - 1)]
    columns.append(f"CASE WHEN random() < 0.05 THEN NULL ELSE random() * 4 END AS x{p - 1}")
    connect().raw_sql(
        f"COPY (SELECT 'customer-' || i AS customer_id, {', '.join(columns)} FROM range({n}) t(i)) "
        f"TO '{path}' (FORMAT parquet)"
    ).close()


def a_segmentation(p: int, k: int) -> Any:
    """k centres on p inputs, of which all but the last are logarithmic."""
    from crm_research.segmentation.portrait import take_portrait
    from crm_research.segmentation.saved import SavedSegmentation
    from crm_research.segmentation.transforms import InputTransform

    rng = np.random.default_rng(1)
    inputs = tuple(
        InputTransform(
            name=f"x{place}", what="", is_logarithmic=place < p - 1, fill=2.0, centre=2.0, scale=0.9, clip=3.0
        )
        for place in range(p)
    )
    centres = rng.normal(size=(k, p))
    raw = rng.exponential(5, size=(1000, p))
    scaled = np.column_stack([transform.apply(raw[:, place]) for place, transform in enumerate(inputs)])
    return SavedSegmentation(
        study="bench", currency="EUR", as_of=datetime(2024, 1, 1), purpose="behaviour", inputs=inputs,
        names=tuple(f"segment {group}" for group in range(k)), centres=centres, evidence={},
        portrait=take_portrait(raw, scaled, centres, [transform.name for transform in inputs]),
    )  # fmt: skip


def ours(source: Path, target: Path, saved: Any, *, is_bare: bool) -> Callable[[], None]:
    from crm_research.engine import connect
    from crm_research.segmentation.assigning import assign_customers
    from crm_research.study import Study

    backend = connect()
    features = backend.read_parquet(source)
    study = Study(
        name="bench", title="", currency="EUR", as_of=datetime(2024, 1, 1), tables={"orders": features}
    )  # fmt: skip

    def run() -> None:
        assigned = assign_customers(study, saved, features=features)
        (assigned.select("customer_id", "segment") if is_bare else assigned).to_parquet(target)

    return run


def peer(source: Path, target: Path, saved: Any, *, has_pipeline: bool) -> Callable[[], None]:
    import duckdb
    import pandas as pd
    from sklearn.cluster import KMeans
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    p, k = len(saved.inputs), saved.k
    model = KMeans(n_clusters=k, n_init=1).fit(np.random.default_rng(0).normal(size=(100, p)))
    model.cluster_centers_ = saved.centres
    imputer = SimpleImputer(strategy="median").fit(np.full((9, p), 2.0))
    scaler = StandardScaler().fit(np.random.default_rng(0).normal(size=(100, p)))
    scaler.mean_, scaler.scale_ = np.full(p, 2.0), np.full(p, 0.9)
    pipeline = make_pipeline(imputer, FunctionTransformer(_on_log_scale), scaler, FunctionTransformer(_clip))
    names = np.array(saved.names)

    def run() -> None:
        frame = duckdb.connect().execute(f"SELECT * FROM read_parquet('{source}')").df()
        columns = frame[[transform.name for transform in saved.inputs]]
        if has_pipeline:
            scaled = pipeline.transform(columns.to_numpy())
        else:
            values = columns.fillna(2.0).to_numpy()
            values[:, :-1] = np.log1p(values[:, :-1])
            scaled = np.clip((values - 2.0) / 0.9, -3, 3)
        labels = model.predict(scaled)
        pd.DataFrame({"customer_id": frame["customer_id"], "segment": names[labels]}).to_parquet(target)

    return run


def _on_log_scale(values: np.ndarray) -> np.ndarray:
    return np.column_stack([np.log1p(values[:, :-1]), values[:, -1]])


def _clip(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -3, 3)


def measure(contender: str, source: Path, p: int, k: int, repeats: int) -> None:
    """Run one contender in this process and print what it took."""
    began = time.perf_counter()
    target = source.with_name(f"{CONTENDERS.index(contender)}.parquet")
    saved = a_segmentation(p, k)
    if contender.startswith("ours"):
        run = ours(source, target, saved, is_bare="only" in contender)
    else:
        run = peer(source, target, saved, has_pipeline="pipeline" in contender)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    cold = seconds[0] + (time.perf_counter() - began - sum(seconds))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"warm": statistics.median(seconds), "cold": cold, "peak": peak}))


def agreement(folder: Path) -> float:
    """Share of customers whom ours and the peer place alike."""
    import duckdb

    sql = (
        f"SELECT avg((a.segment = b.segment)::INT) FROM read_parquet('{folder}/0.parquet') a "
        f"JOIN read_parquet('{folder}/2.parquet') b USING (customer_id)"
    )
    return float(duckdb.connect().execute(sql).fetchone()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--inputs", type=int, default=10)
    parser.add_argument("--groups", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--contender", choices=CONTENDERS)
    parser.add_argument("--source", type=Path)
    asked = parser.parse_args()
    if asked.contender:
        measure(asked.contender, asked.source, asked.inputs, asked.groups, asked.repeats)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "features.parquet"
        make_features(source, asked.customers, asked.inputs)
        found = {}
        for contender in CONTENDERS:
            command = [sys.executable, __file__, "--contender", contender, "--source", str(source)]
            for name in ("customers", "inputs", "groups", "repeats"):
                command += [f"--{name}", str(getattr(asked, name))]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[contender] = json.loads(done.stdout.splitlines()[-1])
        print(f"{asked.customers:,} customers, {asked.inputs} inputs, {asked.groups} segments\n")
        print("| contender | seconds, warm | against ours | seconds with start and imports | peak memory, MB |")
        print("|---|---:|---:|---:|---:|")
        first = found["ours"]["warm"]
        for contender, row in found.items():
            ratio = row["warm"] / first
            print(f"| {contender} | {row['warm']:.2f} | {ratio:.2f} | {row['cold']:.2f} | {row['peak']:,.0f} |")
        print(f"\nPlaced alike by ours and scikit-learn: {agreement(Path(folder)):.6f}")


if __name__ == "__main__":
    main()
