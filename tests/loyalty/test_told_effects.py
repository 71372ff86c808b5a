"""What is said of programmes, complaints, discounts, first purchases and the index, by hand with planted numbers."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.loyalty.effects import page, programme_page, recovery_page
from crm_research.pillars.loyalty.effects.exposures import QUICK, SLOW, TOOK
from crm_research.pillars.loyalty.effects.first_order import BASKET, CAMPAIGN, CHANNEL, DISCOUNT
from crm_research.pillars.loyalty.index import page as index_page
from crm_research.theme import chart_style
from tests.told import check_figures

FOUND = {
    "n": 431.0, "n_matched": 417.0, "share": 0.627, "share_alike": 0.541, "difference": 0.086, "lower": 0.031,
    "upper": 0.142, "before_difference": 0.013, "before_lower": -0.022, "before_upper": 0.047, "e_value": 1.59,
    "e_value_limit": 1.31, "crossed_share": 0.0051,
}  # fmt: skip
NAIVE = {"members": 0.733, "others": 0.389, "difference": 0.344, "lower": 0.301, "upper": 0.387}
AS_FOUND = {"difference": 0.086, "lower": 0.031, "upper": 0.142}
FEWER = {"difference": -0.086, "lower": -0.142, "upper": -0.031}
UNSURE = {"difference": 0.022, "lower": -0.031, "upper": 0.075}


def an_effect(*, days: float = 60.0, naive: bool = True, is_named: bool = False, n_members: int = 512, **found: float):
    return SimpleNamespace(
        membership=SimpleNamespace(words="contracts of the plan 'Club'", is_named=is_named),
        n_members=n_members,
        first_at=datetime(2022, 3, 7) if n_members else None,
        last_at=datetime(2023, 11, 29) if n_members else None,
        comparison=SimpleNamespace(days=days, confidence=0.9),
        naive=pd.DataFrame([NAIVE] if naive else []),
        found=pd.Series({**FOUND, **found}),
    )


def nobody(**options):
    effect = an_effect(**options)
    effect.found = None
    return effect


READ = (
    "Joining the programme is read from contracts of the plan 'Club', by its name: 512 members from 2022-03-07 to "
    "2023-11-29. Of all members 73 % bought in the last 60 days, of all others 39 %; that shows who joins, not what "
    "joining does. "
)


@pytest.mark.parametrize(
    ("limits", "verdict", "title"),
    [
        (AS_FOUND, "more (+8.6 points, +3.1 to +14.2)", "more often than"),
        (FEWER, "fewer (-8.6 points, -14.2 to -3.1)", "less often than"),
        (UNSURE, "no surely greater or smaller share (+2.2 points, -3.1 to +7.5)", "no more surely than"),
        ({**UNSURE, "lower": 0.0}, "no surely greater or smaller share (+2.2 points, 0.0 to +7.5)", "no more surely"),
        ({**FEWER, "upper": 0.0}, "no surely greater or smaller share (-8.6 points, -14.2 to 0.0)", "no more surely"),
    ],
)
def test_what_went_with_joining_by_hand(limits, verdict, title):
    effect = an_effect(**limits)
    assert programme_page.programme_finding(effect) == (
        f"{READ}Of 417 new members, 63 % bought within 60 days of the end of the 7 days they joined in; of others who "
        f"were alike until then, 54 %: {verdict}. 14 new members had nobody alike beside them."
    )
    assert f"bought again {title}" in programme_page.programme_title(effect)


def test_what_is_said_where_little_is_known_of_a_programme():
    whole = programme_page.programme_finding(an_effect(n_matched=431.0))
    assert whole.endswith("+14.2).")
    named = programme_page.programme_finding(an_effect(is_named=True, naive=False))
    assert named.startswith(
        "Joining the programme is read from contracts of the plan 'Club': 512 members from 2022-03-07 to 2023-11-29. "
        "Of 417 new members, "
    )
    few = nobody()
    assert programme_page.programme_finding(few) == (
        f"{READ}Fewer than 20 new members, of those who had bought by the end of the 7 days they joined in and were "
        "followed for 60 days after it, have anybody alike beside them, so no more can be said."
    )
    assert programme_page.programme_finding(nobody(n_members=0, naive=False)).startswith(
        "Joining the programme is read from contracts of the plan 'Club', by its name: 0 members. Fewer than 20 new"
    )
    assert programme_page.programme_title(few) == "Too few new members can be compared"
    assert programme_page.sensitivity_finding(few) == ""
    assert programme_page.programme_figures(few, SimpleNamespace(window="w")) == []


LAST = " Nobody was kept from joining by chance, so this is an association under these checks, no trial."
FAIR = (
    "In the 60 days before joining, +1.3 points (-2.2 to +4.7) more of the later members bought than of those alike "
    "at that time: no sign that they differed already."
)
ALREADY = (
    "they differed already in what the records do not hold, so the difference afterwards is not the programme's alone."
)
MAKE_UP = (
    " To make up the whole difference, something unrecorded would have to be 1.59 times as common among new members "
    "and to raise buying again as much (1.31 times for its lower limit; E-value)."
)
BOTH = (
    " Something unrecorded would have to go with both by a factor of 1.59 to make it up (1.31 for the nearer limit; "
    "E-value)."
)
CROSSED = (
    " 0.5 % of those alike joined while they were followed, which makes the difference too small rather than too large."
)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, FAIR + MAKE_UP + CROSSED),
        ({"crossed_share": 0.005}, FAIR + MAKE_UP),
        ({"e_value_limit": 1.0, "crossed_share": 0.0}, FAIR),
        (
            {**FEWER, "crossed_share": 0.0},
            FAIR + BOTH,
        ),
        (
            {"before_difference": np.nan, "e_value_limit": 1.0, "crossed_share": 0.0},
            "Too few had bought 60 days before joining to see whether they differed then.",
        ),
    ],
)
def test_what_could_be_wrong_with_a_programmes_effect_by_hand(found, said):
    assert programme_page.sensitivity_finding(an_effect(**found)) == said + LAST


@pytest.mark.parametrize(
    ("lower", "upper", "differs"),
    [(0.004, 0.047, True), (0.0, 0.047, False), (-0.047, 0.0, False), (-0.047, -0.004, True)],
)
def test_members_differed_already_where_the_placebo_says_so(lower, upper, differs):
    effect = an_effect(before_lower=lower, before_upper=upper, e_value_limit=1.0, crossed_share=0.0)
    said = programme_page.sensitivity_finding(effect)
    assert (ALREADY in said) is differs
    assert said.endswith((ALREADY if differs else "no sign that they differed already.") + LAST)


def test_the_rows_the_picture_and_the_figure_of_a_programme():
    effect = an_effect()
    rows = programme_page.effect_rows(effect)
    assert rows.to_numpy().tolist() == [
        ["All members against all others", 0.344, 0.301, 0.387],
        ["Before joining, against those alike earlier (nought if fair)", 0.013, -0.022, 0.047],
        ["After joining, against those alike until then", 0.086, 0.031, 0.142],
    ]
    assert rows.columns.tolist() == ["comparison", "estimate", "lower", "upper"]
    assert len(programme_page.effect_rows(an_effect(before_difference=np.nan, naive=False))) == 1
    assert len(programme_page.effect_rows(nobody())) == 1
    with chart_style():
        drawn = programme_page.draw_programme(effect)
    said = " ".join(text.get_text().replace("\n", " ") for text in drawn.figure.texts)
    assert "Difference of the shares that bought within 60 days, in points, with 90 % intervals" in said
    assert drawn.get_xlabel() == "points"
    assert drawn.get_ylim() == (-0.6, 2.6)
    with chart_style():
        heights = [
            programme_page.draw_programme(one).figure.get_size_inches()[1]
            for one in (an_effect(naive=False, before_difference=np.nan), an_effect(naive=False), effect)
        ]
    assert np.diff(heights) == pytest.approx([0.5, 0.5])  # half an inch a row
    assert [label.get_text().replace("\n", " ") for label in drawn.get_yticklabels()] == rows["comparison"].tolist()[
        ::-1
    ]
    (figure,) = check_figures(
        programme_page.programme_figures(effect, SimpleNamespace(window="2021 to 2023")),
        signed={"loyalty.programme_difference"},
    )
    assert (figure.id, figure.unit, figure.n, figure.window) == (
        "loyalty.programme_difference", "share", 417, "2021 to 2023",
    )  # fmt: skip
    assert (figure.estimate, figure.lower, figure.upper) == (0.086, 0.031, 0.142)
    assert figure.label == "Difference of the share that bought again, new members less those alike"
    assert figure.estimator == (
        "from the end of the 7 days of joining, 60 days; others of the same class, weighted to be alike (entropy "
        "balancing); customers as clusters; 90 % interval"
    )
    assert figure.validation == "placebo, before joining: +1.3 points (-2.2 to +4.7)"
    (unchecked,) = programme_page.programme_figures(an_effect(before_difference=np.nan), SimpleNamespace(window="w"))
    assert unchecked.validation == "none"


def after(group: str, difference: float, lower: float, upper: float) -> dict[str, object]:
    return {"group": group, "difference": difference, "lower": lower, "upper": upper}


def test_what_followed_complaints_and_campaigns_by_hand():
    rows = [
        after(QUICK, 0.092, 0.041, 0.143), after(SLOW, -0.061, -0.113, -0.009), after(TOOK, 0.017, -0.02, 0.054),
        after("addressed by mail", 0.0, 0.0, 0.033),
    ]  # fmt: skip
    said = recovery_page.recovery_finding(pd.DataFrame(rows), 90.0)
    # Quick less slow: 9.2 + 6.1 = 15.3 points, half widths 5.1 and 5.2: hypot 7.28.
    assert said == (
        f"After a {QUICK} more bought within 90 days than of those alike (+9.2 points, +4.1 to +14.3); after a {SLOW} "
        "fewer bought within 90 days than of those alike (-6.1 points, -11.3 to -0.9); of those who "
        f"{TOOK} not clearly more or fewer bought within 90 days than of those alike (+1.7 points, -2.0 to +5.4); of "
        "those addressed by mail not clearly more or fewer bought within 90 days than of those alike (0.0 points, 0.0 "
        "to +3.3). Quick handling goes with more repurchase than slow (+15.3 points, +8.0 to +22.6)."
    )


@pytest.mark.parametrize(
    ("quick", "verdict"),
    [
        ((0.1, 0.07, 0.13), "Quick handling goes with more repurchase than slow (+10.0 points, +5.0 to +15.0)."),
        ((0.04, 0.01, 0.07), "Quick and slow handling are not told apart (+4.0 points, -1.0 to +9.0)."),
        ((-0.1, -0.13, -0.07), "Quick handling goes with less repurchase than slow (-10.0 points, -15.0 to -5.0)."),
        ((-0.04, -0.07, -0.01), "Quick and slow handling are not told apart (-4.0 points, -9.0 to +1.0)."),
    ],
)
def test_quick_against_slow_handling_at_both_signs(quick, verdict):
    # Half widths 3 and 4 points: hypot 5.
    table = pd.DataFrame([after(SLOW, 0.0, -0.04, 0.04), after(QUICK, *quick)])
    assert recovery_page.recovery_finding(table, 90.0).endswith(f". {verdict}")
    alone = recovery_page.recovery_finding(table.tail(1), 90.0)
    assert "handling" not in alone.replace(QUICK, "")


@pytest.mark.parametrize(
    ("lower", "upper", "start"),
    [
        (0.131, 0.19, "More customers than chance would make buy at a discount every time: "),
        (0.13, 0.19, "Discounts seem to fall on purchases by chance, as far as always buying at one goes: "),
        (0.09, 0.13, "Discounts seem to fall on purchases by chance, as far as always buying at one goes: "),
        (0.09, 0.129, "Nothing suggests customers who come for the discount alone: "),
    ],
)
def test_whether_customers_come_for_the_discount_by_hand(lower, upper, start):
    rows = [("never", 0.5, 0.4, 0.6, 0.45), ("always", 0.16, lower, upper, 0.13), ("sometimes", 0.3, 0.2, 0.4, 0.42)]
    found = pd.DataFrame(rows, columns=["kind", "share", "lower", "upper", "by_chance"])
    limits = f"{100 * lower:.{1 if lower < 0.1 else 0}f} % to {100 * upper:.0f} %"
    last = " What they would do without one, these records cannot say." if start.startswith("More") else ""
    assert page.discount_finding(found) == (
        f"{start}16 % of repeat buyers ({limits}) made every purchase at a discount; 13 % would if discounts fell on "
        f"purchases by chance.{last}"
    )


def terms(*rows: tuple[str, object, object, float, float, float]) -> pd.DataFrame:
    columns = ["covariate", "level", "reference", "hazard_ratio", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns).assign(n=[71 + 10 * place for place in range(len(rows))])


def test_comparisons_of_first_purchases_are_named_and_the_sure_ones_are_in_the_title():
    fit = SimpleNamespace(
        terms=terms(
            (BASKET, "", "", 1.21, 1.04, 1.41), (DISCOUNT, "True", "False", 0.83, 0.71, 0.97),
            (CAMPAIGN, "1", "0", 1.3, 1.0, 1.7), (CHANNEL, "online", "shop", 1.6, 1.2, 2.1),
            ("age", "", "", 1.5, 1.1, 2.0), ("town", "Bonn", "Ulm", np.nan, np.nan, np.nan),
        ),
        confidence=0.9, n=1234, n_ended=567,
    )  # fmt: skip
    table = page.first_order_table(fit)
    names = [
        "a first purchase of twice the sum", "first purchase at a discount: yes against no",
        "addressed by a campaign before: yes against no", "first bought through online against shop", "age",
    ]  # fmt: skip
    assert table["comparison"].tolist() == names
    assert table[["estimate", "lower", "upper", "n"]].to_numpy().tolist() == [
        [1.21, 1.04, 1.41, 71], [0.83, 0.71, 0.97, 81], [1.3, 1.0, 1.7, 91], [1.6, 1.2, 2.1, 101],
        [1.5, 1.1, 2.0, 111],
    ]  # fmt: skip
    assert page._first_title(table) == (
        "Sooner back: a first purchase of twice the sum and first bought through online against shop; later back: "
        "first purchase at a discount: yes against no"
    )
    assert page._first_title(table.loc[[1]]) == "Later back: first purchase at a discount: yes against no"
    for lower, upper in ((1.0, 1.7), (0.6, 1.0)):
        edge = table.loc[[2]].assign(lower=lower, upper=upper)
        assert page._first_title(edge) == "Nothing of the first purchase goes with coming back, beyond chance"
    with chart_style():
        drawn = page.draw_first_order(fit)
    said = " ".join(text.get_text().replace("\n", " ") for text in drawn.figure.texts)
    assert (
        "Ratio of the rate of coming back, the others alike (Cox), with 90 % intervals; 1,234 first purchases, 567 "
        "followed by a second" in said
    )
    assert [label.get_text().replace("\n", " ") for label in drawn.get_yticklabels()] == names[::-1]
    assert [label.get_text() for label in drawn.get_xticklabels()] == ["0.8", "1", "1.25", "2"]
    assert drawn.get_ylim() == (-0.6, 4.6)
    fit.terms = fit.terms.head(2)
    with chart_style():
        fewer = page.draw_first_order(fit)
    heights = [one.figure.get_size_inches()[1] for one in (fewer, drawn)]
    assert np.diff(heights) == pytest.approx([3 * 0.42])


def test_what_the_index_is_made_of_and_its_tenths_by_hand():
    weights = pd.DataFrame(
        {"part": ["recency", "purchases", "spend"], "lower": [0.02, 0.0, -0.1], "upper": [0.3, 0.2, 0.1]}
    )
    deciles = pd.DataFrame({"bought_share": [0.83, 0.5, 0.11]})
    index = SimpleNamespace(weights=weights, period_days=184.0, deciles=deciles)
    start = (
        "The index runs from 0 to 100: the chance, in per cent, that a customer buys within 184 days. It is made of "
        "recency, purchases and spend; "
    )
    assert index_page.weight_finding(index) == f"{start}it rises with recency, the other parts alike."
    index.weights = weights.assign(lower=0.0)
    assert index_page.weight_finding(index) == f"{start}no part of it counts beyond chance, the other parts alike."
    assert index_page._decile_title(index) == (
        "Of the tenth with the highest index 83 % bought again, of the lowest 11 %"
    )
