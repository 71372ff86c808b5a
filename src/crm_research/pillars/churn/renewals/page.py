"""What is shown of renewals, or a note of why there is nothing to show."""

from __future__ import annotations

from collections.abc import Iterator

from crm_research.pillars.churn.renewals import charts, words
from crm_research.pillars.churn.renewals.check import RULE
from crm_research.pillars.churn.renewals.describe import Renewals
from crm_research.pillars.churn.renewals.figures import renewal_figures
from crm_research.show import Chart, Figures, Note, Part, Table, drawn
from crm_research.theme import say_p_value, say_percent


def renewals_parts(renewals: Renewals) -> Iterator[Part]:
    """How many go on each time, how many will, and whether the forecast is any good."""
    if renewals.fit is None:
        yield Note(words.renewal_finding(renewals))
        return
    yield Note(words.counting_note(renewals), kind="caution" if renewals.detection.is_snapshot else "note")
    finding = words.renewal_finding(renewals)
    yield Chart(
        drawn(charts.draw_retention, renewals),
        alt=f"{finding} Dots with intervals by number of the renewal, and a line for the model.",
        data=renewals.observed,
    )
    yield Note(" ".join([finding, words.heterogeneity_finding(renewals)]).strip())
    for doubt in words.fit_findings(renewals):
        yield Note(doubt, kind="caution")
    yield Figures(renewal_figures(renewals), "Renewals in figures")
    yield from _projection_parts(renewals)
    yield from _intakes_parts(renewals)
    yield from _groups_parts(renewals)


def renewal_check_parts(renewals: Renewals) -> Iterator[Part]:
    """The forecasts of renewals against those that came."""
    check = renewals.check
    is_sure = check is not None and check.winner is not None
    yield Note(words.check_finding(renewals), kind="note" if is_sure else "caution")
    if check is None:
        return
    yield Chart(
        drawn(charts.draw_renewal_check, renewals),
        alt=f"{words.check_finding(renewals)} Dots with intervals by renewal, and the lines of three forecasts.",
        data=check.by_renewal,
    )
    yield Table(
        check.errors,
        "Forecasts of renewals against what came",
        formats={"expected_left": "{:,.0f}", "observed_left": "{:,.0f}", "log_score": "{:.5f}"},
        note="error share: how far off each renewal's share that left was, on average; log score: nearer to 0 is "
        "better. sBG: customers differ; BdW: their own chance to leave may also rise or fall; constant rate: neither.",
    )


def _projection_parts(renewals: Renewals) -> Iterator[Part]:
    finding = words.projection_finding(renewals)
    if words.nobody_left(renewals):
        yield Note(finding)
        return
    yield Chart(
        drawn(charts.draw_projection, renewals),
        alt=f"{finding} Falling lines by number of the renewal, beyond the records dashed on a shaded ground.",
        data=renewals.carried,
    )
    is_refuted = renewals.model_misses is not None or (renewals.check is not None and renewals.check.winner == RULE)
    yield Note(finding, kind="caution" if is_refuted else "note")
    if renewals.lifetimes.empty or is_refuted:
        return
    yield Table(
        renewals.lifetimes,
        f"Further periods (every {renewals.every}) to expect of a customer about to decide, discounted at "
        f"{say_percent(renewals.discount_rate)} a year",
        formats={"expected_periods": "{:,.1f}", "lower": "{:,.1f}", "upper": "{:,.1f}"},
        note="Times the margin of a period this is what the customer is still worth. The sum runs beyond the records "
        "and takes the model as right; the limits hold the uncertainty of its parameters alone.",
    )


def _intakes_parts(renewals: Renewals) -> Iterator[Part]:
    if renewals.triangle.empty:
        if not renewals.detection.is_snapshot:
            yield Note("Too few contracts came to a renewal under observation from their start to tell intakes apart.")
        return
    table = renewals.triangle
    yield Chart(
        drawn(charts.draw_intakes, renewals),
        alt="A table coloured by value: rows are intakes, columns renewals, cells the share still there in per cent.",
        data=table.rename(columns=str).reset_index(),
    )


def _groups_parts(renewals: Renewals) -> Iterator[Part]:
    if renewals.groups is None:
        return
    chance = renewals.groups_p_value
    told = "" if chance != chance else f" Groups alike would differ so much with a chance of {say_p_value(chance)}."  # noqa: PLR0124
    yield Table(
        renewals.groups,
        f"Renewing by {renewals.group}",
        formats={"retention": "share", "lower": "share", "upper": "share", "mean_retention": "share"},
        note="retention: at the first renewal, with its interval; mean retention: over all renewals; alpha and beta "
        f"where customers of the group differ.{told}",
    )
