"""Expressions of a study file: one scalar SQL expression over the source's columns, and nothing else.

A column of text that an expression treats as a number (``quantity * unit_price``) or as a time is cast strictly
first; so ``where: amount > 0`` works on a CSV file, whose columns are all text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

import sqlglot
from sqlglot import exp

from crm_research.errors import StudyError, offer_names
from crm_research.said_by_others import say_sql_fault
from crm_research.sources.mapping.casting import NULLS, NULLS_OF_VALUES
from crm_research.sources.mapping.expression_words import why_not_allowed
from crm_research.sources.mapping.selects import refuse_depth, refuse_monstrous
from crm_research.sources.mapping.sums import fill_part, fill_sums, find_sums, part_at, parts_of

if TYPE_CHECKING:
    from crm_research.sources.mapping.casting import Reading
    from crm_research.sources.session import Kind

AS_OF: Final = "as_of"

_LONGEST: Final = 20_000
_MOST_WORDS: Final = 5_000
_NUMERIC: Final = (
    exp.Abs,
    exp.Round,
    exp.Floor,
    exp.Ceil,
    exp.Sqrt,
    exp.Ln,
    exp.Log,
    exp.Pow,
    exp.Exp,
    exp.Sign,
    exp.Neg,
)
_ARITHMETIC: Final = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod)
_COMPARING: Final = (
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.Between,
    exp.In,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
)
_TEMPORAL: Final = (
    exp.TimestampTrunc, exp.DateTrunc, exp.Year, exp.Month, exp.Day, exp.Quarter, exp.Week, exp.DayOfWeek, exp.Extract,
    exp.DateDiff, exp.TimestampDiff, exp.LastDay, exp.DayOfYear, exp.TsOrDsToDate, exp.DateAdd, exp.DateSub, exp.Hour,
)  # fmt: skip
_PASSING: Final = (exp.Paren, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)
_VALUES: Final = frozenset({"float64", "timestamp", "boolean"})
_TARGET_OF_TIME: Final = {
    exp.DType.DATE,
    exp.DType.TIMESTAMP,
    exp.DType.TIMESTAMPNTZ,
    exp.DType.DATETIME,
    exp.DType.TIMESTAMPTZ,
}


@dataclass(frozen=True, kw_only=True)
class Usage:
    """A text column that an expression treats as another type: it must parse."""

    column: str
    target: str
    bad: str


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A checked expression as SQL, with the columns it reads.

    `filled` is the same expression with empty parts of its sums counted as nought, where it holds any; `parts` are
    these parts, and `numbers` the columns that it computes with, as SQL.
    """

    sql: str
    columns: tuple[str, ...]
    usages: tuple[Usage, ...] = ()
    filled: str = ""
    parts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(kw_only=True)
class ExpressionReader:
    """Checks and prepares expressions over one source's columns.

    Parameters
    ----------
    value_columns
        Columns that the study reads as ids, numbers, times or flags, whose words for nothing are more.
    stands_for
        Column to the one that is read in its stead, wherever its own lines may be silent.
    """

    kinds: Mapping[str, Kind]
    reading: Reading
    as_of: datetime
    value_columns: frozenset[str] = frozenset()
    stands_for: Mapping[str, str] = field(default_factory=dict)
    _by_lower: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._by_lower = {name.lower(): name for name in self.kinds}

    def read(
        self,
        text: str,
        *,
        where: str,
        wanted: str | None = None,
        is_money: bool = False,
        formats: Sequence[str] | None = None,
    ) -> Expression:
        """Check one expression; `wanted` is the Ibis type its value should have, `formats` how its times are written.

        Text is empty to it where the source's words for nothing stand, but where it is compared with such a word.
        Where it `is_money` that is summed over lines, numbers are those of the line alone.

        Raises
        ------
        StudyError
            If it is no single scalar expression, or names a column the source does not have.
        """
        tree = _parse(text, where)
        _refuse(tree, text, where)
        root = exp.Paren(this=tree)
        # First the names as the source writes them, then what each is treated as, while its neighbours still stand.
        columns = [self._named(column, text, where) for column in list(root.find_all(exp.Column))]
        targets = [(column, _target_of_use(column, wanted, self.kinds)) for column in columns if column is not None]
        values = {column.name for column, target in targets if target in _VALUES} | self.value_columns
        sums = find_sums(root, lambda part: _is_time(part, self.kinds)) if wanted == "float64" else []
        usages: dict[tuple[str, str], Usage] = {}
        numbers = []
        for column, target in targets:
            is_value = column.name in values
            cast = self._cast(column, target, usages, is_value=is_value, is_money=is_money, formats=formats)
            numbers += [cast.sql(dialect="duckdb")] if target == "float64" else []
        used = dict.fromkeys(column.name for column, _ in targets)
        sql, parts = root.sql(dialect="duckdb"), tuple(part_at(slot).sql(dialect="duckdb") for slot in parts_of(sums))
        fill_sums(sums)
        filled = root.sql(dialect="duckdb") if sums else ""
        return Expression(
            sql=sql,
            columns=tuple(used),
            usages=tuple(usages.values()),
            filled=filled,
            parts=parts,
            numbers=tuple(dict.fromkeys(numbers)),
        )

    def _named(self, column: exp.Column, text: str, where: str) -> exp.Column | None:
        """The column under its own name; None of as_of, which becomes its instant."""
        if column.table:
            raise StudyError(f"{where}: {text!r} names {column.sql()!r}; write the column alone, without a table.")
        if column.name.lower() == AS_OF:
            column.replace(_instant(self.as_of))
            return None
        name = self._by_lower.get(column.name.lower())
        if name is None:
            quotes = " Text stands in single quotes." if column.this.quoted else ""
            raise StudyError(
                f"{where}: {text!r} reads a column {column.name!r} that the source does not have. "
                f"{offer_names(column.name, self.kinds)}{quotes}"
            )
        column.set("this", exp.to_identifier(name, quoted=True))
        return column

    def _cast(
        self,
        column: exp.Column,
        target: str | None,
        usages: dict[tuple[str, str], Usage],
        *,
        is_value: bool,
        is_money: bool,
        formats: Sequence[str] | None,
    ) -> exp.Expr:
        """Put what the column is read as in its place."""
        name, kind = column.name, self.kinds[column.name]
        of_order = not (is_money and target == "float64")
        found: exp.Expr = exp.column(
            exp.to_identifier(self.stands_for.get(name, name) if of_order else name, quoted=True)
        )
        raw = found.sql(dialect="duckdb")
        if kind == "text" and target in _VALUES:
            cast = self.reading.cast(raw, kind, str(target), formats=formats)
            usages[name, str(target)] = Usage(column=name, target=str(target), bad=cast.bad or "FALSE")
            found = _as_it_stands(cast.value)
        elif kind == "text" and not self.reading.says_nothing(_words_beside(column)):
            nulls = NULLS_OF_VALUES if is_value else NULLS
            found = _as_it_stands(self.reading.text(raw, nulls=nulls))
        column.replace(found)
        return found


def _as_it_stands(sql: str) -> exp.Expr:
    """SQL of our own in the place of a column, never parsed: a reading of text is long, and would be once a place."""
    return exp.paren(exp.Column(this=exp.Var(this=sql)))


def fill_parts(text: str, empty: Collection[int], kinds: Mapping[str, Kind]) -> str:
    """The expression as its author would write it so that these parts of its sums count as nought where empty."""
    root = exp.Paren(this=_parse(text, ""))
    slots = parts_of(find_sums(root, lambda part: _is_time(part, kinds)))
    for i, slot in enumerate(slots):
        if i in empty:
            fill_part(slot)
    return str(root.this.sql(dialect="duckdb"))


def split_condition(text: str, columns: Iterable[str], *, where: str) -> tuple[str, str | None]:
    """A condition parted into what reads these columns alone, and the rest; None where nothing is left."""
    known = {AS_OF, *(name.lower() for name in columns)}
    tree = _parse(text, where)
    parts = list(tree.flatten()) if isinstance(tree, exp.And) else [tree]
    own = [part for part in parts if all(column.name.lower() in known for column in part.find_all(exp.Column))]
    rest = [part.sql(dialect="duckdb") for part in parts if not any(part is one for one in own)]
    return " AND ".join(f"({part.sql(dialect='duckdb')})" for part in own), " AND ".join(rest) or None


def _parse(text: str, where: str) -> exp.Expr:
    refuse_monstrous(text, where=where, longest=_LONGEST, most=_MOST_WORDS)
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError as problem:
        raise StudyError(
            f"{where}: {_start_of(text)!r} is no SQL expression: {say_sql_fault(problem)}. Check brackets and quotes."
        ) from None
    except RecursionError:
        raise StudyError(f"{where}: {_start_of(text)!r} is nested too deeply to be read. Write it flatter.") from None
    if len(trees) != 1 or trees[0] is None:
        raise StudyError(f"{where}: {_start_of(text)!r} must be one SQL expression. Write one, without semicolons.")
    refuse_depth(trees[0], where=where)
    return trees[0]


def _refuse(tree: exp.Expr, text: str, where: str) -> None:
    for node in tree.walk():
        name = why_not_allowed(node)
        if name is not None:
            name = name if len(name) <= 40 else f"{name[:37]}..."
            raise StudyError(
                f"{where}: {_start_of(text)!r} holds {name!r}, which is not allowed here. An expression computes one "
                "value from the columns of one row: no subqueries, sums over rows, files, chance, today's date (use "
                "as_of), nor what the engine says of itself. What it may hold: crm-research manual studies."
            )


def _start_of(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:197]}..."


def _instant(value: datetime) -> exp.Expr:
    return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "timestamp", dialect="duckdb")


def _target_of_use(node: exp.Expr, wanted: str | None, kinds: Mapping[str, Kind]) -> str | None:  # noqa: PLR0911
    """As what does the expression treat this node? Reads the path to the root until a use says it."""
    parent = node.parent
    if parent is None:
        return wanted
    if isinstance(parent, _ARITHMETIC):
        siblings = [other for other in (parent.left, parent.right) if other is not node]
        return "timestamp" if any(_is_time(other, kinds) for other in siblings) else "float64"
    if isinstance(parent, _NUMERIC):
        return "float64"
    if isinstance(parent, _TEMPORAL):
        return "timestamp"
    if isinstance(parent, _COMPARING):
        return _compared_with(node, parent, kinds)
    if isinstance(parent, (exp.And, exp.Or, exp.Not)):
        return "boolean"
    if isinstance(parent, exp.If):
        return "boolean" if parent.this is node else _target_of_use(_whole_case(parent), wanted, kinds)
    if isinstance(parent, exp.Case):
        return "string" if parent.this is node else _target_of_use(parent, wanted, kinds)
    if isinstance(parent, _PASSING):
        return _target_of_use(parent, wanted, kinds)
    return None


def _words_beside(column: exp.Column) -> list[str]:
    """Texts that the column is compared with by name."""
    parent = column.parent
    if isinstance(parent, exp.Case) and parent.this is column:
        others: list[exp.Expr] = [branch.this for branch in parent.args.get("ifs", [])]
    elif parent is not None and isinstance(parent, _COMPARING):
        others = list(parent.iter_expressions())
    else:
        return []
    return [other.name for other in others if isinstance(other, exp.Literal) and other.is_string]


def _whole_case(branch: exp.If) -> exp.Expr:
    return branch.parent if isinstance(branch.parent, exp.Case) else branch


def _compared_with(node: exp.Expr, parent: exp.Expr, kinds: Mapping[str, Kind]) -> str | None:
    others = [other for other in parent.iter_expressions() if other is not node]
    if any(_is_time(other, kinds) for other in others):
        return "timestamp"
    if any(_is_number(other, kinds) for other in others):
        return "float64"
    both_columns = all(isinstance(other, exp.Column) for other in others)
    return "float64" if both_columns and not isinstance(parent, (exp.EQ, exp.NEQ)) else "string"


def _is_time(node: exp.Expr, kinds: Mapping[str, Kind]) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Interval):
        return True
    if isinstance(node, exp.Column):
        return node.name.lower() == AS_OF or kinds.get(node.name) in {"date", "timestamp", "zoned"}
    if isinstance(node, exp.Cast):
        return node.to.this in _TARGET_OF_TIME
    if isinstance(node, exp.Anonymous):
        return node.name.lower().startswith("to_")
    return isinstance(node, (exp.Add, exp.Sub)) and (_is_time(node.left, kinds) or _is_time(node.right, kinds))


def _is_number(node: exp.Expr, kinds: Mapping[str, Kind]) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Literal):
        return not node.is_string
    if isinstance(node, exp.Column):
        return kinds.get(node.name) in {"integer", "number"}
    return isinstance(node, (*_ARITHMETIC, *_NUMERIC))
