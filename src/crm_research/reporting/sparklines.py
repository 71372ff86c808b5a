"""The history of a figure over the days on the shelf: a line with its interval, drawn as small as a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from crm_research.figures import Figure
from crm_research.show.display import text_html
from crm_research.show.formats import format_estimate
from crm_research.vocabulary import say_count

_WIDTH, _HEIGHT, _EDGE = 132.0, 30.0, 3.0
_FEWEST: Final = 2
_IS_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def draw_history(label: str, days: Sequence[tuple[str, Figure | None]]) -> str:
    """The figure's history as an SVG with words for those who do not see it; empty with fewer than two known days.

    Parameters
    ----------
    days
        Each day on the shelf, the earliest first, with the figure, or None where that day has none: a gap.
    """
    if not all(_IS_DAY.fullmatch(day) for day, _ in days):
        return ""
    known = [(day, figure) for day, figure in days if figure is not None and _is_told(figure)]
    if len(known) < _FEWEST:
        return ""
    first, last = date.fromisoformat(days[0][0]).toordinal(), date.fromisoformat(days[-1][0]).toordinal()
    ends = [
        value for _, figure in known for value in (figure.estimate, figure.lower, figure.upper) if value is not None
    ]
    low, high = min(ends), max(ends)

    def place(day: str, value: float) -> str:
        x = _EDGE + (_WIDTH - 2 * _EDGE) * (date.fromisoformat(day).toordinal() - first) / max(last - first, 1)
        y = _HEIGHT / 2 if high == low else _EDGE + (_HEIGHT - 2 * _EDGE) * (high - value) / (high - low)
        return f"{x:.1f},{y:.1f}"

    drawn = []
    for run in _runs(days):
        upper = [place(day, _end(figure.upper, figure)) for day, figure in run]
        lower = [place(day, _end(figure.lower, figure)) for day, figure in reversed(run)]
        points = [place(day, _end(figure.estimate, figure)) for day, figure in run]
        if len(run) == 1:
            # A day between two gaps is a point with its interval.
            drawn.append(f'<path class="band" d="M{upper[0]}L{lower[0]}"/>{_dot(points[0])}')
        else:
            drawn.append(f'<polygon class="band" points="{" ".join([*upper, *lower])}"/>')
            drawn.append(f'<polyline points="{" ".join(points)}"/>')
    drawn.append(_dot(place(known[-1][0], _end(known[-1][1].estimate, known[-1][1])), "last"))
    said = text_html(_say(label, days, known))
    return (
        f'<svg class="spark" role="img" aria-label="{said}" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" '
        f'height="{_HEIGHT:g}"><title>{said}</title>{"".join(drawn)}</svg>'
    )


def _is_told(figure: Figure) -> bool:
    return figure.estimate is not None and figure.is_known


def _end(value: float | None, figure: Figure) -> float:
    """A limit, or the estimate where there is none."""
    return float(value if value is not None else figure.estimate or 0.0)


def _runs(days: Iterable[tuple[str, Figure | None]]) -> list[list[tuple[str, Figure]]]:
    """Days that follow each other without a gap."""
    runs: list[list[tuple[str, Figure]]] = [[]]
    for day, figure in days:
        if figure is not None and _is_told(figure):
            runs[-1].append((day, figure))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _dot(at: str, name: str = "dot") -> str:
    x, _, y = at.partition(",")
    return f'<circle class="{name}" cx="{x}" cy="{y}" r="2.2"/>'


def _say(label: str, days: Sequence[tuple[str, Figure | None]], known: Sequence[tuple[str, Figure]]) -> str:
    (first_day, first), (last_day, last) = known[0], known[-1]
    lowest = min(known, key=lambda one: one[1].estimate or 0.0)[1]
    highest = max(known, key=lambda one: one[1].estimate or 0.0)[1]
    gaps = len(days) - len(known)
    missing = f"; on {say_count(gaps, 'day')} not known" if gaps else ""
    return (
        f"{label}: {format_estimate(first)} on {first_day}, {format_estimate(last)} on {last_day}; over "
        f"{say_count(len(known), 'day')} between {format_estimate(lowest)} and {format_estimate(highest)}{missing}"
    )
