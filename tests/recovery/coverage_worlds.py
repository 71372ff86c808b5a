"""Worlds of known truth in which the limits of printed figures are judged; each function draws and counts.

Every function takes a number of worlds and gives rows (figure, n, worlds, covered).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from crm_research.models.btyd import fit_bg_nbd, fit_effects, fit_gamma_gamma
from crm_research.models.btyd.profile import profile_params
from crm_research.models.decisions import measure_net_benefit
from crm_research.models.dirichlet import fit_dirichlet
from crm_research.models.hazards import fit_cox, fit_frailty
from crm_research.models.renewals import fit_shifted_beta_geometric
from crm_research.models.survival import (
    compare_pairs,
    count_rows,
    estimate_incidence,
    estimate_restricted_mean,
    estimate_survival,
)
from crm_research.pillars.satisfaction.means import mean_interval as scale_mean
from crm_research.pillars.satisfaction.promoters import net_score
from crm_research.stats.intervals import wilson_share
from crm_research.stats.skewed import mean_interval
from tests.models.btyd.worlds import a_bg_nbd_world, spending_customers, two_regions
from tests.models.dirichlet.markets import draw_purchases, tally
from tests.recovery.coverage_survival import Coverage

Judged = Iterator[tuple[str, bool]]


def count_worlds(judge: Callable[[np.random.Generator], Judged], n: int, worlds: int, seed: int = 1) -> list[Coverage]:
    """In how many worlds does each figure's interval hold its truth?"""
    rng, found = np.random.default_rng(seed), {}
    for _ in range(worlds):
        for figure, is_held in judge(rng):
            found.setdefault(figure, []).append(bool(is_held))
    return [Coverage(figure, n, len(held), sum(held)) for figure, held in found.items()]


def _holds(row: pd.Series, truth: float) -> bool:
    upper = np.inf if np.isnan(row["upper"]) else row["upper"]
    return bool(row["lower"] <= truth <= upper)


def several_contracts(worlds: int, sizes: Sequence[int] = (60, 150)) -> list[Coverage]:
    """Customers with one to four contracts of one frailty (gamma of variance .5), two reasons, two plans of theirs."""
    rate, spread, year, horizon = 1 / 500, 0.5, 366.0, 732.0

    def stays(days: np.ndarray | float, times: float = 1.0) -> np.ndarray:
        return np.asarray((1 + spread * times * rate * np.floor(days)) ** (-1 / spread))

    def judge(rng: np.random.Generator, n: int) -> Judged:
        held = rng.integers(1, 5, n)
        owner = np.repeat(np.arange(n), held)
        frailty = np.repeat(rng.gamma(1 / spread, spread, n), held)
        plan = np.where(np.repeat(rng.random(n), held) < 0.5, "a", "b")
        stay = np.ceil(rng.exponential(1 / (rate * frailty)))
        watch = np.ceil(rng.uniform(30, 1_461, len(owner)))
        ended = stay <= watch
        reason = np.where(ended, np.where(rng.random(len(owner)) < 2 / 3, "x", "y"), "")
        spells = pd.DataFrame({"cluster": owner, "entry_days": 0.0, "tenure_days": np.minimum(stay, watch)})
        spells = spells.assign(is_ended=ended, end_reason=reason, group=plan, weight=1.0)
        several = spells.loc[spells["cluster"].duplicated(keep=False)]
        shared = several.drop(columns="group")
        counts = count_rows(spells["tenure_days"], spells["is_ended"])
        curves = estimate_survival(counts, shared=shared)
        yield "share still there after 12 months", _holds(curves.at(year).iloc[0], float(stays(year)))
        median = np.ceil((2**spread - 1) / (spread * rate))
        yield "median tenure", _holds(curves.medians.iloc[0], float(median))
        mean = estimate_restricted_mean(counts, horizon_days=horizon, shared=shared).iloc[0]
        truth = float(stays(np.arange(mean["horizon_days"])).sum())
        yield "mean tenure within 24 months", _holds(mean, truth)
        ends = spells.loc[ended].groupby(["tenure_days", "end_reason"]).size().rename("n_ended").reset_index()
        first = estimate_incidence(counts, ends, shared=shared).at(year).set_index("reason").loc["x"]
        yield "left for a reason within 12 months", _holds(first, 2 / 3 * (1 - float(stays(year))))
        by_plan = count_rows(spells["tenure_days"], spells["is_ended"], group=spells["group"])
        pair = compare_pairs(by_plan, horizon_days=year, shared=several).iloc[0]
        yield "gap of two groups after 12 months", pair["gap_lower"] <= 0 <= pair["gap_upper"]
        yield "log-rank test says alike, as they are", pair["p_value"] > 0.05

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def shares(worlds: int, sizes: Sequence[int] = (60, 300)) -> list[Coverage]:
    """Shares of customers (Wilson): the truth drawn anew in each world, between 2 and 98 %."""

    def judge(rng: np.random.Generator, n: int) -> Judged:
        truth = rng.uniform(0.02, 0.98)
        found = wilson_share(rng.binomial(n, truth), n)
        yield "share of customers", found.lower <= truth <= found.upper

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def answers(worlds: int, sizes: Sequence[int] = (60, 300)) -> list[Coverage]:
    """Answers of 0 to 10, most of them high: net promoter score and mean."""
    chance = np.array([2, 1, 1, 1, 2, 5, 6, 14, 24, 22, 22]) / 100
    score, mean = chance[9:].sum() - chance[:7].sum(), float(chance @ np.arange(11))

    def judge(rng: np.random.Generator, n: int) -> Judged:
        given = rng.choice(11, n, p=chance)
        found = net_score((given > 8).sum(), ((given > 6) & (given < 9)).sum(), (given < 7).sum(), confidence=0.95)
        estimate, lower, upper = (float(value) for value in found)
        scale = 100.0 if abs(estimate) > 1 or upper > 1 else 1.0
        yield "net promoter score", lower <= scale * score <= upper
        own = scale_mean(given.astype(float), 0.0, 10.0, 0.95)
        yield "mean of answers", own.lower <= mean <= own.upper

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def gains(worlds: int, sizes: Sequence[int] = (60, 300, 1_000)) -> list[Coverage]:
    """Acting on told risks at a threshold of .2, half of the customers not watched to the horizon."""
    days, threshold = 180.0, 0.2

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        risk = rng.beta(1.2, 6, n)
        return risk, rng.exponential(1, n) * days / -np.log1p(-risk)

    risk, stay = draw(np.random.default_rng(99), 2_000_000)
    odds, left, acted = threshold / (1 - threshold), stay <= days, risk >= threshold
    value = np.where(left, 1.0, -odds)
    benefit, over_all = float(np.mean(value * acted)), -float(np.mean(value * ~acted))

    def judge(rng: np.random.Generator, n: int) -> Judged:
        risk, stay = draw(rng, n)
        watch = rng.uniform(60, 500, n)
        outcomes = pd.DataFrame({"tenure_days": np.minimum(stay, watch), "is_ended": stay <= watch})
        row = measure_net_benefit(outcomes, risk, horizon_days=days, thresholds=[threshold]).iloc[0]
        yield "net benefit of the list", row["lower"] <= benefit <= row["upper"]
        yield "gain over treating all", row["over_all_lower"] <= over_all <= row["over_all_upper"]

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def heavy_tails(worlds: int, sizes: Sequence[int] = (60, 300, 1_000)) -> list[Coverage]:
    """Squared errors of orders of gamma-Poisson buyers (r .25), and of spend that is a gamma of shape .5."""

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        rate = rng.gamma(0.25, 4.0, n)
        past, later = rng.poisson(rate), rng.poisson(rate)
        expected = (0.25 + past) / (1 / 4.0 + 1)
        spend = rng.gamma(0.5, 100.0, n)
        return (later - expected) ** 2, (spend - 50.0) ** 2

    truths = [float(part.mean()) for part in draw(np.random.default_rng(7), 8_000_000)]

    def judge(rng: np.random.Generator, n: int) -> Judged:
        names = ("squared error of orders", "squared error of money")
        for name, values, truth in zip(names, draw(rng, n), truths, strict=True):
            found = mean_interval(values)
            yield name, found.lower <= truth <= found.upper

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def renewals(worlds: int, sizes: Sequence[int] = (200, 1_000)) -> list[Coverage]:
    """Customers whose chance to leave at each of up to eight renewals is beta (.7, 2.5)."""
    alpha, beta = 0.7, 2.5
    truths = {"alpha": alpha, "beta": beta}

    def judge(rng: np.random.Generator, n: int) -> Judged:
        left_at, watched = rng.geometric(np.clip(rng.beta(alpha, beta, n), 1e-9, 1)), rng.integers(1, 9, n)
        number = np.arange(1, 9)
        n_up = ((left_at[:, None] >= number) & (watched[:, None] >= number)).sum(axis=0)
        n_left = ((left_at[:, None] == number) & (watched[:, None] >= number)).sum(axis=0)
        fit = fit_shifted_beta_geometric(pd.DataFrame({"renewal": number, "n_up": n_up, "n_left": n_left}))
        for name, row in fit.params.set_index("parameter").iterrows():
            if name in truths:
                yield f"sBG {name}", _holds(row, truths[str(name)])
        row = fit.retention([1]).iloc[0]
        yield "retention at the first renewal", _holds(row, beta / (alpha + beta))

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def ratios(worlds: int, sizes: Sequence[int] = (60, 300)) -> list[Coverage]:
    """The ratio of a plan whose contracts leave 1.8 times as fast, half met late; and with customers of several."""

    def judge(rng: np.random.Generator, n: int, *, is_shared: bool) -> Judged:
        owner = np.repeat(np.arange(n), 2 if is_shared else 1)
        frailty = np.repeat(rng.gamma(2, 0.5, n), 2) if is_shared else np.ones(n)
        plan = np.repeat(rng.random(n) < 0.5, 2 if is_shared else 1)
        rate = frailty * np.where(plan, 1.0 if is_shared else 1.8, 1.0) / 400
        stay = np.ceil(rng.exponential(1 / rate))
        entry = (
            np.zeros(len(owner))
            if is_shared
            else np.where(rng.random(len(owner)) < 0.5, rng.integers(0, 300, len(owner)), 0)
        )
        watch = entry + np.ceil(rng.uniform(100, 1_200, len(owner)))
        spells = pd.DataFrame({"customer_id": owner, "entry_days": entry, "tenure_days": np.minimum(stay, watch)})
        spells = spells.assign(is_ended=stay <= watch, plan=np.where(plan, "plus", "basic"))
        spells = spells.loc[spells["tenure_days"] > spells["entry_days"]]
        fit = fit_cox(spells, ["plan"], cluster="customer_id" if is_shared else None)
        row = fit.contrasts().iloc[0]
        truth = 1.0 if is_shared else (1.8 if row["level"] == "plus" else 1 / 1.8)
        name = "ratio, customers with two contracts" if is_shared else "ratio, half met late"
        yield name, row["lower"] <= truth <= row["upper"]

    return [
        row
        for is_shared in (False, True)
        for n in sizes
        for row in count_worlds(lambda rng, n=n, s=is_shared: judge(rng, n, is_shared=s), n, worlds)
    ]


def spend(worlds: int, sizes: Sequence[int] = (100, 400)) -> list[Coverage]:
    """Spend per occasion of Gamma-Gamma customers (p 4, q 5, gamma 60): the mean over customers is 60."""

    def judge(rng: np.random.Generator, n: int) -> Judged:
        fit = fit_gamma_gamma(spending_customers(n, seed=int(rng.integers(1 << 31))))
        yield "mean spend", _holds(fit.mean_spend.iloc[0], 4.0 * 60.0 / (5.0 - 1.0))

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def purchases(worlds: int, sizes: Sequence[int] = (300,)) -> list[Coverage]:
    """Parameters of the BG/NBD (r .8, alpha 40 days) by profile likelihood."""
    truths = {"r": 0.8, "alpha": 40.0}

    def judge(rng: np.random.Generator, n: int) -> Judged:
        fit = fit_bg_nbd(a_bg_nbd_world(n, seed=int(rng.integers(1 << 31))), time_unit_days=1.0)
        limits = profile_params(fit).set_index("name")
        for name, truth in truths.items():
            row = limits.loc[name]
            lower = -np.inf if np.isnan(row["lower"]) else row["lower"]
            yield name, lower <= truth and (np.isnan(row["upper"]) or truth <= row["upper"])

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def brands(worlds: int, sizes: Sequence[int] = (400, 1_000)) -> list[Coverage]:
    """A market of the Dirichlet: purchases by customer and brand with M 2.5, K .8, S 1.4."""
    truths = {"m": 2.5, "k": 0.8, "s": 1.4}

    def judge(rng: np.random.Generator, n: int) -> Judged:
        drawn = draw_purchases(n, **truths, seed=int(rng.integers(1 << 31)))
        params = fit_dirichlet(tally(drawn[0])).params
        for _, row in params.loc[params["is_used"].astype(bool)].iterrows():
            name = str(row["name"]).lower()
            if name in truths:
                yield f"Dirichlet {name.upper()}", _holds(row, truths[name])

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def frailty(worlds: int, sizes: Sequence[int] = (150,)) -> list[Coverage]:
    """Customers with three contracts each and a gamma frailty of variance .5."""

    def judge(rng: np.random.Generator, n: int) -> Judged:
        owner = np.repeat(np.arange(n), 3)
        stay = rng.exponential(400 / np.repeat(rng.gamma(2, 0.5, n), 3))
        watch = rng.uniform(100, 1_200, len(owner))
        plan = np.where(rng.random(len(owner)) < 0.5, "plus", "basic")
        spells = pd.DataFrame({"customer_id": owner, "tenure_days": np.ceil(np.minimum(stay, watch)), "plan": plan})
        fit = fit_frailty(spells.assign(entry_days=0.0, is_ended=stay <= watch), ["plan"], cluster="customer_id")
        yield "variance of frailty", fit.variance_lower <= 0.5 <= fit.variance_upper

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]


def kinds(worlds: int, sizes: Sequence[int] = (600,)) -> list[Coverage]:
    """Two regions: in the north purchases come 1.5 times as often and the odds of leaving are twice as high."""
    truths = (1.5, 2.0)

    def judge(rng: np.random.Generator, n: int) -> Judged:
        world = two_regions(n, model="MBG/NBD", seed=int(rng.integers(1 << 31)))
        fit = fit_effects(world, ["region"], model="MBG/NBD", time_unit_days=1.0)
        for name, truth, (_, row) in zip(("purchases", "leaving"), truths, fit.effects.iterrows(), strict=True):
            yield f"ratio of {name} of two kinds", _holds(row, truth)

    return [row for n in sizes for row in count_worlds(lambda rng, n=n: judge(rng, n), n, worlds)]
