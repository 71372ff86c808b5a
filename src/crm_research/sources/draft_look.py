"""Looking at a file before its study exists: how it is written, and what each column holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from crm_research.errors import StudyError
from crm_research.sources.casting import Reading
from crm_research.sources.dates import formats_fitting
from crm_research.sources.definition import SourceRule
from crm_research.sources.draft_words import CURRENCIES
from crm_research.sources.files import describe_files, file_kind
from crm_research.sources.session import literals, quoted
from crm_research.sources.staging import stage
from crm_research.sources.text import first_bad_byte, read_head, sniff_delimiter, suggest_encoding

if TYPE_CHECKING:
    from crm_research.sources.session import Relation, Session

_N_VALUES: Final = 300
_COMMA_DECIMAL: Final = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_COMMA_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class ColumnLook:
    """What a column of a file holds.

    Parameters
    ----------
    n, n_distinct
        Values that are there, and how many different ones.
    is_number, is_whole, is_time
        Every value is one.
    formats
        Formats that read every value, where the times need a declared one; several: the file does not tell which.
    low, high
        Smallest and largest number or time.
    """

    name: str
    n: int
    n_rows: int
    n_distinct: int
    is_number: bool
    is_whole: bool
    is_time: bool
    formats: tuple[str, ...] = ()
    low: Any = None
    high: Any = None
    values: tuple[str, ...] = ()

    @property
    def is_unique(self) -> bool:
        """No value repeats and none is missing."""
        return self.n_distinct == self.n == self.n_rows

    @property
    def is_flag(self) -> bool:
        """Two values that say yes and no."""
        words = {value.lower() for value in self.values}
        return self.n_distinct == 2 and words <= {
            "0",
            "1",
            "yes",
            "no",
            "true",
            "false",
            "y",
            "n",
            "t",
            "f",
            "ja",
            "nein",
        }


@dataclass(frozen=True, kw_only=True)
class FileLook:
    """What a file holds and how it is written; `options` are the keys that its source needs."""

    paths: tuple[Path, ...]
    relation: Relation
    options: Mapping[str, Any]
    notes: Mapping[str, str]
    n_rows: int
    columns: Mapping[str, ColumnLook]
    currency: str | None = None
    reading: Reading = field(repr=False)

    @property
    def described(self) -> str:
        """A short name for its files."""
        return describe_files(self.paths)


def group_files(session: Session, paths: Sequence[Path]) -> list[list[Path]]:
    """Files that belong together: those of one kind with the same columns, such as one for each year."""
    groups: dict[tuple[object, ...], list[Path]] = {}
    for path in paths:
        kind = file_kind([path], where=str(path))
        columns: object = path
        if kind == "text":
            encoding = "utf-8-sig" if first_bad_byte(path, "utf-8") is None else suggest_encoding(path) or "cp1252"
            columns = (encoding, read_head(path, encoding).partition("\n")[0].strip())
        elif kind == "parquet":
            columns = _parquet_columns(session, path)
        groups.setdefault((kind, columns), []).append(path)
    return list(groups.values())


def _parquet_columns(session: Session, path: Path) -> tuple[object, ...]:
    try:
        return tuple(session.run("SELECT name FROM parquet_schema(?)", [str(path)]).fetchall())
    except duckdb.Error as problem:
        reason = str(problem).splitlines()[0]
        raise StudyError(f"{path}: cannot be read as Parquet: {reason}. Check the file.") from None


def look_at_files(session: Session, paths: Sequence[Path]) -> FileLook:
    """How are these files of one table written, and what does each of their columns hold?"""
    path, where = paths[0], str(paths[0])
    texts = [str(one) for one in paths]
    kind = file_kind(paths, where=where)
    options, notes = _text_options(path) if kind == "text" else ({}, {})
    if kind == "excel":
        options, notes = _sheet_options(path)
    relation = stage(session, SourceRule(path=texts, **options), path.parent, where=where)
    currency = None
    if kind == "text":
        more, said, currency = _number_options(session, relation)
        options, notes = {**options, **more}, {**notes, **said}
    rule = SourceRule(path=texts, **options)
    reading = Reading(rule=rule)
    (n_rows,) = session.run(f"SELECT count(*) FROM {quoted(relation.name)}").fetchone()
    columns = {name: _look_at_column(session, relation, reading, name, int(n_rows)) for name in relation.kinds}
    return FileLook(
        paths=tuple(paths),
        relation=relation,
        options=options,
        notes=notes,
        n_rows=int(n_rows),
        columns=columns,
        currency=currency,
        reading=reading,
    )


def _text_options(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    options: dict[str, Any] = {}
    notes: dict[str, str] = {}
    encoding = "utf-8"
    if (position := first_bad_byte(path, "utf-8")) is not None:
        encoding = suggest_encoding(path, besides="utf-8") or "cp1252"
        options["encoding"] = encoding
        notes["encoding"] = f"byte {position:,} is not UTF-8; this is the likeliest, look at names with accents"
    delimiter = sniff_delimiter(read_head(path, encoding))
    if delimiter != ",":
        options["delimiter"] = delimiter
        notes["delimiter"] = "the commonest separator of the header line"
    return options, notes


def _sheet_options(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    from crm_research.sources.excel import sheet_names

    names = sheet_names(path)
    if len(names) == 1:
        return {}, {}
    said = f"CHECK: only the first of {len(names)} sheets ({', '.join(names)}) is read; to add another, see Joins"
    return {"sheet": names[0]}, {"sheet": said}


def _number_options(session: Session, relation: Relation) -> tuple[dict[str, Any], dict[str, str], str | None]:
    """Decimal comma, thousands and currency signs, from columns whose values are then all numbers."""
    signs: dict[str, None] = {}
    decimal = thousands = False
    for name in relation.kinds:
        values = _values(session, relation, name)
        found = [sign for sign in CURRENCIES if any(sign in value for value in values)]
        bare = [_without(value, found) for value in values]
        if not bare or not all(re.fullmatch(r"[+-]?[\d.,]+", value) for value in bare):
            continue
        signs.update(dict.fromkeys(found))
        decimal |= (
            any("," in v for v in bare)
            and all(_COMMA_DECIMAL.fullmatch(v) or "," not in v for v in bare)
            and not any(_COMMA_THOUSANDS.fullmatch(v) for v in bare)
        )
        thousands |= any(_COMMA_THOUSANDS.fullmatch(v) for v in bare)
    options: dict[str, Any] = {}
    notes: dict[str, str] = {}
    if decimal:
        options["decimal"], notes["decimal"] = ",", "numbers such as 1.234,50"
    elif thousands:
        options["thousands"], notes["thousands"] = ",", "numbers such as 1,234.50"
    if signs:
        options["signs"], notes["signs"] = list(signs), "taken off before a number is read"
    return options, notes, CURRENCIES[next(iter(signs))] if signs else None


def _without(value: str, signs: list[str]) -> str:
    for sign in signs:
        value = value.replace(sign, "")
    return value.strip()


def _values(session: Session, relation: Relation, name: str) -> list[str]:
    text = f"trim(CAST({quoted(name)} AS VARCHAR))"
    # Distinct values in the order of their hashes: a spread of the column that is the same every time.
    rows = session.run(
        f"SELECT value FROM (SELECT DISTINCT {text} AS value FROM {quoted(relation.name)}) "
        f"WHERE value <> '' ORDER BY hash(value) LIMIT {_N_VALUES}"
    ).fetchall()
    return [row[0] for row in rows]


def _look_at_column(session: Session, relation: Relation, reading: Reading, name: str, n_rows: int) -> ColumnLook:
    kind, raw = relation.kinds[name], quoted(name)
    if kind == "other":
        return ColumnLook(name=name, n=0, n_rows=n_rows, n_distinct=0, is_number=False, is_whole=False, is_time=False)
    text = reading.text(f"CAST({raw} AS VARCHAR)")
    number = reading.cast(raw, kind, "float64") if kind in {"text", "integer", "number"} else None
    time = reading.cast(raw, kind, "timestamp") if kind not in {"number", "boolean"} else None
    asked = [f"count({text})", f"count(DISTINCT {text})"]
    for cast in (number, time):
        if cast is None:
            asked += ["1", "NULL", "NULL"]
        else:
            asked += [f"count(*) FILTER (WHERE {cast.bad or 'FALSE'})", f"min({cast.value})", f"max({cast.value})"]
    asked.append(f"count(*) FILTER (WHERE ({number.value}) <> trunc({number.value}))" if number else "1")
    found = session.run(f"SELECT {', '.join(asked)} FROM {quoted(relation.name)}").fetchone()
    n, n_distinct, bad_number, low, high, bad_time, first, last, n_fractions = found
    values = tuple(_values(session, relation, name))
    # Whole numbers of eight digits are dates only within the years that records have.
    is_time = bool(n) and not bad_time and first is not None and _is_sensible(first, last)
    formats: tuple[str, ...] = ()
    if n and not is_time and kind == "text":
        formats = _formats(session, relation, raw, values)
        if formats:
            first, last = _range(session, relation, reading, raw, formats[0])
    is_number = bool(n) and not bad_number and not is_time
    is_time = is_time or bool(formats)
    return ColumnLook(
        name=name,
        n=int(n),
        n_rows=n_rows,
        n_distinct=int(n_distinct),
        is_number=is_number,
        is_whole=is_number and not n_fractions,
        is_time=is_time,
        formats=formats,
        low=first if is_time else low if is_number else None,
        high=last if is_time else high if is_number else None,
        values=values,
    )


def _is_sensible(first: datetime, last: datetime) -> bool:
    return first.year >= 1900 and last.year <= 2100


def _formats(session: Session, relation: Relation, raw: str, values: tuple[str, ...]) -> tuple[str, ...]:
    fitting = formats_fitting(values)
    if not fitting:
        return ()
    tests = ", ".join(
        f"count(*) FILTER (WHERE trim({raw}) <> '' AND try_strptime(trim({raw}), {literals([form])}) IS NULL)"
        for form in fitting
    )
    bad = session.run(f"SELECT {tests} FROM {quoted(relation.name)}").fetchone()
    return tuple(form for form, n_bad in zip(fitting, bad, strict=True) if not n_bad)


def _range(session: Session, relation: Relation, reading: Reading, raw: str, form: str) -> tuple[Any, Any]:
    time = reading.cast(raw, "text", "timestamp", formats=[form]).value
    first, last = session.run(f"SELECT min({time}), max({time}) FROM {quoted(relation.name)}").fetchone()
    return first, last
