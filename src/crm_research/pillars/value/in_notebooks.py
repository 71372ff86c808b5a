"""How results of this pillar show themselves in a notebook: as the answer of the page made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_research.pillars.value import charts
from crm_research.pillars.value.figures import figures_of_tiers
from crm_research.pillars.value.page import ValuePage
from crm_research.pillars.value.profit.measure import Profit
from crm_research.pillars.value.tiers.measure import Tiers
from crm_research.pillars.value.words import say_rule
from crm_research.show import Chart, Figures, Note, Section, drawn

SHOWN: Final[Mapping[type[Any], Callable[[Any], Section]]] = {
    # What tiers there are, and what is still to come, are other results, which the page measures.
    Profit: lambda found: ValuePage.of_result(found, parted=None, equity=None).answer,
    Tiers: lambda found: Section(
        Note(say_rule(found)),
        Chart(drawn(charts.draw_tiers, found), alt=charts.tiers_alt(found)),
        Figures(figures_of_tiers(found), "Tiers"),
    ),
}
