"""One SELECT and nothing else: how the SQL of a study file is held to reading.

What is run is written anew from the parsed tree, so that one statement goes to the engine whatever quotes, comments and
semicolons the text holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import sqlglot
from sqlglot import exp

from crm_research.errors import StudyError
from crm_research.said_by_others import say_sql_fault
from crm_research.sources.mapping.lengths import LONGEST_LIST, LONGEST_TEXT, makes_long_value
from crm_research.sources.mapping.moments import asks_for_now

LONGEST_SQL: Final = 50_000
MOST_TOKENS: Final = 10_000
DEEPEST: Final = 200

_REFUSED: Final = (
    exp.DDL, exp.DML, exp.Command, exp.Drop, exp.Create, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Copy,
    exp.Set, exp.Attach, exp.Detach, exp.Describe, exp.Summarize, exp.Show, exp.Pragma, exp.Use, exp.Execute, exp.Block,
    exp.Into, exp.Lock, exp.ReadCSV, exp.ReadParquet, exp.Transaction, exp.Commit, exp.Rollback, exp.Kill, exp.Analyze,
    exp.TruncateTable, exp.Alter, exp.Cache, exp.Uncache, exp.Refresh, exp.LoadData, exp.Export, exp.Comment,
    exp.Grant, exp.Revoke, exp.Semicolon, exp.Parameter, exp.Placeholder, exp.NextValueFor, exp.Operator,
)  # fmt: skip
_OF_CHANCE: Final = (exp.TableSample, exp.Rand, exp.Randn, exp.Uuid)
# Functions that act on the server, its files, other servers or the session rather than compute a value.
_ACTING: Final = re.compile(
    r"(pg_|lo_|dblink|xp_|sys_|set_config|setval|nextval|current_setting|query_to_xml|cursor_to_xml|table_to_xml|"
    r"schema_to_xml|database_to_xml|txid_|inet_server|currval|lastval|binary_upgrade|java_method|reflect|try_reflect|"
    r"read_|write_|load_extension|readfile|writefile|edit$|fsdir|getenv|getvariable|query$|query_table|glob$|parquet_|"
    r"sniff_csv|gen_random_|setseed|ts_stat$|ts_rewrite$|crosstab|connectby|xpath_table|duckdb_|pragma_|sqlite_|postgres_|mysql_|iceberg_|delta_|st_read|shell|system$|http_|fts3_tokenizer|"
    r"arrow_scan|pandas_scan|python_map|seq_scan|force_checkpoint|checkpoint$|from_substrait|get_substrait|import_|export_)"
)
# Of these families, those that only compute.
_COMPUTING: Final = frozenset({"pg_typeof", "pg_size_pretty", "pg_size_bytes"})
_PLAIN_NAME: Final = re.compile(r"\w+")


def read_select(sql: str, *, dialect: str, where: str) -> exp.Query:
    """The one SELECT that this text is.

    Parameters
    ----------
    sql
        Text as it stands in a study file; one semicolon may end it.
    dialect
        sqlglot's name of the engine's SQL: duckdb, postgres, sqlite, spark.
    where
        Place in the study file, which begins every message.

    Raises
    ------
    StudyError
        If it is no SQL, more than one statement, not a SELECT, or holds a part or a function that does more than read.
    """
    refuse_monstrous(sql, where=where)
    try:
        trees = sqlglot.parse(sql, dialect=dialect)
    except sqlglot.errors.SqlglotError as problem:
        raise StudyError(f"{where}: no SQL: {say_sql_fault(problem)}. Mend it.") from None
    except RecursionError:
        raise StudyError(f"{where}: is nested too deeply to be read. Write it flatter.") from None
    trees = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise StudyError(f"{where}: must be one SELECT. Write one, without semicolons; it is only ever read.")
    tree = trees[0]
    refuse_depth(tree, where=where)
    for node in tree.walk():
        _refuse_acting(node, dialect, where)
    return tree


def refuse_monstrous(sql: str, *, where: str, longest: int = LONGEST_SQL, most: int = MOST_TOKENS) -> None:
    """Refuse a text that is too long, or too deeply bracketed, to be parsed in any time."""
    if len(sql) > longest:
        raise StudyError(f"{where}: is {len(sql):,} characters long; at most {longest:,} are read. Shorten it.")
    if "\x00" in sql:
        raise StudyError(f"{where}: holds a zero byte. Write it as plain text.")
    words = sum(1 for _ in re.finditer(r"\w+|[^\w\s]", sql))
    if words > most:
        raise StudyError(f"{where}: has {words:,} words and signs; at most {most:,} are read. Shorten it.")
    depth = deepest = 0
    for sign in re.sub(r"'[^']*'", "", sql):
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST // 2:
        raise StudyError(f"{where}: opens {deepest:,} brackets within each other; at most {DEEPEST // 2} are read.")


def refuse_depth(tree: exp.Expr, *, where: str) -> None:
    """Refuse a tree that is too deep for engines and for our own way through it."""
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise StudyError(
                f"{where}: chains more than {DEEPEST} terms or operators. Use IN (...), or make a view in the source."
            )
        level = [child for node in level for child in node.iter_expressions()]


def tables_outside(tree: exp.Query, *, where: str) -> Iterator[exp.Table]:
    """The tables that a query reads and does not make itself: each name is sought among the WITH parts in its scope."""
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            raise StudyError(
                f"{where}: reads {_shortened(table)!r}. Name the file under inputs and select from that name."
            )
        if table.db or not _names_a_part(table):
            yield table


def refuse_odd_parts(tree: exp.Query, *, where: str) -> None:
    """Names of WITH parts are plain words, so that none can be taken for a file."""
    for part in tree.find_all(exp.CTE):
        name = part.alias_or_name
        if not _PLAIN_NAME.fullmatch(name):
            raise StudyError(f"{where}: names a part of WITH {name!r}. Use letters, digits and underscores only.")


def refuse_long_values(tree: exp.Query, *, where: str) -> None:
    """Refuse what makes a text or list of any length of a small row: within one, the engine hears no clock."""
    for node in tree.walk():
        if makes_long_value(node):
            raise StudyError(
                f"{where}: holds {_shortened(node)!r}, which may make values of any length. Write how long as a number "
                f"of at most {LONGEST_TEXT:,} (a list: {LONGEST_LIST:,}), once: lpad(id, 8, '0')."
            )


def _names_a_part(table: exp.Table) -> bool:
    """Does this name stand for a part of a WITH in whose scope it is?

    The query that carries a WITH sees all its parts; a part sees those before it, and itself only where it recurs.
    """
    name = table.name.lower()
    part: exp.CTE | None = None
    node: exp.Expr = table
    while (above := node.parent) is not None:
        if isinstance(node, exp.CTE):
            part = node
        with_ = above.args.get("with_")
        if isinstance(with_, exp.With):
            seen = list(with_.expressions)
            if node is with_ and part is not None:
                own = seen.index(part)
                seen = seen[: own + (bool(with_.args.get("recursive")) and _recurs(part, table))]
            if any(one.alias_or_name.lower() == name for one in seen):
                return True
        node = above
    return False


def _recurs(part: exp.CTE, table: exp.Table) -> bool:
    """Does the table stand in the second branch of the union that this part is?"""
    union = part.this
    if not isinstance(union, exp.SetOperation):
        return False
    node: exp.Expr | None = table
    while node is not None and node.parent is not union:
        node = node.parent
    return node is not None and node is union.expression


def _refuse_acting(node: exp.Expr, dialect: str, where: str) -> None:
    if isinstance(node, _REFUSED):
        files = " Name files under inputs." if isinstance(node, (exp.ReadCSV, exp.ReadParquet)) else ""
        raise StudyError(
            f"{where}: holds {_shortened(node, dialect)!r}; it may only select. Nothing of a study changes its "
            f"source.{files}"
        )
    if isinstance(node, _OF_CHANCE):
        raise StudyError(
            f"{where}: holds {_shortened(node, dialect)!r}, which gives other rows or numbers at each opening, so that "
            "no report could be made again. Take a part by a key instead, such as where id % 10 = 0."
        )
    if asks_for_now(node):
        raise StudyError(
            f"{where}: holds {_shortened(node, dialect)!r}, which is another day at each opening, so that no report "
            "could be made again. Select the time itself, and compare it with as_of under where: or expr:."
        )
    if isinstance(node, exp.Func):
        name = name_of_function(node).lower()
        if _ACTING.match(name) and name not in _COMPUTING:
            raise StudyError(
                f"{where}: calls {name}, which does more than compute a value from rows. Leave it out; if the source "
                "needs it, make a view there and name the view under table."
            )


def name_of_function(node: exp.Func) -> str:
    """What a function is called."""
    return str(node.name if isinstance(node, exp.Anonymous) else node.sql_name())


def _shortened(node: exp.Expr, dialect: str = "duckdb") -> str:
    text = node.sql(dialect=dialect)
    return text if len(text) <= 60 else f"{text[:57]}..."
