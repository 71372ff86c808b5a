"""How is a file written, before its study exists: encoding, separator, header line, and the signs of its numbers?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.sources.drafts.layout import find_layout
from crm_research.sources.drafts.units import unit_signs
from crm_research.sources.drafts.words import CURRENCIES, CURRENCY_WORDS
from crm_research.sources.mapping.casting import THIN_BLANKS
from crm_research.sources.readers.encodings import first_bad_byte, read_head, suggest_encoding
from crm_research.sources.readers.text import sniff_delimiter
from crm_research.sources.session import quoted
from crm_research.sources.written import MINUS_SIGNS, WHITESPACE

if TYPE_CHECKING:
    from crm_research.sources.session import Relation, Session

_BLANK_THOUSANDS: Final = re.compile(r"\d{1,3}( \d{3})+([.,]\d+)?")
_N_VALUES: Final = 300
_N_LINES: Final = 200
_CODES: Final = frozenset(CURRENCY_WORDS.values())
# Three capitals beside digits are a number of something, such as SKU12, unless they name a currency.
_KNOWN_CODES: Final = frozenset((
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP",
    "HKD", "HRK", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "KZT", "MAD", "MXN", "MYR", "NGN", "NOK",
    "NZD", "PEN", "PHP", "PKR", "PLN", "RMB", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD",
    "UAH", "USD", "VND", "ZAR",
))  # fmt: skip
_VALUE: Final = re.compile(r"[+-]?[\d.,]*\d|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:\d{2}(:\d{2})?)?")
_CODED: Final = re.compile(r"([A-Z]{3})\s?[-(]?\d[\d.,]*\)?-?|[-(]?\d[\d.,]*\)?-?\s?([A-Z]{3})")
_COMMA_DECIMAL: Final = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_COMMA_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


def encoding_of(path: Path) -> str:
    """The likeliest encoding of a text file."""
    return "utf-8-sig" if first_bad_byte(path, "utf-8") is None else suggest_encoding(path) or "cp1252"


def text_options(paths: Sequence[Path]) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """How text files that make one table are written: the keys needed, why each, and texts under the columns' names."""
    options: dict[str, Any] = {}
    notes: dict[str, str] = {}
    found = {path: encoding_of(path) for path in paths}
    others = {path: encoding for path, encoding in found.items() if encoding != "utf-8-sig"}
    if others:
        # Each file is read by the first that fits it: the strict ones stand before those that read anything.
        strict_first = ("utf-8-sig", "utf-16", "cp932", "cp949", "gb18030", "cp1251", "cp1252")
        wanted = [name for name in strict_first if name in found.values()]
        said = ["utf-8" if name == "utf-8-sig" else name for name in wanted]
        options["encoding"] = said if len(said) > 1 else said[0]
        odd = next(iter(others))
        place = f"byte {first_bad_byte(odd, 'utf-8') or 0:,} of {odd.name} is not UTF-8"
        notes["encoding"] = f"{place}; this is the likeliest, look at names with accents"
    head = read_head(paths[0], found[paths[0]])
    lines = [line for line in head.splitlines()[:_N_LINES] if line.strip()]
    if _are_parted_by_blanks(lines, sniff_delimiter("\n".join(lines))):
        options["delimiter"], notes["delimiter"] = WHITESPACE, "nothing else parts the columns"
        header: Sequence[str] = lines[0].split() if lines else []
        questions: dict[str, str] = {}
    else:
        layout = find_layout(paths[0], head, found[paths[0]])
        header, questions = layout.header, layout.questions
        if layout.delimiter != ",":
            options["delimiter"], notes["delimiter"] = layout.delimiter, "the commonest separator of the header line"
        options, notes = {**options, **layout.options}, {**notes, **layout.notes}
    if _is_row(header):
        options["header"], notes["header"] = False, "CHECK: the first line holds no names; say them by names: [...]"
    return options, notes, questions


def header_line(path: Path) -> str:
    """The names of a text file's columns, as one text that is the same for files of one table."""
    encoding = encoding_of(path)
    head = read_head(path, encoding)
    return "\n".join(find_layout(path, head, encoding).header) or head.partition("\n")[0].strip()


def _are_parted_by_blanks(lines: Sequence[str], delimiter: str) -> bool:
    widths = {len(line.split()) for line in lines[:-1] or lines}
    return not any(delimiter in line for line in lines) and len(widths) == 1 and widths != {1}


def _is_row(cells: Sequence[str]) -> bool:
    """Does a line hold values rather than names: at least two cells, each a number or a time?"""
    bare = [cell.strip().strip('"') for cell in cells]
    return len(bare) > 1 and all(_VALUE.fullmatch(cell) for cell in bare)


def number_options(session: Session, relation: Relation) -> tuple[dict[str, Any], dict[str, str], str | None]:
    """Decimal comma, thousands and currency signs, from columns whose values are then all numbers."""
    signs: dict[str, None] = {}
    decimal = thousands = blanks = False
    for name in relation.kinds:
        values = distinct_values(session, relation, name)
        found = unit_signs(values) or _currency_signs(values)
        bare = [_without_blanks(_without_minus(_without(value, found))) for value in values]
        if parted := any(_BLANK_THOUSANDS.fullmatch(value) for value in bare):
            bare = [value.replace(" ", "") if _BLANK_THOUSANDS.fullmatch(value) else value for value in bare]
        if not bare or not all(re.fullmatch(r"[\d.,]+", value) for value in bare):
            continue
        signs.update(dict.fromkeys(found))
        blanks |= parted and any(re.search(r"[.,]\d{1,2}$", value) for value in bare)
        decimal |= (
            any("," in v for v in bare)
            and all(_COMMA_DECIMAL.fullmatch(v) or "," not in v for v in bare)
            and not any(_COMMA_THOUSANDS.fullmatch(v) for v in bare)
        )
        thousands |= any(_COMMA_THOUSANDS.fullmatch(v) for v in bare)
    options: dict[str, Any] = {}
    notes: dict[str, str] = {}
    if decimal:
        options["decimal"], notes["decimal"] = ",", "numbers such as 1.234,50"
    elif thousands:
        options["thousands"], notes["thousands"] = ",", "numbers such as 1,234.50"
    if blanks:
        options["thousands"], notes["thousands"] = " ", "numbers such as 1 234,50"
    if signs:
        options["signs"], notes["signs"] = list(signs), "taken off before a number is read"
    said = next(
        (CURRENCIES.get(sign, sign) for sign in signs if sign in {*CURRENCIES, *CURRENCIES.values(), *_CODES}), None
    )
    return options, notes, said


def _currency_signs(values: Sequence[str]) -> list[str]:
    """Signs of a currency beside numbers, or its code, as in 20.00 EUR."""
    signs = [sign for sign in CURRENCIES if any(sign in value for value in values)]
    found = [_CODED.fullmatch(value) for value in values]
    codes = {match[1] or match[2] for match in found if match}
    return signs or (sorted(codes) if len(codes) == 1 and codes <= _KNOWN_CODES and all(found) else [])


def _without_minus(value: str) -> str:
    """A number without its minus, which stands before or behind it, or is a pair of brackets."""
    return re.sub(rf"^{MINUS_SIGNS}\s*|\s*{MINUS_SIGNS}$|^\+", "", re.sub(r"^\((.*)\)$", r"\1", value)).strip()


def _without_blanks(value: str) -> str:
    """A number whose thousands are parted by blanks that no keyboard makes: they can mean nothing else."""
    return re.sub(rf"(?<=\d)[{THIN_BLANKS}](?=\d{{3}}(?!\d))", "", value).strip(THIN_BLANKS)


def _without(value: str, signs: list[str]) -> str:
    for sign in signs:
        value = value.replace(sign, "")
    return value.strip()


def distinct_values(session: Session, relation: Relation, name: str) -> list[str]:
    """Some hundred different values of a column."""
    text = f"trim(CAST({quoted(name)} AS VARCHAR))"
    # Distinct values in the order of their hashes: a spread of the column that is the same every time.
    rows = session.run(
        f"SELECT value FROM (SELECT DISTINCT {text} AS value FROM {quoted(relation.name)}) "
        f"WHERE value <> '' ORDER BY hash(value) LIMIT {_N_VALUES}"
    ).fetchall()
    return [row[0] for row in rows]
