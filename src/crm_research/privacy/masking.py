"""E-mail addresses, phones, identity cards, accounts and payment cards in a text: found, and masked."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator
from functools import cache
from string import ascii_letters, digits
from typing import Any, Final

from crm_research.privacy.check_digits import (
    is_iban,
    is_identity_card,
    is_payment_card,
    is_product_code,
    is_social_security,
    write_iban_pattern,
)
from crm_research.privacy.keys import require_key
from crm_research.settings import hides_persons

EMAIL: Final = "an e-mail address"
PHONE: Final = "a phone number"
IDENTITY_CARD: Final = "an identity-card number"
ACCOUNT: Final = "a bank account"
PAYMENT_CARD: Final = "a payment-card number"
# Letters and digits of alphabets that part words by blanks: a Chinese sign ends a number.
_OF_WORDS: Final = "0-9A-Za-z_\u00c0-\u024f\u0370-\u04ff"
# A number goes on at neither end: no digit, letter or decimal point, sign or thousands mark stands before or behind. A
# colon may stand before it, but not that of a time.
_BEFORE: Final = rf"(?<![{_OF_WORDS}.,+\-/#])(?<!\d:)"
# ITU-T E.164: fifteen digits are the most.
_DIGITS_ABROAD: Final = range(9, 16)
_BEHIND: Final = rf"(?![{_OF_WORDS}/])(?![.,:\-]\d)"
# Between the groups of a phone: one sign, or a stroke with blanks.
_GAP: Final = r"(?:[ \-]| ?/ ?)"
_LAST_GROUP: Final = re.compile(r"[ /\-]+\(?\d+\)?$")
# What people write before a number, so that no other number is meant.
_LABEL: Final = (
    r"(?i:\b(?:tele(?:fon|phone)|tel|phone|mobile?|mob|cell|handy|fax|whatsapp|wechat|sms|call|ring)|电话|手机号?|微信)"
)
# Within a country: nine to twelve digits with the nought before them.
_DIGITS_AT_HOME: Final = range(9, 13)
_IS_DATE: Final = re.compile(r"\d{1,2}[ /.\-]\d\d?[ /.\-](?:19|20)\d\d\b")
# Between the signs of an account: a blank, or what people write instead.
_APART: Final = r"[ \t.\-]?"
_PATTERNS: Final[tuple[tuple[str, re.Pattern[str], Callable[[str], bool] | None], ...]] = (
    (
        EMAIL,
        re.compile(r"(?<![\w.%+\-])[\w.%+\-]{1,64}[@＠](?:[\w\-]{1,63}\.)+[^\W\d_]{2,24}(?![\w\-])"),
        None,
    ),
    (
        IDENTITY_CARD,
        re.compile(rf"{_BEFORE}\d{{6}}[ \-]?\d{{8}}[ \-]?\d{{3}}[\dXx]{_BEHIND}"),
        lambda text: is_identity_card(_bare(text)),
    ),
    (IDENTITY_CARD, re.compile(rf"{_BEFORE}\d{{15}}{_BEHIND}"), is_identity_card),
    (IDENTITY_CARD, re.compile(rf"{_BEFORE}\d{{3}}-\d{{2}}-\d{{4}}{_BEHIND}"), is_social_security),
    (
        ACCOUNT,
        re.compile(
            rf"(?:(?<![0-9A-Za-z])|(?<=\bIBAN)|(?<=\biban))(?=[A-Za-z]{{2}}{_APART}\d{_APART}\d){write_iban_pattern(_APART)}(?![0-9A-Za-z])"
        ),
        is_iban,
    ),
    (
        PAYMENT_CARD,
        re.compile(
            rf"{_BEFORE}(?:\d{{4}}[ \-]\d{{4}}[ \-]\d{{4}}[ \-]\d{{4}}(?:[ \-]\d{{1,3}})?"
            rf"|\d{{4}}[ \-]\d{{6}}[ \-]\d{{5}}|\d{{13,19}}){_BEHIND}"
        ),
        lambda text: is_payment_card(re.sub(r"\D", "", text)),
    ),
    # Of China: mobiles, also in groups, one behind another, and with the country's number; fixed ones with their area.
    (
        PHONE,
        re.compile(
            rf"(?<![{_OF_WORDS}\-#])(?<!\d[.,:])(?:(?:\+|00)?86[ \-]?)?1[3-9]\d[ \-]?\d{{4}}[ \-]?\d{{4}}"
            rf"(?![{_OF_WORDS}])(?![.,:\-]\d)"
        ),
        None,
    ),
    (PHONE, re.compile(rf"{_BEFORE}(?:\(0\d{{2,3}}\) ?|0\d{{2,3}}-)\d{{7,8}}{_BEHIND}"), None),
    # Within a country: area apart, in groups, in pairs as in France, or in one; from abroad with two noughts.
    (PHONE, re.compile(rf"{_BEFORE}0[1-9]\d{{1,3}}[ /]\d{{5,8}}{_BEHIND}"), None),
    (PHONE, re.compile(rf"{_BEFORE}0[1-9](?:[ .]\d{{2}}){{4}}{_BEHIND}"), None),
    (
        PHONE,
        re.compile(rf"{_BEFORE}(?:\(0\d{{1,4}}\)|0[1-9]\d{{0,4}})(?:{_GAP}\d{{2,8}}){{1,4}}{_BEHIND}"),
        lambda text: _n_digits(text) in _DIGITS_AT_HOME and not _IS_DATE.match(text),
    ),
    (PHONE, re.compile(rf"{_BEFORE}0[1-9]\d{{8,9}}{_BEHIND}"), None),
    (
        PHONE,
        re.compile(rf"{_BEFORE}00[1-9]\d{{0,2}}[ \-]\d{{1,5}}(?:[ \-]?\d{{1,5}}){{1,4}}{_BEHIND}"),
        lambda text: _n_digits(text) - 2 in _DIGITS_ABROAD,
    ),
    # In one and so long that it is no other number, unless it is what stands below the bars of a product.
    (PHONE, re.compile(rf"{_BEFORE}00[1-9]\d{{11,12}}{_BEHIND}"), lambda text: not is_product_code(text)),
    # Behind a word that says so.
    (
        PHONE,
        re.compile(
            rf"{_LABEL}[.:\uff1a#]{{0,2}} ?"
            rf"(?P<number>(?:\+[1-9]|\(0\d|0\d)(?:[ ()/\-]{{0,3}}\d){{5,13}}|1[3-9]\d{{9}}|[2-9]\d{{9}})"
            r"(?!\d)(?![.,:]\d)"
        ),
        None,
    ),
    # Behind such a word with a dot or a colon any number of so many digits is meant.
    (
        PHONE,
        re.compile(
            rf"{_LABEL}[.:\uff1a]{{1,2}} ?(?P<number>\(?\d(?:[ ()/\-]{{0,3}}\d){{6,12}})(?!\d)(?![.,:]\d|[ ]?%)"
        ),
        None,
    ),
    # Anywhere: the country's number and seven to twelve digits more, in groups or not.
    (
        PHONE,
        re.compile(rf"(?<![{_OF_WORDS}.,+])\+[1-9]\d{{0,2}}(?:(?:{_GAP})?\(?\d{{1,5}}\)?){{2,7}}{_BEHIND}"),
        lambda text: _n_digits(text) in _DIGITS_ABROAD,
    ),
    (
        PHONE,
        re.compile(rf"(?<![{_OF_WORDS}.,+])\+[1-9]\d{{0,2}}(?:[.\-]\d{{1,8}}){{2,6}}{_BEHIND}"),
        lambda text: _n_digits(text) in _DIGITS_ABROAD,
    ),
    (
        PHONE,
        re.compile(rf"(?<![{_OF_WORDS}.,+])\+[1-9]\d{{0,2}} \d{{1,4}}(?:\.\d{{2,4}}){{2,5}}{_BEHIND}"),
        lambda text: _n_digits(text) in range(8, 16),
    ),
    # Of North America, as it is written there.
    (
        PHONE,
        re.compile(rf"{_BEFORE}(?:1[ .\-])?(?:\([2-9]\d{{2}}\) ?|[2-9]\d{{2}}[.\-])[2-9]\d{{2}}[.\-]\d{{4}}{_BEHIND}"),
        None,
    ),
)
# Without one of these a text holds none of them.
_WORTH_A_LOOK: Final = re.compile(
    r"[@＠]|\d(?:[\d \-.()/]{5,})\d"
    rf"|[A-Za-z]{{2}}{_APART}\d(?:{_APART}[0-9A-Za-z]){{12}}"
)
# Signs as wide as Chinese ones, which stand 0xFEE0 behind ours; blanks of every width, and strokes of every length.
_PLAIN: Final = {
    **{0xFEE0 + ord(sign): sign for sign in f"-+()/.{digits}{ascii_letters}"},
    **dict.fromkeys([0x00A0, *range(0x2002, 0x200B), 0x202F, 0x205F, 0x3000], " "),
    **dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-"),
}
# Letters that make no word and no number, of which a thing that is masked has five.
_LETTERS: Final = "bcdfghjkmnpqrstvwxz"
_N_LETTERS: Final = 5
_TEXT_NODE: Final = re.compile(r"(?<=>)[^<>]+(?=<)|^[^<>]+(?=<)|(?<=>)[^<>]+$|^[^<>]+$")
# Attributes that are read out.
_TOLD: Final = re.compile(r'(?<=\s)(aria-label|aria-description|alt|title)="([^"]*)"')
_NOT_TEXT: Final = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)


def _n_digits(text: str) -> int:
    return sum(sign.isdecimal() for sign in text)


def find_personal(text: str) -> Iterator[tuple[int, int, str]]:
    """Where in a text do such things stand, and what are they? First place, place behind the last sign, kind.

    Examples
    --------
    >>> list(find_personal("Ring 138 1234 5678 or ask a.b@c.example"))
    [(26, 39, 'an e-mail address'), (5, 18, 'a phone number')]
    """
    plain = text.translate(_PLAIN)
    if not _WORTH_A_LOOK.search(plain):
        return
    taken: list[tuple[int, int]] = []
    for kind, pattern, holds in _PATTERNS:
        for match in pattern.finditer(plain):
            named = "number" if "number" in pattern.groupindex else 0
            start, end = match.span(named)
            end = start + (end - start if holds is None else _how_far(match.group(named), kind, holds))
            is_new = all(end <= first or start >= last for first, last in taken)
            if is_new and end > start:
                taken.append((start, end))
                yield start, end, kind


def _how_far(text: str, kind: str, holds: Callable[[str], bool]) -> int:
    """How many signs of it are such a thing? Behind a phone another number may stand, as in a row of a table."""
    while not holds(text):
        last = _LAST_GROUP.search(text) if kind == PHONE else None
        if last is None:
            return 0
        text = text[: last.start()]
    return len(text)


def mask_text(text: str) -> str:
    """The text with words in the place of what it holds of a person; as it is where one works by hand."""
    return masked(text) if hides_persons() else text


def masked(text: str) -> str:
    """The text with words in the place of each such thing: ``[an e-mail address kbdqt]``.

    The letters are the same for the same thing, so that two of them can be told apart, and only the key leads back.
    """
    for start, end, kind in sorted(find_personal(text), reverse=True):
        text = f"{text[:start]}{_instead(kind, text[start:end])}{text[end:]}"
    return text


def _instead(kind: str, thing: str) -> str:
    plain = re.sub(r"[\W_]", "", thing.translate(_PLAIN)).casefold()
    number = int.from_bytes(hmac.digest(_key(), f"{kind}\0{plain}".encode("utf-8", "surrogatepass"), "sha256")[:8])
    letters = ""
    for _ in range(_N_LETTERS):
        number, place = divmod(number, len(_LETTERS))
        letters += _LETTERS[place]
    return f"[{kind} {letters}]"


@cache
def _key() -> bytes:
    return require_key()


def _bare(text: str) -> str:
    return re.sub(r"[ \-]", "", text)


def mask_html(html: str) -> str:
    """The same in what stands between the tags of some HTML or SVG, of addresses also within them."""
    return masked_html(html) if hides_persons() else html


def masked_html(html: str) -> str:
    """`masked` of what stands between the tags of some HTML or SVG, and of addresses also within them."""
    if "@" in html or "＠" in html:
        html = _PATTERNS[0][1].sub(lambda match: _instead(EMAIL, match.group()), html)
    html = _TOLD.sub(lambda match: f'{match[1]}="{masked(match[2])}"', html)
    apart = _NOT_TEXT.search(html)
    if apart is None:
        return _TEXT_NODE.sub(lambda match: masked(match.group()), html)
    return f"{masked_html(html[: apart.start()])}{apart.group()}{masked_html(html[apart.end() :])}"


def mask_value(value: Any) -> Any:
    """The same in every text of a value made of lists and mappings, their keys left as they are."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {key: mask_value(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask_value(held) for held in value]
    return value
