"""Are the segments of use? Kotler's five tests, each by a number and a stated convention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.pillars.segmentation.evidence.stability import STABLE
from crm_research.pillars.segmentation.inputs.base import BUYERS
from crm_research.pillars.segmentation.inputs.labels import list_terms
from crm_research.pillars.segmentation.inputs.money import name_money
from crm_research.pillars.segmentation.use.holdout import NONE
from crm_research.theme import join_words, say_p_value, say_percent, say_range, say_small_count, say_with_limits

if TYPE_CHECKING:
    from crm_research.pillars.segmentation.describe.descriptors import Descriptors
    from crm_research.pillars.segmentation.inputs.labels import Term
    from crm_research.pillars.segmentation.result import Grouping

PASSED: Final = "passed"
FAILED: Final = "not passed"
UNKNOWN: Final = "not known"
_TOLD: Final = 0.8
_SUBSTANTIAL: Final = 0.05
_SMALL_EFFECT: Final = 0.1
_SERVED: Final = 8


@dataclass(frozen=True, eq=False, kw_only=True)
class Scoreboard:
    """Which of the five tests do the segments pass?

    Parameters
    ----------
    tests
        test, question, measured (in words, with its interval where it has one), convention, result (passed, not
        passed, not known).
    """

    tests: pd.DataFrame

    @property
    def n_passed(self) -> int:
        """Tests passed."""
        return int((self.tests["result"] == PASSED).sum())


def judge_use(found: Grouping, descriptors: Descriptors | None = None) -> Scoreboard:
    """Are the segments measurable, substantial, accessible, differentiable and actionable?

    Parameters
    ----------
    found
        The groups with their evidence.
    descriptors
        Who the members are by what was held out (`describe_members`); None leaves accessibility open.

    Notes
    -----
    The five words are Kotler's; the numbers that stand for them and the lines between passed and not are conventions
    of this package, and printed beside the results.

    References
    ----------
    Kotler and Keller (2016), Marketing Management, 15th edition, chapter 9.
    """
    rows = [
        _measurable(found),
        _substantial(found),
        _accessible(found, descriptors),
        _differentiable(found),
        _actionable(found),
    ]
    return Scoreboard(tests=pd.DataFrame(rows, columns=["test", "question", "measured", "convention", "result"]))


def say_use(board: Scoreboard) -> str:
    """The scoreboard in one sentence."""
    by_result = board.tests.groupby("result")["test"].apply(list).to_dict()
    parts = [f"{say_small_count(board.n_passed)} of five tests of use are passed".capitalize()]
    if FAILED in by_result:
        parts.append(f"not passed: {join_words(by_result[FAILED])}")
    if UNKNOWN in by_result:
        parts.append(f"not known: {join_words(by_result[UNKNOWN])}")
    return "; ".join(parts) + "."


def _result(is_passed: bool) -> str:
    return PASSED if is_passed else FAILED


def _measurable(found: Grouping) -> tuple[str, ...]:
    value, lower, upper = (float(part) for part in found.rules.fidelity)
    measured = (
        f"right for {say_with_limits(value, lower, upper, say_percent, ' of the customers')}, "
        f"{say_percent(found.rules.largest_share)} if all were put into the largest segment"
    )
    return (
        "measurable", "Can a customer's segment be told by a few rules?",
        measured,
        "80 % with the interval, and more than the largest segment",
        _result(lower >= _TOLD and lower > found.rules.largest_share),
    )  # fmt: skip


def _substantial(found: Grouping) -> tuple[str, ...]:
    cards = found.cards
    weight = cards[["size_share", "revenue_share"]].max(axis=1)
    smallest = cards.loc[weight.idxmin()].to_dict()
    money = name_money(found.inputs.money)
    revenue, total = "", "the revenue" if money is None else money.total
    if smallest["revenue_share"] == smallest["revenue_share"]:
        revenue = f" and {say_percent(smallest['revenue_share'])} of {total}"
    return (
        "substantial", "Is every segment worth a programme of its own?",
        f"least of all “{smallest['segment']}”: {say_percent(smallest['size_share'])} of the customers{revenue}",
        f"each has 5 % of the customers{'' if money is None else f' or of {total}'}",
        _result(float(weight.min()) >= _SUBSTANTIAL),
    )  # fmt: skip


def _accessible(found: Grouping, descriptors: Descriptors | None) -> tuple[str, ...]:
    head = ("accessible", "Do the members differ in something by which they can be reached?")
    made_of = [term for term in found.inputs.terms.values() if _reaches(term)]
    if made_of:
        # Made of it, they differ in it: what counts is that a customer can be looked up by it.
        return (
            *head,
            f"the segments are made of {list_terms(made_of, with_levels=False)}",
            "made of attributes, categories or channels that are on record of the customers",
            PASSED,
        )
    convention = "one descriptor with an association of .1 or more, significant after adjustment (Holm)"
    if descriptors is None or descriptors.tests.empty:
        return (*head, "the study has no attribute, channel or category", convention, UNKNOWN)
    best = descriptors.tests.iloc[0]
    tests = descriptors.tests
    is_passed = bool(((tests["effect"] >= _SMALL_EFFECT) & (tests["p_adjusted"] < 0.05)).any())
    measured = f"most of all in {best['what']}: association {best['effect']:.2f} on a scale from 0 to 1"
    return (*head, measured, convention, _result(is_passed))


def _reaches(term: Term) -> bool:
    """Is the input something one can pick customers out by: an attribute, a category or a channel?"""
    return term.kind == "level" or term.head in ("spend on", "spend through")


def _differentiable(found: Grouping) -> tuple[str, ...]:
    head = ("differentiable", "Do the segments behave differently afterwards?")
    convention = "they predict something better than no groups, with an interval adjusted for all comparisons"
    if found.inputs.base != BUYERS:
        return (*head, *_differ_in_leaving(found))
    if found.holdout is None:
        return (*head, "the study keeps no holdout", convention, UNKNOWN)
    gains = found.holdout.gains
    against_none = gains[(gains["against"] == NONE) & gains["estimate"].notna()]
    if against_none.empty:
        return (*head, "nothing happened in the holdout that could differ", convention, UNKNOWN)
    said = [
        f"{row['outcome']} {say_percent(row['estimate'])} ({say_percent(row['lower_all'])} to "
        f"{say_percent(row['upper_all'])})"
        for row in against_none.to_dict("records")
    ]
    return (*head, f"explained: {join_words(said)}", convention, _result(bool((against_none["lower_all"] > 0).any())))


def _differ_in_leaving(found: Grouping) -> tuple[str, str, str]:
    check = found.leaving
    if check is None:
        return "nothing is known of what they did", "they differ in who leaves (log-rank test)", UNKNOWN
    convention = f"they differ in who leaves (log-rank test at {say_percent(1 - check.confidence, 0)})"
    p_value = check.test.p_value
    if not np.isfinite(p_value):
        return "nobody left while others went on", convention, UNKNOWN
    shares = check.by_group["left_share"]
    measured = f"left: {say_range(float(shares.min()), float(shares.max()), say_percent)}; p {say_p_value(p_value)}"
    return measured, convention, _result(p_value < 1 - check.confidence)


def _actionable(found: Grouping) -> tuple[str, ...]:
    weakest = float(np.min(found.stability["mean_jaccard"]))
    return (
        "actionable", "Are they few enough to be served apart, and will they be there next time?",
        f"{say_small_count(found.k)} segments; the weakest is found again with a similarity of {weakest:.2f}",
        "at most eight segments, each found again with .75 or more (stable)",
        _result(found.k <= _SERVED and weakest >= STABLE),
    )  # fmt: skip
