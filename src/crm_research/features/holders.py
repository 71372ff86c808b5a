"""Customers by the contracts they hold: which one stands for them, what they pay, how often they get in touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis

from crm_research.features.answers import known_answers
from crm_research.features.clock import instant, whole_days_between
from crm_research.features.spells import build_spells
from crm_research.features.window import known_rows
from crm_research.vocabulary import DAYS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

    from crm_research.study import Study

# Contacts are counted over so many days before as_of, and per month of it in which the customer had a contract.
_LOOKED_BACK: Final = 365
HABITS: Final = ("contacts_a_month", "complaints_a_month", "mean_answer_share")


def describe_holders(study: Study, names: Iterable[str] = (), *, is_running: bool = False) -> ir.Table:
    """Who holds a contract at as_of, and which plan, fee and attributes has the contract that stands for each?

    That contract is one that runs, else the last that ended; of several the one begun last. Attributes are those of
    the contract, and of the customer where the contract has none of that name.

    Parameters
    ----------
    names
        Columns of `build_spells`; those it does not have are passed over.
    is_running
        Only customers with a contract that runs.

    Returns
    -------
    ibis table
        One customer with a contract known at as_of: customer_id and the named columns.
    """
    spells = build_spells(study)
    spells = spells.filter(spells.customer_id.notnull())
    if is_running:
        spells = spells.filter(~spells.is_ended)
    held = [name for name in dict.fromkeys(names) if name in spells.columns and name != "customer_id"]
    order = [spells.is_ended, spells.started_at.desc(), spells.contract_id]
    place = ibis.row_number().over(group_by=spells.customer_id, order_by=order)
    numbered = spells.select("customer_id", *held, _place=place)
    return numbered.filter(numbered["_place"] == 0).select("customer_id", *held)


def measure_fees(study: Study) -> ir.Table | None:
    """What does each customer pay a month for the contracts that run at as_of? customer_id, fees; None without fees.

    Customers whose contracts have all ended pay nothing; a running contract without a fee adds nothing.
    """
    spells = build_spells(study)
    if "fee" not in spells.columns:
        return None
    paid = spells.is_ended.ifelse(0.0, spells.fee.cast("float64").fill_null(0.0))
    rows = spells.filter(spells.customer_id.notnull()).select("customer_id", paid=paid)
    return rows.group_by("customer_id").agg(fees=rows.paid.sum())


def build_habits(study: Study) -> ir.Table:
    """How often do customers with a running contract get in touch and complain, and what do they answer?

    Returns
    -------
    ibis table
        One customer with a running contract: customer_id; contacts_a_month, complaints_a_month (over the year before
        as_of, or since the contract that stands for the customer began; only with contacts); mean_answer_share (of all
        answers so far, each over its scale, 0 to 1; empty without one; only with surveys that name customers).
    """
    holders = describe_holders(study, ("started_at",), is_running=True)
    since = whole_days_between(holders.started_at, instant(study.as_of))
    months = ibis.greatest(ibis.least(since, _LOOKED_BACK), 1).cast("float64") / DAYS_PER_MONTH
    table = holders.select("customer_id", "started_at", months=months)
    if study.has("contacts"):
        table = _add_contacts(study, table)
    if study.has("surveys") and "customer_id" in study.table("surveys").columns:
        table = _add_answers(study, table)
    return table.drop("started_at", "months")


def _add_contacts(study: Study, table: ir.Table) -> ir.Table:
    contacts = known_rows(study, "contacts").select("customer_id", "opened_at", "kind")
    dated = contacts.inner_join(table.select("customer_id", "started_at"), "customer_id")
    ago = whole_days_between(dated.opened_at, instant(study.as_of))
    lately = dated.filter((ago <= _LOOKED_BACK) & (dated.opened_at >= dated.started_at))
    counted = lately.group_by("customer_id").agg(
        n_contacts=lately.count(), n_complaints=lately.count(where=lately.kind == "complaint")
    )
    joined = table.left_join(counted, "customer_id")
    return joined.select(
        *table.columns,
        contacts_a_month=joined.n_contacts.fill_null(0).cast("float64") / joined.months,
        complaints_a_month=joined.n_complaints.fill_null(0).cast("float64") / joined.months,
    )


def _add_answers(study: Study, table: ir.Table) -> ir.Table:
    answers = known_answers(study)
    means = answers.group_by("customer_id").agg(mean_answer_share=answers.share.mean())
    joined = table.left_join(means, "customer_id")
    return joined.select(*table.columns, mean_answer_share=joined.mean_answer_share)
