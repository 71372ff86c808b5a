from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import ParameterError
from crm_research.pillars.segmentation import segment_customers
from crm_research.pillars.segmentation.deployment.trend import trace_segments
from crm_research.pillars.segmentation.describe.descriptors import correct_v, describe_members
from crm_research.pillars.segmentation.describe.map import map_segments
from crm_research.pillars.segmentation.describe.measure import (
    compare_means,
    compare_ratio,
    find_typical,
    measure_profiles,
    say_profile,
)
from crm_research.pillars.segmentation.describe.naming import find_unmatched, rename_segments
from crm_research.pillars.segmentation.describe.rules import grow_rules
from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest
from crm_research.pillars.segmentation.groups.page import rfm_section, use_section, who_section, worth_parts
from crm_research.pillars.segmentation.use.scoreboard import FAILED, PASSED, UNKNOWN, judge_use, say_use
from crm_research.pillars.segmentation.use.treatment import (
    COSTLY,
    SMALL,
    STANDARD,
    STRATEGIC,
    class_by_value,
    find_unused,
    measure_value,
    name_service,
    plan_treatment,
)
from crm_research.show import Section
from tests.builders import a_study, orders


def _frame(n_each=60):
    rng = np.random.default_rng(3)
    rows, channels = [], []
    for i in range(n_each):
        for _ in range(10 + i % 4):
            day = pd.Timestamp("2024-06-30") - pd.Timedelta(days=int(rng.integers(0, 150)))
            rows.append((f"常客{i:02}", f"{day:%Y-%m-%d}", 80.0 + float(rng.integers(0, 20))))
            channels.append("store")
        for day in ("2023-03-0", "2023-05-1"):
            rows.append((f"seldom{i:02}", f"{day}{i % 8 + 1}", 9.0 + i % 5))
            channels.append("web" if i % 3 else "store")
        rows.append((f"常客{i:02}", f"2024-08-{1 + i % 27:02}", 90.0))
        channels.append("store")
    return orders(*rows, channel=channels)


@pytest.fixture(scope="module")
def study():
    frame = _frame()
    ids = sorted(frame["customer_id"].unique())
    people = pd.DataFrame(
        {
            "customer_id": ids,
            "region": ["north" if name.startswith("s") else "south" for name in ids],
            "lucky": np.random.default_rng(1).normal(size=len(ids)),
        }
    )
    attributes = {"customers": {"region": "category", "lucky": "number"}}
    return a_study(orders=frame, customers=people, attributes=attributes, holdout_until="2024-10-01")


@pytest.fixture(scope="module")
def segments(study):
    return segment_customers(study, k_max=3, n_bootstraps=20)


def test_a_standardised_difference_is_hedges_g():
    # Means 5 and 3, both variances 2.5: g = 2 / sqrt(2.5) * (1 - 3 / 31).
    members, others = np.array([3.0, 4, 5, 6, 7]), np.array([1.0, 2, 3, 4, 5])
    found = compare_means(members, others)
    g = 2 / np.sqrt(2.5) * (1 - 3 / 31)
    assert float(found.estimate) == pytest.approx(g)
    assert float(found.upper) == pytest.approx(g + 1.959964 * np.sqrt(10 / 25 + g**2 / 20))


def test_a_ratio_of_means_has_the_delta_interval():
    members, others = np.array([8.0, 10, 12]), np.array([4.0, 5, 6])
    found = compare_ratio(members, others)
    error = np.sqrt(4 / (3 * 100) + 1 / (3 * 25))
    assert float(found.estimate) == pytest.approx(2)
    assert float(found.lower) == pytest.approx(2 / np.exp(1.959964 * error))


@pytest.mark.parametrize("values", [np.array([]), np.array([1.0]), np.full(5, 2.0)])
def test_groups_without_spread_have_no_effect(values):
    assert np.isnan(compare_means(values, np.full(5, 2.0)).estimate)


def test_intervals_of_effects_and_ratios_cover():
    rng = np.random.default_rng(11)
    n_effect = n_ratio = 0
    for _ in range(600):
        one, other = rng.gamma(4, 3, size=60), rng.gamma(4, 2, size=90)
        ratio = compare_ratio(one, other)
        n_ratio += float(ratio.lower) <= 1.5 <= float(ratio.upper)
        effect = compare_means(rng.normal(0.8, 1, 40), rng.normal(0, 1, 70))
        n_effect += float(effect.lower) <= 0.8 <= float(effect.upper)
    assert n_effect / 600 == pytest.approx(0.95, abs=0.03)
    assert n_ratio / 600 == pytest.approx(0.95, abs=0.03)


def test_profiles_say_who_bought_lately(segments):
    best = segments.found.cards["segment"][0]
    profiles = measure_profiles(segments.found)
    row = profiles[(profiles["segment"] == best) & (profiles["input"] == "days_since_last")].iloc[0]
    days = segments.found.inputs.raw["days_since_last"]
    is_best = segments.members()["segment"] == best
    assert row["upper"] < -0.5
    assert row["ratio"] == pytest.approx(days[is_best].mean() / days[~is_best].mean())
    assert row["median_others"] == pytest.approx(days[~is_best].median())
    said = say_profile(profiles, best)
    is_other = ~is_best
    assert f"days since the last purchase {days[is_best].median():.3g} (others {days[is_other].median():,.3g})" in said


def test_the_typical_customer_is_the_medoid(segments):
    found = segments.found
    typical = find_typical(found).set_index("segment")
    for card in found.cards.to_dict("records"):
        members = np.flatnonzero(found.labels == card["group"])
        points = found.inputs.scaled[members]
        squares = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=(1, 2))
        medoids = set(found.inputs.customers["customer_id"].iloc[members[np.isclose(squares, squares.min())]])
        assert typical.loc[card["segment"], "customer_id"] in medoids


def test_cramers_v_is_corrected_for_bias():
    # Bergsma (2013): phi^2 less (r - 1)(c - 1) / (n - 1), over sizes shrunk alike; a 2 by 2 table of 30, 10, 10, 30.
    table = np.array([[30, 10], [10, 30]])
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    phi = chi2 / 80 - 1 / 79
    assert correct_v(chi2, 80, 2, 2) == pytest.approx(np.sqrt(phi / (1 - 1 / 79)))
    assert correct_v(0.5, 80, 2, 2) == 0


def test_descriptors_find_what_differs_and_not_what_does_not(study, segments):
    found = describe_members(study, segments.found)
    tests = found.tests.set_index("descriptor")
    members = segments.members().assign(is_north=lambda frame: frame["customer_id"].str.startswith("s"))
    table = pd.crosstab(members["segment"], members["is_north"])
    assert tests.loc["region", "p_value"] == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    assert tests.loc["region", "effect"] > 0.9
    assert tests.loc["lucky", "p_adjusted"] > 0.05
    assert tests.loc["channel", "p_adjusted"] < 0.05
    north = found.levels[(found.levels["level"] == "north")].set_index("segment")
    assert sorted(north["share"]) == [0, 1]


def test_descriptors_that_made_the_segments_are_left_out(study, segments):
    inputs = replace(segments.found.inputs, used=(*segments.found.inputs.used[:-1], "region north"))
    found = describe_members(study, replace(segments.found, inputs=inputs))
    assert "region" not in set(found.tests["descriptor"])


def test_a_trend_places_customers_by_the_same_centres(study, segments):
    trend = trace_segments(study, segments, months_back=3)
    known = _frame()[lambda frame: pd.to_datetime(frame["ordered_at"]) <= trend.then_at]
    assert trend.segments["n_then"].sum() == known["customer_id"].nunique() == trend.n_both
    assert trend.segments["n_now"].sum() == 120
    assert trend.segments["size_share_then"].sum() == pytest.approx(1)
    now = trace_segments(study, segments, months_back=1e-9)
    assert now.segments["n_then"].tolist() == segments.found.cards["n_customers"].tolist()
    assert (now.segments["change_share"] == 0).all()


def test_the_map_is_that_of_principal_components(segments):
    from sklearn.decomposition import PCA

    seen = map_segments(segments.found)
    own = PCA(2).fit(segments.found.inputs.scaled)
    assert seen.axes["share"].to_numpy() == pytest.approx(own.explained_variance_ratio_)
    flat = own.transform(segments.found.inputs.scaled)
    distances = np.hypot(
        *(flat[segments.found.labels == 0].mean(axis=0) - flat[segments.found.labels == 1].mean(axis=0))
    )
    gaps = seen.centres[["x", "y"]].diff().iloc[1]
    if segments.found.k == 2:
        assert np.hypot(*gaps) == pytest.approx(distances)
    assert 0 <= seen.placed_share <= 1


def test_discriminants_are_those_of_fisher(segments):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    points, labels = np.random.default_rng(0).normal(size=(300, 4)), np.repeat([0, 1, 2], 100)
    points[labels == 1, 0] += 3
    points[labels == 2, 1] += 2
    found = segments.found
    cards = pd.DataFrame({"group": [0, 1, 2], "segment": ["a", "b", "c"]})
    inputs = replace(found.inputs, scaled=points, used=("n_orders", "cv_gap", "n_products", "n_categories"))
    seen = map_segments(replace(found, inputs=inputs, labels=labels, cards=cards), method="discriminants")
    own = LinearDiscriminantAnalysis(solver="eigen").fit(points, labels)
    assert seen.axes["share"].to_numpy() == pytest.approx(own.explained_variance_ratio_[:2], abs=1e-3)
    assert seen.placed_share > 0.8


def test_one_input_gives_a_map_of_one_direction(segments):
    found = segments.found
    line = replace(found, inputs=replace(found.inputs, scaled=found.inputs.scaled[:, :1], used=found.inputs.used[:1]))
    seen = map_segments(line)
    assert seen.axes["share"].tolist() == [1, 0]
    assert (seen.points["y"] == 0).all()
    with pytest.raises(ParameterError, match="method"):
        map_segments(line, method="tsne")


def test_customers_nearest_to_their_own_middle_are_counted_as_placed(segments):
    seen = map_segments(segments.found)
    names = list(seen.centres["segment"])
    nearest = assign_nearest(seen.points[["x", "y"]].to_numpy(), seen.centres[["x", "y"]].to_numpy())
    # The sample is of everybody here, so the share is a plain one.
    plain = np.mean([names[place] == own for place, own in zip(nearest, seen.points["segment"], strict=True)])
    assert seen.placed_share == pytest.approx(plain)


def test_the_five_tests_of_use(study, segments):
    board = judge_use(segments.found, describe_members(study, segments.found)).tests.set_index("test")
    assert list(board.index) == ["measurable", "substantial", "accessible", "differentiable", "actionable"]
    assert board.loc["substantial", "result"] == PASSED
    assert board.loc["accessible", "result"] == PASSED
    assert board.loc["differentiable", "result"] == PASSED
    blind = judge_use(replace(segments.found, holdout=None))
    assert blind.tests.set_index("test").loc[["accessible", "differentiable"], "result"].tolist() == [UNKNOWN] * 2
    tiny = segments.found.cards.assign(size_share=[0.99, 0.01], revenue_share=[0.99, 0.01])
    assert judge_use(replace(segments.found, cards=tiny)).tests.set_index("test").loc["substantial", "result"] == FAILED
    assert "not known" in say_use(blind)


def test_classes_of_value():
    values = np.arange(1.0, 11)
    assert class_by_value(values, has_costs=False).tolist() == [SMALL] * 2 + [STANDARD] * 6 + [STRATEGIC] * 2
    with_costs = class_by_value(values - 3, has_costs=True).tolist()
    assert with_costs == [COSTLY] * 3 + [STANDARD] * 5 + [STRATEGIC] * 2
    assert class_by_value(np.full(4, 7.0), has_costs=False).tolist() == [STANDARD] * 4
    assert class_by_value(np.array([]), has_costs=True).tolist() == []


def test_value_takes_costs_of_goods_and_contacts_and_gives_back_those_of_returns():
    frame = orders(("a", "2024-01-01", 100.0), ("a", "2024-02-01", -20.0), ("b", "2024-01-01", 10.0)).assign(
        cost=[60.0, 12.0, 4.0], kind=["sale", "return", "sale"]
    )
    calls = pd.DataFrame(
        {"contact_id": ["k"], "customer_id": ["b"], "opened_at": ["2024-03-01"], "kind": ["enquiry"], "cost": [9.0]}
    )
    table, basis, has_costs = measure_value(a_study(orders=frame, contacts=calls))
    values = table.to_pandas().set_index("customer_id")["value"]
    assert has_costs
    assert "contacts" in basis
    assert values["a"] == pytest.approx(100 - 60 - 20 + 12)
    assert values["b"] == pytest.approx(10 - 4 - 9)
    half = frame.assign(cost=[60.0, None, None])
    assert not measure_value(a_study(orders=half))[2]


def test_the_narrowest_entry_of_a_policy_stands(study, segments):
    name = segments.found.cards["segment"][0]
    policy = {STRATEGIC: "a call", name: "a letter", f"{name} / {STRATEGIC}": "a visit"}
    assert name_service(name, STRATEGIC, policy) == ("a visit", False)
    assert name_service(name, STANDARD, policy) == ("a letter", False)
    assert name_service("others", STRATEGIC, policy) == ("a call", False)
    assert name_service("others", SMALL, policy)[1]
    plan = plan_treatment(study, segments, policy)
    assert plan.cells["n_customers"].sum() == 120
    assert plan.cells["value_share"].sum() == pytest.approx(1)
    assert plan.cells.loc[plan.cells["segment"] == name, "is_suggested"].eq(False).all()
    assert find_unused(policy | {"nobody": "x"}, list(segments.found.cards["segment"])) == ["nobody"]


def test_segments_bear_the_names_of_the_study(study, segments):
    suggested = list(segments.found.cards["segment"])
    renamed = rename_segments(segments, {suggested[0]: "常客", "unheard of": "x"})
    assert list(renamed.found.cards["segment"]) == ["常客", suggested[1]]
    assert "常客" in set(renamed.found.stability["segment"])
    assert suggested[0] not in set(renamed.found.rules.table["segment"])
    assert find_unmatched(renamed, {suggested[0]: "常客", "unheard of": "x"}) == ["unheard of"]
    by_file = segment_customers(replace(study, segment_names={suggested[0]: "常客"}), k_max=3, n_bootstraps=20)
    assert list(by_file.found.cards["segment"]) == ["常客", suggested[1]]
    with pytest.raises(ParameterError, match="both be called"):
        rename_segments(segments, {suggested[0]: suggested[1]})


def test_the_page_shows_everything(study, segments):
    rfm, who = rfm_section(study), who_section(study, segments)
    use = use_section(study, segments, who.result)
    assert (rfm.result.n, use.result.n) == (120, 120)
    printed = "\n".join(map(repr, (rfm, who, Section(*worth_parts(segments)), use)))
    for words in ("Champions", "typical customer", "Five tests of use", "Which service", "region", "[picture"):
        assert words in printed
    assert "nan" not in printed.lower().replace("financ", "")


def test_the_page_says_why_there_is_nothing():
    few = a_study(orders=orders(("a", "2024-01-01", 5.0)))
    nothing = segment_customers(few)
    for section in (who_section(few, nothing), use_section(few, nothing), Section(*worth_parts(nothing))):
        assert section.result is None
        assert repr(section) == f"Note: {nothing.why_not}"
    assert "50" in nothing.why_not
    assert rfm_section(a_study(orders=orders(("a", "2025-01-01", 5.0)))).result is None


def test_rules_say_shares_in_percent_and_how_much_of_a_segment_they_find():
    raw = pd.DataFrame({"discount_share": np.r_[np.linspace(0, 0.2, 100), np.linspace(0.3, 0.9, 100)]})
    rules = grow_rules(raw, np.repeat([0, 1], 100), {0: "full price", 1: "bargains"}, seed=1, confidence=0.95)
    assert set(rules.table["rule"]) == {
        "discount on the full price up to 25 %",
        "discount on the full price over 25 %",
    }
    assert rules.table["coverage_share"].tolist() == [1, 1]
    counts = pd.DataFrame({"n_orders": np.repeat([1.0, 2.0, 3.0], 50)})
    exact = grow_rules(counts, np.repeat([0, 1, 0], 50), {0: "others", 1: "twice"}, seed=1, confidence=0.95).table
    assert "number of purchases 2" in set(exact["rule"])


def test_segments_by_something_else_than_purchases_cannot_be_traced(study, segments):
    found = segments.found
    customers = found.inputs.customers.assign(age=found.inputs.scaled[:, 0])
    inputs = replace(found.inputs, customers=customers, scaled=found.inputs.scaled[:, :1], used=("age",))
    inputs = replace(inputs, choice=inputs.choice.assign(input="age").head(1))
    centres = found.centres[:, :1]
    labels = assign_nearest(inputs.scaled, centres)
    strange = replace(segments, found=replace(found, inputs=inputs, centres=centres, labels=labels))
    with pytest.raises(ParameterError, match="age"):
        trace_segments(study, strange)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_the_page_stands_where_no_money_came_in(factor):
    rng = np.random.default_rng(0)
    rows = [(f"c{i}", f"2024-0{1 + i % 6}-10", factor * float(rng.gamma(1, 50))) for i in range(80)]
    study = a_study(orders=orders(*rows))
    segments = segment_customers(study, k_max=2, n_bootstraps=20)
    who = who_section(study, segments)
    for section in (rfm_section(study), who, use_section(study, segments, who.result)):
        assert section.parts
        assert "nan" not in repr(section).lower()
