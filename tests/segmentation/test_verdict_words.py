"""The sentence on natural, reproducible and constructed groups, word for word."""

from types import SimpleNamespace

import pandas as pd
import pytest

from crm_research.pillars.segmentation.groups.words import say, say_verdict

BORDERS = pd.DataFrame(
    {
        "segment": ["Best", "Best", "云鼎 <b>"],
        "other_segment": ["云鼎 <b>", "Gone", "Gone"],
        "is_border": [True, False, True],
        "border_density": [0.314, float("nan"), 0.176],
        "heap": ["", "", ""],
        "heap_in_words": ["", "", ""],
        "p_one_hump": [0.0004, float("nan"), 0.0071],
        "is_dip": [True, False, True],
        "is_gap": [True, False, True],
    }
)
NULLS = pd.DataFrame(
    {
        "null": ["columns permuted", "one Gaussian cloud", "one cloud with a single hump in each input"],
        "judges_separation": [True, True, False],
        "judges_borders": [False, True, True],
        "is_beyond": [True, True, False],
        "is_emptier": [False, True, True],
    }
)


def _found(verdict, borders=BORDERS, *, nulls=NULLS, weakest=0.83, qualifies=True):
    return SimpleNamespace(
        verdict=verdict,
        borders=borders,
        nulls=nulls,
        stability=pd.DataFrame({"mean_jaccard": [0.97, weakest]}),
        criteria=pd.DataFrame({"qualifies": [False, qualifies]}),
    )


AGAIN = "The groups are reproducible, not natural: the same lines are found again in resamples, and "
BETTER = AGAIN + "the groups are better separated than in data without groups, but "
LAST = " Use them to order the work, not as kinds of customers that exist."
CROWD = BORDERS.assign(is_gap=[False, False, True], border_density=[0.641, float("nan"), 0.176])
BY_CHANCE = BORDERS.assign(is_gap=[True, False, False], p_one_hump=[0.0004, float("nan"), 0.0383])
SMALL = BORDERS.assign(is_gap=[True, False, False], border_density=[0.314, float("nan"), float("nan")])
HEAP = BORDERS.assign(
    is_gap=[True, False, False],
    heap=["", "", "n_orders"],
    heap_in_words=["", "", "“number of purchases” is exactly 1"],
)
ALIKE = NULLS.assign(is_beyond=[False, False, False])

UNSTABLE = (
    "The groups are constructed: not every group is found again in resamples (the weakest with a mean Jaccard of "
)

SENTENCES = {
    "natural": (
        _found("natural"),
        (
            "The groups are natural: they are found again in resamples, and between any two neighbours few customers "
            "stand (on the most crowded border 31 % of the density of the sparser group)."
        ),
    ),
    "two humps that run into each other": (
        _found("reproducible", CROWD, nulls=ALIKE),
        AGAIN + "fewer customers stand on every border than in data with a single hump, but the groups run into each "
        "other (on the most crowded border 64 % of the density of the sparser group).",
    ),
    "a crowd": (
        _found("reproducible", CROWD),
        BETTER + "the line between “Best” and “云鼎 <b>” runs through a crowd: customers stand 64 % as densely on it "
        "as in the middle of the sparser group.",
    ),
    "a gap by chance": (
        _found("reproducible", BY_CHANCE),
        BETTER + "the gap between “云鼎 <b>” and “Gone” (18 % of the density of the sparser group) may be chance among "
        "so few customers (dip test, p 0.038).",
    ),
    "too small": (
        _found("reproducible", SMALL),
        BETTER + "some groups are too small for a gap to be seen between them.",
    ),
    "a heap": (
        _found("reproducible", HEAP),
        BETTER + "the line between “云鼎 <b>” and “Gone” only asks whether “number of purchases” is exactly 1.",
    ),
    "gaps as in data without groups": (
        _found("reproducible", nulls=NULLS.assign(is_emptier=[False, True, False])),
        BETTER + "data without groups (“one cloud with a single hump in each input”), cut into as many parts, show a "
        "border as empty (the most crowded one here 31 % of the density of the sparser group).",
    ),
    "not found again": (_found("constructed", weakest=0.418), UNSTABLE + "0.42)." + LAST),
    "hardly not found again": (_found("constructed", weakest=0.7462), UNSTABLE + "0.7462)." + LAST),
    "no number qualifies": (
        _found("constructed", qualifies=False),
        "The groups are constructed: whatever their number, some group holds less than 2 % of the customers or is not "
        "found again in resamples." + LAST,
    ),
    "as in data without groups": (
        _found("constructed", CROWD, nulls=ALIKE),
        "The groups are constructed: they are found again, but data without groups (“columns permuted” and “one "
        "Gaussian cloud”), cut into as many parts, look much the same." + LAST,
    ),
    "as in data without groups, by a heap": (
        _found("constructed", HEAP, nulls=ALIKE.assign(is_beyond=[True, False, False])),
        "The groups are constructed: they are found again, but data without groups (“one Gaussian cloud”), cut into as "
        "many parts, look much the same, and the line between “云鼎 <b>” and “Gone” only asks whether “number of "
        "purchases” is exactly 1." + LAST,
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_the_verdict_is_said(case):
    found, sentence = SENTENCES[case]
    assert say_verdict(found) == sentence
    assert say(SimpleNamespace(found=found), "verdict") == sentence
