import itertools

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.pillars.segmentation.rfm.changes import NO_PURCHASE, compare_periods, paired_change
from crm_research.pillars.segmentation.rfm.rules import (
    MEASURES,
    NAMES,
    PARTITION,
    measure_rfm,
    name_score,
    number_scores,
    score_rfm,
    score_table,
    score_values,
    take_quintiles,
)
from crm_research.stats.skewed import skewed_interval
from tests.builders import a_study, orders


def _shop(seed=1, n=120, last="2024-06-30"):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        for _ in range(1 + rng.poisson(2 + i % 7)):
            day = pd.Timestamp(last) - pd.Timedelta(days=int(rng.integers(0, 360)))
            rows.append((f"c{i:03}", f"{day:%Y-%m-%d}", float(rng.gamma(2, 20))))
    return orders(*rows)


def test_every_pair_of_scores_belongs_to_exactly_one_group():
    pairs = [pair for _, _, pairs in PARTITION for pair in pairs]
    assert sorted(pairs) == sorted(itertools.product(range(1, 6), repeat=2))


def test_names_of_scores_and_their_numbers_agree():
    scores = np.array(list(itertools.product(range(1, 6), repeat=3)))
    assert [NAMES[place] for place in number_scores(scores)] == [name_score(*row) for row in scores.tolist()]
    assert name_score(5, 5, 5) == "Champions"
    assert name_score(1, 5, 5) == "Cannot lose"
    assert name_score(1, 1, 1) == "Lost"


def test_scores_by_hand_with_given_cuts():
    study = a_study(
        orders=orders(
            ("a", "2024-06-29", 500.0), ("a", "2024-06-25", 500.0), ("b", "2024-01-01", 10.0), ("c", "2024-06-01", 50.0)
        )
    )  # fmt: skip
    cuts = {"recency": [7, 30, 90, 180], "frequency": [1, 1.5, 2.5, 4], "money": [20, 100, 400, 900]}
    rfm = score_rfm(study, cuts=cuts)
    cells = rfm.cells.set_index(["recency", "frequency", "money"])
    # a: 2 days, 2 purchases, 1,000; b: 182 days, 1, 10; c: exactly 30 days (not yet beyond the cut), 1, 50.
    assert set(cells.index) == {(5, 3, 5), (1, 1, 1), (4, 1, 2)}
    assert cells.loc[(5, 3, 5), "group"] == "Champions"
    assert cells.loc[(1, 1, 1), "group"] == "Lost"
    assert cells.loc[(4, 1, 2), "group"] == "Promising"
    assert rfm.given


def test_the_engine_cuts_and_scores_as_numpy_does():
    measured = measure_rfm(a_study(orders=_shop()))
    cuts = take_quintiles(measured, list(MEASURES))
    frame = score_table(measured, cuts).to_pandas()
    for name, (_, is_less_better) in MEASURES.items():
        own = np.quantile(frame[name], [0.2, 0.4, 0.6, 0.8])
        assert cuts[name] == pytest.approx(tuple(own))
        by_hand = score_values(frame[name], cuts[name], is_less_better=is_less_better)
        assert np.array_equal(frame[f"{name}_score"], by_hand)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_tied_customers_share_a_score_and_more_never_scores_less(values):
    scores = score_values(values, np.quantile(values, [0.2, 0.4, 0.6, 0.8]))
    frame = pd.DataFrame({"value": values, "score": scores}).sort_values("value")
    assert (frame.groupby("value")["score"].nunique() == 1).all()
    assert frame["score"].is_monotonic_increasing
    assert frame["score"].between(1, 5).all()


def test_groups_add_up_to_all_customers_and_all_revenue():
    rfm = score_rfm(a_study(orders=_shop()))
    assert rfm.groups["n_customers"].sum() == rfm.n == 120
    assert rfm.groups["size_share"].sum() == pytest.approx(1)
    assert rfm.groups["revenue_share"].sum() == pytest.approx(1)
    held = rfm.groups[rfm.groups["n_customers"] > 0]
    assert (held["lower"] <= held["revenue_share"]).all()
    assert (held["revenue_share"] <= held["upper"]).all()


def test_a_revenue_share_has_the_interval_of_a_ratio_over_customers():
    frame = _shop()
    rfm = score_rfm(a_study(orders=frame))
    spend = frame.groupby("customer_id")["revenue"].sum().to_numpy()
    measured = measure_rfm(a_study(orders=frame))
    scored = score_table(measured, take_quintiles(measured, list(MEASURES))).order_by("customer_id").to_pandas()
    scores = scored[[f"{name}_score" for name in MEASURES]].to_numpy()
    is_champion = number_scores(scores) == 0
    share = spend[is_champion].sum() / spend.sum()
    residuals = spend * is_champion - share * spend
    error = np.sqrt((residuals**2).sum()) / spend.sum()
    row = rfm.groups.iloc[0]
    assert row["revenue_share"] == pytest.approx(share)
    n, second, third = len(spend), (residuals**2).mean(), (residuals**3).mean()
    limits = skewed_interval(share, error, third / second**1.5 / np.sqrt(n), n - 1)
    assert row["lower"] == pytest.approx(float(limits.lower))
    assert row["upper"] == pytest.approx(float(limits.upper))
    assert row["upper"] > share + 1.959964 * error


def test_one_customer_who_bought_once_is_scored_with_a_note():
    rfm = score_rfm(a_study(orders=orders(("李雷", "2024-01-01", 5.0))))
    assert rfm.n == 1
    assert any("Only 1 customer is" in note for note in rfm.notes)


def test_money_that_only_came_back_leaves_shares_open_but_counts_stand():
    study = a_study(orders=orders(("a", "2024-01-01", 0.0), ("b", "2024-02-01", 0.0)))
    rfm = score_rfm(study)
    assert rfm.groups["n_customers"].sum() == 2
    assert rfm.groups["revenue_share"].isna().all()


def test_nobody_and_wrong_cuts_are_told():
    nobody = a_study(orders=orders(("a", "2025-01-01", 5.0)))
    with pytest.raises(NotEnoughData):
        score_rfm(nobody)
    study = a_study(orders=_shop())
    with pytest.raises(ParameterError, match="recency"):
        score_rfm(study, cuts={"recencey": [1, 2, 3, 4]})
    with pytest.raises(ParameterError, match="ascending"):
        score_rfm(study, cuts={"money": [4, 3, 2, 1]})


def test_what_comes_after_as_of_changes_nothing():
    frame = _shop()
    later = orders(*[(f"c{i:03}", "2024-08-01", 1e6) for i in range(100)]).assign(
        order_id=lambda t: "x" + t["order_id"]
    )
    known, more = (score_rfm(a_study(orders=part)) for part in (frame, pd.concat([frame, later])))
    pd.testing.assert_frame_equal(known.groups, more.groups)


def test_scores_compile_for_postgres():
    schema = {"order_id": "string", "customer_id": "string", "ordered_at": "timestamp", "revenue": "float64"}
    table = ibis.table(schema, name="orders").mutate(recency=1.0, frequency=ibis._.revenue, money=ibis._.revenue)
    sql = ibis.to_sql(score_table(table, dict.fromkeys(MEASURES, (1.0, 2.0, 3.0, 4.0))), dialect="postgres")
    assert "recency_score" in sql


def test_gains_and_losses_by_hand():
    # Ten customers of the first half-year, of whom c0 stops and n0 begins; the rest do the same again.
    rows = [(f"c{i}", f"2023-{1 + m:02}-1{i % 9}", 10.0 * (i + 1)) for i in range(10) for m in range(i % 5 + 1)]
    again = [(who, f"2023-{int(day[5:7]) + 6:02}{day[7:]}", money) for who, day, money in rows if who != "c0"]
    study = a_study(as_of="2024-01-01", orders=orders(*rows, *again, ("n0", "2023-09-01", 5.0)))
    changes = compare_periods(study, period_months=6)
    table = changes.groups.set_index("group")
    assert changes.n == 11
    assert table.loc[NO_PURCHASE, "n_now"] == 1
    assert table.loc[NO_PURCHASE, "n_before"] == 1
    assert (table["n_stayed"] + table["n_gained"] == table["n_now"]).all()
    assert (table["n_stayed"] + table["n_lost"] == table["n_before"]).all()
    assert table["change_share"].sum() == pytest.approx(0)


def test_a_paired_change_is_that_of_bonett_and_price():
    # By hand: (21/102 - 11/102) -/+ z sqrt((32/102 - (10/102)^2) / 102).
    found = paired_change(20, 10, 100, confidence=0.95)
    half = 1.959964 * np.sqrt((32 / 102 - (10 / 102) ** 2) / 102)
    assert float(found.estimate) == pytest.approx(0.1)
    assert float(found.lower) == pytest.approx(10 / 102 - half)
    assert float(found.upper) == pytest.approx(10 / 102 + half)


def test_the_interval_of_a_paired_change_covers():
    rng = np.random.default_rng(7)
    draws = rng.multinomial(80, [0.12, 0.05, 0.83], size=4000)
    found = paired_change(draws[:, 0], draws[:, 1], 80, confidence=0.95)
    assert ((found.lower <= 0.07) & (found.upper >= 0.07)).mean() == pytest.approx(0.95, abs=0.02)


def test_too_short_a_record_for_two_periods_is_told():
    study = a_study(orders=orders(("a", "2024-06-30", 5.0)))
    with pytest.raises(NotEnoughData, match="period"):
        compare_periods(study, period_months=3)
    with pytest.raises(ParameterError):
        compare_periods(study, period_months=0)
