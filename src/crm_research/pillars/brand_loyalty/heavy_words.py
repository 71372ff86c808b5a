"""What heavy buyers did in the second half, in sentences: chance, loss, or newcomers."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from crm_research.pillars.brand_loyalty.analysis import BrandLoyalty
from crm_research.theme import say_count, say_interval, say_percent

_MANY_NEW: Final = 0.05


def heavy_finding(loyalty: BrandLoyalty) -> str:
    """Did heavy buyers buy less later, and was that to be expected?"""
    trend = loyalty.trend
    if trend is None or trend.heavy is None:
        return ""
    heavy = trend.heavy
    fall, foreseen = heavy["first"] - heavy["observed"], heavy["first"] - heavy["expected"]
    whom = f"The heaviest buyers ({heavy['from_purchases']:.0f} or more purchases in the first half of the window)"
    said = f"{whom} bought {heavy['first']:.1f} each, then {heavy['observed']:.1f}"
    chance = "chance alone"
    if not trend.level_lower <= 1 <= trend.level_upper and np.isfinite(trend.level_lower):
        chance = f"chance, with all buyers followed at {trend.level:.2f} times what it explains,"
    if fall <= 0:
        return (
            f"{whom} did not buy less in the second half: {heavy['observed']:.1f} purchases each after "
            f"{heavy['first']:.1f}, "
            f"where {chance} would have given {heavy['expected']:.1f}."
        )
    if foreseen <= 0:
        fall_left_open = ", and whether newcomers explain it is open" if is_left_open(loyalty) else ""
        return (
            f"{said}: {fall:.1f} less, though {chance} would have given no fall ({heavy['expected']:.1f})"
            f"{fall_left_open}."
        )
    return f"{said}, where {chance} would have given {heavy['expected']:.1f}{_beyond(loyalty, heavy)}."


def _beyond(loyalty: BrandLoyalty, heavy: pd.Series) -> str:
    between = say_interval(-heavy["gap_upper"], -heavy["gap_lower"], lambda value: f"{value:.1f}")
    if not np.isfinite(heavy["gap_lower"]):
        return ""
    if is_left_open(loyalty):
        return (
            f"; the {-heavy['gap']:.1f} between them (interval {between}) may be no loss at all, as customers who "
            "joined during the first half had less time in it and cannot be told apart"
        )
    if heavy["gap_upper"] < 0:
        return f"; the {-heavy['gap']:.1f} between them (interval {between}) is more than chance"
    if heavy["gap_lower"] > 0:
        return "; they kept more than chance explains"
    if loyalty.trend is not None and loyalty.trend.level_upper < 1:
        return "; the difference is within chance: all buyers followed bought less, the heavy ones no more so"
    return "; the difference is within chance and shows no loss of loyalty"


def is_left_open(loyalty: BrandLoyalty) -> bool:
    """Could a fall beyond chance come from customers who joined during the first half?"""
    trend = loyalty.trend
    if trend is None or trend.heavy is None or loyalty.is_settled:
        return False
    return bool(trend.heavy["gap_upper"] < 0 and has_many_newcomers(loyalty))


def has_many_newcomers(loyalty: BrandLoyalty) -> bool:
    """Did newcomers make 5 % or more (a convention) of the second half's purchases?"""
    return loyalty.trend is not None and loyalty.trend.newcomer_share >= _MANY_NEW


def newcomer_finding(loyalty: BrandLoyalty) -> str:
    """Who is followed into the second half, at which level, and what newcomers have to do with it?"""
    trend = loyalty.trend
    if trend is None:
        return ""
    level = f"{trend.level:.2f}"
    if np.isfinite(trend.level_lower):
        level += f" ({say_interval(trend.level_lower, trend.level_upper, lambda value: f'{value:.2f}')})"
    whom = "who had bought before the window" if loyalty.is_settled else "of the first half"
    said = (
        f"Followed are {say_count(trend.n, 'buyer')} {whom}; together they bought {level} times what chance "
        "explains, and the line has been moved with that. "
    )
    new = f"Newcomers made about {say_percent(trend.newcomer_share)} of the second half's purchases"
    if not has_many_newcomers(loyalty):
        return f"{said}{new}."
    if loyalty.is_settled:
        return f"{said}{new}; they have no part in what is expected, so growth by newcomers is no fall of heavy buyers."
    return (
        f"{said}{new}. The records hold too few customers from before the window to leave out those who joined during "
        "the first half; they make the line of heavy buyers too high. A shorter window (parameter months) would."
    )


def trend_title(loyalty: BrandLoyalty) -> str:
    """What the picture of buyers followed into the second half shows."""
    if loyalty.trend is None or loyalty.trend.heavy is None:
        return "Too few buyers to follow into the second half"
    heavy = loyalty.trend.heavy
    if heavy["gap_upper"] < 0:
        if is_left_open(loyalty):
            return "Heavy buyers bought less later; newcomers leave open whether by more than chance"
        return "Heavy buyers bought less later, and by more than chance explains"
    if heavy["gap_lower"] > 0:
        return "Heavy buyers bought more later than chance explains"
    if not np.isfinite(heavy["gap_lower"]):
        return "Buyers followed into the second half; too few to say what chance explains"
    if heavy["observed"] < heavy["first"]:
        return "Heavy buyers bought less later, as chance explains"
    return "Heavy buyers kept buying as much"
