"""Purchases counted in the engine: histories with what came after them, purchases by day, gaps, and big spenders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.features.clock import days_after, days_between, instant, whole_days_between
from crm_research.features.purchases import build_later_purchases, build_purchases
from crm_research.features.rfm import build_outcomes, build_rfm
from crm_research.features.window import before_holdout
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_WEEK

if TYPE_CHECKING:
    from crm_research.study import Study

PATTERN: Final = ("frequency", "recency_days", "age_days")
_USUAL_SHARE: Final = 0.9


@step
def count_histories(study: Study) -> pd.DataFrame:
    """How many customers share each history, the repeats of the last period, and the purchases of the holdout?

    Parameters
    ----------
    study
        Needs orders and a holdout. A purchase is a day on which a customer bought.

    Returns
    -------
    pandas.DataFrame
        Grain: distinct combination. Columns ``frequency``, ``recency_days``, ``age_days``, ``n_last`` (repeat purchases
        in a stretch as long as the holdout that ends at as_of; the first purchase of all is no repeat), ``n_later``
        (purchases in the holdout), ``n_customers``. Empty without a holdout.
    """
    columns = [*PATTERN, "n_last", "n_later"]
    if study.holdout_until is None:
        return pd.DataFrame(columns=[*columns, "n_customers"], dtype=float)
    bought = build_purchases(study, occasion="day")
    since = instant(before_holdout(study))
    per = bought.group_by("customer_id").agg(
        n=bought.count(),
        first_at=bought.ordered_at.min(),
        last_at=bought.ordered_at.max(),
        is_since=bought.came_at.min() > since,
        n_since=bought.count(where=bought.came_at > since),
    )
    joined = per.inner_join(
        build_outcomes(study, occasion="day").select("customer_id", "holdout_orders"), "customer_id"
    )
    histories = joined.select(
        frequency=joined.n - 1,
        recency_days=days_between(joined.first_at, joined.last_at),
        age_days=days_between(joined.first_at, instant(study.as_of)),
        n_last=joined.n_since - joined.is_since.ifelse(1, 0),
        n_later=joined.holdout_orders,
    )
    counted: pd.DataFrame = (
        histories.group_by(*columns).agg(n_customers=histories.count()).order_by(*columns).to_pandas()
    )
    return counted


@step
def count_purchase_days(study: Study) -> pd.DataFrame:
    """How many purchases did the customers known at as_of make on each day, the holdout included?

    Returns
    -------
    pandas.DataFrame
        Grain: stretch of 24 hours with a purchase. Columns ``day`` (number of the stretch after as_of, (day - 1, day]
        days; 0 ends at as_of, so no stretch holds purchases of both sides) and calendar day in it: ``born_days`` (from
        as_of to its midnight, negative before), ``n_purchases``, ``n_first`` (customers whose first purchase it was).
    """
    known = build_purchases(study, occasion="day").select("customer_id", "ordered_at", "came_at")
    first = known.group_by("customer_id").agg(first_at=known.came_at.min())
    bought = known
    if study.holdout_until is not None:
        later = build_later_purchases(study, occasion="day").select("customer_id", "ordered_at", "came_at")
        bought = ibis.union(known, later)
    dated = bought.inner_join(first, "customer_id")
    dated = dated.select(
        day=days_after(study.as_of, dated.came_at),
        born_days=days_between(instant(study.as_of), dated.ordered_at),
        is_first=dated.came_at == dated.first_at,
    )
    counted: pd.DataFrame = (
        dated.group_by("day", "born_days")
        .agg(n_purchases=dated.count(), n_first=dated.count(where=dated.is_first))
        .order_by("day", "born_days")
        .to_pandas()
    )
    return counted


@step
def find_usual_gap(study: Study) -> float | None:
    """Within how many days do nine of ten returns come? None where nobody came back by as_of.

    The rule of thumb for who is gone: silent for longer than this. It is read off completed gaps alone.
    """
    bought = build_purchases(study, occasion="day").select("customer_id", "ordered_at")
    previous = bought.ordered_at.lag().over(group_by=bought.customer_id, order_by=bought.ordered_at)
    dated = bought.mutate(gap_days=whole_days_between(previous, bought.ordered_at))
    gaps = dated.filter(dated.gap_days.notnull())  # noqa: PD004
    counted: pd.DataFrame = gaps.group_by("gap_days").agg(n=gaps.count()).order_by("gap_days").to_pandas()
    if counted.empty:
        return None
    reached = counted["n"].cumsum() >= _USUAL_SHARE * counted["n"].sum()
    return float(counted.loc[reached, "gap_days"].iloc[0])


@step
def read_big_spenders(study: Study, n: int) -> pd.DataFrame:
    """Who of the customers that bought again has spent most?

    Returns
    -------
    pandas.DataFrame
        At most `n` rows, the largest spend first: ``customer_id``, ``frequency``, ``recency_days``, ``age_days``,
        ``silent_weeks``, ``spend`` (sales less returns).
    """
    rfm = build_rfm(study, occasion="day")
    again = rfm.filter(rfm.frequency > 0, rfm.spend > 0)
    again = again.select("customer_id", *PATTERN, "spend", "days_since_last")
    again = again.mutate(silent_weeks=again.days_since_last / DAYS_PER_WEEK).drop("days_since_last")
    found: pd.DataFrame = again.order_by(again.spend.desc(), again.customer_id.asc()).limit(n).to_pandas()
    return found
