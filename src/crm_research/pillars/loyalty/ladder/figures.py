"""The printed numbers of rhythm and ladder, each with its interval, basis and check."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.pillars.loyalty.ladder.measure import Ladder
from crm_research.pillars.loyalty.rhythm.measure import OVERDUE, RhythmAnalysis
from crm_research.theme import say_count, say_percent

STATE_SHARE: Final = "loyalty.state_share"
STEADY_SHARE: Final = "loyalty.steady_share"
OVERDUE_SHARE: Final = "loyalty.overdue_share"
CYCLE_DAYS: Final = "loyalty.cycle_days"
NEW_CYCLE: Final = "loyalty.new_cycle_share"


def rhythm_figures(rhythm: RhythmAnalysis) -> list[Figure]:
    """Share overdue now, length of a cycle, and share that bought again in a new cycle."""
    row = rhythm.standing.loc[rhythm.standing["band"] == OVERDUE].iloc[0]
    figures = [
        _figure(
            rhythm,
            OVERDUE_SHARE,
            "Customers overdue by their own rhythm, not yet long silent",
            row,
            n=int(rhythm.standing["n"].sum()),
            estimator="silence beyond the limit that four of five completed gaps kept, not that of 19 of 20; own gaps "
            "shrunk to everybody's (empirical Bayes on logarithms); Wilson",
            validation=_check_bands(rhythm),
        ),
        _figure(
            rhythm,
            CYCLE_DAYS,
            "Length of a buying cycle",
            {"share": rhythm.cycle_days, "lower": np.nan, "upper": np.nan},
            n=rhythm.n_gaps,
            estimator=rhythm.cycle_basis,
            unit="days",
        ),
    ]
    return figures + [
        _figure(
            rhythm,
            NEW_CYCLE,
            "Bought again in a new cycle",
            won,
            n=int(won["n"]),
            estimator="customers followed for two cycles who bought later than one cycle after their first purchase; "
            "Wilson",
            group=str(won["measure"]),
        )
        for _, won in rhythm.won.iterrows()
    ]


def state_figures(ladder: Ladder) -> list[Figure]:
    """Share of customers in each state at the end of the last whole period."""
    return [
        _figure(
            ladder,
            STATE_SHARE,
            "Customers in each state now",
            row,
            n=int(row["n_customers"]),
            estimator="states by rule at the end of the last whole period of "
            f"{say_count(ladder.period_months, 'month')}; Wilson",
            validation=_check_state(ladder, str(row["state"])),
            group=str(row["state"]),
        )
        for _, row in ladder.standing.iterrows()
    ]


def steady_figures(ladder: Ladder) -> list[Figure]:
    """Share of customers in each state in the long run, if moves stay as they are and nobody new comes."""
    n = int(ladder.moves.table["n"].sum())
    return [
        _figure(
            ladder,
            STEADY_SHARE,
            "Customers in each state in the long run",
            row,
            n=n,
            estimator="first-order chain, all periods together, no newcomers; 2,000 Dirichlet draws, percentiles or "
            "log odds, the farther",
            validation=_check_state(ladder, str(row["state"])),
            group=str(row["state"]),
        )
        for _, row in ladder.steady.table.iterrows()
    ]


def _check_bands(rhythm: RhythmAnalysis) -> str:
    if rhythm.later.empty:
        return NO_VALIDATION
    said = [f"{row['band']} {say_percent(row['share'])} of {row['n']:,.0f}" for _, row in rhythm.later.iterrows()]
    return f"bought in the holdout: {', '.join(said)}"


def _check_state(ladder: Ladder, state: str) -> str:
    check = ladder.check
    if check is None:
        return NO_VALIDATION
    row = check.end.loc[check.end["state"] == state].iloc[0]
    where = "end of the holdout" if check.is_holdout else "end of the last quarter of the periods"
    return f"{where}: {say_percent(row['seen'])} seen, {say_percent(row['forecast'])} forecast by the moves before it"


def _figure(
    source: RhythmAnalysis | Ladder,
    id_: str,
    label: str,
    row: pd.Series | dict[str, Any],
    *,
    n: int,
    estimator: str,
    unit: str = "share",
    validation: str = NO_VALIDATION,
    group: str | None = None,
) -> Figure:
    return FigureMaker(window=source.window, confidence=source.confidence).one(
        id_,
        label,
        (row["share"], row["lower"], row["upper"]),
        unit=unit,
        n=n,
        estimator=estimator,
        validation=validation,
        group=group,
    )
