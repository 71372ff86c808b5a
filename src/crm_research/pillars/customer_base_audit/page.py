"""The page of the customer-base audit: five lenses on the same orders, a section for each, and the books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from crm_research.pillars.customer_base_audit import advice, charts, figures, tables, words
from crm_research.pillars.customer_base_audit.measure import CustomerBaseAudit, audit_base
from crm_research.show import (
    Answer,
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
from crm_research.theme import without_limits

if TYPE_CHECKING:
    import pandas as pd

    from crm_research.study import Study


class AuditPage(Page):
    """Is the customer base getting healthier or living on old customers, and what made revenue rise or fall?

    Parameters
    ----------
    study, period, confidence, seed
        As `audit_base` takes them.
    """

    report: ClassVar[str] = "customer-base-audit"
    clauses: ClassVar[Mapping[str, str]] = {
        "Does the customer base get healthier, or does it live on old customers": "health",
        "what made revenue rise or fall": "change",
        "on how few does it rest": "differences",
    }

    def __init__(
        self, study: Study, *, period: str | None = None, confidence: float = 0.95, seed: int = 20170101
    ) -> None:
        super().__init__(study)
        self._audit = partial(audit_base, study, period=period, confidence=confidence, seed=seed)

    @fitted
    def result(self) -> CustomerBaseAudit:
        """The five lenses and the books: what all sections are taken from."""
        return self._audit()

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.estimators(self.result)

    @briefing
    def answer(self) -> Section:
        """Does the base get healthier, what moved revenue, and on how few does it rest?"""
        audit = self.result
        see = ("health", "change", "differences") if audit.books.is_balanced else ("balance", "health", "change")
        return Section(
            Answer(*without_limits(words.answer, audit), see=see),
            Figures(figures.headline_figures(audit)),
            self._stack(),
            result=audit,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def setting(self) -> Section:
        """Which periods are compared, and who is called new?"""
        audit = self.result
        return Section(
            Note(words.say_periods(audit)),
            Note(words.say_intake(audit)),
            Note(words.say_newer_periods(audit)),
            Note(words.say_profit(audit)),
            result=audit.periods,
        )

    @section
    def differences(self) -> Section:
        """How do customers differ in one period, and on how few does it rest?"""
        audit = self.result
        spread, periods = audit.spread, audit.periods
        if spread is None or periods is None:
            return Section.missing(words.why_nothing_compared(audit))
        name, tenths = periods.name(periods.latest), tables.tenths_table(audit)
        money = _money_of(tenths)
        return Section(
            Note(words.say_few(audit)),
            Chart(
                drawn(charts.draw_tenths, audit),
                f"{words.say_few(audit)} Upright bars, one for each tenth of the buyers, falling.",
                data=tenths,
            )
            if len(tenths)
            else None,
            Table(tenths, f"Buyers of {name} in tenths, from those who brought most down", formats=money),
            Table(
                spread.purchases,
                f"Customers known by the end of {name}, by how often they bought in it",
                formats={**_money_of(spread.purchases), "share": "share"},
            ),
            Figures(figures.spread_figures(audit), f"How unequal the buyers of {name} are"),
            result=spread,
        )

    @section
    def change(self) -> Section:
        """What changed between the two periods, and what made revenue rise or fall?"""
        audit = self.result
        change, periods = audit.change, audit.periods
        if change is None or periods is None:
            return Section.missing(words.why_nothing_compared(audit))
        between = f"from {periods.name(periods.then)} to {periods.name(periods.latest)}"
        flows = tables.flows_table(audit)
        return Section(
            Note(words.say_change(audit)),
            self._change(),
            Table(tables.factors_table(audit), "What makes the revenue of those who bought"),
            Table(flows, f"Customers lost, kept and gained {between}", formats=_money_of(flows)),
            Figures(figures.change_figures(audit), f"What changed {between}, part by part"),
            Note(words.say_only_returns(audit)),
            result=change,
        )

    @section
    def cohort(self) -> Section:
        """What became of the customers first seen in one period?"""
        audit = self.result
        table = tables.course_table(audit)
        if table.empty:
            return Section.missing(f"No period of new customers can be followed. {words.say_intake(audit)}".strip())
        said = words.say_cohort(audit)
        return Section(
            Note(said),
            Chart(drawn(charts.draw_course, audit), f"{said} Upright bars, one for each period since.", data=table),
            Table(table, "The same customers, period by period", formats=_money_of(table)),
            result=table,
        )

    @section
    def cohorts(self) -> Section:
        """How do customers first seen at different times compare?"""
        audit = self.result
        stack, quality = tables.stack_table(audit), tables.quality_table(audit)
        if len(stack.columns) < 2:
            return Section.missing(words.why_nothing_compared(audit) or "Nobody bought in a whole period.")
        newer = " ".join(words.say_newer(audit))
        periods = audit.periods
        noun = periods.course_noun if periods is not None else "period"
        return Section(
            Note(newer),
            Table(stack, f"Revenue of each {noun}, by when its customers were first seen", formats=_money_of(stack)),
            Table(
                quality,
                f"New customers by the {noun} in which they were first seen: what each brought in it",
                formats=_money_of(quality),
                note="Whole periods only. A season that brings more is part of the difference.",
            ),
            Figures(figures.cohort_figures(audit), f"What a new customer brought in the first {noun}"),
            result=audit.cohorts,
        )

    @section
    def health(self) -> Section:
        """Which way does the base go?"""
        audit = self.result
        table = tables.health_table(audit)
        if table.empty:
            return Section.missing(words.why_nothing_compared(audit))
        return Section(
            Note(words.say_health(audit)),
            Chart(
                drawn(charts.draw_buyers, audit),
                "Upright bars, one for each period: customers first seen in it on top of those known before.",
                data=table,
            ),
            Table(table, "The base, period by period", formats=_money_of(table)),
            Figures(figures.health_figures(audit), "What new customers bring, and how many come again"),
            result=audit.health,
        )

    @section
    def balance(self) -> Section:
        """Where is all the revenue, and is every order in its place?"""
        audit = self.result
        by_period = tables.by_period_table(audit)
        kind: Any = "note" if audit.books.is_balanced else "caution"
        return Section(
            Note(words.say_books(audit), kind),
            Table(tables.books_table(audit), "Every order once, by who brought it", formats={"revenue": "{:,.2f}"}),
            Table(
                by_period,
                "The same revenue by period",
                formats={name: "{:,.2f}" for name in by_period.columns if name not in ("period", "orders", "covered")},
                note="A period in part is compared with nothing.",
            ),
            Figures(figures.total_figures(audit), "The totals"),
            result=audit.books,
        )

    def _stack(self) -> Chart:
        audit = self.result
        table = tables.stack_table(audit)
        seen = "No picture." if table.empty else f"{charts.stack_title(audit)}. Upright bars by period, in layers."
        return Chart(drawn(charts.draw_stack, audit), seen, data=table)

    def _change(self) -> Chart:
        audit = self.result
        parts = tables.components_table(audit)
        seen = f"{words.say_change(audit)} Lying bars, one for each part, to the right where it added revenue."
        return Chart(drawn(charts.draw_change, audit), seen, data=parts)


def _money_of(table: pd.DataFrame) -> dict[str, str]:
    """Columns of money, with cents below a thousand: all but those that name, count or share."""
    plain = ("tenth", "n_customers", "purchases", "buyers", "known_so_far", "first_seen")
    return {
        str(name): "{:,.2f}" if table[name].abs().max() < 1000 else "{:,.0f}"
        for name in table.columns
        if table[name].dtype.kind == "f" and not str(name).endswith("share") and name not in plain
    }
