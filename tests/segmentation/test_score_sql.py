"""The engine's expressions against numpy and scikit-learn, whatever the inputs are like."""

from dataclasses import replace

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from crm_research.pillars.segmentation.deployment.assign import assign_customers, assign_segments, place_features
from crm_research.pillars.segmentation.deployment.reference import take_reference
from crm_research.pillars.segmentation.deployment.saved import SavedSegmentation
from crm_research.pillars.segmentation.deployment.score_sql import first_least
from crm_research.pillars.segmentation.evidence.densities import Mixture, read_mixture
from crm_research.pillars.segmentation.inputs.recipe import Recipe
from crm_research.pillars.segmentation.inputs.transforms import InputTransform
from tests.builders import a_study, orders
from tests.segmentation.kept import AS_OF

NAMES = ("often", "沉默的客户", "O'Brien's", "rest")


@pytest.fixture(scope="module")
def study():
    return a_study(orders=orders(("a", "2024-01-01", 1.0)))


def a_saved(inputs, centres, mixture=None):
    """Segments at these centres; the reference is of three customers at each."""
    centres = np.asarray(centres, dtype=float)
    scaled = np.repeat(centres, 3, axis=0) + 0.1
    names = [transform.name for transform in inputs]
    return SavedSegmentation(
        study="handmade", currency="EUR", as_of=AS_OF, purpose="behaviour", inputs=tuple(inputs),
        names=NAMES[: len(centres)], centres=centres, evidence={}, mixture=mixture,
        reference=take_reference(scaled, scaled, centres, names, mixture=mixture),
    )  # fmt: skip


def _an_input(name, **more):
    return InputTransform(**({"name": name, "what": name, "is_logarithmic": False, "fill": 0.0, "centre": 0.0,
                              "scale": 1.0, "clip": 3.0} | {"name": name} | more))  # fmt: skip


def _predict(saved, frame):
    """Labels of scikit-learn, and how far the second centre is beyond the nearest."""
    scaled = np.column_stack([t.apply(frame[t.name].to_numpy(dtype=float)) for t in saved.inputs])
    model = KMeans(n_clusters=saved.k, n_init=1).fit(np.random.default_rng(0).normal(size=(50, scaled.shape[1])))
    model.cluster_centers_ = saved.centres.copy()
    squared = np.sort(((scaled[:, None] - saved.centres) ** 2).sum(axis=2), axis=1)
    return model.predict(scaled), squared[:, 1] - squared[:, 0]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    logs=st.lists(st.booleans(), min_size=1, max_size=5),
    unit=st.sampled_from([1e-6, 1.0, 1e6]),
    middle=st.sampled_from([0.0, 5.0, -2.0, 1e5]),
)
def test_the_segment_is_that_of_scikit_learn_for_any_scale(study, seed, logs, unit, middle):
    rng = np.random.default_rng(seed)
    inputs = [
        _an_input(f"i{place}", is_logarithmic=is_log, fill=float(rng.normal()), scale=0.7 if is_log else unit,
                  centre=1.5 if is_log else middle * unit, clip=None if rng.random() < 0.3 else 2.0)
        for place, is_log in enumerate(logs)
    ]  # fmt: skip
    saved = a_saved(inputs, rng.normal(size=(4, len(inputs))))
    raw = [
        (np.expm1(1.5 + rng.normal(size=200)) if t.is_logarithmic else t.centre + t.scale * rng.normal(size=200))
        for t in inputs
    ]
    frame = pd.DataFrame({t.name: values for t, values in zip(inputs, raw, strict=True)})
    odd = [np.nan, np.inf, -np.inf, 1e100, -1e100, 0.0, -0.5]
    for place, t in enumerate(inputs):
        frame.loc[frame.index[20 * place : 20 * place + len(odd)], t.name] = odd
    frame.insert(0, "customer_id", [f"c{i:03}" for i in range(200)])
    found = assign_segments(study, saved, features=ibis.memtable(frame)).to_pandas().set_index("customer_id")
    expected, margin = _predict(saved, frame)
    is_known = np.isfinite(frame[[t.name for t in inputs]].to_numpy(dtype=float)).any(axis=1)
    clear = (margin > 1e-9 * (1 + margin)) & is_known
    assert clear.mean() > 0.8
    segments = found.loc[frame["customer_id"], "segment"].to_numpy()
    assert (segments[clear] == np.array(NAMES)[expected][clear]).all()
    assert pd.isna(segments[~is_known]).all()


def test_the_segment_alone_is_that_of_the_whole_table(study):
    rng = np.random.default_rng(4)
    saved = a_saved([_an_input("i0"), _an_input("i1", is_logarithmic=True)], rng.normal(size=(3, 2)))
    frame = pd.DataFrame(
        {"customer_id": [f"c{i}" for i in range(300)], "i0": rng.normal(size=300), "i1": rng.exponential(2, 300)}
    )
    features = ibis.memtable(frame)
    alone = assign_segments(study, saved, features=features).to_pandas().set_index("customer_id")["segment"]
    whole = assign_customers(study, saved, features=features).to_pandas().set_index("customer_id")["segment"]
    assert (alone == whole.loc[alone.index]).all()


def test_far_from_nought_nothing_cancels(study):
    # Times in seconds since 1970, a day apart: as sums of products about 1e18 is taken from 1e18.
    saved = a_saved([_an_input("i0", centre=1.7e9, scale=1.0, clip=None)], [[-0.5], [0.5], [30.0]])
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"customer_id": [f"c{i}" for i in range(200)], "i0": 1.7e9 + rng.integers(-8, 9, 200) / 8 + 1 / 64}
    )
    placed = place_features(ibis.memtable(frame), saved).to_pandas().set_index("customer_id").loc[frame["customer_id"]]
    assert (placed["place"].to_numpy() == (frame["i0"] > 1.7e9)).all()
    off = np.abs(frame["i0"].to_numpy() - 1.7e9) - 0.5
    assert np.allclose(placed["squared_distance"], off**2, atol=1e-12)


def test_of_equal_values_the_first_is_taken():
    table = ibis.memtable({"a": [1.0, 2.0, 2.0, 3.0], "b": [1.0, 1.0, 3.0, 1.0], "c": [1.0, 1.0, 2.0, 0.5]})
    found = table.select(g=first_least([table.a, table.b, table.c], [ibis.literal(i) for i in range(3)]))
    assert found.to_pandas()["g"].tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize("kind", ["spherical", "diag", "tied", "full"])
def test_the_likeliest_cloud_is_that_of_scikit_learn(study, kind):
    rng = np.random.default_rng(6)
    inputs = [_an_input("i0", clip=None), _an_input("i1", centre=2.0, scale=3.0, clip=None), _an_input("i2")]
    points = rng.normal(size=(300, 3)) * [0.2, 1.0, 0.5]
    points[200:] += [1.0, -0.5, 0.3]
    model = GaussianMixture(3, covariance_type=kind, random_state=0, reg_covar=1e-3).fit(points)
    centres, mixture = read_mixture(model)
    saved = a_saved(inputs, centres, mixture)
    frame = pd.DataFrame(points * [1.0, 3.0, 1.0] + [0.0, 2.0, 0.0], columns=["i0", "i1", "i2"])
    frame.insert(0, "customer_id", [f"c{i:03}" for i in range(len(frame))])
    scaled = np.column_stack([t.apply(frame[t.name].to_numpy()) for t in inputs])
    assert np.allclose(
        mixture.measure(scaled, centres), -2 * model._estimate_weighted_log_prob(scaled) - 3 * np.log(2 * np.pi)
    )
    found = assign_customers(study, saved, features=ibis.memtable(frame)).to_pandas().set_index("customer_id")
    found = found.loc[frame["customer_id"]]
    chances = model.predict_proba(scaled)
    assert (found["segment"].to_numpy() == np.array(NAMES)[model.predict(scaled)]).all()
    assert np.allclose(found["certainty"], chances.max(axis=1))
    own = model.predict(scaled)
    off = scaled - centres[own]
    mahalanobis = np.einsum("ij,ijk,ik->i", off, np.linalg.inv(mixture.covariances)[own], off)
    assert np.allclose(found["distance"] ** 2, mahalanobis)


def test_a_mixture_that_is_none_is_refused():
    with pytest.raises(ValueError, match="positive definite"):
        Mixture(kind="full", weights=np.ones(1), covariances=np.array([[[1.0, 2.0], [2.0, 1.0]]]))
    with pytest.raises(ValueError, match="above 0"):
        Mixture(kind="full", weights=np.array([1.0, 0.0]), covariances=np.stack([np.eye(2)] * 2))
    with pytest.raises(ValueError, match="do not fit"):
        Mixture(kind="full", weights=np.ones(2) / 2, covariances=np.eye(2)[None])


def test_inputs_may_be_called_anything(study):
    names = ("values", "length", "d_0", "certainty", "strange")
    saved = a_saved([_an_input(name) for name in names], np.vstack([np.ones(5), -np.ones(5)]))
    frame = pd.DataFrame(np.vstack([np.full(5, 0.9), np.full(5, -0.8)]), columns=list(names)).assign(
        customer_id=["a", "b"]
    )
    found = assign_customers(study, replace(saved, recipe=Recipe(attributes=names)), features=ibis.memtable(frame))
    assert found.order_by("customer_id").to_pandas()["segment"].tolist() == list(NAMES[:2])
