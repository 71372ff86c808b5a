"""The curve beyond the records as a manager reads it: sentences, one picture, tables and figures."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.figures import NO_VALIDATION, NOT_KNOWN, Figure
from crm_research.models.parametric import HELD_FLAT
from crm_research.models.second_opinion import put_beside
from crm_research.models.survival import EVERYONE
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.pillars.churn.curves.extrapolation import TenureExtrapolation
from crm_research.pillars.churn.curves.figures import say_whose
from crm_research.pillars.churn.setting import say_condition
from crm_research.theme import (
    ACCENT,
    MUTED,
    REST,
    draw_band,
    format_share,
    label_points,
    mark_level,
    new_axes,
    say_count,
    say_days,
    say_days_like,
    say_estimate,
    say_percent,
    say_points,
    say_range,
)
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EXPECTED: Final = "churn.contract.expected_tenure_days"
SHAPE_NAMES: Final = MappingProxyType(
    {
        "exponential": "one constant danger",
        "weibull": "Weibull",
        "log_normal": "log-normal",
        "log_logistic": "log-logistic",
        "gompertz": "Gompertz",
        "spline": "spline",
        HELD_FLAT: "held flat",
    }
)
_LITTLE: Final = 0.05
_MUCH: Final = 0.20
_CLOSE: Final = 0.03
_MIXED: Final = 0.10


def expected_finding(found: TenureExtrapolation) -> str:
    """How long does a new contract last, and how much of that is carried on beyond the records?"""
    row = found.expected.iloc[0]
    said = say_estimate(
        row["expected_days"],
        row["lower"],
        row["upper"],
        say_days_like(row["expected_days"], row["lower"], row["upper"]),
        found.confidence,
    )
    told = f"{_say_whose(found)} is expected to last {said} within its first {_say_horizon(found)}"
    if not found.is_needed or not row["beyond_share"] > 0:
        return f"{told}; contracts were watched that long, so nothing is guessed."
    return (
        f"{told}; {say_percent(row['beyond_share'])} of that lies beyond {say_days(found.watched_days)}, where too few "
        f"contracts were watched, and is carried on by a curve ({SHAPE_NAMES[found.choice.shape]})."
    )


def curve_beyond(leaving: ChurnAnalysis, found: TenureExtrapolation) -> pd.DataFrame:
    """A dozen points of the carried curve, at tenures of which the records say nothing."""
    curve = found.curve
    if leaving.survival is not None:
        curve = curve.loc[curve["tenure_days"] > float(leaving.survival.sizes["known_days"].iloc[0])]
    return curve.iloc[:: max(1, len(curve) // 12)]


def parting_finding(leaving: ChurnAnalysis, found: TenureExtrapolation) -> str:
    """Which of two curves tells the share still there, where the carried one begins before the records end?"""
    if leaving.survival is None or not found.is_needed:
        return ""
    known, year = float(leaving.survival.sizes["known_days"].iloc[0]), leaving.days_at(12)
    if not found.watched_days < year <= known:
        return ""
    return (
        f"From {say_days(found.watched_days)} on few were watched, and the dashed curve need not meet the share still "
        "there after 12 months that stands above: it serves the sum of tenure alone."
    )


def trust_finding(found: TenureExtrapolation) -> str:
    """How far may one trust the part that no record speaks for?"""
    if not found.is_needed:
        return ""
    return " ".join(part for part in (_say_test(found), _say_rivals(found), _say_reach(found), _say_mix(found)) if part)


def is_trusted(found: TenureExtrapolation) -> bool:
    """Did it predict closely, do rivals lead to much the same, and do the groups agree with the whole?"""
    close = found.choice.is_tested and found.error <= _CLOSE and _rival_range(found)[2] <= _MUCH
    return not found.is_needed or (close and not _say_reach(found) and not _say_mix(found))


def _say_test(found: TenureExtrapolation) -> str:
    n_trials = len(found.choice.trials)
    if not n_trials:
        return (
            "Nothing tests this curve, which was chosen by its fit (AIC): too few contracts were watched long enough "
            "to hide the longer tenures and predict them from the shorter ones."
        )
    verdict = (
        "closely"
        if found.error <= _CLOSE
        else "only roughly"
        if found.error < found.flat_error
        else "no better than holding the curve flat would"
    )
    return (
        f"With longer tenures hidden ({say_count(n_trials, 'trial')}), the curve predicted them {verdict}: the share "
        f"still there was missed by {say_points(found.error)} on average, by {say_points(found.flat_error)} if the "
        f"curve is held flat{_say_constant(found)}."
    )


def _say_constant(found: TenureExtrapolation) -> str:
    scores = found.choice.scores
    constant = scores.loc[scores["shape"] == "exponential", "survival_error"]
    if constant.empty or found.choice.shape == "exponential":
        return ""
    return f", and by {say_points(float(constant.iloc[0]))} with one constant danger"


def _say_rivals(found: TenureExtrapolation) -> str:
    low, high, spread = _rival_range(found)
    chosen = float(found.expected["expected_days"].iloc[0])
    if len(found.rivals) < 2 or not chosen > 0:
        return ""
    weight = (
        "little hangs on the choice"
        if spread <= _LITTLE
        else "the choice matters"
        if spread <= _MUCH
        else "the number depends on the choice more than a budget should"
    )
    return f"Other shapes lead to {_say_apart(low, high, chosen)}: {weight}."


def _say_apart(low: float, high: float, like: float) -> str:
    """Shortest to longest in the unit of the number told; in days where that unit cannot tell them apart."""
    say = say_days_like(like)
    if say(low) == say(high) and f"{low:.0f}" != f"{high:.0f}":
        return f"{low:,.0f} to {high:,.0f} days"
    return say_range(low, high, say)


def _rival_range(found: TenureExtrapolation) -> tuple[float, float, float]:
    """Shortest and longest expected tenure over all shapes, and their distance as a share of the chosen one's."""
    led = found.rivals["expected_days"]
    chosen = float(found.expected["expected_days"].iloc[0])
    return float(led.min()), float(led.max()), float((led.max() - led.min()) / chosen) if chosen > 0 else np.nan


def _say_mix(found: TenureExtrapolation) -> str:
    """Do the groups, each by itself, add up to the whole? If not, newer contracts are of other kinds than old ones."""
    groups = found.by_group
    if groups is None or groups["expected_days"].isna().any() or len(groups) < 2:
        return ""
    mixed = float(np.average(groups["expected_days"], weights=groups["n"]))
    whole = float(found.expected["expected_days"].iloc[0])
    if not abs(mixed - whole) > _MIXED * whole:
        return ""
    say = say_days_like(whole)
    return (
        f"The groups, each by itself and weighted by their contracts, give {say(mixed)} instead of {say(whole)}: which "
        "groups contracts belong to goes with how long they were watched, so trust the groups more than the whole."
    )


def _say_reach(found: TenureExtrapolation) -> str:
    if not len(found.choice.trials) or not found.watched_days > 0:
        return ""
    tested = float((found.choice.trials["to_days"] / found.choice.trials["from_days"]).max())
    asked = found.horizon_days / found.watched_days
    if asked <= tested:
        return ""
    return (
        f"The trials reach up to {tested:.1f} times the tenure known, the horizon lies at {asked:.1f} times: the far "
        "end is tested by nothing."
    )


def draw_extrapolation(leaving: ChurnAnalysis, found: TenureExtrapolation, ax: Axes | None = None) -> Axes:
    """What share is still there as far as contracts were watched, and beyond by the chosen shape and its rivals?"""
    beyond = (
        f", carried on (dashed, {SHAPE_NAMES[found.choice.shape]}), with {say_percent(found.confidence, 0)} bands; "
        "grey: other shapes"
    )
    ax = new_axes(
        title=_title(found),
        subtitle=f"Share of contracts still running: seen (Kaplan-Meier) up to {say_days(found.watched_days)}"
        f"{beyond if found.is_needed else ''}",
        xlabel="years since the contract began" if _in_years(found) else "months since the contract began",
        ax=ax,
    )
    unit = DAYS_PER_YEAR if _in_years(found) else DAYS_PER_MONTH
    seen = leaving.survival.curves if leaving.survival is not None else pd.DataFrame()
    end = min(found.watched_days, found.horizon_days)
    seen = seen.loc[seen["tenure_days"] <= end]
    seen = pd.concat([seen, seen.tail(1).assign(tenure_days=end)], ignore_index=True)
    draw_band(ax, seen["tenure_days"] / unit, seen["lower"], seen["upper"], is_step=True)
    ax.step(seen["tenure_days"] / unit, seen["survival"], where="post", color=ACCENT, linewidth=2.0)
    ax.set_xlim(0, found.horizon_days / unit)
    ax.set_ylim(0, 1.02)
    format_share(ax)
    if found.is_needed:
        _draw_beyond(ax, found, unit)
    return ax


def _draw_beyond(ax: Axes, found: TenureExtrapolation, unit: float) -> None:
    ends = []
    for shape, curve in found.rival_curves.groupby("shape", sort=False):
        if shape != found.choice.shape:
            ax.plot(curve["tenure_days"] / unit, curve["survival"], color=REST, linewidth=1.0, alpha=0.8)
            last = curve.iloc[-1]
            ends.append((float(last["tenure_days"] / unit), float(last["survival"]), SHAPE_NAMES[str(shape)], MUTED))
    curve = found.curve
    draw_band(ax, curve["tenure_days"] / unit, curve["lower"], curve["upper"])
    ax.plot(curve["tenure_days"] / unit, curve["survival"], color=ACCENT, linewidth=2.0, linestyle=(0, (4, 2)))
    last = curve.iloc[-1]
    name = SHAPE_NAMES[found.choice.shape]
    # The highest and the lowest rival are named, the rest would only crowd the edge.
    named = [min(ends, key=lambda end: end[1]), max(ends, key=lambda end: end[1])] if ends else []
    own = (float(last["tenure_days"] / unit), float(last["survival"]), name, ACCENT)
    label_points(ax, [own, *dict.fromkeys(named)], points=8.5)
    mark_level(ax, found.watched_days / unit, "watched until here", axis="x", at=1.0)


def _say_whose(found: TenureExtrapolation) -> str:
    return f"A contract{say_condition(found.begins_days)}" if found.begins_days > 0 else "A new contract"


def _title(found: TenureExtrapolation) -> str:
    row = found.expected.iloc[0]
    if not found.is_needed or not row["beyond_share"] > 0:
        return f"{_say_whose(found)} lasts {say_days(row['expected_days'])} on average within {_say_horizon(found)}"
    return (
        f"{say_percent(row['beyond_share'])} of the expected {say_days(row['expected_days'])} lie where few were "
        "watched"
    )


def shape_table(found: TenureExtrapolation) -> pd.DataFrame:
    """The shapes with what they predicted and where they lead, the best first.

    Returns
    -------
    pandas.DataFrame
        Columns ``shape`` (in words), ``score`` (log score over one constant danger, by hidden contract), ``missed_by``
        (mean distance of the share still there, in points), ``trials_won``, ``expected_days``, ``chosen``.
    """
    table = found.choice.scores.merge(found.rivals[["shape", "expected_days"]], on="shape", how="left")
    return pd.DataFrame(
        {
            "shape": [SHAPE_NAMES[shape] for shape in table["shape"]],
            "score": table["gain"],
            "missed_by": table["survival_error"],
            "trials_won": table["n_best"],
            "expected_days": table["expected_days"],
            "chosen": table["is_chosen"],
        }
    )


def remaining_table(found: TenureExtrapolation) -> pd.DataFrame:
    """How much longer do contracts stay that have stayed so long?

    Columns ``months_so_far``, ``expected_days``, ``lower``, ``upper``, ``beyond_share``.
    """
    rows = found.expected.dropna(subset=["expected_days"])
    months = (rows["after_days"] / DAYS_PER_MONTH).round().astype(int)
    return rows.assign(months_so_far=months)[
        ["months_so_far", "expected_days", "lower", "upper", "beyond_share"]
    ].reset_index(drop=True)


def expected_figures(leaving: ChurnAnalysis, found: TenureExtrapolation) -> list[Figure]:
    """Expected tenure of all contracts, and of each group."""
    begins: dict[str | None, float] = {None: found.begins_days}
    if leaving.by_group is not None:
        begins |= dict(leaving.by_group.sizes[["group", "first_days"]].itertuples(index=False, name=None))
    label = f"Expected tenure within the first {_say_horizon(found)}"
    how = (
        f"Kaplan-Meier up to {say_days(found.watched_days)}, {found.fit.estimator} beyond; delta method over both"
        if found.is_needed
        else "area under Kaplan-Meier; normal limits"
    )
    check = NO_VALIDATION
    if found.is_needed and found.choice.is_tested:
        check = (
            f"backtest along tenure ({say_count(len(found.choice.trials), 'trial')}): share still there missed by "
            f"{say_points(found.error)} on average, held flat by {say_points(found.flat_error)}"
        )
    rows: list[tuple[str | None, pd.Series, int]] = [(None, found.expected.iloc[0], found.n)]
    if found.by_group is not None:
        rows += [(str(row["group"]), row, int(row["n"])) for _, row in found.by_group.iterrows()]
    opinions = found.opinions if found.is_needed else leaving.second_opinions
    checks = {
        group: put_beside(
            opinions.get(EVERYONE if group is None else group) if np.isfinite(row["expected_days"]) else None,
            check if group is None else NO_VALIDATION,
        )
        for group, row, _ in rows
    }
    return [
        Figure.from_numbers(
            EXPECTED,
            f"{label}{say_whose(begins.get(group, 0.0))}"
            + ("" if np.isfinite(row["expected_days"]) else " (too few have ended)"),
            {"estimate": row["expected_days"], "lower": row["lower"], "upper": row["upper"]},
            unit="days",
            n=n,
            window=leaving.setting.window,
            estimator=how,
            confidence=found.confidence,
            validation=checks[group][0],
            verdict=checks[group][1],
            group=group,
            said=None if np.isfinite(row["expected_days"]) else NOT_KNOWN,
        )
        for group, row, n in rows
    ]


def _say_horizon(found: TenureExtrapolation) -> str:
    years = found.horizon_days / DAYS_PER_YEAR
    if years >= 2 and abs(years - round(years)) < 0.01:
        return say_count(round(years), "year")
    months = found.horizon_days / DAYS_PER_MONTH
    return say_count(round(months), "month") if months >= 1 else say_count(round(found.horizon_days), "day")


def _in_years(found: TenureExtrapolation) -> bool:
    return found.horizon_days >= 3 * DAYS_PER_YEAR
