"""How results of this pillar show themselves in a notebook: as the answer of the page made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_research.pillars.customer_file.measure import CustomerFile
from crm_research.pillars.customer_file.page import CustomerFilePage
from crm_research.show import Section

SHOWN: Final[Mapping[type[Any], Callable[[Any], Section]]] = {
    CustomerFile: lambda found: CustomerFilePage.of_result(found).answer,
}
