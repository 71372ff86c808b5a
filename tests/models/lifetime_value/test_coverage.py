"""Do the limits of the outcome hold what comes: of a customer, a tenth by value, a cohort and the firm?"""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.models.btyd import fit_mbg_nbd, fit_pareto_nbd
from crm_research.models.lifetime_value import choose_spend, value_orders
from tests.models.lifetime_value.worlds import a_world, coverage

_WORLDS = 120


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fitter", "kind", "model"),
    [
        (fit_pareto_nbd, {}, "Gamma-Gamma"),
        (fit_mbg_nbd, {"story": "tossing"}, "Gamma-Gamma"),
        (fit_pareto_nbd, {"elasticity": 0.3}, "credibility by frequency"),
        (fit_pareto_nbd, {"horizon_days": 1461.0}, "Gamma-Gamma"),
    ],
    ids=["lifetimes", "tossing", "dependent", "four years"],
)
def test_limits_of_the_outcome_hold_it_as_often_as_they_say(fitter, kind, model):
    held: dict[str, list[float]] = {}
    models = []
    for seed in range(_WORLDS):
        world = a_world(1_500, seed, **kind)
        spend = choose_spend(world.rows)
        models.append(spend.name)
        value = value_orders(
            fitter(world.rows), spend, world.rows, horizon_days=kind.get("horizon_days", 365.0), rate=0.1
        )
        for level, is_held in coverage(world, value, value.total).items():
            held.setdefault(level, []).append(float(is_held.mean()))
    assert models.count(model) >= 0.9 * _WORLDS
    for level, shares in held.items():
        # 93 to 97 %, and beside it two and a half standard errors of so few worlds.
        error = 2.5 * float(np.std(shares)) / np.sqrt(_WORLDS)
        assert 0.93 - error < float(np.mean(shares)) < 0.97 + error, (level, np.mean(shares))
