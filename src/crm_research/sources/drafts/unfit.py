"""Why a file feeds no table: the nearest one, what is missing, the lines that would do, and times not read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml

from crm_research.contracts import contract_of
from crm_research.sources.drafts.guess import NEEDED, TELLING, score_roles
from crm_research.sources.drafts.phrases import PHRASES
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.two_sides import mark_column
from crm_research.sources.drafts.words import header_words, names_any
from crm_research.sources.drafts.zones import are_of_one_place, zone_behind
from crm_research.sources.mapping.casting import NULLS_OF_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crm_research.sources.drafts.look import ColumnLook, FileLook

_NAMED: Final = 0.4
# Numbers that a draft makes itself where the file has none.
_MADE: Final = frozenset({"order_id", "contract_id", "contact_id", "response_id", "invoice_id", "item"})
# What stands for a column that the file need not have.
_BY_HAND: Final[Mapping[str, object]] = {
    "kind": {"value": "service"}, "item": {"value": "satisfaction"}, "scale_min": {"value": "LOWEST"},
    "scale_max": {"value": "HIGHEST"},
}  # fmt: skip
_DAY: Final = re.compile(
    r"\d{1,4}([-/. ])\d{1,2}\1 ?\d{2,4}(?!\d)|\d{1,2}[-. ]+[^\W\d]{3,9}\.?[-, ]+\d{2,4}|[^\W\d]{3,9}\.? \d{1,2}, ?\d{4}"
)
_COUNTED: Final = re.compile(r"[1-6]\d{4}([.,]\d+)?")
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_SHARE_OF_TIMES: Final = 0.9


def why_unfit(look: FileLook, *, is_alone: bool = False) -> str:
    """Why does a file feed no table by itself? Names the nearest table, what it lacks, and what to write.

    Parameters
    ----------
    is_alone
        No file feeds a table, so none can fit better.
    """
    if not look.n_rows:
        return f"holds no rows, only the columns {', '.join(look.columns)}"
    table, found, lacking = max(
        (_required_found(table, look) for table in NEEDED), key=lambda one: _nearness(look, one)
    )
    if not found:
        return f"fits no canonical table{_unread(look)}"
    if not lacking and not is_alone:
        return "another file fits better"
    lines = f"write {table}: {_on_one_line({'from': _source(look), 'columns': _columns(look, table, found)})}"
    if not lacking:
        made = [name for name in contract_of(table).required_names if name not in found]
        missing = f"what is missing is {' and '.join(made)}" if made else _repeats(look, table, found)
        return f"is nearest to {table}, but {missing}; if that is what its rows are, {lines}{_unread(look)}"
    return (
        f"looks like {table}, but lacks {' and '.join(lacking)}; where another column says it, {lines}, "
        f"and where another file does, join it by from: {{sql: ...}}{_unread(look)}"
    )


def _repeats(look: FileLook, table: str, found: dict[str, str]) -> str:
    key = found.get(contract_of(table).required_names[0], "")
    if key in look.columns and not look.columns[key].is_unique:
        return f"{key} repeats, or is missing, in its rows, of which each should be another"
    return "little in its columns speaks for it"


def _on_one_line(said: object) -> str:
    """As a study file says it, so that it can be written there as it stands."""
    text: str = yaml.safe_dump(said, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.removesuffix("...\n").strip()


def _source(look: FileLook) -> object:
    """The file, with what must be said to read it."""
    names = [path.name for path in look.paths]
    path = names[0] if len(names) == 1 else names
    return {"path": path, **look.options} if look.options else path


def _columns(look: FileLook, table: str, found: dict[str, str]) -> dict[str, object]:
    """The columns of a table as a study file says them; capitals stand for what the user must name."""
    who, when = (found.get(role) for role in ("customer_id", _time_of(table)))
    own = {"expr": f"{name_in_sql(who)} || '-' || {name_in_sql(when)}"} if who and when else "COLUMN"
    found = found | _also_there(look, table, found)
    roles = dict.fromkeys([*contract_of(table).required_names, *found])
    read = {role: _as_read(look.columns[name]) for role, name in found.items()}
    return {role: read.get(role) or _BY_HAND.get(role) or (own if role in _MADE else "COLUMN") for role in roles}


def _also_there(look: FileLook, table: str, found: dict[str, str]) -> dict[str, str]:
    """Columns that would do for what a table need not have."""
    there: dict[str, str] = {}
    wanted = [role for role in NEEDED[table][1] if role not in found]
    scored = [(score, role, name) for score, role, name in score_roles(wanted, look) if score >= _NAMED]
    # A single word that says it beside a beginning, and would say too little of a file by itself.
    scored += [
        (_NAMED, role, name)
        for role, words in _BESIDE_A_START.items()
        if role in wanted and found.get("started_at")
        for name, column in look.columns.items()
        if header_words(name) in words and column.is_time == role.endswith("_at")
    ]
    for _, role, name in scored:
        if role not in there and name not in found.values() and name not in there.values():
            there[role] = name
    return there


_BESIDE_A_START: Final[Mapping[str, tuple[list[str], ...]]] = {
    "ended_at": (["closed"], ["closed", "at"], ["closed", "on"], ["ended"], ["left"], ["until"], ["to"]),
    "end_reason": (["why"], ["cause"], ["reason"]),
}


def _as_read(column: ColumnLook) -> object:
    return {"column": column.name, **column.format_key} if column.format_key else column.name


def _time_of(table: str) -> str:
    return next((role for role in contract_of(table).required_names if role.endswith("_at")), "")


def _nearness(look: FileLook, candidate: tuple[str, dict[str, str], list[str]]) -> float:
    """Columns found less those that lack, and a little for words that speak of the table."""
    table, found, lacking = candidate
    n_telling = sum(names_any(name, TELLING.get(table, ())) for name in look.columns)
    repeats = table in _ONE_ROW_EACH and any(not look.columns[name].is_unique for name in found.values())
    return len(found) - 0.5 * len(lacking) + 0.1 * min(n_telling, _MOST_TELLING) - 0.4 * repeats


_ONE_ROW_EACH: Final = frozenset({"customers", "products", "partners"})
_MOST_TELLING: Final = 3


def _required_found(table: str, look: FileLook) -> tuple[str, dict[str, str], list[str]]:
    """A table, its needed roles with the columns that fit them, and those that none fits."""
    required = [role for role in contract_of(table).required_names if role in PHRASES and role not in _MADE]
    required += [role for role in NEEDED[table][0] if role not in required and role in contract_of(table).column_names]
    found: dict[str, str] = {}
    for score, role, name in score_roles(required, look):
        if score >= _NAMED and role not in found and name not in found.values():
            found[role] = name
    return table, found, [role for role in required if role not in found]


def _unread(look: FileLook) -> str:
    mark = mark_column(look)
    told = [*unread_times(look)]
    if mark is not None:
        name, sides = mark
        told.append(
            f"{name} ({' and '.join(sides)}) says on which side the money of a row stands: turn the sign of the side "
            f"that gives back, as in {{expr: case when {name_in_sql(name)} = '{sides[0]}' then -MONEY else MONEY end}}"
        )
    return "".join(f"; {said}" for said in told)


def unread_times(look: FileLook) -> Iterator[str]:
    """Columns whose values are times by their looks, and that no format reads: what stands there, and the mend."""
    for name, column in look.columns.items():
        if column.is_time or column.is_number or not column.values:
            continue
        said = [value for value in column.values if value not in NULLS_OF_VALUES]
        times = [value for value in said if _DAY.match(value.strip())]
        counted = [value for value in said if _COUNTED.fullmatch(value.strip())]
        if times and counted and len(times) + len(counted) >= _SHARE_OF_TIMES * len(said):
            form = "iso" if all(_ISO.match(value.strip()) for value in times) else "FORMAT"
            yield (
                f"{name} holds dates, such as {times[0]}, and numbers of days as spreadsheets count them, such as "
                f"{counted[0]}: write {{column: {name}, format: [{form}, excel]}}"
            )
            continue
        if not said or len(times) < _SHARE_OF_TIMES * len(said) or _is_span(times):
            continue
        zones = sorted({zone_behind(value).strip(" ()") for value in times})
        if len(zones) > 1 and not are_of_one_place(zones):
            told = ", ".join(zone or "none" for zone in zones)
            yield f"{name} holds times of several zones ({told}) and is not read: save it with the times of one"
            continue
        odd = next((value for value in said if value not in times), min(said))
        yield (
            f"{name} holds times that are not read, such as {odd}: write {{column: {name}, format: FORMAT}} with "
            f"letters as in '%d.%m.%Y %H:%M' for 31.12.2024 18:30, and what is no time under null_values"
        )


def _is_span(values: list[str]) -> bool:
    """From and to in one cell, or a day within a longer text."""
    return any(len(value) > _LONGEST or len(_DAY.findall(value)) > 1 for value in values)


_LONGEST: Final = 40
