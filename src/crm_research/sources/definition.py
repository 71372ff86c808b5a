"""What a study file may say: the pydantic models of ``data/studies/*.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from crm_research.addresses import scheme_of
from crm_research.errors import CrmError
from crm_research.results import PARTS, PRIVATE
from crm_research.said_by_others import say_found
from crm_research.sources.company_rule import GradesRule, OwnFile, SegmentationRule
from crm_research.sources.delivery_rule import Recipients, Targets
from crm_research.sources.engine_rule import Engine, EngineRule, read_from_server
from crm_research.sources.privacy_rule import PrivacyRule
from crm_research.sources.record_parts import contract_for, list_mapped, problems_of_records
from crm_research.sources.survivorship_rule import SurvivorshipRule, problems_of_survivorship
from crm_research.sources.written import (
    as_allowed,
    as_comment,
    as_date_formats,
    as_days,
    as_delimiter,
    as_encoding,
    as_finite,
    as_named_apart,
    as_paths,
    as_quote,
    as_sign,
    as_signs,
    as_source,
    as_zone,
)
from crm_research.study import Continuation

LONGEST_NAME: Final = 80
_MOST_ROWS: Final = 1_000_000
_MOST_DAYS_BETWEEN: Final = 3660
AttributeType = Literal["number", "category", "flag", "time"]
# Times that the calendar of the analyses can hold; outside stand only placeholders.
FIRST_INSTANT = datetime(1678, 1, 1)
LAST_INSTANT = datetime(2261, 12, 31)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Texts = Annotated[list[str], BeforeValidator(_as_list)]
Formats = Annotated[Texts, AfterValidator(as_date_formats)]


def _as_instant(value: Any) -> Any:
    """Read a date as its midnight; refuse zones, since a study's times carry none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f"{say_found(value)} is no date; write it as 2024-06-30") from None
    if value is None:
        raise ValueError("is empty; write a date, such as 2024-06-30")
    if not isinstance(value, date):
        raise ValueError(f"{say_found(value)[:60]} is no date; write it as 2024-06-30")
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is not None:
        raise ValueError("a study's instants carry no zone; write it in the study's own time")
    return believable(value)


def believable(value: datetime) -> datetime:
    """The instant itself; ValueError if no study can stand there, as in the years 1 and 9999 of empty dates."""
    if not FIRST_INSTANT <= value <= LAST_INSTANT:
        raise ValueError(
            f"{value:%Y-%m-%d} lies outside the years {FIRST_INSTANT.year} to {LAST_INSTANT.year}, where no records "
            "are; write the date up to which they reach, such as 2024-06-30"
        )
    return value


Url = Annotated[str, AfterValidator(as_allowed)]
Instant = Annotated[datetime, BeforeValidator(_as_instant)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Zone = Annotated[str, AfterValidator(as_zone)]
Bound = Annotated[float, Field(allow_inf_nan=False)]
Encoding = Annotated[str, AfterValidator(as_encoding)]


def _as_many(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Signs = Annotated[Texts, AfterValidator(as_signs)]


class ColumnRule(_Part):
    """Where one canonical column comes from: a source column, an expression or a constant."""

    column: str | None = None
    expr: str | None = None
    value: Annotated[str | int | float | bool | datetime | date | None, AfterValidator(as_finite)] = None
    format: Formats | None = None
    one_spelling: bool = False
    once_an_order: bool | None = None
    currency: str | None = None
    currency_column: str | None = None
    scale: Bound | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> ColumnRule:
        origins = [name for name in ("column", "expr", "value") if name in self.model_fields_set]
        if len(origins) != 1:
            raise ValueError(f"needs exactly one of column, expr and value; found {', '.join(origins) or 'none'}")
        if self.one_spelling and self.column is None and self.expr is None:
            raise ValueError("takes one_spelling beside a column or an expr only")
        if sum(part is not None for part in (self.currency, self.currency_column, self.scale)) > 1:
            raise ValueError("takes one of currency, currency_column and scale")
        return self


class AttributeRule(_Part):
    """An extra column that may serve as a covariate."""

    type: AttributeType
    column: str | None = None
    expr: str | None = None
    format: Formats | None = None
    _called: str = ""  # by the file, where it is kept under a name apart

    @property
    def called(self) -> str:
        """How the file calls it, where that is the name of a column of ours; empty where it keeps its name."""
        return self._called

    @model_validator(mode="after")
    def _has_one_origin(self) -> AttributeRule:
        if self.column is not None and self.expr is not None:
            raise ValueError("takes a column or an expr, not both")
        return self


class ItemRule(_Part):
    """One question of a questionnaire that has a column for each: its scale, and how its answers are written."""

    column: str | None = None
    scale: tuple[Bound, Bound] | None = None
    answers: list[Name] | None = Field(default=None, min_length=2)
    reversed: bool = False
    missing: Annotated[list[Bound], BeforeValidator(_as_many)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_a_scale(self) -> ItemRule:
        if self.scale is None and self.answers is None:
            raise ValueError("needs its scale, such as [1, 5], or its answers from lowest to highest")
        if self.scale is not None and self.scale[0] >= self.scale[1]:
            raise ValueError("needs a scale from low to high, such as [1, 5]; write reversed: true if high is bad")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest answer that can be given."""
        return self.scale if self.scale is not None else (1.0, float(len(self.answers or ())))


class SourceRule(_Part):
    """Where a table's rows lie, and how its files are written."""

    path: Annotated[Texts, Field(min_length=1), AfterValidator(as_paths)] | None = None
    format: Literal["delta", "iceberg"] | None = None
    version: Annotated[int, Field(ge=0, strict=True)] | None = None
    url: Url | None = None
    sample: str | None = None
    sql: str | None = None
    inputs: dict[str, Source] = Field(default_factory=dict)
    table: str | None = None
    query: str | None = None
    sheet: str | int | None = None
    encoding: Encoding | Annotated[list[Encoding], Field(min_length=1)] = "utf-8"
    delimiter: Annotated[str, AfterValidator(as_delimiter)] | None = None
    quote: Annotated[str, AfterValidator(as_quote)] = '"'
    decimal: Literal[".", ","] = "."
    thousands: Annotated[str, AfterValidator(as_sign)] | None = None
    signs: Signs = Field(default_factory=list)
    header: bool | Annotated[int, Field(ge=0, le=20)] = True
    names: list[str] | None = None
    skip_rows: int = Field(default=0, ge=0, le=_MOST_ROWS)
    skip_footer: int = Field(default=0, ge=0, le=_MOST_ROWS)
    comment: Annotated[str, AfterValidator(as_comment)] | None = None
    null_values: Texts | None = None
    date_format: Formats | None = None
    distinct: bool = False

    @property
    def n_header_lines(self) -> int:
        """How many lines the header takes; the names stand in the first."""
        return int(self.header)

    @model_validator(mode="after")
    def _has_one_origin(self) -> SourceRule:
        origins = [name for name in ("path", "url", "sample", "sql") if getattr(self, name) is not None]
        if len(origins) != 1:
            raise ValueError(f"needs exactly one of path, url, sample and sql; found {', '.join(origins) or 'none'}")
        if (self.format or self.version is not None) and len(self.path or ()) != 1:
            raise ValueError("format and version are of a lake's table; name its one folder under path")
        if self.thousands == self.decimal:
            raise ValueError(
                f"says that {self.decimal!r} is the decimal sign and parts thousands too, so that 1{self.decimal}5 "
                "would be 15; write both, such as decimal: ',' and thousands: '.'"
            )
        if self.names is not None and self.header is not True and self.header > 1:
            raise ValueError("takes names or several header lines, not both; skip the header lines by skip_rows")
        if bool(self.inputs) != (self.sql is not None):
            raise ValueError("sql and inputs belong together: name every file the SQL reads under inputs")
        if self.quote and self.quote == self.delimiter:
            raise ValueError("takes two different signs for delimiter and quote")
        if self.table is not None and self.query is not None:
            raise ValueError("takes a table or a query, not both")
        if self.url is not None and self.table is None and self.query is None:
            raise ValueError("a database needs table or query beside its url")
        return self


def walk_sources(rule: SourceRule) -> Iterator[SourceRule]:
    """The source itself, and those that its SQL takes its rows from."""
    yield rule
    for inner in rule.inputs.values():
        yield from walk_sources(inner)


def _column_from_text(value: Any) -> Any:
    return value if isinstance(value, dict) else {"column": str(value)}


def _item_from_scale(value: Any) -> Any:
    return {"scale": value} if isinstance(value, list) else value


def _attribute_from_text(value: Any) -> Any:
    return value if isinstance(value, dict) else {"type": value}


Source = Annotated[SourceRule, BeforeValidator(as_source)]
ColumnOrigin = Annotated[ColumnRule, BeforeValidator(_column_from_text)]
Item = Annotated[ItemRule, BeforeValidator(_item_from_scale)]
Attribute = Annotated[AttributeRule, BeforeValidator(_attribute_from_text)]


Days = Annotated[int, BeforeValidator(as_days), Field(ge=0, le=_MOST_DAYS_BETWEEN)]


class TableRule(_Part):
    """How one canonical table is made of a source."""

    source: Source = Field(alias="from")
    columns: dict[str, ColumnOrigin] = Field(default_factory=dict)
    items: dict[str, Item] = Field(default_factory=dict)
    where: str | None = None
    sum_lines: bool = False
    returns: str | None = None
    cancellations: str | None = None
    continues_within: Days | None = None
    continues_after: Texts = Field(default_factory=list)
    by: Literal["customer"] = "customer"
    attributes: Annotated[dict[str, Attribute], AfterValidator(as_named_apart)] = Field(default_factory=dict)
    accept: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    unique: bool = False

    @property
    def continuation(self) -> Continuation | None:
        """Which contracts are read as one."""
        if self.continues_within is None and not self.continues_after:
            return None
        return Continuation(within_days=self.continues_within, after=tuple(self.continues_after))

    @property
    def renamed(self) -> dict[str, str]:
        """Attributes that are called as columns of ours, each with the name under which it is kept."""
        return {rule.called: name for name, rule in self.attributes.items() if rule.called}


class StudyDefinition(_Part):
    """A whole study file."""

    name: str
    title: str = ""
    provenance: str = ""
    currency: str
    as_of: Instant
    holdout_until: Instant | None = None
    timezone: Zone = "UTC"
    caveats: list[str] = Field(default_factory=list)
    engine: Engine = EngineRule()
    exchange_rates: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(default_factory=dict)
    segmentation: SegmentationRule = SegmentationRule()
    grades: GradesRule = GradesRule()
    publish: Targets = Field(default_factory=dict)
    recipients: Recipients = Field(default_factory=dict)
    privacy: PrivacyRule = PrivacyRule()
    survivorship: SurvivorshipRule | None = None
    house: OwnFile | None = None
    rules: OwnFile | None = None
    tables: dict[str, TableRule] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _reads_its_server(cls, content: Any) -> Any:
        return read_from_server(content)

    @model_validator(mode="after")
    def _is_consistent(self) -> StudyDefinition:
        problems = [*self._head_problems(), *self._table_problems()]
        problems += problems_of_survivorship(self.survivorship, self.tables)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def mapped(self) -> tuple[str, ...]:
        """The canonical tables that the file makes."""
        return list_mapped(self.tables)

    @property
    def is_embedded(self) -> bool:
        """Does the study live in the embedded engine, rather than in a server?"""
        return scheme_of(self.engine.url) == "duckdb"

    def _head_problems(self) -> list[str]:
        problems = []
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", self.name):
            problems.append(f"name: {self.name[:60]!r} must be made of a-z, 0-9 and hyphens, such as my-shop.")
        if self.name == PRIVATE:
            problems.append("name: 'private' is the folder of lists with real ids; give the study another name.")
        if self.name == PARTS:
            problems.append("name: 'each' is the folder of parts of customers; give the study another name.")
        if len(self.name) > LONGEST_NAME:
            problems.append(
                f"name: is {len(self.name)} characters long; folders and pages are named after it, so write at most "
                f"{LONGEST_NAME}."
            )
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            problems.append(f"currency: {self.currency!r} must be three capital letters, such as EUR.")
        if self.holdout_until is not None and self.holdout_until <= self.as_of:
            problems.append(
                f"holdout_until: {self.holdout_until:%Y-%m-%d} must lie after as_of {self.as_of:%Y-%m-%d}. "
                "Move one of them, or leave holdout_until out."
            )
        return problems

    def _table_problems(self) -> list[str]:
        problems = []
        for name, rule in self.tables.items():
            try:
                contract = contract_for(name)
            except CrmError as problem:
                problems.append(f"tables.{name}: {problem}")
                continue
            for column, origin in rule.columns.items():
                try:
                    contract.column(column)
                except CrmError as problem:
                    problems.append(f"tables.{name}.columns.{column}: {problem} Extra columns belong under attributes.")
                if origin.currency not in {None, self.currency, *self.exchange_rates}:
                    problems.append(
                        f"tables.{name}.columns.{column}.currency: no rate for {origin.currency}. "
                        f"Write exchange_rates: {{{origin.currency}: RATE}} into {self.currency}."
                    )
            if rule.items and name != "surveys":
                problems.append(f"tables.{name}.items: only surveys take items.")
            problems += problems_of_records(name, is_unique=rule.unique)
            if name != "contracts":
                problems += [
                    f"tables.{name}.{key}: only contracts take {key}."
                    for key in ("continues_within", "continues_after", "by")
                    if key in rule.model_fields_set
                ]
            elif "by" in rule.model_fields_set and rule.continuation is None:
                problems.append(
                    "tables.contracts.by: says whose contracts are joined, but not when. Write continues_within: 7 "
                    "days, or continues_after: [REASON] for end reasons that are none, beside it."
                )
            if name != "orders":
                problems += [
                    f"tables.{name}.{key}: only orders take {key}."
                    for key in ("sum_lines", "returns", "cancellations")
                    if getattr(rule, key)
                ]
        return problems


SourceRule.model_rebuild()
