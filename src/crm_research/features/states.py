"""The ladder of loyalty: in which state does each customer end each calendar period, and where does he move?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.errors import ParameterError
from crm_research.features.clock import (
    check_period_months,
    days_between,
    instant,
    last_complete_period,
    period_number,
    period_start,
)
from crm_research.features.own_rhythm import RhythmScale, build_own_rhythm
from crm_research.features.purchases import Occasion
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from crm_research.study import Study

NEW: Final = "new"
DEVELOPING: Final = "developing"
LOYAL: Final = "loyal"
RETURNED: Final = "returned"
FADING: Final = "fading"
LOST: Final = "lost"
STATES: Final = (NEW, DEVELOPING, LOYAL, RETURNED, FADING, LOST)
COMPLAINT_SIGN: Final = "a complaint"
CONTACT_SIGN: Final = "a contact other than a complaint"
CAMPAIGN_SIGN: Final = "a campaign that addressed him"
DISCOUNT_SIGN: Final = "the last purchase at a discount"
_MOST_PERIODS: Final = 600


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
    A state reads nothing that happened after its period, but for the common `scale` of gaps. It is written from the
    purchase that is the last one then, so no table of customers by periods is joined.
    """
    spread = _spread(study, rule, check_period_months(period_months), occasion)
    kept = ["discount"] if "discount" in spread.columns else []
    return spread.select("customer_id", "period", "depth", "silence_days", *kept, "period_start", "state")


def build_landmarks(
    study: Study, rule: LadderRule, *, days: float, period_months: int = 1, occasion: Occasion = "day"
) -> ir.Table:
    """Who bought within so many days of the end of each calendar period, and what was known of him then?

    Parameters
    ----------
    days
        Followed so long; periods after which as_of came sooner are left out.

    Returns
    -------
    ibis table
        One customer and period: customer_id, period, state, depth_class, rhythm_class, spend_class (purchases, typical
        gap and sales so far on a scale of doublings), came.
    """
    months = check_period_months(period_months)
    spread = _spread(study, rule, months, occasion)
    ends_at = period_start(spread.period + 1, months)
    spread = spread.filter(days_between(ends_at, instant(study.as_of)) >= days)
    after = days_between(period_start(spread.period + 1, months), spread.next_at)
    return spread.select(
        "customer_id",
        "period",
        "state",
        depth_class=spread.depth.log2().floor().cast("int64"),
        rhythm_class=spread.typical_days.log2().floor().cast("int64"),
        spend_class=(spread.spend_so_far.clip(lower=0.0) + 1).log2().floor().cast("int64"),
        came=(after <= days).fill_null(ibis.literal(value=False)).ifelse(1, 0),
    )


def _spread(study: Study, rule: LadderRule, months: int, occasion: Occasion) -> ir.Table:
    """Each purchase once for every period in which it is the last one, with the state at the period's end."""
    rows = build_own_rhythm(study, rule.scale, occasion=occasion)
    so_far = ibis.cumulative_window(group_by=rows.customer_id, order_by=rows.ordered_at)
    rows = rows.mutate(spend_so_far=rows.revenue.fill_null(0.0).sum().over(so_far))
    last = ibis.literal(last_complete_period(study.as_of, months), "int64")
    until = ibis.coalesce(period_number(rows.next_at, months) - 1, last)
    rows = rows.mutate(begin=period_number(rows.ordered_at, months), until=ibis.least(until, last))
    rows = rows.filter(rows.until >= rows.begin, rows.until - rows.begin < _MOST_PERIODS)
    spread = rows.mutate(period=ibis.range(rows.begin, rows.until + 1)).unnest("period")
    spread = spread.mutate(silence_days=days_between(spread.ordered_at, period_start(spread.period + 1, months)))
    state = ibis.cases(
        (spread.silence_days > spread.lost_days, LOST),
        (spread.silence_days > spread.fading_days, FADING),
        (spread.is_return, RETURNED),
        (spread.depth == 1, NEW),
        (spread.depth < rule.loyal_from, DEVELOPING),
        else_=LOYAL,
    )
    return spread.mutate(period_start=period_start(spread.period, months), state=state)


def count_moves(
    study: Study,
    rule: LadderRule,
    *,
    period_months: int = 1,
    occasion: Occasion = "day",
    begins_at: datetime | None = None,
) -> pd.DataFrame:
    """How many customers moved from which state to which, period by period?

    Parameters
    ----------
    begins_at
        Moves out of periods that begin before it are left out; None keeps all.

    Returns
    -------
    pandas.DataFrame
        Grain: period and states. Columns ``period_start`` (of the later period), ``before_state`` (two periods before;
        empty where he was no customer yet), ``from_state`` (one before; empty in the period of the first purchase),
        ``to_state``, ``n``.
    """
    states = build_states(study, rule, period_months=period_months, occasion=occasion)
    order = ibis.window(group_by=states.customer_id, order_by=states.period)
    moved = states.mutate(
        from_state=states.state.lag(1).over(order), before_state=states.state.lag(2).over(order), to_state=states.state
    )
    counted: pd.DataFrame = (
        moved.group_by("period_start", "before_state", "from_state", "to_state").agg(n=moved.count()).to_pandas()
    )
    counted = counted.sort_values(["period_start", "before_state", "from_state", "to_state"], ignore_index=True)
    columns = ["period_start", "before_state", "from_state", "to_state", "n"]
    if begins_at is not None:
        import pandas as pd

        start = pd.Timestamp(begins_at) + pd.DateOffset(months=period_months)
        counted = counted.loc[counted["period_start"] >= start].reset_index(drop=True)
    return counted[columns]


def count_before_moves(
    study: Study,
    rule: LadderRule,
    *,
    period_months: int = 1,
    occasion: Occasion = "day",
    begins_at: datetime | None = None,
) -> pd.DataFrame:
    """What had happened to customers in the period before they moved, and before they stayed?

    Returns
    -------
    pandas.DataFrame
        Grain: states and what happened. Columns ``from_state``, ``to_state``, ``sign`` (a complaint, another contact, a
        campaign in the period of from_state; last purchase at a discount), ``had_it``, ``n``. Only signs the study
        records; customers whose discount is not known are left out of that sign.
    """
    months = check_period_months(period_months)
    states = build_states(study, rule, period_months=months, occasion=occasion)
    order = ibis.window(group_by=states.customer_id, order_by=states.period)
    moved = states.mutate(to_state=states.state.lead().over(order))
    moved = moved.filter(moved.to_state.notnull())  # noqa: PD004
    if begins_at is not None:
        moved = moved.filter(moved.period_start >= instant(begins_at))
    signs = _signs(study, months)
    for name, dated in signs.items():
        moved = moved.left_join(dated.mutate(**{name: ibis.literal(value=True)}), ["customer_id", "period"]).drop(
            "customer_id_right", "period_right"
        )
        moved = moved.mutate(**{name: moved[name].fill_null(ibis.literal(value=False))})
    flags = {name: moved[name] for name in signs}
    if "discount" in moved.columns:
        flags[DISCOUNT_SIGN] = moved.discount > 0
    parts = []
    for name, flag in flags.items():
        known = moved.mutate(had_it=flag)
        counted = known.filter(known.had_it.notnull()).group_by("state", "to_state", "had_it")  # noqa: PD004
        parts.append(counted.agg(n=lambda t: t.count()).mutate(sign=ibis.literal(name)))
    if not parts:
        import pandas as pd

        return pd.DataFrame(columns=["from_state", "to_state", "sign", "had_it", "n"])
    found: pd.DataFrame = ibis.union(*parts).to_pandas() if len(parts) > 1 else parts[0].to_pandas()
    found = found.rename(columns={"state": "from_state"})[["from_state", "to_state", "sign", "had_it", "n"]]
    return found.sort_values(["sign", "from_state", "to_state", "had_it"], ignore_index=True)


def _signs(study: Study, months: int) -> dict[str, ir.Table]:
    """Customers and periods in which something was done to them or by them, a table for each kind."""
    found = {}
    if study.has("contacts"):
        contacts = known_rows(study, "contacts")
        contacts = contacts.filter(contacts.customer_id.notnull(), contacts.opened_at.notnull())  # noqa: PD004
        contacts = contacts.mutate(period=period_number(contacts.opened_at, months))
        is_complaint = contacts.kind == "complaint"
        found[COMPLAINT_SIGN] = contacts.filter(is_complaint).select("customer_id", "period").distinct()
        found[CONTACT_SIGN] = contacts.filter(~is_complaint).select("customer_id", "period").distinct()
    if study.has("campaign_targets") and "targeted_at" in study.table("campaign_targets").columns:
        targets = known_rows(study, "campaign_targets")
        if "is_control" in targets.columns:
            targets = targets.filter(~targets.is_control.fill_null(ibis.literal(value=False)))
        targets = targets.filter(targets.customer_id.notnull(), targets.targeted_at.notnull())  # noqa: PD004
        targets = targets.mutate(period=period_number(targets.targeted_at, months))
        found[CAMPAIGN_SIGN] = targets.select("customer_id", "period").distinct()
    return found
