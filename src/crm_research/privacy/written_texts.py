"""What stands in the files that a run writes: each text with its place, and whether ids are expected there.

HTML, SVG, Atom and other XML, JSON, notebooks, CSV, workbooks, plain text, and files that stand in links as base64.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from crm_research.privacy.pseudonyms import kind_of


@dataclass(frozen=True)
class WrittenText:
    """A text, its place in words, and whether ids are to be expected there, so that also short numbers may be one."""

    text: str
    place: str
    is_of_ids: bool = False


Reader = Callable[[str, str], Iterator[WrittenText]]

# Attributes of tags that people or programs read as texts; those of shapes hold numbers that mean places.
_ATTRIBUTES: Final = frozenset({
    "title", "alt", "aria-label", "aria-description", "content", "value", "placeholder", "download", "href", "src",
    "id", "name",
})  # fmt: skip
# Shapes hold most of a picture's bytes, and no text.
_SHAPES: Final = re.compile(r'\s(?:d|points|transform)="[^"]*"')
_DATA_LINK: Final = re.compile(r"data:([\w.+/-]*)((?:;[\w=.+-]+)*),(.*)", re.DOTALL)
_PICTURES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp", "font/")
_IDS_IN_ROWS: Final = ("customer", "contract")
_BINARY: Final = b"\0"


def read_texts(path: Path) -> Iterator[WrittenText]:
    """The texts of a file, by its ending; of a file that holds no text, none."""
    ending = path.suffix.lower()
    if ending == ".pdf":
        # The print of a page, which lies beside it and is read itself.
        return
    if ending in (".xlsx", ".xlsm", ".xls", ".ods"):
        yield from _of_workbook(path)
        return
    if ending == ".csv":
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            yield from _of_rows(csv.reader(file), "")
        return
    with path.open("rb") as file:
        if _BINARY in file.read(4096):
            return
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    yield from _READERS.get(ending, _of_lines)(text, "")


def _of_lines(text: str, place: str) -> Iterator[WrittenText]:
    for number, line in enumerate(text.splitlines(), start=1):
        yield WrittenText(line, f"{place}line {number:,}")


def _of_csv(text: str, place: str) -> Iterator[WrittenText]:
    yield from _of_rows(csv.reader(io.StringIO(text.removeprefix("\ufeff"))), place)


def _of_rows(rows: Iterator[list[str]], place: str) -> Iterator[WrittenText]:
    heads: list[bool] = []
    for number, row in enumerate(rows, start=1):
        if number == 1:
            heads = [is_head_of_ids(name) for name in row]
        for column, cell in enumerate(row):
            if cell:
                is_of_ids = number > 1 and column < len(heads) and heads[column]
                yield WrittenText(cell, f"{place}row {number:,}, column {column + 1}", is_of_ids)


def is_head_of_ids(name: str) -> bool:
    """Do ids stand under (or beside) this name?"""
    plain = name.strip().lower()
    return kind_of(plain) is not None or plain in _IDS_IN_ROWS


def _of_json(text: str, place: str) -> Iterator[WrittenText]:
    try:
        value = json.loads(text)
    except ValueError:
        yield from _of_lines(text, place)
        return
    yield from _of_value(value, place, "", is_of_ids=False)


def _of_value(value: Any, place: str, path: str, *, is_of_ids: bool) -> Iterator[WrittenText]:
    if isinstance(value, dict):
        for number, (key, held) in enumerate(value.items(), start=1):
            # A key may itself be an id, so its place is told by its number where it is no plain word.
            named = key if re.fullmatch(r"[a-z][a-z_]{0,40}", key) else f"key {number}"
            here = f"{path}.{named}" if path else named
            yield WrittenText(key, f"{place}{here}", is_of_ids)
            yield from _of_value(held, place, here, is_of_ids=is_head_of_ids(key))
    elif isinstance(value, list):
        for number, held in enumerate(value):
            yield from _of_value(held, place, f"{path}[{number}]", is_of_ids=is_of_ids)
    elif isinstance(value, str):
        yield WrittenText(value, f"{place}{path}", is_of_ids)
    elif is_of_ids and isinstance(value, (int, float)) and not isinstance(value, bool):
        yield WrittenText(f"{value:.15g}" if isinstance(value, float) else str(value), f"{place}{path}", True)


def _of_notebook(text: str, place: str) -> Iterator[WrittenText]:
    try:
        notebook = json.loads(text)
        cells = notebook["cells"]
    except (ValueError, KeyError, TypeError):
        yield from _of_json(text, place)
        return
    yield from _of_value(notebook.get("metadata", {}), place, "metadata", is_of_ids=False)
    for number, cell in enumerate(cells, start=1):
        here = f"{place}cell {number}"
        yield from _of_value(cell.get("metadata", {}), f"{here}, ", "metadata", is_of_ids=False)
        yield from _of_lines(_joined(cell.get("source", "")), f"{here}, ")
        for count, output in enumerate(cell.get("outputs", []), start=1):
            yield from _of_output(output, f"{here}, output {count}, ")


def _of_output(output: dict[str, Any], place: str) -> Iterator[WrittenText]:
    for kind, held in output.get("data", {}).items():
        if kind in {"text/html", "image/svg+xml"}:
            yield from _of_html(_joined(held), place)
        elif kind.endswith("json"):
            yield from _of_value(held, place, "", is_of_ids=False)
        elif not kind.startswith(_PICTURES):
            yield from _of_lines(_joined(held), place)
    for name in ("text", "evalue", "traceback"):
        held = output.get(name)
        if held:
            yield from _of_lines("\n".join(held) if name == "traceback" else _joined(held), place)


def _joined(held: Any) -> str:
    return "".join(map(str, held)) if isinstance(held, list) else str(held)


def _of_html(text: str, place: str) -> Iterator[WrittenText]:
    parser = _Page(place)
    parser.feed(_SHAPES.sub("", text))
    parser.close()
    yield from parser.found


class _Page(HTMLParser):
    """Collects the texts of a page or picture, and knows of each cell of a table whether it is one of ids."""

    def __init__(self, place: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[WrittenText] = []
        self._place = place
        self._skipped = ""
        self._heads: list[bool] = []
        self._column = -1
        self._is_head = self._is_row_of_ids = self._is_in_cell = False
        self._cell: list[str] = []

    def _here(self) -> str:
        return f"{self._place}line {self.getpos()[0]:,}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value for name, value in attrs if value}
        if tag in ("style", "script"):
            self._skipped = held.get("type", "") if tag == "script" and "json" in held.get("type", "") else tag
        elif tag == "table":
            self._heads = []
        elif tag == "tr":
            self._column, self._is_row_of_ids = -1, False
        elif tag in ("th", "td"):
            self._column += 1
            self._is_head = tag == "th" and held.get("scope") == "col"
            self._is_in_cell, self._cell = True, []
        for name, value in held.items():
            if name in ("href", "src") and value.startswith("data:"):
                self.found += _of_link(value, f"{self._here()}, ")
            elif name in _ATTRIBUTES or name.startswith("data-"):
                text = unquote(value) if name == "href" else value
                self.found.append(WrittenText(text, f"{self._here()}, attribute {name}"))

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script"):
            self._skipped = ""
        elif tag in ("th", "td") and self._is_in_cell:
            text = "".join(self._cell).strip()
            if self._is_head:
                self._heads.append(is_head_of_ids(text))
            elif self._column == 0:
                self._is_row_of_ids = is_head_of_ids(text)
            self._is_in_cell = False

    def handle_data(self, data: str) -> None:
        if self._skipped and "json" in self._skipped:
            self.found += _of_json(data, f"{self._here()}, ")
            return
        if self._skipped == "style" or not data.strip():
            return
        self._cell.append(data)
        is_named = self._is_in_cell and not self._is_head
        is_of_ids = is_named and (
            (self._column < len(self._heads) and self._heads[self._column])
            or (self._is_row_of_ids and self._column > 0)
        )
        self.found.append(WrittenText(data.strip(), self._here(), is_of_ids))


def _of_link(link: str, place: str) -> Iterator[WrittenText]:
    """What a link that holds a file itself holds."""
    match = _DATA_LINK.fullmatch(link)
    if match is None or (match[1].startswith(_PICTURES) and match[1] != "image/svg+xml"):
        return
    try:
        raw = base64.b64decode(unquote(match[3])) if ";base64" in match[2] else unquote(match[3]).encode()
    except (binascii.Error, ValueError):
        return
    ending = match[1].rpartition("/")[2].rpartition("+")[2].removeprefix("x-")
    text = raw.decode("utf-8-sig", errors="replace")
    yield from _READERS.get(f".{ending}", _of_lines)(text, f"{place}file in the link, ")


def _of_workbook(path: Path) -> Iterator[WrittenText]:
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_path(path)
    for number, name in enumerate(workbook.sheet_names, start=1):
        yield WrittenText(name, f"sheet {number}, its name")
        heads: list[bool] = []
        for row, cells in enumerate(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False), start=1):
            # A sheet may say what it is before its table begins: the last row with a name of ids heads what follows.
            here = [isinstance(cell, str) and is_head_of_ids(cell) for cell in cells]
            for column, cell in enumerate(cells):
                is_of_ids = column < len(heads) and heads[column] and not any(here)
                if isinstance(cell, str) and cell:
                    yield WrittenText(cell, f"sheet {number}, cell {_letters(column)}{row}", is_of_ids)
                elif is_of_ids and isinstance(cell, (int, float)):
                    yield WrittenText(f"{cell:.15g}", f"sheet {number}, cell {_letters(column)}{row}", True)
            heads = here if any(here) else heads


def _letters(column: int) -> str:
    """How a spreadsheet calls its columns: A to Z, then AA.

    Examples
    --------
    >>> _letters(0), _letters(25), _letters(26), _letters(701), _letters(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    name, rest = "", column + 1
    while rest:
        rest, place = divmod(rest - 1, 26)
        name = chr(ord("A") + place) + name
    return name


_READERS: Final[dict[str, Reader]] = {
    ".html": _of_html,
    ".htm": _of_html,
    ".svg": _of_html,
    ".xml": _of_html,
    ".atom": _of_html,
    ".json": _of_json,
    ".ipynb": _of_notebook,
    ".csv": _of_csv,
}
