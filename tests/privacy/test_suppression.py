"""Groups of too few: what is withheld cannot be computed from what is shown and from the totals."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_research import settings as places
from crm_research.figures import FIGURES_MIME, Figure
from crm_research.privacy.suppression import is_of_a_course, say_withheld, withheld_rows, withhold
from crm_research.show.figure_cards import render_figures
from crm_research.show.parts import Chart
from crm_research.show.table import render_table, table_output


def test_the_next_smallest_goes_with_a_single_one():
    assert withhold([[3, 40, 12, 100]], [], 5) == {0, 2}


def test_two_of_one_each_would_be_told_by_their_sum():
    # 1 + 1 = 2: whoever knows that there are two groups of somebody knows both.
    assert withhold([[1, 1, 30, 8]], [], 5) == {0, 1, 3}


def test_enough_of_them_hide_each_other():
    assert withhold([[4, 4, 30, 8]], [], 5) == {0, 1}


def test_nobody_is_told_and_large_groups_are():
    assert withhold([[0, 5, 30]], [], 5) == frozenset()


def test_nought_switches_it_off():
    frame = pd.DataFrame({"group": ["a", "b"], "n_customers": [1, 9]})
    assert withheld_rows(frame, (), 0) == frozenset()
    assert withheld_rows(frame, (), 5) == {0, 1}


def test_of_rows_that_overlap_only_those_go_that_tell_of_few():
    names = ["all", "in customers", "in orders", "in contracts", "no dealings", "no record", "kind known", "age known"]
    wholes = ["", "all", "all", "all", "in customers", "all", "in customers", "in customers"]
    counts = [700, 650, 699, 46, 1, 50, 646, 640]
    frame = pd.DataFrame({"what": names, "part_of": wholes, "n_customers": counts})
    # 700 - 699 = 1 has no orders, 650 - 646 = 4 have a record without a kind.
    assert {names[row] for row in withheld_rows(frame, (), 5)} == {"in orders", "no dealings", "kind known"}
    assert {names[row] for row in withheld_rows(frame, (), 12)} == {
        "in orders", "no dealings", "kind known", "age known",
    }  # fmt: skip
    assert withheld_rows(frame.iloc[[0, 1, 3]], (), 5) == frozenset()


counts = st.lists(st.integers(0, 40), min_size=1, max_size=9)


@given(counts, st.integers(2, 10))
@settings(max_examples=120, deadline=None)
def test_no_withheld_count_of_a_list_can_be_computed(column, least):
    hidden = sorted(withhold([column], [], least))
    small = [row for row, count in enumerate(column) if 0 < count < least]
    assert set(small) <= set(hidden)
    if not small or all(row in hidden for row, count in enumerate(column) if count):
        return  # nothing left to hide behind: the table tells nothing but its total
    # All that a reader knows: the total, what is shown, and that each of them is somebody.
    total = sum(column[row] for row in hidden)
    for row in small:
        largest = total - (len(hidden) - 1)
        assert largest >= least, (column, hidden, row)


def possible(table, hidden, cell):
    """Every value that a hidden cell can take where all lines add up, by trying."""
    at = sorted(hidden)
    tops = [min(table[row].sum(), table[:, column].sum()) for row, column in at]
    found = set()
    for values in itertools.product(*(range(1, top + 1) for top in tops)):
        tried = table.copy()
        for (row, column), value in zip(at, values, strict=True):
            tried[row, column] = value
        if (tried.sum(0) == table.sum(0)).all() and (tried.sum(1) == table.sum(1)).all():
            found.add(int(tried[cell]))
    return found


@given(st.lists(st.sampled_from([0, 1, 2, 3, 6]), min_size=6, max_size=6))
@settings(max_examples=25, deadline=None)
def test_no_withheld_cell_of_a_cross_table_can_be_computed(values):
    table = np.array(values).reshape(2, 3)
    keys = [[row for row in range(2) for _ in range(3)], [column for _ in range(2) for column in range(3)]]
    least = 3
    hidden = withhold([table.ravel()], keys, least)
    small = {place for place, count in enumerate(table.ravel()) if 0 < count < least}
    assert small <= hidden
    if all(place in hidden for place, count in enumerate(table.ravel()) if count):
        return
    cells = {divmod(place, 3) for place in hidden}
    if len(cells) > 4:
        return  # too many to try
    for place in small:
        assert max(possible(table, cells, divmod(place, 3))) >= least


def test_a_cross_table_is_protected_where_its_lines_alone_are():
    # Each line that holds a withheld cell holds two, but the cell that joins both squares is told by subtraction.
    table = np.array([[4, 4, 30, 30], [4, 4, 2, 30], [30, 30, 4, 4], [30, 30, 4, 4]])
    keys = [[row for row in range(4) for _ in range(4)], list(range(4)) * 4]
    hidden = withhold([table.ravel()], keys, 5)
    assert {1 * 4 + 2} < hidden
    assert len(hidden) > 9


@pytest.fixture
def in_a_run(monkeypatch):
    monkeypatch.setenv(places.LEAST_GROUP, "5")


def test_a_table_says_how_many_rows_it_withholds_and_why(in_a_run):
    frame = pd.DataFrame(
        {
            "segment": ["regulars", "guests", "new"],
            "n_customers": [310, 3, 27],
            "spend_share": [0.915, 0.0085, 0.0765],
            "meaning": ["often", "7 visits", "since May"],
        }
    )
    _, plain = render_table(frame, "Segments")
    assert plain.splitlines()[1:] == [
        "segment   n customers  spend share  meaning",
        "regulars          310       91.5 %  often",
        "guests       withheld            –  7 visits",
        "new          withheld            –  since May",
        say_withheld(2, 5),
    ]


def test_rows_beyond_those_printed_count_too(in_a_run):
    frame = pd.DataFrame({"group": list("abcd"), "n_customers": [90, 60, 30, 2]})
    _, plain = render_table(frame, "Groups", max_rows=3)
    assert [line.split() for line in plain.splitlines()[2:5]] == [["a", "90"], ["b", "60"], ["c", "withheld"]]
    assert say_withheld(2, 5) in plain


def test_a_table_that_counts_something_else_is_told_whole(in_a_run):
    frame = pd.DataFrame({"test": ["log rank"], "n": [3], "p": [0.5]})
    _, plain = render_table(frame, "Tests")
    assert "withheld" not in plain
    _, declared = render_table(frame, "Tests", counts=("n",))
    assert "withheld" in declared


def test_by_hand_everything_is_told():
    frame = pd.DataFrame({"group": ["a", "b"], "n_customers": [1, 9]})
    assert "withheld" not in render_table(frame, "Groups")[1]


def test_curves_are_no_groups():
    assert is_of_a_course(pd.DataFrame({"months": [1], "n_customers": [3]}))
    assert is_of_a_course(pd.DataFrame({"at": pd.to_datetime(["2024-01-01"]), "n_customers": [3]}))
    assert not is_of_a_course(pd.DataFrame({"plan": ["a"], "n_customers": [3]}))


def a_count(group: str | None, estimate: float, n: int = 200, unit: str = "customers") -> Figure:
    return Figure(
        id="test.size", label="Size", estimate=estimate, unit=unit, n=n, window="2024", estimator="count", group=group
    )


def test_figures_of_small_groups_are_withheld_and_one_that_would_tell_them(in_a_run):
    figures = [a_count("a", 90), a_count("b", 3), a_count("c", 12), a_count(None, 4)]
    held = {each["group"]: each["estimate"] for each in render_figures(figures).types[FIGURES_MIME]}
    assert held == {"a": 90, "b": None, "c": None, None: 4}
    html = render_figures(figures, as_table="Sizes").html
    assert say_withheld(2, 5, what="figure") in html
    assert ">12<" not in html


def test_a_share_among_few_is_withheld(in_a_run):
    figures = [a_count("a", 0.5, n=200, unit="share"), a_count("b", 0.25, n=4, unit="share")]
    held = {each["group"]: (each["estimate"], each["n"]) for each in render_figures(figures).types[FIGURES_MIME]}
    assert held == {"a": (0.5, 200), "b": (None, 0)}


def test_a_month_of_one_buyer_does_not_tell_what_he_spent(in_a_run):
    frame = pd.DataFrame(
        {"period": pd.date_range("2024-01-01", periods=4, freq="MS"), "n_active": [40, 1, 31, 22],
         "revenue": [811.0, 226.4, 905.0, 507.0]}
    )  # fmt: skip
    html = table_output(frame, "Months").html
    assert "226" not in html
    assert "905" in html
    # A course without money stays whole: how many bought in a month names nobody.
    assert ">1<" in table_output(frame.drop(columns="revenue"), "Months").html


def test_a_picture_of_small_groups_gives_way_to_its_table(in_a_run):
    def draw(ax):
        raise AssertionError("nothing is drawn")

    frame = pd.DataFrame({"plan": ["a", "b", "c"], "n_customers": [90, 60, 2]})
    output = Chart(draw, alt="Of 152 customers c has 1.3 %.", caption="c: 2", data=frame).render()
    assert "<svg" not in output.html
    # Words for those who do not see the picture tell its numbers, too.
    for told in (output.html, output.plain, str(output.types)):
        assert "1.3 %" not in told
        assert "c: 2" not in told
    assert say_withheld(2, 5) in output.html


def test_a_workbook_gets_no_number_that_the_page_withholds(in_a_run, monkeypatch):
    monkeypatch.setenv(places.TABLES, "yes")
    frame = pd.DataFrame({"group": ["a", "b", "c"], "n_customers": [90, 60, 2], "spend": [912.0, 613.0, 17.0]})
    said = str(table_output(frame, "Groups").types)
    assert "912" in said
    assert "withheld" in said
    for hidden in ("17", "613", "60"):
        assert hidden not in said
