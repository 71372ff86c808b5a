"""What is shown of tenures beyond the records, or a note of why there is nothing to show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crm_research.errors import NotEnoughData
from crm_research.pillars.churn.curves.extrapolation import TenureExtrapolation, extrapolate_tenure
from crm_research.pillars.churn.curves.extrapolation_charts import draw_extrapolation
from crm_research.pillars.churn.curves.extrapolation_figures import expected_figures
from crm_research.pillars.churn.curves.extrapolation_tables import curve_beyond, remaining_table, shape_table
from crm_research.pillars.churn.curves.extrapolation_words import (
    expected_finding,
    is_trusted,
    parting_finding,
    trust_finding,
    why_certain,
)
from crm_research.pillars.churn.curves.figures import tenure_figures
from crm_research.show import Chart, Figures, Note, Part, Section, Table, drawn
from crm_research.theme import say_days, say_points

if TYPE_CHECKING:
    from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
    from crm_research.study import Study


def tenure_figures_parts(leaving: ChurnAnalysis) -> Iterator[Part]:
    """The share still there after 3 and 24 months, beside the 12 months of the first screen."""
    yield Figures(tenure_figures(leaving), "Still there after 3 and after 24 months")


def extrapolation_section(leaving: ChurnAnalysis, records: Study | None = None) -> Section:
    """How long do contracts last in all, what does that rest on, and how far can it be trusted?"""
    try:
        found = extrapolate_tenure(leaving, records)
    except NotEnoughData as problem:
        return Section.missing(str(problem))
    why = why_certain(found)
    if why:
        return Section.missing(why)
    return Section(*_tenure_parts(leaving, found), result=found)


def _tenure_parts(leaving: ChurnAnalysis, found: TenureExtrapolation) -> Iterator[Part]:
    finding = expected_finding(found)
    if leaving.setting.may_lack_early_leavers:
        finding = f"{finding} All this holds only if no early leavers are missing from the records."
    yield Chart(
        drawn(draw_extrapolation, leaving, found),
        alt=f"{finding} The picture shows the falling curve as far as it was seen; a dashed line carries it on.",
        data=curve_beyond(leaving, found),
    )
    yield Note(finding)
    parting = parting_finding(leaving, found)
    if parting:
        yield Note(parting)
    trust = trust_finding(found)
    if trust:
        yield Note(trust, kind="note" if is_trusted(found) else "caution")
    yield Figures(expected_figures(leaving, found), "Expected tenure of a new contract")
    yield from _tables_parts(found)
    # That nothing could be tested stands last in the notes, and has been said above.
    for remark in found.choice.notes if found.choice.is_tested else found.choice.notes[:-1]:
        yield Note(remark, kind="caution")


def _say_score(score: float) -> str:
    # A shape that held impossible what came has no score worth a number.
    return f"{score:+.3f}" if abs(score) < 100 else "far below"


def _tables_parts(found: TenureExtrapolation) -> Iterator[Part]:
    if found.is_needed:
        trials = "; ".join(found.choice.trials["trial"])
        yield Table(
            shape_table(found),
            "Shapes of the curve beyond the records, and what they predicted of hidden tenures",
            formats={
                "score": _say_score,
                "missed_by": say_points,
                "expected_days": say_days,
            },
            note="score: log-likelihood of what was hidden, by contract, over one constant danger (higher is better; a "
            "curve held flat has none, since it holds every end impossible). missed by: mean distance between "
            "predicted and observed share still there. One constant danger is kept unless another shape gains "
            f"more than a standard error. Hidden were: {trials or 'nothing'}.",
        )
    yield Table(
        remaining_table(found),
        "How much longer a contract stays that has stayed so long",
        formats={"expected_days": say_days, "lower": say_days, "upper": say_days, "beyond_share": "share"},
        note=f"Counted up to a tenure of {say_days(found.horizon_days)}. beyond share: part of it that lies beyond the "
        "tenures watched by enough.",
    )
