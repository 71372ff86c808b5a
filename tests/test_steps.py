"""Steps that a study keeps: taken while what they read stays, computed anew when it changes, gone with the study."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from crm_research import show
from crm_research.deferred import Later, deferred
from crm_research.steps import KeptSteps, step
from crm_research.study import Study

CALLS: list[tuple[object, ...]] = []


@pytest.fixture(autouse=True)
def _forget_calls():
    CALLS.clear()


def a_study(**changed) -> Study:
    given = {"name": "a", "title": "A", "currency": "EUR", "as_of": datetime(2024, 1, 1), "tables": {}}
    return Study(**given | changed)


@step
def count_all(study: Study, *, group: str | None = None, levels: tuple[float, ...] = ()) -> pd.DataFrame:
    CALLS.append(("count", study.name, group, levels))
    return pd.DataFrame({"n": [3]})


@step
def add_up(numbers: np.ndarray, times: int = 1) -> float:
    CALLS.append(("add", times))
    return float(numbers.sum() * times)


@step
def judge(study: Study, counts: pd.DataFrame, confidence: float = 0.95) -> tuple[float, float]:
    CALLS.append(("judge", confidence))
    return float(counts["n"].iloc[0]), add_up(np.array([1.0, 2.0]))


def test_a_step_is_computed_once_for_what_it_reads():
    study = a_study()
    first = count_all(study, group="plan", levels=(1.0, 2.0))
    assert count_all(study, levels=(1.0, 2.0), group="plan") is first
    assert CALLS == [("count", "a", "plan", (1.0, 2.0))]
    for changed in ({"group": "fee"}, {"group": None}, {"group": "plan"}, {"levels": (1.0, 2.5)}):
        count_all(study, **changed)
    assert len(CALLS) == 5


def test_defaults_that_are_given_are_the_same_as_left_out():
    study = a_study()
    assert count_all(study) is count_all(study, group=None, levels=())


def test_one_and_one_point_nought_and_true_are_told_apart():
    kept, made = KeptSteps(), []
    for value in (1, 1.0, True, "1", None, np.float64(1.0), (1,), [1], 1):
        kept.take("step", {"value": value}, lambda: made.append(1))
    # The float of numpy is a float, and the last 1 is the first.
    assert len(made) == 7


def test_arrays_and_frames_of_numbers_are_known_by_what_they_hold():
    kept = KeptSteps()

    def times(value) -> int:
        kept.take("step", {"value": value}, lambda: None)
        return len(kept)

    assert [times(np.array([1.0, 2.0])), times(np.array([1.0, 2.0])), times(np.array([1.0, 2.1]))] == [1, 1, 2]
    assert [times(np.array([1, 2])), times(np.array([[1, 2]]))] == [3, 4]
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan]})
    assert [times(frame), times(frame.copy()), times(frame.assign(b=0.0)), times(frame[["b", "a"]])] == [5, 5, 6, 7]
    assert times(frame.set_axis([4, 5])) == 8
    assert [times(frame["a"]), times(frame["a"].rename("c")), times(frame["a"].copy())] == [9, 10, 10 - 1 + 1]
    # Changed in place it is another one.
    frame.loc[0, "a"] = 7
    assert times(frame) == 11
    texts = pd.DataFrame({"name": ["x"]})
    assert [times(texts), times(texts), times(texts.copy())] == [12, 12, 13]


def test_a_step_that_another_calls_is_kept_by_the_same_study_and_outside_any_it_is_computed_each_time():
    assert add_up(np.array([1.0])) == add_up(np.array([1.0])) == 1.0
    assert CALLS == [("add", 1), ("add", 1)]
    study = a_study()
    counts = count_all(study)
    assert judge(study, counts) == judge(study, counts) == (3.0, 3.0)
    assert judge(study, counts, 0.9) == (3.0, 3.0)
    assert CALLS[2:] == [("count", "a", None, ()), ("judge", 0.95), ("add", 1), ("judge", 0.9)]
    assert list(study.kept.table()["step"]) == ["count all", "judge", "add up", "judge"]
    assert list(study.kept.table()["rests_on"]) == [
        "the records", "count all, confidence 0.95", "numbers (2), times 1", "count all, confidence 0.9"
    ]  # fmt: skip


def test_another_study_and_one_that_stands_elsewhere_keep_their_own():
    study = a_study()
    earlier = study.standing_at(datetime(2023, 1, 1))
    results = [count_all(one) for one in (study, earlier, a_study(), replace(study, currency="USD"))]
    assert len({id(result) for result in results}) == 4
    assert [len(study.kept), len(earlier.kept)] == [1, 1]


def test_what_fails_is_not_kept():
    study, answers = a_study(), iter([ValueError("too few"), 7])

    def compute():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ValueError, match="too few"):
        study.kept.take("step", {}, compute)
    assert len(study.kept) == 0
    assert study.kept.take("step", {}, compute) == 7


@pytest.mark.slow
def test_nobody_holds_a_study_for_what_it_keeps():
    study = a_study()
    gone = weakref.ref(study)
    for known in (study,):
        known.kept.take("itself", {"study": known}, lambda: {"study": gone()})
    del study, known
    gc.collect()
    assert gone() is None


def test_the_oldest_goes_where_there_are_too_many_and_clear_forgets_all(monkeypatch):
    monkeypatch.setattr("crm_research.steps._MOST", 3)
    study = a_study()
    for group in "abc":
        count_all(study, group=group)
    count_all(study, group="a")
    count_all(study, group="d")
    assert list(study.kept.table()["rests_on"]) == ["group c", "group a", "group d"]
    study.kept.clear()
    assert len(study.kept) == 0
    count_all(study, group="d")
    assert len(CALLS) == 5


def test_seconds_are_those_of_the_step_alone(monkeypatch):
    now = iter([0.0, 1.0, 3.0, 10.0])
    monkeypatch.setattr("crm_research.steps.perf_counter", lambda: next(now))
    kept = KeptSteps()
    kept.take("outer", {}, lambda: kept.take("inner", {}, lambda: 5))
    # The outer from 0 to 10, of which the inner from 1 to 3.
    assert dict(zip(kept.table()["step"], kept.table()["seconds"], strict=True)) == {"inner": 2.0, "outer": 8.0}


class Small(show.Page):
    """A page of one step and one parameter."""

    def __init__(self, study: Study, *, group: str = "plan", confidence: float = 0.95) -> None:
        super().__init__(study)
        self.group, self.confidence = group, confidence

    @show.fitted
    def result(self) -> tuple[float, float]:
        """What it is taken from."""
        return judge(self.study, count_all(self.study, group=self.group), self.confidence)

    @show.section
    def answer(self) -> show.Section:
        """How many?"""
        return show.Section(show.Answer(f"{self.result[0]:.0f}"))


def test_a_page_shows_what_it_computed_and_what_it_took():
    study = a_study()
    assert "Nothing has been computed yet" in repr(Small(study).kept)
    first = Small(study)
    assert first.answer.parts
    assert dict(zip(first.kept.result["step"], first.kept.result["here"], strict=True)) == {
        "count all": "computed", "judge": "computed", "add up": "computed"
    }  # fmt: skip
    other = Small(study, confidence=0.9)
    assert other.answer.parts
    said = {(row.step, row.rests_on): row.here for row in other.kept.result.itertuples()}
    assert said == {
        ("judge", "count all, confidence 0.95"): "",
        ("count all", "group plan"): "taken",
        ("add up", "numbers (2), times 1"): "taken",
        ("judge", "count all, confidence 0.9"): "computed",
    }
    assert "has computed 1 and taken 2 of the 4 steps" in repr(other.kept)
    assert "<table>" in other.kept._repr_html_()
    assert "kept" not in Small.contents()
    # What the first page did is not changed by what the second one asked.
    assert set(first.kept.result["here"]) == {"computed", ""}


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """A result with a part that is computed later."""

    n: int
    parts: deferred[list[int]] = deferred()


def test_a_deferred_part_is_computed_once_when_it_is_read():
    made = []
    found = Result(n=2, parts=Later(lambda: made.append(1) or [1, 2]))
    assert made == []
    assert found.parts == [1, 2]
    assert found.parts is found.parts
    assert made == [1]
    assert replace(found, parts=[3]).parts == [3]
    assert Result(n=1, parts=[]).parts == []
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'parts'"):
        Result(n=1)
