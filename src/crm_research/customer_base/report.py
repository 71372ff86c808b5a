"""The customer base as tables and words for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_research.customer_base.wording import say_concentration, say_growth
from crm_research.theme import say_count, say_date, say_percent

if TYPE_CHECKING:
    from crm_research.customer_base.base import CustomerBase

_BROKEN = ("where", "expected", "found", "spoils")


def tabulate_tables(base: CustomerBase) -> pd.DataFrame:
    """table, one_row_is, rows, later_rows (after the study's last instant), first, last: what the study holds."""
    frame = base.verdict.frames["tables"]
    names = {"grain": "one_row_is", "n_rows": "rows", "n_not_read": "rows_never_read", "first_at": "first"}
    frame["grain"] = frame["grain"].str.split(" (", regex=False).str[0]
    held = frame.rename(columns={**names, "last_at": "last"})
    shown = held[["table", "one_row_is", "rows", "rows_never_read", "first", "last"]]
    return shown.assign(
        **{name: [say_date(at) if pd.notna(at) else "" for at in shown[name]] for name in ("first", "last")}
    )


def tabulate_broken_rules(base: CustomerBase) -> pd.DataFrame:
    """where, expected, found, spoils: rules that do not hold, the gravest first."""
    rows = [
        {
            "where": finding.where,
            "expected": finding.expected,
            "found": finding.found
            or f"{finding.n_bad:,} of {finding.n_checked:,} {'does' if finding.n_bad == 1 else 'do'} not "
            f"({say_percent(finding.share_bad)})",
            "spoils": finding.spoils.split(" (reports")[0],
        }
        for finding in base.verdict.failed
    ]
    return pd.DataFrame(rows, columns=list(_BROKEN))


def summarise(base: CustomerBase) -> pd.DataFrame:
    """figure, value: the main numbers rounded to what a rerun on any machine must reproduce."""
    rows = []
    for figure in base.figures():
        digits = 2 if figure.unit in ("share", "") else 0
        rows.append((figure.id, "none" if figure.estimate is None else f"{figure.estimate:,.{digits}f}"))
    return pd.DataFrame(rows, columns=["figure", "value"])


def describe_picture(base: CustomerBase, name: str) -> str:
    """What one sees in a picture, for those who do not see it."""
    if name == "concentration":
        if base.concentration is None:
            return f"No picture. {base.why_no_concentration}"
        return (
            f"{say_concentration(base.concentration)} A curve of the share of revenue over the share of buyers, "
            "highest spenders first, rises steeply and flattens; a mark shows the rule of thumb at 20 % and 80 %."
        )
    if name == "coverage" and not base.n_customers:
        return "No picture. No customer is known."
    if name == "coverage":
        rows = base.coverage.iloc[1:]
        said = "; ".join(
            f"{what} {say_percent(share)}" for what, share in zip(rows["what"], rows["share"], strict=True)
        )
        known = say_count(base.n_customers, "customer")
        return f"Of {known}: {said or 'nothing further is known'}. Lying bars, one for each kind of record."
    if base.growth is not None:
        shape = f"Upright bars by {base.growth.grain}, customers first seen on top of those seen before."
        return f"{say_growth(base.growth)} {shape}"
    if len(base.contracts):
        n = base.contracts["n_running"].iloc[-1]
        return f"{say_count(n, 'contract is', 'contracts are')} running at the end. A line of contracts by month."
    return "No picture. Neither a purchase nor a contract is known."


def name_estimators(base: CustomerBase) -> dict[str, str]:
    """What was estimated, and how."""
    methods = {"counts and revenue": "counts and sums in the engine of all records known at as_of"}
    if base.concentration is not None:
        methods["shares of revenue"] = base.concentration.estimator
        if base.concentration.later_top20 is not None:
            methods["later share of the top fifth"] = (
                "ratio of sums over the same customers, linearised, limits out to the long tail"
            )
    if base.growth is not None:
        methods["warm-up"] = (
            "ninth decile of the mean days between purchases of repeat customers, at most half the records"
        )
    return methods
