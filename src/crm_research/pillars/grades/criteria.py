"""By what customers are graded: what each brings today, what may come, and what of it is in doubt or not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.models.grading import draw_to_mean
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.stats.intervals import FloatArray

MARGIN: Final = "margin"
VOLUME: Final = "volume"
COST: Final = "cost to serve"
LIFETIME: Final = "lifetime value"
TREND: Final = "trend"
YEARS: Final = "years together"
SATISFACTION: Final = "satisfaction"
POSITION: Final = "position"
CURRENT: Final = (MARGIN, VOLUME, COST)
FUTURE: Final = (LIFETIME, TREND, YEARS, SATISFACTION, POSITION)
CRITERIA: Final = (*CURRENT, *FUTURE)
# Less of it is better.
COSTS: Final = (COST,)
SATISFACTION_WORDS: Final = ("satisf", "csat", "zufried", "满意")
_CONTRARY: Final = ("dissatisf", "unsatisf", "unzufried", "不满意")
# A criterion known of fewer, or of a smaller share, would grade a few by what is guessed of all others.
FEWEST_KNOWN: Final = 5
LEAST_KNOWN_SHARE: Final = 0.1


@dataclass(frozen=True, eq=False, kw_only=True)
class Criteria:
    """What each ranked customer is graded by?

    Parameters
    ----------
    cells, errors
        One row a customer, one column a criterion: what is believed, and its standard error (0 where it is recorded).
    known
        In the same shape: is it known of the customer? Who is not known stands at the mean.
    bounds
        Criterion to the least and the greatest that it can be, where it has such.
    left_out
        Criterion that is not weighed to why not.
    items
        Questions of surveys that satisfaction is the mean of.
    ahead
        What lifetime value is; empty where it is no criterion.
    """

    cells: pd.DataFrame
    errors: pd.DataFrame
    known: pd.DataFrame
    bounds: Mapping[str, tuple[float, float]]
    left_out: Mapping[str, str]
    items: tuple[str, ...] = ()
    ahead: str = ""

    @property
    def names(self) -> list[str]:
        """The criteria that are weighed, those of today first."""
        return [str(name) for name in self.cells.columns]

    @property
    def n_known(self) -> dict[str, int]:
        """Criterion to how many customers it is known of."""
        return {name: int(self.known[name].sum()) for name in self.names}

    @property
    def doubtful(self) -> list[str]:
        """Criteria that are known in part only."""
        return [name for name in self.names if (self.errors[name] > 0).any()]

    @property
    def same(self) -> list[str]:
        """Criteria in which all customers are alike."""
        return [name for name in self.names if self.cells[name].nunique() < 2]


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is there to grade by: costs of goods and service, what is to come, months before, answers, a position?

    Where lifetime value is known (`ahead` says what it is), rows have lifetime and lifetime_error, too.
    """

    has_goods: bool
    why_no_goods: str
    has_service: bool
    ahead: str
    why_not_ahead: str
    looks_back: bool
    why_not_back: str
    items: tuple[str, ...]
    why_no_items: str
    position: str | None


@dataclass(eq=False)
class _Making:
    cells: dict[str, FloatArray] = field(default_factory=dict)
    errors: dict[str, FloatArray] = field(default_factory=dict)
    known: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, values: FloatArray, errors: FloatArray | None = None) -> None:
        """A criterion that is recorded, or expected, of everybody."""
        self.cells[name], self.errors[name] = values, np.zeros(len(values)) if errors is None else errors
        self.known[name] = np.ones(len(values), dtype=bool)

    def believe(self, name: str, seen: FloatArray, variances: FloatArray, bounds: tuple[float, float] | None) -> None:
        """A criterion that is known in part: left out where of too few."""
        is_known = np.isfinite(seen)
        n_known = int(is_known.sum())
        if n_known < min(len(seen), max(FEWEST_KNOWN, LEAST_KNOWN_SHARE * len(seen))) or not n_known:
            self.left_out[name] = f"it is known of {n_known:,} of {len(seen):,} customers"
            return
        drawn = draw_to_mean(seen, variances)
        self.cells[name], self.errors[name] = drawn.believed, drawn.errors
        self.known[name] = is_known
        if bounds is not None:
            self.bounds[name] = bounds


def is_about_satisfaction(item: str) -> bool:
    """Does a question ask how satisfied somebody is, by its name?"""
    name = item.lower()
    return any(word in name for word in SATISFACTION_WORDS) and not any(word in name for word in _CONTRARY)


def make_criteria(rows: pd.DataFrame, held: Held, *, days_back: float) -> Criteria:
    """By what can these customers be graded?

    Parameters
    ----------
    rows
        Of `build_grade_rows`.
    held
        What the study holds.
    days_back
        Days from the first instant of the stretch before to as_of: who is known since later cannot have a trend.
    """
    made = _Making()
    income = _column(rows, "income")
    if held.has_goods:
        made.take(MARGIN, income - _column(rows, "goods"))
    else:
        made.left_out[MARGIN] = held.why_no_goods
    made.take(VOLUME, income)
    if held.has_service:
        made.take(COST, _column(rows, "service") + _column(rows, "contacts") + _column(rows, "capital"))
    else:
        made.left_out[COST] = "no cost of activities or contacts is recorded"
    if held.ahead:
        made.take(LIFETIME, _column(rows, "lifetime"), _column(rows, "lifetime_error"))
    else:
        made.left_out[LIFETIME] = held.why_not_ahead
    if held.looks_back:
        made.believe(TREND, *_trend(rows, days_back), (0.0, 1.0))
    else:
        made.left_out[TREND] = held.why_not_back
    made.take(YEARS, _column(rows, "days_known") / DAYS_PER_YEAR)
    if held.items:
        made.believe(SATISFACTION, *_satisfaction(rows), (0.0, 1.0))
    else:
        made.left_out[SATISFACTION] = held.why_no_items
    if held.position is None:
        made.left_out[POSITION] = "no column of customers was named that says how they stand in their industry"
    else:
        seen = _column(rows, "position")
        seen = np.where(np.isfinite(seen), seen, np.nan)
        made.believe(POSITION, seen, np.zeros(len(rows)), _ends(seen))
    kept = [name for name in CRITERIA if name in made.cells]
    return Criteria(
        cells=pd.DataFrame({name: made.cells[name] for name in kept}, index=rows.index),
        errors=pd.DataFrame({name: made.errors[name] for name in kept}, index=rows.index),
        known=pd.DataFrame({name: made.known[name] for name in kept}, index=rows.index),
        bounds=made.bounds,
        left_out=made.left_out,
        items=held.items,
        ahead=held.ahead,
    )


def _column(rows: pd.DataFrame, name: str) -> FloatArray:
    return rows[name].to_numpy(dtype=float, na_value=np.nan)


def _ends(seen: FloatArray) -> tuple[float, float] | None:
    known = seen[np.isfinite(seen)]
    return (float(known.min()), float(known.max())) if len(known) else None


def _trend(rows: pd.DataFrame, days_back: float) -> tuple[FloatArray, FloatArray]:
    """Share of the income of both stretches that fell in the later one, and its variance by chance.

    Orders come by chance: were the rate the same in both stretches, the difference of both has the squares of all
    amounts for a variance. Fees do not come by chance.
    """
    now, before = _column(rows, "income"), _column(rows, "before")
    both = now + before
    has_both = (_column(rows, "days_known") >= days_back) & (both > 0)
    share = np.divide(now, both, out=np.full(len(rows), np.nan), where=has_both)
    share = np.clip(share, 0.0, 1.0)
    seen = share[np.isfinite(share)]
    even = float(seen.mean()) if len(seen) else 0.5
    spread = np.divide(_column(rows, "squares"), both**2, out=np.zeros(len(rows)), where=has_both)
    return share, even * (1 - even) * np.minimum(spread, 1.0)


def _satisfaction(rows: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Mean answer of each customer on 0 to 1, and its variance by how far answers of one customer stray."""
    n, total, squares = (_column(rows, name) for name in ("n_responses", "answered", "answered_squares"))
    mean = np.divide(total, n, out=np.full(len(rows), np.nan), where=n > 0)
    several = n > 1
    behind = float((n[several] - 1).sum())
    # Where nobody has answered twice, how far answers stray is not known: they are taken as they are.
    within = float((squares - n * mean**2)[several].sum()) / behind if behind else 0.0
    return mean, np.divide(max(within, 0.0), n, out=np.zeros(len(rows)), where=n > 0)
