"""What is shown of kinds of customers, or a note of why there is nothing to show."""

from __future__ import annotations

from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.pillars.silent_churn.kind_charts import draw_kinds
from crm_research.pillars.silent_churn.kind_figures import kind_figures
from crm_research.pillars.silent_churn.kind_tables import kind_table, plain_name
from crm_research.pillars.silent_churn.kind_words import kind_finding, kind_gain
from crm_research.show import Chart, Figures, Note, Section, Table, drawn
from crm_research.theme import join_words, say_plainly


def kinds_section(silence: SilentChurn) -> Section:
    """Which kinds of customers buy more often, and which drop out sooner? A note where that cannot be said."""
    kinds = silence.kinds
    if kinds.fit is None:
        return Section.missing(kinds.why)
    finding = kind_finding(kinds)
    levels = kinds.fit.alive_by_level()
    return Section(
        Chart(
            drawn(draw_kinds, kinds),
            alt=f"{finding} One row for each comparison, a dot and its interval for each effect.",
            data=kind_table(kinds),
        ),
        Note(f"{finding} {kind_gain(kinds)}"),
        Figures(kind_figures(kinds, window=silence.window), "Buying and dropping out, everything else alike"),
        Table(
            levels.assign(covariate=levels["covariate"].map(plain_name)),
            "The share still active by kind of customer, as the customers are",
            formats={"alive_share": "share", "lower": "share", "upper": "share"},
            note="Limits hold the uncertainty of the parameters alone.",
        ),
        *(Note(say_plainly(remark), kind="caution") for remark in kinds.fit.notes),
        Note(
            f"Not compared: {join_words([plain_name(name) for name in kinds.left_out])} (too many levels, no two "
            "of which hold 30 customers with 10 repeaters, or too many kinds of customers together)."
        )
        if kinds.left_out
        else None,
        result=kinds,
    )
