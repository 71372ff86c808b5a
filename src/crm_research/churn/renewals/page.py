"""What the notebook shows of renewals, or a note of why there is nothing to show."""

from __future__ import annotations

from crm_research import show
from crm_research.churn.renewals import charts, words
from crm_research.churn.renewals.check import RULE
from crm_research.churn.renewals.describe import Renewals
from crm_research.churn.renewals.figures import renewal_figures
from crm_research.theme import say_percent


def show_renewals(renewals: Renewals) -> None:
    """How many go on each time, how many will, and whether the forecast is any good."""
    if renewals.fit is None:
        show.note(words.renewal_finding(renewals))
        return
    show.note(words.counting_note(renewals), kind="caution" if renewals.triage.is_snapshot else "note")
    finding = words.renewal_finding(renewals)
    show.chart(
        charts.draw_retention(renewals),
        alt=f"{finding} Dots with intervals by number of the renewal, and a line for the model.",
        data=renewals.observed,
    )
    show.note(" ".join([finding, words.heterogeneity_finding(renewals)]).strip())
    for doubt in words.fit_findings(renewals):
        show.note(doubt, kind="caution")
    show.figures(renewal_figures(renewals), as_table="Renewals in figures")
    _show_projection(renewals)
    _show_intakes(renewals)
    _show_groups(renewals)


def show_renewal_check(renewals: Renewals) -> None:
    """The forecasts of renewals against those that came."""
    check = renewals.check
    is_sure = check is not None and check.winner is not None
    show.note(words.check_finding(renewals), kind="note" if is_sure else "caution")
    if check is None:
        return
    show.chart(
        charts.draw_renewal_check(renewals),
        alt=f"{words.check_finding(renewals)} Dots with intervals by renewal, and the lines of three forecasts.",
        data=check.by_renewal,
    )
    show.table(
        check.errors,
        "Forecasts of renewals against what came",
        formats={"expected_left": "{:,.0f}", "observed_left": "{:,.0f}", "log_score": "{:.5f}"},
        note="error share: how far off each renewal's share that left was, on average; log score: nearer to 0 is "
        "better. sBG: customers differ; BdW: their own chance to leave may also rise or fall; constant rate: neither.",
    )


def _show_projection(renewals: Renewals) -> None:
    finding = words.projection_finding(renewals)
    if words.nobody_left(renewals):
        show.note(finding)
        return
    show.chart(
        charts.draw_projection(renewals),
        alt=f"{finding} Falling lines by number of the renewal, beyond the records dashed on a shaded ground.",
        data=renewals.carried,
    )
    is_refuted = renewals.model_misses is not None or (renewals.check is not None and renewals.check.winner == RULE)
    show.note(finding, kind="caution" if is_refuted else "note")
    if renewals.lifetimes.empty or is_refuted:
        return
    show.table(
        renewals.lifetimes,
        f"Further periods (every {renewals.every}) to expect of a customer about to decide, discounted at "
        f"{say_percent(renewals.discount_rate)} a year",
        formats={"expected_periods": "{:,.1f}", "lower": "{:,.1f}", "upper": "{:,.1f}"},
        note="Times the margin of a period this is what the customer is still worth. The sum runs beyond the records "
        "and takes the model as right; the limits hold the uncertainty of its parameters alone.",
    )


def _show_intakes(renewals: Renewals) -> None:
    if renewals.triangle.empty:
        if not renewals.triage.is_snapshot:
            show.note("Too few contracts came to a renewal under observation from their start to tell intakes apart.")
        return
    table = renewals.triangle
    show.chart(
        charts.draw_intakes(renewals),
        alt="A table coloured by value: rows are intakes, columns renewals, cells the share still there in per cent.",
        data=table.rename(columns=str).reset_index(),
    )


def _show_groups(renewals: Renewals) -> None:
    if renewals.groups is None:
        return
    chance = renewals.groups_p_value
    told = "" if chance != chance else f" Groups alike would differ so much with a chance of {_say_p(chance)}."  # noqa: PLR0124
    show.table(
        renewals.groups,
        f"Renewing by {renewals.group}",
        formats={"retention": "share", "lower": "share", "upper": "share", "mean_retention": "share"},
        note="retention: at the first renewal, with its interval; mean retention: over all renewals; alpha and beta "
        f"where customers of the group differ.{told}",
    )


def _say_p(p_value: float) -> str:
    return "under 0.001" if p_value < 0.001 else f"{p_value:.3f}"
