"""What is shown of buying again, section by section; a note where the records do not hold it."""

from __future__ import annotations

from crm_research.pillars.loyalty.repeat import charts, figures, tables, words
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.show import Answer, Chart, Figures, Note, Section, Table, drawn
from crm_research.theme import without_limits


def answer_section(loyalty: LoyaltyAnalysis) -> Section:
    """Who buys again, how soon, and how many are still buying?"""
    return Section(
        Answer(*without_limits(words.answer, loyalty), see=("newcomers", "time_to_second", "retention")),
        Figures(figures.key_figures(loyalty)),
        Chart(
            drawn(charts.draw_waits, loyalty),
            alt=f"{words.wait_finding(loyalty)} The curve rises with the days since the first purchase.",
            data=tables.milestones(loyalty),
            caption="Read it from left to right: how high the curve stands is the share that has come back by then.",
        ),
        result=loyalty,
    )


def period_section(loyalty: LoyaltyAnalysis) -> Section:
    """How long is a period, when is coming back read, and why?"""
    return Section(Note(words.period_finding(loyalty)), result=loyalty.period_choice)


def newcomers_section(loyalty: LoyaltyAnalysis) -> Section:
    """Are customers won before the records begin among the new ones?"""
    doubtful = loyalty.retention.first_holds_old_customers
    return Section(
        Note(words.truncation_finding(loyalty), kind="caution" if doubtful else "note"),
        Table(loyalty.repeat, "Repeat rate by when a customer was first seen") if doubtful else None,
        result=loyalty.repeat,
    )


def time_to_second_section(loyalty: LoyaltyAnalysis) -> Section:
    """How many are back after so many days?"""
    found = tables.milestones(loyalty)
    if found.empty:
        return Section.missing(words.wait_finding(loyalty) or "Nobody has bought yet, so nobody can be back.")
    return Section(Table(found, "Customers back after so many days, in per cent"), result=found)


def depth_section(loyalty: LoyaltyAnalysis) -> Section:
    """How surely do they come back after each purchase, and does the claim hold that goes with it?"""
    return Section(
        Chart(drawn(charts.draw_depth, loyalty), alt=f"{words.depth_finding(loyalty)}.", data=loyalty.depths),
        Note(words.won_finding(loyalty)),
        result=loyalty.depths,
    )


def retention_section(loyalty: LoyaltyAnalysis) -> Section:
    """How many of each intake still buy?"""
    if loyalty.retention.pooled.empty:
        return Section.missing(
            "No intake of new customers was followed for a whole calendar period, so retention cannot be shown. "
            "A longer record or a shorter period_months would help."
        )
    finding = words.retention_finding(loyalty)
    return Section(
        Chart(drawn(charts.draw_retention, loyalty), alt=finding, data=loyalty.retention.pooled),
        Figures(figures.retention_figures(loyalty), "Share of an intake that buys, so many periods on"),
        Chart(
            drawn(charts.draw_triangle, loyalty),
            alt="A heat map with one row for each intake of customers and one column for each later period; darker "
            f"cells mean that more of the intake bought. {finding}",
            data=charts.cut_triangle(loyalty),
        ),
        result=loyalty.retention,
    )


def holdout_section(loyalty: LoyaltyAnalysis) -> Section:
    """Did as many come back later as the curve had expected?"""
    check = loyalty.holdout
    held = check is not None and check.holds
    return Section(Note(words.holdout_finding(loyalty), kind="note" if held else "caution"), result=check)
