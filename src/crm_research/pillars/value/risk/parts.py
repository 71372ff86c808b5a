"""Orders and contracts to come as parts of customers, and what is taken off for those who do not pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.features.fees import running_contracts
from crm_research.models.lifetime_value import ContractValue, OrderValue, value_contracts
from crm_research.steps import step
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.pillars.value.lifetime.measure import Lifetime
    from crm_research.pillars.value.risk.payment import Payment
    from crm_research.stats.intervals import FloatArray
    from crm_research.study import Study


@dataclass(frozen=True, eq=False, kw_only=True)
class Part:
    """What one kind of dealings will bring, row by row.

    Parameters
    ----------
    value
        As lifetime value has it, before payment is doubted.
    owner
        Which customer each row is of; -1 for nobody.
    margin
        Margin as a share of what is billed.
    late
        Class of each row's customer in `Payment.losses`; -1 for those who were never billed.
    loss
        Share of what is billed to each row's customer that is never paid.
    """

    value: OrderValue | ContractValue
    owner: np.ndarray
    margin: float
    late: np.ndarray
    loss: FloatArray

    @property
    def kept(self) -> FloatArray:
        """What is left of the expected: a bill that is not paid costs all of it, not its margin alone."""
        return np.asarray(1 - self.loss / self.margin)

    @property
    def paid(self) -> FloatArray:
        """Expected of each row, less what is not paid."""
        return np.asarray(self.value.expected * self.kept)

    @property
    def variance(self) -> FloatArray:
        """Of what each row will bring, each bill being paid or not by itself."""
        own = self.value.variance * self.kept**2
        if isinstance(self.value, OrderValue):
            own = own + self.loss * (1 - self.loss) * self.value.squared / self.margin**2
        return np.asarray(own)


@dataclass(frozen=True, eq=False, kw_only=True)
class Parts:
    """All parts of all customers.

    Parameters
    ----------
    names
        The customers; `Part.owner` counts them.
    orders, fees
        One row a customer, and one row a contract; None where there are none.
    contracts
        Rows of the contracts: customer_id (empty for nobody's), tenure_days, fee.
    """

    names: pd.Index
    orders: Part | None
    fees: Part | None
    contracts: pd.DataFrame

    @property
    def held(self) -> tuple[Part, ...]:
        """Those that there are."""
        return tuple(part for part in (self.orders, self.fees) if part is not None)


def find_parts(study: Study, lifetime: Lifetime, payment: Payment | None) -> Parts:
    """Orders of each customer as lifetime value has them, and contracts one by one."""
    contracts = pd.DataFrame({"customer_id": pd.Series([], dtype=object), "tenure_days": [], "fee": []})
    if lifetime.fees is not None:
        contracts = _read_contracts(study)
    buyers = pd.Series([], dtype=object) if lifetime.orders is None else lifetime.orders.rows["customer_id"]
    names = pd.Index(pd.concat([buyers, contracts["customer_id"].dropna()], ignore_index=True).astype(object).unique())
    late = np.full(len(names) + 1, -1)
    if payment is not None:
        found = names.get_indexer(pd.Index(payment.standing["customer_id"]))
        late[found[found >= 0]] = payment.standing["late"].to_numpy(dtype=int)[found >= 0]

    def part(value: OrderValue | ContractValue, ids: pd.Series, margin: float) -> Part:
        owner = names.get_indexer(pd.Index(ids))
        own = late[owner]
        shares = np.zeros(1) if payment is None else np.append(payment.losses["share"].to_numpy(dtype=float), 0.0)
        return Part(value=value, owner=owner, margin=margin, late=own, loss=shares[own])

    share = lifetime.basis.margin_share
    orders = None if lifetime.orders is None else part(lifetime.orders.value, buyers, 1.0 if share is None else share)
    fees = None
    if lifetime.fees is not None:
        fees = part(value_again(lifetime, contracts), contracts["customer_id"], lifetime.fee_margin)
    return Parts(names=names, orders=orders, fees=fees, contracts=contracts)


def value_again(lifetime: Lifetime, contracts: pd.DataFrame) -> ContractValue:
    """The value of these contracts, as that of all was computed."""
    fees = lifetime.fees
    if fees is None:
        raise ValueError("There are no fees to come.")
    return value_contracts(
        fees.fit, contracts, horizon_days=lifetime.horizon_years * DAYS_PER_YEAR, rate=lifetime.rate,
        margin=lifetime.fee_margin, confidence=lifetime.confidence, growth=fees.growth,
    )  # fmt: skip


@step
def _read_contracts(study: Study) -> pd.DataFrame:
    running = running_contracts(study)
    kept = running.filter(running.fee.notnull()).select("customer_id", "tenure_days", "fee")  # noqa: PD004 - Ibis
    rows: pd.DataFrame = kept.order_by("customer_id", "tenure_days", "fee").to_pandas()
    return rows.astype({"tenure_days": float, "fee": float})
