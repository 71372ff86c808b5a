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
    outcomes, there
        Equally likely outcomes of each customer of a draw (rows), and who of `customers` has which of them in which
        draw: place (of the number), draw (from 0), row.
    """

    n_doubtful: int
    n_draws: int
    customers: pd.DataFrame
    paid: pd.DataFrame
    outcomes: FloatArray
    there: pd.DataFrame

    def quantile(self, share: float) -> pd.Series:
        """Below which money does what comes under a number stay with this chance, over draws and outcomes together?

        Returns
        -------
        pandas.Series
            One of `customers` (index customer_id).
        """
        return _quantile(self.outcomes, self.there, self.customers["customer_id"], self.n_draws, share)

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
    names = pd.Index(drawn.touched, dtype=object)
    known = there.loc[~is_new & (there["draw"] > 0)]
    held = pd.DataFrame(
        {
            "place": names.get_indexer(pd.Index(known["number"])),
            "draw": known["draw"].to_numpy() - 1,
            "row": known["place"].to_numpy(),
        }
    )
    settled = np.bincount(held["place"], weights=known["paid"].to_numpy(), minlength=len(names)) / drawn.n_draws
    outcomes = outcomes_of_each(parts, lifetime)
    sure = _quantile(outcomes, held, pd.Series(names), drawn.n_draws, 1 - chance).to_numpy()
    return Identity(
        n_doubtful=drawn.n_doubtful,
        n_draws=drawn.n_draws,
        customers=pd.DataFrame({"customer_id": names, "settled": settled, "sure": np.minimum(sure, settled)}),
        paid=there[["draw", "paid"]].assign(number=there["number"].where(~is_new, there["origin"])),
        outcomes=outcomes,
        there=held,
    )


def _quantile(outcomes: FloatArray, there: pd.DataFrame, names: pd.Series, n_draws: int, share: float) -> pd.Series:
    """Of each number the quantile over draws and outcomes; in a draw in which it is another's nothing comes."""
    at, of_draw, row = (there[name].to_numpy() for name in ("place", "draw", "row"))
    found = np.empty(len(names))
    for start in range(0, len(names), _ROWS_AT_ONCE):
        n = min(_ROWS_AT_ONCE, len(names) - start)
        mixed = np.zeros((n, n_draws, N_STEPS))
        here = (at >= start) & (at < start + n)
        mixed[at[here] - start, of_draw[here]] = outcomes[row[here]]
        found[start : start + n] = np.quantile(mixed.reshape(n, -1), share, axis=1)
    return pd.Series(found, index=names.to_numpy())
