"""Text files (CSV and its kin): read as text, column by column, so that nothing is guessed or lost on the way."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import duckdb

from crm_research.errors import StudyError
from crm_research.sources.casting import BLANKS
from crm_research.sources.definition import WHITESPACE
from crm_research.sources.files import describe_files
from crm_research.sources.session import literal, literals, quoted

if TYPE_CHECKING:
    from crm_research.sources.definition import SourceRule
    from crm_research.sources.session import Session

_DELIMITERS: Final = (",", ";", "\t", "|")
# Tried in this order when a file is not what its study says; the first that decodes the whole file is offered.
_LIKELY_ENCODINGS: Final = ("utf-8-sig", "gb18030", "cp1252")
_CHUNK_BYTES: Final = 1024**2
_HEAD_BYTES: Final = 256 * 1024


def stage_text(session: Session, paths: Sequence[Path], rule: SourceRule, *, where: str) -> str:
    """Copy text files into one table of the session, all columns as text. Returns the table's name."""
    name = session.new_name("text")
    selects = []
    for path in paths:
        readable = _as_utf8(session, path, rule, where=where)
        delimiter = rule.delimiter or sniff_delimiter(read_head(readable, "utf-8-sig"), rule.skip_rows)
        columns = _column_names(readable, rule, delimiter, where=f"{where}: {path.name}")
        selects.append((readable, path, delimiter, columns))
    _check_same_columns([(path, columns) for _, path, _, columns in selects], where=where)
    parts = [_select(readable, rule, delimiter, columns) for readable, _, delimiter, columns in selects]
    try:
        session.run(f"CREATE TABLE {quoted(name)} AS {' UNION ALL BY NAME '.join(parts)}")
    except duckdb.Error as problem:
        for readable, path, _, _ in selects:
            check_encoding(readable, "utf-8", where=f"{where}: {path.name}")
        broken = next((path.name for readable, path, _, _ in selects if str(readable) in str(problem)), "")
        raise StudyError(f"{where}: {broken or describe_files(paths)}: {_reason(str(problem))}") from None
    return name


def open_binary(path: Path) -> IO[bytes]:
    """Open a file, unpacked if it is gzipped."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def read_head(path: Path, encoding: str) -> str:
    """The first quarter megabyte of a text file; a character cut off at its end is left out."""
    with open_binary(path) as file:
        return codecs.getincrementaldecoder(encoding)("replace").decode(file.read(_HEAD_BYTES))


def sniff_delimiter(head: str, skip_rows: int = 0) -> str:
    """Which of comma, semicolon, tab and bar parts the header line? A comma if none stands in it."""
    lines = head.splitlines()[skip_rows : skip_rows + 1]
    bare = re.sub(r'"[^"]*"', "", lines[0]) if lines else ""
    return max(_DELIMITERS, key=bare.count)


def check_encoding(path: Path, encoding: str, *, where: str) -> None:
    """Raise StudyError with the byte's position and a likelier encoding if the file is not in this one."""
    position = first_bad_byte(path, encoding)
    if position is None:
        return
    likely = suggest_encoding(path, besides=encoding)
    mend = f"Write encoding: {likely} beside its path." if likely else "Find out how it was saved, and give encoding."
    raise StudyError(f"{where}: byte {position:,} is not {encoding}. {mend}")


def first_bad_byte(path: Path, encoding: str) -> int | None:
    """Where does a file stop being text of this encoding? None if it never does."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    with open_binary(path) as file:
        while True:
            chunk = file.read(_CHUNK_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                decoded = decoder.decode(chunk, final=not chunk)
            except UnicodeError as problem:
                return read - pending + int(getattr(problem, "start", 0))
            if "\x00" in decoded and not encoding.startswith("utf-16"):
                return read + decoded.index("\x00")
            if not chunk:
                return None
            read += len(chunk)


def suggest_encoding(path: Path, *, besides: str = "") -> str | None:
    """Which encoding is this file probably in?"""
    with open_binary(path) as file:
        start = file.read(2)
    if start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    for encoding in _LIKELY_ENCODINGS:
        if (
            encoding in {besides, "utf-8-sig" if besides == "utf-8" else ""}
            or first_bad_byte(path, encoding) is not None
        ):
            continue
        if encoding == "gb18030" and not _reads_as_chinese(read_head(path, encoding)):
            continue
        return encoding
    return None


def _reads_as_chinese(head: str) -> bool:
    # Two Western letters above 127 also decode as some rare Chinese character; common ones are in this block, in runs.
    foreign = re.findall(r"[^\x00-\x7f]", head)
    common = re.findall(r"[\u4e00-\u9fff]{2,}", head)
    return bool(foreign) and sum(map(len, common)) >= 0.5 * len(foreign)


def _as_utf8(session: Session, path: Path, rule: SourceRule, *, where: str) -> Path:
    """The file itself if it is UTF-8 by its study, else a copy of it in UTF-8 in the scratch folder."""
    encoding = _encoding_of(path, rule, where=where)
    if encoding in {"utf-8", "utf-8-sig"}:
        with open_binary(path) as file:
            start = file.read(_HEAD_BYTES)
        if start[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} or b"\x00" in start:
            check_encoding(path, "utf-8", where=f"{where}: {path.name}")
        return path
    check_encoding(path, encoding, where=f"{where}: {path.name}")
    copy = session.scratch / f"{session.new_name('utf8')}.csv"
    with open_binary(path) as file, copy.open("w", encoding="utf-8", newline="") as out:
        reader = io.TextIOWrapper(file, encoding=encoding, newline="")
        while chunk := reader.read(_CHUNK_BYTES):
            out.write(chunk)
    return copy


def _encoding_of(path: Path, rule: SourceRule, *, where: str) -> str:
    """The encoding its study says; of several, the first that reads the whole of this file."""
    said = [rule.encoding] if isinstance(rule.encoding, str) else rule.encoding
    known = []
    for name in said:
        try:
            known.append(codecs.lookup(name).name)
        except LookupError:
            raise StudyError(
                f"{where}: there is no encoding {name!r}. Known are utf-8, cp1252, gb18030, utf-16 ..."
            ) from None
    fitting = (name for name in known[:-1] if first_bad_byte(path, name) is None)
    return next(fitting, known[-1])


def _column_names(path: Path, rule: SourceRule, delimiter: str, *, where: str) -> list[str]:
    lines = read_head(path, "utf-8-sig").splitlines()[rule.skip_rows :]
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise StudyError(f"{where}: is empty. Give a file with a header line and rows.")
    if delimiter == WHITESPACE:
        cells = first.split()
    else:
        cells = next(csv.reader([first], delimiter=delimiter, quotechar=rule.quote or None, skipinitialspace=False))
    if rule.names is not None:
        if len(rule.names) != len(cells):
            raise StudyError(f"{where}: names lists {len(rule.names)} columns, its first line has {len(cells)}.")
        return rule.names
    if not rule.header:
        return [f"column_{i + 1}" for i in range(len(cells))]
    return distinct_names(cells)


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


def _select(path: Path, rule: SourceRule, delimiter: str, columns: Sequence[str]) -> str:
    options = f"header = {str(rule.header).lower()}, skip = {rule.skip_rows}, auto_detect = false"
    if delimiter == WHITESPACE:
        line = f"read_csv({literal(str(path))}, columns = {{'line': 'VARCHAR'}}, delim = chr(1), quote = '', {options})"
        cells = ", ".join(f"cells[{i + 1}] AS {quoted(name)}" for i, name in enumerate(columns))
        return rf"SELECT {cells} FROM (SELECT string_split_regex(trim(line), '\s+') AS cells FROM {line})"
    trimmed = ", ".join(f"trim({quoted(name)}, {literal(BLANKS)}) AS {quoted(name)}" for name in columns)
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"SELECT {trimmed} FROM read_csv({literal(str(path))}, columns = {{{types}}}, {options}, "
        f"delim = {literal(delimiter)}, quote = {literal(rule.quote)}, escape = {literal(rule.quote)})"
    )


def _reason(message: str) -> str:
    """What the engine's message says about a line of a text file."""
    place = re.search(r"CSV Error on Line: (\d+)", message)
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    line = f"line {int(place[1]):,} cannot be read" if place else f"a line cannot be read ({message.splitlines()[0]})"
    if cells:
        # The engine stops counting at the first cell too many.
        held = f"only {cells[2]}" if int(cells[2]) < int(cells[1]) else "more"
        line += f": the file has {cells[1]} columns, and that line has {held}"
    elif "unterminated quote" in message.lower():
        line += ": a quote is opened there and never closed"
    return f"{line}. Mend that line, or check delimiter, quote, skip_rows and header."


__all__ = [
    "check_encoding",
    "distinct_names",
    "first_bad_byte",
    "literals",
    "open_binary",
    "read_head",
    "sniff_delimiter",
    "stage_text",
    "suggest_encoding",
]
