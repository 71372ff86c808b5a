"""The page of satisfaction: what customers say, what matters to them, and who is loyal by conviction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from crm_research.features.answers import GAP_DAYS
from crm_research.pillars.satisfaction import (
    advice,
    cautions,
    charts,
    conviction_charts,
    figures,
    structure_charts,
    structure_words,
    tables,
    words,
)
from crm_research.pillars.satisfaction.analysis import PATRONAGE_DAYS, SatisfactionAnalysis, describe_satisfaction
from crm_research.show import (
    Answer,
    Chart,
    Figures,
    Note,
    Page,
    Part,
    Section,
    Step,
    Table,
    briefing,
    drawn,
    fitted,
    panels,
    section,
)
from crm_research.theme import without_limits

if TYPE_CHECKING:
    from crm_research.study import Study

_TWO_DIGITS: Final = "{:.2f}"


class SatisfactionPage(Page):
    """What do customers say, what matters to them, and who is loyal by conviction?

    Parameters
    ----------
    study, recommend, constructs, paths, pairs, compare_by, wave_gap_days, patronage_days, attitude_cut, rate_cut
        As `describe_satisfaction` takes them.
    n_bootstraps, confidence, seed
        Resamples, level of the intervals, and start of the resampling.
    """

    report: ClassVar[str] = "satisfaction"
    clauses: ClassVar[Mapping[str, str]] = {
        "How satisfied are customers": "means",
        "what matters to them": "priorities",
        "who is loyal by conviction rather than by habit": "conviction",
    }

    def __init__(
        self,
        study: Study,
        *,
        recommend: str | None = None,
        constructs: Mapping[str, Sequence[str]] | None = None,
        paths: Sequence[Sequence[str]] | None = None,
        pairs: Mapping[str, str] | None = None,
        compare_by: str | None = None,
        wave_gap_days: int = GAP_DAYS,
        patronage_days: int = PATRONAGE_DAYS,
        attitude_cut: float | None = None,
        rate_cut: float | None = None,
        n_bootstraps: int = 1000,
        confidence: float = 0.95,
        seed: int = 20170101,
    ) -> None:
        super().__init__(study)
        self._describe = partial(
            describe_satisfaction,
            study,
            recommend=recommend,
            constructs=constructs,
            paths=paths,
            pairs=pairs,
            compare_by=compare_by,
            wave_gap_days=wave_gap_days,
            patronage_days=patronage_days,
            attitude_cut=attitude_cut,
            rate_cut=rate_cut,
            n_bootstraps=n_bootstraps,
            confidence=confidence,
            seed=seed,
        )

    @fitted
    def result(self) -> SatisfactionAnalysis:
        """Waves, ratings, importance, scales, paths and conviction: what all sections are taken from."""
        return self._describe()

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.ESTIMATORS

    @briefing
    def answer(self) -> Section:
        """What should be made better first, and how satisfied are customers?"""
        found = self.result
        parts = found.priorities
        is_ranked = parts is not None and parts.table["importance"].notna().sum() >= 2
        return Section(
            Answer(*without_limits(words.answer, found), see=words.answer_proofs(found)),
            Figures(figures.key_figures(found)),
            _matrix_chart(found) if is_ranked else _means_chart(found),
            result=found,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def survey(self) -> Section:
        """Which waves and items are there, and what was wrong with the answers?"""
        found = self.result
        if found.wave is None:
            return Section.missing(words.answer(found)[0], "caution")
        items = found.survey.items.drop(columns=["n_rescaled", "n_reversed"])
        return Section(
            Table(tables.waves_table(found), "Waves of the survey"),
            Table(items, "Items, their scales and their answers"),
            *(Note(text, kind) for text, kind in cautions.survey_notes(found)),
            result=found.survey,
        )

    @section
    def means(self) -> Section:
        """How is each item rated, and what has changed?"""
        found = self.result
        if found.items is None or found.items.table.empty:
            return Section.missing("No item was answered, so no rating can be shown.")
        return Section(
            _means_chart(found),
            Figures(figures.item_figures(found), "Mean answer to each item"),
            Note(" ".join(text for text in (words.change_finding(found), words.power_finding(found)) if text)),
            Table(
                found.items.changes.drop(columns=["p_value"]),
                f"Change of each item since {found.label_before}, on its own scale",
                note="detectable: the least change that would be found four times of five. p adjusted: Holm.",
            ),
            result=found.items,
        )

    @section
    def promoters(self) -> Section:
        """Who would recommend us, and how has that changed?"""
        found = self.result
        if found.promoters is None:
            return Section.missing(
                "No net promoter score: no item whose name speaks of recommending was asked on a scale from 0 to 10. "
                "If one was, name it under 'recommend'."
            )
        return Section(
            Chart(
                drawn(charts.draw_spread, found), alt=f"{words.promoters_finding(found)}.", data=found.promoters.spread
            ),
            Chart(drawn(charts.draw_trend, found), alt=f"{words.trend_finding(found)}.", data=found.promoters.waves)
            if len(found.promoters.waves) > 1
            else None,
            result=found.promoters,
        )

    @section
    def priorities(self) -> Section:
        """What matters most, by what customers do and by what they say, and where do we fall short?"""
        found = self.result
        parts = found.priorities
        if parts is None:
            return Section.missing("Without answers nothing can be ranked.")
        is_ranked = parts.table["importance"].notna().sum() >= 2
        is_stated = "stated" in parts.table and parts.table["stated"].notna().any()
        stated = ["driver", "importance", "stated", "stated_lower", "stated_upper"]
        return Section(
            Figures(figures.importance_figures(found), f"Importance for {parts.target}")
            if parts.model is not None
            else None,
            Table(cautions.placing_table(found), "Where each thing lies, and whether its intervals leave it there")
            if is_ranked
            else None,
            Table(parts.table[stated], "Derived importance beside what customers say is important (0 to 100)")
            if is_stated
            else None,
            Table(
                parts.gaps.drop(columns=["p_value"]),
                "Experience less expectation, in points of 100",
                note="Below nought the experience falls short.",
            )
            if len(parts.gaps)
            else None,
            Note(cautions.drivers_note(found)),
            *(
                Note(text if parts.model is None else f"Importance: {text[0].lower()}{text[1:]}")
                for text in parts.notes
            ),
            result=parts,
        )

    @section
    def structure(self) -> Section:
        """Do the items measure what they should, and what leads to what?"""
        found = self.result
        parts = found.structure
        if parts is None:
            return Section.missing("Without answers no construct can be measured.")
        return Section(*_scales(found), *_paths(found), *_prediction(found), result=parts)

    @section
    def map(self) -> Section:
        """Where would a better rating move the last consequence most, by the path model?"""
        found = self.result
        held = None if found.structure is None else found.structure.map
        if held is None:
            return Section.missing("Without a path model there is no map of what would move loyalty or satisfaction.")
        return Section(
            Chart(
                drawn(structure_charts.draw_map, found),
                alt=f"{structure_words.map_finding(found)}. Total effect by performance, with a cross for each "
                "construct.",
                data=held.constructs,
            ),
            Figures(figures.map_figures(found), f"Points of {held.target} for one more point of each construct"),
            Table(
                held.items,
                f"The same, dealt out among the items of each construct (target: {held.target})",
                formats={"importance": "{:.3f}", "performance": "{:.1f}"},
                note="Importance: points of the target that go with one more point of the item; performance: mean on "
                "0 to 100.",
            ),
            result=held,
        )

    @section
    def groups(self) -> Section:
        """Does the same lead to the same in every group, and may that be compared?"""
        found = self.result
        held = found.groups
        if held is None or held.found is None:
            return Section.missing(held.note if held is not None else "Without answers there are no groups to compare.")
        p_values = ["agreement_p", "mean_p", "variance_p"]
        return Section(
            Note(structure_words.groups_finding(found)),
            Table(
                tables.invariance_table(held.found),
                f"Do the groups ({held.by}) mean the same by a construct?",
                formats={"agreement": "{:.3f}"} | dict.fromkeys(p_values, "{:.3f}"),
                note="Agreement: of the construct weighed as either group would; p by permuted groups. Invariance "
                "none: the groups weigh the items differently, and paths are not compared; partial: paths may be "
                "compared; full: means and spreads agree too.",
            ),
            Table(
                tables.group_paths_table(held.found),
                f"Paths by {held.by}",
                formats=dict.fromkeys(("first", "second", "difference", "lower", "upper"), _TWO_DIGITS)
                | {"p_adjusted": "{:.3f}"},
                note="p adjusted: permuted groups, Holm over all rows.",
            ),
            *map(Note, held.found.notes),
            result=held,
        )

    @section
    def conviction(self) -> Section:
        """Who is loyal by conviction and who by habit, and what came of it?"""
        found = self.result
        parts = found.conviction
        if parts is None or parts.groups is None:
            why = " ".join(parts.notes) if parts is not None else "No answer is known."
            return Section.missing(f"Loyalty by conviction cannot be told from loyalty by habit. {why}")
        later = words.later_finding(found)
        return Section(
            Chart(
                drawn(conviction_charts.draw_groups, found),
                alt=words.conviction_finding(found),
                data=parts.groups.shares,
            ),
            Figures(figures.conviction_figures(found), "Loyalty by attitude and behaviour"),
            Note(cautions.cut_note(found)),
            Table(
                parts.groups.sensitivity,
                "The same shares at other cut points",
                formats=dict.fromkeys(parts.groups.sensitivity.columns, _TWO_DIGITS),
                note="attitude below, rate below: share of customers below the cut; 0.50 is the median.",
            ),
            Chart(panels(conviction_charts.draw_later, found), alt=later, data=parts.later)
            if len(parts.later)
            else None,
            Note(later or "No outcome of the holdout can be compared."),
            Note(structure_words.followed_finding(found)),
            Table(
                parts.followed.table,
                "What the groups did from the day after their wave had closed",
                formats=dict.fromkeys(("value", "lower", "upper"), "share") | {"days": "{:.0f}"},
                note="Kaplan-Meier, each customer by the chance to belong to the group, which rests on the wave's "
                "answers and on purchases before it closed. Value: share within so many days; n censored: not followed "
                "to the end.",
            )
            if parts.followed is not None
            else None,
            *map(Note, parts.notes),
            result=parts,
        )

    @section
    def response(self) -> Section:
        """Who answered, and what does weighting for it move?"""
        found = self.result
        parts = found.response
        if parts is None:
            return Section.missing("Without answers there is nobody to compare with the others.")
        finding = words.response_finding(found)
        return Section(
            Note(finding, cautions.response_kind(found)),
            Chart(drawn(charts.draw_response, found), alt=finding, data=parts.effects) if len(parts.effects) else None,
            Table(
                parts.moves,
                "Means with and without weights for who answers",
                formats=dict.fromkeys(("plain", "weighted", "moved", "lower", "upper"), _TWO_DIGITS),
            ),
            Note(structure_words.reweighted_finding(found)),
            Table(
                tables.reweighted_table(found),
                "Importance, scales and paths with and without weights for who answers",
                formats=dict.fromkeys(("plain", "lower", "upper", "weighted"), _TWO_DIGITS),
                note="Lower and upper: limits without weights.",
            ),
            *(Note(text, kind="caution") for text in [*parts.notes, *cautions.silence_notes(found)]),
            result=parts,
        )


def _scales(found: SatisfactionAnalysis) -> Iterator[Part]:
    parts = found.structure
    if parts is None:
        return
    if len(parts.scales):
        yield Note(words.scale_finding(found))
        yield Table(
            parts.scales,
            "How well the items measure their construct",
            note="Conventions are no more than that: 0.7 for reliability, 0.5 for the average variance extracted.",
        )
    if parts.distinctness is not None:
        yield Table(parts.distinctness.htmt, "How alike two constructs are (HTMT)")


def _paths(found: SatisfactionAnalysis) -> Iterator[Part]:
    parts = found.structure
    if parts is None or parts.paths is None:
        return
    yield Chart(drawn(charts.draw_paths, found), alt=f"{words.path_finding(found)}.", data=parts.paths.paths)
    yield Figures(figures.path_figures(found), "Paths and what they explain")
    yield Note(structure_words.corrected_finding(found))
    if structure_words.is_corrected(found):
        yield Figures(figures.corrected_figures(found), "Paths without errors of measurement")


def _prediction(found: SatisfactionAnalysis) -> Iterator[Part]:
    parts = found.structure
    if parts is None:
        return
    if parts.prediction is not None:
        yield Table(
            parts.prediction.constructs[["construct", "n_items", "n_useful", "n_better", "power"]],
            "Answers of people left out, predicted (PLSpredict)",
            note="n useful: items predicted better than by their mean; n better: better than by a linear model.",
        )
    yield from map(Note, [*parts.notes, *(parts.paths.notes if parts.paths is not None else ())])


def _means_chart(found: SatisfactionAnalysis) -> Chart:
    return Chart(drawn(charts.draw_means, found), alt=f"{words.means_finding(found)}.", data=tables.means_table(found))


def _matrix_chart(found: SatisfactionAnalysis) -> Chart:
    return Chart(
        drawn(charts.draw_matrix, found),
        alt=f"{words.priority_finding(found)} A picture of importance by performance with a cross of intervals for "
        "each thing asked for.",
        data=None if found.priorities is None else found.priorities.table,
        caption="What lies to the upper left matters more and is rated lower. A cross that touches a dashed line may "
        "lie on either side of it (pale).",
    )
