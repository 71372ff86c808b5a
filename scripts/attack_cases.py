# ruff: noqa: D103  (a builder or a kind says what it makes by its name)
"""The malformed inputs of scripts/attack.py, by kind: each builds its files in a folder and gives the command."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SECONDS_A_COMMAND = 15  # given to the command as --timeout
SECRET = "nobody-named-this"  # noqa: S105  (a customer's name in a file that no case may read)
REFUSED, TOLD, ANY = "refused", "told", "any"
HEADER = "order_id,customer_id,ordered_at,revenue\n"
ROWS = [f"{i},c{i % 7},2024-{1 + i % 6:02d}-{1 + i % 28:02d},{10 + i}.50" for i in range(40)]
GOOD = HEADER + "\n".join(ROWS) + "\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One malformed input: what is written into its folder, which command is given, and what must come of it.

    `expected` is REFUSED (exit status 2), TOLD (a status above 0, or a warning) or ANY (no traceback and no hang).
    """

    kind: str
    name: str
    build: Callable[[Path], list[str]]
    expected: str = REFUSED
    environment: dict[str, str] = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------------------- building


def study_text(tables: Any = None, **head: Any) -> str:
    content = {"name": "shop", "currency": "EUR", "as_of": "2024-07-01", **head}
    content["tables"] = {"orders": {"from": "orders.csv"}} if tables is None else tables
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def check(folder: Path, text: str | bytes, *, name: str = "study.yaml") -> list[str]:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    (folder / name).write_bytes(data)
    return ["check", str(folder / name), "--timeout", str(SECONDS_A_COMMAND)]


def with_orders(folder: Path, content: str | bytes = GOOD, name: str = "orders.csv") -> None:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def of_study(text: str | bytes) -> Callable[[Path], list[str]]:
    def build(folder: Path) -> list[str]:
        with_orders(folder)
        return check(folder, text)

    return build


def of_head(**head: Any) -> Callable[[Path], list[str]]:
    return of_study(study_text(**head))


def of_raw_head(lines: str) -> Callable[[Path], list[str]]:
    """Lines of YAML in place of those of a good head."""
    keys = {line.split(":")[0] for line in lines.splitlines()}
    good = "name: shop\ncurrency: EUR\nas_of: 2024-07-01\ntables: {orders: {from: orders.csv}}\n"
    kept = [line for line in good.splitlines() if line.split(":")[0] not in keys]
    return of_study("\n".join([*kept, lines]) + "\n")


def of_source(source: Any, **rule: Any) -> Callable[[Path], list[str]]:
    return of_study(study_text({"orders": {"from": source, **rule}}))


def of_file(name: str, content: bytes | str, source: Any = None, **rule: Any) -> Callable[[Path], list[str]]:
    def build(folder: Path) -> list[str]:
        with_orders(folder, content, name)
        return check(folder, study_text({"orders": {"from": source or name, **rule}}))

    return build


def of_expression(text: str, key: str = "expr") -> Callable[[Path], list[str]]:
    rule = {"where": text} if key == "where" else {"columns": {"revenue": {"expr": text}}}
    return of_study(study_text({"orders": {"from": "orders.csv", **rule}}))


def of_sql(text: str) -> Callable[[Path], list[str]]:
    return of_source({"sql": text, "inputs": {"o": "orders.csv"}})


def of_command(*arguments: str) -> Callable[[Path], list[str]]:
    def build(folder: Path) -> list[str]:
        with_orders(folder)
        check(folder, study_text())
        return [argument.replace("FOLDER", str(folder)) for argument in arguments]

    return build


# -------------------------------------------------------------------------------------------------------------- kinds


def study_files() -> Iterator[Case]:
    def case(name: str, build: Callable[[Path], list[str]], expected: str = REFUSED) -> Case:
        return Case(kind="study files", name=name, build=build, expected=expected)

    for name, text in {
        "empty": "",
        "blank": "\n\n",
        "a word": "shop",
        "a number": "12",
        "a list": "- a\n- b",
        "null": "null",
        "a tab": "name:\tshop\n\tcurrency: EUR",
        "open bracket": "name: [shop",
        "open quote": 'name: "shop',
        "two documents": "name: a\n---\nname: b",
        "unknown alias": "name: *a",
        "loop of aliases": "name: &a [*a]",
        "key twice": "name: a\nname: b",
        "list as key": "? [a, b]\n: c",
        "python tag": "name: !!python/object:os.system x",
        "unknown tag": "name: !shop x",
        "binary tag": "name: !!binary '*'",
        "directive": "%YAML 9.9\n---\nname: a",
        "zero byte": "name: a\x00b",
        "bell": "name: a\x07b",
        "escape": 'name: "\\uD800"',
        "set": "tables: !!set {orders}",
        "only a comment": "# nothing",
        "csv": GOOD,
        "html": "<html><body>no</body></html>",
        "json cut": '{"name": "shop"',
    }.items():
        yield case(name, of_study(text))
    yield case("bytes", of_study(bytes(range(256))))
    yield case("UTF-16", of_study(study_text().encode("utf-16")))
    yield case("cp1252", of_study(study_text(title="Käse").encode("cp1252")))
    yield case("nested 5,000 deep in brackets", of_study("name: " + "[" * 5_000 + "]" * 5_000))
    yield case("nested 5,000 deep in keys", of_study("{a: " * 5_000 + "1" + "}" * 5_000))
    yield case("nested 3,000 deep by indentation", of_study("\n".join(" " * i + "a:" for i in range(3_000))))
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "\n".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)
    )
    yield case("aliases that make 10^9, unknown key", of_study(bomb))
    yield case("aliases that make 10^9, caveats", of_study(f"{bomb}\n{study_text()}caveats: *a8\n"))
    yield case("aliases that make 10^9, name", of_raw_head(f"{bomb}\nname: *a8"))
    yield case("aliases that make 10^9, from", of_study(f"{bomb}\nname: s\ntables: {{orders: {{from: *a8}}}}\n"))
    yield case("3 MB of comments", of_study("# x\n" * 800_000 + study_text()))
    yield case("100,000 tables", of_study("tables:\n" + "\n".join(f"  t{i}: {{from: a.csv}}" for i in range(100_000))))
    for value in (
        "2024-02-30",
        "2024-13-45",
        "2024-00-10",
        "0001-01-01",
        "9999-12-31",
        "10000-01-01",
        "2024-1-1 25:61:61",
        "yesterday",
        "''",
        "[]",
        "{}",
        "null",
        "true",
        "1",
        "1e400",
        ".inf",
        ".nan",
        "2024-07-01T00:00:00+02:00",
        "-1",
    ):
        yield case(f"as_of: {value}", of_raw_head(f"as_of: {value}"))
    yield case("as_of: 6,000 digits", of_raw_head(f"as_of: {'9' * 6_000}"))
    for value in ("2024-06-30", "2024-02-30", "soon", "0001-01-01"):
        yield case(f"holdout_until: {value}", of_raw_head(f"holdout_until: {value}"))
    for value in (
        "''",
        "..",
        "../x",
        "a/b",
        "/etc",
        "Shop",
        "a b",
        "客户",
        "'" + "x" * 300 + "'",
        "[a]",
        "1",
        "null",
        "~",
    ):
        yield case(f"name: {value[:20]}", of_raw_head(f"name: {value}"))
    for value in ("eur", "EURO", "''", "12", "€", "[EUR]", "null"):
        yield case(f"currency: {value}", of_raw_head(f"currency: {value}"))
    for value in ("Berlin", "../../etc/passwd", "/etc/passwd", "''", "12", "'a\\0b'", "'" + "x" * 5_000 + "'"):
        yield case(f"timezone: {value[:20]}", of_raw_head(f"timezone: {value}"))
    for value in (".inf", "-.inf", ".nan", "0", "-1", "1e400", "'x'", "[]", "null", "9" * 6_000):
        yield case(f"exchange_rates USD: {value[:12]}", of_raw_head(f"exchange_rates: {{USD: {value}}}"))
    for value in ("duckdb://PWNED.duckdb", "mysql://h/d", "sqlite://x", "''", "nonsense", "[]", "null", "1"):
        yield case(f"engine: {value}", of_raw_head(f"engine: {value}"))
    for value in (
        "{}",
        "[]",
        "''",
        "null",
        "{orders: null}",
        "{orders: orders.csv}",
        "{orders: []}",
        "{order: {from: a}}",
    ):
        yield case(f"tables: {value}", of_raw_head(f"tables: {value}"))
    for value in (
        "[]",
        "''",
        "null",
        "{}",
        "[[]]",
        "[1]",
        "1",
        "true",
        "{path: []}",
        "{path: '', sample: x}",
        "{sql: x}",
        "{sample: ../../etc/passwd}",
        "{sample: nothing}",
        "{path: orders.csv, skip_rows: -1}",
        "{path: orders.csv, skip_rows: 100000000000000000000}",
        "{path: orders.csv, skip_rows: x}",
        "{path: orders.csv, header: maybe}",
        "{path: orders.csv, names: [a]}",
        "{path: orders.csv, names: []}",
        "{path: orders.csv, decimal: ';'}",
        "{path: orders.csv, thousands: '.'}",
        "{path: orders.csv, thousands: ''}",
        "{path: orders.csv, signs: ['-']}",
    ):
        yield case(f"from: {value[:40]}", of_raw_head(f"tables: {{orders: {{from: {value}}}}}"))
    for key, value in {
        "accept": {"orphan": float("nan")},
        "attributes": {"a": "number"},
        "returns": 1,
        "sum_lines": "perhaps",
        "columns": {"revenue": {"column": "revenue", "scale": float("inf")}},
        "where": "",
    }.items():
        yield case(f"orders.{key}: {value}"[:60], of_source("orders.csv", **{key: value}))
    for value in (float("inf"), float("nan")):
        yield case(f"value: {value}", of_source("orders.csv", columns={"revenue": {"value": value}}))
    yield case("accept of an unknown rule", of_source("orders.csv", accept={"nothing": 0.5}))
    yield case("accept above one", of_source("orders.csv", accept={"orphan": 2}))


def texts() -> Iterator[Case]:
    def case(name: str, content: bytes | str, expected: str = REFUSED, **source: Any) -> Case:
        build = of_file("orders.csv", content, {"path": "orders.csv", **source})
        return Case(kind="text files", name=name, build=build, expected=expected)

    yield case("empty", "")
    yield case("only a line end", "\n")
    yield case("only a header", HEADER)
    yield case("zero bytes", b"\x00" * 5_000)
    yield case("a zero byte in a cell", GOOD.replace("c3", "c\x003", 1))
    yield case("random bytes", bytes((i * 7_919) % 256 for i in range(20_000)))
    yield case("UTF-16 without saying so", GOOD.encode("utf-16"))
    yield case("UTF-8 that is not", GOOD.encode() + b"99,\xff\xfe,2024-01-01,5\n")
    yield case(
        "cp1252 called gb18030",
        (GOOD + "99,Käß\x80,2024-01-01,5\n").encode("cp1252", "replace"),
        ANY,
        encoding="gb18030",
    )
    for encoding in (
        "rot13",
        "hex",
        "base64",
        "zlib",
        "bz2",
        "uu",
        "quopri",
        "undefined",
        "nonsense",
        "",
        "utf-99",
        "a\x00b",
    ):
        yield case(f"encoding {encoding!r}", GOOD, encoding=encoding)
    for encoding in ("idna", "punycode", "utf-7", "unicode_escape", "raw_unicode_escape", "utf-32", "cp037"):
        yield case(f"encoding {encoding!r}", GOOD, ANY, encoding=encoding)
    yield case("encoding []", GOOD, encoding=[])
    yield case("encoding of a list of nothing known", GOOD, encoding=["x", "y"])
    for delimiter in (";;", "", "\n", "\x00", "ab", ",,"):
        yield case(f"delimiter {delimiter!r}", GOOD, delimiter=delimiter)
    for delimiter in ("x", "0", "é", "|", "."):
        yield case(f"delimiter {delimiter!r}", GOOD, delimiter=delimiter)
    for quote in ("'''", "\n", "\x00", "ab"):
        yield case(f"quote {quote!r}", GOOD, quote=quote)
    yield case("quote that is the delimiter", GOOD, quote=",", delimiter=",")
    yield case("quote that is a letter", GOOD, ANY, quote="c")
    yield case("open quote", GOOD + '99,"open,2024-01-01,5\n' + "\n".join(ROWS))
    yield case("a row too short", GOOD + "99,c1\n")
    yield case("a row too long", GOOD + "99,c1,2024-01-01,5,6,7\n")
    yield case("a header too short", GOOD.replace(HEADER, "order_id,customer_id\n"))
    yield case("a header cell of 200,000 characters", "x" * 200_000 + "," + GOOD)
    yield case(
        "2,000 columns", ",".join(f"c{i}" for i in range(2_000)) + "\n" + ",".join("1" for _ in range(2_000)) + "\n"
    )
    yield case("a header of blanks", " , , , \n" + "\n".join(ROWS))
    yield case("two columns of one name", GOOD.replace("revenue", "customer_id"))
    yield case("mixed line ends", GOOD.replace("\n", "\r\n", 5), ANY)
    yield case("carriage returns only", GOOD.replace("\n", "\r"), ANY)
    yield case("a cell of 9 MB", GOOD + f"99,{'x' * 9_000_000},2024-01-01,5\n", ANY)
    for name, value in {
        "a word": "much",
        "two commas": '"1,234,567"',
        "infinity": "inf",
        "hex": "0x10",
        "an exponent too large": "1e999",
        "two points": "1.2.3",
        "a sum": "1+1",
        "a formula": "=1+1",
        "money": "EUR 5",
        "an underscore": "1_000",
    }.items():
        yield case(f"revenue is {name}", GOOD + f"99,c1,2024-01-01,{value}\n")
    for name, value in {
        "30 February": "2024-02-30",
        "month 13": "2024-13-01",
        "words": "last week",
        "day and month unclear": "03/04/2024",
        "year 0": "0000-00-00",
        "25 o'clock": "2024-01-01 25:00",
        "a number": "45292.5",
        "text": "#REF!",
    }.items():
        yield case(f"ordered_at is {name}", GOOD + f"99,c1,{value},5\n")
    for name, value in {"year 1": "0001-01-01", "year 9999": "9999-12-31", "after as_of": "2031-01-01"}.items():
        yield case(f"ordered_at is {name}", GOOD + f"99,c1,{value},5\n", TOLD)
    yield case("every order twice", GOOD + "\n".join(ROWS) + "\n", TOLD)
    yield case("no order id", GOOD + ",c1,2024-01-01,5\n", TOLD)
    yield case("no customers at all", HEADER + "1,,2024-01-01,5\n2,,2024-01-02,6\n", TOLD)
    yield case("all after as_of", GOOD.replace("2024-", "2030-"), TOLD)
    yield case("skip_rows beyond the end", GOOD, skip_rows=500)


def packed() -> Iterator[Case]:
    whole = gzip.compress(GOOD.encode() * 50)

    def case(name: str, content: bytes, expected: str = REFUSED, file: str = "orders.csv.gz") -> Case:
        return Case(kind="gzip", name=name, build=of_file(file, content), expected=expected)

    yield case("not packed", GOOD.encode())
    yield case("empty", b"")
    yield case("only its mark", whole[:2])
    yield case("only its head", whole[:10])
    for share in (0.2, 0.5, 0.9, 0.99):
        yield case(f"cut at {share:.0%}", whole[: int(len(whole) * share)])
    yield case("checksum missing", whole[:-8])
    yield case("checksum wrong", whole[:-8] + b"\x00" * 8)
    middle = len(whole) // 2
    yield case("damaged in the middle", whole[:middle] + bytes(64) + whole[middle + 64 :])
    yield case("rubbish behind", gzip.compress(GOOD.encode()) + b"rubbish", ANY)
    yield case("zeros behind", gzip.compress(GOOD.encode()) + bytes(100), ANY)
    yield case("packed twice", gzip.compress(gzip.compress(GOOD.encode())))
    yield case("50 MB of nothing", gzip.compress(b"\x00" * 50_000_000))
    yield case("a zip called gz", b"PK\x03\x04" + bytes(200))
    yield case("packed without saying so", whole, file="orders.csv")
    yield Case(kind="gzip", name="draft from a cut file", build=drafted("orders.csv.gz", whole[:200]))
    yield Case(kind="gzip", name="draft from no gzip file", build=drafted("orders.csv.gz", GOOD.encode()))


def drafted(name: str, content: bytes) -> Callable[[Path], list[str]]:
    def build(folder: Path) -> list[str]:
        with_orders(folder, content, name)
        return [
            "new",
            "study",
            "mine",
            "--from",
            str(folder / name),
            "--out",
            str(folder / "out.yaml"),
            "--timeout",
            "15",
        ]

    return build


def spreadsheets() -> Iterator[Case]:
    import pandas as pd

    frame = pd.read_csv(io.StringIO(GOOD))

    def written(sheets: dict[str, Any]) -> bytes:
        out = io.BytesIO()
        with pd.ExcelWriter(out) as writer:
            for name, one in sheets.items():
                one.to_excel(writer, sheet_name=name, index=False)
        return out.getvalue()

    whole = written({"Orders": frame})
    two = written({"A": frame, "B": frame})

    def case(name: str, content: bytes, expected: str = REFUSED, file: str = "o.xlsx", **source: Any) -> Case:
        build = of_file(file, content, {"path": file, **source})
        return Case(kind="Excel", name=name, build=build, expected=expected)

    yield case("empty file", b"")
    yield case("a text", GOOD.encode())
    yield case("a text called xls", GOOD.encode(), file="o.xls")
    yield case("a text called ods", GOOD.encode(), file="o.ods")
    yield case("a text called xlsb", GOOD.encode(), file="o.xlsb")
    for share in (0.1, 0.5, 0.95):
        yield case(f"cut at {share:.0%}", whole[: int(len(whole) * share)])
    yield case("damaged", whole[:900] + bytes(300) + whole[1_200:])
    yield case("an empty zip", b"PK\x05\x06" + bytes(18))
    yield case("an empty sheet", written({"Orders": pd.DataFrame()}))
    yield case("only a header", written({"Orders": frame.head(0)}))
    yield case("two sheets, none named", two)
    for sheet in ("C", 0, 3, -1, "", 10**30):
        yield case(f"sheet {sheet!r}", two, sheet=sheet)
    yield case("skip_rows beyond the end", whole, skip_rows=5_000)
    yield case("words for money", written({"Orders": frame.assign(revenue="much")}))
    yield case("errors for money", written({"Orders": frame.assign(revenue="#DIV/0!")}))
    yield case("names missing", written({"Orders": frame.rename(columns={"customer_id": "who"})}))
    yield Case(kind="Excel", name="draft from a cut file", build=drafted("o.xlsx", whole[:700]))


def databases() -> Iterator[Case]:
    import duckdb
    import pandas as pd

    frame = pd.read_csv(io.StringIO(GOOD))
    out = io.BytesIO()
    frame.to_parquet(out)
    parquet = out.getvalue()

    def case(name: str, file: str, content: bytes, expected: str = REFUSED, **source: Any) -> Case:
        build = of_file(file, content, {"path": file, **source})
        return Case(kind="databases", name=name, build=build, expected=expected)

    for ending in ("parquet", "duckdb", "sqlite"):
        yield case(f"empty {ending}", f"o.{ending}", b"")
        yield case(f"a text called {ending}", f"o.{ending}", GOOD.encode())
        yield case(f"zeros called {ending}", f"o.{ending}", bytes(20_000))
    for share in (0.1, 0.5, 0.95):
        yield case(f"parquet cut at {share:.0%}", "o.parquet", parquet[: int(len(parquet) * share)])
    yield case("parquet damaged", "o.parquet", parquet[:50] + bytes(300) + parquet[350:])
    yield case("parquet with a false footer", "o.parquet", parquet[:-12] + b"\xff" * 8 + b"PAR1")
    nested = io.BytesIO()
    frame.assign(revenue=[[1.0]] * len(frame)).to_parquet(nested)
    yield case("parquet with nested money", "o.parquet", nested.getvalue())

    with tempfile.TemporaryDirectory() as scratch:
        with duckdb.connect(f"{scratch}/o.duckdb") as connection:
            connection.execute("CREATE TABLE a AS SELECT 1 AS x; CREATE TABLE b AS SELECT 2 AS x")
        duck = Path(f"{scratch}/o.duckdb").read_bytes()
        with closing(sqlite3.connect(f"{scratch}/o.sqlite")) as connection:
            connection.execute("CREATE TABLE a (x); ")
            connection.execute("CREATE TABLE b (x)")
            connection.execute("CREATE VIEW broken AS SELECT * FROM gone")
            connection.commit()
        lite = Path(f"{scratch}/o.sqlite").read_bytes()
    for file, content in (("o.duckdb", duck), ("o.sqlite", lite)):
        kind = file.partition(".")[2]
        yield case(f"{kind} of two tables, none named", file, content)
        yield case(f"{kind} cut", file, content[: len(content) // 2])
        yield case(f"{kind} without that table", file, content, table="c")
        yield case(f"{kind} without those columns", file, content, table="a")
        yield case(f"{kind} that drops", file, content, query="drop table a")
        yield case(f"{kind} with two statements", file, content, query="select * from a; delete from a")
        yield case(f"{kind} with a semicolon alone", file, content, query=";")
        yield case(f"{kind} with an empty query", file, content, query="")
        yield case(
            f"{kind} that recurs for ever",
            file,
            content,
            query="with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) as order_id from n",
        )
    yield case("sqlite view of a table that is gone", "o.sqlite", lite, table="broken")
    yield case("sqlite that attaches", "o.sqlite", lite, query="attach 'PWNED.db' as p")
    yield case("sqlite pragma", "o.sqlite", lite, query="pragma writable_schema = 1")


def sql() -> Iterator[Case]:
    def case(name: str, text: str, expected: str = REFUSED) -> Case:
        return Case(kind="SQL", name=name, build=of_sql(text), expected=expected)

    for text in (
        "",
        ";",
        ";;",
        "select",
        "selec * from o",
        "select * from",
        "select * fro o",
        "select (1",
        "select '",
        "-- nothing",
        "/* open",
        "select * from o; select * from o",
        "delete from o",
        "drop table o",
        "insert into o values (1)",
        "update o set revenue = 1",
        "create table PWNED as select 1",
        "create view PWNED as select * from o",
        "vacuum",
        "copy o to 'PWNED.csv'",
        "copy (select 42) to 'PWNED.csv'",
        "attach 'PWNED.duckdb'",
        "install httpfs",
        "load httpfs",
        "pragma database_list",
        "set memory_limit = '1GB'",
        "call pragma_version()",
        "export database 'PWNED'",
        "checkpoint",
        "begin",
        "explain select * from o",
        "describe o",
        "summarize o",
        "show tables",
        "select * into PWNED from o",
        "select * from secret",
        "select * from 'secret.csv'",
        "from 'secret.csv'",
        "select * from read_csv('secret.csv')",
        "select * from read_text('secret.csv')",
        "select * from read_blob('secret.csv')",
        "select * from glob('*')",
        "select * from '../*/secret.csv'",
        "select * from read_parquet('x')",
        "select * from sniff_csv('secret.csv')",
        'with "secret.csv" as (select * from "secret.csv") select * from "secret.csv"',
        'with a as (with "secret.csv" as (select 1) select 1) select * from "secret.csv"',
        'with recursive "secret.csv" as (select * from \'secret.csv\') select * from "secret.csv"',
        "select * from query('from secret.csv')",
        "select * from query_table('secret.csv')",
        "select * from duckdb_settings()",
        "select getenv('HOME') as order_id, * from o",
        "select current_setting('temp_directory') as order_id, * from o",
        "select * from information_schema.tables",
        "select * from sqlite_master",
        "select * from o, lateral glob('*')",
        "select nothing from o",
        "select * from o join p using (x)",
        "select 1 as order_id",
        "values (1)",
        "select ?",
        "select $1",
        "select * from o where",
        "select * from o order by nothing",
        "select * from o group by 1",
        "select * from o union select 1",
        "pivot 'secret.csv' on a",
        "select * from (summarize 'secret.csv')",
    ):
        yield case(text[:70], text)
    yield case("brackets 5,000 deep", "select " + "(" * 5_000 + "1" + ")" * 5_000 + " from o")
    yield case("subqueries 500 deep", "select * from (" * 500 + "o" + ")" * 500)
    yield case("10,000 terms", "select * from o where " + " and ".join(["revenue > 0"] * 10_000))
    yield case("a text of 200,000 characters", f"select '{'x' * 200_000}' from o")
    yield case("not 3,000 times", "select * from o where " + "not " * 3_000 + "true")
    yield case(
        "a recursion without an end",
        "with recursive n(x) as (select 1 union all select x + 1 from n) select x as order_id from n",
    )
    yield case(
        "a count of it",
        "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) as order_id from n",
    )
    yield case("a join of everything", "select a.* from o a, o b, o c, o d, o e, o f, o g")
    yield case(
        "a count of it, joined",
        "select count(a.revenue + b.revenue * c.revenue - g.revenue) as n from o a, o b, o c, o d, o e, o f, o g",
    )
    yield case("a series of 10^12", "select count(r.range) as order_id from range(1000000000000) r")
    yield case("two billion letters", "select length(repeat('x', 2000000000) || revenue) as order_id, * from o")


def expressions() -> Iterator[Case]:
    def case(text: str, key: str = "expr", expected: str = REFUSED, name: str | None = None) -> Case:
        return Case(kind="expressions", name=name or text[:70], build=of_expression(text, key), expected=expected)

    for text in (
        "",
        " ",
        ";",
        "revenue;",
        "revenue; drop table orders",
        "revenue +",
        "+",
        "(revenue",
        "revenue)",
        "'open",
        '"open',
        "no_such_column",
        "orders.revenue",
        "a.b.c",
        "*",
        "select 1",
        "(select 1)",
        "(select max(revenue) from orders)",
        "exists (select 1)",
        "sum(revenue)",
        "count(*)",
        "max(revenue)",
        "avg(revenue)",
        "row_number() over ()",
        "random()",
        "lag(revenue) over (order by order_id)",
        "uuid()",
        "gen_random_uuid()",
        "now()",
        "today()",
        "current_date",
        "current_timestamp",
        "current_time",
        "localtimestamp",
        "localtime",
        "get_current_timestamp()",
        "age(ordered_at)",
        "transaction_timestamp()",
        "current_user",
        "session_user",
        "current_database()",
        "current_catalog",
        "current_role",
        "current_schema()",
        "current_schemas(true)",
        "version()",
        "current_setting('threads')",
        "getvariable('x')",
        "getenv('HOME')",
        "columns('a')",
        "columns(*)",
        "unnest([1, 2])",
        "range(10)",
        "generate_series(1, 5)",
        "read_text('secret.csv')",
        "nextval('s')",
        "currval('s')",
        "txid_current()",
        "pg_sleep(9)",
        "current_query()",
        "?",
        "$1",
        ":x",
        "revenue as r",
        "revenue, 1",
        "list_transform([1], x -> x + 1)",
        "x -> x",
        "revenue::nosuchtype",
        "cast(revenue as nosuchtype)",
        "nosuchfunction(revenue)",
        "error('x')",
        "repeat('x', 2000000000)",
        "length(repeat('x', 2000000000))",
        "lpad('x', 2000000000, 'y')",
        "rpad('x', 999999 * 9999, 'y')",
        "printf('%2000000000d', 5)",
        "format('{:2000000000}', 5)",
        "case when",
        "case when revenue then",
        "revenue in ()",
        "interval",
        "cast(customer_id as integer)",
        "customer_id + 1",
        "strptime(customer_id, '%d')",
        "true",
        "ordered_at",
        "{'a': 1}",
        "[1, 2]",
        "row(1, 2)",
        "attach('x')",
        "in_search_path('a', 'b')",
    ):
        yield case(text, expected=ANY if text in {"true", "revenue;"} else REFUSED)
    for text in (
        "revenue",
        "'x'",
        "customer_id",
        "revenue >",
        "now() > ordered_at",
        "sum(revenue) > 1",
        "1 = 1; drop table x",
    ):
        yield case(text, "where", name=f"where: {text}", expected=TOLD)
    yield case("false", "where", name="where: false", expected=TOLD)
    yield case("(" * 3_000 + "revenue" + ")" * 3_000, name="3,000 brackets")
    yield case("revenue" + " + 1" * 3_000, name="3,000 sums", expected=ANY)
    yield case(" and ".join(["revenue > 0"] * 3_000), "where", name="3,000 terms with and", expected=ANY)
    yield case(" or ".join(f"revenue = {i}" for i in range(3_000)), "where", name="3,000 terms with or", expected=ANY)
    yield case("not " * 3_000 + "true", "where", name="not 3,000 times")
    yield case("- " * 3_000 + "revenue", name="minus 3,000 times")
    yield case("case when true then " * 500 + "1" + " end" * 500, name="500 cases")
    yield case("coalesce(" * 150 + "revenue" + ")" * 150, name="150 calls")
    yield case("'" + "x" * 100_000 + "'", name="100,000 letters")
    yield case("replace(" * 40 + "'xxxxxxxx'" + ", 'x', 'xxxxxxxx')" * 40, name="a text that grows 8-fold 40 times")
    yield case("\x00revenue", name="zero byte")
    yield case("9" * 6_000, name="6,000 digits")
    yield case("factorial(100000)", name="a number out of range")


def urls() -> Iterator[Case]:
    def case(url: Any, name: str | None = None, *, query: str | None = None, **environment: str) -> Case:
        source = {"url": url, **({"query": query} if query is not None else {"table": "orders"})}
        return Case(
            kind="URLs",
            name=name or str(url)[:60],
            build=of_source(source),
            environment={"PGCONNECT_TIMEOUT": "3", **environment},
        )

    for url in (
        "",
        " ",
        "://",
        "postgres",
        "postgres:",
        "postgres:/",
        "postgres://",
        "http://h/x",
        "https://127.0.0.1:1/x.csv",
        "ftp://h",
        "s3://b/k",
        "gs://b/k",
        "file:///etc/passwd",
        "sqlite:///x.db",
        "mysql://h/d",
        "mssql://h/d",
        "snowflake://a",
        "javascript:x",
        "bigquery://p",
        "clickhouse://h",
        "duckdb://",
        "duckdb://md:x",
        "duckdb://PWNED.duckdb",
        "duckdb:///PWNED/x.duckdb",
        "duckdb:///dev/null",
        "duckdb:///dev/zero",
        "duckdb:////etc/passwd",
        "postgres://127.0.0.1:1/x",
        "postgres://127.0.0.1:99999/x",
        "postgres://127.0.0.1:x/y",
        "postgres://[::1/x",
        "postgres://nowhere.invalid/x",
        "postgres://h/d?nonsense=1",
        "postgres://joe:S3cretPart@h/d",
        "postgres://joe:S3cr@tPart@h/d",
        "postgres://joe:S3c/retPart@h/d",
        "postgres://h/d?password=S3cretPart",
        "postgres://${NOT_SET}@h/d",
        "${NOT_SET}",
        "${}",
        "$HOME",
        "postgres://h\x00/d",
        ["postgres://joe:S3cretPart@h/d"],
        {"a": 1},
        12,
        None,
    ):
        yield case(url)
    for password in (
        "Top@S3cretPart/x y",
        "Top/99S3cretPart",
        "Top#99S3cretPart",
        "Top?S3cretPart",
        "Top:S3cretPart",
        "%S3cretPart",
    ):
        yield case("postgres://joe:${P}@127.0.0.1:1/x", f"password {password}", P=password)
        yield case("${P}", f"whole address with {password}", P=f"postgres://joe:{password}@127.0.0.1:1/x")
    yield case("postgres://127.0.0.1:1/x", "a query beside it", query="drop table x")
    yield case("duckdb://", "a file through the engine in memory", query="select * from read_text('secret.csv')")


def arguments() -> Iterator[Case]:
    study = "FOLDER/study.yaml"

    def case(*given: str, expected: str = REFUSED) -> Case:
        return Case(kind="arguments", name=" ".join(given)[:70], build=of_command(*given), expected=expected)

    for given in (
        ["chek"],
        ["--nonsense"],
        ["check"],
        ["check", "nosuchstudy"],
        ["check", ""],
        ["check", "a\nb"],
        ["check", "x" * 5_000],
        ["check", "/"],
        ["check", "."],
        ["check", "/dev/null"],
        ["check", "/dev/zero"],
        ["check", "~nobody/x.yaml"],
        ["check", study, study],
        ["check", study, "--as-of"],
        ["check", study, "--as-of", "soon"],
        ["check", study, "--as-of", "2024-02-30"],
        ["check", study, "--as-of", "0001-01-02"],
        ["check", study, "--as-of", "9999-12-31"],
        ["check", study, "--as-of", ""],
        ["check", study, "--as-of", "1e9"],
        ["check", study, "--warnings-above", "2"],
        ["check", study, "--warnings-above", "nan"],
        ["check", study, "--warnings-above", "x"],
        ["check", study, "--timeout", "nan"],
        ["check", study, "--timeout", "inf"],
        ["check", study, "--timeout", "-1"],
        ["check", study, "--timeout", "0"],
        ["check", study, "--timeout", "x"],
        ["check", study, "--timeout", "1e300"],
        ["run", "nosuchreport", "--study", study],
        ["run", "--study", "nosuchstudy"],
        ["run", "churn", "--study", study],
        ["run", "customer-base", "--study", study, "--timeout", "nan"],
        ["run", "customer-base", "--study", study, "--timeout", "inf"],
        ["run", "customer-base", "--study", study, "--timeout", "-5"],
        ["run", "customer-base", "--study", study, "--jobs", "0"],
        ["run", "customer-base", "--study", study, "--jobs", "x"],
        ["run", "customer-base", "--study", study, "--as-of", "2024-02-30"],
        ["run", "customer-base", "--study", study, "--as-of", "9999-12-31"],
        ["run", "customer-base", "--study", study, "--as-of", "0001-01-01"],
        ["run", "customer-base", "--study", study, "-p", "nonsense=1"],
        ["run", "customer-base", "--study", study, "-p", "x"],
        ["run", "customer-base", "--study", study, "-p", "confidence=nan"],
        ["run", "customer-base", "--study", study, "-p", "=1"],
        ["run", "customer-base", "--study", study, "-p", "confidence=2"],
        ["run", "customer-base", "--study", study, "-p", "seed=-1"],
        ["run", "customer-base", "--study", study, "-p", "seed=1e400"],
        ["run", "customer-base", "--study", study, "--out", study],
        ["run", "customer-base", "--study", study, "--out", "/dev/null"],
        ["run", "customer-base", "--study", study, "--out", "/proc/x"],
        ["new"],
        ["new", "study"],
        ["new", "study", "mine"],
        ["new", "study", "Mine", "--from", "FOLDER/orders.csv"],
        ["new", "study", "x" * 300, "--from", "FOLDER/orders.csv"],
        ["new", "study", "../x", "--from", "FOLDER/orders.csv"],
        ["new", "study", "mine", "--from", "FOLDER/nothing.csv"],
        ["new", "study", "mine", "--from", "/dev/zero"],
        ["new", "study", "mine", "--from", "FOLDER/study.yaml", "--out", "FOLDER/out.yaml"],
        ["new", "study", "mine", "--from", "FOLDER/orders.csv", "--out", study],
        ["new", "study", "mine", "--from", "FOLDER/orders.csv", "--out", "/proc/x/y.yaml"],
        ["assign"],
        ["assign", "nothing.json", "--study", study],
        ["assign", "/dev/zero", "--study", study],
        ["assign", study, "--study", study],
        ["assign", "FOLDER/orders.csv", "--study", study, "--out", "FOLDER/x.doc"],
        ["simulate"],
        ["simulate", "--out", "FOLDER"],
        ["simulate", "--out", "FOLDER/w", "--customers", "-1"],
        ["simulate", "--out", "FOLDER/w", "--customers", "0"],
        ["simulate", "--out", "FOLDER/w", "--customers", "x"],
        ["simulate", "--out", "FOLDER/w", "--customers", "1e9"],
        ["simulate", "--out", "FOLDER/w", "--years", "nan"],
        ["simulate", "--out", "FOLDER/w", "--years", "inf"],
        ["simulate", "--out", "FOLDER/w", "--years", "0"],
        ["simulate", "--out", "FOLDER/w", "--as-of", "0001-01-02"],
        ["simulate", "--out", "FOLDER/w", "--as-of", "9999-12-31"],
        ["simulate", "--out", "FOLDER/w", "--as-of", "2024-02-30"],
        ["simulate", "--out", "FOLDER/w", "--holdout-days", "-1"],
        ["simulate", "--out", "FOLDER/w", "--holdout-days", "99999999999"],
        ["simulate", "--out", "FOLDER/w", "--segments", "0"],
        ["simulate", "--out", "FOLDER/w", "--segments", "99"],
        ["simulate", "--out", "FOLDER/w", "--dirt", "2"],
        ["simulate", "--out", "FOLDER/w", "--dirt", "nan"],
        ["simulate", "--out", "FOLDER/w", "--separation", "nan"],
        ["simulate", "--out", "FOLDER/w", "--separation", "-1"],
        ["simulate", "--out", "FOLDER/w", "--effect", "inf"],
        ["simulate", "--out", "FOLDER/w", "--seed", "-1"],
        ["simulate", "--out", "FOLDER/w", "--seed", "x"],
        ["simulate", "--out", "FOLDER/w", "--name", "x" * 300, "--customers", "50"],
        ["simulate", "--out", "FOLDER/w", "--name", "../x", "--customers", "50"],
        ["simulate", "--out", "/dev/null/w"],
    ):
        yield case(*given)


def folders() -> Iterator[Case]:
    def case(name: str, build: Callable[[Path], list[str]], expected: str = REFUSED, **environment: str) -> Case:
        return Case(kind="folders", name=name, build=build, expected=expected, environment=environment)

    def source(prepare: Callable[[Path], None], path: Any) -> Callable[[Path], list[str]]:
        def build(folder: Path) -> list[str]:
            prepare(folder)
            return check(folder, study_text({"orders": {"from": {"path": path}}}))

        return build

    def nothing(_: Path) -> None:
        return None

    for path in (
        "nothing.csv",
        "",
        " ",
        ".",
        "..",
        "/",
        "*",
        "*.csv",
        "**/*",
        "x" * 300 + ".csv",
        "a\x00.csv",
        "~nobody/o.csv",
        "/dev/null",
        "/dev/zero",
        "/dev/random",
        "/proc/self/mem",
        "/proc/self/environ",
        "[",
        "{a,b}.csv",
        ["nothing.csv", "o.csv"],
        ["orders.csv"] * 2_000,
        "/".join(["a"] * 3_000),
    ):
        # Folders and patterns that hold the two files beside the study file are read.
        is_there = path in {".", "..", "*.csv"} if isinstance(path, str) else False
        yield case(f"path {str(path)[:30]!r}", source(nothing, path), ANY if is_there else REFUSED)
    yield case("a pipe", source(lambda folder: os.mkfifo(folder / "o.csv"), "o.csv"))
    yield case("a pipe called gz", source(lambda folder: os.mkfifo(folder / "o.csv.gz"), "o.csv.gz"))
    yield case("a pipe called duckdb", source(lambda folder: os.mkfifo(folder / "o.duckdb"), "o.duckdb"))
    yield case(
        "a pipe in a folder", source(lambda folder: (folder / "d").mkdir() or os.mkfifo(folder / "d" / "o.csv"), "d")
    )
    yield case("a link in a circle", source(lambda folder: (folder / "o.csv").symlink_to("o.csv"), "o.csv"))
    yield case("a link to nothing", source(lambda folder: (folder / "o.csv").symlink_to("gone"), "o.csv"))
    yield case("a link to a device", source(lambda folder: (folder / "o.csv").symlink_to("/dev/zero"), "o.csv"))
    yield case("a folder called csv", source(lambda folder: (folder / "o.csv").mkdir(), "o.csv"))
    yield case(
        "a folder of two kinds",
        source(lambda folder: [with_orders(folder, name=name) for name in ("a.csv", "b.xlsx")] and None, "*"),
    )
    yield case("a file without an ending", source(lambda folder: with_orders(folder, name="orders"), "orders"))

    def study_pipe(folder: Path) -> list[str]:
        os.mkfifo(folder / "study.yaml")
        return ["check", str(folder / "study.yaml")]

    def study_circle(folder: Path) -> list[str]:
        (folder / "a.yaml").symlink_to("b.yaml")
        (folder / "b.yaml").symlink_to("a.yaml")
        return ["check", str(folder / "a.yaml")]

    def study_folder(folder: Path) -> list[str]:
        (folder / "study.yaml").mkdir()
        return ["check", str(folder / "study.yaml")]

    def draft_pipe(folder: Path) -> list[str]:
        os.mkfifo(folder / "o.csv")
        return ["new", "study", "mine", "--from", str(folder / "o.csv"), "--out", str(folder / "out.yaml")]

    def assign_pipe(folder: Path) -> list[str]:
        os.mkfifo(folder / "segmentation.json")
        with_orders(folder)
        check(folder, study_text())
        return ["assign", str(folder / "segmentation.json"), "--study", str(folder / "study.yaml")]

    for name, build in {
        "the study file is a pipe": study_pipe,
        "the study file is a circle": study_circle,
        "the study file is a folder": study_folder,
        "a draft from a pipe": draft_pipe,
        "a segmentation that is a pipe": assign_pipe,
    }.items():
        yield case(name, build)
    yield case("TMPDIR is not there", of_study(study_text()), ANY, TMPDIR="/nowhere")
    yield case("TMPDIR is a file", of_study(study_text()), ANY, TMPDIR="/etc/passwd")
    yield case("HOME is not there", of_study(study_text()), ANY, HOME="/nowhere")
    yield case(
        "CRM_RESEARCH_HOME is not there",
        of_command("run", "customer-base", "--study", "FOLDER/study.yaml"),
        CRM_RESEARCH_HOME="/nowhere",
    )
    yield case("the snapshot is not there", of_study(study_text()), ANY, CRM_RESEARCH_SNAPSHOT="/nowhere")
    yield case("ASCII only", of_file("o.csv", GOOD.replace("c3", "客户")), ANY, PYTHONIOENCODING="ascii", LC_ALL="C")


KINDS: dict[str, Callable[[], Iterator[Case]]] = {
    "study": study_files,
    "texts": texts,
    "gzip": packed,
    "excel": spreadsheets,
    "databases": databases,
    "sql": sql,
    "expressions": expressions,
    "urls": urls,
    "arguments": arguments,
    "folders": folders,
}
