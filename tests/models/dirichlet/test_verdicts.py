"""When is a brand called loyal beyond its size? Sure for all that are judged together, and by 5 % at least."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from crm_research.models.dirichlet import (
    ABOVE,
    AS_NORM,
    BELOW,
    MEASURES,
    SLIGHTLY_ABOVE,
    SLIGHTLY_BELOW,
    TOO_FEW,
    compare_with_norm,
)

GROUPS = 20


def planted(ratios: list[float], errors: list[float], buyers: list[int]):
    """Brands whose purchases per buyer lie so far from a norm of 2, with these jackknife errors of the ratio."""
    # Two values in turn, so far from their mean that sqrt((g - 1) / g x sum of squares) is the error asked for.
    signs = np.where(np.arange(GROUPS) % 2, 1.0, -1.0)[:, None]
    step = np.asarray(errors) / np.sqrt(GROUPS - 1)
    rates = 2 * (1 + np.vstack([ratios, np.asarray(ratios) + signs * step]))
    observed = {name: np.full_like(rates, 0.3) for name in MEASURES} | {"purchases_per_buyer": rates}
    norm = {name: np.full_like(rates, 0.25) for name in MEASURES} | {"purchases_per_buyer": np.full_like(rates, 2.0)}
    tallies = SimpleNamespace(
        names=tuple("ABCDEFG"[: len(ratios)]),
        shares=np.full((GROUPS + 1, len(ratios)), 0.1),
        buyers=np.array([buyers] * (GROUPS + 1), dtype=float),
        observed=lambda: observed,
    )
    return compare_with_norm(tallies, SimpleNamespace(measures=lambda: norm)).set_index("brand")


def test_the_verdict_follows_the_limits_that_are_printed_for_all_brands_judged_together():
    together = stats.t.ppf(1 - 0.025 / 3, GROUPS - 1)  # 2.6251 for three that are judged; the fourth has few buyers
    beyond = 0.1 / together
    found = planted([0.1, 0.1, -0.1, 0.4], [beyond * 0.999, beyond * 1.001, beyond * 0.999, 0.001], [50, 51, 300, 49])
    assert found["verdict"].tolist() == [ABOVE, AS_NORM, BELOW, TOO_FEW]
    assert (found["excess_ratio"]).tolist() == pytest.approx([0.1, 0.1, -0.1, 0.4])
    assert found["ratio_lower"].tolist()[:2] == pytest.approx(
        [0.1 - together * e for e in (beyond * 0.999, beyond * 1.001)]
    )
    assert found["ratio_upper"].tolist()[:2] == pytest.approx(
        [0.1 + together * e for e in (beyond * 0.999, beyond * 1.001)]
    )
    assert found.loc["A", "ratio_lower"] > 0 > found.loc["B", "ratio_lower"]


def test_less_than_five_per_cent_is_slight_however_sure():
    found = planted([0.049, 0.051, -0.049, -0.051], [0.001] * 4, [80, 90, 100, 110])
    assert found["verdict"].tolist() == [SLIGHTLY_ABOVE, ABOVE, SLIGHTLY_BELOW, BELOW]


def test_excess_is_observed_less_norm():
    found = planted([0.1], [0.01], [70])
    assert found.loc["A", "penetration_excess"] == pytest.approx(0.05)
    assert found.loc["A", ["purchases_per_buyer", "purchases_per_buyer_norm"]].tolist() == pytest.approx([2.2, 2.0])
