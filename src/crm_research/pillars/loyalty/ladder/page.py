"""What is shown of rhythm and ladder, section by section; a note where the records do not hold it."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from crm_research.errors import NotEnoughData
from crm_research.pillars.loyalty.ladder import charts as ladder_charts
from crm_research.pillars.loyalty.ladder import words as ladder_words
from crm_research.pillars.loyalty.ladder.figures import rhythm_figures, state_figures, steady_figures
from crm_research.pillars.loyalty.ladder.measure import Ladder, describe_ladder
from crm_research.pillars.loyalty.repeat.measure import FEWEST_FOR_SHARES, LoyaltyAnalysis
from crm_research.pillars.loyalty.rhythm import words as rhythm_words
from crm_research.pillars.loyalty.rhythm.measure import RhythmAnalysis, describe_rhythm, list_all_overdue
from crm_research.show import Chart, Figures, Note, Part, SavedList, Section, Table, drawn
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from crm_research.study import Study

_OVERDUE_FORMATS: Final = MappingProxyType(
    {
        "spend": "{:,.2f}",
        "silence_days": "{:,.0f}",
        "typical_days": "{:,.0f}",
        "chance": "share",
        "n_purchases": "{:,.0f}",
    }
)


def overdue_section(study: Study, loyalty: LoyaltyAnalysis) -> Section:
    """Who has broken a rhythm of their own? Its result is the rhythm, or None where gaps are too few."""
    try:
        rhythm = describe_rhythm(study, loyalty)
    except NotEnoughData as problem:
        return Section.missing(str(problem))
    return Section(
        *rhythm_parts(rhythm),
        Note(rhythm_words.later_finding(rhythm), kind="caution" if rhythm.later.empty else "note"),
        Table(
            rhythm.overdue.drop(columns="last_at"),
            f"The {word_for(len(rhythm.overdue), '', f'{len(rhythm.overdue)} ')}most valuable of the overdue customers",
            formats=_OVERDUE_FORMATS,
            note="Sorted by sales so far. Typical days: the gap to expect from own earlier gaps, shrunk towards "
            "everybody's; expected at: last purchase and typical days. Chance: share of completed gaps that were this "
            "long or longer by the rhythm known before them; how rare the silence is, not how likely a return.",
        ),
        SavedList(
            "loyalty-overdue",
            list_all_overdue(study, rhythm, loyalty.occasion),
            f"Everybody who is overdue by a rhythm of their own, but not long silent, the largest sales first (in "
            f"{study.currency}); chance, from 0 to 1, says how rare such a silence is.",
        ),
        result=rhythm,
    )


def rhythm_parts(rhythm: RhythmAnalysis) -> Iterator[Part]:
    """How many have broken a rhythm of their own: a sentence and a picture."""
    finding = rhythm_words.overdue_finding(rhythm)
    yield Note(f"{rhythm_words.rhythm_finding(rhythm)} {finding}")
    yield Chart(
        drawn(rhythm_words.draw_bands, rhythm),
        alt=f"{finding} Three bars: in rhythm, overdue, long silent.",
        data=rhythm.standing,
        counts=("n",),
    )


def cycle_section(rhythm: RhythmAnalysis | None) -> Section:
    """Who has bought again in a new cycle?"""
    if rhythm is None:
        return Section.missing("Without a rhythm there is no cycle to count by.")
    return Section(
        Note(rhythm_words.cycle_finding(rhythm)),
        Figures(rhythm_figures(rhythm), "Rhythm and cycle in figures"),
        result=rhythm,
    )


def ladder_section(
    study: Study,
    loyalty: LoyaltyAnalysis,
    rhythm: RhythmAnalysis | None,
    *,
    loyal_from: int | None = None,
    seed: int = 20170101,
) -> Section:
    """Where do customers stand, and where do they move? Its result is the ladder, or None where it cannot be told."""
    n = int(loyalty.repeat["n"].iloc[0])
    if n < FEWEST_FOR_SHARES:
        return Section.missing(
            f"Moves are told as shares, of at least {FEWEST_FOR_SHARES} customers; these records know {n:,} of them."
        )
    if rhythm is None:
        return Section.missing("The states rest on rhythms, which these records cannot show.")
    try:
        ladder = describe_ladder(study, loyalty, rhythm, loyal_from=loyal_from, seed=seed)
    except NotEnoughData as problem:
        return Section.missing(str(problem))
    return Section(
        *ladder_parts(ladder),
        Note(ladder_words.sensitivity_finding(ladder)),
        Table(
            ladder.sensitivity.drop(columns="is_chosen"),
            "Loyal customers, if another number of purchases made them so",
            formats=dict.fromkeys(("loyal_share", "lower", "upper", "return_rate"), "share"),
            note="Return rate: bought again within the time that every depth was watched for, after so many purchases.",
        ),
        result=ladder,
    )


def ladder_parts(ladder: Ladder) -> Iterator[Part]:
    """Where customers stand and move: sentences, pictures and the figures."""
    yield Note(ladder_words.rule_words(ladder))
    yield Note(ladder_words.period_caution(ladder), kind="caution")
    yield Chart(
        drawn(ladder_charts.draw_state_shares, ladder),
        alt=f"{ladder_words.standing_finding(ladder)} Stacked areas over the periods.",
        data=ladder.shares,
        counts=("n",),
    )
    yield Chart(
        drawn(ladder_charts.draw_moves, ladder),
        alt=f"{ladder_words.move_title(ladder)}. A heat map: rows are states, columns the states a period later.",
        data=ladder.moves.table,
        counts=("n",),
        caption="Rows add up to 100. Everything on the diagonal stayed.",
    )
    yield Note(" ".join([ladder_words.passage_finding(ladder), ladder_words.steady_finding(ladder)]).strip())
    yield Figures([*state_figures(ladder), *steady_figures(ladder)], "Customers by state, now and in the long run")


def signs_section(ladder: Ladder | None) -> Section:
    """What came before a move down?"""
    if ladder is None or ladder.before.empty:
        return Section.missing(
            "The study records no contacts, campaigns or discounts of at least 20 loyal or fading customers, so what "
            "came before their moves cannot be told."
        )
    return Section(
        Chart(
            drawn(ladder_charts.draw_signs, ladder),
            alt=f"{ladder_words.sign_title(ladder)}. One row for each move and sign, with its interval.",
            data=ladder.before,
        ),
        Note(
            f"{say_count(len(ladder.before), 'comparison')} {word_for(len(ladder.before), 'is', 'are')} made, and "
            "one in twenty such intervals misses nought by chance. "
            "These are associations, and a customer counts once for every period, so the intervals are a little "
            "narrow. Who complains, or is chosen for a campaign, differs from others before anything "
            "happens: a customer who still complains still cares, and campaigns seek out good customers."
        ),
        result=ladder.before,
    )


def ladder_check_section(ladder: Ladder | None) -> Section:
    """May the ladder be leant on?"""
    if ladder is None:
        return Section()
    check = ladder.check
    is_better = check is not None and check.lower > 0
    return Section(
        Note(ladder_words.tests_finding(ladder)),
        Note(ladder_words.check_finding(ladder), kind="note" if is_better else "caution"),
        None
        if check is None
        else Table(
            check.end,
            "Customers by state at the end of the later periods: forecast, left as they were, and seen",
            formats={"forecast": "share", "unchanged": "share", "seen": "share"},
            note="The forecast lets newcomers enter as they came.",
        ),
        result=check,
    )
