"""The customer base as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_research.pillars.customer_base.figures import base_figures
from crm_research.stats.concentration import CLAIMED_SHARE
from crm_research.theme import say_date, say_percent, word_for

if TYPE_CHECKING:
    from crm_research.pillars.customer_base.base import CustomerBase

_BROKEN = ("where", "expected", "found", "spoils")


def inventory_table(base: CustomerBase) -> pd.DataFrame:
    """table, one_row_is, rows, later_rows (after the study's last instant), first, last: what the study holds."""
    frame = base.verdict.frames["tables"]
    names = {"grain": "one_row_is", "n_rows": "rows", "n_not_read": "rows_never_read", "first_at": "first"}
    frame["grain"] = frame["grain"].str.split(" (", regex=False).str[0]
    held = frame.rename(columns={**names, "last_at": "last"})
    shown = held[["table", "one_row_is", "rows", "rows_never_read", "first", "last"]]
    return shown.assign(
        **{name: [say_date(at) if pd.notna(at) else "" for at in shown[name]] for name in ("first", "last")}
    )


def broken_rules_table(base: CustomerBase) -> pd.DataFrame:
    """where, expected, found, spoils: rules that do not hold, the gravest first."""
    rows = [
        {
            "where": finding.where,
            "expected": finding.expected,
            "found": finding.found
            or f"{finding.n_bad:,} of {finding.n_checked:,} {word_for(finding.n_bad, 'does', 'do')} not "
            f"({say_percent(finding.share_bad)})",
            "spoils": finding.spoils.split(" (reports")[0],
        }
        for finding in base.verdict.failed
    ]
    return pd.DataFrame(rows, columns=list(_BROKEN))


def claims_table(base: CustomerBase) -> pd.DataFrame:
    """The rule of the fifth beside what the data say: claim, claimed_share, estimate, lower, upper, verdict."""
    columns = ["claim", "claimed_share", "estimate", "lower", "upper", "verdict"]
    found = base.concentration
    if found is None:
        return pd.DataFrame(columns=columns)
    value, lower, upper = (float(part) for part in found.top20)
    if found.is_one_customer:
        verdict = "not judged: one customer brings most"
    elif upper < CLAIMED_SHARE:
        verdict = "not so here: fewer than claimed"
    elif lower > CLAIMED_SHARE:
        verdict = "not so here: more than claimed"
    else:
        verdict = "these data do not contradict it"
    claim = "20 % of the customers bring 80 % of the revenue"
    return pd.DataFrame([[claim, CLAIMED_SHARE, value, lower, upper, verdict]], columns=columns)


def summary_table(base: CustomerBase) -> pd.DataFrame:
    """figure, value: the main numbers rounded to what a rerun on any machine must reproduce."""
    rows = []
    for figure in base_figures(base):
        digits = 2 if figure.unit in ("share", "") else 0
        rows.append((figure.id, "none" if figure.estimate is None else f"{figure.estimate:,.{digits}f}"))
    return pd.DataFrame(rows, columns=["figure", "value"])
