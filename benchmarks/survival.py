"""Kaplan-Meier and log-rank on a million spells: counts in the engine and our estimators, beside lifelines on rows.

Run: python benchmarks/survival.py [N]
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd

from crm_research.models.survival import compare_groups, estimate_survival

COUNT = """
SELECT "group", tenure_days, sum(entered)::BIGINT AS n_entered, sum(ended)::BIGINT AS n_ended,
       sum(censored)::BIGINT AS n_censored
FROM (SELECT "group", 0 AS tenure_days, 1 AS entered, 0 AS ended, 0 AS censored FROM spells
      UNION ALL SELECT "group", tenure_days, 0, is_ended::INT, 1 - is_ended::INT FROM spells)
GROUP BY ALL
"""


def measure(work: Callable[[], object]) -> tuple[float, float, object]:
    """Seconds (untraced) and peak megabytes allocated by Python (a second, traced run), and the result."""
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return seconds, peak, result


def main(n: int) -> None:
    """Both ways on the same spells, and whether they agree."""
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

    rng = np.random.default_rng(1)
    group = rng.choice(["a", "b", "c", "d"], n)
    stay = np.ceil(rng.exponential(np.where(group == "a", 500, 700)))
    watch = rng.integers(30, 1800, n)
    spells = pd.DataFrame(
        {"group": group, "tenure_days": np.minimum(stay, watch).astype(int), "is_ended": stay <= watch}
    )
    engine = duckdb.connect()
    engine.execute("CREATE TABLE spells AS SELECT * FROM spells")

    def ours() -> tuple[pd.DataFrame, float]:
        counts = engine.execute(COUNT).df()
        return estimate_survival(counts).at(365.25), compare_groups(counts).chi_squared

    def theirs() -> tuple[list[float], float]:
        fits = [
            KaplanMeierFitter().fit(rows["tenure_days"], rows["is_ended"])
            for _, rows in spells.groupby("group", sort=True)
        ]
        test = multivariate_logrank_test(spells["tenure_days"], spells["group"], spells["is_ended"])
        return [float(fit.predict(365.25)) for fit in fits], float(test.test_statistic)

    seconds, peak, (year, chi) = measure(ours)
    peer_seconds, peer_peak, (peer_year, peer_chi) = measure(theirs)
    own_year = year.sort_values("group")["survival"].tolist()
    print(f"{n:,} spells, 4 groups: Kaplan-Meier with limits, medians, log-rank")
    print(f"crm_research  {seconds:8.3f} s  {peak:8.1f} MB")
    print(f"lifelines     {peer_seconds:8.3f} s  {peer_peak:8.1f} MB")
    gap = float(np.max(np.abs(np.subtract(own_year, peer_year))))
    print(f"ratio {peer_seconds / seconds:.1f}; largest difference in survival {gap:.1e}")
    print(f"log-rank {chi:.6f} against {peer_chi:.6f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
