"""The ladder of loyalty: in which state does each customer end each calendar period, and where does he move?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ibis

from crm_research.errors import ParameterError
from crm_research.features.clock import (
    check_period_months,
    days_between,
    last_complete_period,
    period_number,
    period_start,
)
from crm_research.features.own_rhythm import RhythmScale, build_own_rhythm
from crm_research.features.purchases import Occasion

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

NEW: Final = "new"
DEVELOPING: Final = "developing"
LOYAL: Final = "loyal"
RETURNED: Final = "returned"
FADING: Final = "fading"
LOST: Final = "lost"
STATES: Final = (NEW, DEVELOPING, LOYAL, RETURNED, FADING, LOST)
_MOST_PERIODS: Final = 600
_FARTHEST_DAYS: Final = 200_000.0  # five centuries: no clock of an engine runs out


@dataclass(frozen=True, kw_only=True)
class LadderRule:
    """What the states mean.

    Parameters
    ----------
    scale
        Of gaps: gives each customer the silences from which he is fading and lost.
    loyal_from
        Purchases from which a customer who keeps his rhythm is loyal.
    """

    scale: RhythmScale
    loyal_from: int = 4

    def __post_init__(self) -> None:
        if self.loyal_from < 2:
            raise ParameterError(f"loyal_from must be 2 purchases or more, not {self.loyal_from!r}.")


def build_states(study: Study, rule: LadderRule, *, period_months: int = 1, occasion: Occasion = "day") -> ir.Table:
    """In which state did each customer end each calendar period?

    Lost: silent beyond lost_days of his rhythm. Fading: beyond fading_days. Returned: within his rhythm, and the last
    purchase had ended a silence that counted as lost. Else by purchases so far: one is new, up to loyal_from - 1 is
    developing, from there on loyal.

    Parameters
    ----------
    study
        Needs orders.
    rule
        What the states mean.
    period_months
        Length of a period, aligned with the calendar year.
    occasion
        What one purchase is.

    Returns
    -------
    ibis table
        One customer and period complete at as_of, from the period of the first purchase on: customer_id, period (its
        number), period_start, state, depth (purchases so far), silence_days (at the period's end), and discount (of the
        last purchase) where the study has it.

    Notes
    -----
    A state reads nothing that happened after its period, but for the common `scale` of gaps. Rows grow with customers
    times periods: `count_moves` counts the same without making them.
    """
    months = check_period_months(period_months)
    spread = spread_runs(build_runs(study, rule, period_months=months, occasion=occasion))
    kept = ["discount"] if "discount" in spread.columns else []
    return spread.select(
        "customer_id",
        "period",
        "depth",
        *kept,
        silence_days=days_between(spread.ordered_at, period_start(spread.period + 1, months)),
        period_start=period_start(spread.period, months),
        state=state_at(spread, spread.period).cases(*enumerate(STATES)),
    )


def build_runs(study: Study, rule: LadderRule, *, period_months: int = 1, occasion: Occasion = "day") -> ir.Table:
    """Which purchase is a customer's last one at the end of which periods, and what is he in each of them?

    Returns
    -------
    ibis table
        One purchase that is the last at the end of any complete period: customer_id, ordered_at, depth, discount (where
        the study has it), begin and until (numbers of the first and last such period), base (place in `STATES` of the
        state within his rhythm), fading_from and lost_from (periods from which he is fading and lost).
    """
    months = check_period_months(period_months)
    rows = build_own_rhythm(study, rule.scale, occasion=occasion)
    last = ibis.literal(last_complete_period(study.as_of, months), "int64")
    until = ibis.coalesce(period_number(rows.next_at, months) - 1, last)
    rows = rows.mutate(begin=period_number(rows.ordered_at, months), until=ibis.least(until, last))
    rows = rows.filter(rows.until >= rows.begin, rows.until - rows.begin < _MOST_PERIODS)
    base = ibis.cases(
        (rows.is_return, _place(RETURNED)),
        (rows.depth == 1, _place(NEW)),
        (rows.depth < rule.loyal_from, _place(DEVELOPING)),
        else_=_place(LOYAL),
    )
    # Silent at the end of a period for longer than so many days: when those days run out in that period or before.
    return rows.select(
        "customer_id",
        "ordered_at",
        "depth",
        *(["discount"] if "discount" in rows.columns else []),
        "begin",
        "until",
        base=base.cast("int8"),
        fading_from=ibis.least(period_number(_after(rows.ordered_at, rows.fading_days), months), rows.until + 1),
        lost_from=ibis.least(period_number(_after(rows.ordered_at, rows.lost_days), months), rows.until + 1),
    )


def state_at(runs: ir.Table, period: Any) -> ir.IntegerValue:
    """Place in `STATES` of a run's customer at the end of one of its periods."""
    found: ir.IntegerValue = ibis.cases(
        (period >= runs.lost_from, _place(LOST)), (period >= runs.fading_from, _place(FADING)), else_=runs.base
    ).cast("int8")
    return found


def spread_runs(runs: ir.Table) -> ir.Table:
    """Each row once for every one of its periods, from begin to until."""
    return runs.mutate(period=ibis.range(runs.begin, runs.until + 1)).unnest("period")


def _place(state: str) -> int:
    return STATES.index(state)


def _after(at: ir.TimestampValue, days: ir.FloatingValue) -> ir.TimestampValue:
    microseconds = days.clip(upper=_FARTHEST_DAYS) * 86_400_000_000.0
    return at + microseconds.cast("int64").as_interval("us")
