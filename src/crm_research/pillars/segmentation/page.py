"""The page of the segmentation: which groups there are, whether they are real, and what they are good for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from crm_research.pillars.segmentation import advice
from crm_research.pillars.segmentation.deployment.page import living_section
from crm_research.pillars.segmentation.evidence.number_of_groups import RULE
from crm_research.pillars.segmentation.groups import charts
from crm_research.pillars.segmentation.groups import tables as report
from crm_research.pillars.segmentation.groups import words as wording
from crm_research.pillars.segmentation.groups.alternative import alternative_section
from crm_research.pillars.segmentation.groups.page import rfm_section, use_section, who_section, worth_parts
from crm_research.pillars.segmentation.joins import measure_joins
from crm_research.pillars.segmentation.result import Segmentation, segment_customers
from crm_research.show import (
    Answer,
    Caveats,
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
from crm_research.show.joined import JoinsTold, joins_section
from crm_research.theme import without_limits

if TYPE_CHECKING:
    from crm_research.study import Study

_SEE: Final = ("segments", "stability", "worth")


class SegmentationPage(Page):
    """Which groups of customers differ in what matters, and are the groups real?

    Parameters
    ----------
    study, k_min, k_max, n_bootstraps, purpose, inputs, confidence, seed
        As `segment_customers` takes them.
    served_min, served_max
        Fewest and most groups that the company can serve apart: where fewer or more are found, the best solution with
        so many is shown beside them.
    rfm_cuts
        Cut points of recency, frequency and money; None takes quintiles.
    """

    report: ClassVar[str] = "segmentation"
    clauses: ClassVar[Mapping[str, str]] = {
        "Which groups of customers differ in how they buy or what they hold": "segments",
        "are the groups real": "stability",
    }

    def __init__(
        self,
        study: Study,
        *,
        k_min: int = 2,
        k_max: int = 8,
        n_bootstraps: int = 100,
        purpose: str | None = None,
        inputs: Sequence[str] | None = None,
        served_min: int = 4,
        served_max: int = 7,
        rfm_cuts: Mapping[str, Sequence[float]] | None = None,
        confidence: float = 0.95,
        seed: int = 20170101,
    ) -> None:
        super().__init__(study)
        self.rfm_cuts = rfm_cuts
        self.served = (served_min, served_max)
        self.n_bootstraps = n_bootstraps
        self.confidence = confidence
        self.seed = seed
        self._segment = partial(
            segment_customers,
            study,
            k_min=k_min,
            k_max=k_max,
            n_bootstraps=n_bootstraps,
            confidence=confidence,
            seed=seed,
            purpose=purpose,
            inputs=inputs,
        )

    @fitted
    def result(self) -> Segmentation:
        """The groups and the evidence for and against them."""
        return self._segment()

    @fitted
    def hanging(self) -> JoinsTold | None:
        """The main number under other joins of records; None for a study without links."""
        return measure_joins(self.study, self.result, confidence=self.confidence, seed=self.seed)

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return report.name_estimators(self.result)

    @briefing
    def answer(self) -> Section:
        """What are the groups, do they exist outside this page, and are they of use?"""
        segments = self.result
        return Section(
            Answer(*without_limits(wording.answer_segments, segments), see=_SEE if segments.found is not None else ()),
            Figures(report.list_figures(segments, "answer")),
            self._chart("segments", "cards"),
            result=segments,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def offered(self) -> Section:
        """What are customers compared by?"""
        segments = self.result
        return Section(
            Note(wording.note_segments(segments)),
            self._table("inputs", "What was offered as an input, and what became of it"),
            Caveats(self.study),
            result=None if segments.found is None else segments.found.inputs,
        )

    @section
    def rfm(self) -> Section:
        """Which customers are champions, at risk or lost by recency, frequency and money?"""
        return rfm_section(self.study, cuts=self.rfm_cuts, confidence=self.confidence)

    @section
    def segments(self) -> Section:
        """What are the segments?"""
        segments = self.result
        return Section(
            self._table("cards", "The segments"),
            self._table("profiles", "What is usual in each segment: medians, of shares the means"),
            SavedList(
                "segmentation-members",
                segments.members_with_values,
                "Every customer who was grouped and the segment, the best segment first, with what customers are "
                "compared by and what they bring.",
            )
            if segments.found is not None
            else None,
            Figures(report.list_figures(segments, "segments"), "Size of each segment, and whether it is found again")
            if segments.found is not None
            else None,
            result=segments.members(),
        )

    @section
    def profiles(self) -> Section:
        """How far is each segment from the average customer?"""
        return self._pictured("profiles")

    @section
    def who(self) -> Section:
        """Who are the customers of each segment?"""
        return who_section(self.study, self.result)

    @section
    def numbers(self) -> Section:
        """How many groups?"""
        segments = self.result
        return Section(
            Note(wording.say(segments, "numbers")),
            self._chart("numbers", "numbers"),
            Note(RULE),
            result=report.tabulate(segments, "numbers"),
        )

    @section
    def alternative(self) -> Section:
        """Which is the best solution with as many groups as can be served apart?"""
        k_min, k_max = self.served
        return alternative_section(
            self.study, self.result, k_min=k_min, k_max=k_max, n_bootstraps=self.n_bootstraps, seed=self.seed
        )

    @section
    def stability(self) -> Section:
        """Are the groups found again?"""
        return self._pictured("stability")

    @section
    def nulls(self) -> Section:
        """Would data without groups look the same, and is there a gap between the groups?"""
        return Section(
            Note(wording.say(self.result, "nulls")),
            self._chart("nulls", "nulls"),
            Figures(report.list_figures(self.result, "separation"), "How far the groups stand apart")
            if self.result.found is not None
            else None,
            self._table("borders", "How crowded the border between two segments is"),
            result=report.tabulate(self.result, "nulls"),
        )

    @section
    def methods(self) -> Section:
        """Would another method have found the same groups?"""
        return Section(
            Note(wording.say(self.result, "methods")),
            self._table("methods", "Other ways to group the same customers"),
            result=report.tabulate(self.result, "methods"),
        )

    @section
    def rules(self) -> Section:
        """By which rules could a person tell the segments?"""
        segments = self.result
        return Section(
            self._table("rules", "Which customers belong where"),
            Note(wording.say_fidelity(segments)),
            result=None if segments.found is None else segments.found.rules,
        )

    @section
    def worth(self) -> Section:
        """Do the groups matter: do they predict what customers did next, beyond recency, frequency and money?"""
        segments = self.result
        return Section(*worth_parts(segments), result=None if segments.found is None else segments.found.holdout)

    @section
    def use(self) -> Section:
        """Are the segments of use, and what service is each customer to get?"""
        return use_section(self.study, self.result, self.who.result)

    @section
    def living(self) -> Section:
        """Who moved between the segments, and do they age?"""
        return living_section(self.study, self.result, seed=self.seed)

    @section
    def joins(self) -> Section:
        """How much of the answer hangs on which records are joined as one customer?"""
        return joins_section(self.hanging)

    def _pictured(self, name: str) -> Section:
        return Section(self._chart(name, name), result=report.tabulate(self.result, name))

    def _chart(self, name: str, table: str) -> Chart:
        segments = self.result
        return Chart(
            drawn(charts.draw, segments, name),
            alt=report.describe_picture(segments, name),
            data=report.tabulate(segments, table),
        )

    def _table(self, name: str, caption: str) -> Table:
        segments = self.result
        return Table(report.tabulate(segments, name), caption, formats=report.name_formats(segments, name))
