"""Phone numbers as E.164."""

from __future__ import annotations

import re
from typing import Final

from crm_research.standards.text import tidy

_SAME: Final = re.compile(r"(\d)\1{5,}$")
# Shorter ones are dialled within a town only, but for those that a country gives out.
_FEWEST: Final = 6


def read_phone(text: str, country: str | None) -> tuple[str | None, str]:
    """A number in E.164, and its flaw: empty, "doubtful" (of a length used there, yet of no kind given out), "refused".

    Without a country only numbers with the code of one are read; a number written for abroad is read as it stands.
    """
    said = tidy(text)
    written, flaw = _read(said, country)
    if flaw and said.startswith("00") and not said.startswith("000"):
        abroad, flaw_abroad = _read("+" + said[2:], None)
        if flaw_abroad != "refused":
            return abroad, flaw_abroad
    return written, flaw


def _read(said: str, country: str | None) -> tuple[str | None, str]:
    import phonenumbers

    try:
        number = phonenumbers.parse(said, country)
    except phonenumbers.NumberParseException:
        return None, "refused"
    national = str(number.national_number)
    is_valid = phonenumbers.is_valid_number(number)
    is_possible = phonenumbers.is_possible_number(number) and len(national) >= _FEWEST
    if not (is_valid or is_possible) or _SAME.match(national):
        return None, "refused"
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written, "" if is_valid else "doubtful"
