"""The shapes of a curve by their formulas: likelihoods by hand, slopes by differences, refusals in whole sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.parametric.gompertz import Gompertz, _grown
from crm_research.models.parametric.moves import as_counts, build_moves
from crm_research.models.parametric.scaled import LAWS, ScaledTime

# No number comes with a warning.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

SPELLS = pd.DataFrame(
    {
        "entry_days": [0.0, 3, 0, 0],
        "tenure_days": [5.0, 9, 0, 7],
        "is_ended": [True, False, True, True],
        "x": [1.0, 0, 1, 2],
    }
)


def test_rows_and_counts_become_entries_and_exits():
    found = as_counts(SPELLS.assign(weight=[1.0, 2, 3, 1]))
    assert found["n_entered"].tolist() == [1, 2, 3, 1]
    assert found["n_ended"].tolist() == [1, 0, 3, 1]
    assert found["n_censored"].tolist() == [0, 2, 0, 0]
    assert found["entry_days"].tolist() == [0, 3, 0, 0]
    assert found["x"].tolist() == [1, 0, 1, 2]
    moves = build_moves(found, np.empty((4, 0)))
    # Those who left on the first day stayed for half of it; two are met at 3.
    assert moves.days.tolist() == [0.5, 3, 5, 7, 9]
    assert moves.ended.tolist() == [3, 0, 1, 1, 0]
    assert moves.net.tolist() == [3, -2, 1, 1, 2]
    assert (moves.n, moves.n_ended) == (7, 5)
    assert moves.exposure == pytest.approx(1.5 - 6 + 5 + 7 + 18)
    with_x = build_moves(found, found[["x"]].to_numpy())
    assert with_x.days.tolist() == [5, 9, 0.5, 7, 3]
    assert with_x.columns[:, 0].tolist() == [1, 0, 1, 2, 0]
    plain = as_counts(SPELLS.drop(columns="entry_days"))
    assert plain["entry_days"].tolist() == [0.0] * 4
    counts = pd.DataFrame({"tenure_days": [0.0, 5], "n_entered": [4, 0], "n_ended": [0, 3], "n_censored": [0, 1]})
    assert build_moves(as_counts(counts), np.empty((2, 0))).net.tolist() == [4]


def test_spells_that_cannot_be_read_are_refused_in_words():
    with pytest.raises(ParameterError) as raised:
        as_counts(pd.DataFrame({"tenure_days": [1.0], "n_ended": [1]}))
    assert str(raised.value) == (
        "Spells need the columns tenure_days, is_ended, and counts tenure_days, n_entered, n_ended, n_censored; found "
        "tenure_days, n_ended."
    )
    with pytest.raises(ParameterError, match=r"; found none\.$"):
        as_counts(pd.DataFrame())
    for wrong in ({"tenure_days": -1.0}, {"entry_days": np.nan}, {"weight": -1.0}):
        with pytest.raises(
            ParameterError,
            match=r"^Tenures, entries, weights and counts must be given and not negative in every row\.$",
        ):
            as_counts(SPELLS.assign(**wrong))
    with pytest.raises(
        NotEnoughData, match=r"^A smooth curve of tenure cannot be worked out here\. No spell has ended yet\.$"
    ):
        build_moves(as_counts(SPELLS.assign(is_ended=False)), np.empty((4, 0)))


def moves():
    return build_moves(as_counts(SPELLS), np.empty((4, 0)))


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("exponential", lambda place, scale: stats.expon(scale=np.exp(place))),
        ("weibull", lambda place, scale: stats.weibull_min(1 / scale, scale=np.exp(place))),
        ("log_normal", lambda place, scale: stats.lognorm(scale, scale=np.exp(place))),
        ("log_logistic", lambda place, scale: stats.fisk(1 / scale, scale=np.exp(place))),
    ],
)
def test_each_shape_has_the_likelihood_of_its_law(name, law):
    has_scale = name != "exponential"
    curve = ScaledTime(law=LAWS[name], has_scale=has_scale)
    assert curve.names == (("location", "log_scale") if has_scale else ("location",))
    theta = np.array([1.7, np.log(0.8)]) if has_scale else np.array([1.7])
    there = law(1.7, 0.8)
    # Ends at 5, half a day and 7; watched from 3 to 9 without an end.
    by_hand = there.logpdf([5, 0.5, 7]).sum() + there.logsf(9) - there.logsf(3)
    found = curve.evaluate(theta, moves())
    assert found.log_likelihood == pytest.approx(by_hand)
    step = 1e-5
    for place, axis in enumerate(np.eye(len(theta)) * step):
        up, down = curve.evaluate(theta + axis, moves()), curve.evaluate(theta - axis, moves())
        assert found.score[place] == pytest.approx((up.log_likelihood - down.log_likelihood) / (2 * step), rel=1e-5)
        assert found.information[place] == pytest.approx(-(up.score - down.score) / (2 * step), rel=1e-4, abs=1e-6)
    days = np.array([2.0, 6.0])
    read = curve.read(theta, days, np.empty((2, 0)))
    assert read.cumulative == pytest.approx(-there.logsf(days))
    assert read.log_hazard == pytest.approx(there.logpdf(days) - there.logsf(days))
    for place, axis in enumerate(np.eye(len(theta)) * step):
        up, down = (curve.read(theta + sign * axis, days, np.empty((2, 0))) for sign in (1, -1))
        assert read.d_cumulative[:, place] == pytest.approx((up.cumulative - down.cumulative) / (2 * step), rel=1e-5)
        assert read.d_log_hazard[:, place] == pytest.approx(
            (up.log_hazard - down.log_hazard) / (2 * step), rel=1e-5, abs=1e-8
        )
    start = curve.start(moves())
    assert start[0] == pytest.approx(np.log((0.5 + 5 + 7 + 6) / 3))
    assert start.tolist()[1:] == [0.0] * (len(theta) - 1)


@pytest.mark.parametrize("slope", [0.4, -0.7, 0.0])
def test_gompertz_by_its_formula(slope):
    curve = Gompertz(unit_days=2.0)
    theta = np.array([-1.3, slope])
    u = np.array([5.0, 0.5, 7, 9, 3]) / 2
    grown = np.expm1(slope * u) / slope if slope else u
    area = np.exp(-1.3) * grown
    by_hand = (-1.3 + slope * u[:3] - np.log(2)).sum() - area[:4].sum() + area[4]
    found = curve.evaluate(theta, moves())
    assert found.log_likelihood == pytest.approx(by_hand)
    step = 1e-5
    for place, axis in enumerate(np.eye(2) * step):
        up, down = curve.evaluate(theta + axis, moves()), curve.evaluate(theta - axis, moves())
        assert found.score[place] == pytest.approx((up.log_likelihood - down.log_likelihood) / (2 * step), rel=1e-5)
        assert found.information[place] == pytest.approx(-(up.score - down.score) / (2 * step), rel=1e-4)
    read = curve.read(theta, u * 2, np.empty((5, 0)))
    assert read.cumulative == pytest.approx(area)
    assert read.log_hazard == pytest.approx(-1.3 + slope * u - np.log(2))
    assert read.d_log_hazard.tolist() == np.column_stack([np.ones(5), u]).tolist()
    assert read.d_cumulative[:, 0] == pytest.approx(area)
    assert curve.start(moves()) == pytest.approx([np.log(3 / 18.5 * 2), 0.0])
    assert curve.names == ("level", "slope")


def test_the_growth_passes_smoothly_from_its_series_to_its_formula():
    u = np.array([1.0, 2.0, 3.0])
    for slope in (0.2, 0.3334, 0.5, 0.5001, -0.3332, 0.99999, 1.00001):
        x = slope * u
        values = [np.expm1(x) / slope, (np.exp(x) * (x - 1) + 1) / slope**2]
        values.append((np.exp(x) * (x**2 - 2 * x + 2) - 2) / slope**3)
        for part, value in zip(_grown(slope, u), values, strict=True):
            assert part == pytest.approx(value, rel=1e-9)
    assert [part.tolist() for part in _grown(0.0, u)] == [
        pytest.approx([1, 2, 3]), pytest.approx([0.5, 2, 4.5]), pytest.approx([1 / 3, 8 / 3, 9]),
    ]  # fmt: skip
