"""What does contacting one customer bring, and what does it cost?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_research.errors import ParameterError
from crm_research.models.survival.risk import FloatArray

_SMALL_RISK = 1e-6


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a contact costs and what is at stake.

    Parameters
    ----------
    contact_cost
        Of every contact.
    incentive_cost
        Of every customer who takes the offer: the leavers it keeps, and stayers.
    horizon_months
        Over which the risk to leave is told.
    value_months
        Over which the margin of a kept customer counts, from today.
    stayers_accept
        Share of contacted stayers who take the offer too (1 in Verbraken and others 2013).
    woken_share
        Share of contacted stayers who leave because they were contacted.
    """

    contact_cost: float
    incentive_cost: float
    horizon_months: float
    value_months: float
    stayers_accept: float = 1.0
    woken_share: float = 0.0

    def __post_init__(self) -> None:
        for name in ("contact_cost", "incentive_cost"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ParameterError(f"{name} is an amount of 0 or more, not {value!r}.")
        for name in ("stayers_accept", "woken_share"):
            value = getattr(self, name)
            if not (np.isfinite(value) and 0 <= value <= 1):
                raise ParameterError(f"{name} is a share from 0 to 1, not {value!r}.")
        if not 0 < self.horizon_months <= self.value_months:
            raise ParameterError(
                f"horizon_months must be above 0 and value_months at least as long, not {self.horizon_months!r} and "
                f"{self.value_months!r}."
            )

    def worth(self, risk: FloatArray, margin: FloatArray) -> FloatArray:
        """Margin gained if a leaver is kept: from when he would have left on, to the end of value_months."""
        return margin * (self.value_months - self.horizon_months * mean_leaving_time(risk))

    def gain(self, risk: FloatArray, margin: FloatArray) -> FloatArray:
        """What a save rate of 1 would bring, before the cost of the contact."""
        return risk * (self.worth(risk, margin) - self.incentive_cost)

    def cost(self, risk: FloatArray, margin: FloatArray) -> FloatArray:
        """What a contact costs whatever the save rate: itself, offers to stayers, stayers woken."""
        of_stayer = self.stayers_accept * self.incentive_cost + self.woken_share * self.value_months * margin
        return self.contact_cost + (1 - risk) * of_stayer


def mean_leaving_time(risk: FloatArray) -> FloatArray:
    """When do those leave who leave within the horizon, as a share of it, if the danger is the same all through?"""
    held = np.clip(risk, _SMALL_RISK, 1 - 1e-12)
    rate = -np.log1p(-held)
    return np.asarray(1 / rate - (1 - held) / held)
