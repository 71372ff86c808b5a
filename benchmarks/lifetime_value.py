"""Lifetime value of a base: ours with limits of every customer and of the total, beside lifetimes and PyMC-Marketing.

    python benchmarks/lifetime_value.py [--customers 1000000] [--pymc PYTHON]

PyMC-Marketing needs an environment of its own (--pymc names its interpreter), and goes as far as some ten thousand
customers: it is run at its point estimates (method "map", with its own priors), which give no limits either.

Customers are simulated at CDNOW's parameters with days as the grain of time, and amounts at its Gamma-Gamma model.
Every contender gets one row per customer (repeats, recency, age, sum of the repeats' amounts) and runs in a process of
its own; what is timed is both fits and the value of three years at 10 % a year. Ours gives each customer's expected
value and limits of the outcome, and the total with limits of the mean and of the outcome; lifetimes gives each
customer's expected value. Prints a Markdown table: seconds of the wall clock and of the processor (which a busy machine
disturbs less), the ratio to the first, the expected total, and the peak of memory above the customers.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

CDNOW_BG = np.array([0.243, 4.414, 0.793, 2.426])
P, Q, GAMMA = 6.25, 3.74, 15.44
YEARS, RATE = 3.0, 0.1


def make_customers(path: Path, n: int) -> None:
    from crm_research.models.btyd.beta_geometric import BgNbd

    rng = np.random.default_rng(1)
    ages = rng.integers(90, 731, n).astype(float)
    drawn = BgNbd().draw_history(CDNOW_BG, ages / 7, rng)
    repeats = drawn.frequency
    rate = rng.gamma(Q, size=n) / GAMMA
    spent = np.where(repeats > 0, rng.gamma(np.maximum(P * repeats, 1e-9)) / rate, 0.0)
    columns = {
        "frequency": repeats.astype(np.int64), "recency_days": np.minimum(np.ceil(drawn.recency * 7), ages),
        "age_days": ages, "spent": spent.round(2) + (repeats > 0) * 0.01, "squared": 0.0,
    }  # fmt: skip
    frame = pd.DataFrame(columns)
    frame.to_parquet(path)
    # Another environment may have nothing that reads the first.
    frame.to_csv(path.with_suffix(".csv"), index=False)


def ours(fitter: str) -> Callable[[pd.DataFrame], float]:
    from crm_research.models import btyd
    from crm_research.models.lifetime_value import choose_spend, value_orders

    def value(frame: pd.DataFrame) -> float:
        patterns = frame.groupby(["frequency", "recency_days", "age_days"], as_index=False).size()
        fit = getattr(btyd, fitter)(patterns.rename(columns={"size": "n_customers"}))
        found = value_orders(fit, choose_spend(frame), frame, horizon_days=YEARS * 365.25, rate=RATE)
        total = found.total().iloc[0]
        if not (np.isfinite(found.upper).all() and total["outcome_lower"] < total["outcome_upper"]):
            raise SystemExit("limits are missing")
        return float(total["expected"])

    return value


def of_lifetimes(frame: pd.DataFrame) -> float:
    import lifetimes

    bought = lifetimes.BetaGeoFitter()
    bought.fit(frame["frequency"], frame["recency_days"] / 7, frame["age_days"] / 7)
    again = frame["frequency"] > 0
    mean = (frame["spent"] / frame["frequency"].where(again, 1)).where(again, 0.0)
    spend = lifetimes.GammaGammaFitter()
    spend.fit(frame.loc[again, "frequency"], mean[again])
    value = spend.customer_lifetime_value(
        bought, frame["frequency"], frame["recency_days"] / 7, frame["age_days"] / 7, mean, time=36, freq="W",
        discount_rate=(1 + RATE) ** (1 / 12) - 1,
    )  # fmt: skip
    return float(value.sum())


def of_pymc(frame: pd.DataFrame) -> float:
    from pymc_marketing import clv

    again = frame["frequency"] > 0
    named = pd.DataFrame(
        {
            "customer_id": np.arange(len(frame)), "frequency": frame["frequency"].astype(float),
            "recency": frame["recency_days"] / 7, "T": frame["age_days"] / 7,
            "monetary_value": (frame["spent"] / frame["frequency"].where(again, 1)).where(again, 0.0),
        }
    )  # fmt: skip
    bought, spend = clv.BetaGeoModel(data=named), clv.GammaGammaModel(data=named.loc[again])
    for model in (bought, spend):
        model.fit(method="map", progressbar=False)
    value = spend.expected_customer_lifetime_value(
        transaction_model=bought, data=named, future_t=36, discount_rate=(1 + RATE) ** (1 / 12) - 1, time_unit="W"
    )
    return float(value.mean(("chain", "draw")).sum())


PYMC = "PyMC-Marketing, BG/NBD"
CONTENDERS = {
    "ours, Pareto/NBD": lambda: ours("fit_pareto_nbd"),
    "ours, BG/NBD": lambda: ours("fit_bg_nbd"),
    "lifetimes, BG/NBD": lambda: of_lifetimes,
    PYMC: lambda: of_pymc,
}


def run_one(name: str, path: str) -> None:
    warnings.simplefilter("ignore")
    frame = pd.read_csv(Path(path).with_suffix(".csv")) if name == PYMC else pd.read_parquet(path)
    value = CONTENDERS[name]()
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    try:
        total = value(frame)
    except Exception as error:  # a contender that fails is a result, too
        print(json.dumps({"failed": f"{type(error).__name__}: {error}"[:80]}))
        return
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "wall": time.perf_counter() - begun,
                "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
                "megabytes": (after.ru_maxrss - before.ru_maxrss) / 1024,
                "total": total,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--pymc", help="interpreter of an environment with PyMC-Marketing")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        run_one(*args.one)
        return
    print("| customers | contender | wall s | cpu s | ratio (cpu) | total | peak MB |")
    print("|---:|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.parquet"
        make_customers(path, args.customers)
        first = None
        for name in CONTENDERS:
            if name == PYMC and not args.pymc:
                continue
            command = [args.pymc if name == PYMC else sys.executable, __file__, "--one", name, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(done.stdout.strip().splitlines()[-1])
            if "failed" in found:
                print(f"| {args.customers:,} | {name} | {found['failed']} | | | | |", flush=True)
                continue
            first = first or found["cpu"]
            print(
                f"| {args.customers:,} | {name} | {found['wall']:.1f} | {found['cpu']:.1f} "
                f"| {found['cpu'] / first:.2f} "
                f"| {found['total']:,.0f} | {found['megabytes']:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
