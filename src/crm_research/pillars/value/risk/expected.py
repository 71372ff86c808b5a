"""What is expected of some customers, of orders and contracts together, and how well that is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_research.models.lifetime_value import value_orders
from crm_research.pillars.value.risk.parts import Parts, find_parts, value_again

if TYPE_CHECKING:
    from crm_research.pillars.value.lifetime.measure import Lifetime
    from crm_research.stats.intervals import FloatArray
    from crm_research.study import Study


def list_expected(study: Study, lifetime: Lifetime, customers: Sequence[str]) -> pd.DataFrame:
    """What is expected of each of these customers?

    Parameters
    ----------
    lifetime
        What all are expected to bring.
    customers
        Their numbers, each once.

    Returns
    -------
    pandas.DataFrame
        In the order of `customers`: customer_id, expected (money within the horizon, in today's; 0 of who neither
        bought nor has a running contract) and error (standard error of that, from the uncertainty of the models).
    """
    parts = find_parts(study, lifetime, None)
    at = parts.names.get_indexer(pd.Index(customers, dtype=object))
    expected, error = np.zeros(len(at)), np.zeros(len(at))
    is_known = at >= 0
    expected[is_known], variance = expect_some(parts, lifetime, at[is_known])
    error[is_known] = np.sqrt(np.maximum(variance, 0.0))
    return pd.DataFrame({"customer_id": list(customers), "expected": expected, "error": error})


def expect_some(parts: Parts, lifetime: Lifetime, chosen: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """What some customers (by their place in `Parts.names`) are expected to pay, and its variance as an estimate."""
    place = np.full(len(parts.names) + 1, -1)
    place[chosen] = np.arange(len(chosen))
    expected, variance = np.zeros(len(chosen)), np.zeros(len(chosen))
    for part in parts.held:
        rows = np.flatnonzero(place[part.owner] >= 0)
        if not len(rows):
            continue
        own = place[part.owner[rows]]
        if part is parts.orders and lifetime.orders is not None:
            held = lifetime.orders
            value: Any = value_orders(
                held.fit, held.spend, held.rows.iloc[rows], horizon_days=part.value.horizon_days,
                rate=part.value.rate, margin=part.value.margin, confidence=part.value.confidence,
            )  # fmt: skip
        else:
            value = value_again(lifetime, parts.contracts.iloc[rows])
        kept = np.bincount(own, part.paid[rows], len(chosen))
        totals = value.total(own).reindex(range(len(chosen))).fillna(0.0)
        whole = totals["expected"].to_numpy()
        scale = np.divide(kept, whole, out=np.ones(len(chosen)), where=whole != 0)
        expected += kept
        variance += totals["of_params"].to_numpy() * scale**2
    return expected, variance
