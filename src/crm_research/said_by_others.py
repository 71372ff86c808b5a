"""What libraries say of a fault, in words: without the names of their classes and errors, or their codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_NAMES: Final = re.compile(
    r"^(?:"
    r"\[[A-Z_][A-Z0-9_.]+\]"  # [UNRESOLVED_COLUMN.WITH_SUGGESTION]
    r"|(?:[A-Z][\w-]*(?: [A-Za-z][\w-]*){0,3} )?(?:Error|Exception)(?= ?:)"  # Conversion Error:
    r"|[A-Za-z_][\w.]*(?:Error|Exception|Warning|Invalid|NotImplemented)(?= ?:)"  # ParserException:
    r"|Arrow[A-Z]\w*(?= ?:)"
    r"|(?:ERROR|FATAL|error)(?= ?:)"
    r")\s*:?\s*"
)
_CODES: Final = (
    (re.compile(r"\s*\[?(?:SQLSTATE|Errno|errno|error code)\b:?\s*[-\w]+\]?"), ""),
    (re.compile(r"\b[Ee]rror -?\d+ (?=while )"), "a fault "),
    (re.compile(r"\s*<class '[^']*'>"), ""),
    (re.compile(r"\b(?:[a-z_]\w*\.)+(?=[A-Z]\w*(?:Error|Exception)\b)"), ""),
    (re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b:?\s*"), ""),
    (re.compile(r"\b(CSV) Error\b"), r"\1"),
)
_IN_WORDS: Final = (
    (re.compile(r"^No magic bytes found at end of file .*"), "it does not end as a Parquet file does"),
    (re.compile(r'^Referenced (?:column|table) ("[^"]*") not found.*'), r"nothing is called \1 there"),
    (re.compile(r"\bto U?(?:INT\d+|HUGEINT|BIGINT|INTEGER)\b"), "to a whole number"),
    (re.compile(r"\bto (?:DOUBLE|FLOAT|DECIMAL(?:\([\d, ]+\))?)(?!\w)"), "to a number"),
)
_FULL_DISK: Final = re.compile(r"No space left on device|failed to offload data block")
_FULL_MEMORY: Final = re.compile(r"could not allocate block|failed to (?:allocate data|pin block)|Out of Memory Error")
_FILLED: Final = re.compile(r"\(([\d.]+ \w+)/[\d.]+ \w+ used\)")
_NOTHING_SAID: Final = "no reason was given"


def say_fault(problem: object) -> str:
    """The first line of what a library says of a fault, without its names and codes, and without a full stop."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    said = lines[0] if lines else ""
    while (bare := _NAMES.sub("", said, count=1)) != said:
        said = bare
    for code, instead in (*_CODES, *_IN_WORDS):
        said = code.sub(instead, said)
    said = " ".join(said.split()).rstrip(".!: ")
    return said or _NOTHING_SAID


def say_full_disk(problem: object) -> str | None:
    """That the disk is full on which the engine works with what does not fit into its memory; None of other faults."""
    said = str(problem)
    if _FULL_DISK.search(said) is None:
        return None
    filled = _FILLED.search(said)
    return (
        "the engine finds no room on its disk for what does not fit into its memory"
        f"{f' ({filled[1]} stand there)' if filled else ''}. Free some space there, or name a folder on another disk: "
        "under engine: {spill: FOLDER} in the study file, or by TMPDIR"
    )


def say_full_memory(problem: object) -> str | None:
    """That the engine's memory does not hold what is asked; None of other faults."""
    said = str(problem)
    if _FULL_MEMORY.search(said) is None:
        return None
    filled = _FILLED.search(said)
    return (
        f"the engine's memory does not hold what this takes{f' ({filled[1]} are in use)' if filled else ''}. "
        "Allow it more under engine: {memory: 4GB} in the study file, or let fewer reports run beside each other "
        "(--jobs 1)"
    )


def say_no_room(problem: object) -> str | None:
    """That the engine has no room for what is asked, on its disk or in its memory; None of other faults."""
    # A disk that is full is told as a want of memory, too.
    return say_full_disk(problem) or say_full_memory(problem)


_SQL_FAULTS: Final = (
    (re.compile(r"Required keyword: '?(\w+)'? missing"), "something is missing"),
    (re.compile(r"Unexpected token"), "a word or sign stands where none can"),
    (re.compile(r"Expecting (\S+)"), r"\1 is missing"),
    (re.compile(r"Error tokenizing"), "a quote is opened and never closed, or a sign is none of SQL's"),
    (re.compile(r"Invalid expression"), "it ends in the middle, or a word stands where none can"),
)
_SQL_PLACE: Final = re.compile(r"Line (\d+), Col: (\d+)")


def say_sql_fault(problem: object) -> str:
    """What the reader of SQL says of a text that is none, with the place in the text where it says one."""
    message = str(problem)
    where = _SQL_PLACE.search(message)
    place = f" at line {int(where[1]):,}, sign {int(where[2]):,}" if where else ""
    for pattern, words in _SQL_FAULTS:
        if found := pattern.search(message.splitlines()[0] if message else ""):
            return f"{found.expand(words).rstrip('.')}{place}"
    return f"it cannot be read{place}"


_YAML_FAULTS: Final = (
    ("mapping values are not allowed", "a colon stands where none can; put quotes around a text that holds one"),
    (r"cannot start any token", "a sign stands there that no value begins with; indent by blanks, and quote such text"),
    ("could not determine a constructor", "a tag (a word behind !) is not known; write the value without it"),
    ("undefined alias", "an alias (a word behind *) stands for nothing that was named before"),
    ("duplicate anchor", "two values are named alike behind &"),
    ("unhashable key", "a list or keys stand where the name of a key must"),
    ("end of stream", "a quote or a bracket is opened and never closed"),
    ("document separator", "a quote is opened and never closed"),
    ("expected ',' or", "a bracket is never closed, or a comma is missing"),
    ("expected <block end>", "the line does not belong to the one above it: its indentation, or a quote, is wrong"),
    ("could not find expected ':'", "a key has no colon behind it"),
    ("expected a single document", "a second document begins there; the file holds one"),
    ("unknown escape character", "a backslash between double quotes means something else; use single quotes"),
)
_YAML_JARGON: Final = re.compile(r"<[a-z ]+>|\btoken\b|\bnode\b|\bscanning\b|\btag\b|\balphabetic\b|\bexpected\b")


def say_yaml_fault(reason: str | None) -> str:
    """What the reader of YAML says of a place in a file; what was said in our own words stays."""
    text = reason or ""
    for part, words in _YAML_FAULTS:
        if part in text:
            return words
    return text if text and not _YAML_JARGON.search(text) else "it cannot be read there"


_WANTED: Final[Mapping[str, str]] = {
    "dict_type": "keys with values below it, such as key: value",
    "mapping_type": "keys with values below it, such as key: value",
    "model_type": "keys with values below it, such as from: FILE",
    "model_attributes_type": "keys with values below it, such as from: FILE",
    "list_type": "a list, such as [a, b]",
    "set_type": "a list, such as [a, b]",
    "tuple_type": "a list, such as [a, b]",
    "iterable_type": "a list, such as [a, b]",
    "string_type": "text; put quotes around it if it looks like a number",
    "string_sub_type": "text",
    "string_unicode": "text",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "none_required": "left empty",
}
_WANTED_OF_LIMITS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "literal_error": lambda limits: str(limits["expected"]),
    "enum": lambda limits: str(limits["expected"]),
    "greater_than": lambda limits: f"more than {_said(limits['gt'])}",
    "greater_than_equal": lambda limits: f"{_said(limits['ge'])} or more",
    "less_than": lambda limits: f"less than {_said(limits['lt'])}",
    "less_than_equal": lambda limits: f"{_said(limits['le'])} or less",
    "multiple_of": lambda limits: f"a multiple of {_said(limits['multiple_of'])}",
    "too_short": lambda limits: f"filled with at least {_entries(limits['min_length'])}",
    "too_long": lambda limits: f"of at most {_entries(limits['max_length'])}",
    "string_too_short": lambda limits: "filled" if limits["min_length"] == 1 else f"of {limits['min_length']} letters",
    "string_too_long": lambda limits: f"of at most {limits['max_length']:,} letters",
}
_OTHERWISE: Final = "something else"


def say_wanted(error: ErrorDetails) -> str:
    """What a validated value must be, in words that go behind "must be"."""
    kind = error["type"]
    if kind in _WANTED:
        return _WANTED[kind]
    if kind in _WANTED_OF_LIMITS:
        return _WANTED_OF_LIMITS[kind](error.get("ctx", {}))
    if kind.startswith(("datetime", "timezone")):
        return "a time, such as 2024-06-30 14:00"
    if kind.startswith("date"):
        return "a date, such as 2024-06-30"
    return _OTHERWISE


def join_wanted(wanted: Iterable[str]) -> str:
    """Several of them, where a value may be one or the other."""
    kept = [each for each in dict.fromkeys(wanted) if each != _OTHERWISE] or [_OTHERWISE]
    return kept[0] if len(kept) == 1 else f"{', '.join(kept[:-1])}, or {kept[-1]}"


def say_found(value: Any) -> str:
    """A value as a file has it rather than as Python writes it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _said(limit: Any) -> str:
    return f"{limit:,.12g}" if isinstance(limit, int | float) else str(limit)


def _entries(n: int) -> str:
    return "one entry" if n == 1 else f"{n:,} entries"
