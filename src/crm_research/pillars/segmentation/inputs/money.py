"""What customers are worth so far, in words: what they spent, what they pay a month, or not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from crm_research.pillars.segmentation.inputs.base import FEES, NO_MONEY, SPEND


@dataclass(frozen=True, kw_only=True)
class Money:
    """How the money of customers is spoken of.

    Parameters
    ----------
    total
        All of it: the revenue.
    share, median
        Columns of tables, and in words the figure: share of it, and the median customer's.
    most, best
        What the best customers do: spend most; and what the group of them does: spends most.
    each
        One customer's: spend, net.
    """

    total: str
    share: str
    median: str
    share_label: str
    most: str
    best: str
    each: str


_WORDS: Final[Mapping[str, Money]] = MappingProxyType(
    {
        SPEND: Money(
            total="the revenue",
            share="revenue_share",
            median="median_spend",
            share_label="Share of net revenue",
            most="spend most",
            best="spends most",
            each="spend is net",
        ),
        FEES: Money(
            total="the fees",
            share="share_of_fees",
            median="median_fee_of_those_who_pay",
            share_label="Share of the fees a month",
            most="bring in most per customer",
            best="brings in most per customer",
            each="fees are those a month of the contracts that run",
        ),
    }
)


def name_money(kind: str) -> Money | None:
    """The words for it; None where nothing is known of it."""
    return None if kind == NO_MONEY else _WORDS[kind]
