"""What the notebook shows of rhythm and ladder, or a note of why there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_research import show
from crm_research.errors import NotEnoughData
from crm_research.loyalty import ladder_charts, ladder_words, rhythm_views
from crm_research.loyalty.analysis import LoyaltyAnalysis
from crm_research.loyalty.ladder import Ladder, describe_ladder
from crm_research.loyalty.ladder_figures import rhythm_figures, state_figures, steady_figures
from crm_research.loyalty.rhythm import RhythmAnalysis, describe_rhythm

if TYPE_CHECKING:
    from crm_research.study import Study


def show_rhythm(study: Study, loyalty: LoyaltyAnalysis) -> RhythmAnalysis | None:
    """Who has broken his own rhythm? None, and a note, where gaps are too few."""
    try:
        rhythm = describe_rhythm(study, loyalty)
    except NotEnoughData as problem:
        show.note(str(problem))
        return None
    finding = rhythm_views.overdue_finding(rhythm)
    show.note(f"{rhythm_views.rhythm_finding(rhythm)} {finding}")
    show.chart(
        rhythm_views.draw_bands(rhythm),
        alt=f"{finding} Three bars: in rhythm, overdue, long silent.",
        data=rhythm.standing,
    )
    show.note(rhythm_views.later_finding(rhythm), kind="caution" if rhythm.later.empty else "note")
    if not rhythm.overdue.empty:
        show.table(
            rhythm.overdue.drop(columns="last_at"),
            f"The {len(rhythm.overdue)} most valuable of the overdue customers",
            formats={
                "spend": "{:,.2f}", "silence_days": "{:,.0f}", "typical_days": "{:,.0f}", "chance": "share",
                "n_purchases": "{:,.0f}",
            },
            note="Sorted by sales so far. Typical days: the gap to expect from own earlier gaps, shrunk towards "
            "everybody's; expected at: last purchase and typical days. Chance: share of completed gaps that were this "
            "long or longer by the rhythm known before them; how rare the silence is, not how likely a return.",
        )  # fmt: skip
    return rhythm


def show_cycle(rhythm: RhythmAnalysis | None) -> None:
    """Who has bought again in a new cycle?"""
    if rhythm is None:
        show.note("Without a rhythm there is no cycle to count by.")
        return
    show.note(rhythm_views.cycle_finding(rhythm))
    show.figures(rhythm_figures(rhythm), as_table="Rhythm and cycle in figures")


def show_ladder(
    study: Study,
    loyalty: LoyaltyAnalysis,
    rhythm: RhythmAnalysis | None,
    *,
    loyal_from: int | None = None,
    seed: int = 20170101,
) -> Ladder | None:
    """Where do customers stand, and where do they move? None, and a note, where that cannot be told."""
    if rhythm is None:
        show.note("The states rest on rhythms, which these records cannot show.")
        return None
    try:
        ladder = describe_ladder(study, loyalty, rhythm, loyal_from=loyal_from, seed=seed)
    except NotEnoughData as problem:
        show.note(str(problem))
        return None
    show.note(ladder_words.rule_words(ladder))
    caution = ladder_words.period_caution(ladder)
    if caution:
        show.note(caution, kind="caution")
    show.chart(
        ladder_charts.draw_state_shares(ladder),
        alt=f"{ladder_words.standing_finding(ladder)} Stacked areas over the periods.",
        data=ladder.shares,
    )
    show.chart(
        ladder_charts.draw_moves(ladder),
        alt=f"{ladder_words.move_title(ladder)}. A heat map: rows are states, columns the states a period later.",
        data=ladder.moves.table,
        caption="Rows add up to 100. Everything on the diagonal stayed.",
    )
    show.note(" ".join([ladder_words.passage_finding(ladder), ladder_words.steady_finding(ladder)]).strip())
    show.figures(
        [*state_figures(ladder), *steady_figures(ladder)], as_table="Customers by state, now and in the long run"
    )
    show.note(ladder_words.sensitivity_finding(ladder))
    show.table(
        ladder.sensitivity.drop(columns="is_chosen"),
        "Loyal customers, if another number of purchases made them so",
        formats=dict.fromkeys(("loyal_share", "lower", "upper", "return_rate"), "share"),
        note="Return rate: bought again within the time that every depth was watched for, after so many purchases.",
    )
    return ladder


def show_signs(ladder: Ladder | None) -> None:
    """What came before a move down?"""
    if ladder is None or ladder.before.empty:
        show.note(
            "The study records no contacts, campaigns or discounts of at least 20 loyal or fading customers, so what "
            "came before their moves cannot be told."
        )
        return
    show.chart(
        ladder_charts.draw_signs(ladder),
        alt=f"{ladder_words.sign_title(ladder)}. One row for each move and sign, with its interval.",
        data=ladder.before,
    )
    show.note(
        f"{len(ladder.before)} comparisons are made, and one in twenty such intervals misses nought by chance. These "
        "are associations, and a customer counts once for every period, so the intervals are a little narrow. Who "
        "complains, or is chosen for a campaign, differs from others before anything "
        "happens to him: a customer who still complains still cares, and campaigns seek out good customers."
    )


def show_ladder_check(ladder: Ladder | None) -> None:
    """May the ladder be leant on?"""
    if ladder is None:
        return
    show.note(ladder_words.tests_finding(ladder))
    check = ladder.check
    show.note(ladder_words.check_finding(ladder), kind="note" if check is not None and check.lower > 0 else "caution")
    if check is not None:
        show.table(
            check.end,
            "Customers by state at the end of the later periods: forecast, left as they were, and seen",
            formats={"forecast": "share", "unchanged": "share", "seen": "share"},
            note="The forecast lets newcomers enter as they came.",
        )
