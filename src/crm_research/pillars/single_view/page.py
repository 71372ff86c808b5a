"""The page of the single view: how many customers there are, how sure it is, and what the doubles cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from crm_research.pillars.single_view import advice, charts, figures, tables, words
from crm_research.pillars.single_view.measure import MOST_LISTED, SingleView, measure_single_view
from crm_research.show import (
    Answer,
    Chart,
    Figures,
    Note,
    Page,
    SavedList,
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
    from crm_research.study import Study

_SHOWN: Final = 12


class SingleViewPage(Page):
    """How many customers do we really have, how sure are we, and what do the doubles cost?

    Parameters
    ----------
    study, confidence, seed
        As `measure_single_view` takes them.
    """

    report: ClassVar[str] = "single-view"
    clauses: ClassVar[Mapping[str, str]] = {
        "How many customers do we really have": "systems",
        "how sure are we": "sureness",
        "what do the doubles cost": "cost",
    }

    def __init__(self, study: Study, *, confidence: float = 0.95, seed: int = 20170101) -> None:
        super().__init__(study)
        self._measure = partial(measure_single_view, study, confidence=confidence, seed=seed)

    @fitted
    def result(self) -> SingleView:
        """What all sections are taken from."""
        return self._measure()

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.estimators(self.result)

    @briefing
    def answer(self) -> Section:
        """How many customers do we really have, how sure are we, and what do the doubles cost?"""
        view = self.result
        costs = figures.cost_figures(view)[:1]
        return Section(
            Answer(*without_limits(words.answer, view), see=("systems", "sureness", "cost")),
            Figures([*figures.main_figures(view), *figures.sureness_figures(view)[:2], *costs]),
            _combinations(view),
            result=view,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def systems(self) -> Section:
        """How many records has each system, and how many customers are behind them?"""
        view = self.result
        return Section(
            Note(words.say_customers(view)),
            Note(words.say_systems(view)) if view.n_records > 1 else None,
            Table(
                tables.systems_table(view),
                "Records and customers of each system",
                note="A customer of several systems is counted in each of them.",
            ),
            result=view.systems,
        )

    @section
    def together(self) -> Section:
        """In which systems does one customer stand together?"""
        view = self.result
        if view.n_records < 2:
            return Section.missing(words.say_too_few(view))
        return Section(
            Note(words.say_together(view)),
            Table(
                tables.combinations_table(view),
                "Customers by the systems that they stand in",
                formats={"share_of_customers": "share"},
            ),
            Table(tables.sizes_table(view), "Customers by how many records they have"),
            result=view.combinations,
        )

    @section
    def sureness(self) -> Section:
        """How sure are the links?"""
        view = self.result
        if view.n_records < 2:
            return Section.missing(words.say_too_few(view))
        frame = charts.sureness_frame(view)
        return Section(
            Note(words.say_sureness(view)),
            *(Note(line) for line in words.say_judging(view)),
            Note(words.say_later(view)),
            Chart(
                drawn(charts.draw_sureness, view),
                f"{words.sureness_seen(view)}. One dot with its limits for each share.",
                data=frame,
            )
            if len(frame)
            else None,
            Figures(figures.sureness_figures(view), as_table="How good the links are"),
            result=view.goodness,
        )

    @section
    def errors(self) -> Section:
        """Is more brought together than belongs together, or less?"""
        view = self.result
        if view.n_records < 2:
            return Section.missing(words.say_too_few(view))
        shown = tables.pairs_table(view)
        return Section(
            Note(words.say_errors(view)),
            Table(
                shown,
                "Pairs of records by how they were treated and how probable they are",
                formats={"of_one_customer_expected": "{:,.1f}"},
                max_rows=40,
            )
            if len(shown)
            else None,
            Figures(figures.error_figures(view), as_table="Pairs brought together by mistake, and pairs missed"),
            result=view.pairs,
        )

    @section
    def undecided(self) -> Section:
        """What could not be decided?"""
        view = self.result
        if view.n_records < 2:
            return Section.missing(words.say_too_few(view))
        later = Note(words.say_later(view)) if view.n_undecided or view.n_contradicting else None
        return Section(*(Note(line) for line in words.say_undecided(view)), later, result=view.pairs)

    @section
    def largest(self) -> Section:
        """Which customers have the most records?"""
        view = self.result
        if view.groups.empty:
            return Section.missing(words.say_largest(view))
        cut = f", the first {MOST_LISTED:,} of them" if len(view.groups) == MOST_LISTED else ""
        shown = tables.groups_table(view).head(_SHOWN)
        return Section(
            Note(words.say_largest(view)),
            Table(
                shown,
                "The largest groups, of equal ones the least sure first",
                formats={"least_sure_record": "share"} if "least_sure_record" in shown else {},
            ),
            SavedList(
                "single-view-largest-groups",
                view.members,
                f"The records of customers who have three or more{cut}, with how sure it is that each is theirs.",
            ),
            result=view.groups,
        )

    @section
    def cost(self) -> Section:
        """What do the doubles cost?"""
        view = self.result
        if view.n_records < 2:
            return Section.missing(words.say_too_few(view))
        return Section(
            Note(words.say_cost(view)),
            Note(words.say_letters(view)) if view.taken_for_new is not None else None,
            Note(words.say_again(view)) if view.n_too_many else None,
            Note(words.say_sent_twice(view)),
            Table(tables.cost_table(view), "The same records, counted both ways"),
            Figures(figures.cost_figures(view), as_table="What counting numbers for customers does"),
            result=view.taken_for_new,
        )

    @section
    def changes(self) -> Section:
        """Whose number has changed since last time?"""
        view = self.result
        return Section(Note(words.say_changes(view)), result=view.changes)

    @section
    def relations(self) -> Section:
        """Who belongs to whom without being one?"""
        view = self.result
        shown = tables.relations_table(view)
        return Section(
            Note(words.say_relations(view)),
            Table(shown, "Customers who belong together") if len(shown) else None,
            result=view.relations,
        )


def _combinations(view: SingleView) -> Chart:
    seen = f"{words.together_seen(view)}. Bars, one for each combination of systems, the most customers at the top."
    return Chart(
        drawn(charts.draw_combinations, view), seen, data=tables.combinations_table(view), counts=("customers",)
    )
