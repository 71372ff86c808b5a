"""What is sure of each customer by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.models.btyd.family import sum_by
from crm_research.models.lifetime_value import ContractValue, OrderValue, add_outcomes, order_quantile
from crm_research.models.lifetime_value.courses import courses_of
from crm_research.models.lifetime_value.parts import N_STEPS, STEPS
from crm_research.pillars.value.risk.parts import Part, Parts, value_again

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm_research.pillars.value.lifetime.measure import Lifetime
    from crm_research.stats.intervals import FloatArray


def describe_each(parts: Parts, lifetime: Lifetime, chance: float) -> pd.DataFrame:
    """Each customer: customer_id, staying, expected, paid (added up over parts) and sure (comes with that chance)."""
    n = len(parts.names)
    sums = {name: np.zeros(n) for name in ("staying", "expected", "paid")}
    for part in parts.held:
        is_named = part.owner >= 0
        for name, values in (
            ("staying", part.value.staying), ("expected", part.value.expected), ("paid", part.paid),
        ):  # fmt: skip
            sums[name] += sum_by(part.owner[is_named], values[is_named], n)
    # Who nearly surely brings all brings more than expected then; no more than that is counted upon.
    sure = np.minimum(_sure(parts, lifetime, 1 - chance), sums["paid"])
    return pd.DataFrame({"customer_id": parts.names, **sums, "sure": sure})


def quantile_of_each(parts: Parts, lifetime: Lifetime, share: float, chosen: np.ndarray) -> FloatArray:
    """Below which money does what a customer brings stay with this chance, 0 to 1?

    Parameters
    ----------
    chosen
        Places of customers in ``parts.names``, whose quantiles are given in the same order.
    """
    return np.asarray(_sure(parts, lifetime, share, chosen)[chosen])


def outcomes_of_each(parts: Parts, lifetime: Lifetime) -> FloatArray:
    """Equally likely outcomes of each customer (rows), all parts added up, in their order."""
    n = len(parts.names)
    together, is_begun = np.zeros((n, N_STEPS)), np.zeros(n, dtype=bool)
    for at, steps in _one_by_one(parts, lifetime, np.ones(n, dtype=bool)):
        more, ordered = is_begun[at], np.sort(steps, axis=1)
        together[at[~more]] = ordered[~more]
        together[at[more]], _ = add_outcomes(together[at[more]], ordered[more], 0.5)
        is_begun[at] = True
    return together


def _sure(parts: Parts, lifetime: Lifetime, share: float, chosen: np.ndarray | None = None) -> FloatArray:
    """The quantile of what each customer brings: of one part as it is, of several by adding up their outcomes."""
    n = len(parts.names)
    sure, n_parts = np.zeros(n), np.zeros(n, dtype=np.int64)
    for part in parts.held:
        is_named = part.owner >= 0 if chosen is None else np.isin(part.owner, chosen)
        n_parts += np.bincount(part.owner[is_named], minlength=n)
        # Where there is but one part this is the last word.
        sure[part.owner[is_named]] = _quantile(part, share, np.flatnonzero(is_named))
    many = np.flatnonzero(n_parts > 1)
    if not len(many):
        return sure
    place = np.full(n, -1)
    place[many] = np.arange(len(many))
    together = np.zeros((len(many), N_STEPS))
    for owner, steps in _one_by_one(parts, lifetime, n_parts > 1):
        at = place[owner]
        together[at], sure[owner] = add_outcomes(together[at], steps, share)
    return sure


def _one_by_one(parts: Parts, lifetime: Lifetime, is_asked: np.ndarray) -> Iterator[tuple[np.ndarray, FloatArray]]:
    """Places of these customers with the outcomes of one more of their parts each, until there is no part left."""
    for part in parts.held:
        rows = np.flatnonzero((part.owner >= 0) & is_asked[part.owner])
        value = part.value
        if isinstance(value, ContractValue):
            value = value_again(lifetime, parts.contracts.iloc[rows])
        nth = pd.Series(part.owner[rows]).groupby(part.owner[rows]).cumcount().to_numpy()
        steps = _steps(part, value, rows)
        for number in range(int(nth.max(initial=-1)) + 1):
            own = np.flatnonzero(nth == number)
            yield part.owner[rows[own]], steps[own]


def _quantile(part: Part, share: float, rows: np.ndarray) -> FloatArray:
    """The quantile of the outcome of some rows."""
    if isinstance(part.value, OrderValue):
        return order_quantile(part.value, share, rows=rows, loss=part.loss[rows], margin=part.margin)
    return _kept(part, rows, part.value.at_least(1 - share)[rows], part.value.at_least(share)[rows])


def _steps(part: Part, value: OrderValue | ContractValue, rows: np.ndarray) -> FloatArray:
    """Equally likely outcomes of some rows; of contracts `value` holds these rows alone."""
    if isinstance(value, OrderValue):
        return courses_of(value, rows, part.loss[rows], part.margin).quantiles(STEPS)
    columns = [_kept(part, rows, value.at_least(1 - step), value.at_least(step)) for step in STEPS]
    return np.column_stack(columns)


def _kept(part: Part, rows: np.ndarray, low: FloatArray, high: FloatArray) -> FloatArray:
    """What is paid; who does not pay enough for it costs the more, the longer the contract runs."""
    factor = part.kept[rows]
    return np.asarray(np.where(factor < 0, high, low) * factor)
