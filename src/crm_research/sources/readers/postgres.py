"""What PostgreSQL's catalogue says: its tables, and the columns of a query, asked by reading alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crm_research.errors import StudyError, nearest_name

if TYPE_CHECKING:
    import ibis.expr.schema as sch

    from crm_research.sources.definition import SourceRule

_TABLES: Final = """
    SELECT n.nspname, c.relname, pg_table_is_visible(c.oid), has_table_privilege(c.oid, 'SELECT')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname NOT LIKE 'pg\\_toast%' AND has_schema_privilege(n.oid, 'USAGE')
    ORDER BY 1, 2
"""
# Functions that may do anything when they are called, and are no part of the server itself: in a query by their names,
# in the tables and views it reads through all that these rest on (rules of views, operators, policies of rows).
_ACTING: Final = """
    WITH RECURSIVE reached(kind, id) AS (
        SELECT 'pg_class'::regclass::oid, c.oid FROM pg_class c WHERE c.oid = ANY(%(relations)s::oid[])
        UNION
        SELECT d.refclassid, d.refobjid FROM reached r
            JOIN pg_catalog.pg_rewrite w ON r.kind = 'pg_class'::regclass AND w.ev_class = r.id
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
            WHERE d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass)
    ), policies AS (
        SELECT d.refclassid AS kind, d.refobjid AS id FROM reached r
            JOIN pg_catalog.pg_policy p ON r.kind = 'pg_class'::regclass AND p.polrelid = r.id
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
    ), called AS (
        SELECT id FROM reached WHERE kind = 'pg_proc'::regclass
        UNION SELECT id FROM policies WHERE kind = 'pg_proc'::regclass
        UNION SELECT o.oprcode::oid FROM (TABLE reached UNION TABLE policies) r
            JOIN pg_catalog.pg_operator o ON r.kind = 'pg_operator'::regclass AND o.oid = r.id
        UNION SELECT p.oid FROM pg_catalog.pg_proc p WHERE lower(p.proname) = ANY(%(names)s)
        UNION SELECT k.castfunc FROM pg_catalog.pg_cast k
            JOIN pg_catalog.pg_type t ON t.oid IN (k.castsource, k.casttarget)
            WHERE lower(t.typname) = ANY(%(types)s)
        UNION SELECT d.refobjid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
            WHERE lower(t.typname) = ANY(%(types)s) AND d.refclassid = 'pg_proc'::regclass
    ), all_called AS (
        SELECT id FROM called
        UNION SELECT part FROM called c JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = c.id,
            unnest(ARRAY[a.aggtransfn::oid, a.aggfinalfn::oid, a.aggcombinefn::oid]) AS part
    ), deep AS (
        SELECT id FROM all_called
        UNION
        SELECT q.oid FROM deep JOIN pg_catalog.pg_proc p ON p.oid = deep.id
            JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname <> 'pg_catalog'
            JOIN pg_catalog.pg_proc q ON position(lower(q.proname) IN lower(CASE WHEN p.prosrc <> ''
                OR p.prokind = 'a' THEN p.prosrc ELSE pg_get_functiondef(p.oid) END)) > 0
            JOIN pg_catalog.pg_namespace m ON m.oid = q.pronamespace
                AND m.nspname NOT IN ('pg_catalog', 'information_schema')
    )
    SELECT f.ftrelid::regclass::text || ' (a foreign table that runs a program)' FROM reached r
        JOIN pg_catalog.pg_foreign_table f ON r.kind = 'pg_class'::regclass AND f.ftrelid = r.id
        WHERE array_to_string(f.ftoptions, ' ') ~ '(^| )program='
    UNION
    SELECT n.nspname || '.' || p.proname FROM deep c
        JOIN pg_catalog.pg_proc p ON p.oid = c.id JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    WHERE n.nspname <> 'pg_catalog' AND (p.provolatile = 'v' OR p.prosecdef
        -- What is called STABLE may still make large objects, set what the session keeps, or run SQL held in text.
        OR (l.lanname NOT IN ('c', 'internal') AND NOT l.lanpltrusted)
        OR (l.lanname NOT IN ('c', 'internal', 'sql') AND p.prosrc ~* '\\m(execute|plpy|spi_\\w+)\\M')
        OR (l.lanname NOT IN ('c', 'internal') AND p.prokind <> 'a' AND EXISTS (
            SELECT FROM pg_catalog.pg_proc v WHERE v.pronamespace = 'pg_catalog'::regnamespace
                AND v.provolatile = 'v'
                AND CASE WHEN p.prosrc <> '' THEN p.prosrc ELSE pg_get_functiondef(p.oid) END
                    ~* ('\\m' || v.proname || '\\M'))))
      AND NOT (lower(p.proname) = ANY(%(names)s) AND NOT has_schema_privilege(n.oid, 'USAGE'))
    ORDER BY 1
"""
_MOST_OFFERED: Final = 20


@dataclass(frozen=True, kw_only=True)
class ServerTable:
    """A table or view of the server: can it be named without its schema, and may this role read it?"""

    schema: str
    name: str
    is_visible: bool
    is_readable: bool

    @property
    def full_name(self) -> str:
        """As a study file writes it."""
        return f"{self.schema}.{self.name}"


def list_postgres_tables(backend: Any) -> list[ServerTable]:
    """The tables and views of all schemas that this role may enter."""
    with backend.con.cursor() as cursor, backend.con.transaction():
        rows = cursor.execute(_TABLES).fetchall()
    return [
        ServerTable(schema=schema, name=name, is_visible=visible, is_readable=readable)
        for schema, name, visible, readable in rows
    ]


def find_table(tables: Sequence[ServerTable], rule: SourceRule, *, where: str) -> tuple[str, str]:
    """Schema and name of the table a source names; StudyError offers those of all schemas that come near it."""
    wanted = str(rule.table)
    found = [one for one in tables if one.full_name == wanted or (one.name == wanted and one.is_visible)]
    if found:
        table = next((one for one in found if one.full_name == wanted), found[0])
        if not table.is_readable:
            raise StudyError(
                f"{where}.table: this role may not read {table.full_name}. Ask for GRANT SELECT ON {table.full_name} "
                "to the role that the url names."
            )
        return table.schema, table.name
    bare = wanted.rpartition(".")[2].lower()
    readable = [one.full_name for one in tables if one.is_readable]
    same = [one.full_name for one in tables if one.name.lower() == bare]
    if same:
        meant = " or ".join(repr(name) for name in same)
        raise StudyError(f"{where}.table: there is no {wanted!r} in the server. Did you mean {meant}? Write it so.")
    near = nearest_name(wanted, readable) or nearest_name(bare, {name.rpartition(".")[2] for name in readable})
    near = next((name for name in readable if near in {name, name.rpartition(".")[2]}), None)
    meant = f"Did you mean {near!r}? " if near else ""
    shown = ", ".join(readable[:_MOST_OFFERED]) + (" ..." if len(readable) > _MOST_OFFERED else "")
    offer = f"This role can read: {shown}." if readable else "This role can read no table. Check its rights."
    raise StudyError(f"{where}.table: there is no {wanted!r} in the server. {meant}{offer}")


def carried_select(backend: Any, sql: str, *, where: str) -> tuple[str, sch.Schema]:
    """A SELECT with what no other engine knows (ranges, points, types of the user's own) as text, and its columns.

    Money is a number; a domain is what it is made of.
    """
    described = _describe(backend, sql, where=where)
    foreign = {name for name, (oid, dtype) in described.items() if oid == _MONEY or _is_foreign(dtype)}
    if not foreign:
        return sql, _schema_of(described)
    asked = ", ".join(
        f"CAST({_quoted(name)} AS {'numeric' if oid == _MONEY else 'text'}) AS {_quoted(name)}"
        if name in foreign
        else _quoted(name)
        for name, (oid, _) in described.items()
    )
    carried = f"SELECT {asked} FROM ({sql}) AS carried__"
    return carried, postgres_schema_of(backend, carried, where=where)


def holds_foreign(schema: sch.Schema) -> bool:
    """May some of these columns be of types that must be told otherwise (`carried_select`)?"""
    return any(_is_foreign(dtype) or str(dtype).lstrip("!") == _AS_MONEY for dtype in schema.values())


def _is_foreign(dtype: Any) -> bool:
    return bool(dtype.is_unknown() or dtype.is_geospatial())


def _schema_of(described: Mapping[str, tuple[int, Any]]) -> sch.Schema:
    import ibis.expr.schema as sch

    return sch.Schema({name: dtype for name, (_, dtype) in described.items()})


def postgres_schema_of(backend: Any, sql: str, *, where: str) -> sch.Schema:
    """The columns of a SELECT and their types, told by the server of its first nought rows: nothing is made there."""
    return _schema_of(_describe(backend, sql, where=where))


def _describe(backend: Any, sql: str, *, where: str) -> dict[str, tuple[int, Any]]:
    """Each column with the server's number of its type and what it is called here."""
    with backend.con.cursor() as cursor, backend.con.transaction():
        cursor.execute(f"SELECT * FROM ({sql}) AS found__ LIMIT 0")
        described = cursor.pgresult
        columns = [
            (column.name, column.type_code, described.fmod(i)) for i, column in enumerate(cursor.description or ())
        ]
        names = [name for name, _, _ in columns]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise StudyError(f"{where}: gives two columns the name {twice!r}. Name one of them otherwise by AS.")
        types = cursor.execute(
            "SELECT CASE WHEN t.typtype = 'e' THEN 'enum' ELSE format_type(asked.oid, asked.fmod) END "
            "FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY AS asked(oid, fmod, place) "
            "JOIN pg_catalog.pg_type t ON t.oid = asked.oid ORDER BY place",
            ([oid for _, oid, _ in columns], [fmod for _, _, fmod in columns]),
        ).fetchall()
    mapper = backend.compiler.type_mapper
    return {name: (oid, mapper.from_string(said)) for (name, oid, _), (said,) in zip(columns, types, strict=True)}


def rows_as_text(backend: Any, sql: str) -> tuple[dict[str, str], Iterator[list[tuple[Any, ...]]]]:
    """Rows of a SELECT in which all but whole numbers, floating ones and flags is text, as a strict cast reads it.

    For columns that no table of Arrow carries: money, ranges, points, numbers of any length. What never ends is the
    year 9999 and what never began the year 1, as other programs write it; times with a zone are those of Greenwich.

    Returns
    -------
    tuple
        Column to what it holds (bool, int64, float64, string); batches of rows.
    """
    with backend.con.cursor() as cursor, backend.con.transaction():
        cursor.execute(f"SELECT * FROM ({sql}) AS found__ LIMIT 0")
        columns = [(column.name, column.type_code) for column in cursor.description or ()]
    asked = ", ".join(f"{_carried(_quoted(name), oid)} AS {_quoted(name)}" for name, oid in columns)

    def batches() -> Iterator[list[tuple[Any, ...]]]:
        with backend.con.transaction(), backend.con.cursor(name="rows__") as cursor:
            cursor.itersize = _BATCH_ROWS
            cursor.execute(f"SELECT {asked} FROM ({sql}) AS rows__")
            while rows := cursor.fetchmany(_BATCH_ROWS):
                yield rows

    return {name: _AS_THEY_ARE.get(oid, "string") for name, oid in columns}, batches()


# Object ids of PostgreSQL's own types, which are the same in every server.
_AS_THEY_ARE: Final = {16: "bool", 20: "int64", 21: "int64", 23: "int64", 700: "float64", 701: "float64"}
_DAY, _TIME, _ZONED = 1082, 1114, 1184
_MONEY: Final = 790
_AS_MONEY: Final = "decimal(19, 4)"  # so Ibis calls it
_BATCH_ROWS: Final = 20_000


def _carried(name: str, oid: int) -> str:
    if oid in _AS_THEY_ARE:
        return name
    if oid == _MONEY:
        return f"CAST(CAST({name} AS numeric) AS text)"
    if oid in {_DAY, _TIME, _ZONED}:
        moment = f"{name} AT TIME ZONE 'UTC'" if oid == _ZONED else name
        zone = " || 'Z'" if oid == _ZONED else ""
        return (
            f"CASE WHEN {name} = 'infinity' THEN '9999-12-31 00:00:00' WHEN {name} = '-infinity' "
            f"THEN '0001-01-01 00:00:00' ELSE CAST({moment} AS text) END{zone}"
        )
    return f"CAST({name} AS text)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def refuse_acting(
    backend: Any, relations: Sequence[str], names: Sequence[str] = (), types: Sequence[str] = (), *, where: str
) -> None:
    """Refuse to read what calls a function of the user's own that may act: a read-only session does not hold it all.

    A function of a superuser's writes files and starts programs (COPY ... TO) in a transaction that cannot write.

    Parameters
    ----------
    relations
        Tables and views, as the server's SQL names them.
    names
        Functions that a query calls, in small letters.
    types
        Types of the user's own that it casts to, in small letters.
    """
    with backend.con.cursor() as cursor, backend.con.transaction():
        ids = [cursor.execute("SELECT to_regclass(%s)::oid", (name,)).fetchone()[0] for name in relations]
        asked = {"relations": [oid for oid in ids if oid is not None], "names": list(names), "types": list(types)}
        found = [name for (name,) in cursor.execute(_ACTING, asked).fetchall()]
    if found:
        raise StudyError(
            f"{where}: calls {' and '.join(found[:3])}, which may do more than compute (VOLATILE or SECURITY DEFINER, "
            "or its text runs SQL held in text or calls what acts), and a study only reads. If it only computes, say "
            "so in the server (ALTER FUNCTION ... STABLE SECURITY INVOKER), or read what it is computed of."
        )
