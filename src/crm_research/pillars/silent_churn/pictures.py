"""The numbers behind the pictures: tidy frames from the scored histories and the fit."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.vocabulary import DAYS_PER_WEEK

_N_BINS: Final = 13
_N_CHANCES: Final = 10
_FEWEST: Final = 5.0
_LAST_FREQUENCY: Final = 7
_MOST_POINTS: Final = 160
_STRETCHES: Final = (1, 4, 13, 26, 52)


def average_by_silence(silence: SilentChurn) -> pd.DataFrame:
    """How likely is a customer still active, by weeks of silence and by how often he had bought?

    Returns
    -------
    pandas.DataFrame
        Grain: class of customers and stretch of silence with at least five of them. Columns ``customers`` (bought once,
        bought m times or fewer, bought more often), ``silent_weeks`` (mean), ``active_rate``, ``n_customers``.
    """
    scores = silence.scores
    columns = ["customers", "silent_weeks", "active_rate", "n_customers"]
    if scores.empty:
        return pd.DataFrame(columns=columns)
    weeks = scores["silent_days"].to_numpy(dtype=float) / DAYS_PER_WEEK
    width = max(1.0, float(np.ceil(weeks.max() / _N_BINS)))
    rows = pd.DataFrame(
        {
            "customers": _name_classes(scores),
            "bin": (weeks // width).astype(int),
            "weeks": weeks * scores["n_customers"],
            "alive": scores["probability_alive"] * scores["n_customers"],
            "n": scores["n_customers"],
        }
    )
    sums = rows.groupby(["customers", "bin"], observed=True)[["weeks", "alive", "n"]].sum().reset_index()
    sums = sums.loc[sums["n"] >= _FEWEST]
    return pd.DataFrame(
        {
            "customers": sums["customers"].astype(str),
            "silent_weeks": sums["weeks"] / sums["n"],
            "active_rate": sums["alive"] / sums["n"],
            "n_customers": sums["n"].astype(int),
        }
    ).reset_index(drop=True)


def _name_classes(scores: pd.DataFrame) -> pd.Categorical:
    bought = (scores["frequency"] + 1).to_numpy(dtype=int)
    weights = scores["n_customers"].to_numpy(dtype=float)
    again = bought > 1
    middle = 2
    if again.any():
        order = np.argsort(bought[again], kind="stable")
        cumulative = np.cumsum(weights[again][order])
        middle = int(bought[again][order][np.searchsorted(cumulative, 0.5 * cumulative[-1])])
    few = "bought twice" if middle == 2 else f"bought 2 to {middle} times"
    names = ["bought once", few, f"bought {middle + 1} times or more"]
    place = np.where(~again, 0, np.where(bought <= middle, 1, 2))
    return pd.Categorical([names[number] for number in place], categories=names, ordered=True)


def count_chances(silence: SilentChurn) -> pd.DataFrame:
    """How many customers have which chance of still being active?

    Returns
    -------
    pandas.DataFrame
        Grain: tenth of the chance. Columns ``from_rate``, ``to_rate``, ``n_customers``, ``size_share``.
    """
    if silence.scores.empty:
        return pd.DataFrame(columns=["from_rate", "to_rate", "n_customers", "size_share"])
    chance = silence.scores["probability_alive"].to_numpy(dtype=float)
    place = np.minimum((chance * _N_CHANCES).astype(int), _N_CHANCES - 1)
    n = np.bincount(place, silence.scores["n_customers"], _N_CHANCES)
    edges = np.arange(_N_CHANCES + 1) / _N_CHANCES
    return pd.DataFrame(
        {"from_rate": edges[:-1], "to_rate": edges[1:], "n_customers": n.astype(int), "size_share": n / n.sum()}
    )


def compare_frequencies(silence: SilentChurn) -> pd.DataFrame:
    """How many customers made 0, 1, 2 ... repeats, and how many should have?

    Returns
    -------
    pandas.DataFrame
        ``repeats`` (the last gathers the rest), ``observed``, ``expected`` (customers). Empty without a model.
    """
    if silence.fit is None:
        return pd.DataFrame(columns=["repeats", "observed", "expected"])
    counts = silence.fit.expected_frequency_counts(_LAST_FREQUENCY)
    names = [f"{row.frequency}{'+' if row.is_open else ''}" for row in counts.itertuples(index=False)]
    return pd.DataFrame({"repeats": names, "observed": counts["n_customers"], "expected": counts["expected_customers"]})


def merge_weeks(tracking: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Purchases by week, or by so many weeks together that a line of them can be read.

    Returns
    -------
    table, n_weeks
        ``week`` and ``ends_at`` of the last week, ``observed``, ``expected``, ``is_holdout``; weeks at the beginning
        that make no whole stretch are left out, a part of a week at the end too, and none lies on both sides of as_of.
    """
    tracking = tracking.loc[tracking["is_whole"]] if len(tracking) else tracking
    n_weeks = next((n for n in _STRETCHES if len(tracking) <= n * _MOST_POINTS), _STRETCHES[-1])
    if n_weeks == 1 or tracking.empty:
        return tracking, 1
    # Week 0 ends at as_of, so stretches are counted from there.
    stretch = np.ceil(tracking["week"] / n_weeks).astype(int)
    is_whole = stretch.map(stretch.value_counts()) == n_weeks
    merged = tracking[is_whole].groupby(stretch[is_whole], sort=True)
    sums = merged.agg(
        week=("week", "last"),
        ends_at=("ends_at", "last"),
        observed=("observed", "sum"),
        expected=("expected", "sum"),
        is_holdout=("is_holdout", "last"),
    )
    return sums.reset_index(drop=True), n_weeks


def silence_that_halves(silence: SilentChurn) -> tuple[str, float] | None:
    """After how many weeks is a frequent buyer more likely gone than not? Class and weeks; None if never here."""
    table = average_by_silence(silence)
    frequent = table.loc[table["customers"].str.endswith("or more")] if len(table) else table
    weeks, chance = frequent["silent_weeks"].to_numpy(dtype=float), frequent["active_rate"].to_numpy(dtype=float)
    below = np.flatnonzero(chance < 0.5)
    if len(below) == 0 or below[0] == 0:
        return None
    right = int(below[0])
    share = (chance[right - 1] - 0.5) / (chance[right - 1] - chance[right])
    return str(frequent["customers"].iloc[0]), float(weeks[right - 1] + share * (weeks[right] - weeks[right - 1]))
