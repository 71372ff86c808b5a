"""Records in an engine of their own, each with its customer, its values as they should be written, and its keys."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from crm_research.repair.units import COLUMNS, COMMON, PARTS, UNITS, WRITTEN, shouted_sql, tidy_sql
from crm_research.sources.record_engine import RecordEngine
from crm_research.sources.record_parts import own_number_sql

if TYPE_CHECKING:
    pass

RECORDS: Final = "held_records"
# Customers of whom several records tell.
SEVERAL: Final = "customers_of_several"
_STANDARDS: Final = (
    "std_name_key", "std_untrue_name", "std_company", "std_email", "std_email_key", "std_untrue_email", "std_phone",
    "std_untrue_phone", "std_street", "std_house_number", "std_postcode", "std_city", "std_region", "std_country",
    "std_birth_date", "std_birth_year", "std_identifier",
)  # fmt: skip
_TIMES: Final = ("registered_at", "updated_at")


def raw(column: str) -> str:
    """Name of the column that holds what stands in the source."""
    return f"raw_{column}"


def new(column: str) -> str:
    """Name of the column that holds the same as it should be written."""
    return f"new_{column}"


def level(unit: str) -> str:
    """Name of the column that says how much the record's word on it counts."""
    return f"level_{unit}"


class Held(RecordEngine):
    """Records of customers in an engine, ready to be compared column by column.

    Parameters
    ----------
    records
        Standardised (`crm_research.standards`).
    links
        system, local_id, customer_id; None where nothing links them.
    as_of
        Records made or changed later are not known yet, and left out.
    """

    def __init__(self, records: pa.Table, links: pa.Table | None, *, as_of: datetime) -> None:
        super().__init__()
        self.n_given = records.num_rows
        self.systems: list[str] = sorted({str(one) for one in records["system"].unique().to_pylist()})
        self._register(records, links, as_of)
        ((self.n_records, self.n_customers),) = self.ask(f"SELECT count(*), count(DISTINCT customer) FROM {RECORDS}")

    def _register(self, records: pa.Table, links: pa.Table | None, as_of: datetime) -> None:
        self.con.register("given", _alike(records))
        self.con.register("links", _NO_LINKS if links is None else links.select(_NO_LINKS.column_names))
        for column, standard in COMMON.items():
            self._count_writings(column, standard)
        own = own_number_sql("g.system", "g.local_id")
        tidied = {column: tidy_sql(f"g.{column}") for column in COLUMNS}
        written = {column: f"coalesce({standard}, {tidied[column]})" for column, standard in WRITTEN.items()}
        common = {column: f"coalesce(w_{column}.written, {tidied[column]})" for column in COMMON}
        made = tidied | written | common
        columns = [
            "g.system", "g.local_id", f"{own} AS record", f"coalesce(l.customer_id, {own}) AS customer",
            "coalesce(g.updated_at, g.registered_at) AS moment",
            *(f"g.{column} AS {raw(column)}" for column in COLUMNS),
            # What is empty stays so: a town that stands in the street's line is not written beside it.
            *(f"CASE WHEN {tidied[c]} IS NOT NULL THEN {sql} END AS {new(c)}" for c, sql in made.items()),
            *(f"{sql} AS {part}" for part, sql in PARTS.items()),
            *(f"{unit.level} AS {level(unit.name)}" for unit in UNITS),
            f"{' + '.join(f'({one} IS NOT NULL)::INT' for one in tidied.values())} AS n_said",
        ]  # fmt: skip
        joins = " ".join(
            f"LEFT JOIN writings_{column} w_{column} ON w_{column}.said = g.{standard}"
            for column, standard in COMMON.items()
        )
        known = " AND ".join(f"(g.{name} IS NULL OR g.{name} <= ?)" for name in _TIMES)
        self.con.execute(
            f"CREATE TABLE {RECORDS} AS SELECT {', '.join(columns)} FROM given g "
            f"LEFT JOIN links l ON l.system = g.system AND l.local_id = g.local_id {joins} WHERE {known}",
            [as_of] * len(_TIMES),
        )
        self.con.execute(
            f"CREATE TABLE {SEVERAL} AS SELECT customer FROM {RECORDS} GROUP BY customer HAVING count(*) > 1"
        )
        for name in ("given", "links"):
            self.con.unregister(name)

    def _count_writings(self, column: str, standard: str) -> None:
        """How most records write each town and each region; of equals the plainer, then the first by its signs."""
        self.con.execute(
            f"CREATE TABLE writings_{column} AS SELECT said, "
            f"first(written ORDER BY n DESC, {shouted_sql('written')}, written) AS written FROM ("
            f"SELECT {standard} AS said, {tidy_sql(column)} AS written, count(*) AS n FROM given "
            f"WHERE {standard} IS NOT NULL AND {tidy_sql(column)} IS NOT NULL GROUP BY ALL) GROUP BY said"
        )


_NO_LINKS: Final = pa.table({name: pa.array([], pa.string()) for name in ("system", "local_id", "customer_id")})


def _alike(records: pa.Table) -> pa.Table:
    """The columns that are read, those that the study does not have empty."""
    texts = ("system", "local_id", *COLUMNS, *_STANDARDS)
    held = {name: _column(records, name, pa.string()) for name in texts}
    return pa.table(held | {name: _column(records, name, pa.timestamp("us")) for name in _TIMES})


def _column(records: pa.Table, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    if name not in records.column_names:
        return pa.chunked_array([pa.nulls(records.num_rows, kind)])
    return records.column(name).cast(kind, safe=False)
