"""What a reader of satisfaction is warned of, word for word, with planted numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.satisfaction import cautions


def again(gap: float, lower: float, upper: float):
    return pd.Series({"gap": gap, "lower": lower, "upper": upper, "n_again": 73.0, "n_not": 48.0})


ALWAYS = (
    "Weights mend only what was known of customers before they were asked. If, at the same attributes, the unhappy "
    "stay silent, every mean here is too high, and nothing in the answers can show it. The records do not tell who was "
    "asked: not being asked and not answering look the same."
)
SURE = "a sure difference: answering goes with attitude."
UNSURE = "no sure difference."


@pytest.mark.parametrize(
    ("row", "way", "verdict"),
    [
        ((4.2, 1.3, 7.1), "4.2 points higher (difference 1.3 to 7.1)", SURE),
        ((-4.2, -7.1, -1.3), "4.2 points lower (difference -7.1 to -1.3)", SURE),
        ((4.2, 0.0, 8.4), "4.2 points higher (difference 0 to 8.4)", UNSURE),
        ((-4.2, -8.4, 0.0), "4.2 points lower (difference -8.4 to 0)", UNSURE),
    ],
)
def test_whoever_fell_silent_by_hand(row, way, verdict):
    parts = SimpleNamespace(again=again(*row), n_anonymous=0)
    said = cautions.silence_notes(SimpleNamespace(response=parts, label_before="2023"))
    assert said == [
        ALWAYS,
        (
            "The nearest look at it: of those who answered in 2023, 73 answered again and 48 did not; the first had "
            f"then rated us {way}, {verdict}"
        ),
    ]


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "1 answer of the wave is anonymous and cannot be weighted."),
        (2, "2 answers of the wave are anonymous and cannot be weighted."),
    ],
)
def test_anonymous_answers_are_counted(n, said):
    found = SimpleNamespace(response=SimpleNamespace(again=None, n_anonymous=n), label_before="2023")
    assert cautions.silence_notes(found) == [ALWAYS, said]
    assert cautions.silence_notes(SimpleNamespace(response=None)) == []


@pytest.mark.parametrize(
    ("moves", "kind"),
    [
        ([(-0.2, 0.3), (0.1, 0.4)], "caution"),
        ([(-0.2, 0.3), (-0.4, -0.1)], "caution"),
        ([(0.0, 0.3), (-0.4, 0.0)], "note"),
        ([], "caution"),
    ],
)
def test_weighting_is_a_caution_where_it_moves_something_or_cannot_be_told(moves, kind):
    table = pd.DataFrame(moves, columns=["lower", "upper"])
    assert cautions.response_kind(SimpleNamespace(response=SimpleNamespace(moves=table))) == kind
    assert cautions.response_kind(SimpleNamespace(response=None)) == "caution"


def a_survey(items=(), **changes):
    columns = ["item", "n_outside", "n_rescaled", "n_reversed"]
    fields = {
        "items": pd.DataFrame(items, columns=columns), "is_continuous": False, "n_timeless": 0, "n_items_left_out": 0,
        "waves": pd.DataFrame({"wave": [4, 7]}), "answers": pd.DataFrame({"wave": []}),
    }  # fmt: skip
    return SimpleNamespace(**{**fields, **changes})


def noted(survey, *, wave=7, reversed_items=None):
    structure = None if reversed_items is None else SimpleNamespace(reversed_items=reversed_items)
    roles = SimpleNamespace(constructs={})
    found = SimpleNamespace(survey=survey, wave=wave, before=None, structure=structure, roles=roles)
    return cautions.survey_notes(found)


def test_faults_of_answers_are_named_with_their_counts_and_eight_items_at_most():
    rows = [(f"q{place}", 1000 + place, 0, 0) for place in range(9)] + [("r", 0, 12, 0), ("s", 0, 0, 3)]
    first, second, third = noted(a_survey(rows))
    named = ", ".join(f"q{place} (1,00{place})" for place in range(7))
    assert first == (
        f"Answers outside their scale (such as -99) count as missing: {named} and q7 (1,007).",
        "caution",
    )
    assert second == (
        (
            "Answers on another scale than the item's latest were carried over by their place between the ends: r "
            "(12). Whether people use two scales alike is not known, so changes of these items are doubtful."
        ),
        "caution",
    )
    assert third == (
        (
            "Scales written from high to low: s (3). They are read from the least to the greatest number; if the least "
            "means the best (as in school marks), turn the scores in the study file."
        ),
        "caution",
    )


@pytest.mark.parametrize(
    ("changes", "options", "note"),
    [
        ({}, {}, None),
        ({}, {"wave": None}, None),
        (
            {"is_continuous": True},
            {},
            ("The survey never paused for long; calendar quarters stand for waves.", "note"),
        ),
        (
            {},
            {"wave": 4},
            ("The latest wave has fewer than twenty responses; the one before it stands for now.", "caution"),
        ),
        ({"n_timeless": 1}, {}, ("1 response without a time is left out.", "caution")),
        ({"n_timeless": 2}, {}, ("2 responses without a time are left out.", "caution")),
        ({"n_items_left_out": 1}, {}, ("1 rarely asked item is left out.", "note")),
        ({"n_items_left_out": 3}, {}, ("3 rarely asked items are left out.", "note")),
        ({}, {"reversed_items": ()}, None),
        (
            {},
            {"reversed_items": ("speed_3",)},
            (
                (
                    "speed_3 runs against the other items of its construct, as items do that are asked the other way "
                    "round. Nothing was turned; turn it in the study file if so."
                ),
                "caution",
            ),
        ),
        (
            {},
            {"reversed_items": ("a", "b")},
            (
                (
                    "a and b run against the other items of their construct, as items do that are asked the other way "
                    "round. Nothing was turned; turn it in the study file if so."
                ),
                "caution",
            ),
        ),
    ],
)
def test_each_fault_of_a_survey_is_said_whole_and_by_itself(changes, options, note):
    assert noted(a_survey(**changes), **options) == ([] if note is None else [note])


def test_a_scale_turned_round_needs_both_waves_and_a_sure_sign():
    rng = np.random.default_rng(2)
    one = rng.normal(size=40)
    other = one + 0.3 * rng.normal(size=40)
    before = pd.DataFrame({"a": one, "b": other, "wave": 4})
    after = pd.DataFrame({"a": one, "b": -other, "wave": 7})
    answers = pd.concat([before, after], ignore_index=True)

    def turned(answers, *, wave=7, earlier=4, constructs=None):
        roles = SimpleNamespace(constructs=constructs or {"x": ["a", "b"]})
        found = SimpleNamespace(wave=wave, before=earlier, survey=SimpleNamespace(answers=answers), roles=roles)
        return cautions.turned_between_waves(found)

    assert turned(answers) == ["a", "b"]
    assert turned(answers, wave=None) == turned(answers, earlier=None) == []
    assert turned(answers, constructs={"x": ["a"], "y": ["b"]}) == []
    assert turned(pd.concat([before, after.head(19)])) == []
    assert turned(pd.concat([before, after.head(20)])) == ["a", "b"]
    assert turned(pd.concat([before, after.assign(b=3.0)])) == []
    survey = a_survey(answers=answers)
    roles = SimpleNamespace(constructs={"x": ["a", "b"]})
    found = SimpleNamespace(survey=survey, wave=7, before=4, structure=None, roles=roles)
    assert cautions.survey_notes(found) == [
        (
            (
                "a and b went with the other items in one wave and against them in another: the scale may have been "
                "turned round in between. Its changes are not to be trusted before that is settled."
            ),
            "caution",
        )
    ]


@pytest.mark.parametrize(("r", "sign"), [(0.46, 0), (0.47, 1), (-0.46, 0), (-0.47, -1), (1.0, 1)])
def test_a_sign_is_sure_beyond_three_standard_errors_of_fishers_z(r, sign):
    # atanh(r) sqrt(n - 3) > 3 with n = 39: atanh(r) > .5, r > .4621.
    rng = np.random.default_rng(5)
    x, e = rng.normal(size=(2, 39))
    x = (x - x.mean()) / x.std()
    e = e - e.mean() - x * (e @ x) / 39
    e /= e.std()
    assert cautions._sure_sign(pd.Series(x), pd.Series(r * x + np.sqrt(1 - r**2) * e)) == sign


@pytest.mark.parametrize(
    ("taken", "recommend", "is_named", "start"),
    [
        (
            ["liking", "staying"],
            None,
            False,
            (
                "As outcomes, and so not as drivers, count by their names: liking and staying. Every other item counts "
                "as something that may lead to satisfaction."
            ),
        ),
        (
            ["liking"],
            "nps",
            True,
            (
                "As outcomes, and so not as drivers, count by the names of the constructs given: liking and nps. Every "
                "other item counts as something that may lead to satisfaction."
            ),
        ),
        (
            ["nps"],
            "nps",
            False,
            (
                "As outcomes, and so not as drivers, count by their names: nps. Every other item counts as something "
                "that may lead to satisfaction."
            ),
        ),
        ([], None, False, "By their names no item is an outcome (satisfaction, loyalty, recommendation)."),
    ],
)
def test_which_items_are_no_drivers(taken, recommend, is_named, start):
    roles = SimpleNamespace(items_with_role=lambda *_: list(taken), recommend=recommend, is_named=is_named)
    assert cautions.drivers_note(SimpleNamespace(roles=roles)) == (
        f"{start} Where names do not tell, the parameter constructs does: a construct whose name says satisfaction, "
        "loyalty, repurchase, switching, recommendation or complaints makes its items outcomes (constructs: loyalty: "
        "[item, item])."
    )


@pytest.mark.parametrize(("is_assumed", "n_without"), [(True, 1), (False, 23)])
def test_where_the_cuts_lie(is_assumed, n_without):
    groups = SimpleNamespace(
        attitude_cut=61.4, rate_cut=3.27, reliability=0.713, is_assumed=is_assumed, correlation=0.284,
        correlation_lower=0.153, correlation_upper=0.406,
    )  # fmt: skip
    parts = SimpleNamespace(groups=groups, patronage_days=1095, median_age_days=1234.4, n_without_purchase=n_without)
    whom = (
        "1 customer who answered had not bought and is"
        if n_without == 1
        else "23 customers who answered had not bought and are"
    )
    assert cautions.cut_note(SimpleNamespace(conviction=parts)) == (
        "A high attitude begins at 61 of 100, frequent buying at 3.3 repeat purchases a year (the medians of the true "
        "values, unless they are given). At the medians half of all lie above each cut by construction; only how the "
        f"two halves overlap is a finding. The score of attitude has a reliability of 0.71{' (assumed)' * is_assumed}; "
        "without its errors, attitude and buying correlate at 0.28 (0.15 to 0.41). Purchases are those of 1,095 days "
        "before the study's date; half of the answers are younger than 1,234 days; "
        f"{whom} left out."
    )
    assert cautions.cut_note(SimpleNamespace(conviction=None)) == ""
    assert cautions.cut_note(SimpleNamespace(conviction=SimpleNamespace(groups=None))) == ""


def test_where_each_driver_lies():
    table = pd.DataFrame(
        {
            "driver": ["price", "speed", "tone"], "importance": [0.3, np.nan, 0.2],
            "quadrant": ["improve first", "", "keep up"], "is_sure": [True, False, False],
        }
    )  # fmt: skip
    found = cautions.placing_table(SimpleNamespace(priorities=SimpleNamespace(table=table)))
    assert found.columns.tolist() == ["driver", "place", "is_sure"]
    assert found.to_numpy().tolist() == [["price", "improve first", True], ["tone", "keep up", False]]
    none = cautions.placing_table(SimpleNamespace(priorities=None))
    assert none.empty
    assert none.columns.tolist() == ["driver", "place", "is_sure"]
