"""Pictures of the summary. Each takes the standing, says its finding in the title, and accepts and returns Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.summary import words
from crm_research.pillars.summary.standing import Standing
from crm_research.pillars.summary.tables import checks_table
from crm_research.show.formats import SHARE, is_currency
from crm_research.theme import (
    ACCENT,
    INK,
    MUTED,
    REST,
    SIZE,
    WARNING,
    chart_style,
    draw_bars,
    draw_intervals,
    empty_axes,
    format_count,
    format_money,
    format_share,
    is_for_phones,
    name_rows,
    new_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

_MOST_ROWS: Final = 8
_ROW_INCHES: Final = 0.62
_MARK: Final = 0.28
_KEY_INCHES: Final = 0.7
_TINTS: Final = (
    ("fails its check", WARNING),
    ("not tested", REST),
    ("holds", ACCENT),
    ("not known", MUTED),
)


def stakes_frame(standing: Standing) -> pd.DataFrame:
    """Money at stake by action: action, estimate, lower, upper; the most first."""
    rows = [
        {
            "action": action.for_whom,
            "estimate": action.stake.amount,
            "lower": action.stake.lower,
            "upper": action.stake.upper,
        }
        for action in standing.actions
        if action.stake is not None
    ]
    return pd.DataFrame(rows[:_MOST_ROWS], columns=["action", "estimate", "lower", "upper"])


def draw_stakes(standing: Standing, ax: Axes | None = None) -> Axes:
    """How much money is at stake with each action?"""
    frame = stakes_frame(standing).iloc[::-1]
    if frame.empty:
        return empty_axes("No figure says how much money is at stake.", ax)
    currency = next(action.stake.currency for action in standing.actions if action.stake is not None)
    ax = new_axes(
        title=words.stakes_finding(standing),
        subtitle="Revenue at stake, with its limits; the records' whole period",
        xlabel=currency,
        size=(SIZE[0], 1.6 + _ROW_INCHES * len(frame)),
        grid="x",
        ax=ax,
    )
    draw_intervals(ax, frame, at=range(len(frame)))
    name_rows(ax, list(frame["action"]))
    _leave_room(ax, len(frame))
    ax.set_xlim(left=0)
    if is_currency(currency):
        format_money(ax, axis="x")
    return ax


def marks_frame(standing: Standing) -> pd.DataFrame:
    """Numbers that ask for actions: action, number, estimate, lower, upper, mark (of the rule), fails, unit.

    As listed; of one unit, so that they stand on one axis: shares, or what most of them count.
    """
    columns = ["action", "number", "estimate", "lower", "upper", "mark", "fails", "unit"]
    rows = []
    for action in standing.actions:
        figure, rule = action.figure, action.rule
        mark = rule.above if rule.above is not None else rule.below
        if mark is None or figure.lower is None or figure.upper is None:
            continue
        numbers = (figure.estimate, figure.lower, figure.upper, mark)
        who = f"{words.name_department(rule.department)}, for {action.for_whom}"
        rows.append((who, words.name_figure(figure), *numbers, bool(action.doubts), figure.unit))
    frame = pd.DataFrame(rows, columns=columns)
    units = list(frame["unit"])
    unit = SHARE if SHARE in units else max(units, key=units.count, default="")
    return frame[frame["unit"] == unit].head(_MOST_ROWS)


def draw_marks(standing: Standing, ax: Axes | None = None) -> Axes:
    """Which numbers ask for actions, and how far do they lie beyond the mark from which on a rule asks?"""
    frame = marks_frame(standing).iloc[::-1]
    if frame.empty:
        return empty_axes("No number with limits asks for an action.", ax)
    unit = str(frame["unit"].iloc[0])
    has_marks = bool((frame["mark"] != 0).any())
    ax = new_axes(
        title=words.marks_finding(standing, has_marks=has_marks),
        subtitle="Points: the number that asks for each action, with its limits"
        + (". Upright lines: the mark of its rule" if has_marks else ""),
        xlabel="" if unit == SHARE else unit,
        size=(SIZE[0], 1.6 + _ROW_INCHES * len(frame)),
        grid="x",
        ax=ax,
    )
    places = np.arange(len(frame))
    if has_marks:
        ax.vlines(frame["mark"], places - _MARK, places + _MARK, color=MUTED, linewidth=2.4)
    draw_intervals(ax, frame, at=places, colour=[WARNING if fails else ACCENT for fails in frame["fails"]])
    name_rows(ax, list(frame["action"]), columns=34)
    _leave_room(ax, len(frame))
    lowest = min(0.0, float(frame[["lower", "mark"]].min().min()))
    ax.set_xlim(lowest, 1.05 * float(frame[["upper", "mark"]].max().max()) or 1.0)
    (format_share if unit == SHARE else format_count)(ax, axis="x")
    return ax


def _leave_room(ax: Axes, n_rows: int) -> None:
    """Half a row above the first and below the last, whose name would else stand beside the axis' numbers."""
    ax.set_ylim(-0.7, n_rows - 0.3)


def draw_checks(standing: Standing, ax: Axes | None = None) -> Axes:
    """Of the numbers of each report, how many hold, fail, or were never tested?"""
    table = checks_table(standing).iloc[::-1]
    if table.empty:
        return empty_axes("No report has left a number.", ax)
    # On a phone the key has two lines, and the title more.
    key = _KEY_INCHES * (2 if is_for_phones() else 1)
    ax = new_axes(
        title=words.checks_seen(standing),
        subtitle="Numbers of each report by what came of their check",
        xlabel="numbers",
        size=(SIZE[0], 1.6 + key + _ROW_INCHES * len(table)),
        grid="x",
        ax=ax,
    )
    total = table[[word for word, _ in _TINTS]].sum(axis=1)
    for word, tint in reversed(_TINTS):
        draw_bars(ax, range(len(table)), total, colours=tint)
        total = total - table[word]
    name_rows(ax, list(table["report"]))
    format_count(ax, axis="x")
    ax.locator_params("x", integer=True)
    # Below the axes: within them it would lie on the bar of some report.
    with chart_style():
        ax.figure.legend(
            handles=[_patch(tint, word) for word, tint in _TINTS], loc="outside lower center",
            ncols=2 if is_for_phones() else len(_TINTS), frameon=False, fontsize=9.5, labelcolor=INK,
        )  # fmt: skip
    return ax


def _patch(tint: str, word: str) -> Patch:
    from matplotlib.patches import Patch

    return Patch(color=tint, label=word)


def claims_frame(standing: Standing) -> pd.DataFrame:
    """Sayings that name a share, beside the records: saying, said_from, said_to, estimate, lower, upper."""
    rows = [
        {
            "saying": claim.saying.label,
            "said_from": claim.saying.lower,
            "said_to": claim.saying.upper,
            "estimate": claim.figure.estimate,
            "lower": claim.figure.lower,
            "upper": claim.figure.upper,
        }
        for claim in standing.claims
        if not claim.why_not and claim.saying.unit == "share" and claim.saying.lower is not None
    ]
    columns = ["saying", "said_from", "said_to", "estimate", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def draw_claims(standing: Standing, ax: Axes | None = None) -> Axes:
    """Where do the records lie beside what is said?"""
    frame = claims_frame(standing).iloc[::-1]
    if frame.empty:
        return empty_axes("No saying that names a share can be told from these records.", ax)
    ax = new_axes(
        title=words.claims_finding(list(standing.claims)),
        subtitle="Bars: what is commonly said. Points: these records, with their limits",
        size=(SIZE[0], 1.6 + _ROW_INCHES * len(frame)),
        grid="x",
        ax=ax,
    )
    for place, (_, row) in enumerate(frame.iterrows()):
        width = max(row["said_to"] - row["said_from"], 0.006)
        ax.barh(place, width, left=row["said_from"], height=0.5, color=REST, alpha=0.6, linewidth=0)
    draw_intervals(ax, frame, at=range(len(frame)))
    name_rows(ax, list(frame["saying"]))
    _leave_room(ax, len(frame))
    ax.set_xlim(left=min(0.0, float(frame["lower"].min())))
    format_share(ax, axis="x")
    return ax
