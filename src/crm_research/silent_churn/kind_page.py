"""What the notebook shows of kinds of customers, or a note of why there is nothing to show."""

from __future__ import annotations

from crm_research import show
from crm_research.silent_churn.analysis import SilentChurn
from crm_research.silent_churn.kind_views import (
    draw_kinds,
    kind_figures,
    kind_finding,
    kind_gain,
    kind_table,
    plain_name,
)
from crm_research.theme import join_words


def show_covariates(silence: SilentChurn) -> None:
    """Which kinds of customers buy more often, and which drop out sooner? A note where that cannot be said."""
    kinds = silence.kinds
    if kinds.fit is None:
        show.note(kinds.why)
        return
    finding = kind_finding(kinds)
    show.chart(
        draw_kinds(kinds),
        alt=f"{finding} One row for each comparison, a dot and its interval for each effect.",
        data=kind_table(kinds),
    )
    show.note(f"{finding} {kind_gain(kinds)}")
    show.figures(kind_figures(kinds, window=silence.window), as_table="Buying and dropping out, everything else alike")
    levels = kinds.fit.alive_by_level()
    show.table(
        levels.assign(covariate=levels["covariate"].map(plain_name)),
        "The share still active by kind of customer, as the customers are",
        formats={"alive_share": "share", "lower": "share", "upper": "share"},
        note="Limits hold the uncertainty of the parameters alone.",
    )
    for remark in kinds.fit.notes:
        show.note(remark, kind="caution")
    if kinds.left_out:
        show.note(
            f"Not compared: {join_words([plain_name(name) for name in kinds.left_out])} (too many levels, no two "
            "of which hold 30 customers with 10 repeaters, or too many kinds of customers together)."
        )
