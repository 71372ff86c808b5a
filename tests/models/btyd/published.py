"""The public samples of the literature as patterns, read from the files that the package `lifetimes` carries."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest


def dataset(name: str) -> Path:
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("the package lifetimes, which carries the data, is not installed")
    return Path(spec.origin).parent / "datasets" / name


def cdnow_occasions() -> pd.DataFrame:
    """One row per customer and day of purchase: customer_id, day, spend. Several lines a day are one occasion."""
    lines = pd.read_csv(
        dataset("CDNOW_sample.txt"), sep=r"\s+", header=None, names=["master", "customer_id", "day", "n_cds", "spend"]
    )
    lines["day"] = pd.to_datetime(lines["day"].astype(str), format="%Y%m%d")
    return lines.groupby(["customer_id", "day"], as_index=False)["spend"].sum()


def cdnow_customers(until: str = "1997-09-30") -> pd.DataFrame:
    """One row per customer of the CDNOW sample, known until a day: frequency, recency_days, age_days, mean_spend."""
    occasions = cdnow_occasions()
    known = occasions[occasions["day"] <= until]
    first = known.groupby("customer_id")["day"].transform("min")
    repeats = known[known["day"] > first]
    by_customer = known.groupby("customer_id")["day"]
    return pd.DataFrame(
        {
            "frequency": by_customer.size() - 1,
            "recency_days": (by_customer.max() - by_customer.min()).dt.days,
            "age_days": (pd.Timestamp(until) - by_customer.min()).dt.days,
            "mean_spend": repeats.groupby("customer_id")["spend"].mean(),
        }
    )


def as_patterns(customers: pd.DataFrame) -> pd.DataFrame:
    names = ["frequency", "recency_days", "age_days"]
    return customers.groupby(names, as_index=False).size().rename(columns={"size": "n_customers"})


def donations() -> pd.DataFrame:
    """The donations of Fader, Hardie and Shang: 11,104 donors of 1995, six yearly opportunities."""
    names = {"recency": "recency_periods", "periods": "age_periods", "weights": "n_customers"}
    return pd.read_csv(dataset("donations.csv")).rename(columns=names)
