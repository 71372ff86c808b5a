"""What groups of customers bring together: expected, doubtful and sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.models.btyd.family import sum_by
from crm_research.models.lifetime_value import OrderValue, outcome_quantile, total_limits

if TYPE_CHECKING:
    from crm_research.pillars.value.risk.identity import Identity
    from crm_research.pillars.value.risk.parts import Part, Parts
    from crm_research.pillars.value.risk.payment import Payment
    from crm_research.stats.intervals import FloatArray

NOBODY: Final = "nobody named"
ALL: Final = "all"
_SUMS: Final = ("staying", "expected", "paid")


def add_up_groups(
    parts: Parts,
    customers: pd.DataFrame,
    payment: Payment | None,
    tiers: Sequence[str],
    *,
    identity: Identity | None = None,
    chance: float,
    confidence: float,
) -> pd.DataFrame:
    """The table `RiskAdjusted.groups`: one row a tier that has somebody, and all together."""
    order = [*tiers, NOBODY]
    codes = {name: place for place, name in enumerate(order)}
    own = np.append(customers["tier"].map(codes).fillna(len(tiers)).to_numpy(dtype=np.int64), len(tiers))
    moves = [np.zeros((1, len(order))), np.zeros((1, 1))]
    if identity is not None:
        groups = pd.Series(own[:-1], index=customers["customer_id"])
        by_tier = identity.moves(groups, len(order), max(len(tiers) - 1, 0))
        moves = [by_tier, by_tier.sum(axis=1, keepdims=True)]
    found = [
        _describe(parts, own, len(order), payment, moves[0], chance, confidence).assign(tier=order),
        _describe(parts, np.zeros_like(own), 1, payment, moves[1], chance, confidence).assign(tier=ALL),
    ]
    counts = np.bincount(own[:-1], minlength=len(order))
    each = sum_by(own[:-1], customers["sure"].to_numpy(), len(order))
    found[0] = found[0].assign(n_customers=counts, sure_each=each)
    found[1] = found[1].assign(n_customers=len(customers), sure_each=each.sum())
    has_any = (counts > 0) | (found[0]["paid"].to_numpy() != 0)
    table = pd.concat([found[0].loc[has_any] if tiers else found[0].iloc[:0], found[1]], ignore_index=True)
    columns = [
        "tier", "n_customers", "staying", "leaving", "unpaid", "unsettled", "paid", "lower", "upper", "sure",
        "sure_lower", "sure_upper", "sure_each",
    ]  # fmt: skip
    return table[columns]


def _describe(
    parts: Parts,
    of_customer: np.ndarray,
    n: int,
    payment: Payment | None,
    moves: FloatArray,
    chance: float,
    confidence: float,
) -> pd.DataFrame:
    """One row a group; `moves` is how much more it pays in each draw of the joins (rows) than as linked."""
    sums = {name: np.zeros(n) for name in _SUMS}
    of_params, of_outcome, none = np.zeros(n), np.zeros(n), np.ones(n)
    billed = np.zeros((0 if payment is None else len(payment.losses), n))
    is_signed = False
    for part in parts.held:
        group = of_customer[part.owner]
        value = part.value
        for name, values in (("staying", value.staying), ("expected", value.expected), ("paid", part.paid)):
            sums[name] += sum_by(group, values, n)
        totals = value.total(group).reindex(range(n)).fillna({"none": 1.0}).fillna(0.0)
        of_params += totals["of_params"].to_numpy() * _ratio(part, group, n) ** 2
        of_outcome += sum_by(group, part.variance, n)
        none *= totals["none"].to_numpy()
        is_signed |= isinstance(value, OrderValue) and value.spend.is_signed
        for place in range(len(billed)):
            is_own = part.late == place
            billed[place] += sum_by(group[is_own], value.expected[is_own] / part.margin, n)
    if payment is not None:
        of_params += payment.losses["variance"].to_numpy(dtype=float) @ billed**2
    unpaid = sums["expected"] - sums["paid"]
    # What the joins leave open is shared by all customers of a draw, as parameters are.
    unsettled = 0.0 - moves.mean(axis=0)
    sums["paid"] = sums["paid"] - unsettled
    if len(moves) > 1:
        of_params = of_params + moves.var(axis=0, ddof=1)
    limits = total_limits(sums["paid"], of_params, of_outcome, confidence=confidence, none=none, is_signed=is_signed)
    sure = outcome_quantile(1 - chance, sums["paid"], of_params + of_outcome, none, is_signed=is_signed)
    sure = np.minimum(sure, sums["paid"])
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(sums["paid"] > 0, sure / sums["paid"], np.nan)
    ends = [scale * limits[name].to_numpy() for name in ("lower", "upper")]
    return pd.DataFrame(
        {
            "staying": sums["staying"], "leaving": sums["staying"] - sums["expected"],
            "unpaid": unpaid, "unsettled": unsettled, "paid": sums["paid"], "lower": limits["lower"],
            "upper": limits["upper"], "sure": sure, "sure_lower": np.minimum(*ends), "sure_upper": np.maximum(*ends),
        }
    )  # fmt: skip


def _ratio(part: Part, group: np.ndarray, n: int) -> FloatArray:
    """What is paid of what is expected, by group: its uncertainty shrinks with it."""
    expected, paid = (sum_by(group, values, n) for values in (part.value.expected, part.paid))
    return np.divide(paid, expected, out=np.ones(n), where=expected != 0)
