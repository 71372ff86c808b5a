"""How results of this pillar show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_research.pillars.customer_base.base import CustomerBase
from crm_research.pillars.customer_base.page import CustomerBasePage
from crm_research.show import Section

SHOWN: Final[Mapping[type[Any], Callable[[Any], Section]]] = {
    CustomerBase: lambda base: CustomerBasePage.of_result(base).answer,
}
