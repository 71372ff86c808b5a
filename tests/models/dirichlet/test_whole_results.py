"""Tallies, duplication and the jackknife by hand, at 80 % and for several comparisons at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData
from crm_research.models.dirichlet import choice
from crm_research.models.dirichlet.duplication import measure_duplication
from crm_research.models.dirichlet.fit import fit_dirichlet, fit_from_summary
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


def test_a_fit_from_published_tables_holds_the_tables_and_its_parameters():
    fit = fit_from_summary(0.6, 4.0, [0.5, 0.2], [0.45, 0.25], names=["u", "v"])
    assert fit.brands.columns.tolist() == ["brand", "share", "s"]
    assert fit.brands[["brand", "share"]].to_numpy().tolist() == [["u", 0.5], ["v", 0.2]]
    by_brand = fit.brands["s"].to_numpy()
    k = float(shape_by_zeros(np.array([2.4]), np.array([0.4]))[0])
    assert none_chance(np.array([2.4]), np.array([k]))[0] == pytest.approx(0.4)
    assert fit.params["name"].tolist() == ["m", "k", "s"]
    # S is the mean of the brands' own, weighted with their shares (Goodhardt, Ehrenberg and Chatfield 1984).
    s = (0.5 * by_brand[0] + 0.2 * by_brand[1]) / 0.7
    assert fit.params["estimate"].tolist() == pytest.approx([2.4, k, s])
    assert fit.params[["std_error", "lower", "upper"]].isna().all(axis=None)
    assert fit.params["is_used"].tolist() == [True] * 3
    assert set(fit.params["method"]) == {"zeros"}
    assert (fit.is_truncated, fit.notes, fit.names) == (False, (), ["u", "v"])
    reach = [choice.predict_measures(fit.m, fit.k, np.array([one]), fit.shares)["penetration"][0] for one in by_brand]
    assert [reach[0][0], reach[1][1]] == pytest.approx([0.45, 0.25], rel=1e-6)
    assert fit_from_summary(0.6, 4.0, [0.5], [0.45]).names == ["brand 1"]


@pytest.mark.parametrize("is_truncated", [False, True])
def test_the_line_of_double_jeopardy_runs_from_next_to_nothing_to_beyond_the_largest_brand(is_truncated):
    fit = fit_from_summary(0.6, 4.0, [0.5, 0.2], [0.45, 0.25])
    fit = replace(fit, is_truncated=is_truncated)
    line = fit.line(4)
    assert line.columns.tolist() == ["share", "penetration", "purchases_per_buyer", "scr"]
    # 1.3 times the largest share, in four steps, the first point next to nought.
    assert line["share"].tolist() == pytest.approx([1e-4, 0.1625, 0.325, 0.4875, 0.65])
    found = choice.predict_measures(fit.m, fit.k, fit.s, line["share"].to_numpy()[None, :])
    among = 0.6 if is_truncated else 1.0
    assert line["penetration"].tolist() == pytest.approx(list(found["penetration"][0] / among))
    for name in ("purchases_per_buyer", "scr"):
        assert line[name].tolist() == pytest.approx(list(found[name][0]))
    assert len(fit.line()) == 61
    assert fit_from_summary(0.6, 4.0, [0.8], [0.55]).line(3)["share"].iloc[-1] == 0.999


def one_in_each_group(n_groups: int, *, idle: int, both: int = 3):
    """In every group ten buyers of u alone (twice each), four of v alone, some of both, and idle customers."""
    groups = np.arange(n_groups)
    population = pd.DataFrame({"group": groups, "customers": 14 + both + idle})
    category = pd.concat(
        [pd.DataFrame({"group": g, "n": [1, 2], "customers": [4 + g % 2, 10 + both - g % 2]}) for g in groups]
    )
    brands = pd.concat(
        [
            pd.DataFrame(
                {
                    "group": g, "place": [0, 0, 1], "n": [1, 2, 1], "customers": [both + g % 2, 10 - g % 2, 4 + both],
                    "category_purchases": [2 * both, 20, 4 + 2 * both], "sole_buyers": [0, 10, 4],
                }
            )
            for g in groups
        ]
    )  # fmt: skip
    return build_tallies(population, category, brands, ["u", "v"])


@pytest.mark.parametrize(
    ("n_groups", "idle", "method", "notes"),
    [
        (12, 3, "zeros", ()),
        (12, 0, "zeros", ("truncated",)),
        (19, 1, "zeros", ("few zeros",)),
        (20, 1, "zeros", ()),
        (19, 1, "likelihood", ()),
        (10, 2, "zeros", ()),
        (9, 4, "zeros", ("few groups",)),
    ],
)
def test_what_a_fit_says_of_itself(n_groups, idle, method, notes):
    said = {
        "truncated": "Everybody asked after bought, so nobody's nought is known: M and K come from the counts of "
        "buyers alone, and penetrations are shares of these buyers.",
        "few zeros": "Fewer than 20 customers did not buy the category, so K comes from all counts instead of the "
        "share of non-buyers.",
        "few groups": "Too few customers for intervals: fewer than ten groups of them could be left out in turn.",
    }
    fit = fit_dirichlet(one_in_each_group(n_groups, idle=idle), method=method)
    others = [note for note in fit.notes if not note.startswith(("K lies at the edge", "1 of 2", "2 of 2"))]
    assert others == [said[note] for note in notes]
    assert fit.is_truncated is (idle == 0)


def test_fewer_than_two_brands_bought_are_refused_in_words():
    tallied = tallies()
    none_of_v = replace(tallied, purchases=tallied.purchases * np.array([1, 0]))
    with pytest.raises(NotEnoughData, match=r"^The Dirichlet model needs at least 2 brands bought; found 1\.$"):
        fit_dirichlet(none_of_v)
