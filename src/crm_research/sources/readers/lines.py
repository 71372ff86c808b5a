"""Lines of a text file that are no rows, and lines that the engine would not read as they stand."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crm_research.errors import StudyError
from crm_research.sources.mapping.casting import BLANKS
from crm_research.sources.readers.opened import open_binary, open_text

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
    from crm_research.sources.session import Session

DELIMITERS: Final = (",", ";", "\t", "|")
# What the engine takes for a line without being asked; of the last line it drops what is longer than its buffer.
ENGINE_LINE_BYTES: Final = 2_000_000
# Beyond this a line is no row but a file whose line ends or quotes are broken.
LONGEST_LINE_BYTES: Final = 128 * 1024**2
_CHUNK_BYTES: Final = 1024**2
_N_LOOKED_AT: Final = 200
_N_BELOW: Final = 50
# Numbers and dates, however they are written; a year alone may name a column.
_IS_VALUE: Final = re.compile(r"(?!(19|20)\d\d$)[-+(]?\d[\d.,:/\s'T-]*[-)Z]?")


@dataclass(frozen=True, kw_only=True)
class TablePlace:
    """Where the table begins in a text file: lines above its header, and what parts its cells."""

    skip_rows: int
    delimiter: str
    n_columns: int


def find_table(head: str, quote: str = '"') -> TablePlace | None:
    """Where does the table begin? At the first line that has as many cells as most lines; None without such a line."""
    lines = head.splitlines()[:_N_LOOKED_AT]
    found: list[tuple[int, int, TablePlace]] = []
    for delimiter in DELIMITERS:
        counts = [n_cells(line, delimiter, quote) for line in lines]
        usual = Counter(count for count in counts if count > 1).most_common(1)
        if usual:
            n_columns, n_lines = usual[0]
            place = TablePlace(skip_rows=counts.index(n_columns), delimiter=delimiter, n_columns=n_columns)
            found.append((n_lines, n_columns, place))
    return max(found, key=lambda entry: entry[:2])[2] if found else None


def n_cells(line: str, delimiter: str, quote: str = '"') -> int:
    """How many cells does a line hold? None in an empty one."""
    return len(_cells(line, delimiter, quote))


def is_header(line: str, delimiter: str, quote: str = '"') -> bool:
    """May this line name columns? A record would hold a number or a date somewhere."""
    return not any(_IS_VALUE.fullmatch(cell.strip(BLANKS)) for cell in _cells(line, delimiter, quote))


def _cells(line: str, delimiter: str, quote: str) -> list[str]:
    if not line.strip(BLANKS):
        return []
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote or None))
    except (csv.Error, StopIteration):
        return []


def lines_below(path: Path, delimiter: str, quote: str = '"') -> int:
    """How many lines at the end of a file are notes: empty, or of one cell where the table has several?"""
    lines = _last_lines(path)
    while lines and not lines[-1].strip(BLANKS):
        lines.pop()
    of_rows = (i for i, line in enumerate(reversed(lines)) if n_cells(line, delimiter, quote) > 1)
    return next(of_rows, 0)


def without_notes(session: Session, path: Path, rule: SourceRule, *, where: str) -> tuple[Path, str]:
    """A copy without the lines that ``comment`` and ``skip_footer`` leave out, and what was left out in words.

    Lines keep their numbers: a comment becomes an empty line. A line within a quoted cell is no comment.
    """
    last = _last_filled_line(path) - rule.skip_footer
    copy = session.scratch / f"{session.new_name('rows')}.csv"
    n_comments = n_written = 0
    is_within_cell = False
    with open_text(path) as file, copy.open("w", encoding="utf-8", newline="") as out:
        for number, line in enumerate(file, start=1):
            if number > last:
                break
            if rule.comment and not is_within_cell and line.lstrip(BLANKS).startswith(rule.comment):
                n_comments += 1
                out.write("\n")
                continue
            is_within_cell ^= bool(rule.quote) and line.count(rule.quote) % 2 == 1
            n_written += bool(line.strip(BLANKS))
            out.write(line)
    if n_written == 0:
        raise StudyError(f"{where}: comment and skip_footer leave nothing of it. Check both.")
    said = []
    if n_comments:
        said.append(f"{n_comments:,} left out by comment")
    if rule.skip_footer:
        said.append(f"{rule.skip_footer:,} by skip_footer")
    return copy, f" (lines: {', '.join(said)})" if said else ""


def with_one_line_end(session: Session, path: Path) -> Path:
    """A copy in which every line ends alike; the same for line breaks within cells."""
    copy = session.scratch / f"{session.new_name('lines')}.csv"
    with open_text(path, newline=None) as file, copy.open("w", encoding="utf-8", newline="\n") as out:
        while chunk := file.read(_CHUNK_BYTES):
            out.write(chunk)
    return copy


def has_mixed_line_ends(path: Path) -> bool:
    """Do lines end in more than one of CRLF, LF and CR?"""
    n_both = n_lf = n_cr = 0
    before = b""
    with open_binary(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            n_both += (before + chunk).count(b"\r\n")
            n_lf += chunk.count(b"\n")
            n_cr += chunk.count(b"\r")
            before = chunk[-1:] if chunk.endswith(b"\r") else b""
    return sum(n > 0 for n in (n_both, n_lf - n_both, n_cr - n_both)) > 1


def longest_line(path: Path) -> tuple[int, int]:
    """Bytes and number of the longest line, exact where it is longer than a megabyte."""
    longest, at, number, open_bytes = 0, 1, 1, 0
    with open_binary(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            end = b"\r" if b"\n" not in chunk and b"\r" in chunk else b"\n"
            first = chunk.find(end)
            open_bytes += len(chunk) if first < 0 else first
            if open_bytes > longest:
                longest, at = open_bytes, number
            if first >= 0:
                number += chunk.count(end)
                open_bytes = len(chunk) - chunk.rfind(end) - 1
    return longest, at


def ends_in_a_long_line(path: Path) -> bool:
    """Is the last line so long that the engine might drop it? Only then is the whole file worth a look."""
    if path.suffix == ".gz":
        return longest_line(path)[0] > ENGINE_LINE_BYTES
    n_bytes = path.stat().st_size
    if n_bytes <= ENGINE_LINE_BYTES:
        return False
    with path.open("rb") as file:
        file.seek(n_bytes - ENGINE_LINE_BYTES)
        tail = file.read().rstrip(b"\r\n")
    return b"\n" not in tail and b"\r" not in tail


def _last_lines(path: Path) -> list[str]:
    with open_text(path) as file:
        kept: list[str] = []
        for line in file:
            kept.append(line)
            if len(kept) > 4 * _N_BELOW:
                kept = kept[-2 * _N_BELOW :]
    return kept[-_N_BELOW:]


def _last_filled_line(path: Path) -> int:
    last = 0
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip(BLANKS):
                last = number
    return last
