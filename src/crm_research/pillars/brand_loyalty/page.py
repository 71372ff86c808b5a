"""The page of loyalty to brands: a section for each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from crm_research.pillars.brand_loyalty import advice, charts, figures, heavy_words, tables, words
from crm_research.pillars.brand_loyalty.analysis import BrandLoyalty, describe_brands
from crm_research.show import Answer, Chart, Figures, Note, Page, Section, Step, Table, briefing, drawn, fitted, section
from crm_research.theme import without_limits

if TYPE_CHECKING:
    from crm_research.features.brand_lines import Unit
    from crm_research.features.purchases import Occasion
    from crm_research.models.dirichlet.fit import Method
    from crm_research.study import Study


class BrandLoyaltyPage(Page):
    """Which brands are loyal beyond their size, and did heavy buyers lose interest?

    Parameters
    ----------
    study, unit, category, months, occasion, method, confidence
        As `describe_brands` takes them.
    """

    report: ClassVar[str] = "brand-loyalty"
    clauses: ClassVar[Mapping[str, str]] = {
        "Which brands are loyal beyond their size": "brands",
        "did heavy buyers lose interest": "heavy_buyers",
    }

    def __init__(
        self,
        study: Study,
        *,
        unit: Unit | None = None,
        category: str | None = None,
        months: int | None = None,
        occasion: Occasion = "day",
        method: Method = "zeros",
        confidence: float = 0.95,
    ) -> None:
        super().__init__(study)
        self._describe = partial(
            describe_brands,
            study,
            unit=unit,
            category=category,
            months=months,
            occasion=occasion,
            method=method,
            confidence=confidence,
        )

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.ESTIMATORS

    @fitted
    def result(self) -> BrandLoyalty:
        """Brands against the norm of their size: what all sections are taken from."""
        return self._describe()

    @briefing
    def answer(self) -> Section:
        """Which brands are loyal beyond their size?"""
        loyalty = self.result
        return Section(
            Answer(*without_limits(words.answer, loyalty), see=words.answer_proofs(loyalty)),
            Chart(
                drawn(charts.draw_double_jeopardy, loyalty),
                alt=f"{words.excess_finding(loyalty)} Points are brands, the curve is what size alone gives.",
                data=tables.brand_table(loyalty),
                caption="Blue: surely above the norm of its size. Orange: surely below. "
                "Grey: as the norm, slightly off it, or not sure.",
            ),
            Figures(figures.key_figures(loyalty)),
            result=loyalty,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def setting(self) -> Section:
        """Which market is looked at, and what is left out of it?"""
        loyalty = self.result
        return Section(
            Note(" ".join(loyalty.setting.why), kind="note" if loyalty.fit is not None else "caution"),
            *(Note(line) for line in loyalty.notes if line not in loyalty.setting.why),
            Table(
                loyalty.setting.categories.head(10),
                "Categories that could be looked at, most bought first",
                note="largest share is the largest one's part of the lines. Name another with the parameter category.",
            ),
            result=loyalty.setting,
        )

    @section
    def brands(self) -> Section:
        """How is each brand bought, beside the norm of its size?"""
        loyalty = self.result
        if loyalty.norm is None:
            return Section.missing(words.no_norm(loyalty), "caution")
        return Section(
            Table(
                _verdict_first(tables.brand_table(loyalty)),
                f"How {loyalty.units} are bought, and how they would be by size alone (norm); shares in per cent",
                note=words.rule_words(),
            ),
            Chart(
                drawn(charts.draw_excess, loyalty),
                alt=f"{words.excess_finding(loyalty)} One dot with its interval for each, around the norm.",
                data=words.judged_brands(loyalty)[["brand", "excess_ratio", "ratio_lower", "ratio_upper", "verdict"]],
            ),
            Figures(figures.excess_figures(loyalty), "Purchases per buyer above or below the norm of its size"),
            result=loyalty.norm,
        )

    @section
    def requirements(self) -> Section:
        """What part of its buyers' purchases falls on each, and what does that leave open?"""
        loyalty = self.result
        wallet = Note(words.wallet_finding(loyalty), kind="caution")
        if loyalty.norm is None:
            return Section(wallet)
        return Section(
            wallet,
            Figures(
                figures.scr_figures(loyalty), "Share of its buyers' requirements: of what they buy in the category"
            ),
            Table(tables.money_table(loyalty), "By purchases and by money, in per cent"),
            Note(words.own_brand_finding(loyalty)),
            result=loyalty.scr,
        )

    @section
    def shared_buyers(self) -> Section:
        """Whose buyers also buy whom?"""
        loyalty = self.result
        finding = words.law_finding(loyalty)
        if loyalty.duplication is None:
            return Section.missing(finding)
        return Section(
            Chart(
                drawn(charts.draw_duplication, loyalty),
                alt=f"{finding} A table of shares, one row and one column for each.",
                data=loyalty.duplication.pairs.head(40),
                caption=finding,
            ),
            Figures(figures.duplication_figures(loyalty), "How strongly buyers are shared"),
            result=loyalty.duplication,
        )

    @section
    def heavy_buyers(self) -> Section:
        """What did buyers of the first half do in the second, against what chance alone gives?"""
        loyalty = self.result
        if loyalty.trend is None:
            return Section.missing(
                "Too few customers bought in the first half of the window to follow them into the second."
            )
        left_open = not loyalty.is_settled and heavy_words.has_many_newcomers(loyalty)
        return Section(
            Chart(
                drawn(charts.draw_trend, loyalty),
                alt=f"{heavy_words.trend_title(loyalty)}. {heavy_words.heavy_finding(loyalty)}",
                data=loyalty.trend.classes,
                caption=heavy_words.newcomer_finding(loyalty),
            ),
            Table(
                tables.heavy_table(loyalty),
                f"Heaviest buyers of single {loyalty.units}: purchases per head",
                note="Beyond chance is the interval of second half less expected: below nought, more was lost than "
                "chance takes" + (", or newcomers of the first half raised the expectation." if left_open else "."),
            ),
            result=loyalty.trend,
        )

    @section
    def norm(self) -> Section:
        """What are the norm's numbers, and what does it say of other periods?"""
        loyalty = self.result
        if loyalty.fit is None:
            return Section.missing(words.no_norm(loyalty), "caution")
        return Section(
            Figures(figures.parameter_figures(loyalty), "The norm's three parameters"),
            Note(words.estimator_finding(loyalty)),
            Table(
                tables.growth_table(loyalty),
                "Buyers, and purchases of each, that the norm predicts by length of period",
                note="Lengths are parts or multiples of the window looked at.",
            ),
            result=loyalty.fit,
        )

    @section
    def holdout(self) -> Section:
        """Did as many buy each brand in the holdout as the norm said?"""
        check = self.result.holdout
        finding = Note(words.holdout_finding(self.result), kind="caution" if check is None else "note")
        if check is None:
            return Section(finding)
        percent = {
            name: (100 * check.brands[name]).round(1) for name in ("predicted", "observed", "lower", "upper", "rule")
        }
        return Section(
            finding,
            Table(
                check.brands.assign(**percent).head(12),
                "Customers who bought it in the holdout, in per cent: predicted and observed",
            ),
            result=check,
        )


def _verdict_first(table: pd.DataFrame) -> pd.DataFrame:
    """The verdict beside the name, where a narrow page still shows it."""
    return table[["brand", "verdict", *(name for name in table.columns if name not in ("brand", "verdict"))]]
