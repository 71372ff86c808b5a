"""How covariates enter: splines by their formula, groups and missing numbers by hand, and what is said of it, whole."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.hazards import fit_boosting, fit_frailty
from crm_research.models.hazards.design import _FEWEST_ENDS, NOT_KNOWN, RARE, Remark, plan_design
from crm_research.models.hazards.splines import natural_spline, place_knots, quantiles

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def test_a_spline_is_straight_beyond_its_knots_and_cubic_between():
    # Knots 0, 1, 3, 4: (x^3 - (x - 3)^3 * 4 + (x - 4)^3 * 3) / 16 and ((x - 1)^3 - (x - 3)^3 * 3 + (x - 4)^3 * 2) / 16.
    found = natural_spline(np.array([-1.0, 0.5, 2, 3.5, 6, 7, 8]), np.array([0.0, 1, 3, 4]))
    assert found[:, 0].tolist() == [-1, 0.5, 2, 3.5, 6, 7, 8]
    first = [0, 0.125, 8, 3.5**3 - 0.125 * 4, 216 - 27 * 4 + 8 * 3, 343 - 64 * 4 + 27 * 3, 512 - 125 * 4 + 64 * 3]
    second = [0, 0, 1, 2.5**3 - 0.125 * 3, 125 - 27 * 3 + 8 * 2, 216 - 64 * 3 + 27 * 2, 343 - 125 * 3 + 64 * 2]
    assert found[:, 1].tolist() == pytest.approx([value / 16 for value in first])
    assert found[:, 2].tolist() == pytest.approx([value / 16 for value in second])
    assert np.diff(found[4:], 2, axis=0) == pytest.approx(0)  # a straight line


def test_knots_lie_at_harrells_quantiles():
    values = np.arange(101.0)
    assert place_knots(values, 3).tolist() == pytest.approx([10, 50, 90])
    assert place_knots(values).tolist() == pytest.approx([5, 35, 65, 95])
    assert place_knots(values, 5).tolist() == pytest.approx([5, 27.5, 50, 72.5, 95])
    for wrong in (2, 6):
        with pytest.raises(ValueError, match=rf"^n_knots must be 3, 4 or 5, not {wrong}\.$"):
            place_knots(values, wrong)
    # Nearly all alike: the five distinct values carry the shape; four do not, and nothing has none.
    heaped = np.concatenate([np.zeros(200), [1, 2, 3, 4]])
    assert place_knots(heaped).tolist() == pytest.approx([0.2, 1.4, 2.6, 3.8])
    assert place_knots(heaped[:-1]).tolist() == []
    assert place_knots(np.empty(0)).tolist() == []


def test_quantiles_of_counted_rows_are_those_of_the_rows_laid_out():
    values, n = np.array([3.0, 1, 8, 5]), np.array([2.0, 3, 1, 4])
    laid_out = np.repeat(values, n.astype(int))
    for shares in ((0.25, 0.5, 0.75), (0.0, 0.1, 0.95, 1.0)):
        assert quantiles(values, shares, n).tolist() == pytest.approx(np.quantile(laid_out, shares).tolist())
        assert quantiles(values, shares, np.ones(4)).tolist() == pytest.approx(np.quantile(values, shares).tolist())


def plan(frame, ended, **how):
    return plan_design(frame, list(frame.columns), ended=np.asarray(ended, dtype=float), **how)


def test_the_largest_group_is_the_reference_and_rare_ones_are_put_together():
    few = _FEWEST_ENDS - 1
    sizes = {"big": 30, "mid": 20, "rare1": few, "rare2": few}
    frame = pd.DataFrame({"plan": [name for name, n in sizes.items() for _ in range(n)]})
    design = plan(frame, np.ones(len(frame)))
    (term,) = design.terms
    assert (term.reference, term.levels, term.rare) == ("big", ("mid", RARE), ("rare1", "rare2"))
    assert design.labels == [("plan", "mid"), ("plan", RARE)]
    assert design.is_level.tolist() == [True, True]
    assert term.references == ("big", "big")
    assert design.say(design.labels) == [
        f"2 values of plan had fewer than {_FEWEST_ENDS} ends each and were put together."
    ]
    new = pd.DataFrame({"plan": ["big", "mid", "rare2", "never seen", None]})
    assert design.matrix(new).tolist() == pytest.approx(
        np.array([[0, 0], [1, 0], [0, 1], [np.nan, np.nan], [np.nan, np.nan]]), nan_ok=True
    )


def test_a_group_that_nobody_left_and_one_that_is_alone():
    frame = pd.DataFrame({"plan": ["a"] * 20 + ["b"] * 10 + ["c"] * 15})
    ended = [1] * 20 + [0] * 10 + [1] * 15
    design = plan(frame, ended)
    assert design.terms[0].unseen == ("b",)
    assert design.terms[0].levels == ("c",)
    assert design.say([]) == [
        "Nobody with plan = b ended (n 10): no ratio can be given for them, and they were left out of the model."
    ]
    assert plan(frame.head(30), ended[:30]).say([]) == ["plan was left out: only one of its groups ended at all."]
    alone = plan(frame.head(20).assign(fee=3.0), ended[:20])
    assert alone.terms == ()
    assert alone.say([]) == [
        "plan is the same for everybody and was left out.", "fee is the same for everybody and was left out.",
    ]  # fmt: skip


def test_numbers_that_are_missing_are_a_group_or_stand_at_the_median():
    n = 60
    frame = pd.DataFrame({"fee": np.arange(float(n))})
    frame.loc[:19, "fee"] = np.nan
    ended = np.ones(n)
    design = plan(frame, ended)
    (term,) = design.terms
    assert term.labels == ("", NOT_KNOWN)
    assert term.references == ("", "median, 39.5")
    assert term.is_level == (False, True)
    assert term.quartiles == pytest.approx((29.75, 49.25))
    assert design.matrix(pd.DataFrame({"fee": [7.0, np.nan]})).tolist() == [[7.0, 0.0], [39.5, 1.0]]
    told = "fee is not known in 20 of 60 rows: they are a group of their own, held against its median, 39.5."
    assert design.say(design.labels) == [told]
    assert design.say([("fee", "")]) == []  # the group was left out in the end
    nobody = plan(frame, np.where(np.arange(n) < 20, 0.0, 1.0))
    assert nobody.terms[0].unseen == (NOT_KNOWN,)
    assert nobody.say([]) == [
        (
            "Nobody whose fee is not known ended (n 20): no ratio can be given for them, and they were left out of the "
            "model."
        )
    ]
    few = plan(frame.iloc[18:], np.ones(42))
    assert few.terms[0].missing == "median"
    assert few.say([("fee", "")]) == [
        "fee is not known in 2 of 42 rows, too few to tell them apart: they stand at its median, 39.5."
    ]
    assert few.say([]) == []
    assert few.matrix(pd.DataFrame({"fee": [np.nan]})).tolist() == [[39.5]]


def test_a_number_of_few_values_runs_straight_and_it_is_said_only_if_it_stays():
    frame = pd.DataFrame({"fee": [1.0, 2] * 15})
    design = plan(frame, np.ones(30), splines=["fee"])
    assert design.terms[0].kind == "number"
    assert design.say([("fee", "")]) == ["fee takes too few values to bend; it enters as a straight line."]
    assert design.say([]) == []
    bent = plan(pd.DataFrame({"fee": np.arange(101.0)}), np.ones(101), splines=["fee"], n_knots=5)
    assert bent.terms[0].labels == ("", "bend 1", "bend 2", "bend 3")
    assert bent.terms[0].knots == pytest.approx((5, 27.5, 50, 72.5, 95))
    with pytest.raises(ParameterError, match=r"^The spells have no column 'fees'\. Did you mean 'fee'\? Known: fee\.$"):
        plan_design(frame, ["fees"], ended=np.ones(30))


def test_a_remark_holds_where_what_it_needs_is_in_the_model():
    kept, names = {("fee", ""), ("fee", "bend 1")}, {"fee"}
    assert Remark(text="x").holds((), ())
    assert Remark(text="x", needs=("fee", "")).holds(kept, names)
    assert not Remark(text="x", needs=("plan", "")).holds(kept, names)
    assert not Remark(text="x", needs=("fee", NOT_KNOWN)).holds(kept, names)
    assert Remark(text="x", needs=("fee", NOT_KNOWN)).holds({("fee", NOT_KNOWN)}, names)


def test_trees_and_frailties_are_refused_in_words():
    spells = pd.DataFrame({"tenure_days": np.arange(1.0, 41), "is_ended": [True] * 19 + [False] * 21, "fee": range(40)})
    with pytest.raises(NotEnoughData, match=r"^Boosting needs at least 20 ends to learn from; found 19\.$"):
        fit_boosting(spells, ["fee"], seed=1)
    owned = spells.assign(customer_id=[str(i) for i in range(40)])
    for variance in (0.0, -1.0):
        words = f"The variance of the frailties must be above 0, not {variance!r}."
        with pytest.raises(ParameterError, match=f"^{re.escape(words)}$"):
            fit_frailty(owned, ["fee"], cluster="customer_id", variance=variance)
    with pytest.raises(
        NotEnoughData, match=r"^A frailty model cannot be worked out here\. No spell with known covariates ended\.$"
    ):
        fit_frailty(owned.assign(is_ended=False), ["fee"], cluster="customer_id")
    single = fit_frailty(owned, ["fee"], cluster="customer_id")
    assert single.notes[-1] == (
        "Only 0 of 40 clusters have several spells: how alike the spells of one are cannot be told, and the ratios are "
        "those without frailty."
    )
    assert single.estimator == "Cox regression with shared gamma frailty, Efron ties"


@pytest.mark.parametrize(
    ("n_gold", "levels", "rare"),
    [
        # 70 of 100 ended: 9.8 ends are expected of 14 rows, 10.5 of 15. One came.
        (14, ("rare values together",), ("gold", "few", "odd")),
        (15, ("gold", "rare values together"), ("few", "odd")),
    ],
)
def test_a_large_group_of_which_hardly_anybody_ended_is_not_put_together_with_rare_ones(n_gold, levels, rare):
    n_big = 100 - n_gold - 8
    names = ["big"] * n_big + ["gold"] * n_gold + ["few"] * 4 + ["odd"] * 4
    ended = np.zeros(100)
    ended[:67] = ended[n_big] = ended[n_big + n_gold] = ended[n_big + n_gold + 4] = 1.0
    (term,) = plan(pd.DataFrame({"plan": names}), ended).terms
    assert (term.levels, term.rare, term.unseen) == (levels, rare, ())
