"""Nearness to the best of a million customers, and places under 500 mixes of weights, beside numpy and pandas.

Run: python benchmarks/grades.py [N] [N_UNDER_MIXES]
Best of three turns each, the contenders by turns; all are given the same frame and the same weights.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from crm_research.models.grading import closeness, rank_under_doubt, read_measures, weigh_by_entropy

NAMES = ["margin", "volume", "cost to serve", "lifetime value", "trend", "years together", "satisfaction"]
COSTS = ["cost to serve"]
N_DRAWS = 500
N_TURNS = 3


def world(n: int, seed: int = 1) -> pd.DataFrame:
    """Customers with skewed money, shares and years; margins may be below nought."""
    rng = np.random.default_rng(seed)
    volume = rng.lognormal(6.0, 1.2, n)
    columns = [
        volume * rng.normal(0.35, 0.15, n), volume, rng.gamma(0.7, 60.0, n), volume * rng.gamma(3.0, 0.5, n),
        rng.beta(8.0, 8.0, n), rng.gamma(2.0, 2.5, n), rng.beta(5.0, 3.0, n),
    ]  # fmt: skip
    return pd.DataFrame(dict(zip(NAMES, columns, strict=True)))


def by_numpy(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """TOPSIS as somebody would write it by hand."""
    scaled = values / np.sqrt((values**2).sum(axis=0)) * weights
    best, worst = scaled.max(axis=0), scaled.min(axis=0)
    for place in (NAMES.index(name) for name in COSTS):
        best[place], worst[place] = worst[place], best[place]
    far, off = np.sqrt(((scaled - worst) ** 2).sum(axis=1)), np.sqrt(((scaled - best) ** 2).sum(axis=1))
    return far / (far + off)


def by_pandas(values: pd.DataFrame, weights: pd.Series) -> np.ndarray:
    """The same in frames."""
    scaled = values.div(np.sqrt(values.pow(2).sum())).mul(weights)
    best, worst = scaled.max(), scaled.min()
    best[COSTS], worst[COSTS] = scaled[COSTS].min(), scaled[COSTS].max()
    far, off = np.sqrt(scaled.sub(worst).pow(2).sum(axis=1)), np.sqrt(scaled.sub(best).pow(2).sum(axis=1))
    return (far / (far + off)).to_numpy()


def by_turns(title: str, contenders: dict[str, Callable[[], object]]) -> dict[str, object]:
    """Print the best seconds of each; the answers of the last turn."""
    best, answers = dict.fromkeys(contenders, np.inf), {}
    for _ in range(N_TURNS):
        for name, work in contenders.items():
            start = time.perf_counter()
            answers[name] = work()
            best[name] = min(best[name], time.perf_counter() - start)
    for name, seconds in best.items():
        print(f"{title:46s} {name:16s} {seconds:8.2f} s", flush=True)
    return answers


def under_mixes(values: np.ndarray, n_top: int) -> np.ndarray:
    """Share of mixes under which each is among the first, in a plain loop."""
    rng = np.random.default_rng(20170101)
    among = np.zeros(len(values))
    for weights in rng.dirichlet(np.ones(values.shape[1]), size=N_DRAWS):
        places = pd.Series(-by_numpy(values, weights)).rank(method="max")
        among += (places <= n_top).to_numpy()
    return among / N_DRAWS


def main(n: int, n_mixed: int) -> None:
    """All contenders in one run."""
    values = world(n)
    weights = weigh_by_entropy(values)
    near = by_turns(
        f"nearness to the best, {n:,} x {len(NAMES)}",
        {
            "ours": lambda: closeness(values, read_measures(values, costs=COSTS), weights),
            "numpy by hand": lambda: by_numpy(values.to_numpy(), weights.to_numpy()),
            "pandas by hand": lambda: by_pandas(values, weights),
        },
    )
    for name in ("numpy by hand", "pandas by hand"):
        print(f"  largest difference of ours and {name}: {np.abs(near['ours'] - near[name]).max():.1e}")
    few = values.head(n_mixed)
    n_top = n_mixed // 5
    measures = read_measures(few, costs=COSTS)
    errors = pd.DataFrame(0.0, index=few.index, columns=NAMES).assign(satisfaction=0.05, trend=0.03)
    equal = dict.fromkeys(NAMES, 1.0)
    shares = by_turns(
        f"places under {N_DRAWS} mixes, {n_mixed:,} x {len(NAMES)}",
        {
            "ours": lambda: rank_under_doubt(few, measures, equal, n_top=n_top, ties="max").places["top_share"],
            "numpy by hand": lambda: under_mixes(few.to_numpy(), n_top),
            "ours, in doubt": lambda: rank_under_doubt(few, measures, equal, n_top=n_top, ties="max", errors=errors),
        },
    )
    print(f"  largest difference of shares: {np.abs(np.asarray(shares['ours']) - shares['numpy by hand']).max():.4f}")


if __name__ == "__main__":
    sizes = [int(argument.replace(",", "").replace("_", "")) for argument in sys.argv[1:]]
    main(*(sizes + [1_000_000, 2_000][len(sizes) :]))
