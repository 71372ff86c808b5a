"""What the notebook shows of tenures beyond the records, or a note of why there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research import show
from crm_research.churn.curves.extrapolation import TenureExtrapolation, extrapolate_tenure
from crm_research.churn.curves.extrapolation_views import (
    draw_extrapolation,
    expected_figures,
    expected_finding,
    is_trusted,
    remaining_table,
    shape_table,
    trust_finding,
)
from crm_research.churn.curves.figures import tenure_figures
from crm_research.errors import NotEnoughData
from crm_research.theme import say_days, say_points

if TYPE_CHECKING:
    from crm_research.churn.curves.analysis import ChurnAnalysis
    from crm_research.study import Study


def show_tenure_figures(leaving: ChurnAnalysis) -> None:
    """The share still there after 3 and 24 months, beside the 12 months of the first screen."""
    show.figures(tenure_figures(leaving), as_table="Still there after 3 and after 24 months")


def show_extrapolation(leaving: ChurnAnalysis, records: Study | None = None) -> None:
    """How long contracts last in all, what that rests on, and how far to trust it. A note where it cannot be said."""
    try:
        found = extrapolate_tenure(leaving, records)
    except NotEnoughData as problem:
        show.note(str(problem))
        return
    finding = expected_finding(found)
    if leaving.setting.may_lack_early_leavers:
        finding = f"{finding} All this holds only if no early leavers are missing from the records."
    show.chart(
        draw_extrapolation(leaving, found),
        alt=f"{finding} The picture shows the falling curve as far as it was seen; a dashed line carries it on.",
        data=found.curve.iloc[:: max(1, len(found.curve) // 12)],
    )
    show.note(finding)
    trust = trust_finding(found)
    if trust:
        show.note(trust, kind="note" if is_trusted(found) else "caution")
    show.figures(expected_figures(leaving, found), as_table="Expected tenure of a new contract")
    _show_tables(found)
    # That nothing could be tested stands last in the notes, and has been said above.
    for remark in found.choice.notes if found.choice.is_tested else found.choice.notes[:-1]:
        show.note(remark, kind="caution")


def _say_score(score: float) -> str:
    # A shape that held impossible what came has no score worth a number.
    return f"{score:+.3f}" if abs(score) < 100 else "far below"


def _show_tables(found: TenureExtrapolation) -> None:
    if found.is_needed:
        trials = "; ".join(found.choice.trials["trial"])
        show.table(
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
    show.table(
        remaining_table(found),
        "How much longer a contract stays that has stayed so long",
        formats={"expected_days": say_days, "lower": say_days, "upper": say_days, "beyond_share": "share"},
        note=f"Counted up to a tenure of {say_days(found.horizon_days)}. beyond share: part of it that lies beyond the "
        "tenures watched by enough.",
    )
