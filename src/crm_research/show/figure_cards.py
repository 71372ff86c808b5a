"""Figures as cards: the number large, its interval and basis beside it, and how we know it on request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from crm_research.figures import FIGURES_MIME, NO_VALIDATION, NOT_KNOWN, REFUTED, Figure
from crm_research.privacy.masking import mask_text
from crm_research.privacy.suppression import say_withheld, withhold
from crm_research.settings import least_group
from crm_research.show.display import Output, text_html
from crm_research.show.formats import DURATIONS, format_estimate, format_interval
from crm_research.show.table import FOLDED_FROM, render_table

_REFUTED_MARK = "refuted by its own check"
_OF_PEOPLE = ("customers", "contracts", "buyers")
_COMPUTED_ALIKE = re.compile(r"; equal to lifelines\b[^;]*")


def figures(*figures: Figure | Iterable[Figure], as_table: str | None = None) -> None:
    """Which numbers carry the answer, how sure are we of each, and how do we know?

    The same call puts the records of the figures into the notebook's output, from where a run collects them.

    Parameters
    ----------
    *figures
        Figures, or collections of them.
    as_table
        Caption of one table instead of cards: the better form for the same number of many groups.

    Raises
    ------
    ValueError
        If there is none, or two have the same id and group: another program could not tell them apart.
    """
    render_figures(*figures, as_table=as_table).show()


def render_figures(*figures: Figure | Iterable[Figure], as_table: str | None = None, of_single: bool = False) -> Output:
    """The cards, or the table, as `figures` displays them; `of_single`: each of one customer the page tells of."""
    shown = list(_flatten(figures))
    if not shown:
        raise ValueError("There is no figure to show.")
    _check_distinct(shown)
    withheld = frozenset() if of_single else _withheld(shown, least_group())
    shown = [_without_number(figure) if place in withheld else figure for place, figure in enumerate(shown)]
    html, plain = _cards(shown) if as_table is None else _rows(shown, as_table)
    if withheld:
        said = say_withheld(len(withheld), least_group(), what="figure")
        html, plain = f'{html}<p class="crm table-note">{text_html(said)}</p>', f"{plain}\n{said}"
    return Output(html=html, plain=plain, types={FIGURES_MIME: [_record(figure) for figure in shown]})


def _withheld(figures: Sequence[Figure], least: int) -> frozenset[int]:
    """The places of figures that tell of a group of too few, or that would give one away by subtraction."""
    if least <= 0:
        return frozenset()
    parted: dict[tuple[str, str], list[int]] = {}
    for place, figure in enumerate(figures):
        if figure.group is not None and figure.unit in _OF_PEOPLE:
            parted.setdefault((figure.id, figure.window), []).append(place)
    found = {place for place, figure in enumerate(figures) if figure.group is not None and 0 < figure.n < least}
    for places in parted.values():
        counted = [figures[place].estimate or 0.0 for place in places]
        found |= {places[row] for row in withhold([counted], [], least)}
    return frozenset(found)


def _without_number(figure: Figure) -> Figure:
    return replace(figure, estimate=None, lower=None, upper=None, n=0, verdict=None, said=None)


def _record(figure: Figure) -> dict[str, Any]:
    """What other programs read of it, with the number as it is printed here."""
    return figure.as_record() | {"said": NOT_KNOWN if _is_empty(figure) else format_estimate(figure)}


def _is_empty(figure: Figure) -> bool:
    """Is it a card without a number, which is no answer? A duration that was not reached is one."""
    return figure.estimate is None and (not figure.n or figure.unit not in DURATIONS)


def _flatten(figures: Iterable[Figure | Iterable[Figure]]) -> Iterator[Figure]:
    for item in figures:
        if isinstance(item, Figure):
            yield item
        else:
            yield from item


def _check_distinct(figures: list[Figure]) -> None:
    seen: set[tuple[str, str | None]] = set()
    for figure in figures:
        key = (figure.id, figure.group)
        if key in seen:
            group = f" of group {figure.group!r}" if figure.group else ""
            raise ValueError(f"The figure {figure.id!r}{group} is shown twice in one call. Give each its own group.")
        seen.add(key)


def _cards(figures: list[Figure]) -> tuple[str, str]:
    # One line says what is not known.
    empty = [figure for figure in figures if _is_empty(figure)]
    told = [figure for figure in figures if figure not in empty]
    not_known = f"Not known from these records: {'; '.join(map(_title, empty))}." if empty else ""
    # The ledger leads to these, too.
    named = "; ".join(f'<span id="{anchor_of(figure)}">{text_html(_title(figure))}</span>' for figure in empty)
    html = f'<p class="crm table-note">Not known from these records: {named}.</p>' if empty else ""
    if told:
        html = f'<div class="crm crm-cards" role="list">{"".join(map(_card, told))}</div>{html}'
    return html, "\n".join([*map(_line, told), *([not_known] if empty else [])])


def _rows(figures: list[Figure], caption: str) -> tuple[str, str]:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "figure": [_title(figure) for figure in figures],
            "estimate": [format_estimate(figure) for figure in figures],
            "interval": [format_interval(figure) for figure in figures],
            "n": [int(figure.n) for figure in figures],
            "validation": [_say_validation(figure) for figure in figures],
        }
    )
    estimators = _said_once(figure.estimator for figure in figures)
    note = f"Window: {figures[0].window}. {'; '.join(estimators)}."
    html, plain = render_table(frame, caption, note=note, max_rows=len(frame))
    head, body, rows = html.partition("<tbody>")
    for figure in figures:
        before, row, rows = rows.partition("<tr>")
        body += f'{before}<tr id="{anchor_of(figure)}">' if row else before
    html = head + body + rows
    if len(figures) >= FOLDED_FROM:
        html = f'<details class="folded crm"><summary>{text_html(caption)}</summary>{html}</details>'
    return html, plain


def _said_once(estimators: Iterable[str]) -> list[str]:
    """Each estimator once; one that another only carries on with the level of its limits is said by that other."""
    kept = list(dict.fromkeys(estimators))
    return [one for one in kept if not any(other.startswith(f"{one}; ") for other in kept)]


def is_unchecked(figure: Figure) -> bool:
    """Has nothing checked the number?"""
    return figure.validation.strip().lower().partition(";")[0] in ("", NO_VALIDATION)


def _why_unchecked(figure: Figure) -> str:
    """What stands behind the word that nothing checks the number, such as why another package was not asked."""
    return "".join(figure.validation.partition(";")[1:])


def why_refuted(figure: Figure) -> str:
    """What speaks against the number; that another package computes it alike is told with the rest of the check."""
    return _COMPUTED_ALIKE.sub("", figure.validation)


def _say_validation(figure: Figure) -> str:
    if figure.verdict == REFUTED:
        return f"{_REFUTED_MARK}: {figure.validation}"
    return f"not validated{_why_unchecked(figure)}" if is_unchecked(figure) else figure.validation


def _card(figure: Figure) -> str:
    interval = format_interval(figure)
    between = f'<p class="interval">{text_html(interval)}</p>' if interval else ""
    unchecked = is_unchecked(figure)
    mark = '<p class="unchecked">not validated</p>' if unchecked else ""
    if figure.verdict == REFUTED:
        mark = f'<p class="refuted">{_REFUTED_MARK} <span class="why">{text_html(why_refuted(figure))}</span></p>'
    nothing = f"none: nothing has yet checked this number{_why_unchecked(figure)}"
    reasons = (
        ("Window", figure.window),
        ("Estimator", figure.estimator),
        ("Validation", nothing if unchecked else figure.validation),
        ("Id", figure.id),
    )
    rows = "".join(f"<div><dt>{name}</dt><dd>{text_html(value)}</dd></div>" for name, value in reasons if value)
    estimate = format_estimate(figure)
    asked = text_html(_title(figure).removesuffix("?"))
    return (
        f'<div class="crm-card" role="listitem" id="{anchor_of(figure)}">'
        f'<p class="label">{text_html(_title(figure))}</p>'
        f'<p class="{_size(estimate)}">{_estimate_html(estimate)}</p>{between}'
        f'<p class="basis{_only_for_researchers(figure)}">n = {int(figure.n):,}</p>{mark}'
        f'<details><summary>How do we know<span class="sr-only">: {asked}</span>?</summary>'
        f"<dl>{rows}</dl></details></div>"
    )


def _only_for_researchers(figure: Figure) -> str:
    """Of what counts reports and their numbers, the n is no number of records, as a manager would read it."""
    return " deep" if figure.id.startswith(("summary.", "ledger.")) else ""


def anchor_of(figure: Figure) -> str:
    """By which name a link leads to the figure in its page."""
    group = mask_text(figure.group or "")
    words = re.sub(r"[^a-z0-9]+", "-", f"{figure.id} {group}".lower()).strip("-")
    # Signs that are no letters of ours are left out of a name: what else would be one is told apart.
    is_told = all(sign.isascii() or not sign.isalnum() for sign in group)
    return f"figure-{words}" if is_told else f"figure-{words}-{sha256(group.encode()).hexdigest()[:6]}"


def _title(figure: Figure) -> str:
    return f"{figure.label}: {figure.group}" if figure.group else figure.label


def _size(estimate: str) -> str:
    # A word as large as a number would break in two.
    return "estimate" if any(sign.isdigit() for sign in estimate) else "estimate word"


def _estimate_html(text: str) -> str:
    # The unit is set smaller than the number it belongs to.
    number, gap, unit = text.partition(" ")
    if not gap or not any(sign.isdigit() for sign in number):
        return text_html(text)
    return f'{text_html(number)}<span class="unit">\N{NO-BREAK SPACE}{text_html(unit)}</span>'


def _line(figure: Figure) -> str:
    interval = format_interval(figure)
    between = f" ({interval})" if interval else ""
    refuted = f"; {_REFUTED_MARK} ({figure.validation})" if figure.verdict == REFUTED else ""
    return f"{_title(figure)}: {format_estimate(figure)}{between}, n = {int(figure.n):,}{refuted}"
