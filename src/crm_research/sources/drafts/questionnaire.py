"""Drafting a questionnaire that has one column a question: which columns are questions, and on what scale?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from crm_research.sources.drafts.guessed import FILE_WORDS, Guess, TableGuess
from crm_research.sources.drafts.keys import find_customers, own_number
from crm_research.sources.drafts.ladders import find_ladder
from crm_research.sources.drafts.outcomes import is_in
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.words import header_words, name_score, names_any, rank
from crm_research.sources.session import quoted
from crm_research.vocabulary import word_for

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook, FileLook

_CODES: Final = frozenset({77, 88, 97, 98, 99, 777, 888, 997, 998, 999, 9999})
_NOTHING: Final = frozenset({"na", "n/a", "null", "nan", "none", "-"})
_SCALES: Final = ((1, 5), (1, 6), (1, 7), (0, 10), (1, 10))
_REVERSED: Final = re.compile(r"(^|[\s_.\-])(r|rev|reversed?|recode|umgepolt)$|^r_", re.IGNORECASE)
_ZERO_TO_TEN: Final = (
    "nps",
    "recommend",
    "promoter",
    "empfehl",
    "recommand",
    "recomend",
    "推荐",
    "consigl",
    "raccomand",
    "polec",
)
# What a question asks, by parts of words in it.
_ASKED: Final = {
    "nps": _ZERO_TO_TEN,
    "satisfaction": ("satisf", "zufried", "satisfait", "满意", "soddisf", "zadowol", "satysf"),
    "loyalty": (
        "buy again",
        "use again",
        "wieder kaufen",
        "racheter",
        "再次购买",
        "riacquist",
        "compraria novamente",
        "ponownie kup",
    ),
}
_STATES: Final = ("status", "response type", "distribution channel", "statut", "estado", "状态", "stato")
_TRIES: Final = (
    "preview",
    "test",
    "spam",
    "vorschau",
    "apercu",
    "prueba",
    "预览",
    "测试",
    "anteprima",
    "prova",
    "teste",
)
_FINISHED: Final = (
    "finished",
    "completed",
    "complete",
    "is complete",
    "abgeschlossen",
    "termine",
    "是否完成",
    "completato",
    "concluido",
    "ukonczone",
)
_YES: Final = frozenset({"true", "1", "yes", "ja", "oui", "y", "是", "si", "sì", "sí", "sim", "tak"})
_OF_THE_LINK: Final = ("collector", "ip", "network")
_FEW_STATES: Final = 8
_LONG_NAME, _LONG_TEXT, _SHOWN = 4, 12, 60
_KEY, _SURE = 0.4, 0.95
_HIGHEST, _TOP_OF_FIVE = 20, 5
_OTHER_TABLES: Final = ("revenue", "unit_price", "quantity", "fee", "tenure", "due_at", "started_at", "churn")
_OTHER_NUMBERS: Final = (
    "age", "alter", "year", "jahr", "month", "day", "income", "education", "children", "persons", "household", "sex",
    "gender", "class", "region", "n", "count", "progress", "duration", "seconds", "total", "sum", "年龄", "性别",
    "教育", "总分", "得分",
)  # fmt: skip
_FEWEST, _MANY = 2, 5
_LINES_WITH_TECHNICAL_NAMES: Final = 3
# Ends of a scale, or the words of its answers from lowest to highest.
_Answers: TypeAlias = tuple[int, int] | list[str]


def guess_questionnaire(look: FileLook) -> TableGuess | None:
    """The file as answers to many questions, a column each; None where it does not look like one."""
    labelled = [name for name in look.columns if _is_labelled(look.columns[name])]
    look = replace(look, columns={name: _bare(one) if name in labelled else one for name, one in look.columns.items()})
    items: dict[str, _Answers] = {
        column.name: answers
        for column in look.columns.values()
        if (answers := _answers_between(look, column) or find_ladder(column)) is not None
    }
    if look.options.get("header") == _LINES_WITH_TECHNICAL_NAMES and any(name in look.questions for name in items):
        # What a program knew of people before it asked them has no question under its name.
        items = {name: answers for name, answers in items.items() if name in look.questions}
    is_clear = any(_asks(_question(look, name)) for name in items)
    if len(items) < (1 if is_clear else _FEWEST) or not _is_questionnaire(look, items):
        return None
    codes = sorted({value for name in items for value in _codes(look.columns[name])}, key=_as_number)
    if codes:
        # Said in the file itself, these replace the texts that are taken for nothing otherwise.
        words = look.options.get("null_values", [])
        options = {**look.options, "null_values": [*codes, *words, *(w for w in _said_nothing(look) if w not in words)]}
        notes = {**look.notes, "null_values": "CHECK: taken for no answer, as they lie off every scale"}
        look = replace(look, options=options, notes=notes)
    guess = TableGuess(table="surveys", look=look, score=1.0 + 0.05 * len(items))
    guess.columns.extend(_keys(guess, items))
    guess.items.extend(_item_lines(look, items))
    _read_labelled(guess, [name for name in labelled if name in items])
    _tell_unread(guess, items)
    leave_out_unfinished(guess)
    return guess


def _is_labelled(column: ColumnLook) -> bool:
    """Numbers of a scale, some with their meaning beside them: 0 - Not likely, 1, 2 ... 10 - Very likely."""
    if column.is_number or column.is_time or not 3 <= column.n_distinct <= _HIGHEST or _is_other(column.name):
        return False
    found = [_LABELLED.fullmatch(value.strip()) for value in column.values]
    numbers = {int(match[1] or match[2]) for match in found if match}
    return all(found) and len(numbers) == column.n_distinct and max(numbers) <= 10


def _bare(column: ColumnLook) -> ColumnLook:
    found = [_LABELLED.fullmatch(value.strip()) for value in column.values]
    numbers = tuple(str(int(match[1] or match[2])) for match in found if match)
    return replace(column, values=numbers, is_number=True, is_whole=True, low=0, high=10)


_LABELLED: Final = re.compile(
    r"(\d{1,2})(?:\s*[-–—:.=(（]?\s*[^\W\d][^\d]*)?|[^\W\d][^\d]*[-–—:=(（\s]\s*(\d{1,2})[)）]?"
)


def _read_labelled(guess: TableGuess, names: Sequence[str]) -> None:
    """Take the numbers of answers that have a text beside them."""
    if not names:
        return
    numbers = ", ".join(f"nullif(regexp_extract({quoted(name)}, '[0-9]+'), '') as {quoted(name)}" for name in names)
    guess.sql = f"select * replace ({numbers}) from records"
    guess.items[:] = [
        replace(line, why=f"{line.why}; the number in front of or behind a text", is_unsure=True)
        if _column_of(line) in names
        else line
        for line in guess.items
    ]


def _column_of(line: Guess) -> str:
    return str(line.value.get("column", line.key)) if isinstance(line.value, dict) else line.key


def _tell_unread(guess: TableGuess, items: Mapping[str, _Answers]) -> None:
    """Questions of what reports need whose few answers could not be put on a scale are told, never lost silently."""
    for name, column in guess.look.columns.items():
        asked = _asks(_question(guess.look, name))
        is_free = column.n_distinct > _HIGHEST or column.n_distinct < 2 or column.is_time
        if not asked or name in items or name in guess.used.values() or is_free or _GROUPS.search(name):
            continue
        why = f"not read: it seems to ask for {asked}, and says {', '.join(sorted(column.values)[:4])}"
        value = {"column": name, "answers": ["LOWEST", "HIGHEST"]}
        guess.keys.append(Guess(key=f"# items: {asked}", value=value, why=why, is_unsure=True))


_GROUPS: Final = re.compile(r"group|category|segment|gruppe|分组", re.IGNORECASE)


def _question(look: FileLook, name: str) -> str:
    """What a column asks: the text under its name where the file has one, else its name."""
    return look.questions.get(name) or name


def _asks(question: str) -> str:
    """What a question asks, in the word that reports know; empty where it is not plain."""
    plain = question.lower()
    return next((item for item, words in _ASKED.items() if any(word in plain for word in words)), "")


def _item_names(look: FileLook, items: Mapping[str, _Answers]) -> dict[str, str]:
    """A short name for questions written out in full: what they ask, numbered where several ask it."""
    asked = {name: _asks(_question(look, name)) if _is_written_out(look, name) else "" for name in items}
    counts = Counter(asked.values())
    names: dict[str, str] = {}
    for name, item in asked.items():
        n_before = sum(other == item for other in list(asked.values())[: list(asked).index(name)])
        names[name] = name if not item else item if counts[item] == 1 else f"{item}_{n_before + 1}"
    return names if len(set(names.values())) == len(names) else {name: name for name in items}


def _is_written_out(look: FileLook, name: str) -> bool:
    return name in look.questions or len(header_words(name)) > _LONG_NAME or len(name) > _LONG_TEXT


def _item_lines(look: FileLook, items: Mapping[str, _Answers]) -> Iterator[Guess]:
    names = _item_names(look, items)
    for name, answers in items.items():
        key, question = names[name], _question(look, name)
        column: dict[str, object] = {} if key == name else {"column": name}
        asked = f"{question[:_SHOWN]}: " if name in look.questions else ""
        if isinstance(answers, list):
            why = f"{asked}answers in words, taken from worst to best"
            yield Guess(key=key, value={**column, "answers": answers}, why=why, is_unsure=True)
            continue
        low, high = answers
        scale = _scale(question, low, high)
        why = f"{asked}answers from {low} to {high}"
        if (low, high) != scale:
            why += "; write the scale that could be answered"
        is_unsure = (low, high) != scale
        if _REVERSED.search(name):
            why = "its name says that it is asked in reverse; " + why
            yield Guess(key=key, value={**column, "scale": list(scale), "reversed": True}, why=why, is_unsure=True)
        elif column:
            yield Guess(key=key, value={**column, "scale": list(scale)}, why=why, is_unsure=is_unsure)
        else:
            yield Guess(key=key, value=list(scale), why=why, is_unsure=is_unsure)


def leave_out_unfinished(guess: TableGuess) -> None:
    """Rows that are no answers of customers: previews, tests and forms that were not sent."""
    conditions, said = [], []
    for name, column in guess.look.columns.items():
        if name in guess.used.values() or column.is_time or len(column.values) < 2 or len(column.values) > _FEW_STATES:
            continue
        if names_any(name, _STATES):
            tries = [value for value in column.values if names_any(value, _TRIES)]
            if tries and len(tries) < len(column.values):
                conditions.append(f"({is_in(name_in_sql(name), tries)}) is not true")
                said.append(f"{', '.join(tries)} in {name}")
        elif names_any(name, _FINISHED) and len(column.values) == 2:
            done = [value for value in column.values if value.lower() in _YES]
            if len(done) == 1:
                conditions.append(is_in(name_in_sql(name), done))
                said.append(f"not {done[0]} in {name}")
    if conditions:
        why = (
            f"{' and '.join(said)} {word_for(len(said), 'is', 'are')} left out: tries, and forms that were not "
            "finished?"
        )
        guess.keys.append(Guess(key="where", value=" and ".join(conditions), why=why, is_unsure=True))


def _keys(guess: TableGuess, items: Mapping[str, _Answers]) -> Iterator[Guess]:
    free = {name: column for name, column in guess.look.columns.items() if name not in items}
    customers = [key for key in find_customers(guess.look) if key.column.name in free and key.score >= _KEY]
    for role, fits in _KEYS.items():
        if role == "customer_id" and customers:
            key = customers[0]
            if key.column.name not in guess.used.values() and not names_any(key.column.name, _OF_THE_LINK):
                guess.used[role] = key.column.name
                why = f"named much like it; {key.doubt}" if key.doubt else "named so"
                yield Guess(key=role, value=key.column.name, why=why, is_unsure=bool(key.doubt) or key.score < _SURE)
            continue
        named = sorted(
            (
                (-name_score(name, role), rank(name, role), name)
                for name, column in free.items()
                if column.n and fits(column)
            )
        )
        if named and -named[0][0] >= _KEY and role != "customer_id":
            guess.used[role] = named[0][2]
            yield Guess(key=role, value=named[0][2], why="named so" if -named[0][0] >= _SURE else "named much like it")
    if "response_id" not in guess.used:
        own = own_number(guess.look, {*items, *guess.used.values()})
        if own is not None:
            guess.used["response_id"] = own.name
            yield Guess(key="response_id", value=own.name, why="numbers the rows")
    if "asked_at" not in guess.used:
        times = [name for name, column in free.items() if column.is_time]
        if times:
            guess.used["asked_at"] = times[-1]
            why = "the only time in the file" if len(times) == 1 else f"the last of the times {', '.join(times)}"
            yield Guess(key="asked_at", value=times[-1], why=why, is_unsure=True)
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
    speaks = any(_asks(_question(look, name)) for name in items) and any(_is_written_out(look, name) for name in items)
    others_said = [role for role in _OTHER_TABLES if not (speaks and role == "started_at")]
    if any(name_score(c.name, role) >= 0.95 for c in others for role in others_said if c.is_number or c.is_time):
        return False
    if any(name_score(c.name, "item") >= 0.95 for c in others if not c.is_number):
        return False  # one row an answer already
    words = set(header_words(look.paths[0].stem)) & set(FILE_WORDS["surveys"])
    says_so = any(name_score(c.name, "response_id") >= 0.95 for c in others)
    speaks = any(_asks(_question(look, name)) for name in items)
    return bool(words) or says_so or speaks or (len(items) >= _MANY and 2 * len(items) >= len(look.columns))


def _answers_between(look: FileLook, column: ColumnLook) -> tuple[int, int] | None:
    """The smallest and the largest answer of a column that holds answers on a scale."""
    if (
        not column.n
        or not (column.is_whole or column.n_distinct <= 30)
        or any(map(_is_other, {column.name, _question(look, column.name)}))
    ):
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
    # Qualtrics adds up scores in columns SC0, SC1 ...
    is_sum = re.fullmatch(r"(total |overall |sum )?scores?|sc\d+", " ".join(words)) is not None
    if _NPS_GROUP.search(name):
        return True  # 1 to 3 for detractors, passives and promoters: what another column answers, in other words
    return numbers_something or is_sum or (len(words) <= _LONG_NAME and names_any(name, (*_OTHER_NUMBERS, "id")))


_NPS_GROUP: Final = re.compile(r"nps[ _-]*group\W*$| - group$|nps[ _-]*(gruppe|categor\w+|segment)\W*$", re.IGNORECASE)


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


def _scale(question: str, low: int, high: int) -> tuple[int, int]:
    """The scale that could be answered: said in the question, known of what it asks, or the next round the answers."""
    said = re.search(r"(?<!\d)(\d{1,2})\s*(?:-|–|—|~|to|bis|à|a|至|到)\s*(\d{1,2})(?!\d)", question)
    if said and int(said[1]) <= low and high <= int(said[2]) <= _HIGHEST:
        return int(said[1]), int(said[2])
    if any(word in question.lower() for word in _ZERO_TO_TEN) and high > _TOP_OF_FIVE:
        return 0, 10
    return next((scale for scale in _SCALES if scale[0] <= low and high <= scale[1]), (0, 10))
