"""Surveys in the engine: waves, scales, missing codes and one row a response."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.features.answers import read_survey
from crm_research.features.leakage import cut_study
from tests.builders import a_study

COLUMNS = ["response_id", "customer_id", "asked_at", "item", "score", "scale_min", "scale_max"]


def surveys(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


BY_HAND = surveys(
    ("r0", None, "2023-01-03", "speed", 9, 1, 10),  # another scale in an earlier wave
    ("r1", "a", "2024-01-02", "speed", -99, 1, 5),  # a code, no answer; an earlier response of the customer
    ("r1", "a", "2024-01-02", "满意", 4, 1, 5),
    ("r2", "a", "2024-01-03", "speed", 4, 1, 5),
    ("r3", None, "2024-01-03", "speed", 5, 5, 1),  # written from high to low
    ("r4", "b", None, "speed", 3, 1, 5),  # no time
    ("r5", None, "2024-01-04", "speed", None, 1, 5),
    ("r6", "c", "2024-08-01", "speed", 1, 1, 5),  # after as_of
)


def test_six_responses_by_hand():
    survey = read_survey(a_study(as_of="2024-07-01", surveys=BY_HAND))
    assert survey.answers["response_id"].tolist() == ["r0", "r2", "r3", "r5"]
    assert survey.answers["wave"].tolist() == [0, 1, 1, 1]
    assert survey.answers["speed"].tolist() == pytest.approx([1 + 8 / 9 * 4, 4, 5, np.nan], nan_ok=True)
    item = survey.items.set_index("item").loc["speed"]
    assert item[["scale_min", "scale_max", "n_answers", "n_missing", "n_outside"]].tolist() == [1, 5, 3, 1, 1]
    assert item[["n_rescaled", "n_reversed"]].tolist() == [1, 1]
    assert survey.waves[["n_responses", "n_anonymous", "n_repeated"]].to_numpy().tolist() == [[1, 1, 0], [3, 2, 1]]
    assert survey.n_timeless == 1


def test_nothing_is_read_that_was_not_yet_known():
    study = a_study(as_of="2024-07-01", surveys=BY_HAND)
    pd.testing.assert_frame_equal(read_survey(study).answers, read_survey(cut_study(study)).answers)


def test_row_order_does_not_matter():
    shuffled = BY_HAND.sample(frac=1, random_state=3)
    one, other = (read_survey(a_study(surveys=frame)) for frame in (BY_HAND, shuffled))
    pd.testing.assert_frame_equal(one.answers, other.answers)
    pd.testing.assert_frame_equal(one.items, other.items)


def test_a_survey_that_never_pauses_is_cut_into_quarters():
    days = pd.date_range("2023-01-05", "2023-12-20", freq="10D")
    rows = [(f"r{i}", None, str(day.date()), "speed", 3, 1, 5) for i, day in enumerate(days)]
    survey = read_survey(a_study(surveys=surveys(*rows)))
    assert survey.is_continuous
    assert len(survey.waves) == 4
    assert len(read_survey(a_study(surveys=surveys(*rows)), gap_days=5).waves) == len(days)


@pytest.mark.parametrize("frame", [BY_HAND.iloc[:0], BY_HAND.assign(asked_at="2030-01-01")], ids=["empty", "later"])
def test_no_answer_known_gives_empty_frames(frame):
    survey = read_survey(a_study(surveys=frame))
    assert survey.answers.empty
    assert survey.names == []


def test_a_study_without_customers_in_its_surveys():
    survey = read_survey(a_study(surveys=BY_HAND.drop(columns="customer_id")))
    assert survey.answers["customer_id"].isna().all()
    assert len(survey.answers) == 5


def test_an_item_may_be_called_like_one_of_our_columns():
    survey = read_survey(a_study(surveys=BY_HAND.assign(item="wave")))
    assert survey.names == ["wave (item)"]
    assert survey.answers["wave"].max() == 1


def test_a_pause_must_be_a_day_or_more():
    with pytest.raises(ParameterError, match="gap_days"):
        read_survey(a_study(surveys=BY_HAND), gap_days=0)
