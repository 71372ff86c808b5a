"""The page of grades: who is strategic, does it hang on the weights, and do customers get the service that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from crm_research.features.money_window import USUAL_MONTHS
from crm_research.pillars.grades import advice, charts, figures, setting, tables, words
from crm_research.pillars.grades.criteria import MARGIN, VOLUME
from crm_research.pillars.grades.measure import (
    USUAL_A,
    USUAL_B,
    USUAL_RANKED,
    USUAL_SPREAD,
    Grades,
    measure_grades,
)
from crm_research.pillars.grades.service import Service, measure_service
from crm_research.pillars.grades.weighing import GIVEN, JUDGED
from crm_research.pillars.value.lifetime.measure import USUAL_RATE, USUAL_YEARS
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
from crm_research.vocabulary import BUSINESS

if TYPE_CHECKING:
    from crm_research.study import Study

_SHOWN: Final = 15
_NO_JUDGEMENTS: Final = (
    "No judgements are given. They are written as ONE over OTHER: 3 under grades in the study file, each pair of "
    "criteria once."
)
_MONEY: Final = "{:,.0f}"
_FORMATS: Final = {
    "margin": _MONEY, "volume": _MONEY, "cost_to_serve": _MONEY, "lifetime_value": _MONEY, "trend": "{:.2f}",
    "years_together": "{:.1f}", "satisfaction": "{:.2f}", "position": "{:,.3g}",
}  # fmt: skip


class GradesPage(Page):
    """Which business customers are strategic, does it hang on the weights, and do they get the service that fits?

    Parameters
    ----------
    study, who, months and all others
        As `measure_grades` takes them.
    """

    report: ClassVar[str] = "grades"
    clauses: ClassVar[Mapping[str, str]] = {
        "Which business customers are strategic": "grades",
        "does it hang on the weights": "sure",
        "do they get the service that fits": "service",
    }

    def __init__(
        self,
        study: Study,
        *,
        who: str = BUSINESS,
        months: int = USUAL_MONTHS,
        capital_rate: float | None = None,
        contact_costs: bool = True,
        position: str | None = None,
        satisfaction_items: list[str] | None = None,
        lifetime_value: bool = True,
        horizon_years: float = USUAL_YEARS,
        discount_rate: float = USUAL_RATE,
        weights: Mapping[str, float] | None = None,
        judgements: Mapping[str, float | str] | None = None,
        weighting: str = GIVEN,
        a_share: float = USUAL_A,
        b_share: float = USUAL_B,
        n_ranked: int = USUAL_RANKED,
        spread: float = USUAL_SPREAD,
        confidence: float = 0.95,
        seed: int = 20170101,
    ) -> None:
        super().__init__(study)
        self._measure = partial(
            measure_grades,
            study,
            who=who,
            months=months,
            capital_rate=capital_rate,
            contact_costs=contact_costs,
            position=position,
            satisfaction_items=satisfaction_items,
            lifetime_value=lifetime_value,
            horizon_years=horizon_years,
            discount_rate=discount_rate,
            weights=weights,
            judgements=judgements,
            weighting=weighting,
            a_share=a_share,
            b_share=b_share,
            n_ranked=n_ranked,
            spread=spread,
            confidence=confidence,
            seed=seed,
        )

    @fitted
    def result(self) -> Grades:
        """Grades of customers: what all sections are taken from."""
        return self._measure()

    @fitted
    def served(self) -> Service | None:
        """What each grade gets and costs; None where nobody is graded."""
        return measure_service(self.result)

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.estimators(self.result)

    @briefing
    def answer(self) -> Section:
        """Who is strategic, does it hang on the weights, and does the service fit?"""
        found = self.result
        judged = None if found.judged is None else found.judged.judged
        return Section(
            None if judged is None or judged.is_consistent else Note(words.say_consistency(judged), "caution"),
            Answer(*without_limits(words.answer, found, self.served), see=("grades", "sure", "service")),
            Figures(figures.key_figures(found)),
            Chart(
                drawn(charts.draw_matrix, found),
                alt=charts.matrix_alt(found),
                caption=charts.MATRIX_CAPTION,
            )
            if charts.has_matrix(found)
            else None,
            result=found,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result, self.served))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def counted(self) -> Section:
        """Whom do the grades compare, over which months, and what is left out?"""
        found = self.result
        return Section(
            Note(f"{setting.say_ranked(found)} {setting.say_items(found)}".strip()),
            *(Note(said, "caution") for said in setting.cautions(found)),
            result=found.window,
        )

    @section
    def criteria(self) -> Section:
        """By what are customers graded, and how much does each weigh?"""
        found = self.result
        if not found.n_ranked:
            return Section.missing(words.say_no_grades(found))
        table = tables.criteria_table(found)
        return Section(
            Note(words.say_entropy_warning(found)) if found.weightings else None,
            Table(
                table,
                "Criteria and what they weigh",
                formats={
                    **dict.fromkeys(tables.weight_columns(found), "share"),
                    **({"goes_with_place": "{:.2f}"} if "goes_with_place" in table else {}),
                },
                note="Known of: customers; the others stand at the mean. Goes with place: how closely the order by "
                "this "
                "criterion alone is the order of grades, from -1 (the reverse) over 0 to 1 (the same).",
            ),
            result=found.criteria,
        )

    @section
    def judgements(self) -> Section:
        """Do the judgements of what matters agree with each other?"""
        found = self.result
        judged = None if found.judged is None else found.judged.judged
        if judged is None:
            why = found.why_no_weighting[JUDGED].rstrip(".")
            is_refused = why != "no judgements are given"
            said = f"Judgements cannot be used: {why}." if is_refused else _NO_JUDGEMENTS
            return Section.missing(said, "caution" if is_refused else "note")
        return Section(
            Note(words.say_consistency(judged), "note" if judged.is_consistent else "caution"),
            Table(
                tables.judgements_table(judged),
                "How many times as important, as judged and as all judgements together say",
                formats=dict.fromkeys(("judged", "all_together", "times_off"), "{:.2f}"),
                note="The judgement that fits the others least comes first.",
            ),
            result=judged,
        )

    @section
    def grades(self) -> Section:
        """Who is of grade A, B and C?"""
        found = self.result
        if not found.is_graded:
            return Section.missing(words.say_no_grades(found))
        listed = tables.customers_table(found)
        formats = {name: how for name, how in _FORMATS.items() if name in listed}
        grade_table = tables.grade_table(found)
        money = [name for name in ("revenue", found.left_noun) if name in grade_table]
        return Section(
            Note(setting.say_rule(found)),
            Table(
                grade_table,
                f"Customers and {found.left_noun} of each grade ({found.currency})",
                formats={**dict.fromkeys(money, _MONEY), f"{found.left_noun}_share": "share"},
            ),
            Figures(figures.contribution_figures(found), "Grades"),
            Table(
                listed.head(_SHOWN),
                "The first customers",
                formats=formats,
                note=_legend(found),
            ),
            SavedList("grades-of-customers", listed, f"All who are graded, the first first. {_legend(found)}"),
            result=listed,
        )

    @section
    def sure(self) -> Section:
        """Who is strategic whatever the weights, and who only under some?"""
        found = self.result
        if not found.is_graded:
            return Section.missing(words.say_no_grades(found))
        listed = tables.sure_table(found)
        return Section(
            Note(words.say_sure(found)),
            Chart(drawn(charts.draw_places, found), alt=charts.places_alt(found)),
            Table(
                listed.head(_SHOWN),
                "Under how many mixes of weights customers are of grade A",
                formats={name: how for name, how in _FORMATS.items() if name in listed},
                note=_legend(found),
            )
            if len(listed)
            else None,
            Figures(figures.weight_figures(found), "How far it hangs on the weights"),
            SavedList(
                "strategic-customers",
                listed,
                "Customers of grade A whatever the weights, or under some and not under others, the surest first. "
                f"{_legend(found)}",
            )
            if len(listed)
            else None,
            result=listed,
        )

    @section
    def choices(self) -> Section:
        """How many would have another grade by another way of weighing?"""
        found = self.result
        if not found.is_graded:
            return Section.missing(words.say_no_grades(found))
        changes = tables.changes_table(found)
        return Section(
            Note(words.say_changes(found)),
            Table(changes, "Customers who would have another grade", counts=("n_changed", "of_grade_a_no_more"))
            if len(changes)
            else None,
            result=changes,
        )

    @section
    def service(self) -> Section:
        """What do strategic and standard customers get, what does it cost, and does it fit?"""
        found, service = self.result, self.served
        if service is None:
            return Section.missing(
                words.say_no_grades(found)
                if not found.is_graded
                else "Customers are graded by the cost to serve alone, so whether it fits their grade has no meaning."
            )
        return Section(
            Note(f"{words.say_service(found, service)} {words.say_compared(service, found.confidence)}".strip()),
            Note(words.say_of_grades(found)),
            Table(
                tables.contacts_table(service),
                "Contacts of a customer and year, by kind and by what customers are worth",
                formats=dict.fromkeys(("a_year", "lower", "upper"), "{:.2f}"),
            )
            if service.has_contacts
            else None,
            Table(
                tables.costs_table(service),
                f"What it costs to serve customers, by what they are worth ({found.currency})",
                formats={"cost_to_serve": _MONEY, "cost_share": "share", "cost_each": "{:,.2f}"},
                note="Cost share: of what these customers bring.",
            )
            if found.has_service
            else None,
            Figures(figures.service_figures(found, service), "Service by what customers are worth"),
            result=service,
        )

    @section
    def misfits(self) -> Section:
        """Who gets more or less than fits?"""
        found, service = self.result, self.served
        if service is None or not service.n_tested:
            return Section.missing(
                words.say_no_grades(found)
                if not found.is_graded
                else "Who gets more or less than fits is not told: no visits, enquiries or service are recorded."
            )
        listed = tables.misfits_table(found, service)
        return Section(
            Note(words.say_misfits(found, service)),
            Table(listed.head(_SHOWN), "Customers who get more or less than fits", formats={"expected": "{:.1f}"})
            if len(listed)
            else None,
            SavedList("grades-misfits", listed, "Customers who get more or less contacts than fits their grade.")
            if len(listed)
            else None,
            result=listed,
        )


def _legend(found: Grades) -> str:
    money = (
        f" {VOLUME.capitalize()} and costs in {found.currency}."
        if MARGIN not in found.criteria.names
        else f" Money in {found.currency}."
    )
    return (
        "At best and at worst: limits of the place where the weights, and what is not known well, are in doubt. "
        f"Weightings share: of all mixes of weights, those under which the customer is of grade A.{money}"
    )
