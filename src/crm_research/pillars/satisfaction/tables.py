"""Satisfaction as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from crm_research.models.paths import PathComparison
    from crm_research.pillars.satisfaction.analysis import SatisfactionAnalysis


def means_table(found: SatisfactionAnalysis) -> pd.DataFrame:
    """The ratings of the wave that stands for now, rounded, for the page and for a reader's own notes.

    Returns
    -------
    pandas.DataFrame
        Grain: item. ``item``, ``scale``, ``n``, ``mean``, ``lower``, ``upper``, ``points`` (of 100), ``top_box``
        (answers that count), ``top_percent``.
    """
    columns = ["item", "scale", "n", "mean", "lower", "upper", "points", "top_box", "top_percent"]
    if found.items is None or found.items.table.empty:
        return pd.DataFrame(columns=columns)
    table = found.items.table
    rounded = table[["mean", "lower", "upper"]].round(2)
    return table.assign(
        **rounded, points=table["performance"].round(1), top_percent=(100 * table["top_share"]).round(1)
    )[columns].reset_index(drop=True)


def waves_table(found: SatisfactionAnalysis) -> pd.DataFrame:
    """label, first_at, last_at, n_responses, n_anonymous, n_repeated: the last two years of monthly waves at most."""
    waves = found.survey.waves[["label", "first_at", "last_at", "n_responses", "n_anonymous", "n_repeated"]]
    return waves.assign(first_at=waves["first_at"].dt.normalize(), last_at=waves["last_at"].dt.normalize()).tail(24)


def invariance_table(compared: PathComparison) -> pd.DataFrame:
    """groups, construct, agreement, agreement_p, mean_p, variance_p, invariance: one row a pair and construct."""
    columns = ["groups", "construct", "agreement", "agreement_p", "mean_p", "variance_p", "invariance"]
    return _name_groups(compared.invariance)[columns]


def group_paths_table(compared: PathComparison) -> pd.DataFrame:
    """groups, path, first, second, difference, lower, upper, p_adjusted, comparable: one row a pair and path."""
    named = _name_groups(compared.paths)
    paths = named.assign(
        path=named["source"] + " → " + named["target"],
        first=named["estimate_one"],
        second=named["estimate_other"],
        comparable=named["is_comparable"],
    )
    numbers = ["first", "second", "difference", "lower", "upper"]
    return paths[["groups", "path", *numbers, "p_adjusted", "comparable"]]


def reweighted_table(found: SatisfactionAnalysis) -> pd.DataFrame:
    """Importance, scales and paths with and without weights, those first that left their limits; empty without any."""
    if found.reweighted.empty:
        return found.reweighted
    return found.reweighted.sort_values("is_outside", ascending=False, kind="stable")


def _name_groups(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(groups=table["one"].astype(str) + ", " + table["other"].astype(str))
