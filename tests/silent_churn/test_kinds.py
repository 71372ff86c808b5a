"""Kinds of customers: counted by hand, found again in a world whose truth is known, and named where they cannot be."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.errors import ParameterError
from crm_research.pillars.silent_churn import describe_silence, known_covariates, measure_kinds
from crm_research.pillars.silent_churn.intake import judge_intake
from crm_research.pillars.silent_churn.kind_charts import draw_kinds
from crm_research.pillars.silent_churn.kind_figures import kind_figures
from crm_research.pillars.silent_churn.kind_page import kinds_section
from crm_research.pillars.silent_churn.kind_tables import kind_table
from crm_research.pillars.silent_churn.kind_words import kind_finding
from crm_research.pillars.silent_churn.kinds import build_kinds, count_kinds
from crm_research.theme import chart_style
from tests.builders import a_study, orders
from tests.models.btyd.worlds import two_regions


def a_shop():
    """Four customers; ann's first day has two orders, bob's first order is of no channel, cid is in no table."""
    bought = orders(
        ("ann", "2024-01-01", 10.0), ("ann", "2024-01-01", 5.0), ("ann", "2024-03-01", 90.0),
        ("bob", "2024-02-01", 7.0), ("bob", "2024-02-11", 7.0), ("cid", "2024-03-01", 99.0), ("dan", "2024-09-01", 1.0),
    ).assign(channel=["web", "shop", "web", None, "web", "shop", "web"])  # fmt: skip
    people = pd.DataFrame({"customer_id": ["ann", "bob"], "region": ["北", None], "age": [30.0, 60.0]})
    attributes = {"customers": {"region": "category", "age": "number"}}
    return a_study(as_of="2024-07-01", orders=bought, customers=people, attributes=attributes)


def a_world(model: str = "Pareto/NBD", n: int = 1_500, **effects):
    """Orders of `two_regions`: whole days, the region in the customers' table, all first purchases on one day."""
    world = two_regions(n, model=model, seed=11, **effects)
    rng = np.random.default_rng(3)
    as_of = pd.Timestamp("2024-01-01")
    rows = []
    for number, row in enumerate(world.itertuples()):
        first = as_of - pd.Timedelta(days=row.age_days)
        between = np.sort(rng.uniform(0, row.recency_days, max(row.frequency - 1, 0)))
        days = [0.0, *np.ceil(between), *([np.ceil(row.recency_days)] if row.frequency else [])]
        rows += [(f"c{number}", first + pd.Timedelta(days=day), 10.0) for day in dict.fromkeys(days)]
    bought = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    bought.insert(0, "order_id", [f"o{i}" for i in range(len(bought))])
    people = pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)], "region": world["region"]})
    attributes = {"customers": {"region": "category"}}
    return a_study(as_of="2024-01-01", orders=bought, customers=people, attributes=attributes)


def test_what_is_known_at_the_first_purchase_by_hand():
    shop = a_shop()
    assert known_covariates(shop) == ["region", "age", "first_channel", "first_purchase_value"]
    people = (
        build_kinds(shop, ["region", "first_channel"], old_from_age_days=180.0).to_pandas().set_index("customer_id")
    )
    assert people.loc["ann", ["region", "first_channel", "first_seen"]].tolist() == [
        "北", "shop", "as the records began",
    ]  # fmt: skip
    assert people.loc["cid", "first_channel"] == "shop"
    assert people.loc["cid", "first_seen"] == "later"
    assert pd.isna(people.loc["bob", "first_channel"])
    assert pd.isna(people.loc["cid", "region"])
    assert "dan" not in people.index  # not known at as_of
    counted = count_kinds(build_kinds(shop, ["region"]), ["region"])
    assert counted["n_customers"].sum() == 3
    values = build_kinds(shop, ["first_purchase_value"]).to_pandas().set_index("customer_id")["first_purchase_value"]
    # First days of 7, 15 and 99: the quarters end at 11, 15 and 57.
    assert values.to_dict() == {"ann": "over 11 to 15", "bob": "up to 11", "cid": "over 57"}
    with pytest.raises(ParameterError, match="regoin"):
        build_kinds(shop, ["regoin"])


@pytest.mark.slow
def test_the_effects_of_a_known_world_reach_the_page():
    study = a_world()
    silence = describe_silence(study)
    found = measure_kinds(study, "Pareto/NBD", silence.intake)
    assert found.fit.covariates == ("region",)
    table = kind_table(found).set_index("effect")
    assert (table["level"] == "north").all()
    assert table.loc["purchase rate", "lower"] < 1.5 < table.loc["purchase rate", "upper"]
    # Purchases of one day are one, which hides some of the quickest buyers' lives.
    assert 1.5 < table.loc["dropout rate", "ratio"] < 2.4
    assert table["is_clear"].all()
    finding = kind_finding(found)
    assert "customers with region north buy" in finding
    assert "times as fast as those with south" in finding
    figures = kind_figures(found, window="2023")
    assert {figure.id for figure in figures} == {"churn.silent.purchase_ratio", "churn.silent.dropout_ratio"}
    assert figures[0].group == "region: north against south"
    assert [figure.id for figure in kinds_section(silence).figures] == [figure.id for figure in figures]
    with chart_style():
        draw_kinds(silence.kinds).get_figure().savefig(BytesIO(), format="svg")


def test_what_says_nothing_is_said_to_say_nothing():
    found = measure_kinds(a_world("MBG/NBD", 900, rate=1.0, dropout=1.0), "MBG/NBD", judge_intake(pd.DataFrame()))
    assert not kind_table(found)["is_clear"].any()
    assert "beyond chance" in kind_finding(found)


def test_without_covariates_or_a_model_there_is_a_note():
    bought = a_world("MBG/NBD", 300).table("orders").to_pandas()
    alike = a_study(as_of="2024-01-01", orders=bought)  # every first purchase is of 10.0
    silence = describe_silence(alike)
    assert silence.kinds.fit is None
    assert "Declare attributes" in silence.kinds.why
    assert repr(kinds_section(silence)) == f"Note: {silence.kinds.why}"
    nobody = measure_kinds(alike, None, silence.intake)
    assert nobody.fit is None
    assert "No model" in kind_finding(nobody)
    assert kind_table(nobody).empty
    assert kind_figures(nobody, window="") == []
    draw_kinds(nobody)
    thin = describe_silence(a_shop())
    assert thin.kinds.fit is None
    assert repr(kinds_section(thin)) == f"Note: {thin.kinds.why}"


@pytest.mark.slow
def test_customers_won_before_the_records_get_a_pace_of_their_own():
    silence = describe_silence(open_study("simulated"))
    assert silence.intake.n_old > 0
    assert "first_seen" in silence.kinds.fit.covariates
    readings = silence.others["reading"].tolist()
    assert any("a pace of their own" in reading for reading in readings)
    assert silence.kinds.fit.model == "MBG/NBD"  # in place of the MBG/CNBD-k
    with pytest.raises(ParameterError, match="regoin"):
        describe_silence(open_study("simulated"), covariates=["regoin"])
