"""How results of this pillar show themselves in a notebook: as the answer of the page made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_research.pillars.single_view.measure import SingleView
from crm_research.pillars.single_view.page import SingleViewPage
from crm_research.show import Section

SHOWN: Final[Mapping[type[Any], Callable[[Any], Section]]] = {
    SingleView: lambda found: SingleViewPage.of_result(found).answer,
}
