"""Tallies, duplication and the jackknife by hand, at 80 % and for several comparisons at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData
from crm_research.models.dirichlet.duplication import measure_duplication
from crm_research.models.dirichlet.nbd import none_chance, shape_by_zeros
from crm_research.models.dirichlet.solving import jackknife_error, jackknife_interval, leave_out, solve_rising
from crm_research.models.dirichlet.tallies import build_tallies

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def test_the_jackknife_leaves_out_one_group_at_a_time():
    by_group = np.arange(1.0, 13.0)
    estimates = leave_out(by_group)
    assert estimates.tolist() == [78.0, *(78 - by_group)]
    rest = estimates[1:]
    error = np.sqrt(11 / 12 * ((rest - rest.mean()) ** 2).sum())
    assert jackknife_error(estimates) == pytest.approx(error)
    found = jackknife_interval(estimates, confidence=0.8)
    half = stats.t.ppf(0.9, 11) * error  # R: qt(.9, 11) = 1.36343
    assert [float(part) for part in found] == pytest.approx([78, 78 - half, 78 + half])
    wide = jackknife_interval(estimates, confidence=0.8, n_comparisons=4)
    assert float(wide.upper) == pytest.approx(78 + stats.t.ppf(1 - 0.1 / 4, 11) * error)
    assert np.isfinite(jackknife_error(estimates[:11]))
    assert np.isnan(jackknife_error(estimates[:10]))  # nine groups
    assert np.isnan(jackknife_interval(estimates[:10]).lower)


def test_the_root_is_found_and_edges_are_named():
    target = np.array([2.0, 0.0001, 1e9])
    found = solve_rising(lambda x: x - target, 0.01, 1e4, target)
    assert found.tolist() == [pytest.approx(2.0), 0.0, np.inf]


def test_means_and_zeros_of_the_category():
    assert none_chance(np.array([3.0]), np.array([1.5]))[0] == pytest.approx((1 + 2.0) ** -1.5)
    found = shape_by_zeros(np.array([3.0, 3.0, 3.0, 3.0, 3.0]), np.array([3**-1.5, 0.0, 1.0, 0.01, 0.9999]))
    assert found.tolist() == pytest.approx([1.5, np.nan, np.nan, np.inf, 0.0], nan_ok=True)


def tallies():
    population = pd.DataFrame({"group": ["g", "h"], "customers": [50, 40]})
    category = pd.DataFrame({"group": ["g", "g", "h"], "n": [3, 1, 3], "customers": [10, 20, 5]})
    brands = pd.DataFrame(
        {
            "group": ["g", "g", "h", "h"], "place": [0, 1, 0, 1], "n": [1, 2, 2, 3], "customers": [20, 15, 4, 3],
            "category_purchases": [30, 40, 9, 9], "sole_buyers": [12, 5, 1, 2],
        }
    )  # fmt: skip
    return build_tallies(population, category, brands, ["u", "v"])


def test_tallies_hold_the_whole_and_the_whole_without_each_group():
    found = tallies()
    assert found.names == ("u", "v")
    assert found.customers.tolist() == [90, 40, 50]
    assert (found.n_customers, found.n_groups) == (90, 2)
    assert found.category_values.tolist() == [1, 3]
    assert found.category.tolist() == [[20, 15], [0, 5], [20, 10]]
    assert found.category_buyers.tolist() == [35, 5, 30]
    assert found.buyers.tolist() == [[24, 18], [4, 3], [20, 15]]
    assert found.purchases.tolist() == [[28, 39], [8, 9], [20, 30]]
    assert found.category_purchases.tolist() == [[39, 49], [9, 9], [30, 40]]
    assert found.sole_buyers.tolist() == [[13, 7], [1, 2], [12, 5]]
    assert found.brand_values.tolist() == [1, 2, 3]
    assert found.brand_counts[0].tolist() == [[20, 4, 0], [0, 15, 3]]
    assert found.shares[0].tolist() == pytest.approx([28 / 67, 39 / 67])
    observed = {name: values[0].tolist() for name, values in found.observed().items()}
    assert observed == {
        "penetration": pytest.approx([24 / 90, 18 / 90]),
        "purchases_per_buyer": pytest.approx([28 / 24, 39 / 18]),
        "category_per_buyer": pytest.approx([39 / 24, 49 / 18]),
        "scr": pytest.approx([28 / 39, 39 / 49]),
        "sole_share": pytest.approx([13 / 24, 7 / 18]),
    }


def test_a_category_that_nobody_bought_is_refused_in_words():
    population = pd.DataFrame({"group": ["g"], "customers": [50]})
    none = pd.DataFrame({"group": ["g"], "n": [1], "customers": [0]})
    for people, category in (
        (population, none),
        (population, none.head(0)),
        (population.head(0), none.assign(customers=1)),
    ):
        with pytest.raises(
            NotEnoughData,
            match=r"^The Dirichlet model cannot be worked out here\. Choose a category that somebody bought\.$",
        ):
            build_tallies(people, category, none, ["u"])


def test_every_table_of_shared_buyers():
    # a alone 20, b alone 10, c alone 5, a and b 8, b and c 2, all three 1; and a fourth brand that is not compared.
    masks, n = [0b001, 0b010, 0b100, 0b011, 0b110, 0b1111], [20, 10, 5, 8, 2, 1]
    sets = pd.DataFrame({"group": 0, "mask": masks, "customers": n})
    found = measure_duplication(sets, np.array([0]), np.array([100]), ["a", "b", "c"], confidence=0.8)
    buyers, reach = np.array([29, 21, 8]), np.array([0.29, 0.21, 0.08])
    both = np.array([[29, 9, 1], [9, 21, 3], [1, 3, 8]])
    share = both / buyers[:, None]
    off = ~np.eye(3, dtype=bool)
    law = (share * reach)[off].sum() / (np.ones((3, 1)) * reach**2)[off].sum()
    assert float(found.law.estimate) == pytest.approx(law)
    expected = law * reach[None, :] * np.ones((3, 3))
    for i in range(3):
        for j in range(3):
            cell = (found.table.iloc[i, j], found.ratios.iloc[i, j])
            if i == j:
                assert np.isnan(cell).all()
            else:
                assert cell == pytest.approx((share[i, j], share[i, j] / expected[i, j]))
    assert found.mean_miss == pytest.approx(np.abs(share - expected)[off].mean())
    ratios = {(i, j): share[i, j] / expected[i, j] for i, j in ((0, 1), (0, 2), (1, 2))}
    order = sorted(ratios, key=lambda pair: -ratios[pair])
    names = "abc"
    assert found.pairs[["brand", "other"]].to_numpy().tolist() == [[names[i], names[j]] for i, j in order]
    assert found.pairs["n_both"].tolist() == [both[i, j] for i, j in order]
    assert found.pairs["observed"].tolist() == pytest.approx([share[i, j] for i, j in order])
    assert found.pairs["expected"].tolist() == pytest.approx([expected[i, j] for i, j in order])
    assert found.pairs["ratio"].tolist() == pytest.approx([ratios[pair] for pair in order])
    assert found.table.index.tolist() == found.ratios.columns.tolist() == ["a", "b", "c"]
    assert measure_duplication(sets, np.array([0]), np.array([100]), ["a"]) is None
    assert measure_duplication(sets.head(0), np.array([0]), np.array([100]), ["a", "b"]) is None


def test_the_law_of_shared_buyers_has_the_jackknife_interval_at_its_level():
    groups = np.arange(12)
    sets = pd.concat(
        [pd.DataFrame({"group": g, "mask": [1, 2, 3], "customers": [5 + g % 4, 4 + g % 3, 1 + g % 5]}) for g in groups]
    )
    found = measure_duplication(sets, groups, np.full(12, 40), ["a", "b"], confidence=0.8)

    def law(rows, everybody):
        both = rows.loc[rows["mask"] == 3, "customers"].sum()
        one, other = (rows.loc[rows["mask"].isin([bit, 3]), "customers"].sum() for bit in (1, 2))
        b = np.array([one, other]) / everybody
        return (both / one * b[1] + both / other * b[0]) / (b**2).sum()

    estimates = np.array([law(sets, 480), *(law(sets.loc[sets["group"] != g], 440) for g in groups)])
    limits = jackknife_interval(estimates, confidence=0.8)
    assert [float(part) for part in found.law] == pytest.approx([float(part) for part in limits])
