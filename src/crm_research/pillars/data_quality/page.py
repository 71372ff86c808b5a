"""The page of data quality: how far records can be relied on, what is worst, who mends it, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from crm_research.features.untrue_records import MOST_LISTED as MOST_UNTRUE
from crm_research.pillars.data_quality import advice, charts, figures, tables, words
from crm_research.pillars.data_quality.dead import dead_table
from crm_research.pillars.data_quality.measure import DataQuality, measure_quality
from crm_research.pillars.data_quality.names import table_of
from crm_research.pillars.data_quality.potential import HOW, MOST_LISTED
from crm_research.pillars.data_quality.repaired import NOTHING, repaired_figures, repaired_table, say_repaired
from crm_research.pillars.data_quality.untrue import say_read
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
    from crm_research.figures import Figure
    from crm_research.study import Study

_MONEY: Final = "{:,.0f}"
_SHOWN: Final = 15


class DataQualityPage(Page):
    """How far can the records be relied on, what is worst, and what does it cost?

    Parameters
    ----------
    study, confidence, seed
        As `measure_quality` takes them.
    """

    clauses: ClassVar[Mapping[str, str]] = {
        "How far can the records be relied on": "reliance",
        "what is worst": "suspicions",
        "what does it cost": "cost",
    }

    def __init__(self, study: Study, *, confidence: float = 0.95, seed: int = 20170101) -> None:
        super().__init__(study)
        self._measure = partial(measure_quality, study, confidence=confidence, seed=seed)

    @fitted
    def result(self) -> DataQuality:
        """What all sections are taken from."""
        return self._measure()

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return {**figures.estimators(self.result), "left alone": HOW}

    @briefing
    def answer(self) -> Section:
        """How far can the records be relied on, what is worst and who mends it, and what does it cost?"""
        quality = self.result
        return Section(
            Answer(*without_limits(words.answer, quality), see=("reliance", "suspicions", "cost")),
            Figures(_cards(quality)),
            _picture(quality),
            result=quality,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most useful first."""
        return tuple(advice.steps(self.result))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def reliance(self) -> Section:
        """How many rows of each table break no rule, and who looks after them?"""
        quality = self.result
        return Section(
            Note(words.say_sound(quality)),
            None if _picture_is_of_faults(quality) or quality.tables.empty else _faults(quality),
            Table(
                tables.tables_table(quality),
                "Rows that break no rule and are no copy",
                formats={"break_no_rule_share": "share", "lower": "share", "upper": "share"},
                note="Rows of all times are looked at. What only several rows together break is taken off as if it lay "
                "in other rows, so that the share is at least this.",
            ),
            Figures(figures.sound_figures(quality), as_table="Rows in order, table by table"),
            result=quality.tables,
        )

    @section
    def rules(self) -> Section:
        """Which rules are broken, and who can mend it?"""
        quality = self.result
        broken = tables.rules_table(quality)
        return Section(
            Note(words.say_rules(quality)),
            Table(tables.dimensions_table(quality), "Rules by what they tell of"),
            Table(broken, "Rules that are broken, the gravest first", note="How to mend each: crm-research check.")
            if len(broken)
            else None,
            result=quality.verdict,
        )

    @section
    def completeness(self) -> Section:
        """What is missing in each column, and does it get worse?"""
        quality = self.result
        shown = tables.columns_table(quality)
        if shown.empty:
            return Section.missing(words.nothing_missing(quality))
        return Section(
            Note(words.say_least_complete(quality)),
            Note(words.say_trends(quality)),
            _columns(quality) if len(charts.missing_by_month(quality)) else None,
            Table(
                shown,
                "Each column, the least complete first",
                formats={"there_share": "share", "lower": "share", "upper": "share", "invalid_share": "share"},
                note="Invalid: of the rule of values that is broken most often.",
                max_rows=200,
            ),
            Note(words.say_not_judged(quality)),
            Figures(figures.column_figures(quality), as_table="Completeness and validity of each column"),
            result=quality.columns,
        )

    @section
    def systems(self) -> Section:
        """Which system's records are the least complete?"""
        shown = tables.systems_table(self.result)
        if shown.empty:
            return Section.missing("The records do not say which system they come from.")
        return Section(
            Table(shown, "What is there in the records of each system", formats={"there_share": "share"}, max_rows=200),
            result=self.result.systems,
        )

    @section
    def repaired(self) -> Section:
        """How much was repaired in the records of the systems, and in which way?"""
        found = self.result.repaired
        if found is None:
            return Section.missing(NOTHING)
        return Section(
            Note(say_repaired(found)),
            Table(
                repaired_table(found),
                "Repaired values, the most repaired column first",
                note="Each with what stood there before is in the table repairs beside the study file: "
                "crm-research manual repair.",
            ),
            Figures(repaired_figures(self.result)),
            result=found,
        )

    @section
    def timeliness(self) -> Section:
        """How far do the records reach, and are months left out?"""
        shown = tables.timeliness_table(self.result)
        if shown.empty:
            return Section.missing("No table carries times.")
        return Section(Table(shown, "First and last records of each table"), result=shown)

    @section
    def suspicions(self) -> Section:
        """What is worst, which records are suspect, and on what evidence?"""
        quality = self.result
        found: list[Table] = []
        if quality.found:
            found = [
                Table(
                    tables.suspicions_table(quality),
                    "What is under suspicion: what touches the main figures first, the largest share before others",
                    formats={"suspect_share": "share", "lower": "share", "upper": "share"},
                ),
                Table(tables.evidence_table(quality), "On what evidence, and what explains it where nothing is wrong"),
            ]
        return Section(
            Note(words.say_worst(quality)),
            None if quality.found else Note("Nothing is under suspicion."),
            Note(words.say_unread(quality)),
            Note(say_read(quality.untrue)),
            *found,
            _untrue_list(quality),
            Figures(figures.suspect_figures(quality), as_table="Shares under suspicion, none found among them"),
            result=quality.suspicions,
        )

    @section
    def cost(self) -> Section:
        """What would the main figures be without what is suspect?"""
        quality = self.result
        shown = tables.effects_table(quality)
        if shown.empty:
            return Section(
                Note(words.say_cost(quality)),
                Figures(figures.effect_figures(quality), as_table="Change of the main figures"),
                result=quality.effects,
            )
        return Section(
            Note(words.say_cost(quality)),
            Table(
                shown,
                "Main figures as they are, and without what is suspect",
                note="The same customers stand on both sides. Suspicions that lie in other tables change none of "
                "these figures.",
                max_rows=100,
            ),
            Figures(figures.effect_figures(quality), as_table="Change of the main figures, all suspicions together"),
            result=quality.effects,
        )

    @section
    def dead(self) -> Section:
        """Which customers are gone, although their records are still there?"""
        quality = self.result
        shown = dead_table(quality.dead)
        said = [Note(line) for line in words.say_dead(quality)]
        if shown.empty:
            return Section.missing("Neither purchases nor contracts tell whether customers are still there.")
        return Section(
            *said,
            Table(shown, "Customers who are gone", formats=dict.fromkeys(("gone_share", "lower", "upper"), "share")),
            Figures(figures.dead_figures(quality)),
            result=quality.dead,
        )

    @section
    def left_alone(self) -> Section:
        """Which of the best customers did nobody speak to?"""
        quality = self.result
        found = quality.left_alone
        if isinstance(found, str):
            return Section.missing(found)
        listed = found.listed
        cut = f", the first {MOST_LISTED:,} of them" if len(listed) == MOST_LISTED else ""
        return Section(
            Note(words.say_left_alone(quality)),
            Note(words.say_alone_window(found)),
            Table(
                found.groups,
                f"The best customers, and those nobody spoke to ({quality.currency})",
                formats={"left_alone_share": "share", "lower": "share", "upper": "share", "money": _MONEY},
            ),
            Table(listed.head(_SHOWN), f"The first of them ({quality.currency})", formats={"money": _MONEY}),
            SavedList(
                "quality-customers-left-alone",
                listed,
                f"Gold customers and those like them whom nobody spoke to, those who brought most first{cut}.",
            ),
            result=listed,
        )


def _untrue_list(quality: DataQuality) -> SavedList | None:
    """The records of the systems that may be of nobody, for whoever looks into them."""
    untrue = quality.untrue
    if untrue is None or untrue.listed.empty:
        return None
    cut = f", the first {MOST_UNTRUE:,} of them" if len(untrue.listed) == MOST_UNTRUE else ""
    return SavedList(
        "quality-untrue-records",
        untrue.listed,
        f"Records of the systems that may be of nobody{cut}, and what speaks against each; one line for each "
        "suspicion.",
    )


def _cards(quality: DataQuality) -> list[Figure]:
    """The numbers of the first screen: how much breaks no rule, what is suspect, who is gone, what it costs."""
    row = words.main_table(quality)
    name = "" if row is None else table_of(str(row["table"]))
    sound = [one for one in figures.sound_figures(quality) if one.group == name]
    is_grave = bool(quality.found) and not words.is_trifle(quality)
    suspect = figures.suspect_figures(quality)[:1] if is_grave and words.leading(quality) is not None else []
    effect = figures.effect_figures(quality)[:1] if is_grave else []
    return [*sound, *suspect, *figures.dead_figures(quality), *effect]


def _picture(quality: DataQuality) -> Chart:
    """The picture that carries the answer: what is missing by month, else by column, else rows at fault."""
    months = charts.missing_by_month(quality)
    if len(months):
        seen = f"{words.months_seen(quality)}. Rows are columns, the one that misses the most at the top."
        return Chart(drawn(charts.draw_months, quality), seen, data=months.drop(columns="number"))
    if len(charts.least_complete(quality)):
        return _columns(quality)
    return _faults(quality)


def _picture_is_of_faults(quality: DataQuality) -> bool:
    return not len(charts.missing_by_month(quality)) and not len(charts.least_complete(quality))


def _faults(quality: DataQuality) -> Chart:
    seen = f"{words.faults_seen(quality)}. One dot with its limits for each table."
    return Chart(drawn(charts.draw_faults, quality), seen, data=charts.fault_frame(quality))


def _columns(quality: DataQuality) -> Chart:
    seen = f"{words.columns_seen(quality)}. Bars, one for each column, the least complete at the top."
    return Chart(drawn(charts.draw_columns, quality), seen, data=charts.least_complete(quality))
