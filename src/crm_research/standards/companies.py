"""Names of companies: the name itself, its legal form, and the place that stands in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from crm_research.standards.legal_forms import BEFORE, CHINESE, CHINESE_BEFORE, LONGEST, TELLING, TRADES, WESTERN
from crm_research.standards.places import bare_chinese, cities, latin_regions, provinces
from crm_research.standards.text import HAN, fold, has_han, tidy, words_of

_LETTERS: Final = re.compile(r"(?<![^\W\d_])([^\W\d_])[./](?=[^\W\d_])|(?<=[^\W\d_])\.", re.UNICODE)
# A form that lost the space before it.
_GLUED: Final = re.compile(r"(?<=[a-zà-ÿ])(GmbH|AG|KG|OHG|UG|Ltd|LLC|LLP|Inc|PLC|SARL|BV|NV|SpA|Srl)\b")
_BETWEEN_SIGNS: Final = re.compile(rf"(?<=[{HAN}])\s+(?=[{HAN}])")
_NO_NAMES: Final = frozenset({"有限", "责任", "有限责任", "股份", "集团", "公司", "and"})
_DISTRICT: Final = re.compile(rf"^[{HAN}]{{1,4}}?[区县](?=[{HAN}]{{2}})")
_BRACKETS: Final = re.compile(r"[(\[【〔<《]([^)\]】〕>》]*)[)\]】〕>》]")
_AND: Final = re.compile(r"\s*[&+]\s*")
_TELLING_SIGNS: Final = tuple(form for form in CHINESE if len(form) > 1 and form not in {"控股", "股份", "个体"})


@dataclass(frozen=True, kw_only=True)
class CompanyName:
    """A company's name taken apart.

    Parameters
    ----------
    name
        Without legal form and place, folded; Chinese in simplified signs without spaces.
    form
        Its legal forms in the order they stand in; None where there are none.
    region
        The place of China named in it, in Latin letters.
    flaw
        Empty, "ambiguous" (nothing but a form or a place, kept whole) or "refused".
    """

    name: str | None = None
    form: str | None = None
    region: str | None = None
    flaw: str = ""


def read_company(text: str) -> CompanyName:
    """A company's name in any of the spellings of it."""
    folded = fold(_GLUED.sub(r" \1", text))
    if not any(sign.isalnum() for sign in folded):
        return CompanyName(flaw="refused")
    forms: list[str] = []
    regions: list[str] = []
    parts = _BRACKETS.split(folded)
    # Every other part stood in brackets: a place or a form there is none of the name.
    kept = [part if at % 2 == 0 else _say_bracket(part, forms, regions) for at, part in enumerate(parts)]
    whole = " ".join(kept)
    bare = _strip(_parted(whole), forms, regions)
    if not bare or (len(bare) == 1 and ((bare[0],) in WESTERN or (bare[0],) in BEFORE or bare[0] in _NO_NAMES)):
        return _kept_whole(folded)
    return CompanyName(name=" ".join(bare), form=" ".join(forms) or None, region=" ".join(regions) or None)


def _kept_whole(folded: str) -> CompanyName:
    """A name that is nothing but a form or a place; what it is without brackets and dots is read once more."""
    name = " ".join(_parted(folded))
    if not name or name == folded:
        return CompanyName(name=name or None, flaw="ambiguous")
    return replace(read_company(name), flaw="ambiguous")


def _say_bracket(part: str, forms: list[str], regions: list[str]) -> str:
    words = _parted(part)
    joined = " ".join(words)
    if region := _region_of(joined):
        regions.append(region)
        return " "
    if joined in CHINESE or tuple(words) in WESTERN:
        forms.append(joined)
        return " "
    return f" {part} "


def _region_of(text: str) -> str:
    bare = bare_chinese(text)
    if text in {"中国", "china"}:
        return "china"
    place = cities().get(bare) or provinces().get(bare)
    if place is not None:
        return place.latin
    return text if text in latin_regions() else ""


def _parted(folded: str) -> list[str]:
    """The words; letters with dots are one word, Chinese signs have no spaces between them."""
    said = _AND.sub(" and ", _LETTERS.sub(r"\1", folded))
    said = " ".join(words_of(said))
    return _BETWEEN_SIGNS.sub("", said).split()


def _strip(words: list[str], forms: list[str], regions: list[str]) -> list[str]:
    """Words without forms and places at either end, taken off until nothing changes."""
    behind: list[str] = []
    while True:
        left = _strip_once(words, forms, behind, regions)
        if left == words:
            break
        words = left
    forms += reversed(behind)
    return words


def _strip_once(words: list[str], before: list[str], behind: list[str], regions: list[str]) -> list[str]:
    for length in range(min(LONGEST, len(words) - 1), 0, -1):
        if tuple(words[-length:]) in WESTERN:
            behind.append(" ".join(words[-length:]))
            return _without_and(words[:-length])
        if tuple(words[:length]) in BEFORE:
            before.append(" ".join(words[:length]))
            return words[length:]
    if len(words) > 2 and words[0] in latin_regions():
        regions.append(words[0])
        return words[1:]
    if (
        words
        and has_han(words[-1])
        and (left := _strip_signs(words[-1], behind, regions, is_whole=len(words) == 1)) != words[-1]
    ):
        return [*words[:-1], left] if left else words[:-1]
    if (
        words
        and has_han(words[0])
        and (left := _strip_front(words[0], before, regions, is_whole=len(words) == 1)) != words[0]
    ):
        return [left, *words[1:]] if left else words[1:]
    return words


def _without_and(words: list[str]) -> list[str]:
    return words[:-1] if len(words) > 1 and words[-1] == "and" else words


def _is_enough(rest: str, *, is_whole: bool) -> bool:
    """A name of two signs that is more than a trade, or any rest beside other words."""
    return not is_whole or (len(rest) >= 2 and rest not in TRADES)


def _strip_signs(word: str, forms: list[str], regions: list[str], *, is_whole: bool) -> str:
    for form in CHINESE:
        if word.endswith(form) and _is_enough(word.removesuffix(form), is_whole=is_whole):
            forms.append(form)
            return word.removesuffix(form)
    # A branch names its place behind the company's form.
    for length in range(min(9, len(word) - 2), 1, -1):
        region = _region_of(word[-length:])
        rest = word[:-length]
        if region and rest.endswith(("公司", "集团", "银行")):
            regions.append(region)
            return rest
    return word


def _strip_front(word: str, forms: list[str], regions: list[str], *, is_whole: bool) -> str:
    for form in CHINESE_BEFORE:
        if word.startswith(form) and len(word) > len(form):
            forms.append(form)
            return word.removeprefix(form)
    for length in range(min(9, len(word) - 1), 1, -1):
        region = _region_of(word[:length])
        if region and region != "china" and _is_enough(word[length:], is_whole=is_whole):
            regions.append(region)
            return _DISTRICT.sub("", word[length:])
    return word


def looks_like_company(text: str) -> bool:
    """Does a name end, or begin, in what only companies are called?"""
    folded = fold(_GLUED.sub(r" \1", text))
    words = _parted(_BRACKETS.sub(r" \1 ", folded))
    if not words:
        return False
    if has_han(words[-1]) and words[-1].endswith(_TELLING_SIGNS):
        return True
    if words[0].startswith(CHINESE_BEFORE):
        return True
    if len(words) < 2:
        return False
    written = tidy(_GLUED.sub(r" \1", text)).split()
    is_shouted = " ".join(written).isupper()
    if (words[0],) in BEFORE and (
        not words[0].isascii() or words[0] == "firma" or (written[0].isupper() and not is_shouted)
    ):
        return True
    tail = next((n for n in range(min(LONGEST, len(words) - 1), 0, -1) if tuple(words[-n:]) in WESTERN), 0)
    if tail > 1 or words[-1] in TELLING:
        return True
    # SA, AB, AS are short names too: only in capitals behind words that are in small letters, or with dots.
    end = written[-1]
    return tail == 1 and len(end) > 1 and ((end.isupper() and not is_shouted) or end.count(".") > 1)
