from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.segmentation.evidence.gather import find_groups
from crm_research.pillars.segmentation.evidence.null_shares import fit_shares, fit_wholes
from crm_research.pillars.segmentation.inputs.choose import Inputs
from crm_research.pillars.segmentation.inputs.log_ratios import centre_log_ratios, find_average, replace_zeros
from crm_research.pillars.segmentation.inputs.recipe import Recipe, Whole


def _bought(rng, chances, counts):
    """Amounts by part: each purchase goes to one part, by the customer's own chances."""
    return np.stack([rng.multinomial(n, own) for n, own in zip(counts, chances, strict=True)]).astype(float)


def _scale(amounts, counts):
    """Shares, and how they are compared."""
    average = find_average(amounts, counts)

    def ratios(shares, n):
        return centre_log_ratios(replace_zeros(shares, n, average=average))

    shares = amounts / np.maximum(amounts.sum(axis=1, keepdims=True), 1)
    found = ratios(shares, counts)
    middle = np.median(found, axis=0)
    spread = np.sqrt((found - middle).var(axis=0).mean())
    return shares, lambda some, n: np.clip((ratios(some, n) - middle) / spread, -3, 3)


def _one_cloud(seed, n=300):
    """Customers without groups: their chances are of one cloud, many bought once or twice."""
    rng = np.random.default_rng(seed)
    m = int(rng.integers(3, 8))
    logs = rng.normal(size=(n, m)) @ rng.normal(size=(m, m)) * 0.5 + rng.normal(size=m)
    chances = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    counts = 1 + rng.poisson(rng.gamma(1, rng.uniform(2, 20), size=n))
    return _bought(rng, chances, counts), counts.astype(float)


def _find(amounts, counts, seed=1):
    shares, compare = _scale(amounts, counts)
    fit = lambda rows: fit_shares(shares[rows], counts[rows], compare, seed=seed)  # noqa: E731
    return find_groups(compare(shares, counts), k_max=4, n_bootstraps=20, seed=seed, may_weigh=False, shares=fit)


def test_draws_have_the_means_covariances_and_empty_parts_of_the_data():
    amounts, counts = _one_cloud(3, n=2_000)
    shares, compare = _scale(amounts, counts)
    own, drawn = compare(shares, counts), fit_shares(shares, counts, compare, seed=1)(np.random.default_rng(9))
    assert drawn.mean(axis=0) == pytest.approx(own.mean(axis=0), abs=0.1)
    assert np.cov(drawn, rowvar=False) == pytest.approx(np.cov(own, rowvar=False), abs=0.2)
    assert np.allclose(drawn.min(axis=0), own.min(axis=0), atol=0.3)


def test_who_has_no_share_at_all_stays_so():
    amounts, counts = _one_cloud(4)
    amounts[:5] = 0
    shares, compare = _scale(amounts, counts)
    drawn = fit_shares(shares, counts, compare, seed=1)(np.random.default_rng(9))
    assert np.array_equal(drawn[:5], compare(shares, counts)[:5])


def test_too_few_with_a_share_are_drawn_as_they_are():
    shares = np.array([[0.0, 0, 0], [0.5, 0.5, 0], [0, 0, 0], [1, 0, 0]])
    drawn = fit_shares(shares, np.ones(4), lambda some, counts: 2 * some, seed=1)(np.random.default_rng(1))
    assert np.array_equal(drawn, 2 * shares)


def test_buyers_of_one_part_are_no_group_of_nature():
    # Without the cloud of shares, this world is called natural: who bought once stands apart by what he bought.
    amounts, counts = _one_cloud(5)
    assert _find(amounts, counts).verdict == "constructed"


def test_planted_mixes_are_found():
    rng = np.random.default_rng(6)
    groups = rng.integers(0, 3, size=400)
    chances = np.where(np.eye(3, 6)[groups] == 1, 0.7, 0.06)
    counts = 10 + rng.poisson(20, size=400)
    found = _find(_bought(rng, chances, counts), counts.astype(float))
    assert found.k == 3
    assert found.verdict == "natural"


@pytest.mark.slow
def test_at_least_95_of_100_worlds_of_one_cloud_of_shares_are_called_constructed():
    assert [_find(*_one_cloud(seed), seed=seed).verdict for seed in range(100)].count("constructed") >= 95


def test_parts_that_are_inputs_are_drawn_and_the_rest_is_permuted():
    amounts, counts = _one_cloud(7, n=200)
    names = tuple(f"share of spend on {part}" for part in range(amounts.shape[1]))
    whole = Whole(of="spend", by="category", parts=names, levels=names, inputs=names).fit(amounts, counts)
    shares, compare = _scale(amounts, counts)
    age = np.random.default_rng(1).normal(size=200)
    used = ("age", *names[1:])
    inputs = Inputs(
        customers=pd.DataFrame(dict(zip(names, shares.T, strict=True))).assign(n_orders=counts, age=age),
        scaled=np.column_stack([age, compare(shares, counts)[:, 1:]]),
        used=used,
        choice=pd.DataFrame({"input": used, "what": used}),
        n_filled=0,
        recipe=Recipe(wholes=(whole,)),
    )
    rows = np.arange(0, 200, 2)
    drawn = fit_wholes(inputs, seed=1)(rows)(np.random.default_rng(3))
    assert drawn.shape == (100, len(used))
    assert np.array_equal(np.sort(drawn[:, 0]), np.sort(age[rows]))
    assert not np.array_equal(drawn[:, 0], age[rows])
    expected = fit_shares(shares[rows], counts[rows], compare, seed=1)(np.random.default_rng(3))
    assert drawn[:, 1:].mean(axis=0) == pytest.approx(expected[:, 1:].mean(axis=0), abs=0.5)
    assert fit_wholes(replace(inputs, recipe=Recipe()), seed=1) is None
