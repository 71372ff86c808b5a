"""Cox and the grouped model on a million contracts, beside lifelines, and beside `survival` where it is installed.

Run: python benchmarks/hazards.py [N] [N_FOR_LIFELINES]
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from functools import partial

import duckdb
import numpy as np
import pandas as pd

from crm_research.models.hazards import fit_cox, fit_grouped, measure_concordance

NAMES = [f"x{place}" for place in range(10)]
TRUTH = np.linspace(-0.5, 0.5, 10)


def timed(name: str, work: Callable[[], object]) -> object:
    """Print the seconds and the process's peak memory so far."""
    start = time.perf_counter()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:52s} {time.perf_counter() - start:8.2f} s   peak so far {peak:7.0f} MB", flush=True)
    return result


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
    return table.to_pandas()


def main(n: int, n_small: int) -> None:
    """Each peer on the same spells."""
    from lifelines import CoxPHFitter

    spells = categories(n)
    engine = duckdb.connect()
    engine.execute("CREATE TABLE spells AS SELECT * FROM spells")
    cells = timed(f"count {n:,} contracts in the engine", lambda: count(engine))
    print(f"  {len(cells):,} cells")  # type: ignore[arg-type]
    grouped = timed("grouped model, 10 categories, 36 months", partial(fit_grouped, cells, NAMES))
    cox = timed("Cox on the same rows", partial(fit_cox, spells, NAMES))
    gap = np.abs(grouped.terms["coefficient"] - cox.terms["coefficient"]).max()  # type: ignore[attr-defined]
    print(f"  largest difference of coefficients, grouped less Cox (Efron): {gap:.4f}")
    del spells, cells
    data = numbers(n)
    ours = timed(f"Cox, {n:,} x 10 numbers, continuous", lambda: fit_cox(data, NAMES))
    print(f"  largest error against the truth {np.abs(ours.terms['coefficient'] - TRUTH).max():.4f}")  # type: ignore[attr-defined]
    small = data.head(n_small)
    small_fit = timed(f"Cox, {n_small:,} x 10", lambda: fit_cox(small, NAMES))
    peer = timed(f"lifelines, {n_small:,} x 10", lambda: CoxPHFitter().fit(small, "tenure_days", "is_ended"))
    gap = np.abs(small_fit.terms["coefficient"].to_numpy() - peer.params_.to_numpy()).max()  # type: ignore[attr-defined]
    print(f"  largest difference of coefficients {gap:.1e}")
    some = data.head(200_000)
    score = some[NAMES].to_numpy() @ TRUTH
    tenure, ended = some["tenure_days"].to_numpy(), some["is_ended"].to_numpy()
    timed("concordance with its error, 200,000", lambda: measure_concordance(score, tenure, ended))
    sys.path.pop(0)  # this folder's survival.py bears the package's name
    try:
        from survival import coxph
    except ImportError:
        return
    columns = {name: data[name].tolist() for name in data.columns}
    formula = f"Surv(tenure_days, is_ended) ~ {' + '.join(NAMES)}"
    timed(f"survival.coxph, {n:,} x 10", lambda: coxph(formula, columns))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
