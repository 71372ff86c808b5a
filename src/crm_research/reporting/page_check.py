"""Checks that every page passes before it is published."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

from crm_research.errors import CrmError

# Attributes that make a browser load something, by element.
_LOADING: Final = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "link": "href",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
    "embed": "src",
    "image": "href",
}
# nbconvert puts the second where a picture has none.
_NO_WORDS: Final = ("", "No description has been provided for this image")


class PageError(CrmError):
    """A page would not be readable by everyone, or not without a network."""


def check_page(html: str) -> None:
    """Every picture has words, and nothing is loaded from outside the file.

    Raises
    ------
    PageError
        Naming what was found and the mend.
    """
    checker = _Checker()
    checker.feed(html)
    if checker.problems:
        raise PageError(" ".join(dict.fromkeys(checker.problems)))


class _Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag == "img" and (held.get("alt") or "").strip() in _NO_WORDS:
            self.problems.append("A picture has no alt text. Show it with show.chart(..., alt='what one sees').")
        if tag == "svg" and held.get("aria-hidden") != "true" and not _is_named(held):
            self.problems.append("A drawing has no title. Show it with show.chart(..., alt='what one sees').")
        target = held.get(_LOADING.get(tag, "")) or ""
        if target and not target.startswith(("data:", "#")):
            self.problems.append(f"<{tag}> would load {target[:80]!r}: a page must need no other file. Embed it.")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)


def _is_named(attributes: dict[str, str | None]) -> bool:
    return any((attributes.get(name) or "").strip() for name in ("aria-label", "aria-labelledby"))
