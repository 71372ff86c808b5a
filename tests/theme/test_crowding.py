"""Names below an axis that would run into each other get smaller, fewer or slanted."""

from __future__ import annotations

from itertools import pairwise

import pytest

from crm_research.theme.charts import new_axes
from crm_research.theme.crowding import part_names


def an_axis(names, *, width=6.6, is_above=False):
    ax = new_axes(title="t", size=(width, 3))
    ax.plot(range(len(names)), range(len(names)))
    ax.set_xticks(range(len(names)), names)
    if is_above:
        ax.xaxis.tick_top()
    part_names(ax.get_figure())
    return ax


def shown(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


def meet(ax) -> bool:
    figure = ax.get_figure()
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
    return any(left.x1 > right.x0 for left, right in pairwise(boxes))


def test_names_with_room_stay_as_they_are():
    ax = an_axis(["basic", "plus", "gold"])
    assert shown(ax) == ["basic", "plus", "gold"]
    assert {(label.get_fontsize(), label.get_rotation()) for label in ax.get_xticklabels()} == {(10.0, 0.0)}


def test_names_that_just_meet_get_smaller_and_no_more():
    names = [f"{n} of ten" for n in range(10, 19)]
    ax = an_axis(names, width=5.4)
    assert shown(ax) == names
    assert {(label.get_fontsize(), label.get_rotation()) for label in ax.get_xticklabels()} == {(8.0, 0.0)}
    assert not meet(ax)


@pytest.mark.parametrize(
    "names", [[str(n) for n in range(100, 140)], [f"2024-{n % 12 + 1:02d}" for n in range(24)], ["1,000"] * 20]
)
def test_numbers_and_months_are_left_out_in_turn_from_the_first(names):
    ax = an_axis(names, width=3)
    kept = [i for i, text in enumerate(shown(ax)) if text]
    step = kept[1]
    assert step > 1
    assert kept == list(range(0, len(names), step))
    assert [shown(ax)[i] for i in kept] == [names[i] for i in kept]
    assert ax.get_xticks().tolist() == list(range(len(names)))
    assert not meet(ax)


@pytest.mark.parametrize(("is_above", "side"), [(False, "right"), (True, "left")])
def test_words_are_slanted_so_that_none_is_lost(is_above, side):
    names = ["developing", "returned", "fading", "lost for ever", "北京的客户"]
    ax = an_axis(names, width=2.4, is_above=is_above)
    ticks = ax.xaxis.get_major_ticks()
    labels = [tick.label2 if is_above else tick.label1 for tick in ticks]
    assert [label.get_text() for label in labels] == names
    assert {(label.get_rotation(), label.get_ha(), label.get_fontsize()) for label in labels} == {(40.0, side, 8.0)}
    assert {label.get_rotation_mode() for label in labels} == {"anchor"}  # turned about the end that is at its tick


def test_names_beyond_the_limits_count_for_nothing():
    ax = new_axes(title="t", size=(3, 3))
    ax.set_xticks([*range(3), *range(100, 140)], [f"name {n}" for n in range(43)])
    ax.set_xlim(0, 2)
    part_names(ax.get_figure())
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {0.0}


def test_an_empty_axis_has_nothing_to_part():
    ax = new_axes(title="t")
    ax.set_xticks([])
    part_names(ax.get_figure())
    assert ax.get_xticks().tolist() == []
