"""Purchases counted in the engine: histories with what came after them, purchases by day, gaps, and big spenders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.features.clock import days_between, instant, whole_days_between
from crm_research.features.purchases import build_purchases
from crm_research.features.rfm import build_outcomes, build_rfm
from crm_research.vocabulary import DAYS_PER_WEEK

if TYPE_CHECKING:
    from crm_research.study import Study

PATTERN: Final = ("frequency", "recency_days", "age_days")
_USUAL_SHARE: Final = 0.9


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
    since = instant(study.as_of - (study.holdout_until - study.as_of))
    per = bought.group_by("customer_id").agg(
        n=bought.count(),
        first_at=bought.ordered_at.min(),
        last_at=bought.ordered_at.max(),
        n_since=bought.count(where=bought.ordered_at > since),
    )
    joined = per.inner_join(
        build_outcomes(study, occasion="day").select("customer_id", "holdout_orders"), "customer_id"
    )
    histories = joined.select(
        frequency=joined.n - 1,
        recency_days=days_between(joined.first_at, joined.last_at),
        age_days=days_between(joined.first_at, instant(study.as_of)),
        n_last=joined.n_since - (joined.first_at > since).ifelse(1, 0),
        n_later=joined.holdout_orders,
    )
    counted: pd.DataFrame = (
        histories.group_by(*columns).agg(n_customers=histories.count()).order_by(*columns).to_pandas()
    )
    return counted


def count_purchase_days(study: Study) -> pd.DataFrame:
    """How many purchases did the customers known at as_of make on each day, the holdout included?

    Returns
    -------
    pandas.DataFrame
        Grain: day with a purchase. Columns ``day`` (whole days from as_of, negative before it), ``n_purchases``,
        ``n_first`` (customers whose first purchase it was).
    """
    seen = study if study.holdout_until is None else study.standing_at(study.holdout_until)
    bought = build_purchases(seen, occasion="day").select("customer_id", "ordered_at")
    first = bought.group_by("customer_id").agg(first_at=bought.ordered_at.min())
    as_of = instant(study.as_of)
    known = bought.inner_join(first.filter(first.first_at <= as_of), "customer_id")
    dated = known.select(day=whole_days_between(as_of, known.ordered_at), is_first=known.ordered_at == known.first_at)
    counted: pd.DataFrame = (
        dated.group_by("day")
        .agg(n_purchases=dated.count(), n_first=dated.count(where=dated.is_first))
        .order_by("day")
        .to_pandas()
    )
    return counted


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
