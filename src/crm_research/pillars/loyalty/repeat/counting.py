"""Purchases counted in the engine: the wait from each purchase to the next, and what the holdout brought."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.features.clock import instant, whole_days_between
from crm_research.features.own_rhythm import number_purchases
from crm_research.features.purchases import Occasion, build_later_purchases
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

DEEPEST: Final = 6
FIRST_INTAKE: Final = "first"
LATER_INTAKE: Final = "later"


@step
def count_waits(study: Study, *, occasion: Occasion = "day", newcomers_from: datetime | None = None) -> pd.DataFrame:
    """How long do customers wait from their first, second, third ... purchase to the next?

    Parameters
    ----------
    study
        Needs orders.
    occasion
        What one purchase is: each calendar ``day`` with orders, or every ``order``.
    newcomers_from
        Customers first seen before this instant form the ``first`` intake; None puts all into ``later``.

    Returns
    -------
    pandas.DataFrame
        Grain: intake, number of the purchase (1 to 6) and wait in whole days. Columns ``intake`` (first, later),
        ``depth``, ``tenure_days`` (the wait, to the next purchase or to as_of), ``n_entered`` (0 but at wait 0),
        ``n_ended`` (bought again), ``n_censored`` (not yet). A row of noughts is the longest wait that anybody could
        have been watched for by as_of, where he has bought again.
    """
    numbered = number_purchases(study, occasion=occasion)
    until = ibis.coalesce(numbered.next_at, instant(study.as_of))
    old = ibis.literal(value=False) if newcomers_from is None else numbered.first_at < instant(newcomers_from)
    waits = numbered.mutate(
        intake=old.ifelse(FIRST_INTAKE, LATER_INTAKE),
        tenure_days=whole_days_between(numbered.ordered_at, until),
        came=numbered.next_at.notnull().ifelse(1, 0),  # noqa: PD004
        could_wait=whole_days_between(numbered.ordered_at, instant(study.as_of)),
    )
    waits = waits.filter(waits.depth <= DEEPEST)
    counted: pd.DataFrame = (
        waits.group_by("intake", "depth", "tenure_days")
        .agg(n_ended=waits.came.sum(), n=waits.count(), could_wait=waits.could_wait.max())
        .order_by("intake", "depth", "tenure_days")
        .to_pandas()
    )
    exits = counted.assign(n_entered=0, n_censored=counted["n"] - counted["n_ended"])
    by_depth = counted.groupby(["intake", "depth"], as_index=False)
    entries = by_depth[["n"]].sum().rename(columns={"n": "n_entered"}).assign(tenure_days=0, n_ended=0, n_censored=0)
    reach = by_depth[["could_wait"]].max().rename(columns={"could_wait": "tenure_days"})
    reach = reach.assign(n_entered=0, n_ended=0, n_censored=0)
    columns = ["intake", "depth", "tenure_days", "n_entered", "n_ended", "n_censored"]
    return pd.concat([entries[columns], exits[columns], reach[columns]], ignore_index=True)


@step
def count_returns(study: Study, *, occasion: Occasion = "day", newcomers_from: datetime | None = None) -> pd.DataFrame:
    """When did those who had bought once by as_of buy again in the holdout?

    Returns
    -------
    pandas.DataFrame
        Grain: days since the only purchase at as_of, and wait. Columns ``age_days``, ``wait_days`` (from the first
        purchase to the second, in the holdout; missing where none came), ``n``. Only customers first seen from
        `newcomers_from` on. Empty without a holdout.
    """
    if study.holdout_until is None:
        return pd.DataFrame({"age_days": [], "wait_days": [], "n": []})
    numbered = number_purchases(study, occasion=occasion)
    once = numbered.filter(numbered.depth == 1, numbered.next_at.isnull())  # noqa: PD003
    if newcomers_from is not None:
        once = once.filter(once.first_at >= instant(newcomers_from))
    later = build_later_purchases(study, occasion=occasion)
    came = later.group_by("customer_id").agg(came_back_at=later.ordered_at.min())
    once = once.left_join(came, "customer_id")
    once = once.mutate(
        age_days=whole_days_between(once.ordered_at, instant(study.as_of)),
        wait_days=whole_days_between(once.ordered_at, once.came_back_at),
    )
    counted: pd.DataFrame = once.group_by("age_days", "wait_days").agg(n=once.count()).to_pandas()
    return counted.sort_values(["age_days", "wait_days"], ignore_index=True)
