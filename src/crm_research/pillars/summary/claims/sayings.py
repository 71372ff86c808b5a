"""The sayings themselves: what is commonly said, within which limits, and by which rule these records judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from crm_research.figures import FAILS, Figure

AGREES: Final = "agrees"
MORE: Final = "more than is said"
LESS: Final = "less than is said"
CANNOT_TELL: Final = "cannot be told"
NO_NUMBER: Final = "no number is said"
RULE: Final = (
    "A saying agrees with the records where the interval reaches into what is said; it is more or less than is said "
    "where the whole interval lies on one side of it."
)
# A number without an interval is judged by itself.
_YEAR: Final = 365.25


@dataclass(frozen=True, kw_only=True)
class Saying:
    """Something that everybody repeats.

    Parameters
    ----------
    id
        Of the figure that stands beside it.
    said
        The saying, as a sentence.
    label
        What the figure is.
    lower, upper
        Between which values it is true as said, in the figure's unit; None where it names no number.
    source
        Who says so, and what is known of it.
    """

    id: str
    said: str
    label: str
    unit: str
    lower: float | None
    upper: float | None
    source: str


_ALL: Final = (
    Saying(
        id="claims.top_fifth_share",
        said="A fifth of the customers brings 80 % of the profit.",
        label="Share from the top fifth",
        unit="share",
        lower=0.8,
        upper=0.8,
        source="Commonly said, after Pareto; it changes with the length of the window (Schmittlein, Cooper and "
        "Morrison 1993).",
    ),
    Saying(
        id="claims.profit_of_keeping",
        said="Keeping 5 % more customers raises profit by 25 % to 30 %.",
        label="Worth of a customer with 5 of 100 more kept each year",
        unit="share",
        lower=0.25,
        upper=0.3,
        source="Commonly said of cars (25 %) and feed (30 %); across firms 1 % more kept was worth 3 % to 7 % (Gupta, "
        "Lehmann and Stuart 2004).",
    ),
    Saying(
        id="claims.keeping_cost_ratio",
        said="Keeping a customer costs a fifth to a tenth of winning one.",
        label="Cost of keeping over cost of winning",
        unit="",
        lower=0.1,
        upper=0.2,
        source="Commonly said; nobody is known to have measured it.",
    ),
    Saying(
        id="claims.earlier_buyers_share",
        said="Six of ten cars go to earlier buyers.",
        label="Share of orders from earlier buyers",
        unit="share",
        lower=0.55,
        upper=0.65,
        source="Commonly said of cars.",
    ),
    Saying(
        id="claims.return_days",
        said="A buyer returns about every six years.",
        label="Time until half of the first buyers are back",
        unit="days",
        lower=5.5 * _YEAR,
        upper=6.5 * _YEAR,
        source="Commonly said of cars.",
    ),
    Saying(
        id="claims.won_share",
        said="A customer counts as won only after buying again in a new cycle.",
        label="Buyers who are won by that rule",
        unit="share",
        lower=None,
        upper=None,
        source="A rule of counting rather than a number; it says how many new buyers are not yet won.",
    ),
)
SAYINGS: Final[Mapping[str, Saying]] = MappingProxyType({saying.id: saying for saying in _ALL})


def judge(saying: Saying, figure: Figure) -> str:
    """What do these records say of it, by `RULE`?"""
    if not figure.is_known or figure.estimate is None:
        return CANNOT_TELL
    if saying.lower is None or saying.upper is None:
        return NO_NUMBER
    low = figure.estimate if figure.lower is None else figure.lower
    high = figure.estimate if figure.upper is None else figure.upper
    if low > saying.upper:
        return MORE
    return LESS if high < saying.lower else AGREES


def say_verdict(saying: Saying, figure: Figure) -> str:
    """The same, with a warning where the number fails its own check."""
    verdict = judge(saying, figure)
    return f"{verdict}, but the number fails its own check" if figure.outcome == FAILS else verdict
