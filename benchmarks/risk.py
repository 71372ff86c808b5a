"""Risks of a million customers at four horizons with intervals, beside lifelines; Uno's C beside scikit-survival.

Run: python benchmarks/risk.py [N] [N_FOR_LIFELINES] [N_FOR_UNO]
scikit-survival is no dependency (GPL); put it on the path to have it beside.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pandas as pd

from crm_research.models.hazards import fit_cox
from crm_research.models.hazards.boosting import fit_boosting
from crm_research.models.hazards.prediction import forecast_leaving
from crm_research.models.validation.measures import measure_uno
from crm_research.models.validation.weights import read_outcomes
from crm_research.pillars.churn.risks.reasons import say_reasons

NAMES = [f"x{place}" for place in range(10)]
TRUTH = np.linspace(-0.5, 0.5, 10)
Result = TypeVar("Result")
HORIZONS = [31.0, 92.0, 184.0, 366.0]


def timed(name: str, work: Callable[[], Result]) -> Result:
    """Print the seconds and the process's peak memory so far."""
    start = time.perf_counter()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:70s} {time.perf_counter() - start:8.2f} s   peak so far {peak:7.0f} MB", flush=True)
    return result


def world(n: int, seed: int) -> pd.DataFrame:
    """Spells in whole days with ten normal covariates, half of them censored."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 10))
    stay, watch = rng.exponential(500 * np.exp(-x @ TRUTH)), rng.uniform(0, 1500, n)
    return pd.DataFrame(x, columns=NAMES).assign(tenure_days=np.ceil(np.minimum(stay, watch)), is_ended=stay <= watch)


def beside_lifelines(fit_rows: pd.DataFrame, who: pd.DataFrame, n: int) -> None:
    """Chances only: lifelines gives no interval."""
    from lifelines import CoxPHFitter

    small = who.head(n)
    fit = fit_cox(fit_rows, NAMES)
    ours = timed(
        f"ours, {n:,} x 4 horizons, with intervals",
        lambda: forecast_leaving(fit, small, HORIZONS, with_remaining=False),
    )
    peer = CoxPHFitter().fit(fit_rows, "tenure_days", "is_ended")
    left = timed(
        f"lifelines predict_survival_function, {n:,} x 4 times, no intervals",
        lambda: peer.predict_survival_function(small[NAMES], times=HORIZONS, conditional_after=small["tenure_days"]),
    )
    gap = np.nanmax(np.abs(ours.risk.to_numpy() - (1 - left.to_numpy().T)))
    print(f"  largest difference of chances (ties: Efron here, Breslow's baseline there): {gap:.4f}")


def beside_scikit_survival(n: int) -> None:
    """Uno's C on the same rows."""
    rows = world(n, 3)
    score = rows[NAMES].to_numpy() @ TRUTH
    seen = read_outcomes(rows)
    ours = timed(f"Uno's C with its standard error, {n:,}", lambda: measure_uno(seen, score, until_days=730.0))
    try:
        from sksurv.metrics import concordance_index_ipcw
        from sksurv.util import Surv
    except ImportError as problem:
        print(f"  scikit-survival is not there ({problem}): nothing to compare with")
        return
    outcome = Surv.from_arrays(rows["is_ended"].to_numpy(), rows["tenure_days"].to_numpy())
    for size in (n // 10, n):
        part = outcome[:size]
        theirs = timed(
            f"scikit-survival concordance_index_ipcw, {size:,}, no standard error",
            lambda part=part, size=size: concordance_index_ipcw(part, part, score[:size], tau=730.0),
        )
    print(f"  ours {ours.estimate:.6f}, theirs {theirs[0]:.6f}")


def main(n: int, n_lifelines: int, n_uno: int) -> None:
    """Each peer in the same run."""
    rows = world(20_000, 1)
    who = world(n, 2)
    who["tenure_days"] = np.minimum(who["tenure_days"], 1000.0)
    fit = fit_cox(rows, NAMES)
    print(f"before: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB with {n:,} rows at hand")
    timed(
        f"chances and intervals, {n:,} x 4 horizons", lambda: forecast_leaving(fit, who, HORIZONS, with_remaining=False)
    )
    timed("the same with expected further tenure", lambda: forecast_leaving(fit, who, HORIZONS))
    timed("reasons of the 1,000 most at risk", lambda: say_reasons(fit, who.head(1000)))
    timed("reasons of 100,000 (ten numbers, all distinct)", lambda: say_reasons(fit, who.head(100_000)))
    boosted = timed("boosting on 20,000 spells", lambda: fit_boosting(rows, NAMES))
    timed("its chances, 100,000 x 4 horizons", lambda: boosted.risk(who.head(100_000), HORIZONS))
    beside_lifelines(rows, who, n_lifelines)
    beside_scikit_survival(n_uno)


if __name__ == "__main__":
    sizes = [int(argument.replace(",", "").replace("_", "")) for argument in sys.argv[1:]]
    main(*(sizes + [1_000_000, 20_000, 200_000][len(sizes) :]))
