"""What the records hold of a few customers, each asked for by name: one grouped question for all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.contracts import RECORD_KEY, RECORDS
from crm_research.features.clock import instant, period_number, whole_days_between
from crm_research.features.credit import keep_bills
from crm_research.features.fees import running_contracts
from crm_research.features.purchases import keep_dealings
from crm_research.features.records import describe_products
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from crm_research.study import Study

ORDERS: Final = "purchases"
RETURNS: Final = "returns"
COMPLAINTS: Final = "complaints"
CONTACTS: Final = "other contacts"
ANSWERS: Final = "survey answers"
ADDRESSED: Final = "campaigns"
LANES: Final = (ORDERS, RETURNS, CONTACTS, COMPLAINTS, ANSWERS, ADDRESSED)
NO_CATEGORY: Final = "not named"
COMPLAINT: Final = "complaint"


def build_month_counts(study: Study, ids: Sequence[str]) -> ir.Table | None:
    """How often did these customers buy, give back, complain, speak with us, answer, and were addressed, by month?

    Returns
    -------
    ibis table or None
        One customer, lane (of `LANES`) and calendar month: customer_id, lane, month (its number), n, money (of
        purchases and returns; 0 otherwise), first_at, last_at. None where the study holds none of these dealings.
    """
    held = [rows for gather in _GATHER.values() if (rows := gather(study, ids)) is not None]
    if not held:
        return None
    rows = reduce(lambda left, right: left.union(right), held)
    rows = rows.mutate(month=period_number(rows["at"], 1))
    return rows.group_by("customer_id", "lane", "month").agg(
        n=rows.count(), money=rows.money.sum(), first_at=rows["at"].min(), last_at=rows["at"].max()
    )


def _lane(rows: ir.Table, lane: ir.Value | str, at: str, money: ir.Value | None = None) -> ir.Table:
    named = ibis.literal(lane) if isinstance(lane, str) else lane
    amount = ibis.literal(0.0) if money is None else money.cast("float64").fill_null(0.0)
    # Tables of several sources hold times of several precisions, which do not lie below each other as they are.
    laid = rows.select("customer_id", lane=named, at=rows[at].cast("timestamp"), money=amount)
    return laid.filter(laid["at"].notnull())


def _orders(study: Study, ids: Sequence[str]) -> ir.Table | None:
    if not study.has("orders"):
        return None
    rows = keep_dealings(_of(known_rows(study, "orders"), ids))
    return _lane(rows, rows.is_sale.ifelse(ORDERS, RETURNS), "ordered_at", rows.revenue)


def _contacts(study: Study, ids: Sequence[str]) -> ir.Table | None:
    if not study.has("contacts"):
        return None
    rows = _of(known_rows(study, "contacts"), ids)
    return _lane(rows, (rows.kind == COMPLAINT).ifelse(COMPLAINTS, CONTACTS), "opened_at")


def _answers(study: Study, ids: Sequence[str]) -> ir.Table | None:
    if not study.has("surveys") or "customer_id" not in study.table("surveys").columns:
        return None
    rows = _of(known_rows(study, "surveys"), ids)
    responses = rows.group_by("customer_id", "response_id").agg(asked_at=rows.asked_at.min())
    return _lane(responses, ANSWERS, "asked_at")


def _addressed(study: Study, ids: Sequence[str]) -> ir.Table | None:
    """Campaigns that chose them, when they did, else when the campaign began; who was held back is not addressed."""
    if not study.has("campaign_targets"):
        return None
    rows = _of(known_rows(study, "campaign_targets"), ids)
    if "is_control" in rows.columns:
        rows = rows.filter(~rows.is_control.fill_null(ibis.literal(value=False)))
    own = rows.targeted_at if "targeted_at" in rows.columns else ibis.null("timestamp")
    rows = rows.select("customer_id", "campaign_id", own_at=own)
    if not study.has("campaigns"):
        return _lane(rows, ADDRESSED, "own_at")
    begun = known_rows(study, "campaigns").select("campaign_id", begun_at="started_at")
    dated = rows.inner_join(begun, "campaign_id")
    return _lane(dated.mutate(at=dated.own_at.fill_null(dated.begun_at)), ADDRESSED, "at")


_GATHER: Final[Mapping[str, Callable[[Study, Sequence[str]], ir.Table | None]]] = MappingProxyType(
    {"orders": _orders, "contacts": _contacts, "surveys": _answers, "campaign_targets": _addressed}
)


def _of(rows: ir.Table, ids: Sequence[str]) -> ir.Table:
    return rows.filter(rows.customer_id.isin(list(ids)))


def list_contracts(study: Study, ids: Sequence[str]) -> ir.Table:
    """Which contracts have these customers, and what do they pay?

    Returns
    -------
    ibis table
        One contract known at as_of: customer_id, contract_id, started_at, ended_at (empty while it runs), end_reason
        and plan (empty where the records have none), fee (a month: of a running one as it stands, else its own).
    """
    rows = _of(known_rows(study, "contracts"), ids)
    held = {name: rows[name] if name in rows.columns else ibis.null("string") for name in ("end_reason", "plan")}
    ended = rows.ended_at if "ended_at" in rows.columns else ibis.null("timestamp")
    own = rows.fee.cast("float64") if "fee" in rows.columns else ibis.null("float64")
    rows = rows.select("customer_id", "contract_id", "started_at", ended_at=ended, **held, own_fee=own)
    now = running_contracts(study).select("contract_id", fee_now="fee")
    joined = rows.left_join(now, "contract_id")
    return joined.select(
        "customer_id", "contract_id", "started_at", "ended_at", "end_reason", "plan",
        fee=joined.fee_now.fill_null(joined.own_fee),
    )  # fmt: skip


def count_contact_kinds(study: Study, ids: Sequence[str], since: datetime) -> ir.Table:
    """What did these customers come to us for, how much of it lately, and what is still open?

    Returns
    -------
    ibis table
        One customer and kind: customer_id, kind, n, n_recent (after `since`), last_at, n_open and oldest_open_at (0 and
        empty where the records do not tell what is settled).
    """
    rows = _of(known_rows(study, "contacts"), ids)
    is_open = rows.closed_at.isnull() if "closed_at" in rows.columns else ibis.literal(value=False)
    rows = rows.select("customer_id", "kind", "opened_at", is_open=is_open)
    return rows.group_by("customer_id", "kind").agg(
        n=rows.count(),
        n_recent=rows.count(where=rows.opened_at > instant(since)),
        last_at=rows.opened_at.max(),
        n_open=rows.count(where=rows.is_open),
        oldest_open_at=rows.opened_at.min(where=rows.is_open),
    )


def list_last_answers(study: Study, ids: Sequence[str]) -> ir.Table:
    """What did these customers answer last to each question they were asked?

    Returns
    -------
    ibis table
        One customer and item: customer_id, item, score, scale_min, scale_max, asked_at.
    """
    rows = _of(known_rows(study, "surveys"), ids)
    rows = rows.filter(rows.score.notnull()).mutate(asked_at=rows.asked_at)
    order = [rows.asked_at.desc(), rows.response_id.asc()]
    ranked = rows.mutate(_nth=ibis.row_number().over(group_by=["customer_id", "item"], order_by=order))
    last = ranked.filter(ranked["_nth"] == 0)
    return last.select("customer_id", "item", "score", "scale_min", "scale_max", "asked_at")


def list_people(study: Study, ids: Sequence[str]) -> ir.Table:
    """Who has a say at these customers at as_of, and when did one of ours last speak with them?

    Returns
    -------
    ibis table
        One person and role that holds at as_of: customer_id, person_id, name (empty where not recorded), role, stance
        (empty if unknown), since, spoken_at (the last contact that names the person; empty without any).

    Notes
    -----
    Of several rows of one person and role the latest is true.
    """
    rows = _of(known_rows(study, "people"), ids)
    if "until" in rows.columns:
        rows = rows.filter(rows.until.isnull())
    held = {name: rows[name] if name in rows.columns else ibis.null("string") for name in ("name", "stance")}
    rows = rows.select("customer_id", "person_id", "role", "since", **held)
    order = [rows.since.desc(), rows.stance.asc(), rows.name.asc()]
    ranked = rows.mutate(_nth=ibis.row_number().over(group_by=["customer_id", "person_id", "role"], order_by=order))
    rows = ranked.filter(ranked["_nth"] == 0).drop("_nth")
    columns = ("customer_id", "person_id", "name", "role", "stance", "since")
    if not study.has("contacts") or "person_id" not in study.table("contacts").columns:
        return rows.select(*columns, spoken_at=ibis.null("timestamp"))
    spoken = _of(known_rows(study, "contacts"), ids)
    spoken = spoken.filter(spoken.person_id.notnull())
    last = spoken.group_by("customer_id", "person_id").agg(spoken_at=spoken.opened_at.max())
    return rows.left_join(last, ["customer_id", "person_id"]).select(*columns, "spoken_at")


def sum_product_mix(study: Study, ids: Sequence[str], start: datetime, end: datetime) -> ir.Table:
    """What do these customers buy, by category of product, from `start` up to before `end`?

    Returns
    -------
    ibis table
        One customer and category: customer_id, category (`NO_CATEGORY` where the product has none), money (of sales and
        returns), n_products.
    """
    orders = keep_dealings(_of(known_rows(study, "orders"), ids))
    orders = orders.filter(orders.ordered_at >= instant(start), orders.ordered_at < instant(end))
    lines = study.table("order_lines").select("order_id", "product_id", line_money="revenue")
    bought = lines.inner_join(orders.select("order_id", "customer_id").distinct(), "order_id")
    if study.has("products") and "category" in study.table("products").columns:
        products = describe_products(study).select("product_id", "category")
        bought = bought.left_join(products, "product_id").drop("product_id_right")
        bought = bought.mutate(category=bought.category.fill_null(NO_CATEGORY))
    else:
        bought = bought.mutate(category=ibis.literal(NO_CATEGORY))
    return bought.group_by("customer_id", "category").agg(
        money=bought.line_money.cast("float64").sum(), n_products=bought.product_id.nunique()
    )


def sum_partners(study: Study, ids: Sequence[str], start: datetime, end: datetime) -> ir.Table:
    """Through which partners do these customers buy, from `start` up to before `end`?

    Returns
    -------
    ibis table
        One customer and partner that stands in the store of an order: customer_id, partner_id, kind and region (empty
        where not recorded), n_orders, money.
    """
    orders = keep_dealings(_of(known_rows(study, "orders"), ids))
    orders = orders.filter(orders.ordered_at >= instant(start), orders.ordered_at < instant(end))
    partners = known_rows(study, "partners")
    held = {name: partners[name] if name in partners.columns else ibis.null("string") for name in ("kind", "region")}
    named = partners.select("partner_id", partner_kind=held["kind"], partner_region=held["region"])
    bought = orders.select("customer_id", "is_sale", "revenue", partner_id="store").inner_join(named, "partner_id")
    summed = bought.group_by("customer_id", "partner_id", "partner_kind", "partner_region").agg(
        n_orders=bought.count(where=bought.is_sale), money=bought.revenue.cast("float64").sum()
    )
    return summed.rename(kind="partner_kind", region="partner_region")


def sum_bills(study: Study, ids: Sequence[str], since: datetime) -> ir.Table:
    """What was billed to these customers, what is open, and how late do they pay?

    Returns
    -------
    ibis table
        One customer with a bill above 0: customer_id, n_bills, billed (money due after `since`, up to as_of),
        open_money and overdue (of all bills), worst_days (most days late of a bill due after `since`, open ones up to
        as_of).
    """
    bills = _of(keep_bills(study), ids)
    as_of = instant(study.as_of)
    is_due = bills.due_at <= as_of
    is_recent = is_due & (bills.due_at > instant(since))
    late = whole_days_between(bills.due_at, bills.paid_at.fill_null(as_of))
    is_open = bills.paid_at.isnull()
    none = ibis.literal(0.0)
    return bills.group_by("customer_id").agg(
        n_bills=bills.count(where=is_recent),
        billed=is_recent.ifelse(bills.amount, none).sum(),
        open_money=is_open.ifelse(bills.amount, none).sum(),
        overdue=(is_open & is_due).ifelse(bills.amount, none).sum(),
        worst_days=late.max(where=is_recent),
    )


def count_links(study: Study, ids: Sequence[str]) -> ir.Table:
    """From how many records of the systems are these customers joined, and how sure is the least sure of them?

    Returns
    -------
    ibis table
        One customer: customer_id, n_records, n_systems, least_probability (empty where the links have none). Records
        that came after as_of are not counted, where the study has the records.
    """
    rows = _of(study.table("links"), ids)
    if study.has(RECORDS):
        all_records, known = (held.select(*RECORD_KEY) for held in (study.table(RECORDS), known_rows(study, RECORDS)))
        rows = rows.anti_join(all_records.anti_join(known, RECORD_KEY), RECORD_KEY)
    chance = rows.probability.cast("float64") if "probability" in rows.columns else ibis.null("float64")
    rows = rows.select("customer_id", "system", probability=chance)
    return rows.group_by("customer_id").agg(
        n_records=rows.count(), n_systems=rows.system.nunique(), least_probability=rows.probability.min()
    )


def latest_indicators(study: Study) -> ir.Table:
    """How does the economy stand, beside a year before?

    Returns
    -------
    ibis table
        One indicator: name, period (the latest known one), value, before (the value twelve months earlier; empty where
        not recorded).
    """
    rows = known_rows(study, "indicators").select("name", "period", "value")
    latest = rows.group_by("name").agg(period=rows.period.max())
    now = rows.inner_join(latest, ["name", "period"]).select("name", "period", "value")
    now = now.mutate(_month=period_number(now.period, 1) - 12)
    then = rows.select(_name="name", _then=period_number(rows.period, 1), before="value")
    then = then.group_by("_name", "_then").agg(before=then.before.max())
    joined = now.left_join(then, [now.name == then["_name"], now["_month"] == then["_then"]])
    return joined.select("name", "period", "value", "before")
