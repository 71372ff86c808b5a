"""Numbers that carry their own proof: identity cards, bank accounts and payment cards, told from numbers by chance."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

# Luhn 1954 (ISO/IEC 7812): what a doubled digit counts.
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
# GB 11643-1999: weights of the 17 digits, and the check sign by the remainder.
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_SIGNS: Final = "10X98765432"
# GB/T 2260: provinces, by the first two digits.
_PROVINCES: Final = frozenset(
    {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83}
)
_YEARS: Final = range(1880, 2100)
# ISO 13616: what stands behind the two check digits, by country, of the countries that use it most: so many digits (n),
# letters (a), or either (c).
_FORMATS_OF_IBANS: Final = {
    "AD": "8n12c", "AE": "19n", "AT": "16n", "BE": "12n", "BG": "4a6n8c", "CH": "5n12c", "CY": "8n16c", "CZ": "20n",
    "DE": "18n", "DK": "14n", "EE": "16n", "ES": "20n", "FI": "14n", "FR": "10n11c2n", "GB": "4a14n", "GI": "4a15c",
    "GR": "7n16c", "HR": "17n", "HU": "24n", "IE": "4a14n", "IL": "19n", "IS": "22n", "IT": "1a10n12c", "LI": "5n12c",
    "LT": "16n", "LU": "3n13c", "LV": "4a13c", "MC": "10n11c2n", "MT": "4a5n18c", "NL": "4a10n", "NO": "11n",
    "PL": "24n", "PT": "21n", "RO": "4a16c", "SA": "2n18c", "SE": "20n", "SI": "15n", "SK": "20n", "SM": "1a10n12c",
    "TR": "6n16c", "UA": "6n19c",
}  # fmt: skip
_SIGNS_OF_IBANS: Final = {"n": "[0-9]", "a": "[A-Za-z]", "c": "[0-9A-Za-z]"}
_CARD_BEGINNINGS: Final = ("4", "5", "2", "34", "37", "6", "35", "30", "36", "38", "39")


def is_identity_card(text: str) -> bool:
    """Is it the number of a Chinese identity card, of 18 signs with its check sign, or of 15 as until 1999?

    Examples
    --------
    >>> is_identity_card("11010519491231002X"), is_identity_card("110105194912310021")
    (True, False)
    >>> is_identity_card("130503670401001"), is_identity_card("130503671301001")
    (True, False)
    """
    number = text.upper()
    if int(number[:2]) not in _PROVINCES:
        return False
    if len(number) == 18:
        total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
        return number[17] == _CHECK_SIGNS[total % 11] and _is_day(number[6:14])
    return len(number) == 15 and number.isdecimal() and _is_day(f"19{number[6:12]}")


def is_payment_card(digits: str) -> bool:
    """Is it the number of a payment card: 13 to 19 digits of a known issuer that pass Luhn's check?

    Examples
    --------
    >>> is_payment_card("4111111111111111"), is_payment_card("4111111111111112")
    (True, False)
    """
    if not 13 <= len(digits) <= 19 or not digits.startswith(_CARD_BEGINNINGS) or len(set(digits)) < 2:
        return False
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[value] for value in values[1::2])) % 10 == 0


def is_product_code(digits: str) -> bool:
    """Is it a number that stands below the bars of a product (GTIN, EAN-13 or 14 digits) with its check digit?

    Examples
    --------
    >>> is_product_code("0041331021234"), is_product_code("0041331021235")
    (False, True)
    """
    if len(digits) not in (12, 13, 14):
        return False
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values[::2]) + 3 * sum(values[1::2])) % 10 == 0


def write_iban_pattern(between: str) -> str:
    """What matches a number of the right signs of each country, in capitals or small letters.

    Parameters
    ----------
    between
        What matches that which may stand between two signs, or nothing.
    """
    countries = []
    for country, format_ in _FORMATS_OF_IBANS.items():
        parts = re.findall(r"(\d+)([nac])", f"2n{format_}")
        signs = "".join(f"(?:{between}{_SIGNS_OF_IBANS[kind]}){{{number}}}" for number, kind in parts)
        countries.append("".join(f"[{sign}{sign.lower()}]" for sign in country) + signs)
    return f"(?:{'|'.join(countries)})"


def is_iban(text: str) -> bool:
    """Is it an international bank account number whose remainder by 97 is 1? Only its letters and digits are looked at.

    Examples
    --------
    >>> is_iban("DE89370400440532013000"), is_iban("DE89370400440532013001")
    (True, False)
    >>> is_iban("gb29 nwbk 6016 1331 9268 19"), is_iban("de89-3704-0044-0532-0130-0")
    (True, False)
    """
    signs = re.sub(r"[^0-9A-Za-z]", "", text).upper()
    if not _IBAN.fullmatch(signs):
        return False
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


def is_social_security(text: str) -> bool:
    """Is it written as a United States social security number, of an area and a group that are given out?

    Examples
    --------
    >>> is_social_security("123-45-6789"), is_social_security("666-45-6789")
    (True, False)
    """
    area, group, serial = text.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _is_day(text: str) -> bool:
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    try:
        return year in _YEARS and bool(date(year, month, day))
    except ValueError:
        return False


_IBAN: Final = re.compile(write_iban_pattern(""))
