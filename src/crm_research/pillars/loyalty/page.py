"""The page of loyalty as behaviour: who buys again, who is overdue, where customers move, and what raises it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from crm_research.pillars.loyalty import advice
from crm_research.pillars.loyalty.effects import page as effects_page
from crm_research.pillars.loyalty.effects import programme_page, recovery_page
from crm_research.pillars.loyalty.index import page as index_page
from crm_research.pillars.loyalty.ladder import page as ladder_page
from crm_research.pillars.loyalty.repeat import figures, page
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis, describe_loyalty
from crm_research.show import Page, Section, Step, briefing, fitted, section

if TYPE_CHECKING:
    from crm_research.features.purchases import Occasion
    from crm_research.pillars.loyalty.ladder.measure import Ladder
    from crm_research.pillars.loyalty.rhythm.measure import RhythmAnalysis
    from crm_research.study import Study


class LoyaltyPage(Page):
    """Who buys again, how soon, and how many of each intake are still buying?

    Parameters
    ----------
    study, period_months, repeat_days, occasion, confidence
        As `describe_loyalty` takes them.
    loyal_from
        Purchases that make a customer loyal; found from the records where None.
    programme
        Plan, date or campaign that tells of joining the programme, where its name does not.
    seed
        Start of the resampling.
    """

    report: ClassVar[str] = "loyalty"
    clauses: ClassVar[Mapping[str, str]] = {
        "Who buys again": "newcomers",
        "how soon": "time_to_second",
        "how many of each intake are still buying": "retention",
    }

    def __init__(
        self,
        study: Study,
        *,
        period_months: int | None = None,
        repeat_days: Sequence[float] | None = None,
        occasion: Occasion = "day",
        loyal_from: int | None = None,
        programme: str | None = None,
        confidence: float = 0.95,
        seed: int = 20170101,
    ) -> None:
        super().__init__(study)
        self._describe = partial(
            describe_loyalty,
            study,
            period_months=period_months,
            repeat_days=repeat_days,
            occasion=occasion,
            confidence=confidence,
        )
        self.confidence = confidence
        self.loyal_from = loyal_from
        self.programme_name = programme
        self.seed = seed

    @fitted
    def result(self) -> LoyaltyAnalysis:
        """Repeat, waits, retention and depth: what the sections of buying again are taken from."""
        return self._describe()

    @property
    def rhythm(self) -> RhythmAnalysis | None:
        """Every customer's own rhythm; None where gaps are too few."""
        return cast("RhythmAnalysis | None", self.overdue.result)

    @property
    def ladder_result(self) -> Ladder | None:
        """Customers by state and their moves; None where that cannot be told."""
        return cast("Ladder | None", self.ladder.result)

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.ESTIMATORS

    @briefing
    def answer(self) -> Section:
        """Who buys again, how soon, and how many are still buying?"""
        return page.answer_section(self.result)

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result, self.rhythm))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def period_choice(self) -> Section:
        """How long is a period, and when is coming back read?"""
        return page.period_section(self.result)

    @section
    def newcomers(self) -> Section:
        """Are the new customers new?"""
        return page.newcomers_section(self.result)

    @section
    def time_to_second(self) -> Section:
        """How soon do they come back?"""
        return page.time_to_second_section(self.result)

    @section
    def depth(self) -> Section:
        """Is a customer won only when buying again?"""
        return page.depth_section(self.result)

    @section
    def retention(self) -> Section:
        """How many of each intake still buy?"""
        return page.retention_section(self.result)

    @section
    def overdue(self) -> Section:
        """Who has broken a rhythm of their own?"""
        return ladder_page.overdue_section(self.study, self.result)

    @section
    def cycle(self) -> Section:
        """Who has bought again in a new cycle?"""
        return ladder_page.cycle_section(self.rhythm)

    @section
    def ladder(self) -> Section:
        """Where do customers stand, and where do they go?"""
        return ladder_page.ladder_section(
            self.study, self.result, self.rhythm, loyal_from=self.loyal_from, seed=self.seed
        )

    @section
    def signs(self) -> Section:
        """What comes before a move down?"""
        return ladder_page.signs_section(self.ladder_result)

    @section
    def index(self) -> Section:
        """How loyal is each customer, and does an index say more than recency alone?"""
        return index_page.index_section(self.study, self.result)

    @section
    def first_order(self) -> Section:
        """Which first purchases are followed sooner by a second?"""
        return effects_page.first_order_section(self.study, self.result)

    @section
    def discounts(self) -> Section:
        """Loyal to us or to the coupon?"""
        return effects_page.discounts_section(self.study, confidence=self.confidence)

    @section
    def recovery(self) -> Section:
        """What follows a complaint or a campaign, beside customers who were alike?"""
        return recovery_page.recovery_section(self.study, self.result, self.rhythm)

    @section
    def experiments(self) -> Section:
        """What did campaigns do, against control groups drawn by chance?"""
        return effects_page.experiments_section(self.study, self.result, self.rhythm)

    @section
    def programme(self) -> Section:
        """Does the programme bring about that members buy more?"""
        return programme_page.programme_section(self.study, self.result, self.rhythm, programme=self.programme_name)

    @section
    def holdout(self) -> Section:
        """Did as many come back later as the curve had expected?"""
        return page.holdout_section(self.result)

    @section
    def ladder_check(self) -> Section:
        """May the ladder be leant on?"""
        return ladder_page.ladder_check_section(self.ladder_result)
