"""Looking at a file before its study exists: how it is written, and what each column holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from crm_research.common_tables import file_literal
from crm_research.contracts.set_checks import FEWEST_CUT
from crm_research.contracts.spelling import DIGITS_KEPT
from crm_research.errors import StudyError
from crm_research.said_by_others import say_fault
from crm_research.sources.definition import SourceRule
from crm_research.sources.drafts.layout import find_sheet_layout
from crm_research.sources.drafts.nothing import null_words
from crm_research.sources.drafts.times import counts_days, counts_since_1970, formats_of, is_sensible, range_of
from crm_research.sources.drafts.words import currency_column
from crm_research.sources.drafts.writing import distinct_values, header_line, number_options, text_options
from crm_research.sources.drafts.zones import are_of_one_place, with_zones, zones_behind
from crm_research.sources.mapping.casting import EXCEL, NULLS_OF_VALUES, Reading
from crm_research.sources.readers.files import describe_files, file_kind
from crm_research.sources.readers.staging import stage
from crm_research.sources.session import quoted

if TYPE_CHECKING:
    from crm_research.sources.session import Relation, Session


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
    zones
        What stands behind the clock of such times, with its blank: names of zones, all of one place.
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
    zones: tuple[str, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """How a study file says that its times are written, by the first format: several where zones stand behind."""
        return with_zones(self.formats[0], self.zones) if self.formats else ()

    @property
    def format_key(self) -> dict[str, Any]:
        """The key that says so, to be added to a column or an expression of it."""
        written = self.written
        return {} if not written else {"format": written[0] if len(written) == 1 else list(written)}

    @property
    def cut_short(self) -> str:
        """A long number of which a spreadsheet kept only the first digits, such as 1.23457E+15; empty without one.

        Of those that stand with noughts for the rest, all long numbers must end so, and be several.
        """
        said = [value.strip().removesuffix(".0") for value in self.values]
        long = [value for value in said if _LONG.fullmatch(value)]
        is_cut = len(set(long)) >= FEWEST_CUT and all(_KEPT.fullmatch(value) for value in long)
        return next((value for value in said if _CUT_SHORT.fullmatch(value)), long[0] if is_cut else "")

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
            "oui",
            "non",
            "si",
            "sí",
            "sim",
            "não",
            "nao",
            "tak",
            "nie",
            "nee",
            "da",
            "да",
            "нет",
            "是",
            "否",
            "예",
            "아니오",
        }


_CUT_SHORT: Final = re.compile(r"\d([.,]\d{1,8})?[eE]\+?(0?[6-9]|[1-4]\d)|\d([.,]\d{1,17})?[eE]\+[1-4]\d")
_LONG: Final = re.compile(rf"[1-9]\d{{{DIGITS_KEPT},}}")
_KEPT: Final = re.compile(rf"[1-9]\d{{{DIGITS_KEPT - 1}}}0+")


@dataclass(frozen=True, kw_only=True)
class FileLook:
    """What a file holds and how it is written; `options` are the keys that its source needs.

    `questions` holds the text that stands under a column's name, where the header takes several lines.
    """

    paths: tuple[Path, ...]
    relation: Relation
    options: Mapping[str, Any]
    notes: Mapping[str, str]
    n_rows: int
    columns: Mapping[str, ColumnLook]
    currency: str | None = None
    currencies: tuple[str, ...] = ()
    n_copies: int = 0
    questions: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = field(repr=False)

    def read_in_sql(self, column: str, target: str, *, formats: Sequence[str] | None = None) -> str:
        """SQL of the session for a column, read as an Ibis type as the study file would read it."""
        kind = self.relation.kinds[column]
        return self.reading.cast(quoted(column), kind, target, formats=formats).value

    @property
    def described(self) -> str:
        """A short name for its files, and of its sheet in a book of several."""
        name = describe_files(self.paths)
        return f"{name} ({self.options['sheet']})" if "sheet" in self.options else name


def group_files(session: Session, paths: Sequence[Path]) -> list[list[Path]]:
    """Files that belong together: those of one kind with the same columns, such as one for each year."""
    groups: dict[tuple[object, ...], list[Path]] = {}
    for path in paths:
        kind = file_kind([path], where=str(path))
        columns: object = path
        if kind == "text":
            columns = header_line(path)
        elif kind == "parquet":
            columns = _parquet_columns(session, path)
        groups.setdefault((kind, columns), []).append(path)
    return list(groups.values())


def _parquet_columns(session: Session, path: Path) -> tuple[object, ...]:
    try:
        return tuple(session.run(f"SELECT name FROM parquet_schema({file_literal(path)})").fetchall())
    except duckdb.Error as problem:
        raise StudyError(f"{path}: cannot be read as Parquet: {say_fault(problem)}. Check the file.") from None


def look_at_all(session: Session, paths: Sequence[Path]) -> list[FileLook]:
    """These files of one table as one look; a book of several sheets as one for each that holds something else."""
    if file_kind(paths, where=str(paths[0])) != "excel":
        return [look_at_files(session, paths)]
    from crm_research.sources.readers.excel import sheet_names

    names = sheet_names(paths[0])
    if len(names) == 1:
        return [look_at_files(session, paths)]
    looks: list[FileLook] = []
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        with suppress(StudyError):  # an empty sheet, or a picture
            look = look_at_files(session, paths, sheet=name)
            alike.setdefault(tuple(look.columns), []).append(name)
            looks += [look] if len(alike[tuple(look.columns)]) == 1 else []
    if not looks:
        raise StudyError(f"{paths[0]}: none of its sheets ({', '.join(names)}) holds a header line and rows.")
    return [_with_others_alike(look, alike[tuple(look.columns)]) for look in looks]


def _with_others_alike(look: FileLook, sheets: Sequence[str]) -> FileLook:
    if len(sheets) == 1:
        return look
    said = (
        f"CHECK: only this one of {len(sheets)} sheets with the same columns ({', '.join(sheets)}) is read; to read "
        "the others too, save each as a CSV file and name them all under path, or see Joins"
    )
    return replace(look, notes={**look.notes, "sheet": said})


def look_at_files(session: Session, paths: Sequence[Path], *, sheet: str | None = None) -> FileLook:
    """How are these files of one table written, and what does each of their columns hold?"""
    path, where = paths[0], str(paths[0])
    texts = [str(one) for one in paths]
    kind = file_kind(paths, where=where)
    options, notes, questions = text_options(paths) if kind == "text" else ({}, {}, {})
    if sheet is not None:
        options["sheet"] = sheet
    if kind == "excel":
        from crm_research.sources.readers.excel import sheet_cells

        layout = find_sheet_layout(sheet_cells(path, sheet))
        options, notes, questions = {**options, **layout.options}, {**notes, **layout.notes}, layout.questions
    relation = stage(session, SourceRule(path=texts, **options), path.parent, where=where)
    currency = None
    if kind == "text":
        more, said, currency = number_options(session, relation)
        options, notes = {**options, **more}, {**notes, **said}
    nothing = null_words(session, relation)
    if nothing:
        options["null_values"] = nothing
        notes["null_values"] = "CHECK: stand where nothing was said, and are taken for no value"
    rule = SourceRule(path=texts, **options)
    reading = Reading.of(replace(relation, rule=rule))
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
        currencies=_currencies(session, relation, columns),
        n_copies=_count_copies(session, relation, columns),
        questions={name: text for name, text in questions.items() if name in columns},
        reading=reading,
    )


def look_at_rows(session: Session, look: FileLook, condition: str) -> FileLook:
    """The same file, of which only the rows count that meet a condition in SQL of the session."""
    name = f"{look.relation.name}_rows"
    session.run(
        f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS SELECT * FROM {quoted(look.relation.name)} WHERE {condition}"
    )
    return look_at_columns(session, look, replace(look.relation, name=name))


def look_at_columns(session: Session, look: FileLook, relation: Relation) -> FileLook:
    """The same file as another relation of the same columns holds it."""
    (n_rows,) = session.run(f"SELECT count(*) FROM {quoted(relation.name)}").fetchone()
    columns = {one: _look_at_column(session, relation, look.reading, one, int(n_rows)) for one in relation.kinds}
    return replace(look, relation=relation, n_rows=int(n_rows), columns=columns)


def _currencies(session: Session, relation: Relation, columns: Mapping[str, ColumnLook]) -> tuple[str, ...]:
    """The codes of a column that names the currency of each row, the commonest first."""
    column = currency_column(columns)
    if column is None:
        return ()
    code = f"upper(trim({quoted(column)}))"
    rows = session.run(
        f"SELECT {code} AS code FROM {quoted(relation.name)} WHERE {code} <> '' GROUP BY 1 ORDER BY count(*) DESC, 1"
    ).fetchall()
    return tuple(row[0] for row in rows)


def _count_copies(session: Session, relation: Relation, columns: Mapping[str, ColumnLook]) -> int:
    """Rows that copy another in every column."""
    if not columns or any(look.is_unique for look in columns.values()):
        return 0
    name = quoted(relation.name)
    (n,) = session.run(
        f"SELECT (SELECT count(*) FROM {name}) - (SELECT count(*) FROM (SELECT DISTINCT * FROM {name}))"
    ).fetchone()
    return int(n)


def _look_at_column(session: Session, relation: Relation, reading: Reading, name: str, n_rows: int) -> ColumnLook:
    kind, raw = relation.kinds[name], quoted(name)
    if kind == "other":
        return ColumnLook(name=name, n=0, n_rows=n_rows, n_distinct=0, is_number=False, is_whole=False, is_time=False)
    clean = replace(reading, is_clean=kind == "text")
    number = clean.cast("plain", kind, "float64") if kind in {"text", "integer", "number"} else None
    time = clean.cast("plain", kind, "timestamp") if kind not in {"number", "boolean"} else None
    # Each reading is long: it is written once, and what it gives is counted above it.
    plain = reading.text(raw, nulls=NULLS_OF_VALUES) if kind == "text" else raw
    rows = f"SELECT {reading.text(f'CAST({raw} AS VARCHAR)')} AS said, {plain} AS plain FROM {quoted(relation.name)}"
    read = ["said", "plain"]
    asked = ["count(said)", "count(DISTINCT said)", "count(plain)", "count(DISTINCT plain)"]
    for cast, of in ((number, "number"), (time, "time")):
        if cast is None:
            asked += ["1", "NULL", "NULL"]
        else:
            read += [f"{cast.bad or 'FALSE'} AS bad_{of}", f"{cast.value} AS a_{of}"]
            asked += [f"count(*) FILTER (WHERE bad_{of})", f"min(a_{of})", f"max(a_{of})"]
    asked.append("count(*) FILTER (WHERE a_number <> trunc(a_number))" if number else "1")
    found = session.run(f"SELECT {', '.join(asked)} FROM (SELECT {', '.join(read)} FROM ({rows}))").fetchone()
    n, n_distinct, n_plain, n_plain_distinct, bad_number, low, high, bad_time, first, last, n_fractions = found
    nothing = set(reading.rule.null_values or ())
    values = tuple(value for value in distinct_values(session, relation, name) if value not in nothing)
    # Whole numbers of eight digits are dates only within the years that records have.
    is_time = bool(n) and not bad_time and first is not None and is_sensible(first, last)
    formats: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    if n and not is_time and kind == "text":
        zones = zones_behind(value for value in values if value not in NULLS_OF_VALUES) or ()
        zones = zones if are_of_one_place(zones) else ()
        formats = formats_of(session, relation, reading, raw, values, zones)
        if formats:
            first, last = range_of(session, relation, reading, raw, with_zones(formats[0], zones))
    if n and not is_time and not formats and not bad_number and counts_days(name, low, high):
        formats = (EXCEL,)
        first, last = range_of(session, relation, reading, f"CAST({raw} AS VARCHAR)", [EXCEL])
    if (
        n
        and not is_time
        and not formats
        and not bad_number
        and not n_fractions
        and (unit := counts_since_1970(name, low, high))
    ):
        formats = (unit,)
        first, last = range_of(session, relation, reading, raw, [unit], kind)
    is_number = bool(n) and not bad_number and not is_time and not formats
    is_time = is_time or bool(formats)
    if is_time or is_number:  # - and NA among values are none
        n, n_distinct = n_plain, n_plain_distinct
    return ColumnLook(
        name=name,
        n=int(n),
        n_rows=n_rows,
        n_distinct=int(n_distinct),
        is_number=is_number,
        is_whole=is_number and not n_fractions,
        is_time=is_time,
        formats=formats,
        zones=zones if formats else (),
        low=first if is_time else low if is_number else None,
        high=last if is_time else high if is_number else None,
        values=values,
    )
