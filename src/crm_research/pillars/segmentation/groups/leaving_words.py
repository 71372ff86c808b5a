"""Who leaves, by segment, in sentences and figures: every number in them is computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crm_research.figures import Figure
from crm_research.pillars.segmentation.inputs.base import HOLDERS
from crm_research.theme import (
    first_capital,
    say_count,
    say_date,
    say_days,
    say_interval,
    say_p_value,
    say_percent,
    say_points,
)
from crm_research.vocabulary import days_in_months

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from crm_research.pillars.segmentation.result import Grouping, Segmentation
    from crm_research.pillars.segmentation.use.leaving import LeavingCheck

_YEAR = 12


def say_leaving(found: Grouping, groups: str = "the groups") -> str:
    """Do the segments differ in who leaves, and which two most? `groups` is what they are called."""
    check = found.leaving
    if check is None:
        return found.no_leaving or (
            f"Nothing in these records says what the customers did afterwards, so nothing says yet whether {groups} "
            "are of use."
        )
    p_value = check.test.p_value
    if not math.isfinite(p_value):
        return (
            f"Whether {groups} differ in who leaves cannot be told: {say_percent(check.n_ended / check.n)} of the "
            f"{_say_watched(check)} {_ended(check)}, and never some while others of another group went on."
        )
    if not p_value < 1 - check.confidence:
        return (
            f"{first_capital(groups)} are not seen to differ in who leaves: {say_percent(check.n_ended / check.n)} of "
            f"the {_say_watched(check)} {_ended(check)}, about as many in each group (p {say_p_value(p_value)})."
        )
    pair = widest_gap(check)
    if pair is None:
        return (
            f"{first_capital(groups)} differ in who leaves, by more than chance explains (p {say_p_value(p_value)}), "
            f"but {say_when(check)} no two of them can be told apart."
        )
    low, high = sorted((abs(pair["gap_lower"]), abs(pair["gap_upper"])))
    (sooner, more), (later, less) = order_by_leaving(pair)
    return (
        f"{first_capital(groups)} differ in who leaves: {say_when(check)} {say_percent(more)} of “{sooner}” had "
        f"left, of “{later}” {say_percent(less)} (a difference of {say_points(more - less)}, "
        f"{say_interval(low, high, say_points)})."
    )


def widest_gap(check: LeavingCheck) -> Mapping[str, Any] | None:
    """The two segments furthest apart by the horizon, of those that are clearly apart for all pairs together.

    None where the test of all segments sees no difference: what it does not find no picture shall announce.
    """
    if not check.test.p_value < 1 - check.confidence:
        return None
    clear = check.pairs[(check.pairs["gap_lower"] > 0) | (check.pairs["gap_upper"] < 0)]
    if clear.empty:
        return None
    row = clear.loc[clear["survival_gap"].abs().idxmax()]
    return {str(name): value for name, value in row.items()}


def order_by_leaving(pair: Mapping[str, Any]) -> tuple[tuple[str, float], tuple[str, float]]:
    """Of two segments (`widest_gap`) the one that leaves sooner, then the other; each with the share that had left."""
    other, own = ((pair[f"{whose}group"], 1 - pair[f"{whose}survival"]) for whose in ("other_", ""))
    return (own, other) if own[1] > other[1] else (other, own)


def say_beyond_plan(check: LeavingCheck) -> str:
    """Do the segments tell more than the plan does?"""
    found = check.beyond_plan
    if found is None:
        return "No plan holds customers of two segments, so whether the segments tell more than the plan is not known."
    if found.p_value < 1 - check.confidence:
        return (
            "Among customers of one and the same plan the segments still differ in who leaves "
            f"(p {say_p_value(found.p_value)}): they tell more than the plan does."
        )
    return (
        "Among customers of one and the same plan no difference between the segments is seen "
        f"(p {say_p_value(found.p_value)}): the plan alone may tell as much."
    )


def note_leaving(found: Grouping) -> str:
    """What was watched, and what a reader must know of it."""
    check = found.leaving
    if check is None:
        return ""
    condition = f" Compared are those who had stayed {say_days(check.from_days)}." if check.from_days > 0 else ""
    if check.is_later:
        return (
            f"{say_count(check.n, 'customer')} whose contract ran on the study's date, watched until "
            f"{say_date(check.until)}; who has no running contract then has left.{condition}"
        )
    return (
        f"{say_count(check.n, 'contract')} of these customers, watched from the start to {say_date(check.until)}. How "
        "long a contract lasted had no part in making the segments, but what describes it is as it stands now: what "
        f"changed because somebody was about to leave flatters them.{condition}"
    )


def say_when(check: LeavingCheck) -> str:
    """By when leaving is compared: by a day, or within the first months of a contract."""
    if check.is_later:
        return f"by {say_date(check.until)}"
    if check.horizon_days == days_in_months(_YEAR):
        return "within the first 12 months"
    return f"within the first {say_days(check.horizon_days)}"


def leaving_figures(segmentation: Segmentation, found: Grouping) -> list[Figure]:
    """Share that has left, by segment."""
    check = found.leaving
    if check is None:
        return []
    checked = f"holdout until {say_date(check.until)}" if check.is_later else "none: attributes as they stand now"
    start = f" of those who had stayed {say_days(check.from_days)}" if check.from_days > 0 else ""
    return [
        Figure.from_numbers(
            "segmentation.left_share",
            f"Left {say_when(check)}",
            {"estimate": row["left_share"], "lower": row["lower"], "upper": row["upper"]},
            unit="share",
            n=int(row["n"]),
            window=segmentation.window,
            estimator=f"Kaplan-Meier{start}, limits for all segments together",
            confidence=None if row["lower"] != row["lower"] else check.confidence,
            validation=checked,
            group=str(row["segment"]),
        )
        for row in check.by_group.to_dict("records")
    ]


def _say_watched(check: LeavingCheck) -> str:
    return say_count(check.n, "customer" if check.is_later else "contract")


def _ended(check: LeavingCheck) -> str:
    return f"had left by {say_date(check.until)}" if check.is_later else f"had ended by {say_date(check.until)}"


def say_left_out_habits(found: Grouping) -> str:
    """Why contacts are no input where customers who have left are grouped too."""
    if found.inputs.base != HOLDERS:
        return ""
    return (
        "Customers who have left are among them, for without a holdout nothing else tells whether the segments matter. "
        "How often a customer gets in touch is no input therefore: who has left no longer does."
    )
