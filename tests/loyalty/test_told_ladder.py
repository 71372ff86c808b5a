"""What the ladder and trials say where little is known, at every edge, by hand with planted numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.features.states import FADING, LOST, LOYAL, NEW
from crm_research.pillars.loyalty.effects import page
from crm_research.pillars.loyalty.ladder import words
from crm_research.pillars.loyalty.repeat.periods import MOST_IN_A_GAP, MOST_PERIODS
from crm_research.pillars.loyalty.repeat.words import _why_period
from crm_research.vocabulary import DAYS_PER_MONTH


def standing(**shares: float) -> pd.DataFrame:
    return pd.DataFrame({"state": list(shares), "share": list(shares.values())})


def moves(**shares: float) -> SimpleNamespace:
    """From and to as ``loyal_loyal``."""
    rows = [(*name.split("_"), share) for name, share in shares.items()]
    return SimpleNamespace(table=pd.DataFrame(rows, columns=["from_state", "to_state", "share"]))


def steady(*absorbing: str, **shares: tuple[float, float, float]) -> SimpleNamespace:
    rows = [(state, *limits) for state, limits in shares.items()]
    return SimpleNamespace(table=pd.DataFrame(rows, columns=["state", "share", "lower", "upper"]), absorbing=absorbing)


def a_ladder(**fields: object) -> SimpleNamespace:
    return SimpleNamespace(**{"period_months": 3, "confidence": 0.9, **fields})


def test_one_period_has_a_loyal_share_and_nothing_to_compare_it_with():
    shares = pd.DataFrame(
        [(LOYAL, pd.Timestamp("2022-03-01"), 0.43, 0.4, 0.46), (LOST, pd.Timestamp("2022-03-01"), 0.2, 0.1, 0.3)],
        columns=["state", "period_start", "share", "lower", "upper"],
    )
    ladder = a_ladder(shares=shares, standing=standing(**{LOYAL: 0.43, LOST: 0.22}))
    assert words.share_title(ladder) == "43 % of customers are loyal, 22 % lost"


@pytest.mark.parametrize(
    ("stay", "go", "said"),
    [
        (0.83, 0.41, "83 % of loyal customers are still loyal a quarter later; 41 % of fading ones are lost"),
        (0.83, np.nan, "83 % of loyal customers are still loyal a quarter later"),
        (np.nan, 0.41, "41 % of fading ones are lost"),
        (np.nan, np.nan, "Where customers of each state are a quarter later"),
    ],
)
def test_what_becomes_of_the_loyal_and_the_fading(stay, go, said):
    ladder = a_ladder(moves=moves(**{f"{LOYAL}_{LOYAL}": stay, f"{FADING}_{LOST}": go, f"{LOYAL}_{LOST}": 0.01}))
    assert words.move_title(ladder) == said


@pytest.mark.parametrize(
    ("absorbing", "ended", "said"),
    [
        ((LOST,), 1.0, (f"Nobody was seen to leave the state {LOST}, so in the long run today's customers would all "
         "end there.")),
        ((LOST,), 0.73, (f"Nobody was seen to leave the state {LOST}; in the long run 73 % of today's customers would "
         "end there.")),
        ((LOST, LOYAL), 0.6, (f"Nobody was seen to leave any of the states {LOST} and {LOYAL}; in the long run 85 % of "
         "today's customers would end there.")),
    ],
)  # fmt: skip
def test_where_moves_would_end_if_nobody_leaves_a_state(absorbing, ended, said):
    limits = {LOST: (ended, ended, ended), LOYAL: (0.25, 0.2, 0.3), NEW: (0.0, 0.0, 0.0)}
    assert words.steady_finding(a_ladder(steady=steady(*absorbing, **limits))) == said


def test_where_moves_would_end_if_they_stayed_as_they_are():
    ladder = a_ladder(
        steady=steady(**{LOST: (0.61, 0.57, 0.65), LOYAL: (0.17, 0.13, 0.21)}),
        standing=standing(**{LOYAL: 0.43, LOST: 0.22}),
    )
    assert words.steady_finding(ladder) == (
        "If moves stayed as they are and nobody new came, 61 % (90 % interval 57 % to 65 %) of today's customers would "
        "be lost on any later day and 17 % loyal (13 % to 21 %); today 22 % and 43 % are."
    )


def a_test(p_value: float, n: int, degrees: int = 12) -> SimpleNamespace:
    return SimpleNamespace(p_value=p_value, n=n, chi_squared=31.4, degrees=degrees)


@pytest.mark.parametrize(("n", "is_many"), [(9_999, False), (10_000, True)])
def test_of_many_moves_small_differences_are_said_to_be_found(n, is_many):
    ladder = a_ladder(memory=a_test(0.2, n, 1), second_memory=a_test(np.nan, n), stability=a_test(0.001, n))
    many = (
        " With 10,000 moves such tests find differences too small to matter; whether these matter is for the forecasts "
        "of later moves to say."
    )
    assert words.tests_finding(ladder) == (
        "Tests by likelihood ratio: standing tells nothing of moves (chi-squared 31 on 1 degree of freedom, p 0.200); "
        "moves were not alike in all periods, so the long run above is a reading of the past, no forecast (chi-squared "
        f"31 on 12 degrees of freedom, p 0.001).{many if is_many else ''}"
    )


def test_moves_too_few_are_said_to_be_so():
    none = a_test(np.nan, 7)
    assert words.tests_finding(a_ladder(memory=none, second_memory=none, stability=none)) == (
        "The moves are too few to test the chain."
    )
    assert words.check_finding(a_ladder(check=None)) == (
        "Too few later moves are known to judge whether the moves of the past predict anything."
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("complaint", 0.01, 0.2), ("discount", -0.2, 0.1)], "Customers move down more often after complaint"),
        ([("complaint", 0.01, 0.2), ("complaint", -0.2, -0.1), ("mail", 0.1, 0.2)],
         "Customers move down more often after mail"),
        ([("complaint", 0.01, 0.2), ("complaint", -0.2, -0.1)], "Customers move down less often after complaint"),
        ([("complaint", 0.0, 0.2), ("mail", -0.2, 0.0)],
         "No sign of the period before goes with moving down, beyond chance"),
        ([("mail", -0.2, -0.01), ("visit", -0.3, -0.02)], "Customers move down less often after mail and visit"),
    ],
)  # fmt: skip
def test_after_which_signs_customers_move_down(rows, said):
    before = pd.DataFrame(rows, columns=["sign", "lower", "upper"])
    assert words.sign_title(a_ladder(before=before)) == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((np.nan, 3.0, 2.0, 4.0), ""),
        ((0.0, np.inf, np.nan, np.nan), f"Nobody was seen on a way from {NEW} to {LOYAL}."),
        ((0.42, np.inf, np.nan, np.nan), f"Of {NEW} customers 42 % would ever be {LOYAL}."),
        ((1.0, 4.0, 3.1, 5.2), f"From {NEW} to {LOYAL} it takes 4.0 (90 % interval 3.1 to 5.2) quarters on average."),
        (
            (1.0, 4.1, 3.1, 5.2),
            f"From {NEW} to {LOYAL} it would take 4 quarters on average, longer than the records.",
        ),
    ],
)
def test_how_long_it_takes_from_one_state_to_another(row, said):
    numbers = dict(zip(("chance", "n_periods", "lower", "upper"), row, strict=True))
    ladder = a_ladder(shares=pd.DataFrame({"period_start": pd.to_datetime(["2022-01-01"] * 2 + ["2022-04-01"]).append(
        pd.to_datetime(["2022-07-01", "2022-10-01"]))}))  # fmt: skip
    assert words._say_passage(ladder, numbers, NEW, LOYAL) == said


@pytest.mark.parametrize(
    ("loyal_from", "middle"),
    [(2, ""), (3, "developing: 2 purchases; "), (5, "developing: 2 to 4 purchases; ")],
)
def test_the_rule_of_the_states(loyal_from, middle):
    rule = SimpleNamespace(loyal_from=SimpleNamespace(why="as set"))
    ladder = a_ladder(rule=SimpleNamespace(loyal_from=loyal_from), loyal_from=rule.loyal_from)
    said = words.rule_words(ladder)
    assert said.startswith(
        "At the end of a quarter customers are lost if they have been silent for longer than 19 of 20 gaps of "
        "customers with their rhythm, and fading if for longer than four of five. Within their rhythm they are "
        "returned if their last purchase ended a silence that had counted as lost, until they buy once more in "
        "their rhythm; else new with one "
    )
    assert said.endswith(
        f"new with one purchase; {middle}loyal: from {loyal_from} on, as set. The names are rules, not motives."
    )
    shares = pd.DataFrame(
        {"loyal_from": [loyal_from - 1, loyal_from, loyal_from + 1, 9], "loyal_share": [0.5, 0.4, 0.3, 0.1]}
    )
    start = f"40 % of customers are loyal by the rule of {loyal_from} purchases"
    end = ". The number is a matter of naming: the parameter loyal_from sets another."
    ladder.sensitivity = shares
    assert words.sensitivity_finding(ladder) == (
        f"{start}; it would be 50 % by {loyal_from - 1} and 30 % by {loyal_from + 1}{end}"
    )
    ladder.sensitivity = shares.loc[[1, 3]]
    assert words.sensitivity_finding(ladder) == f"{start}{end}"


@pytest.mark.parametrize(("months", "name"), [(1, "month"), (3, "quarter"), (12, "year"), (6, "period")])
def test_a_period_too_long_for_the_rhythm_is_said(months, name):
    length = months * DAYS_PER_MONTH

    def caution(gap_days: float) -> str:
        rule = SimpleNamespace(scale=SimpleNamespace(centre=np.log(gap_days)))
        return words.period_caution(a_ladder(period_months=months, rule=rule))

    assert caution(length / 2.9) == ""
    assert caution(length / 3.1) == (
        f"A typical customer lets {length / 3.1:.0f} days pass between purchases, so a {name} holds several gaps. The "
        f"states are then snapshots of the last days of each {name}: somebody fading today may be back tomorrow, and "
        "what came and went within a period is not seen."
    )


@pytest.mark.parametrize(
    ("months", "periods", "gap", "said"),
    [
        (3, MOST_PERIODS + 1, 0.5, f"because a picture cannot well show the {MOST_PERIODS + 1} months of the records"),
        (12, 4.0, MOST_IN_A_GAP + 1, "because few would come back in each of the {gap:.0f} quarters between purchases"),
    ],
)
def test_why_a_period_is_longer_than_the_shortest(months, periods, gap, said):
    unit = {3: 1, 12: 3}[months] * DAYS_PER_MONTH
    period_choice = SimpleNamespace(
        is_period_chosen=True, period_months=months, span_days=periods * unit, gap_days=gap * unit
    )
    assert _why_period(SimpleNamespace(period_choice=period_choice)) == said.format(gap=gap)
    edge = SimpleNamespace(
        is_period_chosen=True, period_months=3, span_days=(MOST_PERIODS + 2) * DAYS_PER_MONTH,
        gap_days=MOST_IN_A_GAP * DAYS_PER_MONTH,
    )  # fmt: skip
    assert "few would" not in _why_period(SimpleNamespace(period_choice=edge))


@pytest.mark.parametrize(
    ("limits", "verdict"),
    [
        ([(0.01, 0.05), (-0.02, 0.03)], "1 of 2 campaigns changed the share that bought beyond chance"),
        ([(-0.05, -0.01), (0.01, 0.02), (0.0, 0.3)], "2 of 3 campaigns changed the share that bought beyond chance"),
        ([(0.0, 0.05), (-0.02, 0.0)],
         "None of 2 campaigns with a control group changed the share that bought beyond chance"),
    ],
)  # fmt: skip
def test_what_trials_show(monkeypatch, limits, verdict):
    names = ["campaign", "bought_addressed", "bought_control", "difference", "lower", "upper"]
    rows = [(f"k{place}", 0.31, 0.27, 0.04, *both) for place, both in enumerate(limits)]
    table = pd.DataFrame(rows, columns=names).assign(spend_difference=3.456, spend_lower=-1.0, spend_upper=7.9)
    monkeypatch.setattr(page, "compare_with_control", lambda *_, **__: table)
    section = page.experiments_section(SimpleNamespace(currency="EUR"), SimpleNamespace(confidence=0.9), None)
    said = repr(section)
    days = f"{page.FEWEST_DAYS:.0f} days"
    assert (
        f"{verdict}, within {days}. One in twenty such intervals misses nought by chance. This is an effect, not an "
        "association, as far as the control groups were drawn by chance." in said
    )
    assert f"Campaigns against their control groups, {days} after being addressed" in said
    assert "Differences of shares in points, of sales in EUR a customer. By intention to treat." in said
    assert "+4.0" in said
    assert "+3.46" in said
    assert section.result is table
    monkeypatch.setattr(page, "compare_with_control", lambda *_, **__: table.head(0))
    none = page.experiments_section(SimpleNamespace(currency="EUR"), SimpleNamespace(confidence=0.9), None)
    assert "No campaign kept a control group of 20 customers by chance" in repr(none)
