"""Where the table lies in a text file: notes above it and below it, header lines of several rows, totals."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from crm_research.errors import StudyError
from crm_research.sources.drafts.words import header_words
from crm_research.sources.readers.lines import DELIMITERS
from crm_research.sources.readers.opened import open_binary
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TAIL_BYTES: Final = 64 * 1024
_N_RECORDS: Final = 200
_SHAPED: Final = 10
_MOST_BELOW: Final = 50
_TOTAL: Final = re.compile(
    r"(grand |sub|over ?all )?totals?|sum|summe|gesamt(summe|betrag)?|somme|totales?|suma|合计|总计|小计|共计",
    re.IGNORECASE,
)
_VALUE: Final = re.compile(r"[-+(]?\d[\d.,:/\s'T-]*[-)Z]?")
_RULE: Final = re.compile(r"[-=+|_\s]*([-=_])\1{4,}[-=+|_\s]*")
_IMPORT: Final = re.compile(r'\{"?ImportId"?')
_FEWEST_BASKETS: Final = 10
_ONLY_BASKETS: Final = (
    "{file} holds one basket a line ({items} ...), which are lines of orders. But no line says who bought, and when: "
    "customer_id and ordered_at are missing, and no report can do without them. Export the baskets with customer and "
    "day in columns of their own and the items in one cell; then orders take revenue: {{value: 1}}, and order_lines "
    "from: {{sql: \"select *, unnest(string_split(items, ',')) as item from records\", inputs: {{records: FILE}}}}."
)
_NO_TEXT: Final = (
    "", "response", "open-ended response", "antwort", "offene antwort", "antwort in offenem textformat", "réponse",
    "réponse ouverte", "respuesta", "respuesta abierta", "risposta", "risposta aperta", "resposta", "resposta aberta",
    "odpowiedź", "odpowiedź otwarta", "antwoord",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TextLayout:
    """The keys that leave out what is no row, why each is written, and what the questions in a second line say."""

    delimiter: str
    header: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Record:
    cells: list[str]
    first_line: int
    last_line: int


def find_layout(path: Path, head: str, encoding: str) -> TextLayout:
    """Where does the table begin and end, and which lines in between are no rows?"""
    ruled = {line.lstrip()[:1] for line in head.splitlines()[:_N_RECORDS] if _RULE.fullmatch(line)}
    rule = ruled.pop() if len(ruled) == 1 else ""
    if rule == "|":
        rule = ""
    if rule:
        # Lines that are drawn between header, rows and sums are left out as notes; each stays an empty line.
        head = "\n".join("" if line.lstrip().startswith(rule) else line for line in head.splitlines())
    delimiter, n_columns = _find_delimiter(head)
    records = _records(head, delimiter)
    if _are_baskets(records):
        raise StudyError(_ONLY_BASKETS.format(file=path.name, items=", ".join(records[0].cells[:3])))
    top = _find_header(records, n_columns)
    if not records:
        return TextLayout(delimiter=delimiter, header=())
    options: dict[str, Any] = {}
    notes: dict[str, str] = {}
    wider = _wider_header(records, top, n_columns)
    if wider is not None:
        header = records[wider].cells[:n_columns]
        options |= {"header": False, "names": header, "skip_rows": records[top].first_line}
        notes["names"] = "CHECK: the line of the names has one more cell, which is empty, than the rows"
        notes["skip_rows"] = "CHECK: lines above the rows: notes, the names, and what is summed of all rows"
        return TextLayout(delimiter=delimiter, header=tuple(header), options=options, notes=notes)
    header = [cell.strip() for cell in records[top].cells]
    _say_above(records[:top], records[top], options, notes)
    if rule:
        options["comment"] = rule
        notes["comment"] = "lines that are drawn between the rows"
    n_below = _count_below(path, delimiter, n_columns, encoding, rule) if n_columns > 1 else 0
    if n_below:
        options["skip_footer"] = n_below
        which = word_for(n_below, "line is no row", f"{n_below} lines are no rows")
        notes["skip_footer"] = f"CHECK: the last {which}, but notes or totals"
    questions = _say_header_lines(records[top:], header, options, notes)
    return TextLayout(delimiter=delimiter, header=tuple(header), options=options, notes=notes, questions=questions)


def find_sheet_layout(rows: Sequence[Sequence[str]]) -> TextLayout:
    """The same for a sheet, whose rows are all as wide as the widest: a title above it fills fewer cells."""
    widths = Counter(n for row in rows[:_N_RECORDS] if (n := sum(map(bool, row))) > 1)
    usual = max(widths, key=lambda n: (widths[n], n), default=0)
    filled = [i for i, row in enumerate(rows) if 10 * sum(map(bool, row)) >= 8 * usual and usual > 1]
    top = next((i for i in filled[:_MOST_BELOW] if not any(_VALUE.fullmatch(cell) for cell in rows[i])), None)
    first = next((i for i, row in enumerate(rows) if any(row)), 0)
    options: dict[str, Any] = {}
    notes: dict[str, str] = {}
    if top is None or filled[0] < top:
        return TextLayout(delimiter="", header=())
    records = [_Record(list(row), i, i + 1) for i, row in enumerate(rows[first:_N_RECORDS], start=first)]
    header = list(rows[top])
    if top > first:
        options["skip_rows"] = top
        notes["skip_rows"] = f"CHECK: rows above the header: {' '.join(filter(None, rows[first]))[:60]}"
        over = rows[top - 1]
        names = _joined(over, header)
        if sum(map(bool, over)) > 1 and over[0] and not any(_VALUE.fullmatch(cell) for cell in over):
            options["names"] = names if len(set(names)) == len(names) else header
            notes["names"] = "CHECK: the names stand in two rows, and are put together"
    rest = list(rows)
    while rest and not any(rest[-1]):
        rest.pop()
    n_below = 0
    shapes = Counter(tuple(map(bool, row)) for row in rest[top + 1 :])
    while len(rest) - n_below > top + 1 and n_below < _MOST_BELOW:
        row = rest[-1 - n_below]
        # Further lines of a bill whose head stands in its first one are as thin, all through the sheet.
        is_thin = 2 * sum(map(bool, row)) < usual and shapes[tuple(map(bool, row))] < _SHAPED
        if not (is_thin or any(_TOTAL.fullmatch(cell.rstrip(":")) for cell in row[:3] if cell)):
            break
        n_below += 1
    if n_below:
        options["skip_footer"] = n_below
        notes["skip_footer"] = (
            f"CHECK: the last {word_for(n_below, 'row of the sheet is', f'{n_below} rows of the sheet are')} none of "
            f"the table, but notes or totals"
        )
    questions = {} if "names" in options else _say_header_lines(records[top - first :], header, options, notes)
    return TextLayout(delimiter="", header=tuple(header), options=options, notes=notes, questions=questions)


def _find_header(records: Sequence[_Record], n_columns: int) -> int:
    """The first record of the table's width; a title in the first of several cells is none, where names follow."""
    wide = [i for i, record in enumerate(records) if len(record.cells) == n_columns and any(record.cells)]
    if n_columns > 2:
        named = [i for i in wide if sum(map(bool, records[i].cells)) > 1]
        wide = named if named and named[0] < _MOST_BELOW else wide
    top = wide[0] if wide else 0
    if wide and 2 * sum(map(bool, records[top].cells)) < n_columns:
        # A title whose parts (day, name of the list, page) stand in cells of their own, over names that fill the line.
        full = (i for i in wide if i < _MOST_BELOW and 5 * sum(map(bool, records[i].cells)) >= 4 * n_columns)
        below = next(full, top)
        if not any(_VALUE.fullmatch(cell) for cell in records[below].cells):
            return below
    return top


def _wider_header(records: Sequence[_Record], top: int, n_columns: int) -> int | None:
    """Names over rows that lack the last, empty cell of theirs, as programs write that put a total between them."""
    if not records or not any(_VALUE.fullmatch(cell) for cell in records[top].cells):
        return None
    for i in range(top - 1, max(top - 3, -1), -1):
        cells = records[i].cells
        if len(cells) != n_columns + 1:
            return None
        if not cells[-1] and all(cells[:-1]) and not any(_VALUE.fullmatch(cell) for cell in cells):
            return i if len(set(cells)) == len(cells) else None
        if not _is_total(cells):
            return None
    return None


def _are_baskets(records: Sequence[_Record]) -> bool:
    """Is each line a basket, its items side by side: words only, lines of many widths, no names of columns?"""
    rows = [[cell for cell in record.cells if cell] for record in records]
    widths = {len(row) for row in rows if row}
    if len(rows) < _FEWEST_BASKETS or len(widths) < 3 or any(re.search(r"\d", cell) for row in rows for cell in row):
        return False
    later = {cell for row in rows[1:] for cell in row}
    return all(cell in later for cell in rows[0])


def _find_delimiter(head: str) -> tuple[str, int]:
    found = []
    for delimiter in DELIMITERS:
        counts = Counter(len(record.cells) for record in _records(head, delimiter))
        usual = max(((n, width) for width, n in counts.items() if width > 1), default=(0, 1))
        found.append((usual[0], usual[1], delimiter))
    n_lines, width, delimiter = max(found, key=lambda one: one[:2])
    return (delimiter, width) if n_lines else (",", 1)


def _records(head: str, delimiter: str) -> list[_Record]:
    reader = csv.reader(io.StringIO(head), delimiter=delimiter)
    found: list[_Record] = []
    before = 0
    try:
        for cells in reader:
            found.append(_Record([cell.strip() for cell in cells], before, reader.line_num))
            before = reader.line_num
            if len(found) == _N_RECORDS:
                break
    except csv.Error:
        pass
    return found


def _say_above(above: Sequence[_Record], header: _Record, options: dict[str, Any], notes: dict[str, str]) -> None:
    said = [record for record in above if any(record.cells)]
    if said and all(record.cells[0].startswith("#") for record in said):
        options["comment"] = "#"
        notes["comment"] = f"{say_count(len(said), 'line')} above the table {word_for(len(said), 'begins', 'begin')} so"
    elif header.first_line:
        options["skip_rows"] = header.first_line
        notes["skip_rows"] = "CHECK: lines above the header" + (
            f": {' '.join(said[0].cells)[:60]}" if said else "; they are empty"
        )


def _is_total(cells: Sequence[str]) -> bool:
    """A word for a sum in a line that is half empty, or that adds up every column of numbers and names nothing else."""
    filled = [cell for cell in cells if cell]
    named = [cell for cell in filled if _TOTAL.fullmatch(cell.rstrip(":"))]
    if not named:
        return False
    sums_all = len(filled) < len(cells) and sum(bool(_VALUE.fullmatch(cell)) for cell in filled) == len(filled) - 1 > 1
    return 2 * len(filled) <= len(cells) + 1 or (sums_all and named[0] == filled[0])


def _count_below(path: Path, delimiter: str, n_columns: int, encoding: str, comment: str = "") -> int:
    """Lines at the end of a file that are no rows: of other width, or totals; none where that cannot be told."""
    with open_binary(path) as file:
        if path.suffix != ".gz":
            file.seek(0, io.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
        tail = file.read()[-_TAIL_BYTES:]
    if encoding.startswith("utf-16"):
        return 0
    lines = tail.decode(encoding, errors="replace").splitlines()
    n_drawn = 0
    while lines and (not lines[-1].strip() or (comment and lines[-1].lstrip().startswith(comment))):
        if lines.pop().strip():
            n_drawn += 1
    n_filled = 0
    for n_below, line in enumerate(reversed(lines), start=1):
        if line.count('"') % 2:
            return 0  # within a cell of several lines
        cells = next(csv.reader([line], delimiter=delimiter), []) if line.strip() else []
        if line.strip() and len(cells) == n_columns and not _is_total([cell.strip() for cell in cells]):
            return n_filled + n_drawn if n_filled else 0
        n_filled = n_below if line.strip() else n_filled
        if n_below > _MOST_BELOW:
            return 0
    return 0


def _say_header_lines(
    records: Sequence[_Record], header: Sequence[str], options: dict[str, Any], notes: dict[str, str]
) -> dict[str, str]:
    """Lines under the header that are no rows: texts of the questions, technical names, a second name, totals."""
    rows = [record.cells for record in records[1:] if len(record.cells) == len(header)]
    if len(rows) < 2:
        return {}
    n_technical = next((i + 1 for i, row in enumerate(rows[:2]) if any(_IMPORT.match(cell) for cell in row)), 0)
    if n_technical or _repeats(header, rows[0]):
        n_lines = n_technical or 1
        options["header"] = 1 + n_lines
        notes["header"] = (
            f"CHECK: the names stand in the first of {1 + n_lines} lines, "
            f"{word_for(n_lines, 'the other is no row', 'the others are no rows')}"
        )
        said = {
            name: text
            for name, text in zip(header, rows[0], strict=True)
            if text and header_words(text) != header_words(name)
        }
        return said if not _IMPORT.match(next(iter(said.values()), "")) else {}
    if _is_total(rows[0]):
        options["header"] = 2
        notes["header"] = "CHECK: the line under the names is a total"
    elif any(rows[0]) and all(cell.strip().lower() in _NO_TEXT for cell in rows[0]):
        options["header"] = 2
        notes["header"] = "CHECK: the line under the names only says that answers stand there"
    elif _continues(header, rows):
        names = _joined(header, rows[0])
        if len({name.lower() for name in names}) == len(names):
            options["names"] = names
            notes["names"] = "CHECK: the names stand in two lines, and are put together"
            options["skip_rows"] = records[0].last_line
            notes["skip_rows"] = "the first line of the names"
            options.pop("comment", None)
            notes.pop("comment", None)
    return {}


def _repeats(header: Sequence[str], row: Sequence[str]) -> bool:
    """Does a line say the names once more in other words, such as Start Date under StartDate?"""
    same = [
        header_words(a) == header_words(b) or "".join(header_words(a)) == "".join(header_words(b))
        for a, b in zip(header, row, strict=True)
        if a
    ]
    return len(same) > 2 and 2 * sum(same) >= len(same)


def _continues(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Does the second line go on with names: words where later rows hold numbers, nothing where they hold keys?"""
    second, later = rows[0], rows[1:6]
    has_gaps = any(not name for name in header)
    words = [i for i, cell in enumerate(second) if cell and not re.search(r"\d", cell)]
    empty = [i for i, cell in enumerate(second) if not cell and all(row[i] for row in later)]
    return has_gaps and bool(words) and bool(empty) and len(words) == sum(bool(cell) for cell in second)


def _joined(header: Sequence[str], second: Sequence[str]) -> list[str]:
    names, carried = [], ""
    for i, (first, below) in enumerate(zip(header, second, strict=True)):
        carried = first or carried
        own = "" if below.lower() in _NO_TEXT else below
        names.append(f"{carried} - {own}" if own and carried else first or own or f"column_{i + 1}")
    return names
