"""What happened to whom and when: a complaint settled, a campaign that addressed, an offer taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis

from crm_research.features.clock import days_between
from crm_research.features.window import known_rows
from crm_research.pillars.loyalty.effects.landmark_rows import LEFT_OUT, number_window

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

QUICK: Final = "complaint handled quickly"
SLOW: Final = "complaint handled slowly"
TOLD: Final = "addressed by a campaign"
TOOK: Final = "answered a campaign"


def find_complaints(study: Study, *, width_days: int = 30) -> ir.Table | None:
    """Whose complaint was closed when, quickly or slowly? None where handling is not recorded.

    Quickly: in at most the median time. Of several closed in a window of `width_days` the slowest counts. Windows in
    which a complaint was opened but none closed are left out.

    Returns
    -------
    ibis table
        customer_id, at, group.
    """
    if not study.has("contacts") or "closed_at" not in study.table("contacts").columns:
        return None
    contacts = known_rows(study, "contacts")
    complaints = contacts.filter(contacts.kind == "complaint", contacts.customer_id.notnull())
    handled = complaints.filter(complaints.closed_at >= complaints.opened_at)
    handled = handled.mutate(handling=days_between(handled.opened_at, handled.closed_at))
    median = handled.handling.median().as_scalar()
    closed = handled.group_by("customer_id", period=number_window(handled.closed_at, width_days)).agg(
        slowest=handled.handling.max(), at=handled.closed_at.max()
    )
    closed = closed.mutate(group=(closed.slowest <= median).ifelse(QUICK, SLOW)).drop("slowest")
    opened = complaints.group_by("customer_id", period=number_window(complaints.opened_at, width_days)).agg(
        at=complaints.opened_at.max()
    )
    still = opened.anti_join(closed, ["customer_id", "period"]).mutate(group=ibis.literal(LEFT_OUT))
    return closed.select("customer_id", "at", "group").union(still.select("customer_id", "at", "group"))


def find_addressed(study: Study) -> ir.Table | None:
    """Whom did a campaign address, and when? None where a control group, or nothing, is recorded."""
    if not study.has("campaign_targets") or _has_control(study):
        return None
    if "targeted_at" not in study.table("campaign_targets").columns:
        return None
    targets = known_rows(study, "campaign_targets")
    targets = targets.filter(targets.customer_id.notnull(), targets.targeted_at.notnull())
    return targets.select("customer_id", at=targets.targeted_at).distinct().mutate(group=ibis.literal(TOLD))


def find_takers(study: Study) -> ir.Table | None:
    """Who answered a campaign, and when? None where a control group, or nothing, is recorded."""
    if not study.has("campaign_responses") or _has_control(study):
        return None
    taken = known_rows(study, "campaign_responses")
    taken = taken.filter(taken.customer_id.notnull(), taken.responded_at.notnull())
    return taken.select("customer_id", at=taken.responded_at).distinct().mutate(group=ibis.literal(TOOK))


def _has_control(study: Study) -> bool:
    """Whether a group was kept apart: then it, and no likeness, tells what the campaign did."""
    if not study.has("campaign_targets") or "is_control" not in study.table("campaign_targets").columns:
        return False
    targets = known_rows(study, "campaign_targets")
    return bool(targets.filter(targets.is_control).limit(1).count().execute())
