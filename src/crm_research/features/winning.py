"""What winning customers costs, and what those won bring: campaigns, whom they addressed, and who bought then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.features.clock import days_between, instant
from crm_research.features.kept import keep_table
from crm_research.features.purchases import keep_dealings
from crm_research.features.value_rows import Money, sale_amounts
from crm_research.features.window import known_rows
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

# Who buys for the first time within so long of being addressed counts as won.
REACH_DAYS: Final = 90
EVERY_KIND: Final = "all campaigns"


def address_rows(study: Study) -> ir.Table:
    """Whom did campaigns address that are old enough to tell, and who of them bought for the first time then?

    Parameters
    ----------
    study
        Needs orders, campaigns and campaign_targets.

    Returns
    -------
    ibis table
        One customer chosen for one campaign at least 90 days before as_of: campaign_id, kind, customer_id, is_control
        (held back), is_prospect (no order and no contract by then), is_won (a prospect whose first order came within 90
        days, and who was chosen for no other campaign between: whoever is chosen month after month is won once).
    """
    campaigns, targets = known_rows(study, "campaigns"), known_rows(study, "campaign_targets")
    kind = campaigns.kind.fill_null("not named") if "kind" in campaigns.columns else ibis.literal(EVERY_KIND)
    named = campaigns.select("campaign_id", kind=kind, begun_at=campaigns.started_at)
    never = ibis.literal(value=False)
    held_back = targets.is_control.fill_null(never) if "is_control" in targets.columns else never
    at = targets.targeted_at if "targeted_at" in targets.columns else ibis.null("timestamp")
    rows = targets.select("campaign_id", "customer_id", own_at=at, is_control=held_back).inner_join(
        named, "campaign_id"
    )
    rows = rows.mutate(addressed_at=rows.own_at.fill_null(rows.begun_at))
    orders = keep_dealings(known_rows(study, "orders"))
    firsts = orders.filter(orders.is_sale).group_by("customer_id").agg(first_at=lambda t: t.ordered_at.min())
    rows = rows.left_join(firsts, "customer_id").drop("customer_id_right")
    since = rows.first_at
    if study.has("contracts"):
        contracts = known_rows(study, "contracts")
        signed = contracts.group_by("customer_id").agg(signed_at=contracts.started_at.min())
        rows = rows.left_join(signed, "customer_id").drop("customer_id_right")
        since = ibis.least(rows.first_at.fill_null(rows.signed_at), rows.signed_at.fill_null(rows.first_at))
    is_prospect = since.isnull() | (since > rows.addressed_at)
    days = days_between(rows.addressed_at, rows.first_at)
    is_won = is_prospect & rows.first_at.notnull() & (days <= float(REACH_DAYS))
    rows = rows.mutate(is_prospect=is_prospect, is_within=is_won.fill_null(never))
    # Campaigns that are too young to count take whom they won from older ones all the same.
    latest_first = [rows.is_prospect.ifelse(0, 1), rows.addressed_at.desc(), rows.campaign_id.asc()]
    nth = ibis.row_number().over(group_by=rows.customer_id, order_by=latest_first)
    rows = rows.mutate(is_won=rows.is_within & (nth == 0))
    rows = rows.filter(rows.addressed_at <= instant(study.as_of - timedelta(days=REACH_DAYS)))
    return rows.select("campaign_id", "kind", "customer_id", "is_control", "is_prospect", "is_won")


def kept_addresses(study: Study) -> ir.Table:
    """`address_rows`, made once for all who ask."""
    return keep_table(study, ("addressed",), lambda: address_rows(study))


def sum_winning(study: Study, rows: ir.Table) -> ir.Table:
    """By kind of campaign: what did it cost to address people who were no customers yet, and how many bought?

    Parameters
    ----------
    rows
        As `address_rows` has them.

    Returns
    -------
    ibis table
        One kind: kind, n_campaigns, n_without_cost (campaigns whose cost is not recorded), n_addressed, n_prospects and
        n_won (of these; all without those held back), n_control and n_control_won (prospects held back), n_addresses
        and n_held_back (how often these prospects were addressed, and held back, over all campaigns of the kind), cost
        (of each campaign the share that prospects are of those addressed).
    """
    addressed = ~rows.is_control
    per = rows.group_by("kind", "campaign_id").agg(
        n_addressed=rows.count(where=addressed),
        n_addresses=rows.count(where=addressed & rows.is_prospect),
        n_won=rows.count(where=addressed & rows.is_won),
        n_held_back=rows.count(where=rows.is_control & rows.is_prospect),
        n_control_won=rows.count(where=rows.is_control & rows.is_won),
    )
    campaigns = known_rows(study, "campaigns")
    cost = campaigns.cost.cast("float64") if "cost" in campaigns.columns else ibis.null("float64")
    joined = per.inner_join(campaigns.select("campaign_id", campaign_cost=cost), "campaign_id")
    people = rows.group_by("kind").agg(
        n_prospects=rows.customer_id.nunique(where=addressed & rows.is_prospect),
        n_control=rows.customer_id.nunique(where=rows.is_control & rows.is_prospect),
    )
    counts = ("n_addressed", "n_addresses", "n_won", "n_held_back", "n_control_won")
    share = joined.n_addresses.cast("float64") / joined.n_addressed.nullif(0).cast("float64")
    joined = joined.mutate(own=(joined.campaign_cost * share).fill_null(0.0))
    summed = joined.group_by("kind").agg(
        n_campaigns=joined.count(),
        n_without_cost=joined.count(where=joined.campaign_cost.isnull()),
        **{name: joined[name].sum() for name in counts},
        cost=joined.own.sum(),
    )
    return summed.inner_join(people, "kind").order_by("kind")


def list_won(rows: ir.Table) -> ir.Table:
    """Who of `address_rows` was won by a campaign of which kind: customer_id, kind; each customer by one alone."""
    won = rows.filter(rows.is_won & ~rows.is_control)
    return won.group_by("customer_id").agg(kind=won.kind.min())


def sum_first_months(study: Study, won: ir.Table, *, money: Money, cost_share: float) -> ir.Table:
    """What did those won bring in each month since their first order?

    Parameters
    ----------
    won
        As `list_won` has them.
    money, cost_share
        As `sale_amounts` takes them.

    Returns
    -------
    ibis table
        One kind, number of whole months since the first order that the customers have been seen, and month (0 the
        first): kind, seen, month, amount. Sales before returns.
    """
    sales = sale_amounts(known_rows(study, "orders"), money, cost_share)
    joined = sales.inner_join(won, "customer_id")
    first = joined.ordered_at.min().over(group_by=joined.customer_id)
    months = (days_between(first, joined.ordered_at) / DAYS_PER_MONTH).floor().cast("int64")
    seen = (days_between(first, instant(study.as_of)) / DAYS_PER_MONTH).floor().cast("int64")
    rows = joined.select("kind", "customer_id", "amount", month=months, seen=seen)
    return (
        rows.group_by("kind", "seen", "month")
        .agg(amount=rows.amount.sum(), n_customers=rows.customer_id.nunique())
        .order_by("kind", "seen", "month")
    )
