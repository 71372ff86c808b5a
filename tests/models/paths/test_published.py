"""The path model against figures printed for the mobile phone satisfaction data."""

from __future__ import annotations

import pytest

from crm_research.models.paths import fit_paths
from tests.models.paths.mobi import CONSTRUCTS, CORRECTED, HTMT, PATHS, R2, R2_ADJUSTED, RELIABILITY, answers


@pytest.fixture(scope="module")
def model():
    return fit_paths(answers(), CONSTRUCTS, PATHS, n_bootstraps=0)


def test_reliability_and_validity_as_seminr_prints_them(model):
    found = model.quality.set_index("construct")
    for construct, expected in RELIABILITY.items():
        assert found.loc[construct, ["alpha", "rho_c", "ave", "rho_a"]].tolist() == pytest.approx(expected, abs=2e-6)


def test_explained_variance_as_seminr_prints_it(model):
    found = model.quality.set_index("construct").loc["Satisfaction"]
    assert found["r2"] == pytest.approx(R2, abs=1e-6)
    assert found["r2_adjusted"] == pytest.approx(R2_ADJUSTED, abs=1e-6)


def test_htmt_as_seminr_prints_it(model):
    found = model.htmt.set_index(["one", "other"])["htmt"]
    assert found.to_dict() == pytest.approx(HTMT, abs=2e-6)


def test_paths_freed_of_errors_of_measurement_as_seminr_prints_them():
    found = fit_paths(answers(), CONSTRUCTS, PATHS, scheme="factorial", n_bootstraps=0).paths
    assert found.set_index("source")["corrected"].to_dict() == pytest.approx(CORRECTED, abs=3e-6)
