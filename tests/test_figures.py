"""Figures are made from rows of numbers, and say what is not known."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.figures import REFUTED, Figure, verdict_of


def test_a_figure_from_numbers_knows_what_is_not_finite() -> None:
    numbers = {"estimate": np.float64(0.5), "lower": np.nan, "upper": np.inf, "other": "x"}
    figure = Figure.from_numbers(
        "loyalty.share", "Share", numbers, unit="share", n=3, window="2024", estimator="Counts", confidence=0.9
    )
    assert (figure.estimate, figure.lower, figure.upper) == (0.5, None, None)
    assert figure.estimator == "Counts"  # no limit is known, so none is claimed
    assert figure.validation == "none"


@pytest.mark.parametrize(
    ("lower", "upper", "confidence", "said"),
    [
        (0.4, 0.6, 0.9, "Counts; 90 % interval"),
        (0.4, np.inf, 0.95, "Counts; 95 % interval"),
        (np.nan, 0.6, 0.999, "Counts; 99.9 % interval"),
        (None, None, 0.95, "Counts"),
    ],
)
def test_an_interval_is_claimed_only_where_a_limit_is_known(lower, upper, confidence, said) -> None:
    numbers = {"estimate": 0.5, "lower": lower, "upper": upper}
    figure = Figure.from_numbers(
        "a.b", "B", numbers, unit="share", n=3, window="2024", estimator="Counts", confidence=confidence
    )
    assert figure.estimator == said


def test_a_verdict_is_one_of_two_or_none() -> None:
    assert [verdict_of(answer) for answer in (True, False, None)] == ["agrees", "refuted", None]
    common = {"id": "a.b", "label": "B", "estimate": 1.0, "unit": "", "n": 1, "window": "", "estimator": "sum"}
    refuted = Figure(**common, validation="5 came", verdict=REFUTED)
    assert Figure.from_record(refuted.as_record()) == refuted
    with pytest.raises(ValueError, match="maybe"):
        Figure(**common, verdict="maybe")


@pytest.mark.parametrize("numbers", [{}, {"estimate": None}])
def test_a_figure_without_numbers_is_still_a_figure(numbers: dict[str, None]) -> None:
    figure = Figure.from_numbers("a.b", "B", numbers, unit="", n=0, window="", estimator="None", confidence=0.95)
    assert figure.estimate is None
    assert Figure.from_record(figure.as_record()) == figure


def test_every_number_of_a_figure_is_the_one_given() -> None:
    figure = Figure.from_numbers(
        "a.b",
        "B",
        {"estimate": 2.0, "lower": 1.0, "upper": 4.0},
        unit="",
        n=0,
        window="",
        estimator="E",
        confidence=0.8,
    )
    assert (figure.lower, figure.estimate, figure.upper) == (1.0, 2.0, 4.0)
