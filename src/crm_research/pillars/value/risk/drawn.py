"""What is still to come of the customers of other joins, by the models as they were fitted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.features.credit import class_now
from crm_research.models.lifetime_value import value_orders
from crm_research.pillars.value.lifetime.backtest import read_value_rows
from crm_research.pillars.value.risk.parts import Parts, find_parts
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crm_research.models.joins import DrawnJoins
    from crm_research.pillars.value.lifetime.measure import Lifetime
    from crm_research.pillars.value.risk.payment import Payment


@step
def draw_parts(drawn: DrawnJoins, lifetime: Lifetime, payment: Payment | None) -> Parts:
    """Orders and contracts to come of the customers of the draws, as `find_parts` has those of the study.

    The models of purchases, amounts and tenures, and what is lost of billed money, are held as they were fitted.
    """
    orders = lifetime.orders
    if orders is not None:
        rows = read_value_rows(replace(drawn.changed, holdout_until=None), lifetime.basis)
        value = value_orders(
            orders.fit, orders.spend, rows, horizon_days=lifetime.horizon_years * DAYS_PER_YEAR, rate=lifetime.rate,
            margin=lifetime.basis.kept_share, confidence=lifetime.confidence,
        )  # fmt: skip
        orders = replace(orders, rows=rows, value=value)
    if payment is not None:
        standing: pd.DataFrame = class_now(drawn.changed).order_by("customer_id").to_pandas()
        payment = replace(payment, standing=standing)
    return find_parts(drawn.changed, replace(lifetime, orders=orders, sensitivity=pd.DataFrame()), payment)


def add_up_draws(drawn: DrawnJoins, parts: Parts, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sum over the customers of each draw, as linked the first; `values` are in the order of ``parts.names``."""
    rows = drawn.by_draw(pd.DataFrame({"customer_id": parts.names, "value": values}))
    sums = np.bincount(rows["draw"].to_numpy(), weights=rows["value"].to_numpy(), minlength=drawn.n_draws + 1)
    return np.asarray(sums, dtype=np.float64)
