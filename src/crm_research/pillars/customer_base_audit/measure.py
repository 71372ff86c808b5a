"""The audit in one result: the books, and the five lenses through which the customer base is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from crm_research.features.audit import (
    NO_PERIOD,
    count_classes,
    count_first_seen,
    keep_sums,
    lay_side_by_side,
    measure_usual_gap,
    sum_by_cohort,
    sum_nameless,
    total_dealings,
)
from crm_research.features.clock import instant
from crm_research.features.kept import keep_table
from crm_research.features.reach import whole_until
from crm_research.pillars.customer_base_audit.books import Books, balance_books
from crm_research.pillars.customer_base_audit.change import Change, measure_change, settle
from crm_research.pillars.customer_base_audit.cohorts import Cohorts, compare_cohorts
from crm_research.pillars.customer_base_audit.health import Health, judge_health
from crm_research.pillars.customer_base_audit.intake import Intake, judge_intake
from crm_research.pillars.customer_base_audit.periods import Periods, choose_periods, start_of
from crm_research.pillars.customer_base_audit.spread import Spread, measure_spread
from crm_research.show.shown import Shown
from crm_research.stats.intervals import check_confidence
from crm_research.steps import step
from crm_research.theme import say_date, say_range

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

_NAMES: Final = ("before", "then", "now")


@dataclass(frozen=True, eq=False, kw_only=True)
class CustomerBaseAudit(Shown):
    """What does the customer base bring, what has changed, and on whom does it rest?

    Parameters
    ----------
    books
        All orders, by who brought them and when, beside the total of the records.
    periods
        Which are compared; None where nobody has bought.
    intake
        From when on a customer first seen is a new one; None where nobody has bought.
    spread
        How customers differ in the latest period; None where the records cover none whole.
    change
        What changed to it from the one it is compared with; None where there is none.
    cohorts, health
        Cohorts beside each other, and the state of the base; None where nobody has bought.
    is_cost_known
        Is the cost of every order known, so that profit can be told?
    n_without_cost
        Orders whose cost is not known, where the study has costs at all.
    """

    title: str
    currency: str
    as_of: datetime
    confidence: float
    books: Books
    periods: Periods | None
    intake: Intake | None
    new_from: int
    spread: Spread | None
    change: Change | None
    cohorts: Cohorts | None
    health: Health | None
    is_cost_known: bool
    n_without_cost: int

    @property
    def window(self) -> str:
        """The period of the orders, in words."""
        if self.books.first_at is None:
            return f"all records known on {say_date(self.as_of)}"
        return say_range(self.books.first_at, self.books.last_at, say_date)


@step
def audit_base(
    study: Study, *, period: str | None = None, confidence: float = 0.95, seed: int = 20170101
) -> CustomerBaseAudit:
    """Look at the customer base through five lenses, and balance the books.

    Parameters
    ----------
    study
        Needs orders. Profit is told where the cost of every order is known.
    period
        What is compared: ``year``, ``half-year``, ``quarter`` or ``month``; None takes the longest of which the records
        hold two whole.
    confidence, seed
        Level of the intervals, and start of the resampling.

    References
    ----------
    Fader, Hardie and Ross (2022), The Customer-Base Audit: the five lenses.
    """
    check_confidence(confidence)
    totals = _only_row(total_dealings(study))
    has_cost = "cost" in study.table("orders").columns
    is_cost_known = has_cost and totals["n_without_cost"] == 0
    periods = None
    if totals["first_at"] is not None:
        periods = choose_periods(
            first_at=totals["first_at"],
            as_of=study.as_of,
            whole_until=whole_until(study),
            n_sales=totals["n_sales"],
            period=period,
        )
    sums = keep_sums(study, period_months=periods.course_months if periods else 1)
    customers = _lay(study, sums, periods)
    classes = settle(count_classes(customers, names=_NAMES).to_pandas())
    # Engines give rows in any order, and halves of the cohorts go by theirs.
    dated = settle(sum_by_cohort(sums, customers).to_pandas())
    dated = dated.sort_values(["first_period", "period"], na_position="last", ignore_index=True)
    nameless = settle(sum_nameless(sums).to_pandas()).sort_values("period", ignore_index=True)
    intake, new_from = None, 0
    spread = change = cohorts = health = None
    if periods is not None:
        intake = _judge_intake(customers, totals["first_at"], study.as_of)
        new_from = _first_new(intake, periods)
        if periods.latest is not None:
            is_known = classes["first_period"] < periods.span(periods.latest).stop
            n_known = int(classes.loc[is_known, "n_customers"].sum())
            spread = measure_spread(
                customers, n_known=n_known, has_cost=is_cost_known, confidence=confidence, seed=seed
            )
            if periods.then is not None:
                spans = {"then": periods.span(periods.then), "now": periods.span(periods.latest)}
                change = measure_change(
                    customers,
                    classes,
                    _nameless_money(nameless, spans),
                    seen_in=spans,
                    has_cost=is_cost_known,
                    confidence=confidence,
                )
        cohorts = compare_cohorts(dated, nameless, periods, new_from=new_from, confidence=confidence)
        health = judge_health(dated, classes, change, periods, new_from=new_from, confidence=confidence)
    return CustomerBaseAudit(
        title=study.title,
        currency=study.currency,
        as_of=study.as_of,
        confidence=confidence,
        books=balance_books(totals, classes, dated, nameless, periods),
        periods=periods,
        intake=intake,
        new_from=new_from,
        spread=spread,
        change=change,
        cohorts=cohorts,
        health=health,
        is_cost_known=is_cost_known,
        n_without_cost=int(totals["n_without_cost"]) if has_cost else 0,
    )


def _lay(study: Study, sums: ir.Table, periods: Periods | None) -> ir.Table:
    numbers = dict.fromkeys(_NAMES, NO_PERIOD)
    fold = 1
    if periods is not None:
        fold = periods.fold
        asked = {"before": periods.before, "then": periods.then, "now": periods.latest}
        for name, number in asked.items():
            numbers[name] = NO_PERIOD if number is None else number
    course = periods.course_months if periods is not None else 1
    key = ("audit", "customers", course, fold, *numbers.values())
    return keep_table(study, key, lambda: lay_side_by_side(sums, periods=numbers, fold=fold))


def _judge_intake(customers: ir.Table, first_at: datetime, as_of: datetime) -> Intake | None:
    blocks = count_first_seen(customers, instant(first_at)).to_pandas()
    if blocks.empty:
        return None
    gap = _only_row(measure_usual_gap(customers))["usual_gap"]
    usual = None if gap is None or gap != gap else float(gap)  # noqa: PLR0124 - NaN
    return judge_intake(blocks, usual, first_at=first_at, as_of=as_of)


def _first_new(intake: Intake | None, periods: Periods) -> int:
    """The first period of the course whose first-seen customers are new ones, whole or, with new records, not."""
    if intake is None:
        return periods.first
    since, months = intake.new_since, periods.course_months
    number = (since.year * 12 + since.month - 1) // months
    is_from_its_start = intake.is_flat or since <= start_of(number, months)
    return number if is_from_its_start else number + 1


def _nameless_money(nameless: pd.DataFrame, spans: dict[str, range]) -> dict[str, tuple[float, float]]:
    found: dict[str, list[float]] = {"revenue": [], "profit": []}
    for span in spans.values():
        own = nameless[nameless["period"].isin(span)]
        found["revenue"].append(float(own["revenue"].sum()))
        found["profit"].append(float(own["revenue"].sum() - own["cost"].sum()))
    return {name: (then, now) for name, (then, now) in found.items()}


def _only_row(table: ir.Table) -> dict[str, Any]:
    row: dict[str, Any] = table.to_pyarrow().to_pylist()[0]
    return row
