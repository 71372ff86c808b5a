"""What has changed since an earlier day, as pages say it: a line on a card, and a page that lists every figure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from crm_research import comparison as kinds
from crm_research.comparison import Comparison, Move, say_only_in_one
from crm_research.figures import Figure
from crm_research.reporting.voices import speak
from crm_research.show.display import text_html
from crm_research.show.figure_cards import anchor_of
from crm_research.show.formats import SHARE, format_estimate, format_interval, format_value
from crm_research.theme.plain import in_plain_words
from crm_research.theme.words import say_days, say_days_like, say_points, say_signed_points
from crm_research.vocabulary import say_count, word_for

# Kinds that say that nothing has moved: listed last, behind a line.
_UNMOVED: Final = (kinds.WITHIN, kinds.SAME)


def page_of(as_of: str) -> str:
    """Name of the page that compares a day's figures with those of an earlier one."""
    return f"changes-since-{as_of}.html"


def say_change(move: Move, since: str) -> str:
    """What has become of a figure since a day, in a line; empty where there is nothing to say."""
    before = "" if move.before is None else format_estimate(move.before)
    said = {
        kinds.MOVED: f"{_way(move)} since {since}, more than chance explains",
        kinds.DOUBTFUL: f"perhaps {_way(move)} since {since}; chance may explain it",
        kinds.WITHIN: f"unchanged within its doubt since {since}",
        kinds.COUNTED: f"{_way(move)} since {since}",
        kinds.SAME: f"the same as on {since}",
        kinds.BECAME_KNOWN: f"not known on {since}",
        kinds.NO_LONGER_KNOWN: f"{before} on {since}",
        kinds.NEW: f"new since {since}",
        kinds.MEASURED_OTHERWISE: f"measured otherwise on {since}, not compared",
    }
    return said.get(move.kind, "")


def changes_on_cards(found: Comparison, report: str) -> dict[str, tuple[str, bool]]:
    """Of the figures of a report, by their anchor: the line on the card, and whether it moved beyond chance."""
    return {
        anchor_of(move.figure): (said, move.kind == kinds.MOVED)
        for move in found.moves
        if move.report == report and move.after is not None and (said := say_change(move, found.before.as_of))
    }


def _way(move: Move) -> str:
    difference = move.difference or 0.0
    return f"{'up' if difference > 0 else 'down'} {_size(abs(difference), move.figure.unit)}"


def _size(size: float, unit: str) -> str:
    if unit == SHARE:
        return say_points(size)
    return say_days(size) if unit == "days" else format_value(size, unit)


def _between(move: Move) -> str:
    """The interval of a difference; empty where it has none, or no end."""
    lower, upper = move.lower, move.upper
    if lower is None or upper is None or not (math.isfinite(lower) and math.isfinite(upper)):
        return ""
    if move.figure.unit == SHARE:
        return f"{say_signed_points(lower)} to {say_signed_points(upper)} points"
    unit = move.figure.unit
    if unit == "days":
        say = say_days_like(move.difference, lower, upper)
        return f"{say(lower)} to {say(upper)}"
    return f"{format_value(lower, unit, beside=[upper])} to {format_value(upper, unit, beside=[lower])}"


def read_changes(found: Comparison, pages: Mapping[str, str]) -> dict[str, Any]:
    """What stands on the page of two days.

    Parameters
    ----------
    pages
        Report to its page on the later day.

    Returns
    -------
    dict
        ``summary`` (sentences) and ``kinds``, each with its head, its rows and whether it stands behind a line; words
        are HTML in both voices. A row that has no plain words is for researchers, and how many are is said.
    """
    listed = [
        _kind(kind, head, [_row(move, found, pages) for move in found.of(kind)])
        for kind, head in kinds.HEADS.items()
        if found.of(kind)
    ]
    return {"summary": [_in_both_voices(said) for said in _summary(found)], "kinds": listed}


def _kind(kind: str, head: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    n_deep = sum(row["is_deep"] for row in rows)
    only_deep = (
        f"{say_count(n_deep, 'number')} of these {word_for(n_deep, 'is', 'are')} for researchers only; they see "
        f"{word_for(n_deep, 'it', 'them')} here."
    )
    return {
        "id": kind.replace(" ", "-"),
        "head": _in_both_voices(head),
        "is_folded": kind in _UNMOVED,
        "rows": rows,
        "only_deep": only_deep if n_deep else "",
    }


def _in_both_voices(said: str) -> str:
    html = text_html(said)
    return speak(html) or f'<span class="deep">{html}</span>'


def _summary(found: Comparison) -> list[str]:
    n_moved, n_unmoved = len(found.of(kinds.MOVED)), sum(len(found.of(kind)) for kind in _UNMOVED)
    said = [
        f"{say_count(n_moved, 'figure')} {word_for(n_moved, 'has', 'have')} moved by more than chance explains."
        if n_moved
        else "Nothing has moved by more than chance explains."
    ]
    said.append(
        f"{say_count(found.n_compared, 'figure')} {word_for(found.n_compared, 'was', 'were')} compared; "
        f"{n_unmoved:,} did not move beyond chance."
    )
    said += filter(None, [say_only_in_one(found)])
    if found.is_of_same_records:
        said.append("Both runs read the same records at the same day: what differs is due to the program.")
    for report, differing in found.changed_parameters.items():
        told = ", ".join(f"{name.replace('_', ' ')}: {old} and then {new}" for name, (old, new) in differing.items())
        title = found.after.titles.get(report, report)
        said.append(f"{title} was made with other parameters ({told}): its figures are not compared.")
    return said


def _row(move: Move, found: Comparison, pages: Mapping[str, str]) -> dict[str, Any]:
    page = pages.get(move.report) if move.after is not None else None
    has_moved = move.kind in (kinds.MOVED, kinds.DOUBTFUL, kinds.COUNTED, kinds.WITHIN) and move.difference
    what = f"{move.figure.label}: {move.figure.group}" if move.figure.group else move.figure.label
    report = found.after.titles.get(move.report) or found.before.titles.get(move.report) or move.report
    before, after = _say(move.before), _say(move.after)
    return {
        "what": speak(text_html(what)) or text_html(what),
        "report": speak(text_html(report)) or text_html(report),
        "is_deep": any(in_plain_words(said) is None for said in (what, report, before, after)),
        "link": f"{page}#{anchor_of(move.figure)}" if page else None,
        "before": before,
        "after": after,
        "change": _way(move) if has_moved else "",
        "between": _between(move) if has_moved else "",
    }


def _say(figure: Figure | None) -> str:
    if figure is None:
        return "none"
    interval = format_interval(figure)
    said = f"{format_estimate(figure)} ({interval})" if interval else format_estimate(figure)
    return said.replace(" %", "\N{NO-BREAK SPACE}%")
