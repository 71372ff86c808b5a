"""The page of the summary: what to do first, what changed, what everybody says, and a part for each department."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from crm_research.pillars.summary import charts, figures, tables, words
from crm_research.pillars.summary.claims.sayings import RULE
from crm_research.pillars.summary.parts import ActionList, DepartmentLine
from crm_research.pillars.summary.standing import Standing, summarise
from crm_research.show import (
    Answer,
    Chart,
    Figures,
    Note,
    Page,
    Section,
    Table,
    briefing,
    drawn,
    fitted,
    section,
)

if TYPE_CHECKING:
    from crm_research.study import Study


class SummaryPage(Page):
    """What has changed, what matters, and what should who do, over all reports of a study and its day?

    Parameters
    ----------
    study, results, confidence, seed
        As `summarise` takes them.
    """

    report: ClassVar[str] = "summary"
    clauses: ClassVar[Mapping[str, str]] = {
        "What should who do": "actions",
        "what has changed": "changes",
        "what do these records say to what everybody says": "claims",
    }

    def __init__(
        self, study: Study, *, results: str | None = None, confidence: float = 0.95, seed: int = 20170101
    ) -> None:
        super().__init__(study)
        self._summarise = partial(summarise, study, results=results, confidence=confidence, seed=seed)

    @fitted
    def result(self) -> Standing:
        """The results of all reports, what moved, what they ask for, and the sayings."""
        return self._summarise()

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        told = {claim.saying.label: claim.figure.estimator for claim in self.result.claims if not claim.why_not}
        return {
            "actions": "rules over the figures of all reports, each where the whole interval lies on its side",
            "change": "difference of both runs' intervals, chance shared out among all compared (Holm)",
            **told,
        }

    @briefing
    def answer(self) -> Section:
        """What should be done first, what has changed, and how far can it be trusted?"""
        standing = self.result
        lines = words.answer(standing)
        return Section(
            Answer(*lines, see=("actions", "changes", "trust")),
            _headline(standing),
            Figures(figures.summary_figures(standing)),
            result=standing,
        )

    @briefing
    def advice(self) -> Section:
        """What is to be done, and what is the gravest doubt?"""
        standing = self.result
        cautions = [Note(said, "caution") for said in words.cautions(standing)]
        return Section(*cautions, ActionList(standing.actions, most=_ON_FIRST_SCREEN))

    def gravest_doubt(self) -> str:
        """What would most change the answer; told by `advice` before anything else."""
        return next(iter(words.cautions(self.result)), "")

    @section
    def actions(self) -> Section:
        """Who should do what, for whom, and what would it bring?"""
        standing = self.result
        unsure = Note(words.say_unsure(standing))
        if not standing.actions and unsure.is_empty:
            return Section.missing("No number of the reports that were made asks for an action by the rules.")
        return Section(
            ActionList(standing.actions),
            unsure,
            Table(tables.actions_table(standing.actions), "The same as a table", note=_ORDER),
            result=standing.actions,
        )

    @section
    def changes(self) -> Section:
        """What has changed since the run before, beyond chance?"""
        standing = self.result
        if standing.comparison is None:
            return Section.missing(words.say_changed(standing))
        return Section(
            Note(words.say_changed(standing)),
            Table(tables.moves_table(standing), "What has moved by more than chance explains, the surest first"),
            result=standing.comparison,
        )

    @section
    def claims(self) -> Section:
        """What does everybody say, and what do these records say?"""
        standing = self.result
        has_picture = not charts.claims_frame(standing).empty
        return Section(
            _claims(standing) if has_picture else None,
            Table(tables.claims_table(standing), "What everybody says and what these records say", note=RULE),
            Figures(figures.claim_figures(standing), as_table="The numbers beside the sayings"),
            result=standing.claims,
        )

    @section
    def trust(self) -> Section:
        """How far can the numbers be trusted?"""
        standing = self.result
        if not standing.results.reports:
            return Section.missing(words.say_first(standing))
        return Section(
            _checks(standing) if not tables.checks_table(standing).empty else None,
            Table(tables.failing_table(standing), "Numbers that fail their own checks"),
            Table(tables.reports_table(standing), "What came of each report"),
            result=standing.results,
        )

    @section
    def sales(self) -> Section:
        """What is sales asked to do?"""
        return self._department("sales")

    @section
    def service(self) -> Section:
        """What is service asked to do?"""
        return self._department("service")

    @section
    def marketing(self) -> Section:
        """What is marketing asked to do?"""
        return self._department("marketing")

    @section
    def finance(self) -> Section:
        """What is finance asked to do?"""
        return self._department("finance")

    @section
    def product(self) -> Section:
        """What is product management asked to do?"""
        return self._department("product")

    def _department(self, name: str) -> Section:
        own = [action for action in self.result.actions if action.rule.department == name]
        return Section(DepartmentLine(name, words.department_line(name, own)), ActionList(own), result=tuple(own))


_ON_FIRST_SCREEN = 5
_ORDER = (
    "Those with money at stake come first, the most first; where limits overlap the order says nothing. What rests on "
    "a number that fails its own check comes last: it is to be checked, not done."
)


def _headline(standing: Standing) -> Chart | None:
    """The picture that carries the answer: what is at stake, else what asks for action, else what everybody says."""
    if not charts.stakes_frame(standing).empty:
        return _stakes(standing)
    if not (marks := charts.marks_frame(standing)).empty:
        finding = words.marks_finding(standing, has_marks=bool((marks["mark"] != 0).any()))
        return Chart(drawn(charts.draw_marks, standing), finding, data=marks.drop(columns=["fails", "unit"]))
    if not charts.claims_frame(standing).empty:
        return _claims(standing)
    return _checks(standing) if standing.results.made else None


def _stakes(standing: Standing) -> Chart:
    return Chart(
        drawn(charts.draw_stakes, standing), words.stakes_finding(standing), data=charts.stakes_frame(standing)
    )


def _checks(standing: Standing) -> Chart:
    return Chart(drawn(charts.draw_checks, standing), words.checks_seen(standing), data=tables.checks_table(standing))


def _claims(standing: Standing) -> Chart:
    return Chart(
        drawn(charts.draw_claims, standing),
        words.claims_finding(list(standing.claims)),
        data=charts.claims_frame(standing),
    )
