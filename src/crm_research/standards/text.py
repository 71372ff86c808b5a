"""Text as it is compared: one width, one script, one case, without accents; what was written stays where it is."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_HAN: Final = re.compile(f"[{HAN}]")
_KANA: Final = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
# Letters that do not fall apart into a letter and a mark.
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ẞ": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ŋ": "n"}
)
_MARKS: Final = str.maketrans(dict.fromkeys("’‘ʼ`´′＇", "'") | dict.fromkeys("‐‑‒–—―−", "-"))
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_MOST_TIMES: Final = 8


def has_han(text: str) -> bool:
    """Is any sign of it Chinese?"""
    return _HAN.search(text) is not None


def has_kana(text: str) -> bool:
    """Is any sign of it Japanese or Korean only?"""
    return _KANA.search(text) is not None


def is_all_han(text: str) -> bool:
    """Is every sign of it Chinese?"""
    return bool(text) and all(_HAN.match(sign) for sign in text)


@lru_cache(maxsize=1024)
def tidy(text: str) -> str:
    """One width, one apostrophe, one dash, single spaces, nothing invisible: the letters as they were written."""
    if not text.isascii():
        text = _settle(_widen, text.translate(_MARKS))
    if not text.isprintable():
        text = "".join(_visible(sign) for sign in text)
    return " ".join(text.replace("`", "'").split())


def _widen(text: str) -> str:
    if unicodedata.is_normalized("NFKC", text):
        return text
    return unicodedata.normalize("NFKC", text).translate(_MARKS)


def _visible(sign: str) -> str:
    if sign.isspace():
        return " "
    return "" if unicodedata.category(sign) in _INVISIBLE else sign


@lru_cache(maxsize=1024)
def fold(text: str) -> str:
    """As `tidy`, in small letters without accents, Chinese in its simplified script."""
    text = tidy(text)
    if text.isascii():
        return text.lower()
    if is_all_han(text):
        return simplify(text)
    return tidy(_settle(_fold_once, text))


@lru_cache(maxsize=100_000)
def fold_word(word: str) -> str:
    """As `fold`; for what comes again and again."""
    return fold(word)


def _fold_once(text: str) -> str:
    small = unicodedata.normalize("NFKC", text.casefold()).translate(_LETTERS)
    if small.isascii():
        return small
    apart = unicodedata.normalize("NFD", small)
    bare = unicodedata.normalize("NFC", "".join(sign for sign in apart if not unicodedata.combining(sign)))
    return simplify(bare)


def simplify(text: str) -> str:
    """Chinese in its simplified script; Japanese and Korean as they are."""
    if not has_han(text) or has_kana(text):
        return text
    return _settle(_converter().convert, text)


def _settle(change: Callable[[str], str], text: str) -> str:
    """Changed until nothing changes any more."""
    for _ in range(_MOST_TIMES):
        changed = change(text)
        if changed == text or changed.isascii():
            return changed
        text = changed
    return text


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def words_of(folded: str) -> list[str]:
    """The words of folded text: letters and digits; an apostrophe joins, all else parts."""
    return _NO_WORD.sub(" ", folded.replace("'", "")).split()


_NO_WORD: Final = re.compile(r"[\W_]+")
