"""The page of customer value: who earns us money, what losing them costs, and which customers cost money."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from crm_research.features.money_window import USUAL_MONTHS
from crm_research.pillars.value import figures, words
from crm_research.pillars.value.profit.measure import Profit, measure_profit
from crm_research.show import Answer, Figures, Note, Page, Section, briefing, fitted, section
from crm_research.theme import without_limits

if TYPE_CHECKING:
    from crm_research.study import Study


class ValuePage(Page):
    """Who earns us money, what would losing them cost, and which customers cost money?

    Parameters
    ----------
    study, months, confidence, seed
        As `measure_profit` takes them.
    """

    report: ClassVar[str] = "value"
    clauses: ClassVar[Mapping[str, str]] = {"Who earns us money": "profit"}

    def __init__(
        self, study: Study, *, months: int = USUAL_MONTHS, confidence: float = 0.95, seed: int = 20170101
    ) -> None:
        super().__init__(study)
        self._measure = partial(measure_profit, study, months=months, confidence=confidence)

    @fitted
    def result(self) -> Profit:
        """Profit of customers in the window: what all sections are taken from."""
        return self._measure()

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return {"money": "sums in the engine of the records of the window"}

    @briefing
    def answer(self) -> Section:
        """Who earns us money?"""
        profit = self.result
        return Section(
            Answer(*without_limits(words.answer, profit), see=("profit",)),
            Figures(figures.profit_figures(profit)),
            result=profit,
        )

    @section
    def profit(self) -> Section:
        """What do customers bring?"""
        profit = self.result
        return Section(Note(words.answer(profit)[0]), result=profit)
