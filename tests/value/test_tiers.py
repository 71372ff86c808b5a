"""Tiers: rules by hand, ties, what is asked back, and who moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.pillars import value
from crm_research.pillars.value.tiers.measure import measure_tiers
from crm_research.pillars.value.tiers.rule import make_rule
from crm_research.stats.whale import limit_reach, measure_whale
from tests.builders import a_study, orders


def ranked(*money):
    values = sorted(money, reverse=True)
    return pd.DataFrame({"n": 1.0, "total": values, "lowest": values, "highest": values})


# 100 is earned: 80 by the first three, 95 by the first six.
TEN = ranked(50.0, 20.0, 10.0, 5.0, 5.0, 5.0, 3.0, 2.0, -1.0, -30.0)


@pytest.mark.parametrize(
    ("name", "given", "cuts"),
    [
        ("share", (None, None), (10.0, 5.0)),
        ("share", (0.5, 0.7), (50.0, 20.0)),
        ("quantile", (None, None), (20.0, 2.0)),
        ("quantile", (0.1, 0.9), (50.0, -1.0)),
        ("value", (15.0, 4.0), (15.0, 4.0)),
    ],
)
def test_where_gold_and_iron_end(name, given, cuts):
    assert make_rule(name, *given).cut(TEN) == cuts


def test_customers_who_leave_the_same_are_of_the_same_tier():
    assert make_rule("quantile", 0.4, 0.8).cut(TEN) == (5.0, 2.0)
    assert make_rule("share", None, None).cut(ranked(*[7.0] * 12)) == (7.0, 7.0)


def test_where_nobody_leaves_anything_nobody_is_gold():
    assert make_rule("share", None, None).cut(ranked(0.0, -1.0, -2.0)) == (np.inf, np.inf)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("share", 80, None), r"gold_from is 80: is that a percentage\? .* write 0.8 for 80 %"),
        (("share", 0.95, 0.8), r"gold_from \(0.95\) must be a share above 0 and below iron_from \(0.8\)"),
        (("quantile", 0, None), r"gold_from \(0\) must be a share above 0"),
        (("value", 5, 50), r"gold_from \(5\) must be more money than iron_from \(50\)"),
        (("value", 5, None), "needs the money from which a customer is gold and iron"),
        (("worth", None, None), "tier_rule must be one of share, quantile, value; not 'worth'"),
    ],
)
def test_a_rule_that_says_nothing_is_asked_back(asked, said):
    with pytest.raises(ParameterError, match=said):
        make_rule(*asked)


# Twelve customers of 40, 20, 10 ... this year; c01 was nobody before, c12 brought 100 then, and gone is gone now.
MONEY = [40.0, 20.0, 10.0, 8.0, 6.0, 4.0, 3.0, 3.0, 2.0, 2.0, 1.0, 1.0]
NOW = [(f"c{place:02d}", "2024-01-05", money) for place, money in enumerate(MONEY, start=1)]
BEFORE = [(f"c{place:02d}", "2023-01-05", money) for place, money in enumerate(MONEY, start=1) if 1 < place < 12]
BEFORE += [("c12", "2023-01-05", 100.0), ("gone", "2023-01-05", 50.0)]


@pytest.fixture(scope="module")
def twelve():
    return a_study(orders=orders(("c05", "2022-07-01", 0.5), *NOW, *BEFORE))


@pytest.fixture(scope="module")
def tiers(twelve):
    return measure_tiers(twelve)


def test_twelve_customers_by_hand(tiers):
    # 100 in all: 80 by the first five (40, 20, 10, 8, 6 are 84), 95 by the first nine (96 with both of 3 and one of 2).
    assert tiers.cuts == (6.0, 2.0)
    assert tiers.tiers["n_customers"].tolist() == [5, 5, 2]
    assert tiers.tiers["profit"].tolist() == [84.0, 14.0, 2.0]
    assert tiers.tiers["profit_share"].tolist() == pytest.approx([0.84, 0.14, 0.02])
    assert tiers.tiers["mean_profit"].tolist() == pytest.approx([16.8, 2.8, 1.0])
    assert (tiers.tiers["lower"] < tiers.tiers["customer_share"]).all()


def test_who_moved(tiers):
    # Before, of 209.5: 167.6 by 100, 50 and 20; 199.0 by these and 10, 8, 6 and 4 and 3.
    moves = tiers.moves.set_index(["before", "now"])["n_customers"].to_dict()
    assert moves[("gold", "lead")] == 1
    assert moves[("gold", "gold")] == 1
    assert moves[("gold", "not there")] == 1
    assert moves[("not there", "gold")] == 1
    assert sum(moves.values()) == 13
    assert float(tiers.stayed.estimate) == pytest.approx(1 / 3)


def test_nobody_moved_where_the_records_are_too_short():
    short = measure_tiers(a_study(orders=orders(*NOW, *[(c, "2023-08-01", 1.0) for c, _, _ in NOW])))
    assert short.stayed is None
    assert short.moves.empty


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["share", "quantile", "value"])
def test_a_headline_is_not_what_the_rule_says_itself(rule, twelve):
    given = {"gold_from": 10.0, "iron_from": 2.0} if rule == "value" else {}
    page = value.ValuePage(twelve, tier_rule=rule, **given)
    said = repr(page.answer).splitlines()[0]
    assert (
        said
        == {
            "share": "Gold are 5 of 12 customers, 42 %: the fewest who bring 80 % of all revenue.",
            "quantile": "Gold are the first 20 % of 12 customers, 3: they leave 70 EUR, 70 % of the revenue.",
            "value": "Gold are 3 of 12 customers, who leave 10 EUR or more each: together 70 EUR, 70 % of the revenue.",
        }[rule]
    )
    assert "nan" not in "\n".join(map(repr, page.sections().values()))


def test_shares_of_those_who_earn_add_up_and_lie_within_their_limits():
    sizes, means = np.ones(10), TEN["total"].to_numpy()
    found = limit_reach(sizes, means, (0.8, 0.95), confidence=0.95, seed=1)
    assert [float(one.estimate) for one in found] == pytest.approx([0.3, 0.3, 0.4])
    for one in found:
        assert 0 <= one.lower <= one.estimate <= one.upper <= 1


def test_the_curve_rises_to_what_is_earned_and_ends_at_what_is_left():
    found = measure_whale(np.ones(10), TEN["total"].to_numpy(), confidence=0.9, seed=1)
    assert float(found.peak.estimate) == pytest.approx(100 / 69)
    assert found.curve["profit"].max() == pytest.approx(100.0)
    assert found.curve["profit"].iloc[-1] == pytest.approx(69.0)
    assert found.curve["profit"].iloc[[10, 20, 30]].tolist() == pytest.approx([50.0, 70.0, 80.0])
    assert found.earners_share == 0.8
    assert found.peak.lower >= 1


def test_where_all_together_earn_nothing_there_is_no_share_of_it():
    found = measure_whale(np.ones(3), np.array([2.0, -1.0, -5.0]), confidence=0.95, seed=1)
    assert np.isnan(found.peak.estimate)
    assert found.curve["profit"].iloc[-1] == -4.0


def test_tiers_alone_show_their_rule_their_picture_and_what_each_brings():
    given = [1000 * 0.97**i + i % 7 for i in range(200)]
    tiers = measure_tiers(a_study(orders=orders(*[(f"c{i}", "2023-08-01", money) for i, money in enumerate(given)])))
    assert (tiers.n_customers, tiers.noun, tiers.currency) == (200, "revenue", "EUR")
    assert tiers.total == pytest.approx(sum(given))
    told = repr(tiers).splitlines()
    assert told[0] == (
        "Note: From the top down, gold bring 80 % of all that anybody leaves and iron the rest up to 95 %: "
        "gold leave 198 EUR or more each, iron 48.74 EUR or more, lead less."
    )
    assert told[2].startswith("[picture: 28 % of the customers are gold, 48 % are lead. Pairs of lying bars")
    shares = [line.split(":")[1].split() for line in told if line.startswith("Share of ")]
    assert [(row[0], row[1]) for row in shares] == [
        ("gold", "27.5"), ("iron", "24.0"), ("lead", "48.5"), ("gold", "80.5"), ("iron", "14.6"), ("lead", "4.9"),
    ]  # fmt: skip
    assert "<svg" in tiers._repr_html_()
