"""Which groups, reasons and months are named, by hand: planted results with distinct values, and every branch."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.models.survival import find_peaks
from crm_research.pillars.churn.curves import group_words, hazard_words, words
from tests.churn.test_told_curves import a_rule, measured

MEANS = ("mean_gap_days", "mean_gap_lower", "mean_gap_upper")


def pairs_of(*rows: tuple[str, str, float, float, tuple[float, float], float], means=()) -> pd.DataFrame:
    """Group, other, survival of each, limits of their gap, adjusted p-value; at 18 calendar months.

    `means` are gaps of mean tenure in days with their limits, one a row; unknown where there are none.
    """
    names = ["group", "other_group", "survival", "other_survival", "limits", "p_adjusted"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(
        survival_gap=frame["survival"] - frame["other_survival"],
        gap_lower=[low for low, _ in frame["limits"]],
        gap_upper=[high for _, high in frame["limits"]],
        **dict(zip(MEANS, zip(*means, strict=True) if means else [np.nan] * 3, strict=True)),
        horizon_days=548.0,
        from_days=0.0,
    )


def with_pairs(*rows, means=()):
    leaving = measured()
    names = list(dict.fromkeys(name for row in rows for name in row[:2]))
    return replace(leaving, pairs=pairs_of(*rows, means=means), by_group=SimpleNamespace(groups=names))


def test_the_gap_of_two_groups_whichever_way_round_the_pair_stands():
    """72 % less 41 % are 31 points (27 to 36); turned, the limits change places and signs."""
    said = (
        "By plan, 'b' leaves sooner than 'a': after 18 months 41 % of 'b' and 72 % of 'a' are still there, a "
        "difference of 31 points (27 points to 36 points)."
    )
    assert group_words.group_finding(with_pairs(("a", "b", 0.72, 0.41, (0.27, 0.36), 0.003))) == said
    turned = with_pairs(("b", "a", 0.41, 0.72, (-0.36, -0.27), 0.003))
    assert group_words.group_finding(turned) == said
    pairs = with_pairs(("b", "a", 0.41, 0.72, (-0.36, -0.27), 0.003), means=[(-90.0, -120.0, -70.0)]).pairs
    gap = {"gap": 0.31, "lower": 0.27, "upper": 0.36, "mean": 90.0, "mean_lower": 70.0, "mean_upper": 120.0}
    assert group_words.pair_gap(pairs, "a", "b") == pytest.approx(gap | {"p_adjusted": 0.003})
    same = {"gap": -0.31, "lower": -0.36, "upper": -0.27, "mean": -90.0, "mean_lower": -120.0, "mean_upper": -70.0}
    assert group_words.pair_gap(pairs, "b", "a") == pytest.approx(same | {"p_adjusted": 0.003})
    assert all(np.isnan(value) for value in group_words.pair_gap(turned.pairs, "a", "c").values())


@pytest.mark.parametrize(
    ("p_adjusted", "lower", "is_apart"),
    [(0.0499, 0.001, True), (0.05, 0.001, True), (0.0501, 0.001, False), (0.01, 0.0, False), (0.01, -0.001, False)],
)
def test_two_groups_differ_at_under_and_over_the_level(p_adjusted, lower, is_apart):
    leaving = with_pairs(("a", "b", 0.72, 0.41, (lower, 0.6), p_adjusted))
    assert group_words.differ(leaving, "a", "b") is is_apart
    said = group_words.group_finding(leaving)
    assert ("leaves sooner" in said) is is_apart
    if not is_apart:
        # The log-rank test may tell apart what the survival at one tenure does not.
        start = "By plan contracts end at different times, but" if p_adjusted <= 0.05 else "By plan"
        assert said == (
            f"{start} no difference stands out from chance: after 18 months 41 % (b) to 72 % (a) are still there."
        )


# Nobody of the trial is left after ten days; where nearly nobody of the others is left either, the shares that are
# still there do not tell them apart, and the time that they lasted does.
GONE = [
    ("flex", "fixed", 0.066, 0.087, (-0.085, 0.042), 0.867),
    ("flex", "trial", 0.066, 0.0, (-0.077, 0.114), 0.001),
    ("fixed", "trial", 0.087, 0.0, (-0.059, 0.143), 0.001),
]
LASTED = [(-3.0, -40.0, 34.0), (217.0, 192.0, 244.0), (220.0, 195.0, 248.0)]


def test_groups_of_whom_nearly_all_have_left_are_told_apart_by_how_long_they_lasted():
    """220 days are 7.2 months of 30.44 days (195: 6.4, 248: 8.1)."""
    leaving = with_pairs(*GONE, means=LASTED)
    assert group_words.say_order(leaving) == "'trial' leaves soonest"
    assert group_words.group_finding(leaving) == (
        "By plan, 'trial' leaves soonest: within the first 18 months the contracts of 'fixed' last 7 months longer on "
        "average (6 months to 8 months); after that 0 % (trial) to 8.7 % (fixed) are still there."
    )


@pytest.mark.parametrize(
    ("limits", "mean", "p_adjusted", "is_apart"),
    [
        ((-0.01, 0.2), (9.0, 0.1, 20.0), 0.05, True),
        ((-0.01, 0.2), (9.0, 0.0, 20.0), 0.05, False),
        ((-0.01, 0.2), (9.0, 0.1, 20.0), 0.0501, False),
        # More of the one are there in the end, though its contracts lasted shorter: neither leaves sooner.
        ((0.01, 0.2), (-9.0, -20.0, -0.1), 0.001, False),
        ((0.01, 0.2), (-9.0, -20.0, 0.0), 0.001, True),
        ((-0.2, -0.01), (9.0, 0.1, 20.0), 0.001, False),
        ((-0.2, 0.0), (9.0, 0.1, 20.0), 0.001, True),
    ],
)
def test_what_lasts_longer_and_what_is_left_must_not_point_opposite_ways(limits, mean, p_adjusted, is_apart):
    leaving = with_pairs(("a", "b", 0.4, 0.3, limits, p_adjusted), means=[mean])
    assert group_words.differ(leaving, "a", "b") is is_apart


def test_groups_of_whom_nobody_is_left_stand_in_the_order_in_which_they_lasted():
    rows = [("a", "b", 0.0, 0.0, (np.nan, np.nan), 0.001), ("b", "c", 0.0, 0.0, (np.nan, np.nan), 0.001)]
    rows.append(("a", "c", 0.0, 0.0, (np.nan, np.nan), 0.001))
    leaving = with_pairs(*rows, means=[(-50.0, -60.0, -40.0), (-30.0, -35.0, -25.0), (-80.0, -90.0, -70.0)])
    assert group_words.say_order(leaving) == "'a' leaves soonest and 'c' last"
    assert group_words.group_finding(leaving).endswith(
        "within the first 18 months the contracts of 'c' last 80 days longer on average (70 days to 90 days); after "
        "that 0 % of each are still there."
    )


CLEAR, CHANCE = 0.003, 0.41
ORDERS = [
    ((CLEAR, CLEAR, CLEAR), "'c' leaves soonest and 'a' last"),
    ((CHANCE, CLEAR, CLEAR), "'c' leaves soonest"),
    ((CLEAR, CLEAR, CHANCE), "'a' leaves last, later than 'c'"),
    ((CHANCE, CLEAR, CHANCE), "'c' leaves sooner than 'a'"),
    ((CLEAR, CHANCE, CLEAR), ""),
]


@pytest.mark.parametrize(("p_values", "said"), ORDERS)
def test_who_leaves_soonest_and_who_last_by_hand(p_values, said):
    a_b, a_c, b_c = p_values
    leaving = with_pairs(
        ("a", "b", 0.8, 0.6, (0.1, 0.3), a_b),
        ("a", "c", 0.8, 0.3, (0.4, 0.6), a_c),
        ("c", "b", 0.3, 0.6, (-0.4, -0.2), b_c),
    )
    assert group_words.say_order(leaving) == said
    apart = sum(p <= 0.05 for p in p_values)
    assert words.groups_told_apart(leaving).startswith(f"{apart} of 3 pairs of groups differ beyond chance ")


def test_small_groups_put_together_are_said_to_be():
    leaving = measured()
    few = replace(leaving.counts, n_levels=2)
    assert words.groups_told_apart(replace(leaving, counts=few)).endswith("widened by Bonferroni).")
    many = replace(leaving.counts, n_levels=7)
    assert words.groups_told_apart(replace(leaving, counts=many)).endswith(
        " plan has 7 values; the small ones are put together."
    )


def reasons_of(*rows: tuple[str, int, tuple[float, float, float]], also_later: int = 0):
    """Reason, ends within a year, share that has left for it; some ends of the last one come after the year."""
    leaving = measured()
    table = pd.DataFrame(
        [
            dict(zip(("reason", "tenure_days", "incidence", "lower", "upper"), (name, 366.0, *share), strict=True))
            for name, _, share in rows
        ]
    )
    ends = pd.DataFrame([(name, 300.0, n) for name, n, _ in rows], columns=["end_reason", "tenure_days", "n_ended"])
    if also_later:
        ends = pd.concat([ends, ends.tail(1).assign(tenure_days=1097.0, n_ended=also_later)])
    return replace(
        leaving,
        incidence=SimpleNamespace(
            at=lambda days: table.assign(tenure_days=days), sizes=pd.DataFrame({"known_days": [1400.0]})
        ),
        counts=replace(leaving.counts, reasons=ends),
        horizon_days=1096.0,
    )


def test_reasons_by_hand():
    price, moved = ("price", 64, (0.16, 0.13, 0.19)), ("moved", 23, (0.06, 0.04, 0.08))
    commonest = "Most often they leave because of 'price': 16 % (95 % interval 13 % to 19 %) within 3.0 years."
    assert group_words.reason_finding(reasons_of(price, moved)) == commonest
    assert group_words.reason_finding(reasons_of(moved, price)) == commonest
    # What came after the horizon is no end within it.
    assert group_words.reason_finding(reasons_of(price, moved, also_later=80)) == commonest
    # Of 64 and 47 ends each with half a chance, 64 or more come with p .0637 > .05 / 2.
    close = ("moved", 47, (0.117, 0.09, 0.14))
    assert group_words.reason_finding(reasons_of(close, price)) == (
        "No reason stands out as the commonest: within 3.0 years 16 % for 'price' and 12 % for 'moved' have left."
    )
    assert group_words.reason_finding(reasons_of(price)) == (
        "The one reason given is 'price': 16 % (95 % interval 13 % to 19 %) leave for it within 3.0 years."
    )
    silent = ("not given", 300, (0.5, 0.4, 0.6))
    assert group_words.reason_finding(reasons_of(silent, price, moved)) == commonest
    assert group_words.reason_finding(reasons_of(silent)) == ""
    assert group_words.reason_finding(replace(measured(), incidence=None)) == ""


def with_shares(*rows: tuple[int, int, int, tuple[float, float, float]]):
    """Month from 1 on, ends, contract-months, and the share that leaves with its limits."""
    table = pd.DataFrame(
        {
            "period_index": [month - 1 for month, *_ in rows],
            "n_ended": [n for _, n, *_ in rows],
            "exposure_days": [30.4375 * months for _, _, months, _ in rows],
            **{name: [row[3][place] for row in rows] for place, name in enumerate(("share", "lower", "upper"))},
        }
    )
    return replace(measured(), rates=table, peaks=find_peaks(table), rule=a_rule())


def test_the_most_dangerous_month_is_told_with_its_own_numbers():
    leaving = with_shares(
        (1, 20, 1000, (0.0198, 0.012, 0.03)), (2, 15, 900, (0.0165, 0.009, 0.027)),
        (5, 130, 1000, (0.122, 0.103, 0.143)), (6, 21, 1000, (0.0208, 0.013, 0.031)),
    )  # fmt: skip
    assert hazard_words.hazard_clause(leaving) == (
        "the danger is greatest in month 5 of a contract, in which 12 % of those still there leave (10 % to 14 %)"
    )
    assert hazard_words.hazard_finding(leaving) == (
        "Month 5 is the most dangerous: 12 % leave, against 5.0 % in an average month"
    )


def test_beside_a_month_of_few_contracts_and_a_larger_share_one_stands_out_and_is_not_called_the_worst():
    # Month 2: 2 of 11 left; it does not stand out, but whether month 5 is more dangerous nobody can tell.
    leaving = with_shares(
        (1, 20, 1000, (0.0198, 0.012, 0.03)), (2, 2, 11, (0.166, 0.03, 0.42)), (5, 130, 1000, (0.122, 0.103, 0.143)),
        (6, 21, 1000, (0.0208, 0.013, 0.031)),
    )  # fmt: skip
    assert hazard_words.hazard_clause(leaving) == (
        "month 5 of a contract stands out as more dangerous than the average month: 12 % of those still there leave "
        "(10 % to 14 %)"
    )
    assert hazard_words.hazard_finding(leaving) == "Month 5 stands out: 12 % leave, against 5.0 % in an average month"


def test_many_months_that_stand_out_are_told_in_stretches_and_the_rest_counted():
    months = (1, 2, 3, 6, 9, 12, 15, 16)
    quiet = [(month, 3, 1000, (0.003, 0.001, 0.008)) for month in (4, 5, 7, 8, 10, 11, 13, 14, *range(17, 60))]
    leaving = with_shares(*sorted([(m, 80 + m, 1000, (0.0769, 0.061, 0.094)) for m in months] + quiet))
    assert hazard_words.hazard_clause(leaving) == (
        "the danger stands out in months 1 to 3, 6, 9, 12 and 2 more of a contract; in month 1, 7.7 % of those still "
        "there leave (6.1 % to 9.4 %)"
    )
    assert hazard_words.hazard_finding(leaving) == (
        "The danger stands out in months 1 to 3, 6, 9, 12 and 2 more; in month 1, 7.7 % leave, against 5.0 % in an "
        "average month"
    )


def test_one_month_alone_and_none():
    one = with_shares((1, 20, 1000, (0.0198, 0.012, 0.03)))
    assert hazard_words.hazard_finding(one) == "Month 1: 2.0 % of those still there leave"
    none = with_shares((1, 0, 1000, (0.0, 0.0, 0.004)), (2, 0, 900, (0.0, 0.0, 0.005)))
    assert hazard_words.hazard_finding(none) == "Too few contracts have ended to say when the danger is greatest"
    assert hazard_words.hazard_clause(none) == ""
