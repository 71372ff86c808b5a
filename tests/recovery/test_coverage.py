"""Every printed figure has a row in the table of coverage, or a reason in one place why it has none."""

from __future__ import annotations

import pytest

from tests.recovery.coverage import COVERED, PARTS, printed_figures, where_covered


def test_every_figure_has_a_part_that_measures_its_interval_or_a_reason():
    figures = printed_figures()
    assert "churn.contract.survival_12m" in figures
    assert len(figures) > 50
    assert [figure for figure in figures if not where_covered(figure)] == []


def test_no_entry_is_left_over_and_every_part_is_named():
    figures = printed_figures()
    used = [name for name in COVERED if any(figure == name or figure.startswith(name) for figure in figures)]
    assert used == list(COVERED)
    named = " ".join(COVERED.values())
    assert [part for part in PARTS if part not in named and part != "gains"] == []


def test_the_longest_beginning_counts():
    assert where_covered("churn.silent.holdout_error") == "heavy tails"
    assert where_covered("churn.silent.paretonbd_") == "purchases, spend"
    assert where_covered("nothing.of_the_kind") == ""


@pytest.mark.slow
@pytest.mark.parametrize("part", ["several contracts", "shares", "answers", "gains", "ratios"])
def test_limits_of_a_part_hold_the_truth_as_often_as_they_say(part):
    # 200 worlds: two and a half standard errors of .95 are .039.
    for row in PARTS[part](200):
        assert 0.905 <= row.covered / row.worlds <= 0.995, row
