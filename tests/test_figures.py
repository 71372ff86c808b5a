"""Figures are made from rows of numbers, and say what is not known."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.figures import Figure


def test_a_figure_from_numbers_knows_what_is_not_finite() -> None:
    numbers = {"estimate": np.float64(0.5), "lower": np.nan, "upper": np.inf, "other": "x"}
    figure = Figure.from_numbers(
        "loyalty.share", "Share", numbers, unit="share", n=3, window="2024", estimator="Counts", confidence=0.9
    )
    assert (figure.estimate, figure.lower, figure.upper) == (0.5, None, None)
    assert figure.estimator == "Counts; 90 % interval"
    assert figure.validation == "none"


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
