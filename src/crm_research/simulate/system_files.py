"""Files of the systems: CSV that differs in delimiter, encoding, dates, names and phone numbers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from crm_research.simulate.columns import flags, name_codes, number_ids, numbers, place_instants, take_rows
from crm_research.simulate.people import People
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.systems import SYSTEMS, Records, System, draw_records, true_phones
from crm_research.simulate.tables import NAMES, Rows, customer_ids, name_places
from crm_research.simulate.words import COMPANY_ENDINGS
from crm_research.simulate.writing import TableWriter

SYSTEMS_FOLDER: Final = "systems"
_FALSE_NAMES: Final = ("test test", "asdf", "Xxx Xxx", "N. N.", "测试")
_RECORD_DIGITS: Final = 11


def write_records(
    folder: Path, world: WorldSettings, block: int, people: People, secrets: TableWriter
) -> list[tuple[Records, pa.StringArray]]:
    """Append a block's records to each system's file, and whose they are to the truth's ``system_records``.

    Gives each system's records with their ids.
    """
    (folder / SYSTEMS_FOLDER).mkdir(exist_ok=True)
    held = []
    for place, system in enumerate(SYSTEMS):
        records = draw_records(world, block, people, place)
        ids = number_ids(system.name[0].upper(), (records.number, _RECORD_DIGITS))
        rows = pa.table(dict(_record_rows(world, people, system, records, ids)))
        path = folder / SYSTEMS_FOLDER / f"customers_{system.name}.csv"
        _append_csv(path, rows, system, has_header=block == 0)
        secrets.append("system_records", _true_record_rows(people, system, records, ids))
        held.append((records, ids))
    return held


def _record_rows(world: WorldSettings, people: People, system: System, records: Records, ids: pa.StringArray) -> Rows:
    customer = np.maximum(records.customer, 0)
    is_real = records.customer >= 0
    name = np.where(
        is_real, name_places(people)[customer] * _N_SLIPS + records.typo, len(NAMES) * _N_SLIPS + records.false_name
    )
    birth_year = world.start.year - np.where(records.has_age, people.age[customer], np.nan)
    address = number_ids("c", (true_phones(people)[customer] % 10**9, 9))
    email = pc.binary_join_element_wise(address, "@example.org", "")
    return {
        "record_id": ids,
        "name": name_codes(_written_names(system), name),
        "phone": _written_phones(system, records),
        "email": take_rows(email, np.where(records.has_email, np.arange(len(customer)), -1)),
        "birth_year": numbers(birth_year).cast(pa.int64()),
        "region": name_codes(system.region_names, np.where(is_real, people.region[customer], -1)),
        "registered": pc.strftime(place_instants(world.start, records.registered), system.date_format),
    }


def _true_record_rows(people: People, system: System, records: Records, ids: pa.StringArray) -> Rows:
    is_real = records.customer >= 0
    owner = customer_ids(people, np.maximum(records.customer, 0))
    return {
        "system": name_codes([system.name], np.zeros(len(ids), dtype=np.int64)),
        "record_id": ids,
        "customer_id": take_rows(owner, np.where(is_real, np.arange(len(ids)), -1)),
        "is_duplicate": flags(records.kind == 1),
        "is_false": flags(~is_real),
        "has_misspelt_name": flags(records.typo > 0),
        "has_wrong_phone": flags(records.has_wrong_phone),
    }


_N_SLIPS: Final = 4


def _written_names(system: System) -> list[str]:
    """Each name right and with its three slips, as the system writes it; then the false names."""
    slips = [slip for name in NAMES for slip in (name, *_slips_of(name))]
    return [*(_write_name(system, name) for name in slips), *_FALSE_NAMES]


def _slips_of(name: str) -> tuple[str, str, str]:
    """Two letters swapped, one left out, one doubled; names too short to swap in are cut or doubled."""
    middle = len(name) // 2
    swapped = name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]
    return swapped, name[:middle] + name[middle + 1 :], name[:middle] + name[middle - 1 :]


def _write_name(system: System, name: str) -> str:
    is_company = name.endswith(COMPANY_ENDINGS)
    given, _, family = name.partition(" ")
    if not system.puts_family_first or is_company or not family:
        return name
    return f"{family.upper()}, {given}"


def _written_phones(system: System, records: Records) -> pa.Array:
    before, first, second = system.phone_marks
    digits = np.maximum(records.phone, 0)
    area, middle, end = digits // 10**7, digits // 10**4 % 1000, digits % 10**4
    groups = [number_ids("", (part, width)) for part, width in ((area, 3), (middle, 3), (end, 4))]
    marks = [pa.scalar(mark) for mark in (before, first, second)]
    written = pc.binary_join_element_wise(marks[0], groups[0], marks[1], groups[1], marks[2], groups[2], "")
    return take_rows(written, np.where(records.phone < 0, -1, np.arange(len(digits))))


def _append_csv(path: Path, rows: pa.Table, system: System, *, has_header: bool) -> None:
    options = pyarrow.csv.WriteOptions(include_header=has_header, delimiter=system.delimiter, quoting_style="needed")
    written = io.BytesIO()
    pyarrow.csv.write_csv(rows, written, options)
    # A byte order mark belongs at the beginning of the file only.
    encoding = "utf-8" if system.encoding == "utf-8-sig" and not has_header else system.encoding
    with path.open("ab") as file:
        file.write(written.getvalue().decode("utf-8").encode(encoding))
