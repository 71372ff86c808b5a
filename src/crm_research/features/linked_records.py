"""Records of several systems by whose they are: in which systems customers stand, what counting them twice does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.contracts import LINKS, RECORD_KEY, RECORDS, RELATIONS
from crm_research.features.purchases import keep_dealings
from crm_research.features.window import known_rows
from crm_research.sources.resolving import own_number

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

# What each of several systems is called in a table of combinations: the first, the second ...
IN_SYSTEM: Final = "in_system_"


def build_linked_records(study: Study) -> ir.Table:
    """Whose is each record that was there by as_of, and how sure is it?

    Returns
    -------
    ibis table
        One record: system, local_id, customer_id (where nothing links it, a number of its own), probability (none
        where the links do not say).
    """
    return _under_customers(study, known_rows(study, RECORDS).select(*RECORD_KEY).distinct())


def _under_customers(study: Study, records: ir.Table) -> ir.Table:
    links = study.table(LINKS)
    sure = links.probability if "probability" in links.columns else ibis.null("float64")
    known = links.select(*RECORD_KEY, linked=links.customer_id, sure=sure)
    joined = records.left_join(known, RECORD_KEY)
    return joined.select(
        system=joined.system,
        local_id=joined.local_id,
        customer_id=ibis.coalesce(joined.linked, own_number(joined.system, joined.local_id)),
        probability=joined.sure,
    )


def count_by_system(study: Study) -> ir.Table:
    """How many records has each system, and how many customers stand behind them?

    Returns
    -------
    ibis table
        One system: system, n_records, n_customers, n_alone (its customers who stand in no other system).
    """
    records = build_linked_records(study)
    of_customer = ibis.window(group_by=records.customer_id)
    known = records.mutate(is_alone=records.system.min().over(of_customer) == records.system.max().over(of_customer))
    return known.group_by("system").agg(
        n_records=known.count(),
        n_customers=known.customer_id.nunique(),
        n_alone=known.customer_id.nunique(where=known.is_alone),
    )


def count_combinations(study: Study, systems: Sequence[str]) -> ir.Table:
    """In which systems does one customer stand together?

    Returns
    -------
    ibis table
        One combination of systems: in_system_0, in_system_1 ... (in the order of `systems`), n_customers, n_records.
    """
    records = build_linked_records(study)
    flags = {f"{IN_SYSTEM}{k}": (records.system == name).any() for k, name in enumerate(systems)}
    by_customer = records.group_by("customer_id").agg(**flags, n=records.count())
    return by_customer.group_by(list(flags)).agg(n_customers=by_customer.count(), n_records=by_customer.n.sum())


def count_group_sizes(study: Study) -> ir.Table:
    """How many customers have how many records? One number of records: n_records, n_customers."""
    groups = list_groups(study)
    return groups.group_by("n_records").agg(n_customers=groups.count())


def list_groups(study: Study) -> ir.Table:
    """Which records stand together as one customer?

    Returns
    -------
    ibis table
        One customer: customer_id, n_records, n_systems, least_sure (the probability of the record that hangs loosest).
    """
    records = build_linked_records(study)
    return records.group_by("customer_id").agg(
        n_records=records.count(), n_systems=records.system.nunique(), least_sure=records.probability.min()
    )


def list_members(study: Study, customers: Sequence[str]) -> ir.Table:
    """Which records are these customers'? One record: customer_id, system, local_id, probability."""
    records = build_linked_records(study)
    return records.filter(records.customer_id.isin(list(customers))).select(
        "customer_id", "system", "local_id", "probability"
    )


def count_taken_for_new(study: Study) -> ir.Table:
    """What do purchases say when each system's numbers are taken for customers, and what when records are linked?

    Returns
    -------
    ibis table
        One row: n_numbers and n_customers (who bought by as_of), n_numbers_again and n_customers_again (more than
        once), n_split (customers who bought under two numbers or more), revenue_of_split (of their purchases).
    """
    orders = keep_dealings(known_rows(study, "orders"))
    sales = orders.filter(orders.is_sale & orders.local_id.notnull())
    by_number = sales.group_by("customer_id", *RECORD_KEY).agg(n=sales.count(), revenue=sales.revenue.sum())
    by_customer = by_number.group_by("customer_id").agg(
        numbers=by_number.count(),
        numbers_again=(by_number.n > 1).sum(),
        n=by_number.n.sum(),
        revenue=by_number.revenue.sum(),
    )
    is_split = by_customer.numbers > 1
    return by_customer.agg(
        n_numbers=_sum(by_customer.numbers),
        n_customers=by_customer.count(),
        n_numbers_again=_sum(by_customer.numbers_again),
        n_customers_again=_sum((by_customer.n > 1).cast("int64")),
        n_split=_sum(is_split.cast("int64")),
        revenue_of_split=_sum(is_split.ifelse(by_customer.revenue, 0.0)),
    )


def count_sent_twice(study: Study) -> ir.Table:
    """How often was one customer written to twice in one campaign, under two numbers? One row: n_sent, n_twice."""
    targets = known_rows(study, "campaign_targets")
    sent = targets.filter(targets.customer_id.notnull())
    if "is_control" in sent.columns:
        sent = sent.filter(~sent.is_control.fill_null(ibis.literal(value=False)))
    numbers = sent.select("campaign_id", "customer_id", *RECORD_KEY).distinct()
    each = numbers.group_by("campaign_id", "customer_id").agg(n=numbers.count())
    return each.agg(n_sent=_sum(each.n), n_twice=_sum(each.n - 1))


def count_relations(study: Study) -> ir.Table:
    """Who belongs to whom without being one? One kind: kind, n_pairs, n_customers (who stand in one).

    Customers all of whose records came after as_of are not known yet, and belong to nobody.
    """
    relations = study.table(RELATIONS)
    later = _later_customers(study).later_id
    relations = relations.filter(~relations.customer_id.isin(later), ~relations.related_id.isin(later))
    ends = [
        relations.select("kind", customer=relations[name], is_first=ibis.literal(place == 0).cast("int64"))
        for place, name in enumerate(("customer_id", "related_id"))
    ]
    both = ibis.union(*ends)
    return both.group_by("kind").agg(n_pairs=both.is_first.sum(), n_customers=both.customer.nunique())


def _later_customers(study: Study) -> ir.Table:
    """later_id: customers of records that all came after as_of."""
    everybody = _under_customers(study, study.table(RECORDS).select(*RECORD_KEY))
    known = known_rows(study, RECORDS).select(known_system="system", known_id="local_id")
    same = [everybody.system == known.known_system, everybody.local_id == known.known_id]
    joined = everybody.left_join(known, same)
    by_customer = joined.group_by("customer_id").agg(n_known=joined.known_id.count())
    return by_customer.filter(by_customer.n_known == 0).select(later_id="customer_id")


def count_changes(study: Study) -> ir.Table:
    """What has become of customers' numbers? One change of one linking: linked_at, became, n_customers, n_records."""
    events = study.table("link_events")
    n = events.n_records.sum() if "n_records" in events.columns else ibis.null("float64")
    return events.group_by("linked_at", "became").agg(n_customers=events.count(), n_records=n)


def _sum(values: ir.NumericValue) -> ir.NumericScalar:
    """The sum; nought of nothing."""
    total: ir.NumericScalar = values.sum().fill_null(0)
    return total
