"""What is shown of the loyalty index, or a note of why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from crm_research.errors import NotEnoughData
from crm_research.figures import Figure, FigureMaker
from crm_research.pillars.loyalty.index.measure import LoyaltyIndex, build_loyalty_index, ends_of
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.show import Chart, Figures, Note, Part, SavedList, Section, Table, drawn
from crm_research.theme import (
    MUTED,
    chart_style,
    draw_intervals,
    format_share,
    join_words,
    new_axes,
    say_count,
    say_date,
    say_interval,
    say_percent,
    say_plainly,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.study import Study

INDEX_AUC: Final = "loyalty.index_auc"
INDEX_GAIN: Final = "loyalty.index_auc_gain"


def index_section(study: Study, loyalty: LoyaltyAnalysis) -> Section:
    """How loyal is each customer? Its result is the index, or None where the records are too thin to test one."""
    try:
        index = build_loyalty_index(study, loyalty)
    except NotEnoughData as problem:
        return Section.missing(str(problem))
    return Section(
        *index_parts(index),
        Note(weight_finding(index)),
        Table(
            index.weights,
            "What counts in the index: log odds of buying for one standard deviation more",
            formats=dict.fromkeys(("estimate", "lower", "upper"), "{:+.2f}"),
            note=f"Ridge logistic regression on {say_count(index.n_learned, 'customer')} of "
            f"{say_date(index.learned_at)}{_say_lot(index)} and what they bought in the period after. "
            "A weight is that of a part beside the others: it may be negative where the others already say the rest.",
        ),
        Figures(index_figures(index), "How well the index predicts"),
        Table(
            ends_of(index),
            "Highest and lowest index among customers with above-average spend (sales less returns)",
            formats={"index": "{:.0f}", "lower": "{:.0f}", "upper": "{:.0f}", "spend": "{:,.2f}"},
            note="Limits hold the uncertainty of the weights, not what else the customer may do.",
        ),
        SavedList(
            "loyalty-index",
            index.customers,
            "Every customer with a purchase, the highest index first, with its limits, tenth, sales less returns and "
            "the parts that it is made of.",
        ),
        result=index,
    )


def index_parts(index: LoyaltyIndex) -> Iterator[Part]:
    """Does the index tell customers apart: sentences and a picture."""
    yield Note(index_finding(index), kind="note" if index.is_better else "caution")
    yield from (Note(say_plainly(remark), kind="caution") for remark in index.notes)
    yield Chart(
        drawn(draw_deciles, index),
        alt=f"{_decile_title(index)}. Ten dots with intervals, one for each tenth, and the index beside each.",
        data=index.deciles,
    )


def _say_lot(index: LoyaltyIndex) -> str:
    return f" ({say_percent(index.learned_share)} of them all, drawn by lot)" if index.learned_share < 1 else ""


def index_finding(index: LoyaltyIndex) -> str:
    """Does the index predict, and better than recency alone?"""
    points = say_interval(float(index.auc_gain.lower), float(index.auc_gain.upper), lambda value: f"{100 * value:+.1f}")
    where = (
        "the holdout"
        if index.is_holdout
        else f"the {say_count(index.period_days, 'day')} before as_of, kept apart for this"
    )
    tested = (
        f"Tested on {say_count(index.n_judged, 'customer')} in {where}: of pairs of a customer who bought and one who "
        f"did not, the index ranks {say_percent(index.auc, 1)} correctly, days since the last purchase alone "
        f"{say_percent(index.other_auc, 1)} (difference {points} points)"
    )
    if index.is_better:
        verdict = "The index predicts who buys next better than recency alone"
    elif index.is_worse:
        verdict = "Recency alone does better than the index, so use recency"
    else:
        verdict = "The index was not shown to be better than recency alone in every respect, so recency will do"
    gain = index.deviance_gain
    way = "smaller" if gain.lower > 0 else "larger" if gain.upper < 0 else "not clearly other"
    return f"{verdict}. {tested}; its deviance is {way} ({float(gain.estimate):+.4f} a customer)."


def weight_finding(index: LoyaltyIndex) -> str:
    """What the index is, and which parts count."""
    counted = index.weights.loc[index.weights["lower"] > 0, "part"].tolist()
    parts = join_words([str(part) for part in index.weights["part"]])
    said = f"it rises with {join_words(counted)}" if counted else "no part of it counts beyond chance"
    return (
        f"The index runs from 0 to 100: the chance, in per cent, that a customer buys within "
        f"{say_count(index.period_days, 'day')}. It is made of {parts}; {said}, the other parts alike."
    )


def index_figures(index: LoyaltyIndex) -> list[Figure]:
    """Pairs ranked rightly by the index, and the gain over recency alone."""
    held = "holdout" if index.is_holdout else "later period kept apart"
    checked = f"{held}: {say_count(index.n_judged, 'customer')}, learned on {index.n_learned:,} a period before"
    make = FigureMaker(window=index.window, confidence=index.confidence, validation=checked)
    return [
        make.one(
            INDEX_AUC,
            "Pairs ranked correctly by the loyalty index",
            index.auc,
            unit="share",
            n=index.n_judged,
            estimator="area under the receiver operating curve",
        ),
        make.one(
            INDEX_GAIN,
            "More pairs than by recency alone",
            [float(part) for part in index.auc_gain],
            unit="share",
            n=index.n_judged,
            estimator="difference of two correlated areas (DeLong)",
        ),
    ]


def draw_deciles(index: LoyaltyIndex, ax: Axes | None = None) -> Axes:
    """Did customers with a higher index buy more often? One dot for each tenth."""
    table = index.deciles
    ax = new_axes(
        title=_decile_title(index),
        subtitle=f"Share that bought within {say_count(index.period_days, 'day')}, by tenth of the index (dot, "
        f"{say_percent(index.confidence, 0)} interval), and the index's mean (line)",
        xlabel="tenth of the customers, highest index first",
        ax=ax,
    )
    with chart_style():
        ax.plot(table["decile"], table["mean_index"] / 100, "-", color=MUTED, linewidth=1.4)
    dots = table.rename(columns={"bought_share": "estimate"})
    draw_intervals(ax, dots, at=table["decile"], is_upright=True, width=2.4, size=7)
    ax.set_xticks(table["decile"].tolist())
    ax.set_ylim(0, 1.02)
    format_share(ax)
    return ax


def _decile_title(index: LoyaltyIndex) -> str:
    first, last = index.deciles.iloc[0], index.deciles.iloc[-1]
    return (
        f"Of the tenth with the highest index {say_percent(first['bought_share'])} bought again, of the lowest "
        f"{say_percent(last['bought_share'])}"
    )
