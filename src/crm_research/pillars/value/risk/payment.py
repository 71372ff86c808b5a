"""How much of what is billed is never paid, as far as the records tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.features.credit import class_now, mature_until, sum_losses
from crm_research.models.lifetime_value import estimate_losses
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

LATE: Final = (
    "all paid in time",
    "up to 30 days late",
    "31 to 90 days late",
    "more than 90 days late",
    "no bill due in the year before",
)
FEWEST_BILLED: Final = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Payment:
    """Which share of billed money is lost, by how late customers have paid?

    Parameters
    ----------
    losses
        One class a row: late (its number), and the columns of `estimate_losses`.
    standing
        customer_id and late of everybody who was ever billed, as they stand at as_of.
    until
        Bills that fell due by then are old enough to tell.
    """

    losses: pd.DataFrame
    standing: pd.DataFrame
    until: datetime
    confidence: float

    @property
    def share(self) -> float:
        """Lost money of all classes, as a share of what was due."""
        return float(self.losses["lost"].sum() / self.losses["due"].sum())


@step
def measure_payment(study: Study, *, confidence: float = 0.95) -> tuple[Payment | None, str]:
    """Which share of billed money is lost, or why is that not known?"""
    if not study.has("invoices"):
        return None, "The records hold no bills, so nothing is taken off for customers who do not pay."
    if "paid_at" not in study.table("invoices").columns:
        return None, "The records do not say when bills were paid, so nothing is taken off for those who do not pay."
    sums: pd.DataFrame = sum_losses(study).to_pandas()
    if int(sums["n_customers"].sum()) < FEWEST_BILLED:
        return None, (
            f"Fewer than {FEWEST_BILLED} customers have bills that are old enough to tell whether they were paid, so "
            "nothing is taken off for those who do not pay."
        )
    every = pd.DataFrame({"late": range(len(LATE))}).merge(sums, on="late", how="left").fillna(0.0)
    losses = estimate_losses(every.astype({"n_customers": "int64", "n_losing": "int64", "n_bills": "int64"}),
                             confidence=confidence)  # fmt: skip
    standing: pd.DataFrame = class_now(study).to_pandas()
    return Payment(losses=losses, standing=standing, until=mature_until(study), confidence=confidence), ""
