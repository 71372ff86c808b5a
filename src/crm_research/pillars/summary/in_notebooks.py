"""How results of the summary show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from crm_research.pillars.summary.actions import Action
from crm_research.pillars.summary.claims.measure import Claim
from crm_research.pillars.summary.page import SummaryPage
from crm_research.pillars.summary.parts import ActionList
from crm_research.pillars.summary.standing import Standing
from crm_research.pillars.summary.words import say_claim
from crm_research.show import Figures, Note, Section

SHOWN: Final[Mapping[type[Any], Callable[[Any], Section]]] = {
    Action: lambda action: Section(ActionList([action]), Figures([action.figure])),
    Claim: lambda claim: Section(Note(f"{claim.saying.said} {say_claim(claim)}"), Figures([claim.figure])),
    Standing: lambda standing: SummaryPage.of_result(standing).answer,
}
