"""Did those to whom something happened buy again more often than customers who were like them until then?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis
import numpy as np
import pandas as pd

from crm_research.features.clock import days_between, period_number
from crm_research.features.purchases import Occasion
from crm_research.features.states import LadderRule, build_landmarks
from crm_research.features.window import known_rows
from crm_research.stats.intervals import normal_interval

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

QUICK: Final = "complaint handled quickly"
SLOW: Final = "complaint handled slowly"
TOLD: Final = "addressed by a campaign"
NONE: Final = "neither"
LEFT_OUT: Final = "left out"
_CLASSES: Final = ("period", "state", "depth_class", "rhythm_class", "spend_class")
_FEWEST: Final = 20
COLUMNS: Final = (
    "group", "n", "n_matched", "share", "share_alike", "difference", "lower", "upper", "raw_difference",
)  # fmt: skip


def compare_from_landmarks(
    study: Study,
    rule: LadderRule,
    exposed: ir.Table,
    *,
    days: float,
    period_months: int = 1,
    occasion: Occasion = "day",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Of customers to whom something happened in a period, how many more bought after it than of those alike?

    Parameters
    ----------
    exposed
        customer_id, period (number of the calendar period), group: what happened; rows of the group ``left out`` are
        neither compared nor compared with. One row a customer and period.
    days
        Days after the end of the period within which a purchase counts.

    Returns
    -------
    pandas.DataFrame
        Grain: group. Columns ``group``, ``n`` (customers and periods), ``n_matched`` (of them, with somebody alike),
        ``share`` (bought, of the matched), ``share_alike`` (bought, of those alike, weighted to match), ``difference``,
        ``lower``, ``upper``, ``raw_difference`` (without matching). Groups with 20 matched or more.

    Notes
    -----
    The clock starts at the end of the period for both sides, so nobody must have survived, or bought, to count as
    exposed later. Alike: same period, state on the ladder, and doublings of purchases, typical gap and sales, all as
    known then. An association still: what is not recorded may differ. Limits are normal, the variance that of the
    exposed about the share alike plus that of the share alike; that a customer may stand in several periods is ignored.

    References
    ----------
    Van Houwelingen (2007), Scandinavian Journal of Statistics 34, 70-85 (landmarks); Rosenbaum and Rubin (1984), JASA
    79, 516-524 (subclasses).
    """
    marks = build_landmarks(study, rule, days=days, period_months=period_months, occasion=occasion)
    joined = marks.left_join(exposed.select("customer_id", "period", "group"), ["customer_id", "period"])
    joined = joined.mutate(group=joined.group.fill_null(NONE))
    counted = (
        joined.filter(joined.group != LEFT_OUT)
        .group_by(*_CLASSES, "group")
        .agg(n=lambda t: t.count(), came=lambda t: t.came.sum())
        .to_pandas()
    )
    return match_classes(counted, confidence=confidence)


def match_classes(counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Shares of each group against the ``neither`` of the same class, weighted by the group's own numbers.

    Parameters
    ----------
    counts
        Classes, ``group``, ``n`` and ``came``.
    """
    classes = [name for name in counts.columns if name not in ("group", "n", "came")]
    alike = counts.loc[counts["group"] == NONE].set_index(classes)[["n", "came"]].add_suffix("_0")
    rows = []
    for group, part in counts.loc[counts["group"] != NONE].groupby("group", sort=True):
        held = part.join(alike, on=classes)
        matched = held.dropna(subset=["n_0"])
        if matched["n"].sum() < _FEWEST:
            continue
        n, came, n0, came0 = (matched[name].to_numpy(dtype=float) for name in ("n", "came", "n_0", "came_0"))
        p0, total = came0 / n0, n.sum()
        smooth = (came0 + 0.5) / (n0 + 1)
        variance = (came * (1 - p0) ** 2 + (n - came) * p0**2).sum() + (n**2 * smooth * (1 - smooth) / n0).sum()
        gap = normal_interval((came - n * p0).sum() / total, np.sqrt(variance) / total, confidence=confidence)
        everybody = alike["came_0"].sum() / alike["n_0"].sum()
        rows.append(
            {
                "group": str(group),
                "n": int(part["n"].sum()),
                "n_matched": int(total),
                "share": came.sum() / total,
                "share_alike": (n * p0).sum() / total,
                "difference": float(gap.estimate),
                "lower": float(gap.lower),
                "upper": float(gap.upper),
                "raw_difference": part["came"].sum() / part["n"].sum() - everybody,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def find_complaints(study: Study, *, period_months: int = 1) -> ir.Table | None:
    """Whose complaint was closed in which period, quickly or slowly? None where handling is not recorded.

    Quickly: in at most the median time. Of several in a period the slowest counts. Periods in which a complaint was
    opened but none closed are left out.
    """
    if not study.has("contacts") or "closed_at" not in study.table("contacts").columns:
        return None
    contacts = known_rows(study, "contacts")
    complaints = contacts.filter(contacts.kind == "complaint", contacts.customer_id.notnull())  # noqa: PD004
    handled = complaints.filter(complaints.closed_at >= complaints.opened_at)
    handled = handled.mutate(handling=days_between(handled.opened_at, handled.closed_at))
    median = handled.handling.median().as_scalar()
    closed = handled.group_by("customer_id", period=period_number(handled.closed_at, period_months)).agg(
        slowest=handled.handling.max()
    )
    closed = closed.mutate(group=(closed.slowest <= median).ifelse(QUICK, SLOW)).drop("slowest")
    opened = complaints.select("customer_id", period=period_number(complaints.opened_at, period_months)).distinct()
    still = opened.anti_join(closed, ["customer_id", "period"]).mutate(group=ibis.literal(LEFT_OUT))
    return closed.select("customer_id", "period", "group").union(still.select("customer_id", "period", "group"))


def find_addressed(study: Study, *, period_months: int = 1) -> ir.Table | None:
    """Whom did a campaign address in which period? None where a control group, or nothing, is recorded."""
    if not study.has("campaign_targets"):
        return None
    columns = study.table("campaign_targets").columns
    if "targeted_at" not in columns or "is_control" in columns:
        return None
    targets = known_rows(study, "campaign_targets")
    targets = targets.filter(targets.customer_id.notnull(), targets.targeted_at.notnull())  # noqa: PD004
    found = targets.select("customer_id", period=period_number(targets.targeted_at, period_months)).distinct()
    return found.mutate(group=ibis.literal(TOLD))
