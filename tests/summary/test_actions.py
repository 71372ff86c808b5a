"""Actions: drawn where whole intervals lie, never by best guesses; money first; what fails its check comes last."""

from __future__ import annotations

import pytest

from crm_research.pillars.summary.actions import choose_actions, find_unsure
from crm_research.pillars.summary.parts import ActionList
from crm_research.pillars.summary.rules import Rule, read_rules
from crm_research.results import read_results
from tests.summary.shelf import a_figure, put


def a_rule(**changes):
    held = {
        "name": "one", "department": "sales", "figure": "x.y", "for_whom": "those", "do": "Ring.",
        "why": "It is {value}.", "trial": "Draw lots.",
    }  # fmt: skip
    return Rule(**{**held, **changes})


def chosen(tmp_path, rules, **reports):
    return choose_actions(rules, read_results(put(tmp_path, reports)))


@pytest.mark.parametrize(
    ("limits", "side", "holds"),
    [
        ((0.25, 0.21, 0.31), {"above": 0.2}, True),
        ((0.25, 0.19, 0.31), {"above": 0.2}, False),
        ((0.25, 0.19, 0.29), {"below": 0.3}, True),
        ((0.25, 0.19, 0.31), {"below": 0.3}, False),
        # A count is judged by itself where the rule says that it is one; an open end holds nothing.
        ((7.0, None, None), {"above": 6.5, "counted": True}, True),
        ((7.0, None, None), {"above": 6.5}, False),
        ((7.0, 5.9, 8.1), {"above": 6.5, "counted": True}, False),
        ((0.25, None, 0.31), {"above": 0.2}, False),
        # Unknown: its interval leaves nearly everything open.
        ((0.25, 0.01, 0.99), {}, False),
        ((None, None, None), {}, False),
        ((0.25, 0.21, 0.31), {}, True),
    ],
)
def test_the_whole_interval_decides(tmp_path, limits, side, holds):
    found = chosen(tmp_path, [a_rule(**side)], loyalty=[a_figure("x.y", *limits)])
    assert len(found) == holds


def test_of_many_groups_the_largest_is_no_finding(tmp_path):
    # 0.25 (0.21 to 0.29) is above 0.2 alone; as the largest of 40 its interval reaches 0.25 - 0.04 x 1.65 = 0.184.
    one = [a_figure("x.y", 0.25, 0.21, 0.29, group="a")]
    many = one + [a_figure("x.y", 0.1, 0.06, 0.14, group=f"g{i}") for i in range(39)]
    rule = a_rule(any=True, above=0.2)
    assert len(chosen(tmp_path, [rule], loyalty=one)) == 1
    assert chosen(tmp_path, [rule], loyalty=many) == ()


def test_of_parts_of_a_whole_one_is_large_by_definition(tmp_path):
    rule = a_rule(any=True, above=0.2)
    assert chosen(tmp_path, [rule], loyalty=[a_figure("x.y", 1.0, 1.0, 1.0, group="only")]) == ()
    # Three of equal weight have a third each; only what is above that, limits and all, says something.
    parts = [("a", 0.42, 0.3), ("b", 0.3, 0.28), ("c", 0.28, 0.26)]
    three = [a_figure("x.y", share, low, share + 0.05, group=name) for name, share, low in parts]
    assert chosen(tmp_path, [rule], loyalty=three) == ()
    three[0] = a_figure("x.y", 0.42, 0.4, 0.47, group="a")
    (action,) = chosen(tmp_path, [rule], loyalty=three)
    assert action.why.startswith("It is 42.0 % (40.0 % to 47.0 %)")


def test_numbers_below_nothing_ask_for_actions_too(tmp_path):
    held = {
        "satisfaction": [a_figure("satisfaction.nps", -20.0, -30.0, -10.0, unit="points")],
        "brand-loyalty": [
            a_figure("loyalty.excess", -0.31, -0.42, -0.19, group="Corvo"),
            a_figure("loyalty.excess", 0.3, 0.2, 0.4, group="Alpina"),
        ],
        "customer-base-audit": [a_figure("audit.new_revenue_change", -0.28, -0.36, -0.17, group="2023")],
    }
    found = chosen(tmp_path, read_rules(), **held)
    assert [action.rule.name for action in found] == [
        "ask-those-who-would-not-recommend", "ask-why-the-brand-is-bought-less", "ask-where-new-customers-come-from",
    ]  # fmt: skip
    assert found[1].for_whom == "buyers of “Corvo”"
    none = [a_figure("satisfaction.nps", -20.0, -30.0, 1.0, unit="points")]
    assert chosen(tmp_path, read_rules(), satisfaction=none) == ()


def test_records_that_stand_twice_are_in_doubt_or_suspect_ask_for_actions(tmp_path):
    births, top = "births on 1 January beyond chance (systems' records)", "“share of the top fifth”"
    held = {
        "single-view": [a_figure("link.duplicates_share", 0.43, 0.41, 0.45)],
        "customer-base": [a_figure("link.share_of_uncertainty", 0.31, 0.24, 0.4, group="share of the top fifth")],
        "value": [a_figure("link.share_of_uncertainty", 0.12, 0.02, 0.3, group="customer equity")],
        "data-quality": [
            a_figure("quality.suspect_share", 0.15, 0.12, 0.19, group=births),
            a_figure("quality.suspect_share", 0.04, 0.03, 0.05, group="numbers kept as text (age of customers)"),
        ],
    }
    found = {action.rule.name: action for action in chosen(tmp_path, read_rules(), **held)}
    assert {name: (action.rule.department, action.why) for name, action in found.items()} == {
        "write-once-to-each-customer": (
            "marketing",
            "Of the records 43.0 % (41.0 % to 45.0 %) are one too many, because their customer has another.",
        ),
        "have-pairs-in-doubt-judged": (
            "service",
            f"Of what is uncertain about {top}, so much hangs on which records are joined: 31.0 % (24.0 % to 40.0 %).",
        ),
        "look-into-suspect-records": ("service", "Suspect of what was looked at: 15.0 % (12.0 % to 19.0 %)."),
    }
    assert found["look-into-suspect-records"].do == f"Have those who keep the records look into “{births}”."
    # At the thresholds themselves nothing is asked.
    held = {
        "single-view": [a_figure("link.duplicates_share", 0.07, 0.05, 0.09)],
        "customer-base": [a_figure("link.share_of_uncertainty", 0.2, 0.1, 0.4, group="share of the top fifth")],
        "data-quality": [a_figure("quality.suspect_share", 0.15, 0.05, 0.19, group=births)],
    }
    assert chosen(tmp_path, read_rules(), **held) == ()


def test_groups_of_one_rule_are_one_action_that_names_them(tmp_path):
    groups = [
        a_figure("x.y", 0.5 + i / 100, 0.49, 0.61, group=name) for i, name in enumerate(("价格", "<b>", "c", "d"))
    ]
    rule = a_rule(any=True, above=0.2, do="Ask about {group}.")
    (action,) = chosen(tmp_path, [rule], loyalty=groups)
    assert action.do == "Ask about “价格”, “<b>”, “c” and 1 more."
    assert action.why.startswith("It is 价格: 50.0 % (49.0 % to 61.0 %); <b>: 51.0 %")
    html = ActionList([action]).render().html
    assert "“&lt;b&gt;”" in html
    assert "<b>" not in html.replace("<br>", "")


def test_money_comes_first_and_failed_checks_last(tmp_path):
    rules = [
        a_rule(name="small", figure="x.small", money={"share": "x.small", "of": ["none", "base.revenue"]}),
        a_rule(name="plain"),
        a_rule(name="failing", figure="x.fails", money={"share": "x.fails", "of": ["base.revenue"]}),
        a_rule(name="large", figure="x.large", money={"share": "x.large", "of": ["base.revenue"]}),
    ]
    figures = [
        a_figure("x.small", 0.1, 0.08, 0.13), a_figure("x.y", 0.3, 0.2, 0.4), a_figure("x.large", 0.5, 0.4, 0.6),
        a_figure("x.fails", 0.9, 0.88, 0.93, verdict="refuted", validation="holdout: 0.7 seen"),
    ]  # fmt: skip
    base = [a_figure("base.revenue", 2_000.0, unit="EUR")]
    found = chosen(tmp_path, rules, loyalty=figures, **{"customer-base": base})
    assert [action.rule.name for action in found] == ["large", "small", "plain", "failing"]
    assert (found[1].stake.amount, found[1].stake.lower, found[1].stake.upper) == pytest.approx((200.0, 160.0, 260.0))
    assert found[0].link == "loyalty.html#figure-x-large"
    html, plain = (getattr(ActionList([found[3]]).render(), kind) for kind in ("html", "plain"))
    assert "Check first: fails fails its own check (holdout: 0.7 seen)." in plain
    assert html.index("Check first") < html.index("At stake")


def test_a_number_that_nothing_tested_does_not_outlive_the_failure_beside_it(tmp_path):
    failing = a_figure("x.z", 0.9, 0.88, 0.93, verdict="refuted", validation="holdout: 0.7 seen", label="Still active")
    said = "Not tested itself, and beside it in the same report Still active fails its own check."
    for own, is_said in (({}, True), ({"verdict": "agrees", "validation": "holdout"}, False)):
        (action,) = chosen(tmp_path, [a_rule()], churn=[a_figure("x.y", 0.3, 0.2, 0.4, **own), failing])
        assert (said in ActionList([action]).render().plain) == is_said
    (action,) = chosen(tmp_path, [a_rule()], churn=[a_figure("x.y", 0.3, 0.2, 0.4)], loyalty=[failing])
    assert "fails" not in ActionList([action]).render().plain


def test_what_a_report_computed_is_told_and_else_the_trial_that_would(tmp_path):
    rules = [a_rule(effect="churn.treat.expected_profit", trial="")]
    gain = a_figure("churn.treat.expected_profit", 900.0, -120.0, 2_100.0, unit="EUR", label="Gain")
    (action,) = chosen(tmp_path, rules, churn=[a_figure("x.y", 0.3, 0.2, 0.4), gain])
    plain = ActionList([action]).render().plain
    assert "Expected effect: 900 EUR (-120 EUR to 2,100 EUR), gain. It may as well cost as bring" in plain
    (other,) = chosen(tmp_path, [a_rule()], churn=[a_figure("x.y", 0.3, 0.2, 0.4)])
    assert "Expected effect: not measured. What would measure it: draw lots." in ActionList([other]).render().plain


def test_the_first_screen_shows_some_and_holds_the_rest_behind_a_line(tmp_path):
    rules = [a_rule(name=f"r{i}", do=f"Do {i}.") for i in range(7)]
    found = chosen(tmp_path, rules, churn=[a_figure("x.y", 0.3, 0.2, 0.4)])
    shown = ActionList(found, most=5).render()
    before, _, behind = shown.html.partition("<details")
    assert before.count("<li>") == 5
    assert "<summary>2 more actions</summary>" in behind
    assert 'start="6"><li>' in behind
    assert "Do 5." in behind
    assert "Do 6." in behind
    assert "7. " in shown.plain
    assert "<details" not in ActionList(found[:5], most=5).render().html


def test_a_number_without_limits_asks_for_nothing_unless_it_is_counted(tmp_path):
    bare = [a_figure("x.y", 0.9, label="Bare"), a_figure("x.z", 0.1, label="Low")]
    rules = [a_rule(above=0.2), a_rule(name="two", figure="x.z", above=0.2)]
    assert chosen(tmp_path, rules, churn=bare) == ()
    results = read_results(tmp_path / "handmade" / "2024-07-01")
    assert [figure.label for _, figure in find_unsure(rules, results)] == ["Bare"]
    counted = [a_rule(above=0.2, counted=True)]
    assert [action.figure.label for action in chosen(tmp_path, counted, churn=bare)] == ["Bare"]
    assert find_unsure(counted, results) == ()
    assert chosen(tmp_path, [a_rule(above=0.95, counted=True)], churn=bare) == ()


def test_the_package_s_rules_ask_nothing_of_nothing(tmp_path):
    assert choose_actions(read_rules(), read_results(tmp_path / "nobody" / "2024-01-01")) == ()
