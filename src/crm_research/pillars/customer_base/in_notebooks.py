"""How results of this pillar show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_research.pillars.customer_base import charts, words
from crm_research.pillars.customer_base.base import CustomerBase
from crm_research.pillars.customer_base.concentration import Concentration
from crm_research.pillars.customer_base.growth import Growth
from crm_research.pillars.customer_base.page import CustomerBasePage
from crm_research.show import Chart, Note, Section, drawn


def _show_concentration(found: Concentration) -> Section:
    picture = Chart(drawn(charts.draw_curve, found), words.curve_seen(found), data=found.curve)
    return Section(Note(words.say_concentration(found)), picture, result=found)


def _show_growth(found: Growth) -> Section:
    picture = Chart(drawn(charts.draw_periods, found), words.periods_seen(found), data=found.periods)
    return Section(Note(words.say_growth(found)), picture, result=found)


SHOWN: Final[Mapping[type[Any], Callable[[Any], Section]]] = {
    CustomerBase: lambda base: CustomerBasePage.of_result(base).answer,
    Concentration: _show_concentration,
    Growth: _show_growth,
}
