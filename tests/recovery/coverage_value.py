"""What will customers bring: orders and contracts to come, how fees rise, and what is lost of bills?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crm_research.models.btyd import fit_pareto_nbd
from crm_research.models.lifetime_value import (
    choose_spend,
    estimate_growth,
    estimate_losses,
    value_contracts,
    value_orders,
)
from crm_research.models.lifetime_value.forward import expect_forward
from crm_research.models.parametric import fit_parametric
from tests.models.lifetime_value.worlds import a_contract_world, a_world, coverage
from tests.recovery.coverage_survival import Coverage
from tests.recovery.coverage_worlds import Judged, count_worlds

_YEAR = 365.0
# r, alpha, s, beta in days and p, q, gamma of `a_world`.
_BUYING = np.log([0.9, 45.0, 1.3, 300.0])
_AMOUNTS = (4.0, 6.0, 18.0)


def orders_to_come(worlds: int, sizes: Sequence[int] = (600, 1_500)) -> list[Coverage]:
    """Expected value of all customers, and what will come of one, of a tenth by value, of a cohort and of all."""

    def judge(rng: np.random.Generator, n: int) -> Judged:
        world = a_world(n, int(rng.integers(1 << 31)))
        fit = fit_pareto_nbd(world.rows)
        value = value_orders(fit, choose_spend(world.rows), world.rows, horizon_days=_YEAR, rate=0.1)
        units = np.array([0.0, 1.0, 0.0, 1.0]) * np.log(fit.time_unit_days)
        bought = expect_forward(fit, _BUYING - units, fit.history(world.rows), horizon_days=_YEAR, rate=0.1)
        p, q, gamma = _AMOUNTS
        amount = p * (gamma + world.rows["spent"]) / (p * world.rows["frequency"] + q - 1)
        total = value.total().iloc[0]
        yield "value of all, expected", bool(total["lower"] <= float(bought @ amount) <= total["upper"])
        for level, held in coverage(world, value, value.total).items():
            # One of each level a world, so that worlds stay independent.
            yield f"what comes of one {level}", bool(held[int(rng.integers(len(held)))])

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def contracts_to_come(worlds: int, sizes: Sequence[int] = (400, 1_500)) -> list[Coverage]:
    """The same of running contracts whose fees rise by 6 % a year, each in its own way."""

    def judge(rng: np.random.Generator, n: int) -> Judged:
        world = a_contract_world(n, int(rng.integers(1 << 31)), growth=0.06, spread=0.04, horizon_days=_YEAR)
        growth = estimate_growth(world.changes, 1)
        if growth is None:
            return
        _, low, high = growth.limits(0.95)
        yield "yearly change of fees", bool(low <= 0.06 <= high)
        fit = fit_parametric(world.spells, shape="weibull")
        value = value_contracts(fit, world.rows, horizon_days=_YEAR, rate=0.1, growth=growth)
        yield "contracts, expected", _holds_expected(world.rows, value.total().iloc[0])
        tenth = np.argsort(np.argsort(-value.expected, kind="stable"), kind="stable") * 10 // len(world.came)
        groups = (("tenth", tenth), ("cohort", world.cohort), ("firm", np.zeros(len(tenth), dtype=int)))
        for name, group in groups:
            limits, came = value.total(group), np.bincount(group, world.came)
            held = (limits["outcome_lower"] <= came) & (came <= limits["outcome_upper"])
            yield f"what comes of contracts, one {name}", bool(held.iloc[int(rng.integers(len(held)))])

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def _holds_expected(rows: pd.DataFrame, total: pd.Series) -> bool:
    """Do the limits hold what the true tenures and the true growth of fees would bring on average?"""
    days = (np.arange(730) + 0.5) / 2
    tenure = rows["tenure_days"].to_numpy() + 0.5
    there = np.exp((tenure[:, None] / 900) ** 0.8 - ((tenure[:, None] + days) / 900) ** 0.8)
    worth = np.exp((np.log1p(0.06) - np.log1p(0.1)) / 365.25 * days) * 0.5 / (365.25 / 12)
    return bool(total["lower"] <= float(rows["fee"] @ (there @ worth)) <= total["upper"])


def lost_bills(worlds: int, sizes: Sequence[int] = (60, 200)) -> list[Coverage]:
    """Shares of billed money never paid, of n customers and of half as many who pay worse."""

    def judge(rng: np.random.Generator, n: int) -> Judged:
        rows = []
        for share, size in ((0.01, n), (0.08, n // 2)):
            money = [rng.gamma(2.0, 50.0, count) for count in rng.poisson(4.0, size) + 1]
            due = np.array([part.sum() for part in money])
            lost = np.array([part[rng.random(len(part)) < share].sum() for part in money])
            squares = sum(float(part @ part) for part in money)
            rows.append((size, (lost > 0).sum(), due.sum(), lost.sum(), due @ due, due @ lost, lost @ lost, squares))
        names = ["n_customers", "n_losing", "due", "lost", "due_due", "due_lost", "lost_lost", "bill_bill"]
        found = estimate_losses(pd.DataFrame(rows, columns=names), confidence=0.95)
        for place, share in enumerate((0.01, 0.08)):
            yield f"lost of bills, truly {share}", bool(found["lower"][place] <= share <= found["upper"][place])

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]
