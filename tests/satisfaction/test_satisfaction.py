"""What the satisfaction page says of answers written by hand and of worlds whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import ParameterError
from crm_research.features.answers import read_survey
from crm_research.pillars import satisfaction
from crm_research.pillars.satisfaction import cautions, charts, conviction_charts, figures, structure_charts, words
from crm_research.pillars.satisfaction.importance import rate_drivers
from crm_research.pillars.satisfaction.means import compare_waves, mean_interval, top_box
from crm_research.theme import chart_style
from tests.builders import a_study, contracts, orders

COLUMNS = ["response_id", "customer_id", "asked_at", "item", "score", "scale_min", "scale_max"]
DRAWINGS = (
    charts.draw_means, charts.draw_spread, charts.draw_trend, charts.draw_matrix, charts.draw_paths,
    charts.draw_response, conviction_charts.draw_groups, conviction_charts.draw_later, structure_charts.draw_map,
)  # fmt: skip
SECTIONS = (
    "survey", "means", "promoters", "priorities", "structure", "map", "groups", "response", "conviction",
)  # fmt: skip
FIGURES = (
    figures.key_figures, figures.item_figures, figures.importance_figures, figures.path_figures,
    figures.conviction_figures, figures.corrected_figures, figures.map_figures,
)  # fmt: skip


def long_form(wide: pd.DataFrame, at: str, scales: dict[str, tuple[float, float]] | None = None, *, wave: str = "w"):
    """Answers of one wave from one row a customer (index: customer_id, or None)."""
    rows = [
        (f"{wave}{place}", customer, at, item, score, *(scales or {}).get(item, (1, 7)))
        for place, (customer, answers) in enumerate(wide.iterrows())
        for item, score in answers.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def a_world(n=500, *, seed=1, holdout=True):
    """Customers whose satisfaction comes from speed (mostly) and price, and who leave and buy by their attitude."""
    rng = np.random.default_rng(seed)
    speed, price, rest, own = rng.standard_normal((4, n))
    content = 0.7 * speed + 0.2 * price + np.sqrt(1 - 0.53) * rest
    attitude = 0.6 * content + 0.8 * own

    def ask(trait):
        return np.clip(np.rint(4 + 1.2 * (0.85 * trait + 0.53 * rng.standard_normal(n))), 1, 7)

    traits = {"speed": speed, "price": price, "satisfaction": content, "loyalty": attitude}
    wide = pd.DataFrame({f"{name}_{i}": ask(trait) for name, trait in traits.items() for i in (1, 2, 3)})
    wide["recommend"] = np.clip(np.rint(7 + 2 * (0.8 * attitude + 0.6 * rng.standard_normal(n))), 0, 10)
    wide.index = [f"c{i:04}" for i in range(n)]
    rate = np.exp(0.5 * attitude + 0.5 * rng.standard_normal(n)) * 3
    first = pd.Timestamp("2022-06-01")
    bought = [
        (customer, (first + pd.Timedelta(hours=round(24 * day))).isoformat(), 10.0)
        for customer, many in zip(wide.index, rng.poisson(rate * 2.5), strict=True)
        for day in [0.0, *np.sort(rng.uniform(1, 912, many))]
    ]
    gone = rng.random(n) < 1 / (1 + np.exp(1 + attitude))
    held = contracts(
        *[(c, "2022-06-01", "2024-09-01" if g else None, None) for c, g in zip(wide.index, gone, strict=True)]
    )
    asked = long_form(wide, "2024-05-10", {"recommend": (0, 10)})
    return a_study(
        as_of="2024-07-01", holdout_until="2024-12-01" if holdout else None, surveys=asked,
        orders=orders(*bought), contracts=held,
        customers=pd.DataFrame({"customer_id": [f"c{i:04}" for i in range(n + 300)]}),
    )  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return satisfaction.describe_satisfaction(a_world(), n_bootstraps=100)


@pytest.mark.parametrize(
    ("counts", "lower", "upper"),
    # By the formula of Rocks (2016) with three added answers, worked by hand.
    [((60, 25, 15), 29.34, 58.04), ((12, 0, 0), 54.20, 100.0)],
)
def test_net_promoter_score_by_hand(counts, lower, upper):
    found = satisfaction.net_score(*counts)
    n = sum(counts) + 3
    up, down = (counts[0] + 0.75) / n, (counts[2] + 0.75) / n
    half = 1.959964 * np.sqrt((up + down - (up - down) ** 2) / n)
    assert float(found.estimate) == pytest.approx(100 * (counts[0] - counts[2]) / sum(counts))
    assert float(found.lower) == pytest.approx(100 * (up - down - half))
    assert float(found.upper) == pytest.approx(max(min(100 * (up - down + half), 100), float(found.estimate)))
    assert (float(found.lower), float(found.upper)) == pytest.approx((lower, upper), abs=0.02)


def test_net_promoter_interval_covers():
    rng = np.random.default_rng(2)
    truth = 100 * (0.5 - 0.2)
    hits = 0
    for drawn in rng.multinomial(40, [0.5, 0.3, 0.2], size=2000):
        found = satisfaction.net_score(*drawn)
        hits += float(found.lower) <= truth <= float(found.upper)
    assert 0.93 < hits / 2000 < 0.975


def test_means_have_students_interval_and_keep_a_width_where_all_answer_alike():
    values = np.array([1.0, 4.0, 5.0, 7.0, 3.0])
    low, high = stats.t.interval(0.95, 4, loc=values.mean(), scale=stats.sem(values))
    found = mean_interval(values, 1, 7, 0.95)
    assert (float(found.lower), float(found.upper)) == pytest.approx((max(low, 1), min(high, 7)))
    alike = mean_interval(np.full(12, 10.0), 0, 10, 0.95)
    assert float(alike.upper) == 10
    assert 7 < float(alike.lower) < 7.5  # 1 - 0.025 ** (1 / 12) could have answered 0
    assert np.isnan(mean_interval(np.array([]), 0, 10, 0.95).estimate)


def test_two_waves_of_the_same_customers_are_the_paired_comparison():
    rng = np.random.default_rng(4)
    first = pd.Series(rng.normal(4, 1, 60))
    last = first + rng.normal(0.2, 0.5, 60)
    ids = pd.Series([f"c{i}" for i in range(60)])
    found = compare_waves(first, last, ids, ids, 0.95)
    test = stats.ttest_rel(last, first)
    assert found["p_value"] == pytest.approx(test.pvalue)
    assert (found["lower"], found["upper"]) == pytest.approx(tuple(test.confidence_interval(0.95)))


def test_two_waves_of_other_customers_are_welchs_comparison():
    rng = np.random.default_rng(5)
    first, last = pd.Series(rng.normal(4, 1, 50)), pd.Series(rng.normal(4.4, 2, 80))
    none = pd.Series([None] * 80, dtype=object)
    found = compare_waves(first, last, none[:50], none, 0.95)
    assert found["n_both"] == 0
    assert found["p_value"] == pytest.approx(stats.ttest_ind(last, first, equal_var=False).pvalue)


@pytest.mark.parametrize(("scale", "least"), [((1, 5), 5), ((1, 7), 6), ((0, 10), 9), ((0, 100), 90)])
def test_top_box_is_a_stated_convention(scale, least):
    assert top_box(*scale)[0] == least


def test_roles_are_read_from_names():
    names = [
        "service_quality_1",
        "service_quality_2",
        "满意度1",
        "满意度2",
        "忠诚1",
        "nps",
        "importance_speed",
        "speed",
    ]
    names += ["expected_price", "price"]
    wide = pd.DataFrame([[5.0] * len(names)], columns=names, index=["a"])
    survey = read_survey(a_study(surveys=long_form(wide, "2024-05-01", {"nps": (0, 10)})))
    roles = satisfaction.assign_roles(survey)
    assert roles.recommend == "nps"
    assert roles.constructs["service_quality"] == ("service_quality_1", "service_quality_2")
    assert roles.role_of["满意度"] == "satisfaction"
    assert roles.role_of["忠诚"] == "loyalty"
    assert ("service_quality", "满意度") in roles.paths
    assert ("满意度", "忠诚") in roles.paths
    assert roles.stated == {"speed": "importance_speed"}
    assert roles.pairs == {"expected_price": "price"}


@pytest.mark.parametrize(
    ("item", "role"),
    [
        ("LOY_again", "loyalty"), ("Q7_switch", "defection"), ("brand_loyalty", "loyalty"), ("buyAgain", "loyalty"),
        ("repurchase_intent", "loyalty"), ("word_of_mouth", "loyalty"), ("intention_to_leave", "defection"),
        ("SAT_overall", "satisfaction"), ("SAT_service", "quality"), ("complaints", "complaints"), ("复购", "loyalty"),
        ("loyalty_card", "quality"), ("switching_costs", "quality"), ("employees", "quality"), ("brand", "image"),
        ("switchboard", "quality"), ("product_defects", "quality"), ("renewal_process", "quality"),
    ],
)  # fmt: skip
def test_outcomes_are_known_by_their_names_and_never_ranked_as_drivers(item, role):
    wide = pd.DataFrame([[5.0, 4.0], [3.0, 2.0]], columns=[item, "speed"], index=["a", "b"])
    survey = read_survey(a_study(surveys=long_form(wide, "2024-05-01")))
    roles = satisfaction.assign_roles(survey)
    assert roles.role_of[item] == role
    is_driver = role in ("quality", "image")
    assert (item in rate_drivers(survey, roles, 0)[1]) == is_driver
    assert item not in roles.items_with_role("loyalty") or role == "loyalty"


@pytest.mark.parametrize(
    "given",
    [{"recommend": "speed_1"}, {"recommend": "nothing"}, {"constructs": {"a": ["x"]}}, {"paths": [["speed", "y"]]},
     {"pairs": {"x": "speed_1"}}, {"constructs": {}}, {"paths": ["speed"]}],
)  # fmt: skip
def test_names_that_do_not_exist_are_refused(given):
    with pytest.raises(ParameterError):
        satisfaction.assign_roles(read_survey(a_world(40)), **given)


def ranked(world, rows):
    columns = ["driver", "importance", "importance_lower", "importance_upper"]
    table = pd.DataFrame(rows, columns=columns).assign(quadrant="matters more, rated higher", is_sure=False)
    return replace(world, priorities=replace(world.priorities, table=table, lines=(1 / len(rows), 50.0)))


def test_the_sentence_names_the_first_of_the_table(world):
    close = ranked(
        world, [("service", 0.4, 0.2, 0.5), ("quality", 0.38, 0.3, 0.48), *[(c, 0.1, 0, 0.2) for c in "abc"]]
    )
    said = words.priority_finding(close)
    # The first is not surely above the mean share of 0.2; the second is, and must not stand alone.
    assert "above all service and quality (78 %" in said
    assert "which comes first is open" in said
    clear = ranked(world, [("service", 0.6, 0.5, 0.7), *[(c, 0.1, 0, 0.2) for c in "abcd"]])
    assert "above all service (60 % of what the 5 things asked for explain)" in words.priority_finding(clear)
    none = ranked(world, [(c, 0.2, 0.1, 0.3) for c in "abcde"])
    assert words.priority_finding(none) == (
        "Nothing that was asked about stands out as what matters most for satisfaction: all 5 things together explain "
        "35 % of it."
    )


def test_the_page_says_what_counts_as_an_outcome_and_how_to_change_it(world):
    note = cautions.drivers_note(world)
    assert "satisfaction_1" in note
    assert "recommend" in note
    assert "speed_1" not in note
    assert "parameter constructs" in note


def test_the_drivers_truth_is_recovered(world):
    assert world.priorities.model is not None
    share = world.priorities.table.set_index("driver")["importance"]
    assert share.filter(like="speed").sum() > 0.8
    assert world.priorities.target == "satisfaction"
    paths = world.structure.paths.paths.set_index(["source", "target"])
    assert paths.loc[("speed", "satisfaction"), "lower"] > paths.loc[("price", "satisfaction"), "upper"]
    assert set(world.structure.scales["coefficient"]) == {"alpha", "rho_a", "rho_c", "ave"}


def test_conviction_shows_in_what_customers_do(world):
    groups = world.conviction.groups
    assert groups.correlation_lower > 0.2
    gaps = world.conviction.contrasts.set_index("outcome")
    assert gaps.loc["ended a contract", "upper"] < 0
    assert "go together" in words.conviction_finding(world)
    assert groups.shares["share"].iloc[0] > groups.shares["share"].iloc[2]


@pytest.mark.slow
def test_the_later_record_is_read_for_the_holdout_only():
    study = a_world(200, holdout=True)
    one = satisfaction.describe_satisfaction(study, n_bootstraps=100)
    other = satisfaction.describe_satisfaction(a_world(200, holdout=False), n_bootstraps=100)
    pd.testing.assert_frame_equal(one.conviction.groups.shares, other.conviction.groups.shares)
    assert other.conviction.later.empty


def test_weights_mend_what_the_attributes_tell():
    rng = np.random.default_rng(7)
    n = 4000
    young = rng.random(n) < 0.5
    score = np.clip(np.rint(np.where(young, 3.0, 5.0) + rng.normal(0, 1, n)), 1, 7)
    answers = rng.random(n) < np.where(young, 0.05, 0.25)
    ids = np.array([f"c{i}" for i in range(n)])
    wide = pd.DataFrame({"satisfaction": score[answers]}, index=ids[answers])
    people = pd.DataFrame({"customer_id": ids, "age_group": np.where(young, "young", "old")})
    study = a_study(
        surveys=long_form(wide, "2024-05-01"), customers=people, attributes={"customers": {"age_group": "category"}}
    )
    found = satisfaction.describe_satisfaction(study, n_bootstraps=100)
    row = found.response.moves.set_index("item").loc["satisfaction"]
    assert abs(row["weighted"] - score.mean()) < 0.5 * abs(row["plain"] - score.mean())
    assert row["upper"] < 0
    assert found.response.discrimination_lower > 0.6
    assert found.response.n_effective < found.response.n_answered
    assert "moves satisfaction" in words.response_finding(found)


def test_faults_of_the_answers_are_named():
    rng = np.random.default_rng(3)
    one = rng.integers(1, 8, 60).astype(float)
    wide = pd.DataFrame({"speed_1": one, "speed_2": np.clip(one + rng.integers(-1, 2, 60), 1, 7)}, index=[None] * 60)
    wide["speed_3"] = 8 - one
    wide.iloc[:5, 0] = -99
    found = satisfaction.describe_satisfaction(a_study(surveys=long_form(wide, "2024-05-01")), n_bootstraps=100)
    said = " ".join(text for text, _ in cautions.survey_notes(found))
    assert "speed_1 (5)" in said
    assert "speed_3 runs against the other items of its construct" in said


def test_a_scale_turned_round_between_waves_is_named():
    rng = np.random.default_rng(9)
    one = rng.integers(1, 8, 60).astype(float)
    noisy = [np.clip(one + rng.integers(-1, 2, 60), 1, 7) for _ in range(3)]
    wide = pd.DataFrame({f"speed_{i + 1}": answers for i, answers in enumerate(noisy)}, index=[None] * 60)
    turned = wide.assign(speed_2=8 - wide["speed_2"])
    both = pd.concat([long_form(wide, "2023-05-01", wave="v"), long_form(turned, "2024-05-01")])
    found = satisfaction.describe_satisfaction(a_study(surveys=both), n_bootstraps=100)
    assert cautions.turned_between_waves(found) == ["speed_2"]
    assert any("speed_2 went with" in text for text, _ in cautions.survey_notes(found))


def asked_once(score, n=12, item="recommend", customers=False):
    ids = [f"客户{i}" if customers else None for i in range(n)]
    return long_form(pd.DataFrame({item: [score] * n}, index=ids), "2024-05-01", {item: (0, 10)})


THIN = {
    "no answer": {"surveys": asked_once(5).iloc[:0]},
    "one answer": {"surveys": asked_once(5, n=1)},
    "all tens": {"surveys": asked_once(10)},
    "all missing": {"surveys": asked_once(None)},
    "one point scale": {"surveys": asked_once(3).assign(scale_min=3, scale_max=3)},
    "named customers without orders": {"surveys": asked_once(4, n=40, customers=True)},
    "customers who never bought": {
        "surveys": asked_once(4, n=40, customers=True), "orders": orders(("x", "2024-01-01", 1.0))
    },
    "huge scale": {"surveys": asked_once(5e11, item="worth").assign(scale_max=1e12)},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", THIN)
def test_thin_records_give_a_whole_page(case):
    study = a_study(as_of="2024-07-01", holdout_until="2024-08-01", **THIN[case])
    _all_of(satisfaction.describe_satisfaction(study, n_bootstraps=100))


@pytest.mark.slow
def test_a_full_record_gives_a_whole_page(world):
    _all_of(world)
    ids = {figure.id for make in FIGURES for figure in make(world)}
    assert ids == {
        "satisfaction.level", "satisfaction.nps", "satisfaction.item_mean", "satisfaction.importance",
        "satisfaction.path", "satisfaction.r2",
        "loyalty.dick_basu_share", "satisfaction.path_corrected", "satisfaction.map_importance",
    }  # fmt: skip
    page = (Path(__file__).parents[2] / "docs" / "methods" / "satisfaction.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in ids)


def _all_of(found):
    assert 1 <= len(words.answer(found)) <= 3
    for make in FIGURES:
        for figure in make(found):
            figure.as_record()
    for draw in DRAWINGS:
        with chart_style():
            draw(found).figure.savefig(BytesIO(), format="svg")
    page = satisfaction.SatisfactionPage(None)
    page.result = found
    for name in ("answer", *SECTIONS):
        section = getattr(page, name)
        assert section.parts, name
        assert section._repr_html_()


def test_the_survey_tells_nothing_of_what_came_later():
    late = long_form(
        pd.DataFrame({"recommend": [0.0] * 30}, index=[None] * 30), "2024-09-01", {"recommend": (0, 10)}, wave="z"
    )
    both = pd.concat([asked_once(10), late], ignore_index=True)
    found = satisfaction.describe_satisfaction(a_study(as_of="2024-07-01", surveys=both), n_bootstraps=100)
    assert found.promoters.latest["nps"] == 100
