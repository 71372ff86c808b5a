"""Records of several systems in one spelling: originals kept, each step told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_research.errors import ParameterError, StudyError
from crm_research.standards import dates, names
from crm_research.standards.countries import read_country
from crm_research.standards.distinct import DistinctRows, Row, map_rows
from crm_research.standards.steps import STEPS, Step

TEXTS: Final = (
    "system", "local_id", "kind", "name", "given_name", "family_name", "company", "email", "phone", "street",
    "postcode",
    "city", "region", "country", "birth_date", "identifier",
)  # fmt: skip
TIMES: Final = ("registered_at", "updated_at")
_WITHIN: Final = ("street_city", "street_region")
# So many values of a system must show an order by themselves; of names, which are misspelt, one in a hundred may be
# against it, of dates none.
_VALUES_THAT_SHOW: Final = 20
_SLIPS: Final = 0.01
_LONGEST_TEXT: Final = 400
_LIBRARIES: Final = ("opencc", "phonenumbers", "pypinyin", "stdnum")


@dataclass(frozen=True, eq=False, kw_only=True)
class Standardised:
    """Records in one spelling.

    Parameters
    ----------
    records
        The rows that were given, in their order and with every column as it was, and the columns ``std_...``.
    log
        Grain: step and column written. ``step``, ``column``, ``n_values`` (records that had something to read),
        ``n_distinct`` (of them), ``n_written`` (records that have a value in the column made), ``n_changed`` (where
        it is written otherwise than in the column it stands for), ``n_not_understood`` (nothing could be read),
        ``n_ambiguous`` (two readings, none chosen), ``n_doubtful`` (read, but no such thing is given out there). No
        value is shown.
    notes
        What two readings were settled by: sentences on the order in which a system writes dates or Chinese names.
    """

    records: pa.Table
    log: pa.Table
    notes: tuple[str, ...] = ()


def standardise(records: pa.Table, *, country: str | None, n_processes: int | None = None) -> Standardised:
    """Records in one spelling: each step asks once for each distinct value, changes nothing it does not understand.

    Parameters
    ----------
    records
        Any of the columns of `customer_records`, as text; the more, the better.
    country
        Where records say no country: its code of two letters, or None where there is no such.
    n_processes
        Beside each other at most.

    Raises
    ------
    ParameterError
        If the country is none, or a column is not text.
    StudyError
        If a library of the extra ``linking`` is not installed.
    """
    _check_libraries()
    columns = _text_columns(records)
    code = None if country is None else read_country(country)
    if country is not None and code is None:
        raise ParameterError(f"The country {country!r} is not known: write its code of two letters, such as DE or CN.")
    columns["date_order"], dates_said = _orders(columns, "birth_date", dates.order_shown, 0.0)
    columns["name_order"], names_said = _orders(columns, "name", names.order_shown, _SLIPS)
    columns["latest_year"] = _repeat(_latest_year(records), len(records))
    made: dict[str, pa.Array] = {}
    log: list[dict[str, Any]] = []
    for step in STEPS:
        log += _take(step, columns, made, len(records), n_processes)
        if step.name == "countries" and code is not None:
            # Where a country is said that is not known, it is not taken to be this one.
            is_unsaid = pc.is_null(columns["country"]).combine_chunks()
            made["std_country"] = pc.if_else(is_unsaid, code, made["std_country"])
        columns |= {name: pa.chunked_array([values]) for name, values in made.items()}
    standard = {name: values for name, values in made.items() if name not in _WITHIN}
    kept = [name for name in records.column_names if name not in standard]
    table = records.select(kept)
    for name, values in standard.items():
        table = table.append_column(name, values)
    return Standardised(records=table, log=pa.Table.from_pylist(log, schema=_LOG), notes=(*dates_said, *names_said))


_LOG: Final = pa.schema(
    [
        ("step", pa.string()),
        ("column", pa.string()),
        *(
            (name, pa.int64())
            for name in (
                "n_values",
                "n_distinct",
                "n_written",
                "n_changed",
                "n_not_understood",
                "n_ambiguous",
                "n_doubtful",
            )
        ),
    ]
)


def _check_libraries() -> None:
    from importlib.util import find_spec

    lacking = [name for name in _LIBRARIES if find_spec(name) is None]
    if lacking:
        raise StudyError(
            f"Standardising records needs {lacking[0]}, which is not installed: "
            'pip install "crm-research[linking]" brings it.'
        )


def _text_columns(records: pa.Table) -> dict[str, pa.ChunkedArray]:
    columns = {}
    for name in TEXTS:
        if name not in records.column_names:
            columns[name] = _repeat(None, len(records))
            continue
        column = records.column(name)
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
            raise ParameterError(f"customer_records.{name}: text is expected; found {kind}. Read the column as text.")
        said = column.cast(pa.string())
        columns[name] = pc.if_else(pc.equal(pc.utf8_trim_whitespace(said), ""), pa.scalar(None, pa.string()), said)
    return columns


def _repeat(value: str | None, n: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.repeat(pa.scalar(value, pa.string()), n)])


def _latest_year(records: pa.Table) -> str | None:
    """The last year that a record was made or changed in: what the records know of today."""
    years = [
        pc.max(pc.year(records.column(name))).as_py()
        for name in TIMES
        if name in records.column_names and pa.types.is_temporal(records.column(name).type)
    ]
    known = [year for year in years if year is not None]
    return str(max(known)) if known else None


def _orders(
    columns: dict[str, pa.ChunkedArray], name: str, shown_by: Callable[[str], str | None], most_against: float
) -> tuple[pa.ChunkedArray, list[str]]:
    """Which of two orders each system writes a column in, where its own values show it and hardly any contradicts."""
    distinct = DistinctRows([columns["system"], columns[name]])
    shown: dict[str | None, Counter[str]] = {}
    for (system, text), n in zip(distinct.rows, distinct.counts.tolist(), strict=True):
        order = shown_by(text) if text else None
        if order:
            shown.setdefault(system, Counter())[order] += n
    orders = {}
    said = []
    for system, counted in sorted(shown.items(), key=lambda one: one[0] or ""):
        (order, n), *others = counted.most_common()
        if n >= _VALUES_THAT_SHOW and sum(against for _, against in others) <= most_against * n:
            orders[system] = order
            against = sum(n for _, n in others)
            said.append(_SETTLED[name].format(system=system or "the records", order=order, n=n, against=against))
    return pa.chunked_array([distinct.spread([orders.get(system) for system, _ in distinct.rows])]), said


_SETTLED: Final = {
    "birth_date": "Birth dates of {system} that have two readings are read {order}: "
    "{n:,} others show it, {against:,} the other way.",
    "name": "Chinese names of {system} in Latin letters that have two readings are read {order}: "
    "{n:,} others show it, {against:,} the other way.",
}


def _take(
    step: Step, columns: dict[str, pa.ChunkedArray], made: dict[str, pa.Array], n_rows: int, n_processes: int | None
) -> list[dict[str, Any]]:
    """Take a step: its columns are added to `made`; what it did is the answer."""
    is_asked = np.zeros(n_rows, dtype=bool)
    for name in step.needs:
        is_asked |= pc.is_valid(columns[name]).to_numpy(zero_copy_only=False)
    where = np.flatnonzero(is_asked)
    if not len(where):
        made.update({name: pa.nulls(n_rows, pa.string()) for name in step.writes})
        return []
    rows = DistinctRows([columns[name].take(pa.array(where)) for name in step.reads])
    answers = _ask(step, rows.rows, n_processes)
    flaws = [answer[-1] for answer in answers]
    back = np.full(n_rows, len(answers), dtype=np.int64)
    back[where] = rows.place
    for at, name in enumerate(step.writes):
        values = pa.array([*(answer[at] for answer in answers), None], type=pa.string())
        made[name] = values.take(pa.array(back))
    counts = {
        flaw: int(sum(rows.counts[[said == flaw for said in flaws]])) for flaw in ("refused", "ambiguous", "doubtful")
    }
    return [
        {
            "step": step.name,
            "column": name,
            "n_values": len(where),
            "n_distinct": len(rows.rows),
            "n_written": len(made[name]) - made[name].null_count,
            "n_changed": _count_changed(columns[_read_for(step, name)], made[name]),
            "n_not_understood": counts["refused"],
            "n_ambiguous": counts["ambiguous"],
            "n_doubtful": counts["doubtful"],
        }
        for name in step.writes
        if name not in _WITHIN
    ]


def _ask(step: Step, rows: list[Row], n_processes: int | None) -> list[Any]:
    """The step's answers; a text too long to be what its column says is not understood, and costs no time."""
    is_short = [all(text is None or len(text) <= _LONGEST_TEXT for text in row) for row in rows]
    said = map_rows(
        step.function, [row for row, fits in zip(rows, is_short, strict=True) if fits], n_processes=n_processes
    )
    refused = (*(None for _ in step.writes), "refused")
    answered = iter(said)
    return [next(answered) if fits else refused for fits in is_short]


_STANDS_FOR: Final = {"std_given": "given_name", "std_family": "family_name", "std_kind": "kind"}


def _read_for(step: Step, name: str) -> str:
    """The column that one made stands for."""
    return _STANDS_FOR.get(name, step.needs[0])


def _count_changed(before: pa.ChunkedArray, after: pa.Array) -> int:
    changed = pc.fill_null(pc.not_equal(before.combine_chunks(), after), fill_value=False)
    return int(pc.sum(changed).as_py() or 0)
