"""How results of this pillar show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_research.pillars.loyalty.index import page as index_page
from crm_research.pillars.loyalty.index.measure import LoyaltyIndex
from crm_research.pillars.loyalty.ladder import page as ladder_page
from crm_research.pillars.loyalty.ladder.measure import Ladder
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.pillars.loyalty.repeat.page import answer_section
from crm_research.pillars.loyalty.rhythm.measure import RhythmAnalysis
from crm_research.show import Figures, Section

SHOWN: Final[Mapping[type[Any], Callable[[Any], Section]]] = {
    Ladder: lambda ladder: Section(*ladder_page.ladder_parts(ladder)),
    LoyaltyAnalysis: answer_section,
    LoyaltyIndex: lambda index: Section(
        *index_page.index_parts(index), Figures(index_page.index_figures(index), "How well the index predicts")
    ),
    RhythmAnalysis: lambda rhythm: Section(*ladder_page.rhythm_parts(rhythm), ladder_page.cycle_section(rhythm)),
}
