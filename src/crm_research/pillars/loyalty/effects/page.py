"""What goes with coming back, and what can be said of causes: shown, or a note of what the study lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.errors import NotEnoughData
from crm_research.pillars.loyalty.effects.experiments import compare_discounts, compare_with_control, count_discounts
from crm_research.pillars.loyalty.effects.first_order import BASKET, CAMPAIGN, CHANNEL, DISCOUNT, fit_first_order
from crm_research.pillars.loyalty.effects.follow_up import FEWEST_DAYS, follow_days
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.pillars.loyalty.rhythm.measure import RhythmAnalysis
from crm_research.show import Chart, Note, Section, Table, drawn
from crm_research.theme import (
    INK,
    chart_style,
    draw_intervals,
    join_words,
    new_axes,
    say_count,
    say_interval,
    say_percent,
    say_plainly,
    word_for,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.models.hazards import CoxFit
    from crm_research.study import Study

_TITLE_NAMES: Final = 2


def first_order_section(study: Study, loyalty: LoyaltyAnalysis) -> Section:
    """What of the first purchase goes with a second one? Its result is the fit, or None where it cannot be told."""
    try:
        fit = fit_first_order(study, loyalty)
    except NotEnoughData as problem:
        return Section.missing(str(problem))
    table = first_order_table(fit)
    if table.empty:
        return Section.missing("No comparison of first purchases could be estimated.")
    drifting = fit.drift["covariate"].unique().tolist() if len(fit.drift) else []
    return Section(
        Chart(
            drawn(draw_first_order, fit),
            alt=f"{_first_title(table)}. One row for each comparison, with its interval; 1 is no difference.",
            data=table,
        ),
        *(Note(say_plainly(remark), kind="caution") for remark in fit.notes),
        Note(
            f"Early and late the ratio of {join_words([str(name) for name in drifting])} is not the same; what is "
            "printed is an average over the time watched.",
            kind="caution",
        )
        if drifting
        else None,
        result=fit,
    )


def first_order_table(fit: CoxFit) -> pd.DataFrame:
    """Comparison, ratio of the rate of coming back, and its limits."""
    terms = fit.terms.dropna(subset=["hazard_ratio", "lower", "upper"])
    return pd.DataFrame(
        {
            "comparison": [_say_term(row) for _, row in terms.iterrows()],
            "estimate": terms["hazard_ratio"].to_numpy(dtype=float),
            "lower": terms["lower"].to_numpy(dtype=float),
            "upper": terms["upper"].to_numpy(dtype=float),
            "n": terms["n"].to_numpy(),
        }
    )


def _say_term(row: pd.Series) -> str:
    name = str(row["covariate"])
    if name == BASKET:
        return "a first purchase of twice the sum"
    if name == DISCOUNT:
        return f"first purchase at a discount: {_yes(row['level'])} against {_yes(row['reference'])}"
    if name == CAMPAIGN:
        return f"addressed by a campaign before: {_yes(row['level'])} against {_yes(row['reference'])}"
    if name == CHANNEL:
        return f"first bought through {row['level']} against {row['reference']}"
    return f"{name} {row['level']}".strip()


def _yes(level: object) -> str:
    return {"true": "yes", "false": "no", "1": "yes", "0": "no"}.get(str(level).lower(), str(level))


def _first_title(table: pd.DataFrame) -> str:
    sooner = table.loc[table["lower"] > 1, "comparison"].tolist()
    later = table.loc[table["upper"] < 1, "comparison"].tolist()
    if not sooner and not later:
        return "Nothing of the first purchase goes with coming back, beyond chance"
    said = []
    if sooner:
        said.append(f"sooner back: {join_words(sooner[:_TITLE_NAMES])}")
    if later:
        said.append(f"later back: {join_words(later[:_TITLE_NAMES])}")
    text = "; ".join(said)
    return text[0].upper() + text[1:]


def draw_first_order(fit: CoxFit, ax: Axes | None = None) -> Axes:
    """Which first purchases are followed sooner by a second? Ratios of the rate of coming back."""
    from crm_research.theme import name_rows

    table = first_order_table(fit).iloc[::-1].reset_index(drop=True)
    ax = new_axes(
        title=_first_title(table.iloc[::-1]),
        subtitle=f"Ratio of the rate of coming back, the others alike (Cox), with {say_percent(fit.confidence, 0)} "
        f"intervals; {say_count(fit.n, 'first purchase')}, {fit.n_ended:,} followed by a second",
        size=(6.6, 1.9 + 0.42 * len(table)),
        grid="x",
        ax=ax,
    )
    with chart_style():
        ax.axvline(1.0, color=INK, linewidth=1.0)
    draw_intervals(ax, table, at=range(len(table)))
    name_rows(ax, table["comparison"].tolist(), columns=30)
    ax.set_xscale("log")
    low, high = min(float(table["lower"].min()), 0.8), max(float(table["upper"].max()), 1.25)
    ticks = [tick for tick in (0.1, 0.2, 0.5, 0.8, 1.0, 1.25, 2.0, 5.0, 10.0) if low * 0.98 <= tick <= high * 1.02]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set_ylim(-0.6, len(table) - 0.4)
    return ax


def discounts_section(study: Study, *, confidence: float = 0.95) -> Section:
    """Loyal to us or to the coupon?"""
    found = compare_discounts(count_discounts(study), confidence=confidence)
    if found.empty:
        return Section.missing(
            "Discounts of orders are not recorded, so loyalty to the coupon cannot be told from loyalty to us."
        )
    return Section(
        Note(discount_finding(found)),
        Table(
            found,
            "Customers with two purchases or more, by how often they bought at a discount",
            formats=dict.fromkeys(("share", "lower", "upper", "by_chance"), "share"),
            note="By chance: if every purchase of everybody had the same chance of a discount.",
            counts=("n",),
        ),
        result=found,
    )


def discount_finding(found: pd.DataFrame) -> str:
    """Are there more customers who always buy at a discount than chance makes?"""
    row = found.loc[found["kind"] == "always"].iloc[0]
    said = (
        f"{say_percent(row['share'])} of repeat buyers ({say_interval(row['lower'], row['upper'], say_percent)}) made "
        f"every purchase at a discount; {say_percent(row['by_chance'])} would if discounts fell on purchases by chance."
    )
    if row["lower"] > row["by_chance"]:
        return (
            f"More customers than chance would make buy at a discount every time: {said} What they would do without "
            "one, these records cannot say."
        )
    if row["upper"] < row["by_chance"]:
        return f"Nothing suggests customers who come for the discount alone: {said}"
    return f"Discounts seem to fall on purchases by chance, as far as always buying at one goes: {said}"


def experiments_section(study: Study, loyalty: LoyaltyAnalysis, rhythm: RhythmAnalysis | None) -> Section:
    """What did campaigns do, against control groups drawn by chance?"""
    days = FEWEST_DAYS if rhythm is None else follow_days(study, loyalty, rhythm)
    found = compare_with_control(study, days=days, confidence=loyalty.confidence)
    if found.empty:
        return Section.missing(
            "No campaign kept a control group of 20 customers by chance that was followed for long enough, so nothing "
            "here shows what raised loyalty. A control group is the cheapest way to learn it."
        )
    sure = found.loc[(found["lower"] > 0) | (found["upper"] < 0)]
    none_of = word_for(len(found), "No campaign", f"None of {len(found)} campaigns")
    verdict = (
        f"{len(sure)} of {say_count(len(found), 'campaign')} changed the share that bought beyond chance"
        if len(sure)
        else f"{none_of} with a control group changed the share that bought beyond chance"
    )
    return Section(
        Note(
            f"{verdict}, within {say_count(days, 'day')}. One in twenty such intervals misses nought by chance. "
            "This is an "
            "effect, not an association, as far as the control groups were drawn by chance."
        ),
        Table(
            found,
            f"Campaigns against their control groups, {say_count(days, 'day')} after being addressed",
            formats={"bought_addressed": "share", "bought_control": "share"}
            | {name: lambda value: f"{100 * value:+.1f}" for name in ("difference", "lower", "upper")}
            | dict.fromkeys(("spend_difference", "spend_lower", "spend_upper"), "{:+,.2f}"),
            note=f"Differences of shares in points, of sales in {study.currency} a customer. By intention to treat.",
        ),
        result=found,
    )
