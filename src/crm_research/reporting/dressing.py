"""What a page says of the pages beside it, put into it when the index is written: links and changes since earlier days.

Reports are made one after another, so that none knows the others. Each page has a place for the links; what is written
there is named by a key in the page's second line, and a page that has the right key is not opened again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.comparison import Comparison, RunFigures, compare_runs, read_run_figures
from crm_research.reporting import changes, voices
from crm_research.reporting.render import read_template_text, with_carried_signs
from crm_research.reporting.shelf import write_text
from crm_research.show.display import text_html
from crm_research.theme import plain

if TYPE_CHECKING:
    from jinja2 import Environment

# Days before it with which a day is compared on a page.
MOST_EARLIER: Final = 5
_FIRST_LINE: Final = "<!DOCTYPE html>\n"
_KEY: Final = re.compile(r"<!--shelf ([0-9a-f]{16})-->\n")
_PLACE: Final = re.compile(r"<!--reports-->.*?<!--/reports-->", re.DOTALL)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_CHANGE: Final = re.compile(r'<p class="change[^"]*">.*?</p>', re.DOTALL)
_CARD: Final = re.compile(
    r'(<div class="(?:deep )?crm-card"[^>]* id="([^"]*)"[^>]*>(?:(?!<div class="(?:deep )?crm-card").)*?)'
    r'(<p class="basis(?: deep)?">)',
    re.DOTALL,
)


@dataclass(frozen=True, eq=False)
class Day:
    """A study's day on the shelf.

    Parameters
    ----------
    folder
        Where it is.
    pages
        Each report that has a page, with its page and title, in the order in which they are read.
    beside
        Pages that a report has beside its own, as the summary has one for each department.
    """

    folder: Path
    pages: tuple[tuple[str, str, str], ...]
    beside: tuple[str, ...] = ()

    @property
    def as_of(self) -> str:
        """The day."""
        return self.folder.name

    @cached_property
    def digest(self) -> str:
        """Of its figures and of what each was made with; empty where there are none."""
        path = self.folder / "figures.json"
        if not path.exists() or path.stat().st_size < 5:
            return ""
        run = (self.folder / "run.json").read_bytes()
        return hashlib.sha256(path.read_bytes() + b"\0" + run).hexdigest()

    @cached_property
    def run(self) -> RunFigures:
        """Its figures, read once however many days it is compared with."""
        return read_run_figures(self.folder)


def dress_days(days: Sequence[Day], environment: Environment, *, title: str, style: str, ledger: str) -> None:
    """Put into the pages of a study what the shelf has beside them, and write the pages that compare its days.

    Parameters
    ----------
    days
        The study's days on the shelf, the earliest first.
    ledger
        Name of the page of all figures.
    """
    for place, day in enumerate(days):
        earlier = [before for before in days[:place] if before.digest][::-1][:MOST_EARLIER] if day.digest else []
        compared = {before.as_of: _Lazily(before, day) for before in earlier}
        for before in earlier:
            _write_changes(day, before, earlier, compared[before.as_of], environment, title, style, ledger)
        _sweep(day.folder, [changes.page_of(before.as_of) for before in earlier])
        links = _links(day, earlier, ledger)
        for report, page, _ in day.pages:
            base = compared[earlier[0].as_of] if earlier else None
            key = _key(_bar(links, page), day.digest if base else "", earlier[0].digest if base else "")
            _dress(day.folder / page, key, _bar(links, page), base, report)
        for page in day.beside:
            _dress(day.folder / page, _key(_bar(links, page)), _bar(links, page), None, "")
        _dress(day.folder / ledger, _key(_bar(links, ledger)), _bar(links, ledger), None, "")


class _Lazily:
    """Two days compared once, and only where a page asks for it."""

    def __init__(self, before: Day, after: Day) -> None:
        self._days = before, after

    @cached_property
    def found(self) -> Comparison:
        before, after = self._days
        return compare_runs(before.run, after.run)


def _links(day: Day, earlier: Sequence[Day], ledger: str) -> list[tuple[str, str]]:
    links = [(page, title) for _, page, title in day.pages]
    if earlier:
        links.append((changes.page_of(earlier[0].as_of), "What has changed"))
    if day.digest:
        links.append((ledger, "All figures"))
    return links


def _bar(links: Sequence[tuple[str, str]], current: str) -> str:
    """The links to the pages beside this one; empty where it stands alone."""
    if len(links) < 2:
        return ""
    here = ' aria-current="page"'
    shown = "".join(
        f'<li><a href="{text_html(page)}"{here if page == current else ""}>{text_html(title)}</a></li>'
        for page, title in links
    )
    return f'<nav class="reports" aria-label="Reports of this study"><div class="scroll"><ul>{shown}</ul></div></nav>'


def _dress(path: Path, key: str, bar: str, base: _Lazily | None, report: str) -> None:
    if not path.is_file() or _key_of(path) == key:
        return
    html = _CHANGE.sub("", _KEY.sub("", path.read_text(encoding="utf-8"), count=1))
    html = _PLACE.sub(lambda _: f"<!--reports-->{bar}<!--/reports-->", html, count=1)
    if base is not None:
        told = changes.changes_on_cards(base.found, report)
        html = _CARD.sub(lambda match: _with_change(match, told), html)
    write_text(path, html.replace(_FIRST_LINE, f"{_FIRST_LINE}<!--shelf {key}-->\n", 1))


def _with_change(match: re.Match[str], told: Mapping[str, tuple[str, bool]]) -> str:
    before, anchor, basis = match.groups()
    said, has_moved = told.get(anchor, ("", False))
    words = _DATE.sub(r"<time>\g<0></time>", text_html(said))
    line = f'<p class="change{" moved" if has_moved else ""}">{words}</p>' if said else ""
    return f"{before}{line}{basis}"


def _key_of(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8") as file:
            found = _KEY.search(file.read(80))
    except (OSError, UnicodeDecodeError):
        return None
    return found.group(1) if found else None


def _key(*of: str) -> str:
    return hashlib.sha256("\0".join([_code(), *of]).encode()).hexdigest()[:16]


_OWN: Final = (__file__, *(module.__file__ for module in (changes, voices, plain) if module.__file__))


@cache
def _code() -> str:
    """What is written changes with the code that writes it."""
    own = "".join(Path(file).read_text(encoding="utf-8") for file in _OWN)
    return own + "".join(read_template_text(name) for name in ("house.css", "site/changes.html.j2", "site/site.css"))


def _write_changes(
    day: Day,
    before: Day,
    earlier: Sequence[Day],
    compared: _Lazily,
    environment: Environment,
    title: str,
    style: str,
    ledger: str,
) -> None:
    path = day.folder / changes.page_of(before.as_of)
    bar = _bar(_links(day, [before], ledger), path.name)
    others = [(changes.page_of(one.as_of), one.as_of) for one in earlier]
    key = _key(bar, day.digest, before.digest, title, style, repr(others))
    if _key_of(path) == key:
        return
    pages = {report: page for report, page, _ in day.pages}
    html = environment.get_template("site/changes.html.j2").render(
        title=title,
        before=before.as_of,
        after=day.as_of,
        others=[{"href": href, "day": as_of, "is_current": as_of == before.as_of} for href, as_of in others],
        style=style,
        voice=read_template_text("voice.js"),
        script=read_template_text("page.js"),
        bar=bar,
        **changes.read_changes(compared.found, pages),
    )
    write_text(path, with_carried_signs(html).replace(_FIRST_LINE, f"{_FIRST_LINE}<!--shelf {key}-->\n", 1))


def _sweep(folder: Path, kept: Sequence[str]) -> None:
    """Comparisons with days that are no longer on the shelf."""
    for path in _comparisons(folder):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def _comparisons(folder: Path) -> Iterator[Path]:
    return folder.glob(changes.page_of("*"))


def day_of(folder: Path, entries: Sequence[Mapping[str, Any]]) -> Day:
    """A folder of the shelf as a day, its reports in the order given."""
    made = [one for one in entries if one.get("page")]
    return Day(
        folder,
        tuple((str(one["report"]), str(one["page"]), str(one["title"])) for one in made),
        tuple(str(name) for one in made for name in one.get("files") or () if str(name).endswith(".html")),
    )
