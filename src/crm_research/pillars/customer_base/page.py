"""The page of the customer base: whom we know, how well, and how much rests on how few, a section for each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from crm_research.pillars.customer_base import advice, charts, figures, tables, words
from crm_research.pillars.customer_base.base import CustomerBase, describe_base
from crm_research.pillars.customer_base.joins import measure_joins
from crm_research.show import (
    Answer,
    Caveats,
    Chart,
    Figures,
    Note,
    Page,
    Section,
    Step,
    Table,
    briefing,
    drawn,
    fitted,
    section,
)
from crm_research.show.joined import JoinsTold, joins_section
from crm_research.theme import without_limits

if TYPE_CHECKING:
    from crm_research.study import Study

_CLAIM_FORMATS: Final = dict.fromkeys(("claimed_share", "estimate", "lower", "upper"), "share")


class CustomerBasePage(Page):
    """Whom do we know, how well, and how much of the revenue rests on how few?

    Parameters
    ----------
    study, confidence, seed
        As `describe_base` takes them.
    """

    clauses: ClassVar[Mapping[str, str]] = {
        "Whom do we know": "holdings",
        "how well": "coverage",
        "how much of the revenue rests on how few": "claims",
    }

    def __init__(self, study: Study, *, confidence: float = 0.95, seed: int = 20170101) -> None:
        super().__init__(study)
        self.seed = seed
        self._describe = partial(describe_base, study, confidence=confidence, seed=seed)

    @fitted
    def result(self) -> CustomerBase:
        """Customers, records, orders, growth and concentration: what all sections are taken from."""
        return self._describe()

    @fitted
    def hanging(self) -> JoinsTold | None:
        """The main number under other joins of records; None for a study without links."""
        return measure_joins(self.study, self.result, seed=self.seed)

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.estimators(self.result)

    @briefing
    def answer(self) -> Section:
        """On how few does the revenue rest, and whom do we know?"""
        base = self.result
        return Section(
            Answer(*without_limits(words.answer, base), see=_proofs(base)),
            Figures([figure for figure in figures.base_figures(base) if figure.id != figures.GINI]),
            _headline(base),
            result=base,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def holdings(self) -> Section:
        """What does the study hold, table by table?"""
        return Section(
            Table(tables.inventory_table(self.result), "What the study holds, table by table"),
            Caveats(self.study),
            result=self.result.verdict,
        )

    @section
    def quality(self) -> Section:
        """Can the records be trusted?"""
        verdict = self.result.verdict
        return Section(
            Note(verdict.headline()),
            Table(
                tables.broken_rules_table(self.result),
                "Rules that do not hold, the gravest first",
                note="What to do about each: crm-research check.",
            ),
            result=verdict,
        )

    @section
    def coverage(self) -> Section:
        """How well are the records joined: of how many customers do we have which?"""
        base = self.result
        return Section(_coverage_chart(base), result=base.coverage)

    @section
    def growth(self) -> Section:
        """How does the base grow?"""
        base = self.result
        return Section(_growth_chart(base), Note(" ".join(words.notes(base))), result=base.growth)

    @section
    def claims(self) -> Section:
        """Does a fifth of the customers bring four fifths of the revenue, as is claimed?"""
        if self.result.concentration is None:
            return Section.missing(words.no_concentration(self.result))
        claims = tables.claims_table(self.result)
        return Section(Table(claims, "The claim and the data", formats=_CLAIM_FORMATS), result=claims)

    @section
    def tenths(self) -> Section:
        """What do customers bring, from the highest spenders down, and what did the same customers bring later?"""
        found = self.result.concentration
        if found is None:
            return Section.missing("Tenths are not shown either, for the same reason.")
        gini = [figure for figure in figures.concentration_figures(self.result) if figure.id == figures.GINI]
        return Section(
            Table(found.tenths, "Customers in tenths, from the highest spenders down"),
            Figures(gini, "How unequal spend is: 0 where all spend alike, towards 1 where one customer spends all"),
            result=found.tenths,
        )

    @section
    def joins(self) -> Section:
        """How much of the answer hangs on which records are joined as one customer?"""
        return joins_section(self.hanging)


def _proofs(base: CustomerBase) -> tuple[str, ...]:
    """The sections that prove the lines of the answer, in their order."""
    known = ("holdings", "coverage")
    return ("claims", *known) if base.concentration is not None else (*known, "claims")


def _headline(base: CustomerBase) -> Chart:
    """The picture that carries the answer: the concentration, or what the study has instead."""
    if base.concentration is not None:
        return Chart(
            drawn(charts.draw_concentration, base), words.concentration_seen(base), data=base.concentration.curve
        )
    return _growth_chart(base) if len(base.periods) else _coverage_chart(base)


def _growth_chart(base: CustomerBase) -> Chart:
    return Chart(
        drawn(charts.draw_growth, base), words.growth_seen(base), data=base.periods, caption=words.ends_note(base)
    )


def _coverage_chart(base: CustomerBase) -> Chart:
    return Chart(drawn(charts.draw_coverage, base), words.coverage_seen(base), data=base.coverage)
