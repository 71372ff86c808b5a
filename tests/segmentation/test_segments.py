import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.pillars.segmentation import (
    bootstrap_groups,
    choose_inputs,
    grow_rules,
    judge_stability,
    name_groups,
    segment_customers,
)
from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, fit_centres, match_groups
from crm_research.pillars.segmentation.groups import charts
from crm_research.pillars.segmentation.groups import tables as report
from crm_research.pillars.segmentation.groups import words as wording
from crm_research.pillars.segmentation.inputs.choose import scale_robustly
from crm_research.pillars.segmentation.use.holdout import compare_errors, predict, score_quintiles
from tests.builders import a_study, orders


def _two_kinds(n_each=40, n_often=12):
    """Customers who buy dear, often and lately, and customers who bought cheaply, twice and long ago."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(n_each):
        days = rng.choice(160, size=n_often + i % 3, replace=False)
        rows += [
            (f"often{i:02}", f"{pd.Timestamp('2024-01-01') + pd.Timedelta(days=int(d)):%Y-%m-%d}", 90.0 + d % 9)
            for d in days
        ]
        rows.append((f"often{i:02}", f"2024-06-{20 + i % 5}", 92.0))
        rows += [(f"seldom{i:02}", f"2023-0{1 + j}-{1 + i % 27:02}", 8.0 + j + i % 5) for j in range(2)]
        rows.append((f"often{i:02}", f"2024-08-{1 + i % 27:02}", 95.0))
    return orders(*rows)


@pytest.fixture(scope="module")
def two_kinds():
    study = a_study(orders=_two_kinds(), holdout_until="2024-10-01")
    return segment_customers(study, k_max=4, n_bootstraps=20)


def _clouds(n=300, gap=8.0):
    rng = np.random.default_rng(0)
    return np.vstack([rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) + gap])


def test_two_kinds_of_customers_are_told_apart(two_kinds):
    assert two_kinds.found.k == 2
    members = two_kinds.members().assign(kind=lambda frame: frame["customer_id"].str[:5])
    assert members.groupby("kind")["segment"].nunique().tolist() == [1, 1]
    assert two_kinds.found.cards["revenue_share"].sum() == pytest.approx(1)
    assert two_kinds.found.cards["size_share"].sum() == pytest.approx(1)
    assert (two_kinds.found.stability["mean_jaccard"] > 0.9).all()


def test_names_say_what_stands_out(two_kinds):
    best, other = two_kinds.found.cards["segment"]
    assert best != other
    assert any(word in best for word in ("often", "Often", "recent", "Recent", "arge-basket"))


def test_every_figure_has_its_basis(two_kinds):
    figures = report.list_figures(two_kinds)
    ids = {figure.id for figure in figures}
    assert {
        "segmentation.k",
        "segmentation.silhouette",
        "segmentation.jaccard",
        "segmentation.holdout_gain_over_rfm",
    } <= ids
    assert len({(figure.id, figure.group) for figure in figures}) == len(figures)
    assert all(figure.n > 0 and figure.estimator and figure.window for figure in figures)


def test_no_input_looks_past_as_of(two_kinds):
    without_later = segment_customers(a_study(orders=_two_kinds()), k_max=4, n_bootstraps=20)
    frame = _two_kinds()
    known = segment_customers(a_study(orders=frame[frame["ordered_at"] < "2024-07-01"]), k_max=4, n_bootstraps=20)
    assert np.array_equal(two_kinds.found.inputs.scaled, known.found.inputs.scaled)
    assert np.array_equal(without_later.found.labels, known.found.labels)
    assert "no holdout" in wording.answer_segments(without_later)[2]


def test_pictures_and_tables_are_there(two_kinds):
    for name in ("segments", "profiles", "numbers", "stability", "nulls", "holdout"):
        charts.draw(two_kinds, name).figure.draw_without_rendering()
        assert report.describe_picture(two_kinds, name)
    names = ("inputs", "numbers", "cards", "profiles", "stability", "nulls", "borders", "methods")
    for name in (*names, "rules", "holdout", "gains", "later"):
        assert len(report.tabulate(two_kinds, name))


def test_too_few_buyers_are_no_crash_but_a_reason():
    few = segment_customers(a_study(orders=orders(*[(f"c{i}", "2024-01-01", 5.0) for i in range(10)])))
    assert few.found is None
    assert "50" in wording.answer_segments(few)[0]
    assert report.list_figures(few)[0].estimate is None
    assert report.tabulate(few, "cards").empty
    assert charts.draw(few, "segments").figure is not None


def test_customers_who_all_bought_alike_cannot_be_grouped():
    alike = segment_customers(a_study(orders=orders(*[(f"c{i:03}", "2024-01-01", 5.0) for i in range(60)])))
    assert alike.found is None
    assert "alike" in alike.why_not


def test_an_upside_down_range_of_groups_is_refused():
    with pytest.raises(ParameterError, match="k_max"):
        segment_customers(a_study(orders=_two_kinds()), k_min=5, k_max=3)


def test_one_giant_does_not_stretch_the_scale():
    values = np.r_[np.linspace(0, 10, 99), 1e12]
    scaled = scale_robustly(values)
    assert scaled.max() == 3
    assert np.ptp(scaled[:99]) > 1


def test_inputs_that_say_the_same_or_are_hardly_known_are_left_out():
    n = np.arange(1.0, 101)
    customers = pd.DataFrame(
        {
            "customer_id": n.astype(str),
            "spend": n,
            "days_since_last": np.tile([1.0, 50, 9, 70], 25),
            "n_orders": n,
            "n_products": n * 3,
            "cv_gap": np.where(n < 50, np.nan, n),
            "discount_share": 0.0,
        }
    )
    found = choose_inputs(customers)
    assert found.used == ("days_since_last", "n_orders")
    reasons = found.choice.set_index("input")["reason"]
    assert "much the same" in reasons["n_products"]
    assert "not known of 49 %" in reasons["cv_gap"]
    assert "same value" in reasons["discount_share"]


def test_gaps_are_filled_with_the_median_and_counted():
    customers = pd.DataFrame({"customer_id": [str(i) for i in range(100)], "spend": 1.0, "n_orders": np.arange(100.0)})
    customers.loc[:4, "n_orders"] = np.nan
    found = choose_inputs(customers)
    assert found.n_filled == 5
    assert (found.raw["n_orders"].iloc[:5] == 52).all()


def test_nothing_to_group_by_is_said():
    with pytest.raises(NotEnoughData):
        choose_inputs(pd.DataFrame({"customer_id": ["a", "b"], "spend": 1.0, "n_orders": 1.0}))


def test_matching_groups_by_jaccard():
    # {a, b, c} against {a, b} and {c, d}: 2/3 is the better match; {d} against {c, d}: 1/2.
    found = match_groups(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), 2)
    assert found == pytest.approx([2 / 3, 1 / 2])


def test_clear_groups_are_stable_and_a_needless_cut_is_not():
    clear = _clouds()
    two = judge_stability(bootstrap_groups(clear, fit_centres(clear, 2, seed=1), n_bootstraps=20, seed=1))
    three = judge_stability(bootstrap_groups(clear, fit_centres(clear, 3, seed=1), n_bootstraps=20, seed=1))
    assert (two["is"] == "stable").all()
    assert three["mean_jaccard"].min() < two["mean_jaccard"].min()


def test_everybody_is_assigned_to_the_nearest_centre():
    points, centres = _clouds(20), np.array([[0.0, 0.0], [8.0, 8.0]])
    by_hand = np.array([np.argmin([np.hypot(*(point - centre)) for centre in centres]) for point in points])
    assert np.array_equal(assign_nearest(points, centres), by_hand)


def test_rules_of_a_clean_cut_are_faithful():
    raw = pd.DataFrame({"n_orders": np.arange(1.0, 201)})
    rules = grow_rules(
        raw, (raw["n_orders"] > 100).to_numpy().astype(int), {0: "few", 1: "many"}, seed=1, confidence=0.95
    )
    assert float(rules.fidelity.estimate) > 0.97
    assert set(rules.table["rule"]) == {"number of purchases up to 100", "number of purchases from 101"}


def test_names_are_different_even_if_what_stands_out_is_not():
    shift = pd.Series({"n_orders": 1.0, "days_since_last": 0.0})
    assert len(set(name_groups([shift, shift, pd.Series({"n_orders": 0.0, "days_since_last": 0.0})]))) == 3


def test_tied_customers_share_a_quintile():
    customers = pd.DataFrame({"days_since_last": range(10), "n_orders": [1] * 8 + [2, 9], "spend": range(10)})
    scores = score_quintiles(customers)
    assert scores["frequency"].iloc[:8].nunique() == 1
    assert scores["recency"].iloc[0] == 5


def test_an_outcome_is_predicted_from_others_only():
    groups, folds = np.array([0, 0, 0, 1, 1, 1, 2]), np.array([0, 1, 2, 0, 1, 2, 0])
    actual = np.array([10.0, 12.0, 11.0, 90.0, 95.0, 92.0, 7.0])
    predicted = predict(groups, actual, folds).expected
    # The last is alone in his group: the mean of all of the other folds.
    assert predicted[6] == pytest.approx(actual[folds != 0].mean())
    assert (predicted[:3] < 15).all()
    changed = predict(groups, np.r_[1e6, actual[1:]], folds).expected
    assert changed[[0, 3, 6]].tolist() == predicted[[0, 3, 6]].tolist()


def test_a_gain_over_the_same_errors_is_nought():
    actual, folds = np.array([1.0, 4.0, 9.0, 2.0]), np.array([0, 1, 0, 1])
    own, none = predict(np.array([0, 0, 1, 1]), actual, folds), predict(np.zeros(4, dtype=np.int64), actual, folds)
    assert compare_errors(own, own, none, confidence=0.95).estimate == 0
