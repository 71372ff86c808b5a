"""How far ahead risks are judged, and how managers call it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crm_research.theme import say_count
from crm_research.vocabulary import DAYS_PER_MONTH

_N_HORIZONS: Final = 3
MONTH_SLACK_DAYS: Final = 3.0


def say_horizon(days: float) -> str:
    """A horizon as managers call it: ``6 months`` where it is about so many, else ``45 days``."""
    months = round(days / DAYS_PER_MONTH)
    if months >= 1 and abs(days - months * DAYS_PER_MONTH) <= MONTH_SLACK_DAYS:
        return say_count(months, "month")
    return say_count(days, "day")


def pick_horizons(asked: Sequence[float], reach: float) -> tuple[float, ...]:
    """Three horizons: those asked for that the records reach; where these are fewer, thirds of the last of them.

    Half a year may have 181 days: a horizon that the records miss by so little is cut to what they hold.
    """
    within = sorted({min(float(days), reach) for days in asked if 0 < days <= reach + MONTH_SLACK_DAYS})
    if len(within) >= _N_HORIZONS or (len(within) == len(set(asked)) and within):
        return tuple(within)
    last = within[-1] if within else reach
    thirds = {float(max(1, round(part * last / _N_HORIZONS))) for part in range(1, _N_HORIZONS)}
    return tuple(sorted({*thirds, last}))
