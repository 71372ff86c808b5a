"""What the doubt whether two records are one customer takes of what customers will bring, and of how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.models.lifetime_value.parts import N_STEPS
from crm_research.pillars.value.risk.drawn import draw_parts
from crm_research.pillars.value.risk.single import describe_each, outcomes_of_each

if TYPE_CHECKING:
    from crm_research.models.joins import DrawnJoins
    from crm_research.pillars.value.lifetime.measure import Lifetime
    from crm_research.pillars.value.risk.payment import Payment
    from crm_research.stats.intervals import FloatArray

_ROWS_AT_ONCE: Final = 5_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Identity:
    """What customers would pay had the doubtful joins been decided otherwise.

    Parameters
    ----------
    n_doubtful, n_draws
        Pairs of records in doubt, and draws.
    customers
        Customers whom some draw changes: customer_id; settled (expected to be paid under that number, on average over
        the draws; nothing in a draw in which it is another's) and sure (comes with the chance asked for, at least).
    paid
        Grain: customer of a draw: draw (0 as linked), number (that the customer's tier is taken of), paid.
    """

    n_doubtful: int
    n_draws: int
    customers: pd.DataFrame
    paid: pd.DataFrame

    def moves(self, group: pd.Series, n_groups: int, otherwise: int) -> FloatArray:
        """How much more each group pays in each draw (rows) than as linked.

        Parameters
        ----------
        group
            Customer (index) to the number of the group, from 0.
        otherwise
            The group of customers of whom nothing was expected as linked.
        """
        own = self.paid["number"].map(group).fillna(otherwise).to_numpy(dtype=np.int64)
        cell = self.paid["draw"].to_numpy() * n_groups + own
        sums = np.bincount(cell, weights=self.paid["paid"].to_numpy(), minlength=(self.n_draws + 1) * n_groups)
        table = sums.reshape(self.n_draws + 1, n_groups)
        return np.asarray(table[1:] - table[0])


def measure_identity(
    drawn: DrawnJoins | None, lifetime: Lifetime, payment: Payment | None, *, chance: float
) -> Identity | None:
    """What the doubt about joins makes of what customers will pay; None where no draw changes anything."""
    if drawn is None or drawn.study is None:
        return None
    parts = draw_parts(drawn, lifetime, payment)
    rows = describe_each(parts, lifetime, chance)
    if rows.empty:
        return None
    rows = rows.assign(place=np.arange(len(rows)))
    there = drawn.by_draw(rows[["customer_id", "paid", "place"]])
    # A customer whom a draw founds is of the tier of whom the first record is of.
    is_new = ~there["number"].isin(pd.Index(drawn.touched))
    return Identity(
        n_doubtful=drawn.n_doubtful,
        n_draws=drawn.n_draws,
        customers=_mix(outcomes_of_each(parts, lifetime), there.loc[~is_new & (there["draw"] > 0)], drawn, chance),
        paid=there[["draw", "paid"]].assign(number=there["number"].where(~is_new, there["origin"])),
    )


def _mix(outcomes: FloatArray, there: pd.DataFrame, drawn: DrawnJoins, chance: float) -> pd.DataFrame:
    """Of each number that some draw changes: expected on average, and the quantile over draws and outcomes together."""
    names = pd.Index(drawn.touched, dtype=object)
    at = names.get_indexer(pd.Index(there["number"]))
    of_draw, which = there["draw"].to_numpy() - 1, there["place"].to_numpy()
    settled = np.bincount(at, weights=there["paid"].to_numpy(), minlength=len(names)) / drawn.n_draws
    sure = np.empty(len(names))
    for start in range(0, len(names), _ROWS_AT_ONCE):
        n = min(_ROWS_AT_ONCE, len(names) - start)
        mixed = np.zeros((n, drawn.n_draws, N_STEPS))
        here = (at >= start) & (at < start + n)
        mixed[at[here] - start, of_draw[here]] = outcomes[which[here]]
        sure[start : start + n] = np.quantile(mixed.reshape(n, -1), 1 - chance, axis=1)
    return pd.DataFrame({"customer_id": names, "settled": settled, "sure": np.minimum(sure, settled)})
