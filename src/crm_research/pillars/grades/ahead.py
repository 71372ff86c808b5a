"""What customers will still bring, as the report on value has it: the criterion that looks ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from crm_research.pillars.value.lifetime.fees import NO_RUNNING
from crm_research.pillars.value.lifetime.measure import Lifetime, measure_lifetime
from crm_research.pillars.value.lifetime.words import say_noun, say_span
from crm_research.pillars.value.risk.expected import list_expected

if TYPE_CHECKING:
    from crm_research.study import Study


@dataclass(frozen=True, eq=False, kw_only=True)
class Ahead:
    """What is each customer expected to bring, or why is that not known?

    Parameters
    ----------
    rows
        customer_id, expected and error, as `list_expected` has them; None where that is not known.
    meaning
        What is expected, in words.
    why_not
        Why it is not known; empty where it is.
    """

    rows: pd.DataFrame | None
    meaning: str
    why_not: str


def look_ahead(
    study: Study, customers: pd.Series, *, is_asked: bool, years: float, rate: float, confidence: float
) -> Ahead:
    """What will these customers still bring, of orders and contracts together?"""
    if not is_asked or customers.empty:
        return Ahead(rows=None, meaning="", why_not="it was not asked for" if not is_asked else "nobody is ranked")
    found = measure_lifetime(study, horizon_years=years, discount_rate=rate, confidence=confidence)
    why = _why_not(study, found)
    if why:
        return Ahead(rows=None, meaning="", why_not=why)
    meaning = f"{say_noun(found)} that is expected in the next {say_span(years)}, in today's money"
    return Ahead(rows=list_expected(study, found, customers.tolist()), meaning=meaning, why_not="")


def _why_not(study: Study, found: Lifetime) -> str:
    """One part alone would rank those who have the other too low."""
    if study.has("orders") and found.orders is None:
        return "what is still to come of orders cannot be told, as the report on value says"
    if found.fees is None and found.why_no_fees and (found.orders is None or found.why_no_fees != NO_RUNNING):
        return "what is still to come of contracts cannot be told, as the report on value says"
    return ""
