"""Two voices of one page: a manager sees answer, pictures and what to do in plain words, a researcher everything.

Of each part it is decided here whether it can be said plainly. What can carries both wordings (``exact`` and
``plain``), of which the page shows one; what cannot is for researchers (``deep``). Without a script all is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Any, Final

from crm_research.reporting.chapters import Chapter
from crm_research.reporting.layout import Layout
from crm_research.show.attachment import FILE_MIME
from crm_research.show.display import CHART_MIME, text_html
from crm_research.theme.plain import has_statistics, in_plain_words
from crm_research.vocabulary import say_count

# Cards on the first screen; the others open behind a line.
MOST_CARDS: Final = 4
# What is not read as text: styles, scripts, the words that a drawing has for those who hear it, and tags.
_NO_TEXT: Final = re.compile(r"(<(style|script|title|desc)\b.*?</\2>|<[^>]*>)", re.DOTALL)
_HEADING: Final = re.compile(r'<h([2-4]) id="([^"]*)">.*?</h\1>', re.DOTALL)
_MISSING: Final = re.compile(r'<details class="missing">.*?</details>', re.DOTALL)
_CARD: Final = re.compile(r'<div class="crm-card".*?</details></div>', re.DOTALL)
_FOLD: Final = re.compile(r"<details>.*?</details>", re.DOTALL)
_WHY: Final = re.compile(r'<span class="why">.*?</span>', re.DOTALL)
_SENTENCE: Final = re.compile(r"<(p|li)\b[^>]*>.*?</\1>", re.DOTALL)
_OPENING: Final = re.compile(r"^<(\w+)((?:\s[^>]*)?)>")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of the contents: a chapter with its words in both voices, and whether a manager sees it."""

    id: str
    level: int
    html: str
    is_missing: bool
    is_deep: bool


def in_both_voices(layout: Layout, *, is_for_management: bool = False) -> tuple[Layout, tuple[Entry, ...]]:
    """The parts of a page with both wordings, and its contents; the notebook of the layout given is changed.

    What a page for management holds was chosen for it: nothing of it is for researchers alone.
    """
    shown: set[str] = set()
    if is_for_management:
        _say_figures(layout.notebook)
    else:
        _part_evidence(layout.notebook, shown)
    for cell in layout.notebook.cells:
        if not is_for_management and cell.cell_type == "markdown" and cell.metadata.get("crm_html", "").strip():
            cell.metadata["crm_html"] = _part_text(cell.metadata["crm_html"], shown)
    parts = replace(
        layout,
        answer=by_sentence(layout.answer),
        advice=by_sentence(layout.advice),
        picture=_say(_FOLD.sub(_deepen, layout.picture)),
        cards=_group_cards(layout.cards),
    )
    return parts, tuple(_entry(chapter, is_for_management or chapter.id in shown) for chapter in layout.sections)


def speak(html: str) -> str | None:
    """The HTML with both wordings where they differ; None where a part of it has no plain words."""
    made: list[str] = []
    is_drawn = False
    for text, tag in _texts(html):
        made.append(text)
        if text and has_statistics(unescape(text)):
            plain = in_plain_words(unescape(text))
            if plain is None:
                return None
            made[-1] = _both(text, text_html(plain), "tspan" if is_drawn else "span")
        is_drawn = tag.startswith("<svg") or (is_drawn and tag != "</svg>")
        made.append(tag)
    return "".join(made)


def speak_as(exact: str, plain: str) -> str:
    """Two texts as one piece of HTML: the one for researchers, the other for managers."""
    return text_html(exact) if exact == plain else _both(text_html(exact), text_html(plain), "span")


def _texts(html: str) -> Iterator[tuple[str, str]]:
    """Each piece of text with the tag that ends it."""
    place = 0
    for match in _NO_TEXT.finditer(html):
        yield html[place : match.start()], match.group(0)
        place = match.end()
    yield html[place:], ""


def _both(exact: str, plain: str, tag: str) -> str:
    return f'<{tag} class="exact">{exact}</{tag}><{tag} class="plain">{plain}</{tag}>'


def _deepen(part: re.Match[str] | str) -> str:
    """An element marked as for researchers."""
    html = part if isinstance(part, str) else part.group(0)
    opening = _OPENING.match(html)
    if opening is None:
        return f'<div class="deep">{html}</div>' if html.strip() else html
    tag, attributes = opening.groups()
    if ' class="' in attributes:
        attributes = attributes.replace(' class="', ' class="deep ', 1)
    else:
        attributes = f' class="deep"{attributes}'
    return f"<{tag}{attributes}>{html[opening.end() :]}"


def _say(html: str) -> str:
    spoken = speak(_without_deep(html))
    return _deepen(html) if spoken is None else _restore(html, spoken)


def by_sentence(html: str) -> str:
    """Sentence by sentence: one that has no plain words does not take the others along."""
    return _SENTENCE.sub(lambda match: _deepen(match) if (said := speak(match.group(0))) is None else said, html)


# What a part holds for researchers alone is not in the way of its being said plainly.
_KEPT: Final = re.compile(r'<details class="deep">.*?</details>|<span class="deep why">.*?</span>', re.DOTALL)


def _without_deep(html: str) -> str:
    return _KEPT.sub("<!--deep-->", html)


def _restore(html: str, spoken: str) -> str:
    held = iter(_KEPT.findall(html))
    return re.sub("<!--deep-->", lambda _: next(held), spoken)


def _card(match: re.Match[str]) -> str:
    html = _FOLD.sub(_deepen, match.group(0))
    html = _WHY.sub(lambda why: _deepen(why) if speak(why.group(0)) is None else why.group(0), html)
    return _say(html)


def _group_cards(html: str) -> str:
    """The first cards that a manager can read, and behind a line the others."""
    found = list(_CARD.finditer(html))
    if not found:
        return html
    cards = [_card(match) for match in found]
    before, after = html[: found[0].start()], html[found[-1].end() :]
    readable = [card for card in cards if 'class="deep crm-card"' not in card]
    first = (readable or cards)[:MOST_CARDS]
    others = [card for card in cards if card not in first]
    rest = after.partition("</div>")
    note = by_sentence(rest[2])
    if not others:
        return f"{before}{''.join(first)}</div>{note}"
    n_plain = sum(card in readable for card in others)
    lead = say_count(len(others), "more figure")
    if n_plain not in (0, len(others)):
        lead = _both(lead, say_count(n_plain, "more figure"), "span")
    fold = (
        f'<details class="{"" if n_plain else "deep "}folded crm more-figures"><summary>{lead}</summary>'
        f'<div class="crm crm-cards" role="list">{"".join(others)}</div></details>'
    )
    return f"{before}{''.join(first)}</div>{note}{fold}"


def _part_evidence(notebook: Any, shown: set[str]) -> None:
    """Pictures and lists that can be said plainly stay for the manager; the headings above them are noted."""
    above: dict[int, str] = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for match in _HEADING.finditer(_MISSING.sub("", cell.metadata.get("crm_html", ""))):
                level = int(match.group(1))
                above = {held: id_ for held, id_ in above.items() if held < level} | {level: match.group(2)}
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" not in data:
                continue
            html = data["text/html"]
            if (CHART_MIME in data or FILE_MIME in data) and (said := _say_picture(html)) is not None:
                data["text/html"] = said
                shown.update(above.values())
            else:
                data["text/html"] = f'<div class="deep">{html}</div>'


def _say_figures(notebook: Any) -> None:
    """Figures in plain words where there are some."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            html = output.get("data", {}).get("text/html")
            if html is not None:
                output["data"]["text/html"] = speak(html) or html


def _say_picture(html: str) -> str | None:
    html = _FOLD.sub(_deepen, html)
    spoken = speak(_without_deep(html))
    return None if spoken is None else _restore(html, spoken)


def _part_text(html: str, shown: set[str]) -> str:
    """A text cell for researchers, but for the headings of what the manager sees."""
    made, place = [], 0
    for match in _HEADING.finditer(html):
        said = speak(match.group(0))
        if match.group(2) not in shown or said is None:
            continue
        made += [_deep(html[place : match.start()]), said]
        place = match.end()
    return "".join([*made, _deep(html[place:])])


def _deep(html: str) -> str:
    return f'<div class="deep">{html}</div>' if html.strip() else ""


def _entry(chapter: Chapter, is_shown: bool) -> Entry:
    exact = text_html(chapter.title)
    said = speak(exact)
    return Entry(
        id=chapter.id,
        level=chapter.level,
        html=exact if said is None else said,
        is_missing=chapter.is_missing,
        is_deep=said is None or not is_shown,
    )
