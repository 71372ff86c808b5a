"""What a page says of how much hangs on the joins: whole sentences, each case of them."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.show.joined import JoinsTold, joins_figures, joins_section, say_joins, say_outside, summary_table
from crm_research.stats.joined import sum_up_draws
from crm_research.theme import say_count, say_money, say_percent


def told(values=(0.412, 0.43, 0.439), point=0.42, *, lower=0.36, upper=0.48, **more):
    found = sum_up_draws(point, np.array(values), lower=lower, upper=upper, confidence=0.95)
    usual = {
        "id": "base.top20_revenue_share", "label": "share of revenue from the top fifth",
        "clause": "the top fifth of buyers would bring in {} of the revenue", "say": say_percent, "is_share": True,
        "found": found, "n_draws": len(values), "n_doubtful": 387, "is_coarse": False, "window": "all records",
    }  # fmt: skip
    return JoinsTold(**usual | more)


def test_nothing_is_said_without_links():
    assert say_joins(None) == ""
    assert joins_figures(None) == []
    assert joins_section(None).parts == ()


def test_where_no_pair_is_in_doubt_nothing_hangs_on_them_exactly():
    nothing = told(values=(0.42, 0.42), n_doubtful=0)
    said = "Nothing here hangs on the joins: of no two records is it in doubt whether they are one customer."
    assert say_joins(nothing) == said
    (figure,) = joins_figures(nothing)
    assert (figure.id, figure.estimate, figure.lower, figure.upper) == ("link.share_of_uncertainty", 0.0, None, None)


def test_how_far_it_moves_and_which_part_of_the_uncertainty_that_is():
    assert say_joins(told()) == (
        "387 pairs of records are in doubt: were they joined or parted otherwise, the top fifth of buyers would bring "
        "in 41 to 44 % of the revenue; of all that is uncertain about it, about 17 of 100 parts hang on the joins."
    )
    (figure,) = joins_figures(told())
    variance = np.var([0.412, 0.43, 0.439], ddof=1)
    assert figure.estimate == pytest.approx(variance / (variance + (0.12 / (2 * 1.959964)) ** 2), rel=1e-5)
    assert figure.lower < figure.estimate < figure.upper
    assert (figure.group, figure.n) == ("share of revenue from the top fifth", 387)


def test_one_pair_is_one_pair_and_ends_are_told_apart_by_digits():
    one = told(values=(0.4201, 0.4204), n_doubtful=1)
    assert say_joins(one) == (
        "1 pair of records is in doubt: were they joined or parted otherwise, the top fifth of buyers would bring in "
        "42.01 to 42.04 % of the revenue; of all that is uncertain about it, less than 1 of 100 parts hangs on the "
        "joins."
    )


def test_what_no_draw_moves():
    assert say_joins(told(values=(0.42, 0.42))) == (
        "387 pairs of records are in doubt: 2 times they were joined or parted by chance, as probably as the linking "
        "has it, and each time the top fifth of buyers would bring in 42 % of the revenue."
    )
    still = told(values=(0.42, 0.42), still="each contract is counted by itself.")
    assert say_joins(still) == (
        "387 pairs of records are in doubt, and nothing here hangs on them: each contract is counted by itself."
    )
    assert joins_figures(still)[0].estimate == 0.0
    unknown = told(values=(0.42, 0.42), unknown="the groups are not those of the nearest middle.")
    assert say_joins(unknown) == (
        "387 pairs of records are in doubt, and how much here hangs on them is not known: the groups are not those of "
        "the nearest middle."
    )
    assert joins_figures(unknown) == []


def test_money_that_moves_less_than_is_printed_is_the_same():
    money = told(
        values=(5_810_000.0, 5_811_000.0), point=5_813_000.0, lower=5_700_000.0, upper=5_900_000.0, is_share=False,
        say=lambda value: say_money(value, "EUR"), clause="today's customers would bring {}",
    )  # fmt: skip
    assert say_joins(money) == (
        "387 pairs of records are in doubt: were they joined or parted otherwise, today's customers would bring 5.81 m "
        "EUR all the same; of all that is uncertain about it, less than 1 of 100 parts hangs on the joins."
    )


def a_count(**more):
    usual = {
        "lower": None, "upper": None, "is_share": False, "say": lambda n: say_count(n, "customer"),
        "clause": "we would know {}",
    }  # fmt: skip
    return told(**usual | more)


def test_records_that_are_loose_are_called_so_and_a_count_has_no_share():
    coarse = a_count(values=(11.0, 14.0), point=12.0, is_coarse=True, n_doubtful=2)
    assert say_joins(coarse) == (
        "2 records are in doubt: were they left with their customers or parted from them otherwise, we would know 11 "
        "to 14 customers."
    )
    assert joins_figures(coarse) == []
    page = repr(joins_section(coarse))
    assert "join nothing that was missed" in page
    assert "2 times each record in doubt was left with its customer or made one by itself by chance" in page
    assert summary_table(coarse)["what"].tolist() == ["as linked", "over 2 draws of the joins"]
    one = a_count(values=(1.0, 2.0), point=1.0, is_coarse=True, n_doubtful=1)
    assert say_joins(one) == (
        "1 record is in doubt: were it left with its customer or parted from it otherwise, we would know 1 to 2 "
        "customers."
    )
    still = a_count(values=(1.0, 1.0), point=1.0, is_coarse=True, n_doubtful=1)
    assert say_joins(still) == (
        "1 record is in doubt: 2 times it was left with its customer or parted from it by chance, and each time we "
        "would know 1 customer."
    )


def test_a_number_that_no_draw_has_is_not_said_to_stay():
    same = a_count(values=(3.0, 3.0), point=4.0, n_doubtful=1, n_more=-1.0)
    assert same.found.moves
    assert (
        say_joins(same)
        == "1 pair of records is in doubt: were they joined or parted otherwise, we would know 3 customers."
    )
    assert say_outside(same) == (
        "As the records are linked it is 4, and not this: two records are joined only where that is nearly sure, and "
        "what is left apart adds up."
    )
    # With limits of its own, too: all draws agree, so that nothing of what is uncertain comes from them.
    share = told(values=(0.30, 0.30), point=0.42)
    assert say_joins(share).endswith("the top fifth of buyers would bring in 30 % of the revenue.")
    assert "whichever records are joined" not in repr(joins_section(share))


def test_what_draws_cannot_move_is_said_at_the_end():
    partly = told(partly="Contracts name customers alone.")
    assert say_joins(partly).endswith("17 of 100 parts hang on the joins. Contracts name customers alone.")
    still = told(values=(0.42, 0.42), partly="Contracts name customers alone.")
    assert say_joins(still).endswith("42 % of the revenue. Contracts name customers alone.")


def test_a_number_outside_the_range_of_draws_is_told():
    outside = repr(joins_section(told(values=(0.412, 0.414, 0.415), point=0.43)))
    assert "As the records are linked it is 43 %, and so outside this range" in outside
    assert "outside this range" not in repr(joins_section(told()))


def test_why_a_number_is_outside_is_said_where_it_is_printed_so_and_draws_are_told():
    values = (721.0, 725.0, 729.0)
    said = "As the records are linked it is 735, and so outside this range"
    assert say_outside(a_count(values=values, point=735.0, n_more=-10.0)) == (
        f"{said}: two records are joined only where that is nearly sure, and what is left apart adds up."
    )
    # Where draws part more than they join, that is not why.
    assert say_outside(a_count(values=values, point=715.0, n_more=10.0)) == (
        "As the records are linked it is 715, and so outside this range: what stands together is one customer "
        "probably, not surely, and what is parted adds up."
    )
    assert say_outside(a_count(values=values, point=735.0)) == f"{said}."
    inside, alike = a_count(values=values, point=725.0), a_count(values=values, point=729.3)
    silent = [None, inside, alike, a_count(values=values, point=735.0, unknown="no orders.")]
    assert [say_outside(one) for one in silent] == [""] * 4
