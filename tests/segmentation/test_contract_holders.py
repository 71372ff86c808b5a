"""Segments of customers who buy nothing on record: contracts, attributes, answers and usage alone."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from matplotlib.text import Text

from crm_research import open_study
from crm_research.errors import LeakageError, NotEnoughData, ParameterError
from crm_research.pillars.segmentation.deployment.assign import assign_customers
from crm_research.pillars.segmentation.deployment.save import keep_segmentation
from crm_research.pillars.segmentation.deployment.saved import as_text, read_record
from crm_research.pillars.segmentation.groups import leaving_words as words
from crm_research.pillars.segmentation.groups.alternative import alternative_section, say_alternative
from crm_research.pillars.segmentation.groups.leaving_charts import draw_leaving
from crm_research.pillars.segmentation.groups.words import answer_segments, note_segments, say_groups
from crm_research.pillars.segmentation.inputs.base import BUYERS, EVERYBODY, HOLDERS, RUNNING, WORTH, choose_base
from crm_research.pillars.segmentation.inputs.choose import build_inputs
from crm_research.pillars.segmentation.inputs.purposes import choose_purpose, offer_inputs
from crm_research.pillars.segmentation.result import find_alternative, segment_customers
from crm_research.pillars.segmentation.use.leaving import check_leaving
from crm_research.pillars.segmentation.use.scoreboard import judge_use
from crm_research.pillars.segmentation.use.treatment import plan_treatment
from tests.builders import a_study, contracts, orders

_PLANS = ("basic", "plus", "gold")


def a_company(n=240, *, seed=1, holdout_until=None, leaves=(0.5, 0.1), **more):
    """Contracts of three plans; half of the customers pay about 10 and mostly leave, half about 50 and mostly stay."""
    rng = np.random.default_rng(seed)
    is_dear = np.arange(n) % 2 == 1
    has_left = rng.random(n) < np.where(is_dear, leaves[1], leaves[0])
    began = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    ended = began + pd.to_timedelta(rng.integers(30, 400, n), unit="D")
    if holdout_until is not None:
        ended = pd.Timestamp("2024-07-01 12:00") + pd.to_timedelta(rng.integers(0, 150, n), unit="D")
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i:04d}" for i in range(n)],
            "started_at": began,
            "ended_at": pd.Series(ended).where(has_left, pd.NaT),
            "plan": [_PLANS[i] for i in rng.integers(0, 3, n)],
            "fee": np.where(is_dear, 50, 10) + rng.normal(0, 1, n).round(2),
            "box": np.where(is_dear, "large", "small"),
        }
    )
    return a_study(contracts=frame, holdout_until=holdout_until, attributes={"contracts": {"box": "category"}}, **more)


def people_alone():
    rng = np.random.default_rng(3)
    is_old = np.arange(80) % 2 == 0
    people = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(80)],
            "age": np.where(is_old, 70.0, 20.0) + rng.normal(0, 2, 80),
            "rooms": np.where(is_old, 5.0, 2.0) + rng.normal(0, 0.8, 80),
        }
    )
    return a_study(customers=people, attributes={"customers": {"age": "number", "rooms": "number"}})


def two_groups(study):
    return segment_customers(study, inputs=["fee", "box"], n_bootstraps=20)


def test_whom_and_what_for_by_the_tables_at_hand():
    bought = orders(("ann", "2024-01-01", 5.0))
    held = contracts(("ann", "2024-01-01", None, None))
    people = pd.DataFrame({"customer_id": ["ann"], "region": ["north"]})
    asked = pd.DataFrame(
        {"response_id": ["r"], "customer_id": ["ann"], "asked_at": ["2024-01-01"], "item": ["q"], "score": [1.0],
         "scale_min": [1.0], "scale_max": [5.0]}
    )  # fmt: skip
    used = pd.DataFrame({"customer_id": ["ann"], "activity": ["a"], "period": ["2024-01-01"], "quantity": [1.0]})
    region = {"customers": {"region": "category"}}
    found = {
        "orders": a_study(orders=bought, contracts=held),
        "contracts": a_study(contracts=held, customers=people, attributes=region),
        "kept apart": a_study(contracts=held, holdout_until="2024-12-31"),
        "customers": a_study(customers=people, surveys=asked, attributes=region),
        "surveys": a_study(customers=people, surveys=asked),
        "usage": a_study(customers=people, activity_use=used),
    }
    said = {name: (choose_purpose(study), choose_base(study, of_contracts=False)) for name, study in found.items()}
    assert said == {
        "orders": ("behaviour", BUYERS),
        "contracts": ("contracts", HOLDERS),
        "kept apart": ("contracts", RUNNING),
        "customers": ("attributes", EVERYBODY),
        "surveys": ("attitudes", EVERYBODY),
        "usage": ("usage", EVERYBODY),
    }
    assert choose_base(found["orders"], of_contracts=True) == HOLDERS
    for empty in (a_study(customers=people), a_study(surveys=asked.drop(columns="customer_id"))):
        with pytest.raises(NotEnoughData, match="needs orders, contracts, attributes of customers, surveys that name"):
            choose_purpose(empty)


def test_a_purpose_that_the_records_do_not_carry_names_one_that_they_do():
    with pytest.raises(NotEnoughData) as told:
        offer_inputs(a_company(), purpose="behaviour")
    assert str(told.value) == (
        "A segmentation by behaviour needs orders; found none. Ask for a purpose that these records carry, such as "
        "contracts, or for none."
    )
    with pytest.raises(NotEnoughData, match=r"A segmentation by contracts needs contracts; found none\."):
        offer_inputs(people_alone(), purpose="contracts")
    with pytest.raises(ParameterError, match="no feature 'colour'"):
        offer_inputs(a_company(), inputs=["colour"])
    assert [name for name, *_ in offer_inputs(a_company(), inputs=["fee"]).candidates] == ["fee"]


def test_what_tells_how_long_a_contract_lasted_makes_no_segment():
    study = a_company()
    frame = study.table("contracts").to_pandas()
    until = frame["ended_at"].fillna(pd.Timestamp("2024-07-01"))
    total = (until - frame["started_at"]).dt.days * 1.0
    told = frame.assign(
        total=total, why=np.where(frame["ended_at"].notna(), "price", None),
        state=np.where(frame["ended_at"].notna(), "closed", "open"), churn=frame["ended_at"].notna(),
    )  # fmt: skip
    kinds = {"total": "number", "why": "category", "state": "category", "churn": "flag", "box": "category"}
    known = a_study(contracts=told, attributes={"contracts": kinds})
    choice = build_inputs(known).choice.set_index("input")
    for name in ("total", "why", "state", "churn"):
        assert choice.loc[name, "reason"] in (
            "not used: it tells how long a contract lasted, or that it ended", "not used: it is an outcome",
        )  # fmt: skip
        assert not choice.loc[name, "is_used"]
    assert choice.loc["fee", "is_used"]
    with pytest.raises(LeakageError, match="'churn' is an outcome"):
        offer_inputs(known, inputs=["churn"])


def test_who_left_in_the_holdout_is_counted_from_the_study_s_date():
    """Two of the four of segment A leave, a fifth goes over to another contract, and of segment B nobody leaves."""
    rows = [
        ("a1", "2024-01-01", "2024-07-01 00:00", None),  # had left when the study stands: not grouped
        ("a2", "2024-01-01", "2024-07-11", None),
        ("a3", "2024-01-01", "2024-12-31", None),  # on the last day
        ("a4", "2024-01-01", "2025-01-01", None),  # a day too late
        ("a5", "2024-01-01", "2024-08-01", None),
        ("a5", "2024-08-01", None, None),  # goes on in another contract
        *((f"b{i}", "2024-01-01", None, None) for i in range(5)),
    ]
    plenty = [(f"a{i}", "2024-01-01", "2024-09-01", None) for i in range(10, 20)]
    study = a_study(contracts=contracts(*rows, *plenty), holdout_until="2024-12-31")
    ids = sorted({row[0] for row in (*rows, *plenty)} - {"a1"})
    inputs = build_inputs_of(ids, RUNNING)
    labels = np.array([0 if name.startswith("a") else 1 for name in ids])
    found = check_leaving(study, inputs, labels, {0: "A", 1: "B"}, confidence=0.95)
    assert found.is_later
    assert (found.n, found.n_ended, found.horizon_days) == (19, 12, 183.0)
    by_group = found.by_group.set_index("segment")
    assert by_group["n"].to_dict() == {"A": 14, "B": 5}
    assert by_group["n_ended"].to_dict() == {"A": 12, "B": 0}
    assert by_group["left_share"].to_dict() == pytest.approx({"A": 12 / 14, "B": 0.0})
    assert found.beyond_plan is None
    # Ends after 10 days (1 of 19 at risk, 14 of them A), 62 days (10 of 18, 13) and 183 days (1 of 8, 3).
    assert by_group.loc["A", "n_expected"] == pytest.approx(14 / 19 + 10 * 13 / 18 + 3 / 8)


def build_inputs_of(ids, base):
    from crm_research.pillars.segmentation.inputs.choose import Inputs
    from crm_research.pillars.segmentation.inputs.recipe import Recipe

    customers = pd.DataFrame({"customer_id": ids, WORTH: 1.0, "x": np.arange(len(ids), dtype=float)})
    choice = pd.DataFrame({"input": ["x"], "what": ["x"], "is_used": [True], "reason": ["used"]})
    return Inputs(
        customers=customers, scaled=customers[["x"]].to_numpy(), used=("x",), choice=choice, n_filled=0,
        recipe=Recipe(base=base), money="",
    )  # fmt: skip


def test_fewer_than_ten_ends_say_nothing():
    rows = [(f"a{i}", "2024-01-01", "2024-03-01" if i < 9 else None, None) for i in range(30)]
    ids = sorted(row[0] for row in rows)
    labels = np.arange(30) % 2
    with pytest.raises(NotEnoughData) as told:
        check_leaving(
            a_study(contracts=contracts(*rows)), build_inputs_of(ids, HOLDERS), labels, {0: "A", 1: "B"}, confidence=0.9
        )
    assert str(told.value) == "Whether the segments differ in who leaves needs at least 10 ends; found 9."
    assert check_leaving(
        a_study(contracts=contracts(*rows)), build_inputs_of(ids, EVERYBODY), labels, {0: "A", 1: "B"}, confidence=0.9
    ) is None  # fmt: skip


@pytest.fixture(scope="module")
def telco():
    study = open_study("telco")
    return study, segment_customers(study, n_bootstraps=20)


@pytest.mark.slow
def test_telco_has_segments_without_an_order_and_they_leave_as_lifelines_says(telco):
    study, segments = telco
    found = segments.found
    assert (found.inputs.purpose, found.inputs.base, found.inputs.money) == ("contracts", HOLDERS, "fees")
    assert found.n_customers == 7043
    assert not {"tenure", "total_charges", "churn"} & set(found.inputs.choice["input"])
    members = segments.members().merge(
        study.table("contracts").select("customer_id", "fee", "started_at", "ended_at").to_pandas(), on="customer_id"
    )
    check = found.leaving
    days = (members["ended_at"].fillna(study.as_of) - members["started_at"]).dt.days
    is_ended = members["ended_at"].notna()
    peer = multivariate_logrank_test(days, members["segment"], is_ended)
    assert check.test.chi_squared == pytest.approx(peer.test_statistic, rel=1e-9)
    for row in check.by_group.to_dict("records"):
        own = members["segment"] == row["segment"]
        curve = KaplanMeierFitter().fit(days[own], is_ended[own])
        assert row["left_share"] == pytest.approx(1 - curve.predict(check.horizon_days), abs=1e-12)
        assert row["lower"] <= row["left_share"] <= row["upper"]
        assert (row["n"], row["n_ended"]) == (own.sum(), (own & is_ended).sum())
    # Fees are those of contracts that run.
    paid = members["fee"].where(~is_ended, 0.0).groupby(members["segment"]).sum()
    cards = found.cards.set_index("segment")
    assert cards["revenue"].to_dict() == pytest.approx(paid.to_dict())
    assert cards["revenue_share"].sum() == pytest.approx(1.0)


@pytest.mark.slow
def test_telco_s_treatment_is_of_those_who_pay(telco):
    study, segments = telco
    plan = plan_treatment(study, segments)
    assert plan.n == 7043 - 1869
    assert plan.basis == "the fees a month of the contracts that run; costs are not known"
    assert plan.cells["value_share"].sum() == pytest.approx(1.0)


@pytest.mark.slow
def test_segments_of_contracts_are_saved_and_assigned_again(telco):
    study, segments = telco
    saved = read_record(json.loads(as_text(keep_segmentation(study, segments))))
    assert saved.recipe.base == HOLDERS
    again = assign_customers(study, saved).to_pandas()
    own = segments.members().merge(again, on="customer_id", suffixes=("", "_again"))
    assert len(own) == 7043
    assert (own["segment"] == own["segment_again"]).all()
    with pytest.raises(ParameterError, match="has no contracts, and the segmentation rests on contracts"):
        assign_customers(a_study(orders=orders(("ann", "2024-01-01", 5.0)), currency="USD"), saved)


@pytest.mark.slow
def test_a_customer_whose_contract_ended_is_told_so_by_segments_of_running_ones():
    study = a_company(holdout_until="2024-12-31")
    segments = segment_customers(study, n_bootstraps=20)
    assert segments.found.inputs.base == RUNNING
    saved = keep_segmentation(study, segments)
    later = assign_customers(study.standing_at(pd.Timestamp("2025-03-01").to_pydatetime()), saved).to_pandas()
    left = study.table("contracts").to_pandas().dropna(subset="ended_at")["customer_id"]
    told = later.set_index("customer_id")["why_not"]
    assert set(told[list(left)]) == {"no contract that runs on that day, or fewer than half of the attributes known"}
    assert told.drop(list(left)).isna().all()


@pytest.mark.slow
def test_the_words_of_who_leaves():
    clear = two_groups(a_company(holdout_until="2024-12-31")).found
    assert clear.k == 2
    check = clear.leaving
    cheap, dear = (check.by_group.set_index("segment").loc[name] for name in _cheap_and_dear(clear))
    pair = words.widest_gap(check)
    said = words.say_leaving(clear)
    low, high = sorted(abs(pair[name]) * 100 for name in ("gap_lower", "gap_upper"))
    assert said == (
        f"The groups differ in who leaves: by 2024-12-31 {100 * cheap['left_share']:.0f} % of “{cheap.name}” had left, "
        f"of “{dear.name}” {_share(dear['left_share'])} (a difference of "
        f"{100 * (cheap['left_share'] - dear['left_share']):.0f} points, {low:.0f} points to {high:.0f} points)."
    )
    assert words.note_leaving(clear) == (
        "240 customers whose contract ran on the study's date, watched until 2024-12-31; who has no running contract "
        "then has left."
    )
    figures = words.leaving_figures(_as_segmentation(clear), clear)
    assert [(figure.group, figure.n, figure.estimate) for figure in figures] == [
        (row["segment"], row["n"], row["left_share"]) for row in check.by_group.to_dict("records")
    ]
    assert {figure.label for figure in figures} == {"Left by 2024-12-31"}
    assert {figure.validation for figure in figures} == {"holdout until 2024-12-31"}


def _share(value):
    return f"{100 * value:.1f} %" if value < 0.0995 else f"{100 * value:.0f} %"


def _cheap_and_dear(found):
    fees = found.inputs.raw["fee"].groupby(found.labels).median()
    order = found.cards.assign(fee=found.cards["group"].map(fees)).sort_values("fee")["segment"]
    return order.iloc[0], order.iloc[-1]


def _as_segmentation(found):
    from types import SimpleNamespace

    return SimpleNamespace(found=found, window="w", confidence=0.95, currency="EUR")


@pytest.mark.slow
def test_no_picture_announces_a_difference_that_the_test_of_all_does_not_find():
    found = two_groups(a_company()).found
    assert words.widest_gap(found.leaving) is not None
    unsure = replace(found.leaving, test=replace(found.leaving.test, p_value=0.0501))
    assert words.widest_gap(unsure) is None
    assert words.widest_gap(replace(unsure, test=replace(found.leaving.test, p_value=0.0499))) is not None
    said = " ".join(text.get_text() for text in draw_leaving(replace(found, leaving=unsure)).figure.findobj(Text))
    assert "The segments are not seen to differ clearly in who leaves" in said
    assert words.say_leaving(replace(found, leaving=unsure)).startswith("The groups are not seen to differ")


def test_contracts_of_one_customer_count_as_one_within_plans_too():
    """Every contract twice, of the same customer, says no more than once: nearly the same chi-squared, not twice it."""
    study = a_company(leaves=(0.5, 0.3), seed=8)
    frame = study.table("contracts").to_pandas()
    twice = pd.concat([frame, frame.assign(contract_id=frame["contract_id"] + "b")], ignore_index=True)
    inputs = build_inputs(study, inputs=["fee", "box"])
    labels = (inputs.customers["fee"] > 30).to_numpy().astype(np.int64)
    once, both = (
        check_leaving(a_study(contracts=rows), inputs, labels, {0: "A", 1: "B"}, confidence=0.95)
        for rows in (frame, twice)
    )
    assert both.n == 2 * once.n
    assert both.beyond_plan.chi_squared == pytest.approx(once.beyond_plan.chi_squared, rel=0.05)


@pytest.mark.slow
def test_alike_groups_are_said_to_be_alike():
    alike = two_groups(a_company(leaves=(0.3, 0.3), seed=5)).found
    check = alike.leaving
    assert check.test.p_value > 0.05
    n = check.n_ended
    assert words.say_leaving(alike) == (
        f"The groups are not seen to differ in who leaves: {100 * n / 240:.0f} % of the 240 contracts had ended by "
        f"2024-07-01, about as many in each group (p {check.test.p_value:.3f})."
    )
    table = judge_use(alike).tests.set_index("test")
    assert table.loc["differentiable", "result"] == "not passed"


@pytest.mark.slow
def test_without_orders_contracts_or_ends_nothing_is_said_of_use():
    study = people_alone()
    segments = segment_customers(study, n_bootstraps=20)
    found = segments.found
    assert (found.inputs.purpose, found.inputs.base, found.inputs.money) == ("attributes", EVERYBODY, "")
    assert say_groups(found) == (
        f"The 80 customers fall into two groups; the largest, “{found.cards['segment'].iloc[0]}”, is 50 % of the "
        "customers."
    )
    assert answer_segments(segments)[2] == (
        "Nothing in these records says what the customers did afterwards, so nothing says yet whether the groups are "
        "of use."
    )
    assert plan_treatment(study, segments) is None
    assert judge_use(found).tests.set_index("test").loc["differentiable", "result"] == "not known"


@pytest.mark.slow
def test_names_from_data_are_drawn_as_they_are():
    study = a_company(holdout_until="2024-12-31")
    frame = study.table("contracts").to_pandas()
    frame["box"] = frame["box"].map({"large": "Gold$A^{$", "small": "<b>=单"})
    hostile = a_study(contracts=frame, holdout_until="2024-12-31", attributes={"contracts": {"box": "category"}})
    found = segment_customers(hostile, n_bootstraps=20).found
    ax = draw_leaving(found)
    ax.figure.canvas.draw()
    assert {text.get_text().replace(r"\$", "$") for text in ax.get_legend().get_texts()} == set(found.cards["segment"])
    assert ax.get_title(loc="left") or ax.figure.texts


@pytest.mark.slow
def test_another_number_of_groups_stands_beside_the_one_that_separates_best():
    study = a_company()
    segments = two_groups(study)
    assert segments.found.k == 2
    other = find_alternative(study, segments, k_min=4, k_max=7, n_bootstraps=20)
    assert 4 <= other.found.k <= 7
    assert other.found.n_customers == segments.found.n_customers
    n = ("four", "five", "six", "seven")[other.found.k - 4]
    best = other.found.cards.iloc[0]
    assert words.say_leaving(other.found, f"the {n} groups").startswith(f"The {n} groups differ in who leaves: within ")
    weakest = other.found.stability["mean_jaccard"].min()
    assert say_alternative(segments.found, other, "four to seven") == (
        f"If two groups are too few to act on: of four to seven groups, {n} do best; the one of the {n} that "
        f"brings in most per customer, “{best['segment']}”, is {100 * best['size_share']:.0f} % of the customers. By "
        f"the tests of this page the {n} are {other.found.verdict}: the least steady of the {n} is found again with a "
        f"mean Jaccard of {weakest:.2f}. {words.say_leaving(other.found, f'the {n} groups')}"
    )
    assert find_alternative(study, segments, k_min=2, k_max=7) is None
    section = alternative_section(study, segments, k_min=2, k_max=4, n_bootstraps=20, seed=1)
    assert section.result is None
    many = alternative_section(study, segments, k_min=4, k_max=7, n_bootstraps=20, seed=20170101)
    figures = {figure.id: figure for figure in many.figures}
    assert figures["segmentation.alternative_k"].estimate == other.found.k
    assert figures["segmentation.alternative_verdict"].said == other.found.verdict


@pytest.mark.slow
def test_the_note_says_why_contacts_are_no_input_where_leavers_are_grouped():
    assert note_segments(segment_customers(a_company(), n_bootstraps=20)).endswith(
        "Customers who have left are among them, for without a holdout nothing else tells whether the segments matter. "
        "How often a customer gets in touch is no input therefore: who has left no longer does."
    )


@pytest.mark.slow
def test_where_all_have_left_nobody_pays_and_nothing_can_be_compared():
    study = a_company()
    frame = study.table("contracts").to_pandas()
    gone = frame.assign(ended_at=frame["started_at"] + pd.Timedelta(days=90))
    found = two_groups(a_study(contracts=gone, attributes={"contracts": {"box": "category"}})).found
    assert say_groups(found) == (
        f"The 240 customers fall into two groups; the largest, “{found.cards['segment'].iloc[0]}”, is 50 % of the "
        "customers."
    )
    assert words.say_leaving(found) == (
        "Whether the groups differ in who leaves cannot be told: 100 % of the 240 contracts had ended by 2024-07-01, "
        "and never some while others of another group went on."
    )
