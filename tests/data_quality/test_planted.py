"""What is said and shown of planted numbers: whole pages, then each branch of a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.data_quality import advice, effects, tables, words
from crm_research.pillars.data_quality.dead import BUYERS, HOLDERS, Dead, DeadRecords
from crm_research.pillars.data_quality.figures import estimators, quality_figures
from crm_research.pillars.data_quality.suspicions import BROKEN, COPIES, LEVELS, TIMES
from tests.data_quality.planted import (
    FOUND,
    a_finding,
    a_quality,
    a_suspicion,
    a_verdict,
    an_interval,
    in_order,
    of_contracts,
    of_nothing,
    page_of,
    some_columns,
    some_effects,
    some_tables,
)
from tests.data_quality.test_told import SECTIONS
from tests.told import check_figures, hold, tell, tell_planted

TOLD = Path(__file__).parent / "told"
PAGES = {
    "planted": a_quality, "planted-in-order": in_order, "planted-contracts": of_contracts,
    "planted-nothing": of_nothing,
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_planted_numbers_is_told_as_it_was(name):
    quality = PAGES[name]()
    page = page_of(quality)
    told = tell_planted(
        page,
        SECTIONS,
        figures=check_figures(quality_figures(quality), signed=("quality.effect",)),
        summary=tables.summary_table(quality),
        estimators=estimators(quality),
    )
    hold(told, TOLD / f"{name}.txt")


def test_one_row_and_too_few_rows_give_no_share():
    quality = a_quality()
    one = replace(quality, tables=some_tables(("orders", 1, 0)))
    assert words.say_sound(one) == "There is one row in orders, from which no share can be told."
    few = replace(quality, tables=some_tables(("orders", 2, 1)).assign(lower=0.0, upper=1.0))
    assert words.say_sound(few) == "How many of the 2 orders can be relied on is not known: they are too few."
    # Without dealings the largest table is meant, and the first of equally large ones.
    other = replace(quality, dealing=None)
    assert words.main_table(other)["table"] == "orders"
    assert words.main_table(replace(other, tables=other.tables.iloc[[2, 0]]))["table"] == "customers"
    assert words.main_table(replace(quality, tables=quality.tables.iloc[[2, 0]]))["table"] == "customers"


def test_a_table_that_is_left_out_is_told_once_before_all_else():
    quality = a_quality(left_out=("orders",))
    assert words.say_unusable(quality) == "The table of orders cannot be used as it is: a rule is broken."
    assert words.say_sound(quality).startswith("The table of orders cannot be used as it is: a rule is broken. Of the")
    (first, *_) = advice.steps(quality)
    assert first.text == "The table of orders cannot be used as it is: a rule is broken. Have sales mend this first."
    assert advice.gravest_doubt(quality) == words.say_unusable(quality)


def test_rows_after_the_window_need_no_mend():
    late, city = (
        a_finding("orders", "ordered_at", "after-window", "warning", 3),
        a_finding("customers", "city", "missing-value", "warning", 41),
    )
    mends = [
        [
            step.text
            for step in advice.steps(a_quality(verdict=replace(a_verdict(), findings=found)))
            if step.see == "rules"
        ]
        for found in ((late,), (late, city))
    ]
    assert mends == [
        [],
        ["Mend city of customers, where a rule is broken: it is for whoever keeps the customer records."],
    ]


def test_suspicions_that_touch_the_main_figures_come_first_and_then_the_largest_share():
    found = a_quality().found
    assert [(one.kind, one.table, one.n_bad) for one in found] == [
        (BROKEN, "orders", 260), (TIMES, "customers", 9), (LEVELS, "contacts", 310),
    ]  # fmt: skip
    held = a_quality(dealing="contracts").found
    assert [one.table for one in held] == ["customers", "contacts", "orders"]
    equal = [a_suspicion(kind, table, "", 5, 100) for kind, table in ((TIMES, "orders"), (TIMES, "customers"))]
    equal.append(a_suspicion(BROKEN, "orders", "", 5, 100))
    ordered = a_quality(suspicions=tuple(equal)).found
    assert [(one.kind, one.table) for one in ordered] == [(TIMES, "customers"), (TIMES, "orders"), (BROKEN, "orders")]


def test_none_stands_out_where_shares_overlap():
    # 52 and 51 of a thousand cannot be told apart; of five suspicions three are named.
    near = tuple(a_suspicion(COPIES, "orders", f"c{k}", 52 - k, 1000) for k in range(5))
    copies = "one record under two numbers"
    assert words.say_worst(a_quality(suspicions=near)) == (
        f"Suspect are {copies} (c0 of orders), {copies} (c1 of orders), {copies} (c2 of orders) and 2 more; none of "
        "them stands out beyond chance."
    )
    assert words.say_worst(a_quality(suspicions=near[:3])) == (
        f"Suspect are {copies} (c0 of orders), {copies} (c1 of orders) and {copies} (c2 of orders); none of them "
        "stands out beyond chance."
    )
    assert words.leading(a_quality(suspicions=near)) is None
    assert words.leading(a_quality(suspicions=())) is None


def test_what_touches_no_main_figure_leads_only_where_nothing_does():
    elsewhere = a_quality(suspicions=FOUND[4:6])
    assert words.leading(elsewhere).n_bad == 310
    assert words.say_worst(elsewhere) == (
        "Suspect are one name in two spellings (kind of contacts): 42 % (39 % to 45 %). Service can look into it."
    )


@pytest.mark.parametrize(("n_bad", "is_trifle"), [(5, False), (4, True)])
def test_less_than_one_in_a_thousand_is_a_trifle_beside_missing_values(n_bad, is_trifle):
    quality = a_quality(suspicions=(a_suspicion(BROKEN, "orders", "", n_bad, 5000),))
    assert words.is_trifle(quality) is is_trifle
    assert words.say_worst(quality).startswith("Most is missing in" if is_trifle else "Suspect are")
    nothing_missing = replace(quality, columns=in_order().columns)
    assert words.is_trifle(nothing_missing) is False


def test_no_column_stands_out_where_equally_much_is_missing():
    columns = some_columns(
        *(("orders", f"c{k}", 1000, 50 - k, 0, 0, "") for k in (3, 0, 2, 1)), ("orders", "whole", 1000, 0, 0, 0, "")
    )
    assert words.say_least_complete(a_quality(columns=columns)) == (
        "Values are missing most in c0 of orders, c1 of orders and c2 of orders; none of them stands out beyond chance."
    )
    one = some_columns(("orders", "c", 1000, 1, 0, 0, ""), ("orders", "whole", 1000, 0, 0, 0, ""))
    assert words.say_least_complete(a_quality(columns=one)).startswith("Most is missing in c of orders: a value is")
    assert words.nothing_missing(a_quality(columns=one.tail(1))) == "No value is missing in any of the 1 columns."


def test_the_cost_is_said_for_every_direction():
    def cost(money, customers=(-3.0, -5.0, -1.0)):
        return words.say_cost(a_quality(effects=some_effects(customers=customers, money=money)))

    begin = "Without what is suspect there would be 3 customers fewer of 2,000, and revenue would be"
    assert cost((-213.5, -345.6, -98.7)) == f"{begin} 214 EUR lower, which is 5.3 % (2.5 % to 8.6 %)."
    assert cost((213.5, 98.7, 345.6)) == f"{begin} 214 EUR higher, which is 5.3 % (2.5 % to 8.6 %)."
    assert cost((-213.5, -345.6, 45.6)) == f"{begin} 214 EUR lower, which is 5.3 % (-1.1 % to 8.6 %)."
    assert cost((0.004, 0.0, 0.1)) == f"{begin} the same."
    assert cost((-0.004, -0.1, 0.0)) == f"{begin} the same."
    assert cost((0.01, 0.01, 0.01)).startswith(f"{begin} 0.01 EUR higher")
    assert cost((np.nan, np.nan, np.nan)) == f"{begin} another."
    assert "there would be no customer fewer, and" in cost((1.0, 1.0, 1.0), customers=(0.0, 0.0, 0.0))
    none = some_effects().assign(as_they_are=0.0)
    assert words.say_cost(a_quality(effects=none)).endswith("and revenue would be another.")
    assert words.say_cost(a_quality(effects=none.assign(change=0.0))).endswith("and revenue would be the same.")


def test_where_nothing_of_the_dealings_is_suspect_it_is_said_that_it_lies_elsewhere():
    quality = a_quality(effects=some_effects().head(0), dealing="contracts")
    told = "Nothing in contracts or in the dates of customers is suspect, so the main figures stay as they are."
    assert words.say_cost(quality) == f"{told} What is suspect lies elsewhere."
    assert words.say_cost(replace(quality, suspicions=FOUND[2:4])) == told


def test_rules_are_counted_without_notes_and_in_the_singular():
    verdict = a_verdict()
    notes = replace(verdict, findings=verdict.findings[2:5])
    assert words.say_rules(a_quality(verdict=notes)) == (
        "3 rules were looked at, and none that calls for care is broken."
    )
    one = replace(verdict, findings=verdict.findings[:1])
    assert words.say_rules(a_quality(verdict=one)) == (
        "Of 1 rule that was looked at, 1 is broken. The counts are those of crm-research check."
    )
    (kept,) = [row for row in tables.rules_table(a_quality(verdict=one)).itertuples() if row.where]
    assert kept.who_can_mend_it == "whoever keeps the customer records"
    unknown = replace(verdict, findings=(a_finding("odd", "", "no-such-rule", "warning", 2),))
    assert tables.rules_table(a_quality(verdict=unknown)).iloc[0].tolist() == [
        "", "odd", "odd keeps no-such-rule", "2 of 5,200 do not (0.04 %)", "whoever keeps the table",
    ]  # fmt: skip


def test_trends_are_those_beyond_chance_the_surest_first():
    trends = (
        a_quality()
        .trends.iloc[[2, 1, 0, 0, 0]]
        .assign(column=["kind", "city", "store", "till", "note"], p_adjusted=[0.1, 0.0999, 0.0012, 0.002, 0.003])
    )
    told = words.say_trends(a_quality(trends=trends))
    assert [word for word in ("Store", "Till", "Note", "City", "Kind") if f"{word} of" in told] == [
        "Store",
        "Till",
        "Note",
    ]
    assert told.endswith(" 1 more stand in the table.")
    four = trends.assign(p_adjusted=[0.1, 0.1, 0.1, 0.002, 0.003])
    assert "more stand" not in words.say_trends(a_quality(trends=four))
    none = trends.assign(p_adjusted=0.1)
    assert words.say_trends(a_quality(trends=none)) == (
        "What is missing has no trend beyond chance in any of the 5 columns that can be tested."
    )
    assert words.months_seen(a_quality(trends=none)) == "What is missing, month by month: no trend beyond chance"
    assert words.months_seen(a_quality(trends=trends)) == (
        "What is missing, month by month: 3 columns get worse and 1 column gets better"
    )
    assert (
        words.months_seen(a_quality(trends=trends.iloc[[1]])) == "What is missing, month by month: 1 column gets better"
    )
    assert words.months_seen(a_quality(trends=trends.head(0))) == "What is missing, month by month"


def test_who_is_gone_is_said_for_one_and_for_nobody():
    def said(*found, n_not_judged=0):
        return list(words.say_dead(a_quality(dead=DeadRecords(found=found, n_customers=9, n_not_judged=n_not_judged))))

    def dead(n, *share, group=HOLDERS):
        return Dead(group=group, n=n, share=an_interval(*share), method="by hand")

    assert said(dead(1, 0.0, 0.0, 0.7)) == ["The only one of the customers with contracts is still there."]
    assert said(dead(1, 1.0, 0.3, 1.0)) == ["The only one of the customers with contracts is gone by now."]
    # The model gives a chance, and not a fact.
    assert said(dead(1, 0.25, 0.1, 0.6, group=BUYERS)) == [
        "Gone by now are 25 % (10 % to 60 %) of 1 customers who buy."
    ]
    assert said(dead(2, 0.0, 0.0, 0.6)) == ["Gone by now are 0 % (0 % to 60 %) of 2 customers with contracts."]
    assert said(n_not_judged=3) == [
        "3 customers of 9 have neither bought nor held a contract: nothing tells whether they are still there."
    ]


def test_what_was_left_alone_is_said_in_the_singular_and_where_nobody_was():
    quality = a_quality()
    held = quality.left_alone
    alone = replace(held, groups=held.groups.head(1).assign(n_left_alone=1))
    assert words.say_left_alone(a_quality(left_alone=alone)) == (
        "Nobody spoke to 1 of the 83 gold customers: 17 % (11 % to 25 %). This one brought 23.5 k EUR all the same."
    )
    assert [step.text for step in advice.steps(a_quality(left_alone=alone))][-1] == (
        "Speak to the one gold customer whom nobody has spoken to."
    )
    nobody = replace(held, groups=held.groups.assign(n_left_alone=[0, 57]))
    assert not any("Speak" in step.text for step in advice.steps(a_quality(left_alone=nobody)))


def test_numbers_of_the_table_of_cost_are_written_by_their_size():
    assert [tables._say_number(value) for value in (99.4, 100.0, -1234.4, 0.125, np.nan)] == [
        "99.40", "100", "-1,234", "0.12", "not known",
    ]  # fmt: skip
    assert [tables._say_signed(value) for value in (-0.001, 0.004, 0.0, 5.0, -5.25, 100.4, -99.6, np.inf)] == [
        "0", "0", "0", "+5", "-5.25", "+100", "-99.60", "not known",
    ]  # fmt: skip
    assert [tables._say_points(value) for value in (0.0123, -0.2, np.nan)] == [
        "+1.2 points", "-20.0 points", "not known",
    ]  # fmt: skip


def test_months_without_any_record_are_counted_table_by_table():
    shown = tables.timeliness_table(a_quality(months=a_quality().months.head(0)))
    assert shown["months_without_any"].tolist() == [0, 0]
    # A gap of five months in one column, which another one fills in part.
    months = pd.DataFrame(
        [
            ("orders", "a", 100, 1, 0),
            ("orders", "a", 106, 1, 0),
            ("orders", "b", 103, 1, 0),
            ("contacts", "a", 90, 1, 0),
        ],
        columns=["table", "column", "month", "n_asked", "n_missing"],
    )
    assert tables.timeliness_table(a_quality(months=months))["months_without_any"].tolist() == [4, 0]


def test_main_figures_change_by_the_numbers_held():
    """Six figures of 40 customers with limits: their arithmetic is in test_parts and in the worlds of test_counts."""
    rng = np.random.default_rng(17)
    bought = rng.integers(0, 5, 40)
    before = np.stack([bought, bought, bought * np.round(rng.lognormal(3, 1, 40), 2)]).astype(float)
    out = np.minimum(rng.integers(0, 3, 40), bought)
    after = before * np.where(bought > 0, 1 - out / np.maximum(bought, 1), 0.0)
    rows = [
        (figure, again_from, level, *measure(before, after, again_from, level))
        for figure, measure in effects._FIGURES.items()
        for again_from, level in ((2, 0.95), (1, 0.8))
    ]
    columns = ["figure", "again_from", "level", "before", "after", "change", "lower", "upper"]
    hold(tell(effects=pd.DataFrame(rows, columns=columns)), TOLD / "effects.txt")
    held = dict(zip([row[0] for row in rows], rows, strict=True))
    there, left = (before[0] > 0).sum(), (after[0] > 0).sum()
    assert held[effects.CUSTOMERS][3:6] == (there, left, left - there)
    assert held[effects.DEALINGS][3:6] == pytest.approx((before[0].sum(), after[0].sum(), (after - before)[0].sum()))
    assert held[effects.MONEY][3:6] == pytest.approx((before[2].sum(), after[2].sum(), (after - before)[2].sum()))
    assert held[effects.AVERAGE][3:5] == pytest.approx((before[2].sum() / there, after[2].sum() / left))
    twice = effects._FIGURES[effects.AGAIN](before, after, 2, 0.95)
    assert twice[:2] == pytest.approx(((before[1] >= 2).sum() / there, (after[1] >= 2).sum() / left))


def test_figures_that_only_some_lose_have_no_limit_above_nought():
    before = np.array([[3.0, 2.0, 4.0], [3.0, 2.0, 4.0], [30.0, 20.0, 45.0]])
    after = before - np.array([[0.0, 0.0, 1.0]] * 2 + [[0.0, 0.0, 9.0]])
    assert effects._FIGURES[effects.MONEY](before, after, 2, 0.95)[4] == 0.0
    gained = effects._FIGURES[effects.MONEY](before, 2 * before - after, 2, 0.95)
    assert gained[2] == 9.0
    assert gained[4] > 9.0
