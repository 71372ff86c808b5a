"""How long contracts last beyond the records as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.figures import NO_VALIDATION, NOT_KNOWN, Figure
from crm_research.models.second_opinion import put_beside
from crm_research.models.survival import EVERYONE
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.curves.extrapolation import TenureExtrapolation
from crm_research.pillars.churn.curves.figures import say_whose
from crm_research.theme import (
    say_count,
    say_days,
    say_points,
)

if TYPE_CHECKING:
    pass
from crm_research.pillars.churn.curves.extrapolation_words import say_reach

EXPECTED: Final = "churn.contract.expected_tenure_days"


def expected_figures(leaving: ChurnAnalysis, found: TenureExtrapolation) -> list[Figure]:
    """Expected tenure of all contracts, and of each group."""
    begins: dict[str | None, float] = {None: found.begins_days}
    if leaving.by_group is not None:
        begins |= dict(leaving.by_group.sizes[["group", "first_days"]].itertuples(index=False, name=None))
    label = f"Expected tenure within the first {say_reach(found)}"
    how = (
        f"Kaplan-Meier up to {say_days(found.watched_days)}, {found.fit.estimator} beyond; delta method over both"
        if found.is_needed
        else "area under Kaplan-Meier; normal limits"
    )
    check = NO_VALIDATION
    if found.is_needed and found.choice.is_tested:
        check = (
            f"backtest along tenure ({say_count(len(found.choice.trials), 'trial')}): share still there missed by "
            f"{say_points(found.error)} on average, held flat by {say_points(found.flat_error)}"
        )
    rows: list[tuple[str | None, pd.Series, int]] = [(None, found.expected.iloc[0], found.n)]
    if found.by_group is not None:
        groups = [(str(row["group"]), row, int(row["n"])) for _, row in found.by_group.iterrows()]
        # A group met beyond the years counted has lasted all of them, by what it is.
        rows += [row for row in groups if begins.get(row[0], 0.0) < found.horizon_days]
    opinions = found.opinions if found.is_needed else leaving.second_opinions
    checks = {
        group: put_beside(
            opinions.get(EVERYONE if group is None else group) if np.isfinite(row["expected_days"]) else None,
            check if group is None else NO_VALIDATION,
        )
        for group, row, _ in rows
    }
    return [
        Figure.from_numbers(
            EXPECTED,
            f"{label}{say_whose(begins.get(group, 0.0))}"
            + ("" if np.isfinite(row["expected_days"]) else " (too few have ended)"),
            {"estimate": row["expected_days"], "lower": row["lower"], "upper": row["upper"]},
            unit="days",
            n=n,
            window=leaving.setting.window,
            estimator=how,
            confidence=found.confidence,
            validation=checks[group][0],
            verdict=checks[group][1],
            group=group,
            said=None if np.isfinite(row["expected_days"]) else NOT_KNOWN,
        )
        for group, row, n in rows
    ]
