"""How results of this pillar show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_research.pillars.silent_churn.analysis import SilentChurn
from crm_research.pillars.silent_churn.kind_charts import draw_kinds
from crm_research.pillars.silent_churn.kind_effects import KindAnalysis
from crm_research.pillars.silent_churn.kind_figures import kind_figures
from crm_research.pillars.silent_churn.kind_tables import kind_table
from crm_research.pillars.silent_churn.kind_words import kind_finding
from crm_research.pillars.silent_churn.page import SilentChurnPage
from crm_research.show import Chart, Figures, Note, Section, drawn

_WINDOW: Final = "all purchases known on the study's date"


def show_kinds(kinds: KindAnalysis) -> Section:
    """Which kinds of customers buy more often, and which drop out sooner?"""
    if kinds.fit is None:
        return Section.missing(kinds.why)
    finding = kind_finding(kinds)
    return Section(
        Note(finding),
        Chart(drawn(draw_kinds, kinds), alt=finding, data=kind_table(kinds)),
        Figures(kind_figures(kinds, window=_WINDOW), "Buying and dropping out, everything else alike"),
    )


SHOWN: Final[Mapping[type[Any], Callable[[Any], Section]]] = {
    KindAnalysis: show_kinds,
    SilentChurn: lambda silence: SilentChurnPage.of_result(silence).answer,
}
