"""One id in several spellings: which differences between two texts are none, in an engine's own terms."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Signs of full width and kana of half width to their usual forms; a voiced kana of half width is two signs, of which
# the second becomes one that composition joins to the first.
_FULL: Final = "".join(map(chr, range(0xFF01, 0xFF5F)))
_HALF: Final = "".join(map(chr, range(0x21, 0x7F)))
_HALF_KANA: Final = "".join(map(chr, range(0xFF65, 0xFFA0)))
_FULL_KANA: Final = (
    "・ヲァィゥェォャュョッー"
    + "".join(map(chr, range(0x30A2, 0x30AB, 2)))  # a to o
    + "".join(map(chr, range(0x30AB, 0x30C2, 2)))  # ka to ti
    + "".join(map(chr, (0x30C4, 0x30C6, 0x30C8)))  # tu to to
    + "".join(map(chr, range(0x30CA, 0x30CF)))  # na to no
    + "".join(map(chr, range(0x30CF, 0x30DE, 3)))  # ha to ho
    + "".join(map(chr, range(0x30DE, 0x30E3)))  # ma to mo
    + "".join(map(chr, (0x30E4, 0x30E6, 0x30E8)))  # ya to yo
    + "".join(map(chr, range(0x30E9, 0x30EE)))  # ra to ro
    + "ワン゙゚"
)
# Blanks and signs that take no room; nothing stands for them.
UNSEEN: Final = (
    " \t\r\n\u00a0\u00ad\u1680\u180e\u3000\ufeff\u202f\u205f\u2060"
    + "".join(map(chr, range(0x2000, 0x2010)))
    + "".join(map(chr, range(0x202A, 0x202F)))
)
BEFORE: Final = _FULL + _HALF_KANA + UNSEEN
AFTER: Final = _HALF + _FULL_KANA
# An id of plain signs is told from others by its capitals and leading zeros alone.
HAS_OTHER_SIGNS: Final = "[^!-~]"
PADDED: Final = "^0+[1-9][0-9]*$"
# A spreadsheet keeps so many digits of a number and writes noughts for the rest.
DIGITS_KEPT: Final = 15


def fold(value: ir.StringValue) -> ir.StringValue:
    """An id as all its spellings have it: small letters, half width, composed, without blanks and leading zeros."""
    import ibis

    plain = _composed(value.translate(BEFORE, AFTER)).lower().replace("\u00df", "ss")
    small = ibis.cases((value.re_search(HAS_OTHER_SIGNS), plain), else_=value.lower())
    is_padded = small.startswith("0") & small.re_search(PADDED)
    folded: ir.StringValue = ibis.cases((is_padded, small.re_replace("^0+", "")), else_=small)
    return folded


def is_long_number(value: ir.StringValue) -> Any:
    """Has a number more digits than a spreadsheet keeps? Looked at closely only where it is long."""
    import ibis

    return ibis.cases((value.length() > DIGITS_KEPT, value.re_search("^[1-9][0-9]*$")), else_=False)


def ends_in_noughts(value: ir.StringValue) -> Any:
    """Is it such a number, with nothing but noughts behind the digits that a spreadsheet keeps?"""
    import ibis

    ends = value.re_search(f"^[1-9][0-9]{{{DIGITS_KEPT - 1}}}0+$")
    return ibis.cases((value.length() > DIGITS_KEPT, ends), else_=False)


def _composed(value: ir.StringValue) -> Any:
    """Letters and their accents as one sign each, where the engine can compose them."""
    from ibis.common.exceptions import IbisError

    try:
        name = value.get_backend().name
    except IbisError:  # tables of no engine yet
        return value
    return _composers()[name](value) if name in _composers() else value


@cache
def _composers() -> dict[str, Any]:
    import ibis

    @ibis.udf.scalar.builtin(name="nfc_normalize")  # type: ignore[untyped-decorator]
    def of_duckdb(value: str) -> str:  # type: ignore[empty-body]
        """Composed by DuckDB."""

    @ibis.udf.scalar.builtin(name="normalize")  # type: ignore[untyped-decorator]
    def of_postgres(value: str) -> str:  # type: ignore[empty-body]
        """Composed by PostgreSQL."""

    return {"duckdb": of_duckdb, "postgres": of_postgres}
