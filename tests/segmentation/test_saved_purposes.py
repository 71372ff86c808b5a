"""Segments of every purpose and method, saved, read back and assigned in the engine: everybody gets his own again."""

import json
from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.errors import ParameterError
from crm_research.pillars.segmentation.deployment.assign import (
    FEW_ANSWERS,
    FEW_KNOWN,
    assign_customers,
    assign_segments,
)
from crm_research.pillars.segmentation.deployment.drift import KEEP, measure_drift
from crm_research.pillars.segmentation.deployment.migration import MOVED, measure_migration
from crm_research.pillars.segmentation.deployment.refit import refit_segmentation
from crm_research.pillars.segmentation.deployment.save import keep_groups, keep_mixture
from crm_research.pillars.segmentation.deployment.saved import FORMAT_VERSION, as_text, read_record
from crm_research.pillars.segmentation.evidence.kmeans import assign_nearest, fit_centres
from crm_research.pillars.segmentation.evidence.mixtures import fit_mixture
from crm_research.pillars.segmentation.evidence.other_methods import group_by_density, group_by_ward
from crm_research.pillars.segmentation.inputs.base import NO_PURCHASE
from crm_research.pillars.segmentation.inputs.choose import build_inputs
from crm_research.pillars.segmentation.inputs.columns import gather_features
from tests.builders import a_study, orders

ALL = ("behaviour", "needs", "rhythm", "usage", "attributes", "attitudes")


def a_shop(n=90, **more):
    """Two kinds of buyers of three categories through two channels, who use two services and answer surveys."""
    rng = np.random.default_rng(7)
    rows = []
    for i in range(n):
        is_keen = i % 2 == 0
        for j in range(3 + int(rng.integers(3)) + 4 * is_keen):
            month, day, hour = 1 + int(rng.integers(6)), 1 + int(rng.integers(27)), int(rng.integers(8, 22))
            rows.append((f"c{i:02}", f"2024-{month:02}-{day:02}T{hour:02}:00", 10.0 + 5 * float(rng.random()) + j))
    bought = orders(*rows)
    bought["channel"] = np.where(rng.random(len(bought)) < 0.4, "网店", "shop")
    kinds = np.where(bought["customer_id"].str[1:].astype(int) % 2 == 0, 0, 1)
    product = (kinds + (rng.random(len(bought)) < 0.3) * rng.integers(1, 3, len(bought))) % 3
    lines = bought[["order_id", "revenue"]].assign(product_id=[f"p{p}" for p in product], quantity=1.0)
    people = pd.DataFrame({"customer_id": [f"c{i:02}" for i in range(n + 3)]})
    people["region"] = [("north", "南方", None)[i % 3] for i in range(n + 3)]
    people["is_member"] = [bool(i % 4 == 0) for i in range(n + 3)]
    people["age"] = [np.nan if i % 17 == 0 else 20.0 + i % 40 for i in range(n + 3)]
    asked = [(f"c{i:02}", item) for i in range(0, n, 2) for item in ("price", "service")]
    surveys = pd.DataFrame(asked, columns=["customer_id", "item"]).assign(
        asked_at="2024-03-01", scale_min=1.0, scale_max=7.0
    )
    surveys["response_id"] = [f"r{i}" for i in range(len(surveys))]
    surveys["score"] = [float(rng.integers(1, 8)) for _ in asked]
    use = [(f"c{i:02}", what, f"2024-0{m}-01") for i in range(n - 9) for what in ("call", "visit") for m in (1, 2, 3)]
    used = pd.DataFrame(use, columns=["customer_id", "activity", "period"])
    used["quantity"] = rng.gamma(2, 1 + (used["customer_id"].str[1:].astype(int) % 2), len(used))
    return a_study(
        **(
            {
                "orders": bought,
                "order_lines": lines,
                "products": pd.DataFrame({"product_id": ["p0", "p1", "p2"], "category": ["茶", "coffee", None]}),
                "customers": people,
                "surveys": surveys,
                "activity_use": used,
                "attributes": {"customers": {"region": "category", "is_member": "flag", "age": "number"}},
            }
            | more
        )
    )


@pytest.fixture(scope="module")
def shop():
    return a_shop()


def group(points, k=3):
    """k-means to its end, so that every group's centre is its mean."""
    labels = assign_nearest(points, fit_centres(points, k, seed=1))
    while True:
        centres = np.array([points[labels == label].mean(axis=0) for label in range(k)])
        again = assign_nearest(points, centres)
        if (again == labels).all():
            return labels
        labels = again


def read_again(kept):
    return read_record(json.loads(as_text(kept)))


def segments_of(study, kept):
    return assign_customers(study, kept).to_pandas().set_index("customer_id")


def _check_own(study, inputs, kept, labels):
    found = segments_of(study, kept)
    own = found.loc[inputs.customers["customer_id"]]
    assert (own["segment"].to_numpy() == np.array(kept.names)[labels]).all()
    alone = assign_segments(study, kept).to_pandas().set_index("customer_id")["segment"]
    assert (alone.loc[own.index] == own["segment"]).all()
    assert own["why_not"].isna().all()
    others = found.drop(own.index)
    assert others["segment"].isna().all()
    assert others["why_not"].notna().all()


@pytest.mark.parametrize("purpose", ALL)
@pytest.mark.slow
def test_everybody_gets_his_own_segment_back_for_every_purpose(shop, purpose):
    inputs = build_inputs(shop, purpose=purpose) if purpose != "attitudes" else _attitudes()
    study = shop if purpose != "attitudes" else a_shop(130)
    labels = group(inputs.scaled)
    kept = read_again(keep_groups(study, inputs, labels, method="k-means"))
    assert kept.purpose == purpose
    assert kept.evidence["agreement"] == 1
    _check_own(study, inputs, kept, labels)
    if purpose in ("attitudes", "attributes"):
        said = f"{NO_PURCHASE}, or {FEW_ANSWERS if purpose == 'attitudes' else FEW_KNOWN}"
        assert set(segments_of(study, kept)["why_not"].dropna()) == {said}


def _attitudes():
    return build_inputs(a_shop(130), purpose="attitudes")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["diag", "full"])
def test_clouds_of_mixed_inputs_are_given_back(shop, kind):
    inputs = build_inputs(shop, inputs=["n_orders", "age", "region", "is_member"])
    model = fit_mixture(inputs.scaled, 2, kind=kind, seed=3)
    kept = read_again(keep_mixture(shop, inputs, model, names=["一", "二"]))
    _check_own(shop, inputs, kept, model.predict(inputs.scaled))
    own = segments_of(shop, kept).loc[inputs.customers["customer_id"], "certainty"]
    assert np.allclose(own, model.predict_proba(inputs.scaled).max(axis=1))
    assert "likeliest cloud" in as_text(kept)


def test_other_methods_are_put_to_the_nearest_middle_and_say_how_far_that_agrees(shop):
    inputs = build_inputs(shop, purpose="needs")
    labels = group_by_ward(inputs.scaled, 3)
    kept = read_again(keep_groups(shop, inputs, labels, method="Ward"))
    own = segments_of(shop, kept).loc[inputs.customers["customer_id"], "segment"]
    agreement = (own.to_numpy() == np.array(kept.names)[labels]).mean()
    assert kept.evidence["agreement"] == pytest.approx(agreement)
    assert "nearest middle" in kept.rule()
    assert "Ward" in kept.rule()


def test_who_is_in_no_group_moves_no_middle(shop):
    inputs = build_inputs(shop)
    labels = np.where(np.arange(len(inputs.scaled)) < 5, -1, group(inputs.scaled, 2))
    kept = keep_groups(shop, inputs, labels, method="HDBSCAN", names=["a", "b"])
    assert np.allclose(kept.centres[0], inputs.scaled[labels == 0].mean(axis=0))
    assert kept.evidence["n_in_no_group"] == 5
    assert group_by_density(inputs.scaled).min() >= -1
    with pytest.raises(ParameterError, match="as many names"):
        keep_groups(shop, inputs, labels, method="by hand", names=["a"])


def test_a_level_nobody_had_then_is_no_reason_to_guess(shop):
    inputs = build_inputs(shop, inputs=["n_orders", "region"])
    kept = read_again(keep_groups(shop, inputs, group(inputs.scaled, 2), method="k-means"))
    people = pd.DataFrame({"customer_id": ["c00", "c01"], "region": ["north", "Mars"], "is_member": True, "age": 30.0})
    found = segments_of(a_shop(customers=people), kept)
    assert pd.isna(found.loc["c01", "segment"])
    assert found.loc["c01", "why_not"].startswith("region was of no such kind")
    assert pd.notna(found.loc["c00", "segment"])
    alone = assign_segments(a_shop(customers=people), kept).to_pandas().set_index("customer_id")["segment"]
    assert pd.isna(alone["c01"])


def test_a_category_of_goods_that_is_new_is_left_out_of_the_whole(shop):
    inputs = build_inputs(shop, purpose="needs")
    kept = keep_groups(shop, inputs, group(inputs.scaled), method="k-means")
    renamed = pd.DataFrame({"product_id": ["p0", "p1", "p2"], "category": ["茶", "coffee", "Mars bars"]})
    features = gather_features(a_shop(products=renamed), kept).to_pandas()
    assert features["spend on unknown"].fillna(0).sum() == 0
    assert segments_of(a_shop(products=renamed), kept)["segment"].notna().sum() == 90


@pytest.mark.parametrize(
    ("purpose", "less", "said"),
    [
        ("needs", {"products": None}, "products.category"),
        ("rhythm", {"orders": None}, "orders"),
        ("usage", {"activity_use": None}, "activity_use.customer_id"),
        ("attributes", {"customers": None, "attributes": None}, "customers.customer_id"),
        ("needs", {"products": pd.DataFrame({"product_id": ["p0"]})}, "products.category"),
    ],
)
def test_what_a_study_lacks_is_named(shop, purpose, less, said):
    inputs = build_inputs(shop, purpose=purpose)
    kept = keep_groups(shop, inputs, group(inputs.scaled, 2), method="k-means")
    tables = {name: table for name, table in shop.tables.items() if name not in less or less[name] is not None}
    poorer = replace(shop, tables=tables)
    if isinstance(less.get("products"), pd.DataFrame):
        poorer = a_shop(**less)
    with pytest.raises(ParameterError, match=said):
        assign_customers(poorer, kept)


def _damage(record, *path, value):
    inner = record
    for step in path[:-1]:
        inner = inner[step]
    if value is KeyError:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return record


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("recipe",), KeyError, "lacks 'recipe'"),
        (("recipe", "wholes", 0, "average", 0), 0.0, "not above 0"),
        (("recipe", "wholes", 0, "levels"), ["茶"], "do not fit"),
        (("recipe", "wholes", 0, "by"), KeyError, "lacks 'by'"),
        (("recipe", "wholes", 0, "parts"), None, "cannot be used"),
        (("mixture",), "round", "'round'"),
        (("segments", 0, "cloud"), KeyError, "lacks 'cloud'"),
        (("segments", 0, "cloud", "weight"), -1.0, "not above 0"),
        (("segments", 0, "cloud", "covariance"), [[1.0]], "covariance|inhomogeneous"),
    ],
)
def test_a_file_damaged_by_hand_is_refused_with_the_place(shop, path, value, said):
    inputs = build_inputs(shop, purpose="needs")
    record = json.loads(as_text(keep_mixture(shop, inputs, fit_mixture(inputs.scaled, 2, kind="diag", seed=1))))
    with pytest.raises(ParameterError, match=said):
        read_record(_damage(record, *path, value=value))


@pytest.mark.parametrize("version", [1, 2])
def test_files_of_earlier_versions_are_still_read(shop, version):
    inputs = build_inputs(shop)
    kept = keep_groups(shop, inputs, group(inputs.scaled), method="k-means")
    record = json.loads(as_text(kept))
    assert record["format_version"] == FORMAT_VERSION == 3
    old = {**record, "format_version": version, "makings": record.pop("recipe"), "as_found": record.pop("reference")}
    old = {name: value for name, value in old.items() if name in record or name in ("makings", "as_found")}
    if version == 1:
        old = {name: value for name, value in old.items() if name not in ("makings", "mixture")}
    read = read_record(old)
    assert as_text(read) == as_text(kept)
    assert (segments_of(shop, read)["segment"] == segments_of(shop, kept)["segment"]).sum() == 90


@pytest.mark.parametrize("purpose", ["needs", "attributes", "usage"])
def test_a_model_found_again_on_the_same_day_is_the_same_and_has_not_aged(shop, purpose):
    inputs = build_inputs(shop, purpose=purpose)
    kept = keep_groups(shop, inputs, group(inputs.scaled, 2), method="k-means")
    again = refit_segmentation(shop, kept)
    # Centre and scale of every input are found again, also of parts and levels, which share one.
    for was, found in zip(kept.inputs, again.inputs, strict=True):
        assert (found.centre, found.scale) == (pytest.approx(was.centre, abs=1e-9), pytest.approx(was.scale))
    drift = measure_drift(shop, kept)
    assert drift.verdict == KEEP
    assert np.allclose(drift.inputs["stability_index"], 0)
    assert drift.n_now == drift.n_then == len(inputs.customers)


@pytest.mark.slow
def test_a_mixture_is_followed_as_a_mixture(shop):
    inputs = build_inputs(shop, purpose="rhythm")
    kept = keep_mixture(shop, inputs, fit_mixture(inputs.scaled, 2, kind="diag", seed=1))
    moves = measure_migration(shop, kept, window_days=40)
    assert moves.then.mixture.kind == "diag"
    now, then = (segments_of(s, kept)["segment"] for s in (shop, shop.standing_at(moves.first_day)))
    both = then.dropna().index
    assert moves.rate(MOVED)["estimate"] == pytest.approx((now.loc[both] != then.loc[both]).mean())


def test_postgresql_gets_the_same_statement_without_lists(shop):
    for purpose in ("needs", "attributes", "usage"):
        inputs = build_inputs(shop, purpose=purpose)
        kept = keep_groups(shop, inputs, group(inputs.scaled, 2), method="k-means")
        table = ibis.table(gather_features(shop, kept).schema(), name="features")
        sql = ibis.to_sql(assign_customers(shop, kept, features=table), dialect="postgres")
        assert "LIST_INNER_PRODUCT" not in sql


@pytest.mark.slow
@pytest.mark.parametrize("purpose", ALL)
@pytest.mark.parametrize("name", ["simulated"])
def test_everybody_of_a_sample_study_gets_his_own_segment_back(name, purpose):
    study = open_study(name)
    inputs = build_inputs(study, purpose=purpose)
    labels = group(inputs.scaled, 4)
    kept = read_again(keep_groups(study, inputs, labels, method="k-means"))
    _check_own(study, inputs, kept, labels)
    model = fit_mixture(inputs.scaled, 3, kind="full", seed=1)
    _check_own(study, inputs, read_again(keep_mixture(study, inputs, model)), model.predict(inputs.scaled))
