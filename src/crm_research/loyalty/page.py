"""What the notebook shows where the records may or may not hold it: the part, or a note of what is missing."""

from __future__ import annotations

from crm_research import show
from crm_research.loyalty import charts, words
from crm_research.loyalty.analysis import LoyaltyAnalysis
from crm_research.loyalty.figures import retention_figures


def show_pace(loyalty: LoyaltyAnalysis) -> None:
    """How long a period is, when coming back is read, and why."""
    show.note(words.pace_finding(loyalty))


def show_newcomers(loyalty: LoyaltyAnalysis) -> None:
    """Whether customers won before the records begin are among the new ones."""
    doubtful = loyalty.retention.first_holds_old_customers
    show.note(words.truncation_finding(loyalty), kind="caution" if doubtful else "note")
    if doubtful:
        show.table(loyalty.repeat, "Repeat rate by when a customer was first seen")


def show_depth(loyalty: LoyaltyAnalysis) -> None:
    """How surely they come back after each purchase, and the claim that goes with it."""
    show.chart(charts.draw_depth(loyalty), alt=f"{words.depth_finding(loyalty)}.", data=loyalty.depths)
    show.note(words.won_finding(loyalty))


def show_retention(loyalty: LoyaltyAnalysis) -> None:
    """The pooled curve, its figures and the triangle; a note where no period was complete."""
    if loyalty.retention.pooled.empty:
        show.note(
            "No intake of new customers was followed for a whole calendar period, so retention cannot be shown. "
            "A longer record or a shorter period_months would help."
        )
        return
    finding = words.retention_finding(loyalty)
    show.chart(charts.draw_retention(loyalty), alt=finding, data=loyalty.retention.pooled)
    show.figures(retention_figures(loyalty), as_table="Share of an intake that buys, so many periods on")
    show.chart(
        charts.draw_triangle(loyalty),
        alt="A heat map with one row for each intake of customers and one column for each later period; darker cells "
        f"mean that more of the intake bought. {finding}",
        data=charts.cut_triangle(loyalty),
    )


def show_holdout(loyalty: LoyaltyAnalysis) -> None:
    """The check out of time; a note where there is no holdout."""
    check = loyalty.holdout
    show.note(words.holdout_finding(loyalty), kind="note" if check is not None and check.holds else "caution")
