"""What of the first purchase goes with coming back, by regression of the wait for the second."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.features.clock import days_between, instant, whole_days_between
from crm_research.features.lots import lot_of, share_of
from crm_research.features.own_rhythm import number_purchases
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows
from crm_research.models.hazards import CoxFit, fit_cox
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.steps import step
from crm_research.theme import say_count, say_percent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

BASKET: Final = "basket, doubled"
DISCOUNT: Final = "at a discount"
CHANNEL: Final = "channel"
CAMPAIGN: Final = "addressed before"
_FEWEST: Final = 50
_CAMPAIGN_DAYS: Final = 90
# Of more first purchases about so many are drawn by lot.
MOST_READ: Final = 300_000


@step
def fit_first_order(study: Study, loyalty: LoyaltyAnalysis) -> CoxFit:
    """What, known on the day of the first purchase, goes with buying a second time sooner?

    Parameters
    ----------
    study
        Needs orders; channel, discount and campaigns are read where there are any.
    loyalty
        From `describe_loyalty`: where the first intake holds old customers, only later ones are read.

    Returns
    -------
    CoxFit
        Ratios of the rate of coming back; above 1 is sooner.

    Raises
    ------
    NotEnoughData
        With fewer than 50 first purchases, or nobody who came back.

    Notes
    -----
    Only what was known at the first purchase is read: the sum of that day, whether it had a discount, its channel (the
    first in the alphabet where there were two), and whether a campaign addressed the customer in the 90 days before
    (control groups are not addressed). Associations: who buys with a coupon is another customer. Of more than 300,000
    first purchases about so many are read, those of customers drawn by lot.
    """
    frame = read_first_orders(study, loyalty)
    if len(frame) < _FEWEST:
        raise NotEnoughData("What goes with coming back", needed=_FEWEST, of="first purchases", found=len(frame))
    names = [name for name in (BASKET, DISCOUNT, CHANNEL, CAMPAIGN) if name in frame and frame[name].nunique() > 1]
    if not names:
        what = "of a channel, a discount and sums that differ"
        raise NotEnoughData("What goes with coming back", needed=1, of=what, found=0)
    fit = fit_cox(frame, names, confidence=loyalty.confidence)
    return replace(fit, notes=(*_say_lot(count_first_orders(study, loyalty)), *fit.notes))


def _say_lot(n: int) -> tuple[str, ...]:
    share = share_of(n, MOST_READ)
    if share >= 1:
        return ()
    return (f"Read were {say_percent(share)} of {say_count(n, 'first purchase')}, those of customers drawn by lot.",)


@step
def count_first_orders(study: Study, loyalty: LoyaltyAnalysis) -> int:
    """How many first purchases are there to be read?"""
    return int(_first_orders(study, loyalty).count().execute())


def _first_orders(study: Study, loyalty: LoyaltyAnalysis) -> ir.Table:
    numbered = number_purchases(study, occasion="day")
    first = numbered.filter(numbered.depth == 1)
    if loyalty.retention.newcomers_from is not None:
        first = first.filter(first.ordered_at >= instant(loyalty.retention.newcomers_from))
    return first


@step
def read_first_orders(study: Study, loyalty: LoyaltyAnalysis) -> pd.DataFrame:
    """First purchases with what was known of them; ``tenure_days`` to the second, or to as_of, and ``is_ended``."""
    first = _first_orders(study, loyalty)
    share = share_of(count_first_orders(study, loyalty), MOST_READ)
    if share < 1:
        first = first.filter(lot_of(first.customer_id) < share)
    until = ibis.coalesce(first.next_at, instant(study.as_of))
    columns = {
        "tenure_days": whole_days_between(first.ordered_at, until),
        "is_ended": first.next_at.notnull(),  # noqa: PD004
        BASKET: (first.revenue > 0).ifelse(first.revenue.nullif(0.0).log2(), None),
    }
    if "discount" in first.columns:
        columns[DISCOUNT] = first.discount > 0
    found = first.select("customer_id", "ordered_at", **columns)
    found = _with_channel(study, found)
    found = _with_campaign(study, found)
    frame: pd.DataFrame = found.order_by("customer_id").to_pandas()
    # Nobody comes back on the day itself: a wait of no length has not been under observation.
    return frame.loc[frame["tenure_days"] > 0].reset_index(drop=True)


def _with_channel(study: Study, first: ir.Table) -> ir.Table:
    orders = keep_dealings(known_rows(study, "orders"))
    if "channel" not in orders.columns:
        return first
    sales = orders.filter(orders.is_sale)
    sales = sales.mutate(ordered_at=sales.ordered_at.truncate("D"))
    by_day = sales.group_by("customer_id", "ordered_at").agg(**{CHANNEL: sales.channel.min()})
    return first.left_join(by_day, ["customer_id", "ordered_at"]).drop("customer_id_right", "ordered_at_right")


def _with_campaign(study: Study, first: ir.Table) -> ir.Table:
    if not study.has("campaign_targets") or "targeted_at" not in study.table("campaign_targets").columns:
        return first
    targets = known_rows(study, "campaign_targets")
    if "is_control" in targets.columns:
        targets = targets.filter(~targets.is_control.fill_null(ibis.literal(value=False)))
    near = first.select("customer_id", "ordered_at").inner_join(
        targets.select("customer_id", "targeted_at"), "customer_id"
    )
    gap = days_between(near.targeted_at, near.ordered_at)
    addressed = near.filter(gap > 0, gap <= _CAMPAIGN_DAYS).select("customer_id").distinct()
    joined = first.left_join(addressed.mutate(_was=ibis.literal(value=True)), "customer_id").drop("customer_id_right")
    return joined.mutate(**{CAMPAIGN: joined._was.fill_null(ibis.literal(value=False))}).drop("_was")
