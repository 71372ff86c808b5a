"""Untrue records of a study's systems: its records in one spelling, and of which of them is there reason to doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crm_research.contracts import RECORD_KEY, RECORDS
from crm_research.errors import StudyError
from crm_research.features.lots import lot_of, share_of
from crm_research.features.suspicions import SUSPICIONS, count_suspicions, say_evidence, suspect_records
from crm_research.sources.record_engine import RecordEngine
from crm_research.sources.resolving import own_number
from crm_research.standards import standardise
from crm_research.standards.records import TEXTS

if TYPE_CHECKING:
    from crm_research.study import Study

# More are not read: what many records share, some of them drawn by lot share, too.
MOST_RECORDS: Final = 300_000
MOST_LISTED: Final = 10_000
# A suspicion and what a record must say for it to be looked into: any of some columns, and all others.
_NAMES: Final = ("name", "given_name", "family_name", "company")
_ASKS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "placeholder_name": (_NAMES, ()),
    "keyboard_name": (_NAMES, ()),
    "placeholder_email": (("email",), ()),
    "placeholder_phone": (("phone",), ()),
    "born_on_january_first": ((), ("std_birth_date",)),
    "shared_phone": ((), ("std_phone",)),
    "shared_email": ((), ("std_email_key",)),
    "misplaced_city": ((), ("std_postcode", "std_city")),
    "birth_against_identifier": ((), ("std_identifier", "std_birth_date")),
}
_CHINESE: Final = "cn.ric"


@dataclass(frozen=True, kw_only=True)
class UntrueCount:
    """How many records are under one suspicion?

    Parameters
    ----------
    suspicion
        One of `SUSPICIONS`.
    n_checked
        Records that say what it is looked for in.
    n_suspected
        Those under suspicion.
    n_by_chance
        Of them, how many chance alone explains.
    """

    suspicion: str
    n_checked: int
    n_suspected: int
    n_by_chance: float


@dataclass(frozen=True, eq=False, kw_only=True)
class UntrueRecords:
    """Which records of the systems give reason to doubt them?

    Parameters
    ----------
    counts
        Of each suspicion that some record says enough for; those that found nothing among them.
    listed
        Record and suspicion, the first `MOST_LISTED`: suspicion, system, local_id, evidence; no value of a record.
    n_records, n_read
        Records of the systems, and those that were read: all of them, or some drawn by lot.
    why_not
        Why none was read; empty where that could be done.
    """

    counts: tuple[UntrueCount, ...] = ()
    listed: pd.DataFrame
    n_records: int = 0
    n_read: int = 0
    why_not: str = ""


def find_untrue_records(study: Study, *, most: int = MOST_RECORDS) -> UntrueRecords | None:
    """Which records of customers, as the systems have them, are not of anybody? None for a study without systems.

    Parameters
    ----------
    study
        With ``customer_records``; those of all times are looked at, as the checks do.
    most
        About so many are read, drawn by lot where there are more: they are brought into one spelling in Python.
    """
    if not study.has(RECORDS):
        return None
    held = study.table(RECORDS)
    n_records = int(held.count().to_pyarrow().as_py())
    share = share_of(n_records, most)
    drawn = held if share == 1.0 else held.filter(lot_of(own_number(held.system, held.local_id)) < share)
    rows = drawn.select([name for name in TEXTS if name in held.columns]).to_pyarrow()
    try:
        standard = standardise(rows, country=None).records
    except StudyError as problem:
        return UntrueRecords(listed=_as_list([]), n_records=n_records, why_not=str(problem))
    # An engine of this machine: what one spelling is made of is not that of the study any more.
    there = ibis.duckdb.from_connection(RecordEngine().con).create_table("records", standard)
    suspected = suspect_records(there)
    found = {one["suspicion"]: one for one in count_suspicions(suspected).to_pyarrow().to_pylist()}
    counts = []
    for name, n_checked in _count_asked(standard).items():
        one = found.get(name, {"n_suspected": 0, "n_by_chance": 0.0})
        if n_checked:
            counts.append(
                UntrueCount(
                    suspicion=name,
                    n_checked=n_checked,
                    n_suspected=int(one["n_suspected"]),
                    n_by_chance=float(one["n_by_chance"]),
                )
            )
    first = suspected.order_by("suspicion", *RECORD_KEY).limit(MOST_LISTED).to_pyarrow().to_pylist()
    return UntrueRecords(
        counts=tuple(counts), listed=_as_list(first), n_records=n_records, n_read=standard.num_rows
    )  # fmt: skip


def _count_asked(records: pa.Table) -> dict[str, int]:
    """Of each suspicion the records that say what it is looked for in."""
    is_chinese = pc.fill_null(pc.equal(records["std_identifier_kind"], _CHINESE), fill_value=False)
    asked = {}
    for name, (any_of, all_of) in _ASKS.items():
        flags = [_says(records, column) for column in all_of]
        either = [_says(records, column) for column in any_of if column in records.column_names]
        if any_of:
            flags.append(_either(either, records.num_rows))
        if name == "birth_against_identifier":
            flags.append(is_chinese)
        is_asked = flags[0]
        for flag in flags[1:]:
            is_asked = pc.and_(is_asked, flag)
        asked[name] = int(pc.sum(is_asked).as_py() or 0)
    return asked


def _says(records: pa.Table, column: str) -> pa.ChunkedArray:
    text = pc.utf8_trim_whitespace(records[column].cast(pa.string()))
    return pc.fill_null(pc.not_equal(text, ""), fill_value=False)


def _either(flags: list[pa.ChunkedArray], n: int) -> pa.ChunkedArray:
    found = pa.chunked_array([pa.repeat(pa.scalar(value=False), n)])
    for flag in flags:
        found = pc.or_(found, flag)
    return found


def _as_list(rows: list[dict[str, object]]) -> pd.DataFrame:
    told = [
        {
            "suspicion": SUSPICIONS[str(row["suspicion"])].label,
            "system": row["system"],
            "local_id": row["local_id"],
            "evidence": say_evidence(
                str(row["suspicion"]), n_alike=int(str(row["n_alike"])), n_against=int(str(row["n_against"]))
            ),
        }
        for row in rows
    ]
    return pd.DataFrame(told, columns=["suspicion", *RECORD_KEY, "evidence"])
