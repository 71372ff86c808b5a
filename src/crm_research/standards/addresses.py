"""Addresses: street, house number, postcode, city and region; Chinese ones are taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from crm_research.standards.places import cities, name_city, name_region, provinces
from crm_research.standards.text import HAN, fold, has_han, words_of

_NUMBER: Final = r"\d{1,5}(?:\s?[a-z](?![a-z]))?(?:\s?[-/]\s?\d{1,5}(?:\s?[a-z](?![a-z]))?)?"
_BEHIND: Final = re.compile(
    r"^(?P<street>.*?[^\W\d].*?)[\s,]+(?:nr\.?\s?|no\.?\s?|n[o°]\s?|#\s?)?"
    rf"(?P<number>{_NUMBER})(?P<rest>\s*[,/;].*)?$"
)
_BEFORE: Final = re.compile(rf"^(?:nr\.?\s?|no\.?\s?|#\s?)?(?P<number>{_NUMBER})[\s,]+(?P<street>[^\W\d].*)$")
_FLAT: Final = re.compile(
    r"^(?:flat|apt|apartment|unit|suite|ste|room|whg|wohnung)\.?\s*\w{1,5}\s*[,/]\s*(?=.*[^\W\d])"
)
_GLUED: Final = re.compile(rf"^(?P<street>.*[^\W\d]\.?)(?P<number>{_NUMBER})$")
# The last word of a street, written out or not; and the first one, in languages where it stands first.
_KINDS: Final = {
    "str": "strasse", "street": "street", "st": "street", "rd": "road", "ave": "avenue", "av": "avenue",
    "blvd": "boulevard",
    "ln": "lane", "dr": "drive", "ct": "court", "pl": "place", "sq": "square", "hwy": "highway", "pkwy": "parkway",
    "ter": "terrace", "cres": "crescent", "gdns": "gardens", "cl": "close", "pltz": "platz", "lu": "lu", "jie": "jie",
}  # fmt: skip
_FIRST: Final = {
    "bd": "boulevard", "boul": "boulevard", "av": "avenue", "ave": "avenue", "r": "rue", "c": "calle", "v": "via",
    "pza": "plaza", "plza": "plaza", "pl": "place", "avda": "avenida", "ul": "ulica", "pzza": "piazza", "all": "allee",
}  # fmt: skip
_GERMAN: Final = re.compile(r"(?<=[^\W\d]{3})(?:str|strasse)$")
_CHINESE_NUMBER: Final = re.compile(r"(\d+(?:[-之]\d+)?)号")
_DISTRICT: Final = re.compile(rf"^([{HAN}]{{1,7}}?(?:自治县|新区|开发区|区|县|旗|市))(?=.)")


@dataclass(frozen=True, kw_only=True)
class Street:
    """A street and what else stood in its line.

    Parameters
    ----------
    street, number
        Folded; the number without spaces.
    city, region
        Where the line holds them, as Chinese addresses do; in Latin letters.
    """

    street: str | None = None
    number: str | None = None
    city: str | None = None
    region: str | None = None
    flaw: str = ""


def read_street(text: str) -> Street:
    """A line of an address."""
    folded = fold(text)
    if not any(sign.isalnum() for sign in folded):
        return Street(flaw="refused")
    if has_han(folded):
        return _read_chinese(folded)
    return _read_latin(folded)


def _read_latin(folded: str) -> Street:
    line = _FLAT.sub("", folded.strip(" ,;"))
    numbers: list[str] = []
    while found := _part_number(line) or _part_number(_name_street(line)):
        line, number = found
        numbers.insert(0, number)
    street = _name_street(line)
    # A line of digits alone is a number without a street.
    flaw = "" if street and not street.isdigit() else "ambiguous"
    return Street(street=street or None, number=" ".join(numbers) or None, flaw=flaw)


def _part_number(line: str) -> tuple[str, str] | None:
    """A street without the number in front of it or behind it, and the number."""
    for pattern in (_BEHIND, _BEFORE, _GLUED):
        if (match := pattern.match(line)) and (street := _name_street(match["street"])):
            return street, re.sub(r"\s", "", match["number"])
    return None


def _name_street(text: str) -> str:
    words = words_of(text)
    if not words:
        return ""
    words[-1] = _GERMAN.sub("strasse", words[-1])
    if len(words) > 1:
        words[-1] = _KINDS.get(words[-1], words[-1])
        words[0] = _FIRST.get(words[0], words[0])
    return " ".join(words)


def _read_chinese(folded: str) -> Street:
    """What is left of a line may begin with a place again, behind a mark: read until nothing changes."""
    read = _read_chinese_once(folded)
    while read.street and (further := _read_chinese_once(read.street)).street != read.street:
        read = Street(
            street=further.street,
            number=read.number or further.number,
            city=read.city or further.city,
            region=read.region or further.region,
            flaw=further.flaw,
        )
    return read


def _read_chinese_once(folded: str) -> Street:
    rest = re.sub(rf"(?<=[{HAN}\d])\s+|\s+(?=[{HAN}])", "", folded).removeprefix("中国")
    region, rest = _take(
        rest, set(provinces()), ("省", "市", "壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "特别行政区")
    )
    city, rest = _take(rest, set(cities()), ("市", "地区", "盟"))
    if region and not city and region in cities():
        city = region
    district = _DISTRICT.match(rest)
    if district is not None:
        rest = rest[district.end() :]
    number = _CHINESE_NUMBER.search(rest)
    street = rest if number is None else rest[: number.start()]
    if street and not has_han(street):
        return _read_latin(f"{street} {number[1]}" if number else street)
    street = "".join(words_of(street)) or (district[1] if district else "")
    found_city = cities()[city] if city else None
    found_region = provinces()[region].latin if region else found_city.province if found_city else None
    return Street(
        street=street or None,
        number=None if number is None else number[1],
        city=found_city.latin if found_city else None,
        region=found_region,
        flaw="" if street else "ambiguous",
    )


def _take(text: str, known: set[str], ranks: tuple[str, ...]) -> tuple[str, str]:
    """The place at the beginning, without its rank, and what follows it; a street's name may begin like a city."""
    for length in range(min(7, len(text)), 1, -1):
        name = text[:length]
        if name not in known:
            continue
        behind = text[length:]
        rank = next((rank for rank in ranks if behind.startswith(rank)), "")
        if (
            not rank
            and behind[:1] in {"路", "街", "大", "东", "西", "南", "北", "中"}
            and behind[:2] not in {"东城", "西城", "南山"}
        ):
            continue
        return name, behind.removeprefix(rank)
    return "", text


def read_postcode(text: str, country: str | None) -> tuple[str | None, str]:
    """A postcode without spaces and the country before it; five digits of Germany whose nought was lost get it back."""
    folded = fold(text).upper()
    if folded.endswith(".0"):
        folded = folded[:-2]
    folded = re.sub(r"^(?:[A-Z]{1,3})-(?=\d)", "", folded)
    code = re.sub(r"[\s\-.]", "", folded)
    if country == "US" and re.fullmatch(r"\d{9}", code):
        code = code[:5]
    if country in {"DE", "FR", "ES", "IT", "US"} and re.fullmatch(r"\d{4}", code):
        code = "0" + code
    if not re.fullmatch(r"[0-9A-Z]{3,10}", code) or not any(sign.isdigit() for sign in code):
        return None, "refused"
    length = _DIGITS.get(country or "")
    if length is not None and not re.fullmatch(rf"\d{{{length}}}", code):
        return code, "doubtful"
    return code, "doubtful" if len(set(code)) == 1 else ""


_DIGITS: Final = {
    "DE": 5, "FR": 5, "ES": 5, "IT": 5, "US": 5, "AT": 4, "CH": 4, "BE": 4, "DK": 4, "NO": 4, "CN": 6, "IN": 6, "RU": 6,
    "SE": 5, "FI": 5, "PL": 5, "CZ": 5, "MX": 5, "TR": 5, "AU": 4, "HU": 4, "SG": 6, "JP": 7, "KR": 5, "LU": 4,
}  # fmt: skip


def read_city(text: str) -> tuple[str | None, str]:
    """A city by one name, without a postcode or a country's letter before it."""
    folded = re.sub(r"^(?:[a-z]{1,2}-)?\d{4,6}\s+", "", fold(text))
    if not any(sign.isalpha() for sign in folded):
        return None, "refused"
    return name_city(("" if has_han(folded) else " ").join(words_of(folded))), ""


def read_region(text: str) -> tuple[str | None, str]:
    """A region by one name: 广东省, 广东 and Guangdong Province are guangdong; Nord, Norte and N are north."""
    folded = fold(text).strip(" .")
    if not any(sign.isalpha() for sign in folded):
        return None, "refused"
    return name_region(("" if has_han(folded) else " ").join(words_of(folded))) or None, ""
