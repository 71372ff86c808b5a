"""Figures are made from rows of numbers, and say what is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.figures import (
    AGREES,
    REFUTED,
    Figure,
    FigureMaker,
    has_no_width,
    leaves_size_open,
    verdict_of,
)


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


def test_a_record_says_in_four_words_what_came_of_the_check() -> None:
    common = {"id": "a.b", "label": "A", "unit": "share", "n": 9, "window": "2024", "estimator": "share"}
    judged = [
        Figure(**common, estimate=0.4, verdict=AGREES),
        Figure(**common, estimate=0.5, verdict=REFUTED),
        Figure(**common, estimate=0.6),
        Figure(**common, estimate=None, verdict=REFUTED),
        Figure(**common, estimate=0.7, lower=0.0, upper=1.0, verdict=AGREES),
    ]
    words = [figure.as_record()["verdict"] for figure in judged]
    assert words == ["holds", "fails", "untested", "not applicable", "not applicable"]
    assert [Figure.from_record(figure.as_record()).verdict for figure in judged[:3]] == [AGREES, REFUTED, None]
    assert (
        Figure.from_record({**judged[0].as_record(), "verdict": "refuted"}).verdict == REFUTED
    )  # of an earlier version


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


MAKER = FigureMaker(window="2024", confidence=0.9, validation="holdout: 3 of 3", verdict=AGREES)


@pytest.mark.parametrize(
    ("numbers", "expected", "estimator"),
    [
        ({"estimate": 0.5, "lower": 0.4, "upper": 0.7, "n": 8}, (0.5, 0.4, 0.7), "Counts; 90 % interval"),
        ((0.5, None, 0.7), (0.5, None, 0.7), "Counts; 90 % interval"),
        ((0.5, 0.5, 0.5), (0.5, None, None), "Counts"),
        ((0.5, 0.5, 0.5 + 1e-15), (0.5, None, None), "Counts"),
        ((0.5, float("nan"), float("inf")), (0.5, None, None), "Counts"),
        (0.5, (0.5, None, None), "Counts"),
        (None, (None, None, None), "Counts"),
    ],
)
def test_what_figures_of_one_analysis_share_is_said_once(numbers, expected, estimator) -> None:
    figure = MAKER.one("a.b", "B", numbers, unit="share", n=3, estimator="Counts")
    assert (figure.estimate, figure.lower, figure.upper) == expected
    assert (figure.window, figure.estimator) == ("2024", estimator)
    assert (figure.validation, figure.verdict) == ("holdout: 3 of 3", AGREES)


@pytest.mark.parametrize(
    ("numbers", "estimator"),
    [((0.5, 0.4, 0.7), "Counts; 90 % interval over customers"), (0.5, "Counts"), ((0.5, 0.5, 0.5), "Counts")],
)
def test_what_limits_are_of_is_said_behind_their_level_and_nowhere_else(numbers, estimator) -> None:
    made = MAKER.one("a.b", "B", numbers, unit="share", n=3, estimator="Counts", limits="over customers")
    assert made.estimator == estimator


def test_a_figure_with_a_check_of_its_own_has_a_verdict_of_its_own() -> None:
    common = {"unit": "share", "n": 3, "estimator": "Counts"}
    own = MAKER.one("a.b", "B", 0.5, validation="published: 0.7", verdict=REFUTED, **common)
    assert (own.validation, own.verdict) == ("published: 0.7", REFUTED)
    silent = MAKER.one("a.b", "B", 0.5, validation="published: 0.5", **common)
    assert (silent.validation, silent.verdict) == ("published: 0.5", None)


def test_a_figure_a_row_takes_its_numbers_basis_and_group_from_the_columns_named() -> None:
    rows = pd.DataFrame(
        {"brand": ["A", "B"], "ratio": [1.2, 0.8], "low": [1.1, np.nan], "high": [1.4, 0.9], "buyers": [51, 70]}
    )
    first, second = MAKER.of_rows(
        rows,
        "a.b",
        "B",
        unit="times",
        estimator="Counts",
        numbers=("ratio", "low", "high"),
        n="buyers",
        group="brand",
        validation=lambda row: f"norm of {row['brand']}",
    )
    assert (first.group, first.n, first.estimate, first.lower, first.upper) == ("A", 51, 1.2, 1.1, 1.4)
    assert (second.group, second.n, second.estimate, second.lower, second.upper) == ("B", 70, 0.8, None, 0.9)
    assert [figure.validation for figure in (first, second)] == ["norm of A", "norm of B"]


def test_limits_without_a_level_are_refused():
    with pytest.raises(ValueError, match="need the level"):
        FigureMaker(window="w", confidence=None).one("a.b", "A", (1.0, 0.5, 2.0), unit="", n=3, estimator="mean")
    alone = FigureMaker(window="w", confidence=None).one("a.b", "A", 1.0, unit="", n=3, estimator="mean")
    assert alone.estimator == "mean"


@pytest.mark.parametrize(
    ("lower", "upper", "is_open"),
    [(2.4, 1043.0, True), (2.4, 240.0, True), (2.4, 239.9, False), (0.0, 3.0, True), (2.4, None, True),
     (None, None, False), (-1.0, 300.0, False)],
)  # fmt: skip
def test_a_size_is_not_known_where_its_limits_lie_a_hundredfold_apart(lower, upper, is_open):
    assert leaves_size_open(lower, upper) is is_open


@pytest.mark.parametrize(
    ("lower", "upper", "is_one"),
    [
        (0.2, 0.2, True),
        (0.2, 0.2 + 1e-15, True),
        (0.0, 1e-11, False),
        (0.0, 9e-13, True),  # below one the number's own size does not matter
        (7e9, 7e9 + 1e-4, True),
        (-7e9 - 1e-4, -7e9, True),
        (1.0, 7e9, False),
        (-7e9, 1.0, False),
        (0.2, 0.201, False),
    ],
)
def test_limits_that_are_one_number_but_for_rounding_are_no_interval(lower, upper, is_one):
    assert has_no_width(lower, upper) is is_one
