"""The audit as tables, in the words a manager reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.pillars.customer_base_audit.cohorts import BEFORE, NAMELESS, ONLY_RETURNS
from crm_research.pillars.customer_base_audit.figures import (
    SAID,
    change_figures,
    health_figures,
    period_figures,
    spread_figures,
    total_figures,
)
from crm_research.theme import say_percent

if TYPE_CHECKING:
    from crm_research.pillars.customer_base_audit.measure import CustomerBaseAudit

_FACTORS: Final = {
    "customers": "buyers",
    "frequency": "purchases of each",
    "spend": "revenue of a purchase",
    "margin": "share left after costs",
}
_FLOWS: Final = {
    "lost": "bought then, not now",
    "kept": "bought in both",
    "gained": "bought now, not then",
}
_LAST_COHORTS: Final = 8


def books_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """part, n_customers, orders, revenue: everything once, the total of the records last."""
    books = audit.books
    rows = books.by_source.rename(columns={"n_orders": "orders"}).to_dict("records")
    rows.append({"part": "all dated orders", "orders": books.n_sales + books.n_returns, "revenue": books.revenue})
    if books.n_undated:
        said = "beside them: orders without a date"
        rows.append({"part": said, "orders": books.n_undated, "revenue": books.undated_revenue})
    frame = pd.DataFrame(rows, columns=["part", "n_customers", "orders", "revenue"])
    return frame.astype({"n_customers": "Float64"})


def by_period_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """period, orders, customers who bought, only returns, no customer named, revenue, covered."""
    frame = audit.books.by_period
    if frame.empty:
        return frame
    covered = ["whole" if is_whole else "in part" for is_whole in frame["is_whole"]]
    named = frame.assign(covered=covered, orders=frame["n_orders"]).drop(columns=["n_orders", "is_whole"])
    return named[["period", "orders", *named.columns.drop(["period", "orders", "covered"]), "covered"]]


def factors_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """what, then, now, change: the factors that make the revenue of buyers."""
    change, periods = audit.change, audit.periods
    if change is None or periods is None:
        return pd.DataFrame()
    rows = []
    for _, row in change.factors.iterrows():
        say = {"customers": "{:,.0f}", "margin": "{:.1%}"}.get(row["factor"], "{:,.2f}")
        told = [say.format(row[when]).replace("%", " %") if pd.notna(row[when]) else "" for when in ("then", "now")]
        # Of a loss, or of nothing, there is no percentage.
        moved = row["now"] / row["then"] - 1 if row["then"] > 0 else float("nan")
        rows.append([_FACTORS[row["factor"]], *told, f"{100 * moved:+.1f} %" if pd.notna(moved) else ""])
    return pd.DataFrame(rows, columns=["what", periods.name(periods.then), periods.name(periods.latest), "change"])


def components_table(audit: CustomerBaseAudit, money: str = "revenue") -> pd.DataFrame:
    """because_of, change, lower, upper: the parts of a change, their sum last."""
    if audit.change is None:
        return pd.DataFrame()
    frame: pd.DataFrame = getattr(audit.change, money)
    named = frame.assign(because_of=[SAID[name] for name in frame["component"]])
    return named.rename(columns={"estimate": "change"})[["because_of", "change", "lower", "upper"]]


def flows_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """who, n_customers, then, now, change: lost, kept and gained customers, and what they brought."""
    change, periods = audit.change, audit.periods
    if change is None or periods is None:
        return pd.DataFrame()
    named = change.flows.assign(who=[f"{flow}: {_FLOWS[flow]}" for flow in change.flows["flow"]])
    names = {"revenue_then": f"revenue {periods.name(periods.then)}", "estimate": "change"}
    names["revenue_now"] = f"revenue {periods.name(periods.latest)}"
    kept = named[["who", "n_customers", "revenue_then", "revenue_now", "estimate"]]
    return kept.rename(columns=names)


def course_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """period, n_active, active_share, orders_each, revenue_an_order, revenue_each, revenue_so_far: one cohort."""
    if audit.cohorts is None or audit.periods is None or audit.cohorts.shown is None:
        return pd.DataFrame()
    course = audit.cohorts.course
    named = course.assign(
        period=[audit.periods.name_of_course(int(number)) for number in course["period"]], buyers=course["n_active"]
    )
    columns = ["period", "buyers", "active_share", "orders_each", "revenue_an_order", "revenue_each", "revenue_so_far"]
    return named[columns]


def stack_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """period, then one column for each cohort: what it brought, the oldest first; whole periods only.

    Of many new cohorts the earlier ones stand in one column.
    """
    cohorts, periods = audit.cohorts, audit.periods
    if cohorts is None or periods is None or cohorts.sums.empty:
        return pd.DataFrame()
    whole = cohorts.sums[cohorts.sums["is_whole"]]
    wide = whole.pivot_table(index="period", columns="cohort", values="revenue", aggfunc="sum", fill_value=0.0)
    wide = wide.reindex(range(periods.first, periods.last + 1), fill_value=0.0)
    order = [name for name in cohorts.sums["cohort"].drop_duplicates() if name in wide.columns]
    wide = wide[order]
    new = [name for name in order if name not in (BEFORE, ONLY_RETURNS, NAMELESS)]
    if len(new) > _LAST_COHORTS:
        early = new[: len(new) - _LAST_COHORTS + 1]
        folded = wide[early].sum(axis=1)
        place = order.index(early[0])
        wide = wide.drop(columns=early)
        wide.insert(place, f"{early[0]} to {early[-1]}", folded)
    wide.insert(0, "when", [periods.name_of_course(int(number)) for number in wide.index])
    return wide.reset_index(drop=True).rename(columns={"when": "period"}).rename_axis(columns=None)


def quality_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """first_seen, n_customers, revenue_each, back_in_the_next: the new cohorts beside each other."""
    if audit.cohorts is None or audit.cohorts.quality.empty:
        return pd.DataFrame()
    frame = audit.cohorts.quality
    back = [
        "" if pd.isna(row["back_share"]) else _with_limits(row["back_share"], row["back_lower"], row["back_upper"])
        for _, row in frame.iterrows()
    ]
    named = frame.assign(first_seen=frame["cohort"], revenue_each=frame["first_revenue"], back_in_the_next=back)
    return named[["first_seen", "n_customers", "revenue_each", "back_in_the_next"]]


def _with_limits(value: float, lower: float, upper: float) -> str:
    return f"{say_percent(value)} ({say_percent(lower)} to {say_percent(upper)})"


def health_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """period, customers known, buyers, active_share, first seen, what these brought."""
    if audit.health is None or audit.health.course.empty:
        return pd.DataFrame()
    frame = audit.health.course
    columns = ["period", "n_known", "buyers", "active_share", "n_first_seen", "revenue", "new_revenue_share"]
    return frame[columns].rename(columns={"n_known": "known_so_far", "n_first_seen": "first_seen"})


def tenths_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """tenth, n_customers, n_orders, revenue, revenue_share, least, mean_revenue, and profit where cost stands."""
    if audit.spread is None:
        return pd.DataFrame()
    return audit.spread.tenths.rename(columns={"mean": "each", "n_orders": "purchases"})


def summary_table(audit: CustomerBaseAudit) -> pd.DataFrame:
    """figure, value: the main numbers rounded to what a rerun on any machine must reproduce."""
    rows = []
    found = [*total_figures(audit), *period_figures(audit), *change_figures(audit), *spread_figures(audit)]
    for figure in [*found, *health_figures(audit)]:
        name = figure.id if figure.group is None else f"{figure.id} ({figure.group})"
        digits = 2 if figure.unit in ("share", "") else 0
        rows.append((name, "none" if figure.estimate is None else f"{figure.estimate:z,.{digits}f}"))
    return pd.DataFrame(rows, columns=["figure", "value"])
