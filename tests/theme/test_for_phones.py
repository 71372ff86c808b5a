"""A picture for a phone is as narrow as one, its words as large as ever and its names with room."""

from __future__ import annotations

import pytest

from crm_research.theme.charts import for_phones, is_for_phones, name_rows, new_axes, new_panels, write_xlabel


def inches(ax) -> tuple[float, float]:
    figure = ax.get_figure()
    return figure.get_figwidth(), figure.get_figheight()


def test_new_pictures_are_narrow_while_the_block_lasts_and_no_longer():
    assert not is_for_phones()
    with for_phones():
        assert is_for_phones()
        assert inches(new_axes(title="t", size=(6.6, 3.9))) == (4.2, 3.9)
        assert inches(new_axes(title="t", size=(3.0, 2.0))) == (3.0, 2.0)
    assert not is_for_phones()
    assert inches(new_axes(title="t", size=(6.6, 3.9))) == (6.6, 3.9)


def test_it_ends_where_the_block_fails():
    with pytest.raises(ZeroDivisionError), for_phones():
        1 / 0  # noqa: B018
    assert not is_for_phones()


def test_panels_stand_below_each_other_in_their_order():
    names = ["one", "two", "three", "four", "five"]
    with for_phones():
        panels = new_panels(3, title="t", panel_titles=names, size=(6.6, 4.0))
    assert [panel.get_title(loc="left") for panel in panels] == names
    # Two rows of three become five of one, each at three quarters of the height it had.
    assert inches(panels[0]) == (4.2, pytest.approx(4.0 * 5 / 2 * 0.75))
    heights = [panel.get_position().y0 for panel in panels]
    assert heights == sorted(heights, reverse=True)
    assert len({round(panel.get_position().x0, 6) for panel in panels}) == 1


def test_names_beside_rows_are_broken_early_and_the_picture_is_as_high_as_they_need():
    names = ["payment method: Bank transfer (automatic) against Electronic check"] * 12
    with for_phones():
        ax = new_axes(title="t", size=(6.6, 3.0))
        name_rows(ax, names, columns=46)
    lines = [label.get_text().splitlines() for label in ax.get_yticklabels()]
    assert lines[0] == ["payment method: Bank", "transfer (automatic)", "against Electronic", "check"]
    n_lines = 12 * len(lines[0])
    # Four fifths of the height hold as many lines of ten points and a quarter.
    assert inches(ax)[1] == pytest.approx(n_lines * 12.5 / 72 / 0.8)


def test_a_low_picture_keeps_an_inch_and_a_third_around_its_names():
    with for_phones():
        ax = new_axes(title="t", size=(6.6, 1.5))
        name_rows(ax, ["quality makes for satisfaction", "satisfaction for loyalty"])
    assert [label.get_text().count("\n") for label in ax.get_yticklabels()] == [1, 1]
    assert inches(ax)[1] == pytest.approx(4 * 12.5 / 72 + 1.3)


def test_names_with_room_change_no_height_and_a_wide_picture_keeps_its_columns():
    with for_phones():
        ax = new_axes(title="t", size=(6.6, 3.0))
        name_rows(ax, ["basic", "plus"])
    assert inches(ax)[1] == 3.0
    ax = new_axes(title="t", size=(6.6, 1.0))
    name_rows(ax, ["a name of thirty-one characters"] * 12, columns=46)
    assert inches(ax) == (6.6, 1.0)
    assert {label.get_text() for label in ax.get_yticklabels()} == {"a name of thirty-one characters"}


def test_a_long_name_of_the_axis_is_broken_for_the_width_there_is():
    words = "months since the contract began; below: contracts under observation"
    wide = new_axes(title="t")
    write_xlabel(wide, words, pad=24)
    assert (wide.get_xlabel(), wide.xaxis.labelpad) == (words, 24)
    with for_phones():
        narrow = new_axes(title="t")
        write_xlabel(narrow, words)
    assert narrow.get_xlabel().splitlines() == [
        "months since the contract began; below: contracts",
        "under observation",
    ]
    assert narrow.xaxis.labelpad == 6
