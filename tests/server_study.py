"""The simulated study laid into a PostgreSQL server: a schema of its own, names in capitals and in Chinese."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import psycopg
import yaml
from psycopg import sql

from crm_research.contracts import contract_of

DATABASE = "客户 CRM"
SCHEMA = "Verkauf 销售"
READER, READS_ONLY = "nur_lesen", "reads only"
_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "DOUBLE": "double precision",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "DATE": "date",
}
_CAPITALS = {"orders": "ORDERS", "order_lines": "OrderLines", "customers": "客户", "contracts": "Verträge 合同"}


def connect_as_keeper(socket: Path, database: str = "postgres", port: int = 5432) -> psycopg.Connection[Any]:
    """The server as its owner, who may do everything."""
    return psycopg.connect(
        host=str(socket), port=port, user="keeper", password="correct horse", dbname=database, autocommit=True
    )


def lay_study(socket: Path, world: Path, file: Path, *, port: int = 5432, database: str = DATABASE) -> Path:
    """Copy the tables of a simulated world into the server, and write the study file that reads them there.

    The database sorts text as a dictionary does; the role that the file names may select and do nothing else.
    """
    study = yaml.safe_load((world / "study.yaml").read_text(encoding="utf-8"))
    with connect_as_keeper(socket, port=port) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(database)))
        make = sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database))
        try:
            connection.execute(make + sql.SQL(" LOCALE_PROVIDER icu ICU_LOCALE 'de'"))
        except (psycopg.errors.SyntaxError, psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedObject):
            connection.execute(make)  # before version 15, or built without such languages
    url = f"postgres://{READER}:${{CRM_TEST_READER}}@/{database.replace(' ', '%20')}?host={socket}"
    study["engine"] = url + (f"&port={port}" if port != 5432 else "")
    with connect_as_keeper(socket, database, port) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
        for table, rule in study["tables"].items():
            files = str(world / rule["from"])
            names = _lay_table(connection, table, files)
            rule["from"] = {"url": study["engine"], "table": f"{SCHEMA}.{_table_name(table)}"}
            declared = rule.pop("attributes", {})
            rule["columns"] = {name: names[name] for name in names if name in contract_of(table).column_names}
            if declared:
                rule["attributes"] = {name: {"column": names[name], "type": kind} for name, kind in declared.items()}
        _make_reader(connection, database)
    file.write_text(yaml.safe_dump(study, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def _lay_table(connection: psycopg.Connection[Any], table: str, files: str) -> dict[str, str]:
    """The table with all its rows; canonical column to what it is called there."""
    rows = duckdb.sql(f"SELECT * FROM read_parquet('{files}')")
    names = {name: _column_name(name, place) for place, name in enumerate(rows.columns)}
    kinds = [_TYPES[str(kind)] for kind in rows.types]
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(names[name]), sql.SQL(kind))
        for name, kind in zip(rows.columns, kinds, strict=True)
    )
    target = sql.Identifier(SCHEMA, _table_name(table))
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(target, columns))
    with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(target)) as copy:
        while batch := rows.fetchmany(20_000):
            for row in batch:
                copy.write_row(row)
    connection.execute(sql.SQL("ANALYZE {}").format(target))
    return names


def _make_reader(connection: psycopg.Connection[Any], database: str) -> None:
    connection.execute(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') THEN "
        f"CREATE ROLE {READER} LOGIN PASSWORD '{READS_ONLY}'; END IF; END $$"
    )
    for said in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO {reader}",
        "GRANT USAGE ON SCHEMA {schema} TO {reader}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {reader}",
        "ALTER ROLE {reader} SET default_transaction_read_only = on",
    ):
        connection.execute(
            sql.SQL(said).format(
                database=sql.Identifier(database), schema=sql.Identifier(SCHEMA), reader=sql.Identifier(READER)
            )
        )


def _table_name(table: str) -> str:
    return _CAPITALS.get(table, table.upper())


def _column_name(name: str, place: int) -> str:
    """Capitals for most columns, and a Chinese name for every third."""
    return f"列 {name.upper()}" if place % 3 == 0 else name.title()
