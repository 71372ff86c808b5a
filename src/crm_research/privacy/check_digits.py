"""Numbers that carry their own proof: identity cards, bank accounts and payment cards, told from numbers by chance."""

from __future__ import annotations

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
# ISO 13616: length by country, of the countries that use it most.
_LENGTHS_OF_IBANS: Final = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26,
    "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25,
    "RO": 24, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29,
}  # fmt: skip
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


def is_iban(text: str) -> bool:
    """Is it an international bank account number of the right length whose remainder by 97 is 1?

    Examples
    --------
    >>> is_iban("DE89370400440532013000"), is_iban("DE89370400440532013001")
    (True, False)
    """
    if _LENGTHS_OF_IBANS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


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
