"""The page of the customer file: who a few customers are, what they are worth, what is at stake, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from crm_research.pillars.customer_file import advice, charts, figures, tables, words
from crm_research.pillars.customer_file.choose import TOP, USUAL_TOP
from crm_research.pillars.customer_file.measure import CustomerFile, measure_file
from crm_research.pillars.customer_file.trade_sections import payment_section, trade_section
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
from crm_research.theme import say_count, without_limits

if TYPE_CHECKING:
    from crm_research.figures import Figure
    from crm_research.study import Study

_MONEY: Final = "{:,.0f}"
_CENTS: Final = "{:,.2f}"
_MOST_PICTURES: Final = 5
_NOBODY: Final = "Nobody is known by this day, so there is no file."
_ROWS: Final = 100


class CustomerFilePage(Page):
    """Who are these customers, what are they worth, what is at stake, and what is to be done next?

    Parameters
    ----------
    study, customers, n_top, confidence, seed
        As `measure_file` takes them.
    """

    report: ClassVar[str] = "customer-file"
    clauses: ClassVar[Mapping[str, str]] = {
        "Who are these customers": "basics",
        "what are they worth": "worth",
        "what is at stake": "stake",
        "what is to be done next": "next_steps",
    }

    def __init__(
        self,
        study: Study,
        *,
        customers: str | Sequence[str] = TOP,
        n_top: int = USUAL_TOP,
        confidence: float = 0.95,
        seed: int = 20170101,
    ) -> None:
        super().__init__(study)
        named = customers if isinstance(customers, str) else tuple(customers)
        self._measure = partial(
            measure_file, study, customers=named, n_top=n_top, confidence=confidence, seed=seed
        )  # fmt: skip

    @fitted
    def result(self) -> CustomerFile:
        """The file: what all sections are taken from."""
        return self._measure()

    @property
    def estimators(self) -> Mapping[str, str]:
        """What is estimated, to how."""
        return figures.estimators(self.result)

    @briefing
    def answer(self) -> Section:
        """Who are they, what are they worth, and what is at stake?"""
        file = self.result
        is_one = len(file.ids) == 1
        said = without_limits(words.answer, file)
        return Section(
            Answer(*said, see=("basics", "worth", "stake")[: len(said)]),
            Figures(_cards(file), of_single=True),
            None if is_one else _glance(file),
            _timeline(file, file.ids[0]) if is_one else _stakes(file),
            result=file,
        )

    def steps(self) -> Sequence[Step]:
        """What can be done, the most pressing first."""
        return tuple(advice.steps(self.result))

    def gravest_doubt(self) -> str:
        """What would most change the answer."""
        return advice.gravest_doubt(self.result)

    @section
    def chosen(self) -> Section:
        """Whose file is this, and by which rule?"""
        file = self.result
        return Section(Note(words.say_chosen(file)), _glance(file) if len(file.ids) == 1 else None, result=file.chosen)

    @section
    def basics(self) -> Section:
        """Who are they?"""
        shown = tables.basics_table(self.result)
        return Section(Table(shown, "What the records say of each customer", max_rows=_ROWS), result=shown)

    @section
    def dealings(self) -> Section:
        """What have they done so far?"""
        file = self.result
        shown = tables.dealings_table(file)
        if shown.empty and file.contracts.empty:
            return Section.missing("No dealings of these customers are recorded.")
        pictured = file.ids[1:] if len(file.ids) == 1 else file.ids[:_MOST_PICTURES]
        return Section(
            *(_timeline(file, one) for one in pictured),
            Table(
                shown,
                f"Dealings of each kind, all the time that is recorded ({file.currency})",
                formats={"money": _MONEY},
                note="Purchases and returns by order, survey answers by questionnaire. Campaigns: those that addressed "
                "the customer.",
                max_rows=_ROWS,
            ),
            result=shown,
        )

    @section
    def contacts(self) -> Section:
        """What did they complain of or ask for, and what did they answer?"""
        file = self.result
        shown, answers = tables.contacts_table(file), tables.answers_table(file)
        if shown.empty and answers.empty:
            is_kept = {"contacts", "surveys"} & file.held
            return Section.missing(
                "No contact with these customers is recorded, and no answer of theirs."
                if is_kept
                else "The study holds neither contacts nor survey answers."
            )
        return Section(
            Table(shown, "Contacts by kind", max_rows=_ROWS),
            Table(
                answers,
                "The last answer to each question",
                formats=dict.fromkeys(("answer", "lowest_possible", "highest_possible"), "{:g}"),
                max_rows=_ROWS,
            ),
            result=shown,
        )

    @section
    def contracts(self) -> Section:
        """Which contracts do they have?"""
        file = self.result
        shown = tables.contracts_table(file)
        if shown.empty:
            return Section.missing(
                "None of these customers has had a contract."
                if "contracts" in file.held
                else "The study holds no contracts."
            )
        return Section(
            *(Note(words.say_contracts(file, one)) for one in file.ids[:_MOST_PICTURES]),
            Table(shown, f"Contracts (fee: {file.currency} a month)", formats={"fee": _CENTS}, max_rows=_ROWS),
            result=shown,
        )

    @section
    def worth(self) -> Section:
        """What are they worth?"""
        file = self.result
        counted, to_come = file.counted, file.to_come
        if counted is None:
            return Section.missing("Nothing is recorded of what customers pay, so it is not told what they are worth.")
        shown, later = tables.worth_table(file), tables.to_come_table(file)
        money = [name for name in shown.columns if name != "customer_id"]
        noun = "profit" if to_come.is_profit else "revenue"
        return Section(
            None
            if counted.is_reconciled
            else Note("The sums of all customers do not add up to the records: see the report on value.", "caution"),
            Table(
                shown,
                f"What each customer brought, cost and left, {words.say_days_of(file)} ({file.currency})",
                formats=dict.fromkeys(money, _CENTS),
                note="As the report on value counts it, by its usual months and costs.",
            ),
            Note(to_come.why_not) if to_come.why_not else None,
            Table(
                later,
                f"{noun.capitalize()} to come in the next {say_count(to_come.years, 'year')} ({file.currency})",
                formats=dict.fromkeys((name for name in later.columns if name != "customer_id"), _MONEY),
                note="At worst and at best: limits of what the customer really brings. Of one customer it is far less "
                "sure than of all together.",
            ),
            Figures(figures.worth_figures(file), as_table="Worth of each customer", of_single=True),
            result=file.worth,
        )

    @section
    def stake(self) -> Section:
        """What is at stake, and how likely do they go?"""
        file = self.result
        is_told = file.worth[["leave", "gone"]].notna().to_numpy().any()
        reasons = [Note(f"{why.rstrip('.')}.") for why in (file.leaving.why_no_risk, file.leaving.why_no_rhythm) if why]
        if not is_told:
            return Section.missing(f"How likely these customers go is not told: {words.say_why_no_chance(file)}")
        return Section(
            Note(words.say_how_at_stake(file)),
            *reasons,
            Table(
                shown := tables.stake_table(file),
                f"Chances with their limits, and what is at stake ({file.currency})",
                formats={name: _MONEY for name in ("left", "at_stake", "at_least", "at_most") if name in shown},
                note="At least and at most: limits of the chances alone.",
            ),
            Figures(figures.stake_figures(file), as_table="What is at stake, customer by customer", of_single=True),
            result=file.worth,
        )

    @section
    def groups(self) -> Section:
        """Which tier, grade and segment are they of?"""
        file = self.result
        shown = tables.groups_table(file)
        why = [Note(f"{head}: {said}") for head, said in (("Segments", file.segments), ("Grades", file.grades))
               if isinstance(said, str)]  # fmt: skip
        return Section(
            *why,
            Table(
                shown,
                "Groups of the other reports",
                formats={"certainty": "share"},
                note="Tier: by the report on value. Grade: by the report on grades, of business customers. Segment: by "
                "the report on segmentation; the certainty tells who stands near a line, and is no chance of being "
                "right.",
            ),
            result=shown,
        )

    @section
    def people(self) -> Section:
        """Who decides, influences, uses, buys and keeps the gate, and who of them is for us?"""
        file = self.result
        if file.people is None:
            return Section.missing("The study holds no people of business customers, so who decides is not told.")
        if not file.gaps:
            return Section.missing("None of these customers is a business, and no people of theirs are recorded.")
        shown, gaps = tables.people_table(file), tables.gaps_table(file)
        return Section(
            *(Note(said) for said in words.say_people(file)),
            Table(shown, "The people who have a say", note="By pseudonyms. Names stand in the private list alone.",
                  max_rows=_ROWS),
            Table(gaps, "What is missing"),
            Figures(figures.people_figures(file), as_table="People known", of_single=True),
            SavedList("customer-file-people", tables.people_list(file), "The people who have a say, by customer.")
            if len(shown)
            else None,
            result=shown,
        )  # fmt: skip

    @section
    def trade(self) -> Section:
        """What do they buy, through whom, and is it more than a year before?"""
        return trade_section(self.result)

    @section
    def payment(self) -> Section:
        """What do they owe, and how do they pay?"""
        return payment_section(self.result)

    @section
    def records(self) -> Section:
        """What is doubtful about their records?"""
        shown = tables.doubts_table(self.result)
        if shown.empty:
            return Section.missing("Nothing in the records of these customers is under suspicion.")
        return Section(
            Table(shown, "What is doubtful", max_rows=_ROWS, note="A suspicion is no verdict: a person must judge it."),
            result=shown,
        )

    @section
    def next_steps(self) -> Section:
        """What is to be done next, and how sure is the reason for it?"""
        file = self.result
        if not file.ids:
            return Section.missing(_NOBODY)
        shown = tables.steps_table(file)
        return Section(
            Table(shown, "What to do, the most pressing first", max_rows=_ROWS),
            SavedList("customer-file-next-steps", shown, "What to do with each customer, the most pressing first."),
            result=shown,
        )


def _cards(file: CustomerFile) -> list[Figure]:
    """Of one customer all its numbers; of several what is at stake with each."""
    if len(file.ids) == 1:
        return figures.file_figures(file)
    stakes = [one for one in figures.stake_figures(file) if one.id == figures.STAKE]
    return stakes[:_MOST_PICTURES]


def _glance(file: CustomerFile) -> Table | None:
    if not file.ids:
        return None
    shown = tables.glance_table(file)
    noun = "" if file.counted is None else f"Left: {file.counted.noun} {words.say_days_of(file)}. "
    years = say_count(file.to_come.years, "year")
    later = (
        f"To come: in the next {years}; surely at least: with nine chances of ten." if len(file.to_come.rows) else ""
    )
    return Table(
        shown,
        f"At a glance ({file.currency})",
        formats={name: _MONEY for name in ("left", "to_come", "surely_at_least", "at_stake") if name in shown},
        note=f"{noun}{later}".strip() or None,
    )


def _timeline(file: CustomerFile, customer: str) -> Chart:
    return Chart(
        drawn(charts.draw_timeline, file, customer),
        alt=charts.timeline_alt(file, customer),
        data=charts.timeline_frame(file, customer),
    )


def _stakes(file: CustomerFile) -> Chart | None:
    shown = charts.stake_frame(file)
    if shown.empty or not shown["at_stake"].sum() > 0:
        return None
    return Chart(
        drawn(charts.draw_stakes, file),
        alt=f"{charts.stake_title(file)}. Bars, one for each customer, the most at stake at the top.",
        data=shown,
    )
