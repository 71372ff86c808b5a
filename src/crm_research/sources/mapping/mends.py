"""What to write into a study file so that values can be read: offered only after it has been tried on every row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import duckdb
import yaml

from crm_research.sources.mapping.casting import EXCEL, ISO, Reading
from crm_research.sources.mapping.dates import formats_fitting
from crm_research.sources.mapping.expressions import fill_parts
from crm_research.sources.mapping.plans import SUM
from crm_research.sources.session import quoted
from crm_research.sources.written import MINUS_SIGNS
from crm_research.vocabulary import word_for

if TYPE_CHECKING:
    from crm_research.sources.mapping.plans import Doubt, TablePlan
    from crm_research.sources.session import Asking, Relation

    Fits = Callable[[dict[str, Any], list[str] | None], bool]

_DAY_NUMBER: Final = r"\d{5}([.,]\d+)?"
_MOST_HEADER_LINES: Final = 4
# Texts that stand beside money and change nothing of it; anything else beside a number may say what it means.
_MONEY_WORDS: Final = re.compile(r"[A-Z]{3}|kr\.?|Kč|zł|Fr\.?|Rs\.?|лв\.?|руб\.?|元|円")
_IS_SIDE: Final = re.compile(r"[\d.,'\u2019\s+]|" + MINUS_SIGNS)


def rows_asked(condition: str, doubt: Doubt, plan: TablePlan) -> str:
    """The condition, for those rows only that the doubt is about."""
    return condition if doubt.of_all_rows or not plan.where else f"({condition}) AND ({plan.where})"


def find_mend(
    session: Asking, plan: TablePlan, relation: Relation, doubt: Doubt, examples: Sequence[str], *, are_few: bool
) -> str:
    """How can values that could not be read be read, or be left out?

    Parameters
    ----------
    examples
        A few of them.
    are_few
        Most of the others are read as it stands.
    """
    if doubt.target == "currency":
        rates = ", ".join(f"{example}: RATE" for example in examples if example)
        return (
            f"Write exchange_rates: {{{rates or 'USD: RATE'}}} at the top, each in money of the study, "
            "or leave such rows out by where."
        )

    if doubt.target == SUM:
        return _mend_of_sum(session, plan, relation, doubt)

    def fits(change: dict[str, Any], formats: list[str] | None = None) -> bool:
        return _n_unread(session, plan, relation, doubt, change, formats) == 0

    can_try = doubt.raw == quoted(doubt.source_column) and relation.rule.sql is None
    tried = None
    if can_try and doubt.target == "timestamp":
        tried = _mend_of_time(doubt, examples, fits)
    elif can_try and doubt.target in {"float64", "int64"}:
        tried = _mend_of_number(examples, fits)
    if tried is None and can_try:
        tried = mend_of_header(session, relation, doubt.bad)
    return tried or _mend_by_hand(doubt, are_few=are_few)


def _mend_of_sum(session: Asking, plan: TablePlan, relation: Relation, doubt: Doubt) -> str:
    """The sum with those parts counted as nought that are empty where others are not."""
    counts = ", ".join(f"count(*) FILTER (WHERE ({part}) IS NULL)" for part in doubt.parts)
    found = session.run(
        f"SELECT {counts} FROM {quoted(relation.name)} WHERE {rows_asked(doubt.bad, doubt, plan)}"
    ).fetchone()
    written = fill_parts(doubt.source_column, [i for i, n in enumerate(found) if n], relation.kinds)
    value = yaml.safe_dump({"expr": written}, default_flow_style=True, allow_unicode=True, width=10_000).strip()
    return (
        f"Where an empty cell means that there is nothing to add, write {doubt.column}: {value}; where it means that "
        "nobody knows, leave such rows out by where."
    )


def _n_unread(
    session: Asking,
    plan: TablePlan,
    relation: Relation,
    doubt: Doubt,
    change: dict[str, Any],
    formats: list[str] | None,
) -> int:
    """How many values would not be read if the study file said so? Minus one where that cannot be asked."""
    changed = replace(relation, rule=relation.rule.model_copy(update=change))
    reading = Reading.of(changed, timezone=plan.timezone)
    try:
        cast = reading.cast(doubt.raw, relation.kinds[doubt.source_column], doubt.target, formats=formats)
        bad = rows_asked(cast.bad or "FALSE", doubt, plan)
        return int(session.run(f"SELECT count(*) FILTER (WHERE {bad}) FROM {quoted(relation.name)}").fetchone()[0])
    except duckdb.Error:
        return -1


def _mend_of_time(doubt: Doubt, examples: Sequence[str], fits: Fits) -> str | None:
    texts = [example.strip() for example in examples]
    days = [text for text in texts if re.fullmatch(_DAY_NUMBER, text)]
    forms = formats_fitting([text for text in texts if text not in days])
    found = [[form] for form in forms if fits({}, [form])]
    if not found:
        found = [[form, ISO] for form in forms if fits({}, [form, ISO])]
    said = ""
    if not found and days:
        found = [[form, EXCEL] for form in [ISO, *forms] if fits({}, [form, EXCEL])]
        said = "Numbers among them are the days that a spreadsheet counts from the end of 1899. "
    if not found:
        return None
    if len(found) > 1:
        choices = " or ".join(_as_format(formats) for formats in found[:3])
        return f"Such dates can be read in more than one way; say which: {_as_key(doubt, choices)}."
    return f"{said}Write {_as_key(doubt, _as_format(found[0]))}."


def _as_format(formats: Sequence[str]) -> str:
    written = [form if form in {ISO, EXCEL} else f'"{form}"' for form in formats]
    if written == [ISO, EXCEL]:
        return EXCEL
    return written[0] if len(written) == 1 else f"[{', '.join(written)}]"


def _as_key(doubt: Doubt, written: str) -> str:
    if not doubt.key:
        return f"date_format: {written} beside the path"
    column = doubt.source_column if re.fullmatch(r"[^\W\d]\w*", doubt.source_column) else f'"{doubt.source_column}"'
    return f"{doubt.key}: {{column: {column}, format: {written}}}"


def _mend_of_number(examples: Sequence[str], fits: Fits) -> str | None:
    sides = {"".join(char for char in example if not _IS_SIDE.match(char)) for example in examples}
    signs = {side for side in sides if side and (_is_currency(side) or _MONEY_WORDS.fullmatch(side))}
    beside: dict[str, Any] = {}
    if signs:
        if len(signs) > 1 or sides - signs - {""}:
            return None
        beside = {"signs": sorted(signs)}
    if beside and fits(beside, None):
        return f"Write {_in_yaml(beside)} beside the path."
    comma = [change for change in ({"decimal": ","}, {"thousands": ","}) if fits(beside | change, None)]
    if len(comma) == 2:
        both = [_in_yaml(beside | change) for change in comma]
        return f"If the comma is the decimal sign, write {both[0]} beside the path; if it parts thousands, {both[1]}."
    # A point that parts thousands leaves the comma to be the decimal sign: one sign never means both.
    marks = (
        {"thousands": " "},
        {"decimal": ",", "thousands": " "},
        {"decimal": ",", "thousands": "."},
        {"decimal": "."},
    )
    for change in (*comma, *marks):
        if fits(beside | change, None):
            return f"Write {_in_yaml(beside | change)} beside the path."
    return None


def _is_currency(text: str) -> bool:
    return all(unicodedata.category(char) == "Sc" for char in text)


def _in_yaml(change: dict[str, Any]) -> str:
    def written(value: Any) -> str:
        return f"[{', '.join(map(written, value))}]" if isinstance(value, list) else f'"{value}"'

    return ", ".join(f"{key}: {written(value)}" for key, value in change.items())


def mend_of_header(session: Asking, relation: Relation, bad: str) -> str | None:
    """Do the first rows alone stand in the way, as further lines of a header do?"""
    rule = relation.rule
    if not relation.is_scratch or rule.path is None or not rule.header or rule.distinct:
        return None
    # A record would hold a number somewhere.
    numbers = " OR ".join(
        f"TRY_CAST({quoted(name)} AS DOUBLE) IS NOT NULL" for name, kind in relation.kinds.items() if kind == "text"
    )
    try:
        n_bad, last, n_records = session.run(
            f"SELECT count(*), max(rowid), count(*) FILTER (WHERE {numbers or 'TRUE'}) FROM {quoted(relation.name)} "
            f"WHERE {bad}"
        ).fetchone()
    except duckdb.Error:
        return None
    if not n_bad or n_records or last + 1 != n_bad or n_bad >= _MOST_HEADER_LINES:
        return None
    n_lines = rule.n_header_lines + last + 1
    return (
        f"The first {word_for(last + 1, 'row is', f'{last + 1} rows are')} no record but a part of the header: write "
        f"header: {n_lines} beside the path."
    )


def _mend_by_hand(doubt: Doubt, *, are_few: bool) -> str:
    others = (
        "leave them out by where if they are no records, or list words that mean that nothing is known under "
        "null_values beside the path"
    )
    if doubt.target == "timestamp" and not are_few:
        key = doubt.key or "date_format"
        return f'Say how they are written: {key}: {{column: ..., format: "%d.%m.%Y"}}, or mend the file.'
    if doubt.target == "timestamp":
        return f"Most others are read: mend these in the file, {others}."
    if doubt.target in {"float64", "int64"}:
        return (
            "If a text beside a number says what it is (CR and DR, a currency), derive the number by an expr that "
            f"reads it; else mend the file, {others}."
        )
    return f"Mend the file, or derive the value with {doubt.key or 'the column'}: {{expr: ...}}."
