"""The plan of one table: SQL that makes the canonical table of a source, and what must be checked before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from crm_research.contracts import RECORD_KEY, Column, TableContract, is_internal, name_apart
from crm_research.errors import StudyError, offer_names
from crm_research.sources.definition import ColumnRule
from crm_research.sources.mapping.casting import NULLS_OF_VALUES, Cast, Reading
from crm_research.sources.mapping.expressions import Expression, ExpressionReader
from crm_research.sources.mapping.local_ids import LocalIds
from crm_research.sources.mapping.plans import (
    IS_CANCELLED,
    IS_RETURN,
    SUM,
    SUMMED,
    Doubt,
    TablePlan,
    without_open_ends,
)
from crm_research.sources.session import literal, quoted
from crm_research.vocabulary import CANCELLED, RETURN, SALE

if TYPE_CHECKING:
    from crm_research.sources.definition import StudyDefinition, TableRule
    from crm_research.sources.session import Relation

MONEY: Final = frozenset({*SUMMED, "quantity"})
TYPE_OF_ATTRIBUTE: Final = {"number": "float64", "category": "string", "flag": "boolean", "time": "timestamp"}
_SQL_TYPES: Final = {
    "string": "VARCHAR",
    "float64": "DOUBLE",
    "int64": "BIGINT",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
}


@dataclass(kw_only=True)
class Planner:
    """Collects one table's plan, and every problem of it before any is told."""

    study: StudyDefinition
    contract: TableContract
    rule: TableRule
    relation: Relation
    where_in_file: str
    reading_class: type[Reading] = Reading
    stands_for: Mapping[str, str] = field(default_factory=dict)
    value_columns: frozenset[str] | None = None
    _outputs: dict[str, str] = field(default_factory=dict)
    _doubts: list[Doubt] = field(default_factory=list)
    _problems: list[str] = field(default_factory=list)
    _renamed: set[str] = field(default_factory=set)
    _flags: dict[str, str] = field(default_factory=dict)
    _reads: set[str] = field(default_factory=set)
    _ends: dict[str, bool] = field(default_factory=dict)
    _once: dict[str, bool | None] = field(default_factory=dict)
    _silent: dict[str, str] = field(default_factory=dict)
    _times: dict[str, str] = field(default_factory=dict)
    _local: LocalIds = field(default_factory=LocalIds)

    def plan(self) -> TablePlan:
        """The plan; StudyError with one line for each problem."""
        self._reading = self.reading_class.of(self.relation, timezone=self.study.timezone)
        self._by_lower = {name.lower(): name for name in self.relation.kinds}
        self._reader = ExpressionReader(
            kinds=self.relation.kinds,
            reading=self._reading,
            as_of=self.study.as_of,
            value_columns=(
                value_columns(self.rule, self.contract, self.relation)
                if self.value_columns is None
                else self.value_columns
            ),
            stands_for=self.stands_for,
        )
        self._local = local = LocalIds.of(self.contract, self.rule, self._by_lower)
        self._problems += local.problems(self.where_in_file, self.relation.described)
        for column in self.contract.columns:
            if column.name not in local.left_out:
                self._add_canonical(column)
        if local.is_said and {*RECORD_KEY} <= {*self._outputs}:
            self._outputs["customer_id"] = local.customer_id(self._outputs)
        self._add_order_kind()
        self._add_attributes()
        extra = self._add_extra()
        where = self._condition("where", self.rule.where)
        if self._problems:
            raise StudyError("\n".join(self._problems))
        return TablePlan(
            table=self.contract.name,
            where_in_file=self.where_in_file,
            outputs=self._outputs,
            where=where,
            doubts=tuple(self._doubts),
            attributes={name: rule.type for name, rule in self.rule.attributes.items()},
            extra=extra,
            sum_lines=self.rule.sum_lines,
            timezone=self.study.timezone,
            flags=self._flags,
            reads=frozenset(self._reads),
            once=self._once,
            is_of_lines=self._written_rule("revenue").once_an_order is False,
            written=self._written(),
            origins={name: self._origin(name) for name in SUMMED if name in self._outputs},
            silent=self._silent,
            times=self._times,
            ends=self._ends,
        )

    def _written_rule(self, name: str) -> ColumnRule:
        return self.rule.columns.get(name) or ColumnRule(column=self._by_lower.get(name, name))

    def _origin(self, name: str) -> tuple[str, str]:
        rule = self._written_rule(name)
        return ("column", rule.column) if rule.column is not None else ("expr", rule.expr or _constant(rule.value))

    def _written(self) -> dict[str, str]:
        said = {key: text for key in ("where", "returns") if (text := getattr(self.rule, key))}
        for name in ("order_id", "revenue"):
            rule = self._written_rule(name)
            if rule.column is not None:
                said[name] = quoted(self._by_lower.get(rule.column.lower(), rule.column))
            else:
                said[name] = f"({rule.expr})" if rule.expr is not None else _constant(rule.value)
        return said

    def _add_canonical(self, column: Column) -> None:
        rule = self.rule.columns.get(column.name)
        if rule is None and column.name.lower() in self._by_lower:
            rule = ColumnRule(column=self._by_lower[column.name.lower()])
        if rule is None:
            if column.required:
                self._problems.append(
                    f"{self.where_in_file}.columns: {self.contract.name}.{column.name} ({column.meaning}) is missing; "
                    f"{self.relation.described} has the columns {', '.join(self.relation.kinds)}. "
                    f"Write {column.name}: COLUMN under columns."
                )
            return
        place = f"{self.where_in_file}.columns.{column.name}"
        try:
            sql = self._value(column.name, column.type, rule, place, is_id=column.name.endswith("_id"))
        except StudyError as problem:
            self._problems.append(str(problem))
            return
        if rule.one_spelling and column.type != "string":
            self._problems.append(f"{place}.one_spelling: only ids and other texts are written in several ways.")
        elif rule.one_spelling:
            sql = self._reading.one_spelling(sql)
        if self.rule.sum_lines and column.name in SUMMED:
            self._once[column.name] = False if rule.column is None and not rule.once_an_order else rule.once_an_order
        elif rule.once_an_order is not None:
            self._problems.append(f"{place}.once_an_order: only money of orders made by sum_lines takes it.")
        if column.type == "timestamp" and column.nullable:
            sql = self._may_be_empty(column.name, sql, rule.column, is_end=column.happens_later)
        factor = self._factor(rule)
        sql = sql if factor is None else f"({sql}) * CAST({factor!r} AS DOUBLE)"
        self._outputs[column.name] = sql if rule.currency_column is None else self._in_one_currency(sql, column, rule)

    def _in_one_currency(self, sql: str, column: Column, rule: ColumnRule) -> str:
        """Money whose currency another column names, row by row, in the study's own."""
        place = f"{self.where_in_file}.columns.{column.name}.currency_column"
        wanted = str(rule.currency_column)
        found = self._by_lower.get(wanted.lower())
        if found is None:
            offer = offer_names(wanted, self.relation.kinds)
            self._problems.append(f"{place}: {self.relation.described} has no column {wanted!r}. {offer}")
            return sql
        self._reads.add(found)
        code = f"upper({self._reading.text(f'CAST({quoted(self.stands_for.get(found, found))} AS VARCHAR)')})"
        rates = {**self.study.exchange_rates, self.study.currency: 1.0}
        cases = " ".join(f"WHEN {literal(name)} THEN {rate!r}" for name, rate in rates.items())
        rate = f"CAST(CASE {code} {cases} END AS DOUBLE)"
        bad = f"({sql}) IS NOT NULL AND {rate} IS NULL"
        self._doubts.append(Doubt(column=column.name, source_column=found, target="currency", bad=bad, raw=code))
        return f"({sql}) * {rate}"

    def _may_be_empty(self, name: str, sql: str, source: str | None, *, is_end: bool) -> str:
        found = self._by_lower.get((source or "").lower())
        if self.relation.kinds.get(found or "") in {"date", "timestamp", "zoned"} or self.reading_class is not Reading:
            return without_open_ends(sql, is_end=is_end)
        self._ends[name] = is_end
        return sql

    def _factor(self, rule: ColumnRule) -> float | None:
        if rule.currency is not None and rule.currency != self.study.currency:
            return self.study.exchange_rates[rule.currency]
        return rule.scale

    def _value(self, name: str, target: str, rule: ColumnRule, place: str, *, is_id: bool = False) -> str:
        if rule.column is not None:
            return self._from_column(name, target, rule, place, is_id=is_id)
        if rule.expr is not None:
            return self._from_expression(name, target, rule.expr, rule, place)
        return f"CAST({_constant(rule.value)} AS {_SQL_TYPES[target]})"

    def _from_column(self, name: str, target: str, rule: ColumnRule, place: str, *, is_id: bool) -> str:
        wanted = str(rule.column)
        found = self._by_lower.get(wanted.lower())
        if found is None:
            raise StudyError(
                f"{place}: {self.relation.described} has no column {wanted!r}. "
                f"{offer_names(wanted, self.relation.kinds)}"
            )
        if found not in self.rule.attributes:
            self._renamed.add(found)
        if name in {"customer_id", "local_id"}:
            self._reads.add(found)
        raw = quoted(found if name in MONEY else self.stands_for.get(found, found))
        cast = self._cast(raw, found, target, rule, place, is_id=is_id)
        if target == "timestamp" and self.relation.kinds[found] == "text":
            self._times[name] = raw
        if cast.bad is not None:
            doubt = Doubt(column=name, source_column=found, target=target, bad=cast.bad, raw=raw, key=place)
            self._doubts.append(doubt)
        return cast.value

    def _cast(self, raw: str, found: str, target: str, rule: ColumnRule, place: str, *, is_id: bool) -> Cast:
        try:
            return self._reading.cast(raw, self.relation.kinds[found], target, formats=rule.format, is_id=is_id)
        except StudyError as problem:
            raise StudyError(f"{place}: the column {found!r} of {self.relation.described} {problem}.") from None

    def _from_expression(self, name: str, target: str, text: str, rule: ColumnRule, place: str) -> str:
        expression = self._reader.read(text, where=place, wanted=target, is_money=name in MONEY, formats=rule.format)
        self._doubt_usages(expression)
        # The expression's own type is known only to the engine, so its value is cast through text where it need be.
        value = expression.sql
        if expression.filled and name in self.contract.column_names:
            self._doubt_sum(name, text, expression, place)
        if self.rule.sum_lines and name in SUMMED and expression.numbers:
            filled = " OR ".join(f"({number}) IS NOT NULL" for number in expression.numbers)
            self._silent[name] = f"({expression.sql}) IS NULL AND ({filled})"
        if target == "timestamp" and (rule.format or self.relation.rule.date_format):
            cast = self._reading.computed_time(value, rule.format)
            self._doubts.append(Doubt(column=name, source_column=text, target=target, bad=str(cast.bad), raw=value))
            return cast.value
        if target == "string":
            return f"CAST({value} AS VARCHAR)"
        tried = f"TRY_CAST({value} AS {_SQL_TYPES[target]})"
        self._doubts.append(
            Doubt(
                column=name,
                source_column=text,
                target=target,
                bad=f"({value}) IS NOT NULL AND {tried} IS NULL",
                raw=value,
            )
        )
        return tried

    def _doubt_sum(self, name: str, text: str, expression: Expression, place: str) -> None:
        """An empty part empties its whole sum, whose other parts are then lost from totals without a word."""
        bad = f"({expression.filled}) IS DISTINCT FROM ({expression.sql})"
        if not self.rule.sum_lines:
            # Where rows stand for themselves, an empty value is judged by the contract; a coalesce around it hides it.
            is_judged = "missing-value" in self.rule.accept or self.contract.column(name).nullable
            bad += f" AND ({expression.sql}) IS NOT NULL" if is_judged else ""
        elif expression.columns and set(expression.columns) <= set(self.stands_for):
            # All of it is said once an order: its other lines have nothing to add.
            texts = {name: f"CAST({quoted(name)} AS VARCHAR)" for name in expression.columns}
            says = [f"nullif({self._reading.text(text, nulls=NULLS_OF_VALUES)}, '') IS NULL" for text in texts.values()]
            of_order = ", ".join(quoted(self.stands_for[name]) for name in texts)
            bad += f" AND NOT ({' AND '.join(says)} AND coalesce({of_order}) IS NOT NULL)"
        raw = " || ' and ' || ".join(
            f"coalesce(CAST({part} AS VARCHAR), {literal('(empty)')})" for part in expression.parts
        )
        doubt = Doubt(column=name, source_column=text, target=SUM, bad=bad, raw=raw, key=place, parts=expression.parts)
        self._doubts.append(doubt)

    def _doubt_usages(self, expression: Expression, *, of_all_rows: bool = False) -> None:
        self._reads.update(expression.columns)
        for usage in expression.usages:
            self._doubts.append(
                Doubt(
                    column=usage.column,
                    source_column=usage.column,
                    target=usage.target,
                    bad=usage.bad,
                    raw=quoted(usage.column),
                    of_all_rows=of_all_rows,
                )
            )

    def _condition(self, key: str, text: str | None) -> str:
        if text is None:
            return ""
        try:
            expression = self._reader.read(text, where=f"{self.where_in_file}.{key}", wanted="boolean")
        except StudyError as problem:
            self._problems.append(str(problem))
            return ""
        self._doubt_usages(expression, of_all_rows=key == "where")
        return expression.sql

    def _add_order_kind(self) -> None:
        cancelled = self._condition("cancellations", self.rule.cancellations)
        returned = self._condition("returns", self.rule.returns)
        if not cancelled and not returned and not (self.rule.sum_lines and "kind" in self._outputs):
            return
        kind = self._outputs.get("kind", "NULL")
        if self.rule.sum_lines:
            # Which lines make an order cancelled or a return is asked of all of them: a line may say nothing.
            said = f"({kind})" if "kind" in self._outputs else ""
            self._outputs["kind"] = f"CAST({kind} AS VARCHAR)"
            self._flags = {
                IS_CANCELLED: _or(cancelled, said and f"{said} = {literal(CANCELLED)}"),
                IS_RETURN: _or(returned, said and f"{said} = {literal(RETURN)}"),
            }
            return
        base = f"coalesce({kind}, {literal(SALE)})"
        branches = [
            f"WHEN {condition} THEN {literal(kind)}"
            for condition, kind in ((cancelled, CANCELLED), (returned, RETURN))
            if condition
        ]
        self._outputs["kind"] = f"CASE {' '.join(branches)} ELSE {base} END"

    def _add_attributes(self) -> None:
        for name, rule in self.rule.attributes.items():
            place = f"{self.where_in_file}.attributes.{name}"
            if rule.expr is None and rule.column is None and name in self._outputs:
                continue
            origin = {"expr": rule.expr} if rule.expr is not None else {"column": rule.column or name}
            try:
                taken = name in self.contract.column_names and name not in self._local.left_out
                if taken:
                    raise StudyError(f"{place}: {name!r} is a canonical column; map it under columns.")
                column = ColumnRule(**origin, format=rule.format)
                value = self._value(name, TYPE_OF_ATTRIBUTE[rule.type], column, place)
                is_time = rule.type == "time"
                self._outputs[name] = self._may_be_empty(name, value, column.column, is_end=True) if is_time else value
            except StudyError as problem:
                self._problems.append(str(problem))

    def _add_extra(self) -> tuple[str, ...]:
        if self.rule.sum_lines:
            return ()
        taken = {name.lower() for name in self._outputs}
        canonical = {
            name.lower() for name in self.contract.column_names if name not in self._local.left_out - {"local_id"}
        }
        extra = [
            name for name in self.relation.kinds if name not in self._renamed and name.lower() not in taken | canonical
        ]
        extra = [name for name in extra if name not in self.stands_for.values() and not is_internal(name)]
        self._outputs.update({name: quoted(name) for name in extra})
        if (
            (unread := self._by_lower.get("local_id"))
            and "local_id" not in self._outputs
            and unread not in self._renamed
        ):
            # Whose a row is, its customer_id says: this number must not be taken for what does.
            self._outputs[name_apart("local_id", [*self._outputs])] = quoted(unread)
        return tuple(extra)


def _or(*conditions: str) -> str:
    return " OR ".join(f"({condition})" for condition in conditions if condition) or "FALSE"


def value_columns(rule: TableRule, contract: TableContract, relation: Relation) -> frozenset[str]:
    """Columns of the source that the table reads as ids, numbers, times or flags."""
    by_lower = {name.lower(): name for name in relation.kinds}
    read_so = [
        name if (origin := rule.columns.get(name)) is None else origin.column or ""
        for name, kind in ((column.name, column.type) for column in contract.columns)
        if kind != "string" or name.endswith("_id")
    ]
    read_so += [one.column or name for name, one in rule.attributes.items() if one.type != "category"]
    return frozenset(by_lower[name.lower()] for name in read_so if name.lower() in by_lower)


def _constant(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (date, datetime)):
        return literal(value.isoformat())
    return literal(str(value)) if value is not None else "NULL"
