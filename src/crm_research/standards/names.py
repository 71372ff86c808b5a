"""Names of people: given and family name in Latin letters, whatever the order and the script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from crm_research.standards.surnames import (
    OTHER_SPELLINGS,
    common_spellings,
    part_surname,
    spell,
    spell_surname,
    surname_spellings,
    syllables_of,
)
from crm_research.standards.text import fold, fold_word, has_han, has_kana, is_all_han, simplify, tidy, words_of

_TITLES_TEXT: Final = """
mr mrs ms miss mx sir dr prof professor doctor rev herr frau fraulein hr fr dipl dipling diploming mba phd md
msc bsc llm esq jr sr ii iii iv junior senior habil hc mme mlle monsieur madame mademoiselle sra srta senor
senora sig sigra signor signora dott dottssa avv geom mevr dhr drs fru
"""
_TITLES: Final = frozenset(_TITLES_TEXT.split())
# Only with a dot behind them: they are names as well.
_DEGREES: Final = frozenset({"med", "jur", "phil", "rer", "nat", "pol", "oec", "ing", "mag", "univ", "hon", "ir"})
_CHINESE_TITLES: Final = (
    "先生", "女士", "小姐", "太太", "夫人", "老师", "同志", "经理", "总经理", "主任", "医生", "教授", "博士", "师傅",
)  # fmt: skip
# They belong to the family name behind them.
_PARTICLES_TEXT: Final = """
von van der den dem de del della di da do dos das du des la le les los las el al bin ibn zu zum zur vom ter ten
te af av y mac mc st san santa d l
"""
_PARTICLES: Final = frozenset(_PARTICLES_TEXT.split())
FAMILY_FIRST: Final = frozenset({"CN", "TW", "HK", "MO", "JP", "KR", "KP", "VN", "HU"})
_CHINESE: Final = frozenset({"CN", "TW", "HK", "MO", "SG", "MY"})
_DOTS: Final = re.compile("[·•・‧∙]")
_BRACKETS: Final = re.compile(r"\([^)]*\)|\[[^\]]*\]|\"[^\"]*\"")
_COLLAPSED: Final = re.compile("([aou])e")


@dataclass(frozen=True, kw_only=True)
class PersonName:
    """A name taken apart.

    Parameters
    ----------
    given, family
        In small Latin letters; None where they are not known apart.
    key
        The same for the same name in another order, script or with accents written out.
    chinese
        The whole name in simplified Chinese signs where it is written in them.
    flaw
        Empty, "ambiguous" (which part is the family name) or "refused".
    """

    given: str | None = None
    family: str | None = None
    key: str | None = None
    chinese: str | None = None
    flaw: str = ""


REFUSED: Final = PersonName(flaw="refused")


FAMILY_FIRST_HERE: Final = "family first"
GIVEN_FIRST_HERE: Final = "given first"


def read_name(
    name: str | None, given: str | None, family: str | None, country: str | None, order: str | None = None
) -> PersonName:
    """A person's name from its parts where both are known, else from the whole.

    `order` is how the system writes Chinese names in Latin letters, where its other names show it.
    """
    if _is_said(given) and _is_said(family):
        return _read_parts(str(given), str(family))
    whole = next((part for part in (name, family, given) if _is_said(part)), None)
    if whole is None:
        return REFUSED
    if whole is not name:
        return _read_one_part(whole, is_family=whole is family)
    return read_whole_name(whole, country, order)


def _is_said(part: str | None) -> bool:
    return part is not None and any(sign.isalpha() for sign in part)


def _read_parts(given: str, family: str) -> PersonName:
    if has_han(given) and has_han(family):
        first, last = _chinese_signs(given), _chinese_signs(family)
        if first and last:
            return _chinese(first, last)
    given_words, family_words = _latin(_bare(given)), _latin(_bare(family))
    if not given_words or not family_words:
        return _keyed(given_words, family_words) if given_words or family_words else REFUSED
    return _keyed(given_words, family_words)


def _read_one_part(part: str, *, is_family: bool) -> PersonName:
    words = _latin(_bare(part))
    if not words:
        return REFUSED
    return _keyed([], words) if is_family else _keyed(words, [])


def read_whole_name(name: str, country: str | None = None, order: str | None = None) -> PersonName:
    """A person's name written in one piece."""
    tidied = _BRACKETS.sub(" ", tidy(name))
    if has_han(tidied):
        # The signs of a Japanese name are not read as Chinese ones.
        return (
            _unparted(fold(tidied).replace(" ", "")) if country == "JP" or has_kana(tidied) else _read_chinese(tidied)
        )
    before, comma, behind = tidied.partition(",")
    if comma and (family := _bare(before)) and (given := _bare(behind.replace(",", " "))):
        return _keyed(_latin(given), _latin(family))
    words = _bare(tidied)
    if not words:
        return REFUSED
    if len(words) == 1:
        # One word may be either: it is compared as a whole.
        return PersonName(key=_key(_latin(words)), flaw="ambiguous")
    return _part_words(words, country, order)


def _unparted(text: str) -> PersonName:
    return PersonName(key=text or None, flaw="ambiguous" if text else "refused")


def order_shown(name: str) -> str | None:
    """Which comes first in a Chinese name in Latin letters, where it shows by itself: only one end can be a surname?"""
    words = name.lower().split() if name.isascii() else []
    if not 2 <= len(words) <= 4 or not all(syllables_of(word) for word in words):
        return None
    read = _part_pinyin(words, "CN", None)
    if read is None or read.family is None:
        return None
    return FAMILY_FIRST_HERE if read.family == words[0] else GIVEN_FIRST_HERE


def _part_words(words: list[str], country: str | None, order: str | None) -> PersonName:
    """Which of several words in Latin letters are the family name?"""
    capitals = [word.isupper() and "." not in word and len(word) > 1 for word in words]
    if any(capitals) and not all(capitals):
        first = capitals.index(True)
        last = len(capitals) - capitals[::-1].index(True)
        if all(capitals[first:last]) and (first == 0 or last == len(words)):
            while first > 0 and words[first - 1].casefold() in _PARTICLES:
                first -= 1
            return _keyed(_latin(words[:first] + words[last:]), _latin(words[first:last]))
    latin = _latin(words)
    if not latin:
        return REFUSED
    if _is_pinyin(latin) and (read := _part_pinyin(latin, country, order)):
        return read
    if country in FAMILY_FIRST and country != "CN":
        return _keyed(latin[1:], latin[:1])
    start = len(words) - 1
    while start > 1 and words[start - 1].casefold().strip(".'") in _PARTICLES:
        start -= 1
    return _keyed(_latin(words[:start]), _latin(words[start:]))


def _part_pinyin(words: list[str], country: str | None, order: str | None) -> PersonName | None:
    """A Chinese name in Latin letters, in either order; None where it is none (Nina Lange is spelt like one).

    Where both ends could be the surname, the commoner counts, else the system's own order. A rare surname tells only in
    China: elsewhere it may be anybody's name.
    """
    common = common_spellings()
    can_lead, can_end = _could_be_surname(words[0], words[1:]), _could_be_surname(words[-1], words[:-1])
    if (can_lead and can_end) or country not in _CHINESE:
        is_rare = can_lead or can_end
        can_lead, can_end = can_lead and words[0] in common, can_end and words[-1] in common
        if can_lead and can_end:
            can_lead, can_end = order == FAMILY_FIRST_HERE, order == GIVEN_FIRST_HERE
        elif not can_lead and not can_end and not (is_rare and country is None) and country not in _CHINESE:
            return None
    elif not can_lead and not can_end:
        return PersonName(key=_key(words), flaw="ambiguous")
    if can_lead and not can_end:
        return _keyed(words[1:], words[:1])
    if can_end and not can_lead:
        return _keyed(words[:-1], words[-1:])
    return PersonName(key=_key(words), flaw="ambiguous")


def _could_be_surname(word: str, others: list[str]) -> bool:
    """A surname is a known one, and a given name has one or two syllables."""
    return word in surname_spellings() and sum(len(syllables_of(other)) or 1 for other in others) <= 2


def _read_chinese(text: str) -> PersonName:
    folded = _DOTS.sub("·", simplify(text))
    if "·" in folded and is_all_han(folded.replace("·", "").replace(" ", "")):
        # A foreign or minority name written in Chinese: given name first.
        parts = [part for part in folded.replace(" ", "").split("·") if part]
        if len(parts) < 2:
            return _read_signs(parts[0]) if parts else REFUSED
        return _keyed([spell("".join(parts[:-1]))], [spell(parts[-1])], chinese="".join(parts))
    return _read_signs(_chinese_signs(folded))


def _read_signs(signs: str) -> PersonName:
    family, given = part_surname(signs)
    if family and given:
        return _chinese(given, family)
    if not signs:
        return REFUSED
    return PersonName(key=_key([spell(signs)]), chinese=signs, flaw="ambiguous")


def _chinese(given: str, family: str) -> PersonName:
    return _keyed([spell(given)], [spell_surname(family)], chinese=family + given)


def _chinese_signs(text: str) -> str:
    """The Chinese signs of a name, simplified, without what one is called by."""
    signs = "".join(sign for sign in simplify(tidy(text)) if has_han(sign))
    while title := next((title for title in _CHINESE_TITLES if signs.endswith(title) and len(signs) > len(title)), ""):
        signs = signs.removesuffix(title)
    return signs


def _bare(text: str | list[str]) -> list[str]:
    """The words of a name as written, without titles and degrees at either end."""
    words = text.replace(",", " ").split() if isinstance(text, str) else list(text)
    while len(words) > 1 and _is_title(words[0]):
        words = words[1:]
    while len(words) > 1 and _is_title(words[-1]):
        words = words[:-1]
    return [word for word in words if any(sign.isalpha() for sign in word)]


def _is_title(word: str) -> bool:
    bare = fold_word(word).replace(".", "").replace("-", "")
    return bare in _TITLES or (word.endswith(".") and bare in _DEGREES)


def _latin(words: list[str]) -> list[str]:
    """Words folded; a Chinese ü keeps its sound; other scripts than Latin and Chinese stay as they are."""
    latin: list[str] = []
    for word in words:
        if has_han(word):
            latin.append(spell("".join(sign for sign in simplify(tidy(word)) if has_han(sign))))
            continue
        latin += words_of(fold_word(word))
    return [word for word in latin if any(sign.isalpha() for sign in word)]


def _is_pinyin(words: list[str]) -> bool:
    return all(not word or syllables_of(word) or word in OTHER_SPELLINGS for word in words) and len(words) <= 4


def _keyed(given: list[str], family: list[str], *, chinese: str | None = None) -> PersonName:
    given, family = _untitled(given), _untitled(family)
    if not given and not family:
        return REFUSED
    both = [*given, *family]
    is_pinyin = _is_pinyin(both) and "".join(family) in surname_spellings()
    join = "" if is_pinyin else " "
    return PersonName(
        given=join.join(given) or None,
        family=join.join(family) or None,
        key=_key(["".join(given), "".join(family)] if is_pinyin else both),
        chinese=chinese,
    )


def _untitled(words: list[str]) -> list[str]:
    while len(words) > 1 and words[0] in _TITLES:
        words = words[1:]
    while len(words) > 1 and words[-1] in _TITLES:
        words = words[:-1]
    return words


def _key(words: list[str]) -> str | None:
    """Words in the order of the alphabet; pinyin by its syllables, so that joined and parted given names agree."""
    if _is_pinyin(words):
        words = [syllable for word in words if word for syllable in (syllables_of(word) or (word,))]
        words = [_plain_u(word) for word in words]
    else:
        words = [_COLLAPSED.sub(r"\1", word) for word in words]
    return " ".join(sorted(words)) or None


def _plain_u(syllable: str) -> str:
    """Lü is LYU, LV or LU in passports."""
    if syllable[:1] in {"l", "n"}:
        return syllable.replace("yu", "u").replace("v", "u")
    return syllable
