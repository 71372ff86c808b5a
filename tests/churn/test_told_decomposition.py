"""What is told of a changed churn rate, by hand: planted results with distinct values, and every branch."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars import churn as ch
from crm_research.pillars.churn.decisions import charts, decomposition_words
from crm_research.stats.intervals import Interval
from crm_research.theme import chart_style
from tests.churn.worlds import bad_news, described


@cache
def changed() -> ch.ChangeAnalysis:
    return ch.decompose_change(bad_news(), leaving=described("bad"))


def a_change(before, after, change, *, parts=(0.031, -0.012, 0.017), groups=None, reasons=None, group="plan"):
    """A change of rates a year; parts are those of rates, of the mix of groups and of age."""
    effects = pd.DataFrame({"effect": ["rates", "group_mix", "band_mix"], "estimate": parts})
    effects = effects.assign(lower=effects["estimate"] - 0.008, upper=effects["estimate"] + 0.009)
    own = groups or {"flex": parts[0]}
    by_group = pd.DataFrame({"effect": "rates", "group": list(own), "estimate": list(own.values())})
    by_group = by_group.assign(lower=by_group["estimate"] - 0.006, upper=by_group["estimate"] + 0.007)
    limits = (Interval(*(np.asarray(value) for value in one)) for one in (before, after, change))
    first, second, gap = limits
    cells = pd.DataFrame({"n_before": [31, 12], "n_after": [47, 9]})
    found = SimpleNamespace(before=first, after=second, change=gap, effects=effects, by_group=by_group)
    return replace(changed(), change=found, cells=cells, reasons=reasons, group=group)


ROSE = ((0.123, 0.11, 0.14), (0.159, 0.14, 0.18), (0.036, 0.011, 0.062))
FELL = ((0.159, 0.14, 0.18), (0.123, 0.11, 0.14), (-0.036, -0.062, -0.011))
CHANCE = ((0.123, 0.11, 0.14), (0.134, 0.12, 0.15), (0.011, -0.014, 0.036))
SAME = ((0.1231, 0.11, 0.14), (0.1232, 0.11, 0.14), (0.0001, -0.02, 0.02))
PARTS = (
    "Of it, +3.1 come from contracts alike leaving more or less often, -1.2 from another mix of plan and +1.7 from a "
    "base of younger or older contracts."
)
CHANGES = [
    (ROSE, f"rose from 12.3 to 15.9 ends per 100 contract-years (+3.6, 95 % interval +1.1 to +6.2). {PARTS}"),
    (FELL, f"fell from 15.9 to 12.3 ends per 100 contract-years (-3.6, 95 % interval -6.2 to -1.1). {PARTS}"),
    (
        CHANCE,
        (
            "rose from 12.3 to 13.4 ends per 100 contract-years (+1.1, 95 % interval -1.4 to +3.6), no more than "
            f"chance explains. {PARTS}"
        ),
    ),
    (
        SAME,
        (
            "stayed at 12.3 ends per 100 contract-years (0.0, 95 % interval -2.0 to +2.0), no more than chance "
            f"explains. {PARTS}"
        ),
    ),
]
TITLE_OF = {
    "rose": "Leaving rose by 3.6 per 100 contract-years, mostly: 'flex' leaves more often",
    "fell": "Leaving fell by 3.6 per 100 contract-years, mostly: mix of plan",
    "rose by chance": "Leaving rose by 1.1 per 100 contract-years, no more than chance explains",
    "stayed": "Leaving stayed as it was, no more than chance explains",
}


@pytest.mark.parametrize(("rates", "said"), CHANGES)
def test_what_changed_by_hand(rates, said):
    assert decomposition_words.change_finding(a_change(*rates)) == f"Leaving {said}"
    alone = decomposition_words.change_finding(a_change(*rates, group=None))
    assert "another mix" not in alone
    assert alone.endswith("more or less often and +1.7 from a base of younger or older contracts.")


@pytest.mark.parametrize(("rates", "title"), list(zip((ROSE, FELL, CHANCE, SAME), TITLE_OF.values(), strict=True)))
def test_the_picture_of_the_change_says_the_same(rates, title):
    with chart_style():
        drawn = charts.draw_change(a_change(*rates)).get_figure().get_suptitle()
    assert " ".join(drawn.split()) == title


@pytest.mark.parametrize(
    ("lower", "upper", "is_clear"),
    [(0.001, 0.06, True), (0.0, 0.06, False), (-0.001, 0.06, False), (-0.06, 0.0, False), (-0.06, -0.001, True)],
)
def test_a_change_is_clear_where_its_limits_leave_out_nought(lower, upper, is_clear):
    assert a_change((0.1, 0.09, 0.11), (0.1, 0.09, 0.11), ((lower + upper) / 2, lower, upper)).is_clear is is_clear


def test_the_parts_are_those_of_their_own_effect_and_the_largest_comes_first():
    found = a_change(*ROSE, groups={"flex": 0.031, "fixed": -0.004, "new": 0.0001})
    rows = decomposition_words.change_rows(found)
    assert rows["part"].tolist() == [
        "'flex' leaves more often", "age of the contracts", "'new' leaves as often", "'fixed' leaves less often",
        "mix of plan", "all together",
    ]  # fmt: skip
    assert rows["estimate"].tolist() == [0.031, 0.017, 0.0001, -0.004, -0.012, 0.036]
    assert rows["lower"].tolist() == pytest.approx([0.025, 0.009, -0.0059, -0.01, -0.02, 0.011])
    assert rows["upper"].tolist() == pytest.approx([0.038, 0.026, 0.0071, 0.003, -0.003, 0.062])
    assert rows["is_total"].tolist() == [False] * 5 + [True]
    alone = decomposition_words.change_rows(a_change(*ROSE, group=None))["part"].tolist()
    assert alone == ["contracts of the same age leave more often", "age of the contracts", "all together"]
    (figure,) = decomposition_words.change_figures(found)
    assert (figure.estimate, figure.lower, figure.upper, figure.n) == (0.036, 0.011, 0.062, 99)
    assert (figure.id, figure.label) == ("churn.cause.rate_change", "Change of ends per contract-year")
    assert figure.window == "2022-07-01 to 2023-07-01 against 2021-07-01 to 2022-07-01"
    assert figure.estimator == "ends over contract-years of two periods, exact Poisson limits combined; 95 % interval"
    (nothing,) = decomposition_words.change_figures(replace(found, change=None))
    assert (nothing.estimate, nothing.n) == (None, 0)
    assert nothing.label == "Change of ends per contract-year (these records cannot tell)"


def reasons_of(*rows: tuple[str, float, float, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["reason", "rate_before", "rate_after", "change", "lower", "upper"])


PRICE = ("price", 0.041, 0.093, 0.052, 0.037, 0.068)
MOVED = ("moved", 0.081, 0.049, -0.032, -0.047, -0.018)
SERVICE = ("service", 0.031, 0.036, 0.005, -0.009, 0.019)
ALIKE = ("contact", 0.022, 0.068, 0.046, 0.031, 0.062)
REASONS = [
    ((PRICE, SERVICE), "The reason 'price' grew: 4.1 to 9.3 ends per 100 contract-years (+5.2, +3.7 to +6.8).", ""),
    ((MOVED, SERVICE), "The reason 'moved' shrank: 8.1 to 4.9 ends per 100 contract-years (-3.2, -4.7 to -1.8).", ""),
    ((SERVICE,), "No reason of leaving grew or shrank beyond chance.", ""),
    (
        (("price", 0.041, 0.143, 0.102, 0.087, 0.118), MOVED),
        "The reason 'price' grew most: 4.1 to 14.3 ends per 100 contract-years (+10.2, +8.7 to +11.8).",
        "",
    ),
    (
        (PRICE, ALIKE, MOVED),
        "Of the reasons, 'price' and 'contact' grew and 'moved' shrank, by amounts that cannot be told apart.",
        ", by amounts that cannot be told apart.",
    ),
]


@pytest.mark.parametrize(("rows", "said", "only_told"), REASONS)
def test_which_reason_grew_by_hand(rows, said, only_told):
    found = a_change(*ROSE, reasons=reasons_of(*rows))
    assert decomposition_words.reason_change_finding(found) == said
    title = decomposition_words.say_reason_title(found)
    assert title == (said.removesuffix(only_told) if only_told else said.split(":")[0].rstrip("."))
    assert decomposition_words.reason_change_finding(replace(found, reasons=None)) == ""


def test_a_reason_that_holds_alone_and_not_among_all_is_not_told():
    """Limits of four at once are 2.498 / 1.960 = 1.27 times as wide: .020 - 1.27 x .017 lies below nought."""
    weak = ("weak", 0.03, 0.05, 0.02, 0.003, 0.037)
    assert "The reason 'weak' grew: " in decomposition_words.reason_change_finding(
        a_change(*ROSE, reasons=reasons_of(weak))
    )
    four = reasons_of(weak, SERVICE, SERVICE, SERVICE)
    assert decomposition_words.reason_change_finding(a_change(*ROSE, reasons=four)).startswith("No reason")
