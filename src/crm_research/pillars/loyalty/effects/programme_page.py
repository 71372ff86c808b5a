"""What went with joining a programme, in a picture, a figure and sentences; or a note of what the records lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.pillars.loyalty.effects.follow_up import follow_days
from crm_research.pillars.loyalty.effects.landmarks import choose_width
from crm_research.pillars.loyalty.effects.programme import ProgrammeEffect, find_membership, measure_programme
from crm_research.pillars.loyalty.repeat.measure import LoyaltyAnalysis
from crm_research.pillars.loyalty.rhythm.measure import RhythmAnalysis
from crm_research.show import Chart, Figures, Note, Section, Table, drawn
from crm_research.theme import (
    INK,
    chart_style,
    draw_intervals,
    name_rows,
    new_axes,
    say_count,
    say_date,
    say_interval,
    say_percent,
    say_signed_points,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.study import Study

EFFECT: Final = "loyalty.programme_difference"
_RAW: Final = "All members against all others"
_BEFORE: Final = "Before joining, against those alike earlier (nought if fair)"
_AFTER: Final = "After joining, against those alike until then"


def programme_section(
    study: Study, loyalty: LoyaltyAnalysis, rhythm: RhythmAnalysis | None, *, programme: str | None = None
) -> Section:
    """Do customers buy more often after joining the programme than others like them? Its result is the effect."""
    membership = find_membership(study, programme)
    if membership is None:
        return Section.missing(
            "No programme that customers join is recorded with the day of joining: no plan of contracts, no date of "
            "customers and no campaign that was answered speaks of a club, members or rewards. If there is one by "
            "another name, say so with the parameter 'programme'."
        )
    effect = measure_programme(
        study, membership, days=follow_days(study, loyalty, rhythm), occasion=loyalty.occasion,
        confidence=loyalty.confidence,
    )  # fmt: skip
    finding = Note(programme_finding(effect))
    if effect.found is None:
        return Section(finding, result=effect)
    doubtful = effect.found["before_lower"] > 0 or effect.found["before_upper"] < 0
    return Section(
        finding,
        Chart(
            drawn(draw_programme, effect),
            alt=f"{programme_title(effect)}. One row for each comparison, with its interval; nought is no difference.",
            data=effect_rows(effect),
        ),
        Figures(programme_figures(effect, loyalty), "What went with joining the programme"),
        Note(sensitivity_finding(effect), kind="caution" if doubtful else "note"),
        Table(
            effect.comparison.outcomes.drop(columns="group"),
            f"Within {say_count(effect.comparison.days, 'day')} of the end of {_window(effect)} of joining, a customer",
            formats=dict.fromkeys(("mean", "mean_alike", "difference", "lower", "upper"), "{:,.3f}"),
            note=f"Spend (sales less returns) in {study.currency}. Alike: others, weighted until they looked like new "
            "members.",
        ),
        Table(
            effect.comparison.balance.drop(columns="group"),
            f"What was known by the end of {_window(effect)} of joining: means of new members, all others, and those "
            "alike",
            formats=dict.fromkeys(("mean", "mean_others", "mean_alike"), "{:,.2f}"),
        ),
        result=effect,
    )


def programme_title(effect: ProgrammeEffect) -> str:
    """The finding in a line."""
    row = effect.found
    if row is None:
        return "Too few new members can be compared"
    if row["lower"] > 0:
        return "New members bought again more often than customers who were alike until then"
    if row["upper"] < 0:
        return "New members bought again less often than customers who were alike until then"
    return "New members bought again no more surely than customers who were alike until then"


def programme_finding(effect: ProgrammeEffect) -> str:
    """What is said of the programme, and what is left of it once likes are compared."""
    said = (
        f"Joining the programme is read from {effect.membership.words}"
        f"{'' if effect.membership.is_named else ', by its name'}: {say_count(effect.n_members, 'member')}"
    )
    first, last = say_date(effect.first_at), say_date(effect.last_at)
    when = f" on {first}" if first == last else f" from {first} to {last}"
    said += f"{when}. " if effect.n_members else ". "
    days = effect.comparison.days
    if len(effect.naive):
        naive = effect.naive.iloc[0]
        said += (
            f"Of all members {say_percent(naive['members'])} bought in the last {say_count(days, 'day')}, of all "
            "others "
            f"{say_percent(naive['others'])}; that shows who joins, not what joining does. "
        )
    row = effect.found
    if row is None:
        return said + (
            f"Fewer than 20 new members, of those who had bought by the end of {_window(effect)} they joined in and "
            f"were followed for {say_count(days, 'day')} after it, have anybody alike beside them, so no more can "
            "be said."
        )
    verdict = "more" if row["lower"] > 0 else "fewer" if row["upper"] < 0 else "no surely greater or smaller share"
    said += (
        f"Of {say_count(row['n_matched'], 'new member')}, {say_percent(row['share'])} bought within "
        f"{say_count(days, 'day')} of the end "
        f"of {_window(effect)} they joined in; of others who were alike until then, {say_percent(row['share_alike'])}: "
        f"{verdict} ({say_signed_points(row['difference'])} points, "
        f"{say_interval(row['lower'], row['upper'], say_signed_points)})."
    )
    left = int(row["n"] - row["n_matched"])
    return said + (f" {say_count(left, 'new member')} had nobody alike beside them." if left else "")


def sensitivity_finding(effect: ProgrammeEffect) -> str:
    """What could be wrong with it."""
    row = effect.found
    if row is None:
        return ""
    days = effect.comparison.days
    if not np.isfinite(row["before_difference"]):
        before = f"Too few had bought {say_count(days, 'day')} before joining to see whether they differed then."
    else:
        limits = say_interval(row["before_lower"], row["before_upper"], say_signed_points)
        differs = row["before_lower"] > 0 or row["before_upper"] < 0
        before = (
            f"In the {say_count(days, 'day')} before joining, {say_signed_points(row['before_difference'])} points "
            f"({limits}) more of the later members bought than of those alike at that time: "
            + (
                "they differed already in what the records do not hold, so the difference afterwards is not the "
                "programme's alone."
                if differs
                else "no sign that they differed already."
            )
        )
    if row["e_value_limit"] > 1:
        before += (
            f" To make up the whole difference, something unrecorded would have to be {row['e_value']:.2f} times as "
            f"common among new members and to raise buying again as much ({row['e_value_limit']:.2f} times for its "
            "lower limit; E-value)."
            if row["difference"] > 0
            else f" Something unrecorded would have to go with both by a factor of {row['e_value']:.2f} to make it up "
            f"({row['e_value_limit']:.2f} for the nearer limit; E-value)."
        )
    if row["crossed_share"] > 0.005:
        before += (
            f" {say_percent(row['crossed_share'])} of those alike joined while they were followed, which makes the "
            "difference too small rather than too large."
        )
    return before + " Nobody was kept from joining by chance, so this is an association under these checks, no trial."


def effect_rows(effect: ProgrammeEffect) -> pd.DataFrame:
    """Comparison, difference of shares and its limits: what is usually said, the placebo, and what is left."""
    rows: list[list[object]] = []
    if len(effect.naive):
        rows.append([_RAW, *effect.naive.iloc[0][["difference", "lower", "upper"]]])
    row = effect.found
    if row is not None:
        if np.isfinite(row["before_difference"]):
            rows.append([_BEFORE, row["before_difference"], row["before_lower"], row["before_upper"]])
        rows.append([_AFTER, row["difference"], row["lower"], row["upper"]])
    return pd.DataFrame(rows, columns=["comparison", "estimate", "lower", "upper"])


def draw_programme(effect: ProgrammeEffect, ax: Axes | None = None) -> Axes:
    """What is said of a programme, and what is left of it once likes are compared."""
    table = effect_rows(effect).iloc[::-1].reset_index(drop=True)
    shown = table.assign(**{name: 100 * table[name].astype(float) for name in ("estimate", "lower", "upper")})
    ax = new_axes(
        title=programme_title(effect),
        subtitle=f"Difference of the shares that bought within {say_count(effect.comparison.days, 'day')}, in "
        "points, with "
        f"{say_percent(effect.comparison.confidence, 0)} intervals",
        xlabel="points",
        size=(6.6, 1.7 + 0.5 * max(len(shown), 1)),
        grid="x",
        ax=ax,
    )
    with chart_style():
        ax.axvline(0.0, color=INK, linewidth=1.0)
    draw_intervals(ax, shown, at=range(len(shown)))
    name_rows(ax, shown["comparison"].tolist(), columns=30)
    ax.set_ylim(-0.6, max(len(shown), 1) - 0.4)
    return ax


def programme_figures(effect: ProgrammeEffect, loyalty: LoyaltyAnalysis) -> list[Figure]:
    """The difference of shares after joining; nothing where too few can be compared."""
    row = effect.found
    if row is None:
        return []
    check = NO_VALIDATION
    if np.isfinite(row["before_difference"]):
        limits = say_interval(row["before_lower"], row["before_upper"], say_signed_points)
        check = f"placebo, before joining: {say_signed_points(row['before_difference'])} points ({limits})"
    make = FigureMaker(window=loyalty.window, confidence=effect.comparison.confidence)
    return [
        make.one(
            EFFECT,
            "Difference of the share that bought again, new members less those alike",
            (row["difference"], row["lower"], row["upper"]),
            unit="share",
            n=int(row["n_matched"]),
            estimator=f"from the end of {_window(effect)} of joining, {say_count(effect.comparison.days, 'day')}; "
            "others of the same class, weighted to be alike (entropy balancing); customers as clusters",
            validation=check,
        )
    ]


def _window(effect: ProgrammeEffect) -> str:
    width = choose_width(effect.comparison.days)
    return f"the {width} days" if width > 1 else "the day"
