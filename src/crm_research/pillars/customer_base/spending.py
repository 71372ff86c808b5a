"""Spend by customer, ranked: the engine adds up the orders, one number a customer comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from crm_research.features.rfm import build_outcomes, build_rfm
from crm_research.show.shown import Shown
from crm_research.steps import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.study import Study

_DIGITS: Final = 6


@dataclass(frozen=True, eq=False, kw_only=True)
class RankedSpend(Shown):
    """What has each buyer spent, the highest first, and what did the same buyers spend later?

    Parameters
    ----------
    spend
        Net of returns, descending; ties in the order of customer_id, so that a run repeats.
    holdout_spend
        Of the same customers in the same order; None where the study keeps no holdout.
    """

    spend: NDArray[np.float64]
    holdout_spend: NDArray[np.float64] | None = None

    @property
    def n_customers(self) -> int:
        """Customers with at least one purchase at as_of."""
        return len(self.spend)

    @property
    def total(self) -> float:
        """Their net revenue."""
        return float(self.spend.sum())


@step
def rank_spending(study: Study) -> RankedSpend:
    """Who spent most? Customers with at least one purchase at as_of, from the highest spender down."""
    spend = build_rfm(study).select("customer_id", "spend")
    has_holdout = study.holdout_until is not None
    if has_holdout:
        later = build_outcomes(study).select("customer_id", "holdout_spend")
        spend = spend.left_join(later, "customer_id").drop("customer_id_right")
    # Engines add in parallel, so the last digits of a sum depend on who came first; a second run must rank alike.
    spend = spend.mutate(spend=spend.spend.round(_DIGITS))
    if has_holdout:
        spend = spend.mutate(holdout_spend=spend.holdout_spend.round(_DIGITS))
    ordered = spend.order_by([spend.spend.desc(), spend.customer_id.asc()]).drop("customer_id")
    columns = ordered.to_pyarrow()
    values = {name: _numbers(columns[name].to_numpy()) for name in columns.column_names}
    # Missing money counts as none, and the engine may have put it first.
    order = np.argsort(-values["spend"], kind="stable")
    return RankedSpend(
        spend=values["spend"][order],
        holdout_spend=values["holdout_spend"][order] if has_holdout else None,
    )


def _numbers(values: NDArray[np.generic]) -> NDArray[np.float64]:
    numbers = np.array(values, dtype=np.float64)
    numbers[np.isnan(numbers)] = 0.0
    return numbers
