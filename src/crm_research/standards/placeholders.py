"""What people write where they do not know, or do not want to say: in several languages, and on several keyboards."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from crm_research.standards.text import fold, words_of

PLACEHOLDER: Final = "placeholder"
KEYBOARD: Final = "keyboard"
# A name is none where each of its words is one of these.
_WORDS_TEXT: Final = """
test tester testing teste prueba prova essai proef testkunde testperson testuser testfirma dummy demo foo bar
foobar baz muster musterfirma mustermann musterfrau sample example beispiel exemple ejemplo esempio voorbeeld
customer kunde client cliente klant kund asiakas gast guest invite user benutzer usuario utente unknown
unbekannt inconnu inconnue desconocido desconocida desconhecido sconosciuto onbekend ukendt okand tuntematon
nieznany neznamy ismeretlen necunoscut bilinmeyen anonymous anonym anonyme anonimo anoniem none null nil nan
undefined default blank leer vide vacio empty deleted geloscht supprime eliminado cancellato tbd todo xyz abc
abcd name nachname vorname firstname lastname surname prenom nom nombre apellido nome cognome kunden adresse noname
nobody niemand nadie nessuno personne barverkauf laufkundschaft xx yy zz asd qwe zxc yxc тест неизвестно нет
"""
_WORDS: Final = frozenset(_WORDS_TEXT.split())
# Names that stand for no one, as a whole; folded words with single spaces.
_WHOLE: Final = frozenset(
    {
        "n n", "nn", "n a", "k a", "x", "x x", "x y", "a b c", "john doe", "jane doe", "joe bloggs", "max mustermann",
        "erika mustermann", "otto normalverbraucher", "lieschen muller", "mickey mouse", "donald duck", "keine angabe",
        "ohne name", "kein name", "sans nom", "sin nombre", "senza nome", "no name", "not available", "not known",
        "not applicable", "do not use", "nicht verwenden", "bar kunde", "cash customer", "walk in customer",
        "to be deleted",
        "first name", "last name", "mr test", "herr test", "frau test",
    }
)  # fmt: skip
_CHINESE: Final = re.compile(
    "(?:测试.{0,3}|未知|不详|无名(?:氏)?|匿名(?:用户)?|佚名|无|没有|暂无|某某某?|某人|张三|李四|王五|赵六|姓名|客户|顾客|散客|"
    "零售客户|现金客户|用户|待定|示例|样例|未填写|保密|空)(?:先生|女士|小姐)?\\d*"
)
_ROWS: Final = ("qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "qsdfghjklm", "zxcvbnm", "yxcvbnm", "wxcvbn")
_RUN: Final = 3
_LONGEST_RUN: Final = 10
_SHORTEST: Final = 4
# Names and words that lie side by side on a keyboard.
_REAL: Final = frozenset({"wert", "wertz", "trew", "wer", "were", "oiu", "rew"})
_LETTER: Final = re.compile(r"(\w)\1{2,}")
_TWO: Final = re.compile(r"(\w{2})\1{2,}\w?|(\w{3,4})\2+")


def read_untrue_name(text: str) -> str | None:
    """Does a name say nothing, and why: "placeholder", "keyboard", or None where it may be one?"""
    folded = fold(text)
    words = words_of(folded)
    if not words:
        return PLACEHOLDER if any(sign in "?-.*/" for sign in folded) else None
    joined = " ".join(words)
    if joined in _WHOLE or _CHINESE.fullmatch("".join(words)):
        return PLACEHOLDER
    words = [word for word in words if not word.isdigit()]
    if not words:
        return PLACEHOLDER
    kinds = [_untrue_word(word) for word in words]
    if PLACEHOLDER in kinds and all(kinds):
        return PLACEHOLDER
    # Three keys side by side are a name, too; beside a longer run they are none.
    is_run = all(kind or (len(word) == _RUN and _lies_in_a_row(word)) for word, kind in zip(words, kinds, strict=True))
    return KEYBOARD if KEYBOARD in kinds and is_run else None


@lru_cache(maxsize=100_000)
def _untrue_word(word: str) -> str | None:
    bare = word.rstrip("0123456789")
    if word in _WORDS or bare in _WORDS:
        return PLACEHOLDER
    if _LETTER.fullmatch(word):
        return KEYBOARD
    if len(bare) >= _SHORTEST and bare not in _REAL and _is_run(bare):
        return KEYBOARD
    return None


def _is_run(word: str) -> bool:
    """Keys side by side, in one or several runs, or the same few keys again and again: asdf, qweasd, asdasd."""
    repeated = _TWO.fullmatch(word)
    if repeated and _lies_in_a_row(repeated[1] or repeated[2]):
        return True
    return _parts_into_runs(word)


def _parts_into_runs(word: str) -> bool:
    """Can it be cut into runs? `ends` are the places that a cut can reach."""
    ends = [0]
    for end in range(_RUN, len(word) + 1):
        if any(end - _LONGEST_RUN <= start <= end - _RUN and _lies_in_a_row(word[start:end]) for start in ends):
            ends.append(end)
    return ends[-1] == len(word)


def _lies_in_a_row(run: str) -> bool:
    return any(run in row or run[::-1] in row for row in _ROWS)


_NO_BOXES_TEXT: Final = """
test tester none no nomail noemail noreply no-reply keine kein keinemail unbekannt unknown inconnu
n.a n/a null xxx asdf qwertz qwerty example dummy fake spam aaa
"""
_NO_BOXES: Final = frozenset(_NO_BOXES_TEXT.split())
_NO_DOMAINS: Final = re.compile(
    r"(?:test|none|no|nomail|noemail|fake|dummy|xxx|asdf|unknown|unbekannt|keine)\.\w+|.*\.(?:invalid|test)"
)


def read_untrue_email(address: str) -> str | None:
    """Is an address one that nobody reads?"""
    box, _, domain = address.strip().lower().rpartition("@")
    if not box:
        return None
    is_run = box.isalpha() and len(box) >= _SHORTEST and _is_run(box) and box not in _REAL
    return PLACEHOLDER if box in _NO_BOXES or _NO_DOMAINS.fullmatch(domain) or is_run else None


_ASCENDING: Final = "01234567890"
_TAIL: Final = 7


def read_untrue_phone(text: str) -> str | None:
    """Is a number one digit again and again, or digits counted up or down, in its last seven?"""
    digits = "".join(sign for sign in fold(text) if sign.isdigit())
    tail = digits[-_TAIL:]
    if len(tail) < _TAIL:
        return None
    is_counted = tail in _ASCENDING or tail in _ASCENDING[::-1]
    return PLACEHOLDER if len(set(tail)) == 1 or is_counted else None
