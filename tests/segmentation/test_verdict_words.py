"""The sentence on natural, reproducible and constructed groups, word for word."""

import re
from types import SimpleNamespace

import pandas as pd
import pytest

from crm_research.pillars.segmentation.groups.words import _per_hundred, say, say_verdict

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
        "null": [
            "every input shuffled",
            "one bell-shaped crowd",
            "one crowd with a single hump in each input",
        ],
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


AGAIN = (
    "The groups are reproducible, not natural: the same lines are found again in other samples of the customers, and "
)
BETTER = AGAIN + "the groups lie further apart than in records made up without groups, but "
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

PER_100 = "{} customers for every hundred in an equal stretch of the middle of the sparser group"
MOST = f"(on the most crowded border {PER_100})"
UNSTABLE = (
    "The groups are constructed: not every group is found again in other samples of the customers (the weakest "
    "overlaps with the one found there by {}, where 1 is the very same customers)." + LAST
)
ALSO = (
    "The groups are constructed: they are found again, but records made up without groups, cut into as many parts, "
    "look much the same"
)

SENTENCES = {
    "natural": (
        _found("natural"),
        (
            "The groups are natural: they are found again in other samples of the customers, and between any two "
            f"neighbours few stand {MOST.format(31)}."
        ),
    ),
    "two humps that run into each other": (
        _found("reproducible", CROWD, nulls=ALIKE),
        AGAIN + "fewer customers stand on every border than in records made up without groups, but the groups run into "
        f"each other {MOST.format(64)}.",
    ),
    "a crowd": (
        _found("reproducible", CROWD),
        f"{BETTER}the line between “Best” and “云鼎 <b>” runs through a crowd: on it stand {PER_100.format(64)}.",
    ),
    "a gap by chance": (
        _found("reproducible", BY_CHANCE),
        f"{BETTER}the gap between “云鼎 <b>” and “Gone” may be chance among so few customers ({PER_100.format(18)}).",
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
        f"{BETTER}records made up without groups, cut into as many parts, show borders as empty {MOST.format(31)}.",
    ),
    "not found again": (_found("constructed", weakest=0.418), UNSTABLE.format("0.42")),
    "hardly not found again": (_found("constructed", weakest=0.7462), UNSTABLE.format("0.7462")),
    "no number qualifies": (
        _found("constructed", qualifies=False),
        "The groups are constructed: whatever their number, some group holds less than 2 % of the customers or is not "
        "found again in other samples of them." + LAST,
    ),
    "as in data without groups": (_found("constructed", CROWD, nulls=ALIKE), f"{ALSO}.{LAST}"),
    "as in data without groups, by a heap": (
        _found("constructed", HEAP, nulls=ALIKE.assign(is_beyond=[True, False, False])),
        f"{ALSO}, and the line between “云鼎 <b>” and “Gone” only asks whether “number of purchases” is exactly 1."
        + LAST,
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_the_verdict_is_said(case):
    found, sentence = SENTENCES[case]
    assert say_verdict(found) == sentence
    assert say(SimpleNamespace(found=found), "verdict") == sentence


def test_the_kinds_of_data_that_look_alike_are_named_beside_their_picture():
    found = _found("constructed", nulls=NULLS.assign(is_beyond=[False, False, False]))
    assert say(SimpleNamespace(found=found), "nulls") == (
        "Records made up without groups and cut into as many parts lie as far apart as these groups in 2 of 2 kinds "
        "(“every input shuffled” and “one bell-shaped crowd”), and have a border as empty as the most "
        "crowded one here in none of 2 kinds."
    )


# What a manager reads first holds no statistician's word.
JARGON = re.compile(
    r"resampl|jaccard|densit|dip test|gaussian|permut|cloud|bootstrap|silhouette|\bnull\b|\bp [0-9<]", re.I
)


@pytest.mark.parametrize("case", SENTENCES)
def test_the_verdict_is_said_in_plain_words(case):
    assert JARGON.findall(say_verdict(SENTENCES[case][0])) == []


@pytest.mark.parametrize(
    ("density", "said"),
    [
        (1.0, "about as many customers as in an equal stretch of the middle of the sparser group"),
        (0.951, "about as many customers as in an equal stretch of the middle of the sparser group"),
        (0.949, PER_100.format(95)),
        (1.06, PER_100.format(106)),
    ],
)
def test_a_border_as_crowded_as_the_middle_is_said_to_be(density, said):
    assert _per_hundred(density) == said
