from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.pillars.segmentation import segment_customers
from crm_research.pillars.segmentation.deployment.assign import NOTHING_KNOWN, assign_customers
from crm_research.pillars.segmentation.deployment.save import keep_segmentation
from crm_research.pillars.segmentation.inputs.base import NO_PURCHASE
from tests.builders import a_study, orders
from tests.postgres import connect_to_write
from tests.segmentation.kept import CENTRES, NAMES, NUMBER, RECENCY, a_kept, draw_features


@pytest.fixture(scope="module")
def study():
    return a_study(orders=orders(("a", "2024-01-01", 1.0)))


def _assign(study, frame, kept):
    return assign_customers(study, kept, features=ibis.memtable(frame)).to_pandas()


def test_engine_and_scikit_learn_agree_on_everybody(study):
    from sklearn.cluster import KMeans

    frame = draw_features(n=600, seed=8)
    frame.loc[105, "days_since_last"] = np.inf
    frame.loc[106, "days_since_last"] = 1e9
    kept = a_kept()
    assigned = _assign(study, frame, kept)
    scaled = np.column_stack([t.apply(frame[t.name].to_numpy()) for t in kept.inputs])
    peer = KMeans(n_clusters=2, n_init=1).fit(np.array([[0.0, 0], [9, 9]]))
    peer.cluster_centers_ = CENTRES.copy()
    assert assigned["segment"].tolist() == [NAMES[label] for label in peer.predict(scaled)]
    squared = ((scaled[:, None] - CENTRES) ** 2).sum(axis=2)
    assert np.allclose(assigned["distance"], np.sqrt(squared.min(axis=1)))
    likely = np.exp(-squared / (2 * kept.reference.spread))
    assert np.allclose(assigned["certainty"], likely.max(axis=1) / likely.sum(axis=1))
    assert (assigned["second_segment"] != assigned["segment"]).all()
    assert (assigned["is_uncertain"] == (assigned["certainty"] < 2 / 3)).all()
    assert np.flatnonzero(assigned["n_filled"]).tolist() == [*range(12), 105]


def test_the_customers_of_the_segmentation_get_their_own_segments_back():
    rng = np.random.default_rng(5)
    rows = []
    for i in range(40):
        rows += [(f"often{i}", f"2024-0{1 + j % 6}-{1 + int(rng.integers(27)):02}", 90.0 + j) for j in range(9 + i % 3)]
        rows += [(f"seldom{i}", f"2023-0{1 + j}-{1 + i % 27:02}", 8.0 + j + i % 5) for j in range(2)]
    study = a_study(orders=orders(*rows))
    segments = segment_customers(study, k_max=3, n_bootstraps=3)
    kept = keep_segmentation(study, segments)
    assigned = assign_customers(study, kept).to_pandas().set_index("customer_id")["segment"]
    members = segments.members().set_index("customer_id")["segment"]
    assert (assigned.loc[members.index] == members).all()


def test_those_who_cannot_be_assigned_are_kept_and_named(study):
    people = pd.DataFrame({"customer_id": ["ann", "张伟", "never"], "registered_at": "2023-01-01"})
    bought = orders(("ann", "2024-06-01", 5.0), ("张伟", "2024-05-01", 7.0), ("later", "2024-08-01", 7.0))
    assigned = assign_customers(a_study(orders=bought, customers=people), a_kept()).to_pandas()
    rows = assigned.set_index("customer_id")
    assert sorted(rows.index) == ["ann", "never", "张伟"]
    assert rows["segment"].notna().to_dict() == {"ann": True, "张伟": True, "never": False}
    assert rows.loc["never", "why_not"] == NO_PURCHASE
    frame = pd.DataFrame({"customer_id": ["x"], "days_since_last": [np.nan], "n_orders": [np.nan]})
    unknown = _assign(study, frame, a_kept()).iloc[0]
    assert pd.isna(unknown["segment"])
    assert unknown["why_not"] == NOTHING_KNOWN
    assert unknown["n_filled"] == 2


def test_ties_go_to_the_first_and_one_segment_takes_all(study):
    middle = CENTRES.mean(axis=0)
    frame = pd.DataFrame(
        {
            "customer_id": ["m"],
            "days_since_last": [RECENCY.centre + RECENCY.scale * 0.5],
            "n_orders": [np.expm1(NUMBER.centre)],
        }
    )
    alike = _assign(study, frame, a_kept(centres=np.array([[0.0, 0.0], [1.0, 0.0]]), names=("first", "second"))).iloc[0]
    assert (alike["segment"], alike["second_segment"]) == ("first", "second")
    assert alike["certainty"] == pytest.approx(0.5)
    alone = _assign(study, frame, a_kept(centres=[middle], names=("all",))).iloc[0]
    assert alone["segment"] == "all"
    assert alone["certainty"] == 1
    assert pd.isna(alone["second_segment"])


def test_far_away_is_certain_and_no_underflow(study):
    kept = a_kept()
    kept = replace(kept, reference=replace(kept.reference, spread=1e-12))
    assigned = _assign(study, draw_features(50), kept)
    assert assigned["certainty"].between(0.5, 1).all()


def test_another_money_missing_inputs_and_no_orders_are_named():
    dollars = a_study(currency="USD", orders=orders(("a", "2024-01-01", 1.0)))
    with pytest.raises(ParameterError, match=r"made in EUR.*is in USD"):
        assign_customers(dollars, a_kept())
    study = a_study(orders=orders(("a", "2024-01-01", 1.0)))
    own_brands = replace(RECENCY, name="own_brand_share", what="share of own brands")
    lacking = replace(a_kept(), inputs=(own_brands, NUMBER))
    with pytest.raises(ParameterError, match=r"own_brand_share \(share of own brands\)"):
        assign_customers(study, lacking)
    people = a_study(customers=pd.DataFrame({"customer_id": ["a"]}))
    with pytest.raises(ParameterError, match="no orders"):
        assign_customers(people, a_kept())


def test_names_with_quotes_stay_as_they_are(study):
    names = ("O'Brien's \"best\"", "其他; DROP")
    assert set(_assign(study, draw_features(50), a_kept(names=names))["segment"]) == set(names)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_it_compiles_where_the_data_live(study, dialect):
    unbound = replace(study, tables={name: ibis.table(t.schema(), name=name) for name, t in study.tables.items()})
    sql = ibis.to_sql(assign_customers(unbound, a_kept()), dialect=dialect)
    assert "certainty" in sql
    # Each stage is a select of its own: the statement must not grow with the product of inputs and segments.
    assert len(sql) < 30_000


@pytest.mark.postgres
def test_postgresql_assigns_the_same(study, postgres_url):
    frame = draw_features(300)
    elsewhere = connect_to_write(postgres_url)
    table = elsewhere.create_table("features_to_assign", frame, overwrite=True)
    kept = a_kept()
    there = assign_customers(study, kept, features=table).order_by("customer_id").to_pandas()
    pd.testing.assert_frame_equal(_assign(study, frame, kept), there, check_dtype=False)
