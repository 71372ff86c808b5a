"""What is said and shown of planted files: whole pages, then each branch of a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.customer_file import next_steps, tables, words
from crm_research.pillars.customer_file.choose import Chosen
from crm_research.pillars.customer_file.figures import estimators, file_figures
from crm_research.pillars.customer_file.worth import put_at_stake
from tests.customer_file.planted import a_file, none_leaving, of_nobody, only, page_of
from tests.customer_file.test_told import SECTIONS
from tests.told import check_figures, hold, tell_planted

TOLD = Path(__file__).parent / "told"


def told_little():
    file = only("forge", counted=None, leaving=none_leaving(), people=None, held=frozenset())
    why = "A segmentation needs at least 50 buyers; found 3."
    return replace(
        file, segments=why, grades="Nobody is graded.", industry=replace(file.industry, window=None, before=None)
    )


PAGES = {
    "planted": a_file,
    "planted-mill": lambda: only("mill"),
    "planted-ada": lambda: only("ada"),
    "planted-bakery": lambda: only("bakery"),
    "planted-little": told_little,
    "planted-nobody": of_nobody,
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_planted_numbers_is_told_as_it_was(name):
    file = PAGES[name]()
    page = page_of(file)
    told = tell_planted(
        page,
        SECTIONS,
        figures=check_figures(file_figures(file)),
        summary=tables.summary_table(file),
        estimators=estimators(file),
    )
    hold(told, TOLD / f"{name}.txt")


@pytest.mark.parametrize(
    ("rule", "n", "said"),
    [
        ("named", 0, ""),
        ("stake", 999, " with most at stake of all who left anything"),
        ("stake", 1000, " with most at stake of the best 1,000"),
        ("contribution", 5, " who contributed most"),
        ("first", 0, ", the first by their ids"),
    ],
)
def test_the_rule_of_the_choice_is_said(rule, n, said):
    file = a_file()
    assert words.say_rule(replace(file, chosen=Chosen(ids=file.ids, rule=rule, n_looked_at=n))) == said


def test_kinds_are_counted_in_the_singular_and_where_all_are_alike():
    file = a_file()

    def kinds(*held):
        return words._say_kinds(replace(file, basics=file.basics.assign(kind=held)))

    assert kinds("business", None, "consumer", None) == "; one of them is a business"
    assert kinds("business", "business", None, None) == "; two of them are businesses"
    assert kinds(*["business"] * 4) == ", all of them businesses"
    assert kinds(*["consumer"] * 4) == ""


def with_stakes(*held, profit=(5.0, 5.0, 5.0, 5.0)):
    file = a_file()
    return replace(file, worth=file.worth.assign(at_stake=held, profit=profit))


def test_what_is_at_stake_of_several_is_said_for_each_way_it_may_stand():
    nan = np.nan
    assert words.say_stake(with_stakes(412.0, 0.0, 107.0, 0.0)) == (
        "519 EUR of this profit is at stake, 412 EUR of it with customer mill."
    )
    assert words.say_stake(with_stakes(0.0, 0.0, 107.0, 0.0)) == (
        "107 EUR of this profit is at stake, all of it with customer ada."
    )
    assert words.say_stake(with_stakes(0.0, nan, 107.0, 0.0)) == (
        "At least 107 EUR of this profit is at stake, all of it with customer ada."
    )
    # Of whom nothing was left, nothing more may be at stake.
    assert words.say_stake(with_stakes(0.0, nan, 107.0, 0.0, profit=(1.0, 0.0, 1.0, 1.0))) == (
        "107 EUR of this profit is at stake, all of it with customer ada."
    )
    nothing = "Nothing of this profit is at stake, as far as the records tell."
    assert words.say_stake(with_stakes(0.0, 0.0, 0.0, 0.0)) == nothing
    unknown = (
        "What is at stake is not told by these records: too little is recorded to say how likely these customers go."
    )
    assert words.say_stake(with_stakes(0.0, nan, 0.0, 0.0)) == unknown
    assert words.say_stake(with_stakes(nan, nan, nan, nan)) == unknown
    assert words.say_stake(a_file(counted=None)) == (
        "What is at stake is not told by these records: nothing is recorded of what customers pay."
    )


def test_what_one_will_bring_is_sure_or_none_of_it():
    file = only("mill")
    unsure = replace(
        file, to_come=replace(file.to_come, rows=file.to_come.rows.assign(sure=0.0), is_profit=False, years=1.0)
    )
    assert words.say_worth(unsure) == (
        "The customer left 2,135 EUR of profit from 2023-07-01 to 2024-06-30 and is expected to bring 5,210 EUR of "
        "revenue in the next 1 year, none of it sure."
    )
    nothing = replace(
        unsure, worth=file.worth.assign(profit=np.nan), to_come=replace(file.to_come, rows=file.to_come.rows.head(0))
    )
    assert words.say_worth(nothing) == "The customer brought nothing in the latest months."
    assert words.say_worth(replace(nothing, counted=None)) == (
        "What the customer is worth is not told by these records."
    )
    both = a_file(counted=None)
    assert (
        words.say_worth(replace(both, to_come=nothing.to_come)) == "What they are worth is not told by these records."
    )


def test_why_no_chance_is_told():
    assert words.say_why_no_chance(a_file(leaving=none_leaving())) == "no risk is told. No rhythm is told."
    assert words.say_why_no_chance(a_file()) == (
        "none of them has a contract that runs, or bought often enough to have a rhythm."
    )
    assert words.say_why_no_chance(a_file(counted=None)) == "nothing is recorded of what customers pay."


@pytest.mark.parametrize(
    ("stances", "said"),
    [
        ([("a", "for"), ("b", "for"), ("c", "against")], "two are for us and one against"),
        ([("a", "neutral")], "nobody is for us and nobody against"),
        ([("a", "for"), ("a", "for")], "one is for us and nobody against"),
        (
            [("a", "for"), ("a", "against"), ("b", "for")],
            "one is for us and nobody against, and one is for us in one role and against us in another",
        ),
        (
            [(who, how) for who in "ab" for how in ("for", "against")],
            "nobody is for us and nobody against, and two are for us in some roles and against us in others",
        ),
    ],
)
def test_each_person_is_counted_once(stances, said):
    assert words._say_stances(pd.DataFrame(stances, columns=["person_id", "stance"])) == said


def test_contracts_that_run_are_said_with_what_they_pay():
    file = a_file()
    assert words.say_contracts(file, "mill") == "Customer mill has 2 running contracts, for 75 EUR a month."
    assert words.say_contracts(file, "bakery") == "Customer bakery has no contract that runs."
    free = replace(file, contracts=file.contracts.assign(fee=np.nan))
    assert words.say_contracts(free, "ada") == "Customer ada has 1 running contract."
    without = replace(file, contracts=file.contracts.drop(columns="fee"))
    assert words.say_contracts(without, "ada") == "Customer ada has 1 running contract."


def steps(file, customer):
    return [(one.what, one.why, one.how_sure, one.see) for one in next_steps.steps_of(file, customer)]


def chances(**held):
    file = a_file()
    worth = file.worth.copy()
    for name, value in held.items():
        worth.loc[0, name] = value
    return replace(
        file, worth=worth, contacts=file.contacts.head(0),
        industry=replace(file.industry, bills=file.industry.bills.head(0)),
    )  # fmt: skip


def test_steps_begin_at_their_limits():
    quiet = {"leave": 0.2499, "gone": 0.4999, "tier": "silver"}
    assert steps(chances(**quiet), "mill") == [
        ("leave things as they are", "nothing in the records asks for more", "as recorded", "dealings")
    ]
    assert [what for what, *_ in steps(chances(**{**quiet, "leave": 0.25}), "mill")] == [
        "speak about going on with the contracts"
    ]
    one = chances(**{**quiet, "leave": 0.25, "n_judged": 1.0})
    assert steps(one, "mill") == [
        (
            "speak about going on with the contract",
            "the chance that it ends within 6 months is 25 %",
            "22 % to 43 %",
            "stake",
        )
    ]
    asked = steps(chances(**{**quiet, "gone": 0.5}), "mill")
    assert asked == [
        (
            "ask why the purchases stopped",
            "no purchase since 2024-02-21, for so long that the chance that they have ended is 50 %", "3.0 % to 12 %",
            "stake",
        )
    ]  # fmt: skip
    for gone, what in (
        (0.9, "ask why the purchases stopped"),
        (0.901, "ask once whether anything would bring back the purchases"),
    ):
        assert [one[0] for one in steps(chances(**{**quiet, "gone": gone}), "mill")] == [what]


def test_what_may_be_lost_most_comes_first():
    # 900 of fees and 4,100 of purchases: a third of the fees is less than half of the purchases, and more than none.
    both = chances(leave=0.31, gone=0.5, tier="silver")
    assert [see for *_, see in steps(both, "mill")] == ["stake", "stake"]
    assert steps(both, "mill")[0][0] == "ask why the purchases stopped"
    fees = chances(leave=0.31, gone=0.5, tier="silver", fees=9000.0)
    assert steps(fees, "mill")[0][0] == "speak about going on with the contracts"
    equal = chances(leave=0.5, gone=0.5, tier="silver", fees=4100.0)
    assert steps(equal, "mill")[0][0] == "speak about going on with the contracts"


def test_gold_customers_are_spoken_with_once_a_year():
    quiet = chances(leave=0.1, gone=0.1)
    assert steps(quiet, "mill") == [
        ("speak with the customer", "of the gold tier, and no contact is recorded", "as recorded", "contacts")
    ]
    old = a_file().contacts.iloc[[1]].assign(n_recent=0)
    assert (
        steps(replace(quiet, contacts=old), "mill")[0][1] == "of the gold tier, and the last contact was on 2024-04-17"
    )
    for silent in (
        replace(quiet, contacts=old.assign(n_recent=1)),
        replace(quiet, held=frozenset()),
        replace(quiet, gaps={"mill": ("nobody spoken to in a year",)}),
    ):
        assert "speak with the customer" not in [what for what, *_ in steps(silent, "mill")]


def test_costs_are_looked_at_only_where_they_are_known():
    file = only("bakery")
    costs = [one for one in steps(file, "bakery") if one[3] == "worth"]
    assert costs == [
        ("look at what the customer costs", "53 EUR more than the customer brings", "as recorded", "worth")
    ]
    for none in (
        replace(file, counted=replace(file.counted, has_costs=False)),
        replace(file, worth=file.worth.assign(profit=0.0)),
    ):
        assert "worth" not in [see for *_, see in steps(none, "bakery")]


def test_chances_and_what_is_at_stake_are_said_with_their_limits():
    file = only("ada")
    assert words.say_stake(file) == (
        "Of the profit 107 EUR (61 EUR to 149 EUR) is at stake: the chance that the running contract ends within 6 "
        "months is 25 % (14 % to 37 %) and the chance that the customer has stopped buying is 93 % (84 % to 97 %)."
    )
    assert words.say_chances(a_file(), "mill") == (
        "the chance that a running contract ends within 6 months is 31 % (22 % to 43 %) and the chance that the "
        "customer has stopped buying is 7.0 % (3.0 % to 12 %)"
    )
    assert words.say_chances(a_file(), "forge") == ""
    assert words.say_stake(only("bakery")) == (
        "Nothing of the profit is at stake: the chance that the customer has stopped buying is 55 % (41 % to 68 %)."
    )
    unknown = replace(file, worth=file.worth.assign(at_stake=np.nan))
    assert words.say_stake(unknown).startswith("The chance that the running contract ends within 6 months is 25 %")
    assert words.say_stake(only("forge")) == (
        "What is at stake is not told by these records: too little is recorded to say how likely this customer goes."
    )


def test_what_may_not_come_again_is_weighed_by_what_each_brings():
    def row(fees, revenue, profit, leave, gone):
        return {"fees": fees, "revenue": revenue, "profit": profit} | {
            f"{name}{end}": chance + step
            for name, chance in (("leave", leave), ("gone", gone))
            for end, step in (("", 0.0), ("_lower", -0.05), ("_upper", 0.1))
        }

    nan = np.nan
    found = put_at_stake(
        pd.DataFrame(
            [
                # A quarter of the income are fees: .25 x .4 + .75 x .2, give or take.
                row(100.0, 300.0, 80.0, 0.4, 0.2), row(100.0, 300.0, 80.0, nan, 0.2), row(100.0, 300.0, 80.0, 0.4, nan),
                row(100.0, 300.0, 80.0, nan, nan), row(100.0, 300.0, -80.0, nan, nan),
                row(-100.0, 300.0, 80.0, 0.4, 0.2),
                row(0.0, 0.0, 80.0, 0.4, 0.2),
            ]
        )
    )  # fmt: skip
    assert found["at_stake"].tolist() == pytest.approx([20.0, 16.0, 32.0, nan, 0.0, 16.0, nan], nan_ok=True)
    assert found["at_stake_lower"].tolist() == pytest.approx([16.0, 12.0, 28.0, nan, 0.0, 12.0, nan], nan_ok=True)
    assert found["at_stake_upper"].tolist() == pytest.approx([28.0, 24.0, 40.0, nan, 0.0, 24.0, nan], nan_ok=True)
