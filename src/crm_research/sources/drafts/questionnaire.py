"""Drafting a questionnaire that has one column a question: which columns are questions, and on what scale?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from crm_research.sources.drafts.guess import FILE_WORDS, Guess, TableGuess
from crm_research.sources.drafts.ladders import find_ladder
from crm_research.sources.drafts.words import header_words, name_score

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook

_CODES: Final = frozenset({77, 88, 97, 98, 99, 777, 888, 997, 998, 999, 9999})
_NOTHING: Final = frozenset({"na", "n/a", "null", "nan", "none", "-"})
_SCALES: Final = ((1, 5), (1, 6), (1, 7), (0, 10), (1, 10))
_REVERSED: Final = re.compile(r"(^|[\s_.\-])(r|rev|reversed?|recode|umgepolt)$|^r_", re.IGNORECASE)
_ZERO_TO_TEN: Final = ("nps", "recommend", "promoter", "empfehl", "推荐")
_OTHER_TABLES: Final = ("revenue", "unit_price", "quantity", "fee", "tenure", "due_at", "started_at", "churn")
_OTHER_NUMBERS: Final = (
    "age", "alter", "year", "jahr", "month", "day", "income", "education", "children", "persons", "household", "sex",
    "gender", "class", "region", "n", "count", "年龄", "性别", "教育",
)  # fmt: skip
_FEWEST, _MANY = 2, 5
# Ends of a scale, or the words of its answers from lowest to highest.
_Answers: TypeAlias = tuple[int, int] | list[str]


def guess_questionnaire(look: FileLook) -> TableGuess | None:
    """The file as answers to many questions, a column each; None where it does not look like one."""
    items: dict[str, _Answers] = {
        column.name: answers
        for column in look.columns.values()
        if (answers := _answers_between(column) or find_ladder(column)) is not None
    }
    if len(items) < _FEWEST or not _is_questionnaire(look, items):
        return None
    codes = sorted({value for name in items for value in _codes(look.columns[name])}, key=_as_number)
    if codes:
        # Said in the file itself, these replace the texts that are taken for nothing otherwise.
        options = {**look.options, "null_values": [*codes, *_said_nothing(look)]}
        notes = {**look.notes, "null_values": "CHECK: taken for no answer, as they lie off every scale"}
        look = replace(look, options=options, notes=notes)
    guess = TableGuess(table="surveys", look=look, score=1.0 + 0.05 * len(items))
    guess.columns.extend(_keys(guess, items))
    guess.items.extend(_item_lines(items))
    return guess


def _item_lines(items: Mapping[str, _Answers]) -> Iterator[Guess]:
    for name, answers in items.items():
        if isinstance(answers, list):
            why = "answers in words, taken from worst to best"
            yield Guess(key=name, value={"answers": answers}, why=why, is_unsure=True)
            continue
        low, high = answers
        scale = _scale(name, low, high)
        why = f"answers from {low} to {high}"
        if (low, high) != scale:
            why += "; write the scale that could be answered"
        if _REVERSED.search(name):
            why = "its name says that it is asked in reverse; " + why
            yield Guess(key=name, value={"scale": list(scale), "reversed": True}, why=why, is_unsure=True)
        else:
            yield Guess(key=name, value=list(scale), why=why, is_unsure=(low, high) != scale)


def _keys(guess: TableGuess, items: Mapping[str, _Answers]) -> Iterator[Guess]:
    free = {name: column for name, column in guess.look.columns.items() if name not in items}
    for role, fits in _KEYS.items():
        named = sorted(
            ((name_score(name, role), name) for name, column in free.items() if column.n and fits(column)), reverse=True
        )
        if named and named[0][0] >= 0.4:
            guess.used[role] = named[0][1]
            yield Guess(key=role, value=named[0][1], why="named so" if named[0][0] >= 0.95 else "named much like it")
    if "asked_at" not in guess.used:
        times = [name for name, column in free.items() if column.is_time]
        if len(times) == 1:
            guess.used["asked_at"] = times[0]
            yield Guess(key="asked_at", value=times[0], why="the only time in the file", is_unsure=True)
        else:
            why = "the file does not say when it was asked"
            yield Guess(key="asked_at", value={"value": f"{NO_DATE:%Y-%m-%d}"}, why=why, is_unsure=True)


def _is_label(column: ColumnLook) -> bool:
    return not column.is_time and (column.is_whole or not column.is_number)


_KEYS: Final[Mapping[str, Callable[[ColumnLook], bool]]] = {
    "response_id": lambda column: column.is_unique,
    "customer_id": _is_label,
    "asked_at": lambda column: column.is_time,
}
# Where a file has no dates, an instant must still be written; the draft says that it means nothing.
NO_DATE: Final = datetime(2020, 1, 1)


def _is_questionnaire(look: FileLook, items: Mapping[str, _Answers]) -> bool:
    others = [column for name, column in look.columns.items() if name not in items]
    if any(name_score(c.name, role) >= 0.95 for c in others for role in _OTHER_TABLES if c.is_number or c.is_time):
        return False
    if any(name_score(c.name, "item") >= 0.95 for c in others if not c.is_number):
        return False  # one row an answer already
    words = set(header_words(look.paths[0].stem)) & set(FILE_WORDS["surveys"])
    says_so = any(name_score(c.name, "response_id") >= 0.95 for c in others)
    speaks = any(word in name.lower() for name in items for word in (*_ZERO_TO_TEN, "satisf", "zufried", "满意"))
    return bool(words) or says_so or speaks or (len(items) >= _MANY and 2 * len(items) >= len(look.columns))


def _answers_between(column: ColumnLook) -> tuple[int, int] | None:
    """The smallest and the largest answer of a column that holds answers on a scale."""
    if not column.n or not (column.is_whole or column.n_distinct <= 30) or _is_other(column.name):
        return None
    values = {value for value in column.values if value.lower() not in _NOTHING}
    if not values or not all(re.fullmatch(r"-?\d+(\.0)?", value) for value in values):
        return None
    answers = sorted({_as_number(value) for value in values} - {_as_number(value) for value in _codes(column)})
    # Two different answers may be yes and no.
    if len(answers) < 3 or answers[0] < 0 or answers[-1] > 10:
        return None
    return int(answers[0]), int(answers[-1])


def _is_other(name: str) -> bool:
    words = header_words(name)
    numbers_something = any(name_score(name, role) >= 0.95 for role in ("response_id", "customer_id", "order_id"))
    return numbers_something or bool(set(words) & {*_OTHER_NUMBERS, "id"})


def _codes(column: ColumnLook) -> list[str]:
    """Values off every scale that programs write where nobody answered, such as -99."""
    return [
        f"{_as_number(value):g}"
        for value in column.values
        if re.fullmatch(r"-?\d+(\.0)?", value) and (_as_number(value) < 0 or _as_number(value) in _CODES)
    ]


def _said_nothing(look: FileLook) -> Sequence[str]:
    return sorted({value for column in look.columns.values() for value in column.values if value.lower() in _NOTHING})


def _as_number(text: str) -> float:
    return float(text)


def _scale(name: str, low: int, high: int) -> tuple[int, int]:
    if any(word in name.lower() for word in _ZERO_TO_TEN) and high > 5:
        return 0, 10
    return next((scale for scale in _SCALES if scale[0] <= low and high <= scale[1]), (0, 10))
