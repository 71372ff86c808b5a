"""The drivers of leaving as a manager reads them: one table, one picture, one sentence, and the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_research.features.changing import RECENT_COMPLAINT, RECENT_DAYS
from crm_research.pillars.churn.drivers.measure import DriverAnalysis
from crm_research.theme import (
    say_percent,
)

if TYPE_CHECKING:
    pass
from crm_research.pillars.churn.drivers.tables import driver_table


def say_covariate(name: str) -> str:
    """The name of a covariate as people read it."""
    return f"complaint in the last {RECENT_DAYS} days" if name == RECENT_COMPLAINT else name.replace("_", " ")


def driver_finding(drivers: DriverAnalysis) -> str:
    """One driver that is surely one, told so that the risk is multiplied rather than divided.

    It is the one furthest from chance of those that pass together; that it matters most is not said.
    """
    table = driver_table(drivers)
    clear = table.loc[table["is_clear"]]
    if clear.empty:
        return "With all else alike, no characteristic recorded goes with leaving sooner or later beyond chance."
    row = clear.iloc[0]
    both = table.loc[(table["covariate"] == row["covariate"]) & (table["compared"] == row["compared"])]
    turned = bool(row["hazard_ratio"] < 1)
    level, base = row["compared"].split(" against ", 1)
    compared = f"{base} against {level}" if turned else row["compared"]
    said = []
    for number, (_, part) in enumerate(both.iterrows()):
        low, ratio, high = (float(part[name]) for name in ("lower", "hazard_ratio", "upper"))
        if turned:
            low, ratio, high = 1 / high, 1 / ratio, 1 / low
        when = f" {'in the ' if str(part['when']).startswith('first') else ''}{part['when']}" if part["when"] else ""
        risk = " the risk of leaving" if number == 0 else ""
        told, least, most = say_ratios(ratio, low, high)
        said.append(f"{told} times ({least} to {most}){risk}{when}")
    star = " It is an average: it changes with tenure." if both["is_doubtful"].any() else ""
    return (
        f"After allowing for the rest, {say_covariate(row['covariate'])} ({compared}) goes with "
        f"{' and '.join(said)}; {say_percent(drivers.confidence, 0)} intervals in brackets.{star}"
    )


def say_ratios(ratio: float, *others: float) -> list[str]:
    """A ratio with the digits it deserves, and its limits with the same."""
    digits = 0 if ratio >= 10 else 1 if ratio >= 1.95 else 2
    return [f"{value:,.{digits}f}" if np.isfinite(value) else "not known" for value in (ratio, *others)]
