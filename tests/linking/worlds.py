"""Records for tests of linking, and how good links are beside the truth."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from crm_research.linking.linked import Linked, link_records
from crm_research.linking.model import train
from crm_research.linking.prepared import Prepared
from crm_research.standards import standardise


def a_table(rows: list[dict[str, str | None]]) -> pa.Table:
    names = sorted({"system", "local_id"}.union(*rows))
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def prepare(
    rows: list[dict[str, str | None]] | pa.Table, unique: tuple[str, ...] = (), country: str = "DE"
) -> Prepared:
    table = rows if isinstance(rows, pa.Table) else a_table(rows)
    return Prepared(standardise(table, country=country, n_processes=1).records, unique=unique)


def link(rows: list[dict[str, str | None]] | pa.Table, unique: tuple[str, ...] = (), **how) -> Linked:
    prepared = prepare(rows, unique)
    return link_records(prepared, train(prepared), **how)


def n_pairs(whose: pd.Series) -> int:
    counts = whose.value_counts()
    return int((counts * (counts - 1) // 2).sum())


def precision_recall(found: pd.Series, true: pd.Series) -> tuple[float, float]:
    both = n_pairs(found.astype(str) + "|" + true.astype(str))
    return both / max(n_pairs(found), 1), both / max(n_pairs(true), 1)


GIVEN = ("Ann", "Bo", "Cy", "Dirk", "Eve", "Finn", "Gustav")
FAMILY = ("Arp", "Bellmann", "Coe", "Dornbusch", "Eck")


def a_person(number: int, system: str, **more: str | None) -> dict[str, str | None]:
    """One of a thousand people who share a few names, and nothing else."""
    return {
        "system": system,
        "local_id": str(number),
        "name": f"{GIVEN[number % 7]} {FAMILY[number // 7 % 5]}",
        "email": f"x{number}@example.org",
        "phone": f"030 12{10000 + number * 7}",
        "birth_date": f"19{50 + number * 7 % 40}-0{1 + number * 11 % 9}-1{number % 10}",
        "city": ("Kiel", "Ulm", "Bonn")[number % 3],
    } | more
