"""Moves on the ladder of loyalty, period by period, and what had happened before them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.features.clock import check_period_months, instant, last_complete_period, period_number, period_start
from crm_research.features.kept import keep_table
from crm_research.features.purchases import Occasion
from crm_research.features.states import (
    DEVELOPING,
    LOYAL,
    NEW,
    STATES,
    LadderRule,
    build_runs,
    spread_runs,
    state_at,
)
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

COMPLAINT_SIGN: Final = "a complaint"
CONTACT_SIGN: Final = "a contact other than a complaint"
CAMPAIGN_SIGN: Final = "a campaign that addressed them"
DISCOUNT_SIGN: Final = "the last purchase at a discount"


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
    months = check_period_months(period_months)
    linked = link_runs(study, rule, period_months=months, occasion=occasion)
    keys = ("begin", "until", "base", "fading_from", "lost_from", "one_before", "two_before")
    # Alike runs are added up before they are spread over their periods: there are far fewer kinds than customers.
    spread = spread_runs(linked.group_by(*keys).agg(n=linked.count()))
    period = spread.period
    from_state = (period > spread.begin).ifelse(state_at(spread, period - 1), spread.one_before)
    before_state = ibis.cases(
        (period > spread.begin + 1, state_at(spread, period - 2)),
        (period == spread.begin + 1, spread.one_before),
        else_=spread.two_before,
    )
    moved = spread.select(
        "n", "period", to_state=state_at(spread, period), from_state=from_state, before_state=before_state
    )
    grain = ["period", "before_state", "from_state", "to_state"]
    counted = moved.group_by(*grain).agg(n=moved.n.sum()).to_pandas()
    named: pd.DataFrame = counted.assign(
        period_start=_starts(counted["period"], months), n=counted["n"].astype("int64"),
        **{name: _names(counted[name]) for name in grain[1:]},
    )  # fmt: skip
    if begins_at is not None:
        named = named.loc[named["period_start"] >= pd.Timestamp(begins_at) + pd.DateOffset(months=months)]
    columns = ["period_start", "before_state", "from_state", "to_state"]
    return named.sort_values(columns, ignore_index=True)[[*columns, "n"]]


def count_in_rhythm(
    study: Study, rule: LadderRule, *, period_months: int = 1, occasion: Occasion = "day"
) -> pd.DataFrame:
    """How many customers stood within their rhythm at the end of the last complete period, by purchases so far?

    Returns
    -------
    pandas.DataFrame
        Grain: purchases so far. Columns ``depth``, ``n``; customers who are new, developing or loyal.
    """
    months = check_period_months(period_months)
    runs = build_runs(study, rule, period_months=months, occasion=occasion)
    last = last_complete_period(study.as_of, months)
    rungs = [STATES.index(state) for state in (NEW, DEVELOPING, LOYAL)]
    now = runs.filter(runs.until == last, state_at(runs, runs.until).isin(rungs))
    counted: pd.DataFrame = now.group_by("depth").agg(n=now.count()).order_by("depth").to_pandas()
    return counted


def link_runs(study: Study, rule: LadderRule, *, period_months: int, occasion: Occasion) -> ir.Table:
    """Runs with the states of the two periods before they begin and of the one after they end; kept in the engine.

    Returns
    -------
    ibis table
        One run of `build_runs`: its customer_id, begin, until, base, fading_from and lost_from; one_before, two_before
        and next_state (places in `STATES`; empty where he was no customer, or records end); discounted where known.
    """

    def build() -> ir.Table:
        runs = build_runs(study, rule, period_months=period_months, occasion=occasion)
        order = ibis.window(group_by=runs.customer_id, order_by=runs.begin)
        last, is_long = state_at(runs, runs.until), runs.until > runs.begin
        runs = runs.mutate(first=state_at(runs, runs.begin), last=last)
        runs = runs.mutate(last_but_one=is_long.ifelse(state_at(runs, runs.until - 1), None))
        joined = runs.until.lag().over(order) == runs.begin - 1
        joined_before = runs.until.lag(2).over(order) == runs.begin.lag().over(order) - 1
        earlier = joined_before.ifelse(runs["last"].lag(2).over(order), None)
        kept = {"discounted": runs.discount > 0} if "discount" in runs.columns else {}
        return runs.select(
            "customer_id",
            "begin",
            "until",
            "base",
            "fading_from",
            "lost_from",
            one_before=joined.ifelse(runs["last"].lag().over(order), None),
            two_before=joined.ifelse(ibis.coalesce(runs.last_but_one.lag().over(order), earlier), None),
            next_state=(runs.begin.lead().over(order) == runs.until + 1).ifelse(runs["first"].lead().over(order), None),
            **kept,
        )

    return keep_table(study, ("runs", rule, period_months, occasion), build)


def count_before_moves(
    study: Study,
    rule: LadderRule,
    *,
    period_months: int = 1,
    occasion: Occasion = "day",
    begins_at: datetime | None = None,
    ends_by: datetime | None = None,
) -> pd.DataFrame:
    """What had happened to customers in the period before they moved, and before they stayed?

    Parameters
    ----------
    begins_at
        Moves out of periods that begin before it are left out; None keeps all.
    ends_by
        Moves into periods that were not complete by then are left out; None keeps all.

    Returns
    -------
    pandas.DataFrame
        Grain: states and what happened. Columns ``from_state``, ``to_state``, ``sign`` (a complaint, another contact, a
        campaign in the period of from_state; last purchase at a discount), ``had_it``, ``n``. Only signs the study
        records; customers whose discount is not known are left out of that sign.
    """
    months = check_period_months(period_months)
    linked = link_runs(study, rule, period_months=months, occasion=occasion)
    linked = linked if "discounted" in linked.columns else linked.mutate(discounted=ibis.null("boolean"))
    keys = ("begin", "until", "base", "fading_from", "lost_from", "next_state", "discounted")
    spread = spread_runs(linked.group_by(*keys).agg(n=linked.count()))
    last = last_complete_period(study.as_of if ends_by is None else ends_by, months)
    everybody = _count_pairs(spread, months, begins_at, last)
    totals = everybody.groupby(["place", "next_place"], as_index=False)[["n"]].sum()
    parts = [_with_and_without(_count_signed(linked, dated, months, begins_at, last), totals, name)
             for name, dated in _signs(study, months).items()]  # fmt: skip
    known = everybody.loc[everybody["had_it"].notna()]
    if len(known):
        parts.append(known.assign(sign=DISCOUNT_SIGN))
    columns = ["from_state", "to_state", "sign", "had_it", "n"]
    if not parts:
        return pd.DataFrame(columns=columns)
    found = pd.concat(parts, ignore_index=True)
    found = found.loc[found["n"] > 0]
    named: pd.DataFrame = found.assign(
        from_state=_names(found["place"]), to_state=_names(found["next_place"]), had_it=found["had_it"].astype(bool),
        n=found["n"].astype("int64"),
    )  # fmt: skip
    return named[columns].sort_values(["sign", "from_state", "to_state", "had_it"], ignore_index=True)


def _count_signed(
    linked: ir.Table, dated: ir.Table, months: int, begins_at: datetime | None, last: int
) -> pd.DataFrame:
    """Moves of those who had a sign in the period before, by states."""
    joined = linked.drop("discounted").inner_join(dated, "customer_id")
    joined = joined.filter(joined.period >= joined.begin, joined.period <= joined.until)
    ones = joined.mutate(n=ibis.literal(1, "int64"), discounted=ibis.literal(value=True))
    return _count_pairs(ones, months, begins_at, last)


def _count_pairs(spread: ir.Table, months: int, begins_at: datetime | None, last: int) -> pd.DataFrame:
    """Moves out of each row's period: ``place`` of the state, ``next_place``, ``had_it`` (the discount), ``n``."""
    period = spread.period
    moved = spread.select(
        "n",
        "period",
        place=state_at(spread, period),
        next_place=(period < spread.until).ifelse(state_at(spread, period + 1), spread.next_state),
        had_it=spread.discounted,
    )
    moved = moved.filter(moved.next_place.notnull(), moved.period < last)  # noqa: PD004
    if begins_at is not None:
        moved = moved.filter(period_start(moved.period, months) >= instant(begins_at))
    counted: pd.DataFrame = moved.group_by("place", "next_place", "had_it").agg(n=moved.n.sum()).to_pandas()
    return counted


def _with_and_without(signed: pd.DataFrame, totals: pd.DataFrame, sign: str) -> pd.DataFrame:
    """Those with the sign, and the rest of all who stood there."""
    keys = ["place", "next_place"]
    rest = totals.merge(signed[[*keys, "n"]], on=keys, how="left", suffixes=("", "_signed"))
    rest = rest.assign(n=rest["n"] - rest["n_signed"].fillna(0), had_it=False)
    both = pd.concat([signed.assign(had_it=True), rest], ignore_index=True)
    return both[[*keys, "had_it", "n"]].assign(sign=sign)


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


def _names(places: pd.Series) -> pd.Series:
    """States by their places; missing where there is none."""
    return places.map(dict(enumerate(STATES)))


def _starts(numbers: pd.Series, months: int) -> pd.Series:
    """First instants of periods by number."""
    first = numbers.astype("int64") * months
    return pd.to_datetime({"year": first // 12, "month": first % 12 + 1, "day": 1})
