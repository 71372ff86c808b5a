"""What is counted of a company whose faults are planted, each number by hand."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from crm_research.contracts.checks import check_study
from crm_research.pillars.data_quality import measure_quality
from crm_research.pillars.data_quality.measure import DataQuality
from crm_research.stats.intervals import wilson_share
from tests.data_quality.worlds import BORN, clean, dealings, dirty, holders

pytestmark = pytest.mark.slow


@cache
def quality_of(world) -> DataQuality:
    return measure_quality(world())


def test_rows_in_order_are_those_without_broken_rules_copies_and_impossible_dates():
    tables = quality_of(dirty).tables.set_index("table")
    # 143 less one discount, three copies and a copied day of ten; 20 less one birth before 1900 and one to come.
    assert tables["n_sound"].to_dict() == {"customers": 18, "orders": 129}
    assert tables["n_rows"].to_dict() == {"customers": 20, "orders": 143}
    share = wilson_share(129, 143)
    assert tables.loc["orders", ["sound_share", "lower", "upper"]].tolist() == [float(part) for part in share]


def test_missing_values_are_counted_in_each_column():
    columns = quality_of(dirty).columns.set_index(["table", "column"])
    assert columns["n_missing"].loc[lambda n: n > 0].to_dict() == {("customers", "city"): 2, ("orders", "store"): 30}
    # Month m misses m // 2 of ten: 30 in all, and the copies none.
    assert columns.loc[("orders", "store"), "n_asked"] == 143
    assert columns.loc[("orders", "discount"), ["n_checked", "n_invalid", "rule"]].tolist() == [
        143, 1, "discount-beyond-reason"
    ]  # fmt: skip


def test_one_quantity_has_one_value_with_the_check():
    quality, verdict = quality_of(dirty), check_study(dirty())
    for row in quality.columns.to_dict("records"):
        findings = [one for one in verdict.of_table(row["table"]) if one.column == row["column"]]
        missing = [one for one in findings if one.rule in ("missing-key", "missing-value")]
        assert all((one.n_bad, one.n_checked) == (row["n_missing"], row["n_asked"]) for one in missing)
        if row["rule"]:
            (broken,) = [one for one in findings if one.rule == row["rule"]]
            assert broken.share_bad == pytest.approx(row["invalid_share"], abs=1e-12)


def test_every_suspicion_holds_the_rows_that_were_planted():
    found = {(one.kind, one.table, one.column): (one.n_bad, one.n_checked) for one in quality_of(dirty).found}
    assert found == {
        ("rows that break a rule", "orders", ""): (1, 143),
        ("dates that cannot be", "customers", "born"): (2, 20),
        ("dates on 1 January beyond chance", "customers", "born"): (6, 20),
        ("one record under two numbers", "orders", ""): (3, 143),
        ("days that repeat another day", "orders", ""): (10, 143),
        # Both of a pair, where no other row of another day has the amount: two of the three copies.
        ("the same amount twice", "orders", ""): (4, 143),
        ("one name in two spellings", "customers", "city"): (2, 18),
        ("a word where nothing is known", "customers", "city"): (3, 18),
        ("numbers kept as text", "customers", "size"): (20, 20),
    }


def test_more_goes_missing_as_time_goes_on():
    (row,) = quality_of(dirty).trends.to_dict("records")
    assert (row["column"], row["n_months"]) == ("store", 12)
    assert row["slope"] > 0
    assert row["p_adjusted"] == pytest.approx(0.018678, abs=1e-6)
    # Weighed line through the shares of months, numpy's own.
    n = np.array([10] * 5 + [13] + [10] * 4 + [20, 20])
    slope, height = np.polyfit(np.arange(12), np.arange(12) // 2 / n, 1, w=np.sqrt(n))
    assert (row["slope"], row["last_share"]) == pytest.approx((slope, height + 11 * slope))
    assert row["first_share"] == pytest.approx(max(height, 0.0))


def without(rows: pd.DataFrame) -> dict[str, float]:
    spent = rows.groupby("customer_id")["revenue"].agg(["size", "sum"])
    top = np.sort(spent["sum"].to_numpy())[::-1]
    k = 0.2 * len(top)
    share = (top[: int(k)].sum() + (k - int(k)) * top[int(k)]) / top.sum()
    return {
        "customers": len(spent),
        "dealings": int(spent["size"].sum()),
        "money": spent["sum"].sum(),
        "average": spent["sum"].sum() / len(spent),
        "top": share,
        "again": (spent["size"] > 1).mean(),
    }


def left(keep) -> pd.DataFrame:
    rows = dealings()
    return rows.loc[keep(rows)]


PLANTED = {
    "rows that break a rule (orders)": lambda rows: rows["discount"] < 1000,
    "dates that cannot be (born of customers)": lambda rows: ~rows["customer_id"].isin(["c07", "c08"]),
    "dates on 1 January beyond chance (born of customers)": lambda rows: ~rows["customer_id"].isin(list(BORN)[:6]),
    "one record under two numbers (orders)": lambda rows: ~rows.duplicated(rows.columns[1:].tolist()),
    "days that repeat another day (orders)": lambda rows: ~rows["ordered_at"].str.startswith("2024-06-05"),
}


def test_the_main_figures_without_each_suspicion_are_those_of_the_rows_that_are_left():
    effects = quality_of(dirty).effects
    assert list(dict.fromkeys(effects["suspicion"])) == [*PLANTED, "all"]
    everything = without(dealings())
    every = lambda rows: np.logical_and.reduce([keep(rows) for keep in PLANTED.values()])  # noqa: E731
    for name, keep in {**PLANTED, "all": every}.items():
        rows = effects.loc[effects["suspicion"] == name].set_index("figure")
        expected = without(left(keep))
        assert rows["as_they_are"].to_dict() == pytest.approx(everything)
        assert rows["without"].to_dict() == pytest.approx(expected)
        assert rows["change"].to_dict() == pytest.approx({one: expected[one] - everything[one] for one in expected})
        assert (rows["lower"] <= rows["change"] + 1e-9).all()
        assert (rows["change"] <= rows["upper"] + 1e-9).all()


def test_where_nothing_is_wrong_it_says_how_sure_that_is():
    quality = quality_of(clean)
    assert quality.found == []
    assert quality.effects.empty
    assert (quality.tables["n_sound"] == quality.tables["n_rows"]).all()
    orders = quality.tables.set_index("table").loc["orders"]
    assert orders["lower"] == pytest.approx(float(wilson_share(160, 160).lower))
    assert quality.trends.empty


def test_who_is_gone_of_contracts_is_counted_by_their_ends():
    dead = quality_of(holders).dead
    (one,) = dead.found
    assert (one.group, one.n) == ("customers with contracts", 12)
    assert float(one.share.estimate) == pytest.approx(4 / 12)
    assert (dead.n_customers, dead.n_not_judged) == (12, 0)
    columns = quality_of(holders).columns.set_index("column")
    # A reason is only asked for where a contract has ended; an end that has not come is not missing.
    assert columns.loc["end_reason", ["n_asked", "n_missing"]].tolist() == [4, 2]
    assert columns.loc["fee", ["n_asked", "n_missing"]].tolist() == [12, 3]
    assert quality_of(holders).not_judged == {"contracts": ("ended_at",)}
