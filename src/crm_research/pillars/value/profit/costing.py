"""How far the use of activities strays by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.features.customer_costs import spread_of_use
from crm_research.features.profit import Noise

if TYPE_CHECKING:
    from crm_research.features.money_window import MoneyWindow
    from crm_research.models.costing import Costing
    from crm_research.study import Study

# Tilts of the bound, in lumps of the dearest activity: any of them holds, the best is taken.
_SMALLEST: Final = 0.02
_LARGEST: Final = 12.0
_N_TILTS: Final = 24


def judge_noise(
    study: Study, window: MoneyWindow, costing: Costing, *, n_tested: int, confidence: float
) -> Noise | None:
    """How far does a customer's cost of activities stray by chance? None where one period alone cannot tell.

    Units come in lumps (an order has several lines): how large they are is told by how much a customer's use of one
    period strays from that of another, beyond what their volume does. Who makes work at any time, whenever they buy,
    strays from their volume without lumps: so the smaller of what volume and an even course tell is taken. Where use
    goes with volume, an even course tells of no smaller ones than there are.
    """
    if costing.rates is None or not study.has("orders") or n_tested < 1:
        return None
    spread = spread_of_use(study, window, by_orders=costing.plan.by_orders).set_index("activity")
    rate = pd.Series(costing.rates.rates, dtype=float)
    within = costing.use.set_index("activity")["within"].reindex(rate.index).fillna(0.0)
    spread = spread.reindex(rate.index).fillna(0.0)
    used = (within > 0) & (rate > 0)
    if not used.any() or (spread["expected"][used] <= 0).all():
        return None
    told = [
        np.where(spread[under] > 0, spread[over] / spread[under].where(spread[under] > 0), np.inf)
        for over, under in (("squares", "expected"), ("even_squares", "even_expected"))
    ]
    lumps = np.minimum(*told)
    lumps = np.maximum(np.where(np.isfinite(lumps), lumps, 1.0), 1.0)
    return Noise(
        tilts=_tilts((rate * lumps)[used].to_numpy(), (within / lumps)[used].to_numpy()),
        log_level=float(np.log((1 - confidence) / n_tested)),
    )


def _tilts(cost: np.ndarray, n: np.ndarray) -> tuple[tuple[float, float], ...]:
    """For n lumps of each cost, to be had by chance: what Chernoff's bound adds at each of some tilts."""
    tilts = np.geomspace(_SMALLEST / cost.max(), _LARGEST / cost.max(), _N_TILTS)
    return tuple((float(tilt), float(n @ np.expm1(tilt * cost))) for tilt in tilts)
