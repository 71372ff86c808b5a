"""What a grade sees of customers: what they bring and cost, how that moves, since when, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.features.answers import known_answers
from crm_research.features.clock import days_between, instant
from crm_research.features.kept import keep_table
from crm_research.features.profit import CostPlan, kept_money
from crm_research.features.records import describe_customers
from crm_research.features.takings import dealings_within
from crm_research.features.window import known_rows
from crm_research.vocabulary import CONTACT_KINDS

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.features.money_window import MoneyWindow
    from crm_research.study import Study

# What says since when a customer is known.
_BEGINS: Final = (("customers", "registered_at"), ("orders", "ordered_at"), ("contracts", "started_at"))
# Engines add in parallel: the last digits of a sum depend on who came first, and a second run must rank alike.
_DIGITS: Final = 6


@dataclass(frozen=True, kw_only=True)
class GradeInputs:
    """Of whom is what read?

    Parameters
    ----------
    kind
        Kind of customers (``business``); None reads all.
    looks_back
        Is the stretch of as many months before read as well?
    items
        Questions of surveys that ask how satisfied customers are.
    position
        Column of customers that says how they stand in their industry; None: there is none.
    """

    kind: str | None
    looks_back: bool
    items: tuple[str, ...]
    position: str | None


def build_grade_rows(
    study: Study, money: ir.Table, before: ir.Table | None, window: MoneyWindow, plan: CostPlan, asked: GradeInputs
) -> ir.Table:
    """What is there to grade each customer by?

    Parameters
    ----------
    money, before
        `build_money` of the window, and of the stretch of as many months before; None where that is not read.
    window, plan, asked
        Over which months money is counted, which costs are charged, and of whom what is read.

    Returns
    -------
    ibis table
        One customer known who bought, paid or cost anything in the window: customer_id; income (revenue and fees),
        goods, service, contacts and capital (what they cost), before (income of the stretch before), squares (of the
        amounts of all orders in both stretches, added up), days_known (from the first that is known of them to as_of),
        n_responses, answered and answered_squares (mean answer of each response on 0 to 1, added up, and squared),
        position, and n_complaint, n_enquiry, n_visit, n_service (contacts begun in the window, and not before the first
        registration, order or contract). What a study does not hold is nought; position is empty.
    """
    capital = money.receivables * float(plan.capital_rate or 0.0)
    moved = [money[name] for name in ("n_orders", "revenue", "fees", "goods", "service", "contacts")]
    known = money.filter(
        money.is_known, reduce(lambda left, right: left | right, [one != 0 for one in (*moved, capital)])
    )
    rows = known.select(
        "customer_id",
        income=(known.revenue + known.fees).round(_DIGITS),
        goods=known.goods.round(_DIGITS),
        service=known.service.round(_DIGITS),
        contacts=known.contacts.round(_DIGITS),
        capital=(known.receivables * float(plan.capital_rate or 0.0)).round(_DIGITS),
    )
    if asked.kind is not None:
        people = describe_customers(study, ("kind",))
        rows = rows.semi_join(people.filter(people.kind == asked.kind), "customer_id")
    parts = [_before(before), _squares(study, window, asked), _since(study)]
    parts += [_answered(study, asked.items), _positions(study, asked.position), _met(study, window)]
    return reduce(_beside, parts, rows)


def kept_grade_rows(study: Study, window: MoneyWindow, plan: CostPlan, asked: GradeInputs) -> ir.Table:
    """`build_grade_rows`, made once for all who ask."""
    charged = tuple(sorted(plan.rates.items())), plan.counts_contacts, plan.counts_goods, plan.capital_rate
    key = ("grades", window, charged, asked)
    money = kept_money(study, window, plan)
    before = kept_money(study, window.before(), plan) if asked.looks_back else None
    return keep_table(study, key, lambda: build_grade_rows(study, money, before, window, plan, asked))


def count_kinds(study: Study) -> dict[str, int]:
    """How many customers of each kind does the study name? Empty where it tells no kinds apart."""
    if not study.has("customers") or "kind" not in study.table("customers").columns:
        return {}
    people = describe_customers(study, ("kind",))
    counted = people.group_by("kind").agg(n=people.count()).order_by("kind")
    return {str(row["kind"]): int(row["n"]) for row in counted.to_pyarrow().to_pylist() if row["kind"]}


def list_items(study: Study) -> list[str]:
    """The questions that customers who are named have answered by as_of, in the order of their names."""
    if not study.has("surveys") or "customer_id" not in study.table("surveys").columns:
        return []
    answers = known_answers(study)
    found = answers.select("item").distinct().order_by("item").to_pandas()["item"]
    return [str(item) for item in found.dropna()]


def read_largest(rows: ir.Table, n: int) -> pd.DataFrame:
    """The customers who bring most, `n` of them at most, in the order of what they bring."""
    found: pd.DataFrame = rows.order_by([rows.income.desc(), rows.customer_id.asc()]).limit(n).to_pandas()
    return found


def total_grade_rows(rows: ir.Table) -> dict[str, float]:
    """N and income over all of them: those who are not ranked among them."""
    row = rows.agg(n=rows.count(), income=rows.income.sum()).to_pyarrow().to_pylist()[0]
    return {"n": float(row["n"] or 0), "income": float(row["income"] or 0.0)}


def _beside(left: ir.Table, right: ir.Table | dict[str, ir.Value]) -> ir.Table:
    if isinstance(right, dict):
        return left.mutate(**right)
    names = [name for name in right.columns if name != "customer_id"]
    joined = left.left_join(right, "customer_id")
    filled = {name: joined[name] if name == "position" else joined[name].fill_null(0.0) for name in names}
    return joined.select(*left.columns, **filled)


def _nought(*names: str) -> dict[str, ir.Value]:
    return {name: ibis.literal(0.0) for name in names}


def _before(money: ir.Table | None) -> ir.Table | dict[str, ir.Value]:
    if money is None:
        return _nought("before")
    money = money.filter(money.customer_id.notnull())  # noqa: PD004 - Ibis
    return money.select("customer_id", before=(money.revenue + money.fees).round(_DIGITS))


def _squares(study: Study, window: MoneyWindow, asked: GradeInputs) -> ir.Table | dict[str, ir.Value]:
    if not asked.looks_back or not study.has("orders"):
        return _nought("squares")
    both = dealings_within(study, replace(window, start=window.before().start))
    both = both.filter(both.customer_id.notnull())  # noqa: PD004 - Ibis
    revenue = both.revenue.fill_null(0.0)
    return both.group_by("customer_id").agg(squares=(revenue * revenue).sum().round(_DIGITS))


def _since(study: Study) -> ir.Table:
    first = _first_known(study)
    return first.select("customer_id", days_known=days_between(first.since, instant(study.as_of)))


def _first_known(study: Study) -> ir.Table:
    begun = []
    for table, column in _BEGINS:
        if study.has(table) and column in study.table(table).columns:
            rows = known_rows(study, table)
            rows = rows.filter(rows.customer_id.notnull(), rows[column].notnull())  # noqa: PD004 - Ibis
            begun.append(rows.group_by("customer_id").agg(since=rows[column].min()))
    every = reduce(ibis.union, begun)
    return every.group_by("customer_id").agg(since=every.since.min())


def _answered(study: Study, items: Sequence[str]) -> ir.Table | dict[str, ir.Value]:
    if not items:
        return _nought("n_responses", "answered", "answered_squares")
    answers = known_answers(study)
    answers = answers.filter(answers.item.isin(list(items)), answers.share.notnull())  # noqa: PD004 - Ibis
    each = answers.group_by("customer_id", "response_id").agg(mean=answers.share.mean().round(_DIGITS))
    return each.group_by("customer_id").agg(
        n_responses=each.count().cast("float64"),
        answered=each["mean"].sum().round(_DIGITS),
        answered_squares=(each["mean"] * each["mean"]).sum().round(_DIGITS),
    )


def _positions(study: Study, position: str | None) -> ir.Table | dict[str, ir.Value]:
    if position is None:
        return {"position": ibis.null("float64")}
    people = describe_customers(study, (position,))
    return people.select("customer_id", position=people[position].cast("float64"))


def _met(study: Study, window: MoneyWindow) -> ir.Table | dict[str, ir.Value]:
    if not study.has("contacts"):
        return _nought(*(f"n_{kind}" for kind in CONTACT_KINDS))
    rows = known_rows(study, "contacts")
    within = rows.filter(
        rows.customer_id.notnull(),  # noqa: PD004 - Ibis
        rows.opened_at >= instant(window.start),
        rows.opened_at < instant(window.end),
    )
    # Who was visited to be won was no customer then: the years they are counted over begin later.
    since = _first_known(study)
    within = within.inner_join(since, "customer_id")
    within = within.filter(within.opened_at >= within.since.truncate("D"))
    counted = {f"n_{kind}": (within.kind == kind).ifelse(1.0, 0.0).sum() for kind in CONTACT_KINDS}
    return within.group_by("customer_id").agg(**counted)
