"""Do the limits of the outcome hold what comes: of a customer, a tenth by value, a cohort and the firm?"""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.models.btyd import fit_mbg_nbd, fit_pareto_nbd
from crm_research.models.lifetime_value import choose_spend, estimate_growth, value_contracts, value_orders
from crm_research.models.parametric import fit_parametric
from tests.models.lifetime_value.worlds import a_contract_world, a_world, coverage

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


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [{}, {"shape": 1.3}, {"growth": 0.06, "spread": 0.04, "horizon_days": 365.25}],
    ids=["falls", "rises", "fees"],
)
def test_limits_of_contracts_hold_what_they_bring(kind):
    """Of a tenth by value, a cohort and the firm; and what is sure of one contract comes nine times of ten."""
    held: dict[str, list[float]] = {}
    for seed in range(_WORLDS):
        world = a_contract_world(1_000, seed, **kind)
        horizon = kind.get("horizon_days", 730.0)
        growth = estimate_growth(world.changes, 1) if "growth" in kind else None
        fit = fit_parametric(world.spells, shape="weibull")
        value = value_contracts(fit, world.rows, horizon_days=horizon, rate=0.1, growth=growth)
        held.setdefault("sure", []).append(float((world.came >= value.at_least(0.9)).mean()))
        tenth = np.argsort(np.argsort(-value.expected, kind="stable"), kind="stable") * 10 // len(world.came)
        for name, group in (("tenth", tenth), ("cohort", world.cohort), ("firm", np.zeros(len(tenth), dtype=int))):
            limits, came = value.total(group), np.bincount(group, world.came)
            is_held = (limits["outcome_lower"] <= came) & (came <= limits["outcome_upper"])
            held.setdefault(name, []).append(float(is_held.mean()))
    for level, shares in held.items():
        error = 2.5 * float(np.std(shares)) / np.sqrt(_WORLDS)
        low, high = (0.89, 0.91) if level == "sure" else (0.93, 0.97)
        assert low - error < float(np.mean(shares)) < high + error, (level, np.mean(shares))
