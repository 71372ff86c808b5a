"""Header words: how people name the columns of their files, and how well a name fits a role."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import TYPE_CHECKING, Final

from crm_research.sources.drafts.phrases import BLOCKED, PHRASES

if TYPE_CHECKING:
    from crm_research.sources.drafts.look import ColumnLook

# Words that say nothing of what a column holds.
_NEUTRAL: Final = frozenset(
    [
        "utc",
        "gmt",
        "cet",
        "the",
        "of",
        "de",
        "du",
        "des",
        "la",
        "le",
        "del",
        "der",
        "die",
        "das",
        "in",
        "base",
        "local",
        "brutto",
        "netto",
        "orig",
        "eur",
        "usd",
        "gbp",
        "cny",
        "order",
        "lineitem",
        "all",
        "your",
        "our",
        "my",
        "subscriptions",
        "subscription",
        "customers",
        "customer",
        "account",
        "contract",
        "policy",
        "member",
        "conversation",
        "rate",
        "charge",
        "date",
        "day",
        "timestamp",
    ]
)
_GLUE: Final = frozenset(
    [
        "utc",
        "gmt",
        "cet",
        "the",
        "of",
        "de",
        "du",
        "des",
        "la",
        "le",
        "l",
        "d",
        "del",
        "der",
        "die",
        "das",
        "in",
        "base",
        "local",
        "ecommerce",
        "eur",
        "usd",
        "gbp",
        "cny",
    ]
)

# Words for the beginning of a contract: without other signs of one, a time must be called so to be taken for it.
BEGINS: Final = (
    "start", "started", "begin", "began", "signup", "activation", "activated", "effective", "inception", "beginn",
    "debut", "inicio", "alta", "开始", "生效", "签约", "开通", "契約", "入会", "начала", "подключения", "开户",
)  # fmt: skip

# Signs that hold another stand before it.
CURRENCIES: Final = {
    "R$": "BRL", "zł": "PLN", "Kč": "CZK", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "€": "EUR", "$": "USD",
    "£": "GBP", "¥": "CNY", "￥": "CNY", "₹": "INR",
    "円": "JPY", "원": "KRW",
}  # fmt: skip
CURRENCY_WORDS: Final = {
    "eur": "EUR", "euro": "EUR", "usd": "USD", "dollar": "USD", "dollars": "USD", "gbp": "GBP", "pound": "GBP",
    "cny": "CNY", "rmb": "CNY", "元": "CNY", "chf": "CHF", "jpy": "JPY", "円": "JPY",
    "krw": "KRW", "원": "KRW",
}  # fmt: skip


# Total (inc. tax) is a total, and no tax.
_WITH_TAX: Final = re.compile(
    r"\(?\b(incl?|excl?|ex|including|excluding|with|without)\.? (tax|vat|gst|mwst)\b\)?", re.IGNORECASE
)

# Of a time, where its clock stands says nothing of what it is.
_IN_A_ZONE: Final = re.compile(r"\([A-Z][A-Za-z]+/[A-Z][A-Za-z_/]+\)")


@cache
def _words_of(header: str) -> tuple[str, ...]:
    header = _IN_A_ZONE.sub(" ", _WITH_TAX.sub(" ", header))
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", header)
    for umlaut, plain in (
        ("ä", "ae"),
        ("ö", "oe"),
        ("ü", "ue"),
        ("ß", "ss"),
        ("ł", "l"),
        ("ø", "o"),
        ("º", " "),
        ("°", " "),
    ):
        parted = parted.lower().replace(umlaut, plain)
    bare = "".join(c for c in unicodedata.normalize("NFKD", parted) if not unicodedata.combining(c))
    bare = unicodedata.normalize("NFC", bare)  # syllables of Korean again, which were taken apart
    # Kundennr is Kundennummer; the signs of Japanese stand beside those of Chinese, and Cyrillic letters make words.
    words = re.findall(r"[a-z0-9]+|[\u0430-\u04ff]+|[\u3005\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]+", bare)
    return tuple(re.sub(r"(?<=[a-z]{3})nr$", "nummer", word) for word in words)


def header_words(header: str) -> list[str]:
    """The words of a header: CustomerID, customer_id and "Customer ID" are the same two."""
    return list(_words_of(header))


def name_score(header: str, role: str) -> float:
    """How well does a header name this role? 1 exactly, 0 not at all."""
    score = best_score(header, PHRASES[role])
    score = 0.0 if score < 1 and is_blocked(header, role) else score
    # Some programs write whose column it is before its name: Deal - Organization.
    of_what, _, own = header.partition(" - ")
    if not own and role in _OF_MONEY_ROLES:
        of_what, _, own = header.rpartition(": ")
        own = own if of_what else ""
        return max(score, _OF_A_PART * name_score(own, role)) if own else score
    return max(score, _OF_A_PART * name_score(own, role)) if own and of_what.isalpha() else score


def rank(header: str, role: str) -> int:
    """Which of a role's phrases names a header best: the place in the list, where likelier ones stand first."""
    phrases = PHRASES[role]
    return max(range(len(phrases)), key=lambda i: (best_score(header, phrases[i : i + 1]), -i))


def is_blocked(header: str, role: str) -> bool:
    """Does a word of the header turn the role into something else, as score does to churn?"""
    words = _words_of(header)
    return any(_is_within(words, phrase) for phrase in BLOCKED.get(role, ()))


def _is_within(words: tuple[str, ...], phrase: str) -> bool:
    wanted = _words_of(phrase)
    if not wanted:
        return False
    if len(wanted) == 1 and _WITHOUT_BLANKS.search(wanted[0]):
        return any(wanted[0] in word for word in words)
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))


def names_any(header: str, phrases: Sequence[str]) -> bool:
    """Does a header hold any of these words or phrases?"""
    words = _words_of(header)
    return any(_is_within(words, phrase) for phrase in phrases)


def best_score(header: str, phrases: Sequence[str]) -> float:
    """How well do any of these phrases name this header?"""
    return max((_phrase_score(header, phrase) for phrase in phrases), default=0.0)


_OF_A_PART: Final = 0.95
# Names such as Rate Plan Charge Tier: Price say in front what program's part a number is of.
_OF_MONEY_ROLES: Final = frozenset({"revenue", "fee", "amount", "quantity", "unit_price", "discount", "cost", "refund"})
# Chinese, Japanese and Korean write words without blanks between them.
_WITHOUT_BLANKS: Final = re.compile(r"[\u3005\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")


@cache
def _phrase_score(header: str, phrase: str) -> float:
    words, wanted = _words_of(header), _words_of(phrase)
    if not words or not wanted:
        return 0.0
    joined, target = " ".join(words), " ".join(wanted)
    if joined == target or joined.replace(" ", "") == target.replace(" ", ""):
        return 1.0
    bare = tuple(word for word in words if word not in _GLUE)
    if bare == tuple(word for word in wanted if word not in _GLUE):
        return 0.98
    if _WITHOUT_BLANKS.search(target):
        # The more of the header the phrase is, the better it names it.
        return 0.5 + 0.4 * len(target) / len(joined.replace(" ", "")) if target.replace(" ", "") in joined else 0.0
    if set(wanted) <= set(words):
        # Words beyond the phrase weaken it, and so does a phrase of a single general word.
        beyond = [word for word in bare if word not in wanted]
        weight = sum(0.06 if word in _NEUTRAL or word.isdigit() else 0.12 for word in beyond)
        return max(0.0, 0.8 - weight - (0.1 if len(wanted) == 1 else 0.0))
    if len(target) <= 4:
        return 0.0
    match = SequenceMatcher(None, joined, target)
    # Most pairs are ruled out by their lengths or letters, at a fraction of what comparing them costs.
    if match.real_quick_ratio() <= _ALIKE or match.quick_ratio() <= _ALIKE:
        return 0.0
    ratio = match.ratio()
    return 0.6 * ratio if ratio > _ALIKE else 0.0


_ALIKE: Final = 0.85


# Whose currency it is: the Currency of Value, the Gross Currency.
_OF_MONEY: Final = frozenset({"of", "value", "gross", "order", "deal", "amount", "payment", "transaction", "total"})
_CURRENCY_HEADERS: Final = (
    "currency", "curr", "currency code", "amount currency", "waehrung", "waehrg", "waehr", "waers", "waerk", "devise",
    "monnaie", "moneda", "divisa", "valuta", "waluta", "para birimi", "币种", "币别", "货币", "통화", "hauswaehrung",
    "belegwaehrung", "local currency", "document currency", "валюта",
)  # fmt: skip


def currency_column(columns: Mapping[str, ColumnLook]) -> str | None:
    """The column that names the currency of each row's money."""
    for name, look in columns.items():
        words = [word for word in header_words(name.rpartition(" - ")[2]) if word not in _OF_MONEY]
        is_named = " ".join(words) in _CURRENCY_HEADERS and bool(look.values)
        if is_named and all(re.fullmatch(r"[A-Za-z]{3}", value) for value in look.values):
            return name
    return None


def currency_of_words(headers: list[str]) -> str | None:
    """A currency that a header names, such as amount_eur."""
    for header in headers:
        for word in header_words(header):
            if word in CURRENCY_WORDS:
                return CURRENCY_WORDS[word]
    return None
