"""Regressions of leaving beside their peers; ratios are of processor time, from one run, the best of several turns.

Run: python benchmarks/hazards.py [N]    (300,000 by default; the figures of the decision records are for 1,000,000)
Peers that are not installed (`survival` 2.0, scikit-survival) are skipped with a message. A folder that holds one
alone can be named: PEERS=/path/to/folder python benchmarks/hazards.py
"""

from __future__ import annotations

import importlib
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import duckdb
import numpy as np
import pandas as pd

from crm_research.models.hazards import fit_cox, fit_fine_gray, fit_frailty, fit_grouped
from crm_research.models.hazards.regression import build_columns
from crm_research.models.hazards.risk_sets import build_risk_sets
from crm_research.models.hazards.searching import search
from crm_research.models.hazards.spell_rows import read_spell_rows
from crm_research.models.validation.measures import measure_uno
from crm_research.models.validation.weights import read_outcomes

NAMES = [f"x{place}" for place in range(10)]
TRUTH = np.linspace(-0.5, 0.5, 10)
TURNS = 3
FOR_LIFELINES, FOR_FRAILTY, FOR_UNO = 100_000, 100_000, 200_000
Result = TypeVar("Result")


def timed(name: str, work: Callable[[], Result], turns: int = TURNS) -> tuple[float, Result]:
    """Print the fewest seconds of some turns, and return those of the processor, which neighbours do not change."""
    seconds, busy = [], []
    for _ in range(turns):
        start, begun = time.perf_counter(), time.process_time()
        result = work()
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - begun)
    print(f"{name:58s} {min(seconds):8.2f} s, processor {min(busy):8.2f} s", flush=True)
    return min(busy), result


def peak(name: str, work: Callable[[], object]) -> None:
    """Print the most memory that numpy and Python held at once beyond the input."""
    tracemalloc.start()
    work()
    print(f"{name:58s} {tracemalloc.get_traced_memory()[1] / 1e6:8.0f} MB at most", flush=True)
    tracemalloc.stop()


def peer(name: str) -> ModuleType | None:
    """A package that may not be there; this folder's own survival.py bears the name of one."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != here]
    extra = os.environ.get("PEERS")
    if extra and extra not in sys.path:
        sys.path.append(extra)
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed and is left out", flush=True)
        return None


def numbers(n: int) -> pd.DataFrame:
    """Spells with ten normal covariates, continuous tenure, half of them censored."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 10))
    stay, watch = rng.exponential(500 * np.exp(-x @ TRUTH)), rng.uniform(0, 1000, n)
    return pd.DataFrame(x, columns=NAMES).assign(tenure_days=np.minimum(stay, watch), is_ended=stay <= watch)


def categories(n: int) -> pd.DataFrame:
    """Contracts with ten covariates of three values, ended in months, as 36 months of records show them."""
    rng = np.random.default_rng(1)
    codes = rng.choice(3, size=(n, 10), p=[0.5, 0.3, 0.2])
    eta = (np.where(codes == 1, 0.4, 0.0) - np.where(codes == 2, 0.3, 0.0)) @ np.linspace(-1, 1, 10)
    stay, watch = np.ceil(rng.exponential(20 * np.exp(-eta))), rng.integers(1, 37, n)
    letters = np.array(["a", "b", "c"])
    frame = pd.DataFrame({name: letters[codes[:, place]] for place, name in enumerate(NAMES)})
    return frame.assign(tenure_days=np.minimum(stay, watch), is_ended=stay <= watch)


def customers(n: int) -> pd.DataFrame:
    """Spells in whole days of customers with several, whose frailties have the variance 0.5."""
    rng = np.random.default_rng(3)
    owner, x = rng.integers(0, int(n * 0.4), n), rng.normal(size=(n, 5))
    stay = rng.exponential(500 * np.exp(-x @ TRUTH[:5]) / rng.gamma(2, 0.5, n)[owner])
    watch = rng.uniform(0, 1000, n)
    frame = pd.DataFrame(x, columns=NAMES[:5]).assign(customer_id=owner, tenure_days=np.ceil(np.minimum(stay, watch)))
    return frame.assign(is_ended=stay <= watch)


def count(engine: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """What `features.person_periods.count_stretches` asks of the engine, on a bare table."""
    table = engine.execute(
        f"SELECT {', '.join(NAMES)}, 0 AS first_period, tenure_days::INT - 1 AS last_period, "
        "count(*) AS n_at_risk, sum(is_ended::INT)::BIGINT AS n_ended FROM spells GROUP BY ALL"
    ).arrow()
    if hasattr(table, "read_all"):
        table = table.read_all()
    for place, name in enumerate(NAMES):
        table = table.set_column(place, name, table[name].dictionary_encode())
    return pd.DataFrame(table.to_pandas())


def search_only(data: pd.DataFrame) -> object:
    """The estimates alone, without tests of proportionality, concordance and tables."""
    rows = read_spell_rows(data, strata=(), cluster=None)
    columns, _ = build_columns(rows, NAMES, rows.ended)
    return search(
        rows,
        columns,
        lambda stratum: build_risk_sets(rows.entry, rows.tenure, rows.ended, stratum),
        confidence=0.95,
    )


def beside_peers(data: pd.DataFrame) -> None:
    """Cox on the same numbers: ours, lifelines on fewer rows, `survival`."""
    from lifelines import CoxPHFitter

    n = len(data)
    ours, fit = timed(f"Cox, {n:,} x 10 numbers, with all checks", lambda: fit_cox(data, NAMES))
    bare, _ = timed(f"Cox, {n:,} x 10 numbers, estimates only", lambda: search_only(data))
    print(f"  largest error against the truth {np.abs(fit.terms['coefficient'] - TRUTH).max():.4f}")
    peak("  memory of it", lambda: fit_cox(data, NAMES))
    small = data.head(FOR_LIFELINES)
    own, near = timed(f"Cox, {len(small):,} x 10", lambda: fit_cox(small, NAMES))
    theirs, far = timed(
        f"lifelines, {len(small):,} x 10", lambda: CoxPHFitter().fit(small, "tenure_days", "is_ended"), 1
    )
    gap = np.abs(near.terms["coefficient"].to_numpy() - far.params_.to_numpy()).max()
    print(f"  ours / lifelines {own / theirs:.2f}; largest difference of coefficients {gap:.1e}")
    package = peer("survival._survival")
    if package is None:
        return
    arrays = data["tenure_days"].to_numpy(), data["is_ended"].to_numpy(float), data[NAMES].to_numpy()
    full, _ = timed(f"survival.coxph_fit, {n:,} x 10", lambda: package.coxph_fit(*arrays), 2)
    raw, _ = timed("survival.coxph_fit_raw, estimates only", lambda: package.coxph_fit_raw(*arrays, resid=False), 2)
    print(f"  ours / survival: with checks {ours / full:.2f}, estimates only {bare / raw:.2f}")


def beside_counts(n: int) -> None:
    """The grouped model on counts beside Cox on the rows they count."""
    spells = categories(n)
    engine = duckdb.connect()
    engine.execute("CREATE TABLE spells AS SELECT * FROM spells")
    _, cells = timed(f"count {n:,} contracts in the engine", lambda: count(engine))
    quick, grouped = timed(f"grouped model, 10 categories, {len(cells):,} cells", lambda: fit_grouped(cells, NAMES))
    slow, cox = timed(f"Cox on the same {n:,} rows", lambda: fit_cox(spells, NAMES), 2)
    gap = np.abs(grouped.terms["coefficient"] - cox.terms["coefficient"]).max()
    print(f"  Cox / grouped {slow / quick:.1f}; largest difference of coefficients (Efron's ties) {gap:.4f}")
    peak("  memory of the grouped model", lambda: fit_grouped(cells, NAMES))


def others(data: pd.DataFrame) -> None:
    """Fine and Gray, and frailty."""
    named = data.assign(end_reason=np.random.default_rng(1).choice(["price", "move"], len(data)))
    timed(f"Fine-Gray, {len(data):,} x 5", lambda: fit_fine_gray(named, NAMES[:5], target="price"), 2)
    peak("  memory of it", lambda: fit_fine_gray(named, NAMES[:5], target="price"))
    several = customers(FOR_FRAILTY)
    _, fit = timed(
        f"frailty, {FOR_FRAILTY:,} spells of {several['customer_id'].nunique():,} customers",
        lambda: fit_frailty(several, NAMES[:5], cluster="customer_id"),
        1,
    )
    print(f"  variance {fit.variance:.3f} ({fit.variance_lower:.3f} to {fit.variance_upper:.3f}); the truth is 0.5")


def uno(data: pd.DataFrame) -> None:
    """Uno's C beside scikit-survival."""
    some = data.head(FOR_UNO)
    score, horizon = some[NAMES].to_numpy() @ TRUTH, 800.0
    own, found = timed(
        f"Uno's C with its error, {len(some):,}", lambda: measure_uno(read_outcomes(some), score, until_days=horizon)
    )
    package = peer("sksurv.metrics")
    if package is None:
        return
    outcome = np.array(
        list(zip(some["is_ended"], some["tenure_days"], strict=True)), dtype=[("event", bool), ("time", float)]
    )
    theirs, value = timed(
        f"scikit-survival, {len(some):,}, no error",
        lambda: package.concordance_index_ipcw(outcome, outcome, score, tau=horizon),
        1,
    )
    print(f"  ours / scikit-survival {own / theirs:.3f}; {found.estimate:.6f} and {value[0]:.6f}")


def main(n: int) -> None:
    """All of them in one run."""
    beside_counts(n)
    data = numbers(n)
    beside_peers(data)
    others(data)
    uno(data)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000)
