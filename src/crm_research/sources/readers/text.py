"""Text files (CSV and its kin): read as text, column by column, so that nothing is guessed or lost on the way."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from crm_research.common_tables import file_literal
from crm_research.errors import StudyError
from crm_research.said_by_others import say_fault, say_full_disk
from crm_research.sources.mapping.casting import BLANKS, IS_MARKED, KEPT_AS_TEXT
from crm_research.sources.readers.encodings import HEAD_BYTES, check_encoding, encoding_of, read_head
from crm_research.sources.readers.files import describe_files
from crm_research.sources.readers.lines import (
    DELIMITERS,
    LONGEST_LINE_BYTES,
    TablePlace,
    ends_in_a_long_line,
    find_table,
    has_mixed_line_ends,
    is_header,
    lines_below,
    longest_line,
    n_cells,
    with_one_line_end,
    without_notes,
)
from crm_research.sources.readers.opened import open_binary
from crm_research.sources.session import literal, quoted
from crm_research.sources.written import WHITESPACE
from crm_research.vocabulary import say_count

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
    from crm_research.sources.session import Session

_CHUNK_BYTES: Final = 1024**2


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One file of a table: where it can be read, and how."""

    path: Path
    readable: Path
    rule: SourceRule
    delimiter: str
    columns: Sequence[str]
    said: str = ""
    line_bytes: int | None = None


def stage_text(session: Session, paths: Sequence[Path], rule: SourceRule, *, where: str) -> tuple[str, str]:
    """Copy text files into one table of the session, all columns as text.

    Returns
    -------
    tuple
        The table's name; the lines that were left out, in words (empty if none were).
    """
    parts = [_part(session, path, rule, where) for path in paths]
    _check_same_columns([(part.path, list(part.columns)) for part in parts], where=where)
    name = session.new_name("text")
    try:
        _create(session, name, parts)
    except duckdb.Error as problem:
        full = say_full_disk(problem)
        if full is not None:
            raise StudyError(f"{where}: {describe_files(paths)} cannot be read: {full}.") from None
        for part in parts:
            check_encoding(part.readable, "utf-8", where=f"{where}: {part.path.name}")
        parts = [_mended(session, part, where) for part in parts]
        try:
            _create(session, name, parts)
        except duckdb.Error:
            raise _unreadable(session, parts, str(problem), where) from None
    return name, "".join(part.said for part in parts) if len(parts) == 1 else _sum_up(parts)


def _part(session: Session, path: Path, rule: SourceRule, where: str) -> _Part:
    place = f"{where}: {path.name}"
    readable, said = _as_utf8(session, path, rule, where=where), ""
    if rule.comment or rule.skip_footer:
        check_encoding(readable, "utf-8", where=place)
        readable, said = without_notes(session, readable, rule, where=place)
    head = read_head(readable, "utf-8-sig")
    delimiter = rule.delimiter or sniff_delimiter(head, rule.skip_rows)
    columns, above = _column_names(head, rule, delimiter, where=place)
    if above and has_mixed_line_ends(readable):
        # Where it passes over lines, the engine finds no row at all in such a file, and says nothing.
        readable = with_one_line_end(session, readable)
    line_bytes = _line_bytes(readable, place) if ends_in_a_long_line(readable) else None
    return _Part(
        path=path,
        readable=readable,
        rule=rule if above == rule.skip_rows else rule.model_copy(update={"skip_rows": above}),
        delimiter=delimiter,
        columns=columns,
        said=said,
        line_bytes=line_bytes,
    )


def _create(session: Session, name: str, parts: Sequence[_Part]) -> None:
    session.run(f"CREATE TABLE {quoted(name)} AS {' UNION ALL BY NAME '.join(map(_select, parts))}")


def _mended(session: Session, part: _Part, where: str) -> _Part:
    """The same file as the engine can read it, where its line ends are mixed or its lines are long."""
    if has_mixed_line_ends(part.readable):
        part = replace(part, readable=with_one_line_end(session, part.readable))
    return replace(part, line_bytes=_line_bytes(part.readable, f"{where}: {part.path.name}"))


def _line_bytes(path: Path, place: str) -> int | None:
    """How long a line the engine must expect; None where its own limit will do."""
    n_bytes, number = longest_line(path)
    if n_bytes > LONGEST_LINE_BYTES:
        raise StudyError(
            f"{place}: line {number:,} is {n_bytes / 1024**2:,.0f} MB long, which no row is. Look there for line "
            "ends that are missing or a quote that is never closed, and mend the file."
        )
    # A row of several lines may be as long as the file.
    within_cells = min(path.stat().st_size * (20 if path.suffix == ".gz" else 1), LONGEST_LINE_BYTES)
    return max(n_bytes, within_cells) + 1024


def _sum_up(parts: Sequence[_Part]) -> str:
    n_with = sum(bool(part.said) for part in parts)
    return f" (lines of {say_count(n_with, 'file')} left out by comment and skip_footer)" if n_with else ""


def _unreadable(session: Session, parts: Sequence[_Part], message: str, where: str) -> StudyError:
    part = next((part for part in parts if str(part.readable) in message), parts[0])
    known = [part for part in parts if str(part.readable) in message]
    described = part.path.name if known or len(parts) == 1 else describe_files([part.path for part in parts])
    mend = _mend(session, part) if known or len(parts) == 1 else None
    return StudyError(
        f"{where}: {described}: {_reason(message)}. "
        f"{mend or 'Mend that line, or check delimiter, quote, skip_rows and header.'}"
    )


def _mend(session: Session, part: _Part) -> str | None:
    """What to write beside the path so that the file can be read: found by trying, None if nothing tried helps."""
    head, quote = read_head(part.readable, "utf-8-sig"), part.rule.quote
    place = find_table(head, quote)
    if place is None:
        return None
    lines = head.splitlines()
    above = [line for line in lines[: place.skip_rows] if line.strip()]
    n_below = lines_below(part.readable, place.delimiter, quote)
    tops: list[dict[str, object]] = [{}]
    if place.skip_rows > part.rule.skip_rows:
        if part.rule.n_header_lines and not is_header(lines[place.skip_rows], place.delimiter, quote):
            # What would be skipped is the header itself: the rows below it hold cells that it does not name.
            return _of_cells_too_many(above[-1], place, quote)
        tops = [{"skip_rows": place.skip_rows}]
        is_noted = above and all(line.lstrip().startswith("#") for line in above)
        if is_noted and not any(line.lstrip().startswith("#") for line in lines[place.skip_rows :]):
            tops.insert(0, {"comment": "#"})
    tries = [{**top, **below} for below in ({}, _footer(part, n_below)) for top in tops]
    if place.delimiter != part.delimiter and part.rule.delimiter is not None:
        tries.append({**tries[-1], "delimiter": place.delimiter})
    for change in tries:
        if change and _reads(session, part, part.rule.model_copy(update=change)):
            keys = ", ".join(f"{key}: {_in_yaml(value)}" for key, value in change.items())
            notes = {"skip_rows": "above", "comment": "above", "skip_footer": "below"}
            sides = " and ".join(dict.fromkeys(notes[key] for key in change if key in notes))
            reason = f"Lines {sides} the table are no rows of it. " if sides else ""
            return f"{reason}Write {keys} beside the path."
    return None


def _footer(part: _Part, n_below: int) -> dict[str, object]:
    return {"skip_footer": part.rule.skip_footer + n_below} if n_below else {}


def _of_cells_too_many(header: str, place: TablePlace, quote: str) -> str | None:
    """Rows with more cells than their header names: a sign within cells parts them, as a decimal comma does."""
    n_named = n_cells(header, place.delimiter, quote)
    if not 1 < n_named < place.n_columns:
        return None
    sign = {",": "comma", ";": "semicolon", "\t": "tab"}.get(place.delimiter, repr(place.delimiter))
    return (
        f"The header names {n_named} columns and most rows hold {place.n_columns} cells: a {sign} stands within cells, "
        f"such as a decimal sign, and no key can tell it from one that parts cells. Export the file anew with such "
        "cells in quotes, or with another delimiter."
    )


def _in_yaml(value: object) -> str:
    return f'"{value}"'.replace("\t", "\\t") if isinstance(value, str) else str(value)


def _reads(session: Session, part: _Part, rule: SourceRule) -> bool:
    try:
        tried = _part(session, part.path, rule, "")
        session.run(f"SELECT count(*) FROM ({_select(tried)})")
    except (StudyError, duckdb.Error):
        return False
    return len(tried.columns) > 1


def sniff_delimiter(head: str, skip_rows: int = 0) -> str:
    """Which of comma, semicolon, tab and bar parts the header line? A comma if none stands in it."""
    lines = head.splitlines()[skip_rows : skip_rows + 1]
    bare = re.sub(r'"[^"]*"', "", lines[0]) if lines else ""
    return max(DELIMITERS, key=bare.count)


def _as_utf8(session: Session, path: Path, rule: SourceRule, *, where: str) -> Path:
    """The file itself if it is UTF-8 by its study, else a copy of it in UTF-8 in the scratch folder."""
    encoding = encoding_of(path, rule, where=where)
    if encoding in {"utf-8", "utf-8-sig"}:
        with open_binary(path) as file:
            start = held = file.read(HEAD_BYTES)
            # The engine takes a zero byte for a part of a value: all of the file is searched for one.
            while held and b"\x00" not in held:
                held = file.read(_CHUNK_BYTES)
        if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} or held:
            check_encoding(path, "utf-8", where=f"{where}: {path.name}")
        return path
    check_encoding(path, encoding, where=f"{where}: {path.name}")
    copy = session.scratch / f"{session.new_name('utf8')}.csv"
    with open_binary(path) as file, copy.open("w", encoding="utf-8", newline="") as out:
        reader = io.TextIOWrapper(file, encoding=encoding, newline="")
        while chunk := reader.read(_CHUNK_BYTES):
            out.write(chunk)
    return copy


def _column_names(head: str, rule: SourceRule, delimiter: str, *, where: str) -> tuple[list[str], int]:
    """The columns' names, and how many lines stand above the header, empty ones among them."""
    lines = head.splitlines()
    above = next((i for i, line in enumerate(lines) if i >= rule.skip_rows and line.strip()), None)
    if above is None:
        raise StudyError(f"{where}: is empty. Give a file with a header line and rows.")
    first = lines[above]
    if delimiter == WHITESPACE:
        cells = first.split()
    else:
        # From there on, since a name in the header may be broken into lines.
        rest = io.StringIO("\n".join(lines[above:]))
        cells = next(csv.reader(rest, delimiter=delimiter, quotechar=rule.quote or None, skipinitialspace=False))
    if rule.names is not None:
        if len(rule.names) != len(cells):
            raise StudyError(
                f"{where}: names lists {say_count(len(rule.names), 'column')}, its first line has {len(cells)}."
            )
        return rule.names, above
    if not rule.n_header_lines:
        return [f"column_{i + 1}" for i in range(len(cells))], above
    return distinct_names(cells), above


def distinct_names(header: Sequence[str]) -> list[str]:
    """The columns' names. One that stands in the header twice is numbered at each place, so that none is meant."""
    names = [cell.strip() or f"column_{i + 1}" for i, cell in enumerate(header)]
    taken = Counter(name.lower() for name in names)
    repeated = {name for name, n in taken.items() if n > 1}
    distinct = []
    for name in names:
        numbered = (f"{name}_{n}" for n in count(1))
        free = next(new for new in numbered if new.lower() not in taken) if name.lower() in repeated else name
        taken[free.lower()] += 1
        distinct.append(free)
    return distinct


def _check_same_columns(files: Sequence[tuple[Path, list[str]]], *, where: str) -> None:
    first, expected = files[0]
    for path, columns in files[1:]:
        differing = sorted(set(expected) ^ set(columns))
        if differing:
            raise StudyError(
                f"{where}: {path.name} and {first.name} do not have the same columns; they differ in "
                f"{', '.join(differing[:6])}. Make them alike, or map them as two sources with from: {{sql: ...}}."
            )


def _select(part: _Part) -> str:
    rule, path = part.rule, file_literal(part.readable)
    options = f"header = {str(rule.n_header_lines > 0).lower()}, skip = {rule.skip_rows}, auto_detect = false"
    if part.line_bytes is not None:
        options += f", max_line_size = {part.line_bytes}, buffer_size = {2 * part.line_bytes}"
    # Further header lines are left out as rows, since a cell of theirs may be broken into lines.
    below = f" OFFSET {rule.n_header_lines - 1}" if rule.n_header_lines > 1 else ""
    if part.delimiter == WHITESPACE:
        line = f"read_csv({path}, columns = {{'line': 'VARCHAR'}}, delim = chr(1), quote = '', {options})"
        cells = ", ".join(f"cells[{i + 1}] AS {quoted(name)}" for i, name in enumerate(part.columns))
        return rf"(SELECT {cells} FROM (SELECT string_split_regex(trim(line), '\s+') AS cells FROM {line}){below})"
    trimmed = ", ".join(f"{_trimmed(quoted(name))} AS {quoted(name)}" for name in part.columns)
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in part.columns)
    return (
        f"(SELECT {trimmed} FROM read_csv({path}, columns = {{{types}}}, {options}, "
        f"delim = {literal(part.delimiter)}, quote = {literal(rule.quote)}, escape = {literal(rule.quote)}){below})"
    )


def _trimmed(cell: str) -> str:
    """SQL of a cell without blanks around it and without marks; nearly all have none, and are told by both their ends.

    Texts are compared by their bytes in UTF-8, which costs the engine a tenth of what trimming does.
    """
    begins_plain = " OR ".join(
        f"({cell} >= {literal(first)} AND {cell} < {literal(beyond)})" for first, beyond in _PLAIN_BEGINNINGS
    )
    ends_blank = " OR ".join(f"suffix({cell}, {literal(blank)})" for blank in BLANKS)
    slowly = _bare(f"trim({cell}, {literal(BLANKS)})")
    return f"CASE WHEN ({begins_plain}) AND NOT ({ends_blank}) THEN {cell} ELSE {slowly} END"


# Digits, letters and signs without = ' ` before, the blanks among and around them left out: then the letters of Europe
# and its neighbours, and Chinese, Japanese and Korean.
_PLAIN_BEGINNINGS: Final = (
    ("-", "="), (">", "`"), ("a", "\x7f"), ("\u00c0", "\u2000"), ("\u3001", "\u3400"), ("\u3400", "\ufb00"),
)  # fmt: skip


def _bare(cell: str) -> str:
    """SQL of a cell without the marks that keep spreadsheets from making a number of it."""
    bare = rf"regexp_replace({cell}, {literal(KEPT_AS_TEXT)}, '\1\2\3')"
    return f"CASE WHEN {IS_MARKED.format(cell)} THEN trim({bare}, {literal(BLANKS)}) ELSE {cell} END"


def _reason(message: str) -> str:
    """What the engine's message says about a line of a text file."""
    place = re.search(r"CSV Error on Line: (\d+)", message)
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    line = f"line {int(place[1]):,} cannot be read" if place else f"a line cannot be read ({say_fault(message)})"
    if cells:
        # The engine stops counting at the first cell too many.
        held = f"only {cells[2]}" if int(cells[2]) < int(cells[1]) else "more"
        line += f": the file has {say_count(int(cells[1]), 'column')}, and that line has {held}"
    elif "unterminated quote" in message.lower():
        line += ": a quote is opened there and never closed"
    return line
