"""The words and units that the whole house shares. One concept, one name, one place."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

DAYS_PER_YEAR: Final = 365.25
DAYS_PER_MONTH: Final = DAYS_PER_YEAR / 12
DAYS_PER_WEEK: Final = 7.0

# Kinds of order. A sale is a purchase occasion; a return gives money back and is no purchase; a cancelled order
# never came about, so neither its money nor its occasion counts.
SALE: Final = "sale"
RETURN: Final = "return"
CANCELLED: Final = "cancelled"
ORDER_KINDS: Final = (SALE, RETURN, CANCELLED)

CONSUMER: Final = "consumer"
BUSINESS: Final = "business"
CUSTOMER_KINDS: Final = (CONSUMER, BUSINESS)

# What joins two customers who are not one: people of one house, the owner of a company, a company of a group.
HOUSEHOLD: Final = "household"
SUBSIDIARY: Final = "subsidiary of"
NAMESAKE: Final = "shares contact data with"
RELATION_KINDS: Final = (HOUSEHOLD, SUBSIDIARY, NAMESAKE)

# By what one of several values of a customer is chosen; what a study file may say.
RECENT: Final = "most recent"
COMPLETE: Final = "most complete"
TRUSTED: Final = "most trusted"
FREQUENT: Final = "most frequent"
SURVIVAL_RULES: Final = (RECENT, COMPLETE, TRUSTED, FREQUENT)
# And what else a value may be repaired by: its writing, that nothing speaks against it, that a person said so.
SPELLING: Final = "spelling"
UNDISPUTED: Final = "undisputed"
DECIDED: Final = "decided"
REPAIR_RULES: Final = (SPELLING, UNDISPUTED, *SURVIVAL_RULES, DECIDED)
# What becomes of a customer's number when records are linked anew.
MERGED: Final = "merged"
SPLIT: Final = "split"
MOVED: Final = "moved"
GONE: Final = "gone"
LINK_CHANGES: Final = (MERGED, SPLIT, MOVED, GONE)

# How pairs of records were treated: brought together; not; not, since they contradict each other though they are alike;
# and those that no rule had anybody look at.
TOGETHER: Final = "together"
APART: Final = "apart"
CONTRADICTING: Final = "contradicting"
NOT_LOOKED_AT: Final = "not looked at"
PAIR_STANDINGS: Final = (TOGETHER, APART, CONTRADICTING, NOT_LOOKED_AT)

CONTACT_KINDS: Final = ("complaint", "enquiry", "visit", "service")

# What a person does where a business decides whether to buy, and how the person stands to us.
DECIDES: Final = "decides"
PERSON_ROLES: Final = (DECIDES, "influences", "uses", "buys", "keeps the gate")
FOR_US: Final = "for"
AGAINST_US: Final = "against"
PERSON_STANCES: Final = (FOR_US, "neutral", AGAINST_US)

# What a study may declare an extra column (an attribute) to be.
NUMBER: Final = "number"
CATEGORY: Final = "category"
FLAG: Final = "flag"
TIME: Final = "time"
ATTRIBUTE_TYPES: Final = (NUMBER, CATEGORY, FLAG, TIME)

# Reason of an ended contract for which the records give none.
REASON_NOT_GIVEN: Final = "not given"

# What is printed of a number that is missing or that its interval says nothing about.
UNKNOWN: Final = "not known"

_COMMON_YEAR: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FOUR_YEARS: Final = (*_COMMON_YEAR, *_COMMON_YEAR, *_COMMON_YEAR, 31, 29, *_COMMON_YEAR[2:])


def say_count(count: float | None, noun: str = "", plural: str | None = None) -> str:
    """A count with its noun, which agrees with it: ``1 customer``, ``2,469 customers``.

    Parameters
    ----------
    noun
        One of what is counted, with its adjectives: ``running contract``.
    plural
        Several of it, where an s does not make it: ``copies``.
    """
    if count is None or not math.isfinite(count):
        return UNKNOWN
    return f"{count:z,.0f} {word_for(count, noun, plural)}" if noun else f"{count:z,.0f}"


def word_for(count: float, one: str, several: str | None = None) -> str:
    """The word that agrees with the count as it is printed: ``customer`` or ``customers``, ``is`` or ``are``."""
    if f"{count:z.0f}" == "1":
        return one
    return f"{one}s" if several is None else several


def days_in_months(months: int) -> int:
    """By which tenure in days have so many calendar months passed, whenever they began? 31, 62, 92 ... 366.

    The one way from months to tenure. It is the longest that so many months can be, so that a tenure of exactly k
    whole months (28 to 31 days for one) lies beyond ``days_in_months(k - 1)`` and not beyond ``days_in_months(k)``,
    whether tenures are known in days or in whole months, and whatever the month begun in. Month k of a contract is the
    tenures from just after the former up to the latter.

    Parameters
    ----------
    months
        A whole number from 0 on.
    """
    return _spans_of(int(months))[1]


def months_of_days(days: float) -> int:
    """How many calendar months are about so many days? To the nearest month."""
    return round(days / DAYS_PER_MONTH)


def whole_months_in(days: float) -> int:
    """How many calendar months may have passed by this tenure: 1 from 28 days on, 12 from 365?"""
    months = months_of_days(days)
    return months if days >= _spans_of(months)[0] else months - 1


def month_of_tenure(days: float) -> int:
    """In which month of a contract does a tenure lie: the k beyond ``days_in_months(k - 1)``, and 1 from the start?"""
    month = max(int(days / DAYS_PER_MONTH), 1)
    return month if days <= days_in_months(month) else month + 1


@lru_cache(maxsize=4096)
def _spans_of(months: int) -> tuple[int, int]:
    """The fewest and the most days that so many calendar months can be."""
    cycles, rest = divmod(months, len(_FOUR_YEARS))
    twice = _FOUR_YEARS * 2
    spans = [sum(twice[start : start + rest]) for start in range(len(_FOUR_YEARS))]
    return cycles * sum(_FOUR_YEARS) + min(spans), cycles * sum(_FOUR_YEARS) + max(spans)
