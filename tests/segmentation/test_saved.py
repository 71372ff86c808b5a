import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.pillars.segmentation.deployment.save import keep_segmentation
from crm_research.pillars.segmentation.deployment.saved import (
    FORMAT_VERSION,
    as_text,
    load_segmentation,
    read_record,
    save_segmentation,
)
from crm_research.pillars.segmentation.inputs.recipe import Recipe
from crm_research.pillars.segmentation.inputs.transforms import fit_transform, recover_transforms
from tests.builders import a_study, orders
from tests.segmentation.kept import AS_OF, CENTRES, NAMES, a_kept, draw_features


def _found(labels=None, scaled=None):
    """What `keep_segmentation` reads of a segmentation, without the search for groups."""
    frame = draw_features()
    used = ("days_since_last", "n_orders")
    fitted = [fit_transform(name, name, frame[name].to_numpy(), is_logarithmic=name == "n_orders") for name in used]
    if scaled is None:
        scaled = np.column_stack([transform.apply(frame[transform.name].to_numpy()) for transform in fitted])
    # The groups are numbered in another order than the cards.
    centres = CENTRES[::-1]
    if labels is None:
        labels = ((scaled[:, None, :] - centres) ** 2).sum(axis=2).argmin(axis=1)
    found = SimpleNamespace(
        inputs=SimpleNamespace(
            customers=frame,
            scaled=scaled,
            used=used,
            choice=pd.DataFrame({"input": used, "what": ["days", "number"]}),
            purpose="behaviour",
            recipe=Recipe(),
        ),
        labels=labels,
        centres=centres,
        cards=pd.DataFrame({"group": [1, 0], "segment": list(NAMES)}),
        stability=pd.DataFrame({"mean_jaccard": [0.9, 0.8]}),
        silhouette=SimpleNamespace(estimate=0.6),
        verdict="natural",
        n_customers=len(frame),
        k=2,
    )
    return SimpleNamespace(found=found, why_not="", currency="EUR", as_of=AS_OF), fitted


@pytest.fixture(scope="module")
def study():
    return a_study(orders=orders(("a", "2024-01-01", 1.0)))


def test_what_is_written_is_read_back_whole(tmp_path):
    kept = a_kept()
    read = load_segmentation(save_segmentation(kept, tmp_path / "segmentation.json"))
    assert read.inputs == kept.inputs
    assert read.names == kept.names
    assert np.array_equal(read.centres, kept.centres)
    assert read.reference.as_record() == kept.reference.as_record()
    assert read.reference.sizes == kept.reference.sizes
    assert (read.study, read.currency, read.as_of) == (kept.study, kept.currency, kept.as_of)
    assert as_text(read) == as_text(kept)
    assert [path.name for path in tmp_path.iterdir()] == ["segmentation.json"]


def test_a_person_can_read_it(tmp_path):
    text = save_segmentation(a_kept(), tmp_path / "s.json").read_text(encoding="utf-8")
    assert "重要客户" in text
    record = json.loads(text)
    assert record["format_version"] == FORMAT_VERSION
    assert record["inputs"][0]["what"] == "days since the last purchase"
    assert record["segments"][0]["centre"] == {"days_since_last": -1.5, "n_orders": 1.0}
    assert record["evidence"]["verdict"] == "natural"


def test_centres_are_kept_in_the_order_of_the_cards_with_exact_transforms(study):
    segments, fitted = _found()
    kept = keep_segmentation(study, segments)
    assert kept.names == NAMES
    assert np.array_equal(kept.centres, CENTRES)
    assert [(t.centre, t.scale, t.fill) for t in kept.inputs] == [(t.centre, t.scale, t.fill) for t in fitted]
    assert kept.reference.sizes == tuple(np.bincount(1 - segments.found.labels))
    assert kept.evidence["weakest_jaccard"] == 0.8


def test_groups_of_another_method_are_refused(study):
    segments, _ = _found()
    segments.found.labels = np.where(
        np.arange(len(segments.found.labels)) == 7, 1 - segments.found.labels, segments.found.labels
    )
    with pytest.raises(ParameterError, match="nearest centre"):
        keep_segmentation(study, segments)
    segments, _ = _found()
    segments.found.labels = segments.found.labels.copy()
    segments.found.labels[3] = -1
    with pytest.raises(ParameterError, match="no group"):
        keep_segmentation(study, segments)


def test_inputs_that_cannot_be_made_again_are_refused(study):
    ranks = draw_features()[["days_since_last", "n_orders"]].rank().fillna(0).to_numpy() / 400
    segments, _ = _found(scaled=ranks)
    with pytest.raises(ParameterError, match="days_since_last"):
        keep_segmentation(study, segments)
    segments, _ = _found()
    segments.found.inputs.customers = segments.found.inputs.customers.assign(n_orders="many")
    with pytest.raises(ParameterError, match="n_orders"):
        keep_segmentation(study, segments)


def test_nothing_found_is_nothing_to_keep(study):
    with pytest.raises(NotEnoughData, match="too few"):
        keep_segmentation(study, SimpleNamespace(found=None, why_not="too few buyers"))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.booleans(), st.sampled_from([1e-3, 1.0, 1e9]))
def test_any_shift_and_scale_is_recovered(seed, is_logarithmic, is_standardised, unit):
    rng = np.random.default_rng(seed)
    values = rng.lognormal(0, 2, size=60) * unit
    values[:3] = np.nan
    fitted = fit_transform("x", "x", values, is_logarithmic=is_logarithmic)
    if is_standardised:  # no cut, the mean, the standard deviation
        moved = np.log1p(values) if is_logarithmic else values
        moved = np.where(np.isnan(moved), np.log1p(fitted.fill) if is_logarithmic else fitted.fill, moved)
        scaled = (moved - moved.mean()) / moved.std()
    else:
        scaled = fitted.apply(values)
    (found,) = recover_transforms(pd.DataFrame({"x": values}), scaled[:, None], ["x"], ["x"])
    assert np.allclose(found.apply(values), scaled, atol=1e-8)


def test_a_constant_input_does_not_divide_by_nought():
    constant = fit_transform("x", "x", np.full(9, 5.0), is_logarithmic=False)
    assert constant.apply(np.array([5.0, np.nan])).tolist() == [0.0, 0.0]
    nobody = fit_transform("x", "x", np.empty(0), is_logarithmic=True)
    assert np.isfinite(nobody.apply(np.array([1.0]))).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other"}, "no saved segmentation"),
        ({"format_version": 99}, "format_version 99"),
        ({"segments": []}, "no input or no segment"),
        ({"inputs": [{"name": "n_orders"}]}, "lacks 'what'"),
        ({"study": None}, "cannot be used"),
    ],
)
def test_what_does_not_fit_is_named(change, said):
    record = json.loads(as_text(a_kept())) | change
    with pytest.raises(ParameterError, match=said):
        read_record(record)


def test_a_scale_of_nought_or_bins_that_do_not_fit_are_refused():
    record = json.loads(as_text(a_kept()))
    record["inputs"][0]["scale"] = 0
    with pytest.raises(ParameterError, match="scale"):
        read_record(record)
    record = json.loads(as_text(a_kept()))
    record["reference"]["bins"]["n_orders"]["up_to"].append(9.0)
    with pytest.raises(ParameterError, match="bins of 'n_orders'"):
        read_record(record)


def test_files_that_are_none_are_named(tmp_path):
    with pytest.raises(ParameterError, match="no saved segmentation"):
        load_segmentation(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(ParameterError, match="JSON"):
        load_segmentation(tmp_path / "bad.json")


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = save_segmentation(a_kept(), tmp_path / "segmentation.json")
    before = path.read_text(encoding="utf-8")

    def refuse(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        save_segmentation(a_kept(currency="USD"), path)
    assert path.read_text(encoding="utf-8") == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["segmentation.json"]
