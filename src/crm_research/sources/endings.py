"""How a file is read is told by how its name ends."""

from __future__ import annotations

from typing import Final

TEXT_ENDINGS: Final = (".csv", ".tsv", ".txt", ".dat", ".csv.gz", ".tsv.gz", ".txt.gz")
PARQUET_ENDINGS: Final = (".parquet", ".pq")
EXCEL_ENDINGS: Final = (".xlsx", ".xls", ".xlsb", ".xlsm", ".ods")
DUCKDB_ENDINGS: Final = (".duckdb", ".ddb")
SQLITE_ENDINGS: Final = (".sqlite", ".sqlite3", ".db")
KINDS_OF_ENDINGS: Final = {
    "text": TEXT_ENDINGS,
    "parquet": PARQUET_ENDINGS,
    "excel": EXCEL_ENDINGS,
    "duckdb": DUCKDB_ENDINGS,
    "sqlite": SQLITE_ENDINGS,
}

DATA_ENDINGS: Final[tuple[str, ...]] = sum(KINDS_OF_ENDINGS.values(), ())
