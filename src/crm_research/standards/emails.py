"""E-mail addresses: small letters, and a key that is the same for spellings that reach the same box."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from crm_research.standards.text import tidy

_ADDRESS: Final = re.compile(
    r"[^\s@<>,;:()\[\]\"\\]{1,64}@(?:[^\s@<>,;:()\[\]\"\\./]{1,63}\.)+[^\W\d_][^\s@<>,;:()\[\]\"\\./]{0,61}[^\s@<>,;:()\[\]\"\\./-]",
    re.UNICODE,
)
_GOOGLE: Final = frozenset({"gmail.com", "googlemail.com"})
# Where what follows a plus reaches the same box.
_PLUS: Final = frozenset(
    {
        *_GOOGLE, "outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "mac.com",
        "fastmail.com",
        "proton.me", "protonmail.com", "pm.me", "zoho.com", "yandex.com", "yandex.ru",
    }
)  # fmt: skip
_ALIASES: Final = {
    "googlemail.com": "gmail.com", "me.com": "icloud.com", "mac.com": "icloud.com", "protonmail.com": "proton.me",
    "pm.me": "proton.me",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Email:
    """An address in small letters, and its key."""

    address: str | None = None
    key: str | None = None
    flaw: str = ""


def read_email(text: str) -> Email:
    """The one address in a text; where there are none or several, none is chosen."""
    said = tidy(text).lower().replace("mailto:", "").replace("。", ".")
    found = _ADDRESS.findall(said)
    distinct = sorted({address.removesuffix(".") for address in found})
    if len(distinct) != 1:
        return Email(flaw="ambiguous" if distinct else "refused")
    if "<" not in said and any(sign.isalnum() for sign in said.replace(distinct[0], "")):
        # A space within an address: which part was meant is not known.
        return Email(flaw="refused")
    address = distinct[0]
    box, _, domain = address.rpartition("@")
    if not box or ".." in address or box.startswith(".") or box.endswith(".") or len(address) > 254:
        return Email(flaw="refused")
    key_box = box.split("+")[0] or box if domain in _PLUS else box
    if domain in _GOOGLE:
        key_box = key_box.replace(".", "") or key_box
    return Email(address=address, key=f"{key_box}@{_ALIASES.get(domain, domain)}")
