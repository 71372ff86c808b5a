"""How late customers pay their bills, and what is never paid: what was known at the time, and only old enough bills."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import ibis

from crm_research.features.clock import instant, whole_days_between
from crm_research.features.window import known_rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

# So long after it was due a bill that is not paid counts as lost (IFRS 9, B5.5.37, presumes default then).
GRACE_DAYS: Final = 90
# Bills of so long tell how late a customer pays, and how much of them is lost.
SPAN_DAYS: Final = 365
NOT_DUE: Final = 4
# Days late up to which a customer's worst bill of a year belongs to each class; later ones to the next.
_REACHES: Final = (0, 30, GRACE_DAYS)


def mature_until(study: Study) -> datetime:
    """Until when bills fell due of which it is known whether they were paid in time to count."""
    return study.as_of - timedelta(days=GRACE_DAYS)


def keep_bills(study: Study) -> ir.Table:
    """Bills of money above 0 known at as_of, of somebody: customer_id, due_at, paid_at (empty while open), amount."""
    bills = known_rows(study, "invoices")
    paid = bills.paid_at if "paid_at" in bills.columns else ibis.null("timestamp")
    kept = bills.select("customer_id", "due_at", paid_at=paid, amount=bills.amount.cast("float64"))
    return kept.filter(kept.customer_id.notnull(), kept.amount > 0)


def class_late(study: Study, at: datetime) -> ir.Table:
    """How late was each customer, as could be seen at an instant?

    Returns
    -------
    ibis table
        One customer with a bill that fell due in the year up to `at`: customer_id, late (0: all paid in time; 1, 2, 3:
        the worst up to 30, up to 90, more than 90 calendar days late, those still open counted up to `at`).
    """
    bills = keep_bills(study)
    seen = bills.filter(bills.due_at > instant(at - timedelta(days=SPAN_DAYS)), bills.due_at <= instant(at))
    until = ibis.least(seen.paid_at.fill_null(instant(at)), instant(at))
    seen = seen.select("customer_id", days=whole_days_between(seen.due_at, until))
    worst = seen.group_by("customer_id").agg(days=seen.days.max())
    first, second, third = (worst.days <= reach for reach in _REACHES)
    return worst.select("customer_id", late=ibis.cases((first, 0), (second, 1), (third, 2), else_=3).cast("int64"))


def sum_losses(study: Study) -> ir.Table:
    """Of bills of a year, old enough to tell, how much was lost, by how late their customers had been before that year?

    Returns
    -------
    ibis table
        One class (late, as `class_late`; 4: nothing fell due in the year before): n_customers, n_losing, n_bills, due
        and lost (money), and over customers due_due, due_lost, lost_lost; bill_bill (squares of bills).
    """
    until = mature_until(study)
    since = until - timedelta(days=SPAN_DAYS)
    bills = keep_bills(study)
    asked = bills.filter(bills.due_at > instant(since), bills.due_at <= instant(until))
    paid_after = whole_days_between(asked.due_at, asked.paid_at)
    is_lost = asked.paid_at.isnull() | (paid_after > GRACE_DAYS)
    per = asked.mutate(lost_amount=is_lost.ifelse(asked.amount, 0.0))
    per = per.group_by("customer_id").agg(
        n_bills=per.count(),
        due=per.amount.sum(),
        lost=per.lost_amount.sum(),
        bill_bill=(per.amount * per.amount).sum(),
    )
    joined = per.left_join(class_late(study, since), "customer_id")
    rows = joined.select("n_bills", "due", "lost", "bill_bill", late=joined.late.fill_null(NOT_DUE))
    return (
        rows.group_by("late")
        .agg(
            n_customers=rows.count(),
            n_losing=rows.count(where=rows.lost > 0),
            n_bills=rows.n_bills.sum(),
            due=rows.due.sum(),
            lost=rows.lost.sum(),
            due_due=(rows.due * rows.due).sum(),
            due_lost=(rows.due * rows.lost).sum(),
            lost_lost=(rows.lost * rows.lost).sum(),
            bill_bill=rows.bill_bill.sum(),
        )
        .order_by("late")
    )


def class_now(study: Study) -> ir.Table:
    """How late is each customer who was ever billed, at as_of? customer_id, late as `sum_losses` has it."""
    billed = keep_bills(study).select("customer_id").distinct()
    joined = billed.left_join(class_late(study, study.as_of), "customer_id")
    return joined.select("customer_id", late=joined.late.fill_null(NOT_DUE))
