"""Title and subtitle: where they stand in a picture, and how a page takes them out of it."""

from __future__ import annotations

import pytest

from crm_research.theme.charts import SIZE, new_axes
from crm_research.theme.headings import is_blank, take_headings
from crm_research.theme.palette import INK, MUTED


def a_figure(title="The finding", subtitle="what is drawn"):
    return new_axes(title=title, subtitle=subtitle).get_figure()


def test_the_title_begins_three_points_below_the_upper_edge_and_the_subtitle_two_below_it():
    figure = a_figure()
    title, (below,) = figure._suptitle, figure.texts[1:] or figure.texts
    inch = 72 * SIZE[1]
    assert (title.get_text(), title.get_position()) == ("The finding", (0.008, pytest.approx(1 - 3 / inch)))
    assert (title.get_fontsize(), title.get_fontweight(), title.get_color()) == (12.5, "bold", INK)
    # One line of a title is 12.5 points times 1.25.
    assert below.get_position() == (0.008, pytest.approx(1 - 3 / inch - (12.5 * 1.25 + 2) / inch))
    assert (below.get_text(), below.get_fontsize(), below.get_color()) == ("what is drawn", 10, MUTED)


@pytest.mark.parametrize(
    ("subtitle", "points"), [(None, 12.5 * 1.25 + 11), ("", 12.5 * 1.25 + 11), ("said", 12.5 * 1.25 + 12.5 + 3 + 11)]
)
def test_the_axes_get_the_room_below_the_headings(subtitle, points):
    figure = a_figure(subtitle=subtitle)
    assert figure.get_layout_engine().get()["rect"] == (0, 0, 1, pytest.approx(1 - points / (72 * SIZE[1])))


def test_headings_that_are_taken_out_are_as_they_were_given_and_the_picture_is_as_much_lower():
    title = "A finding of so many words that it takes two lines of the picture, and is one line on a page"
    figure = a_figure(title, "what\nis drawn")
    held = take_headings(figure)
    assert (held.title, held.subtitle) == (title, "what is drawn")
    # Two lines of title and one of subtitle, whose own line ends are blanks, with what lies between and below.
    assert held.points == pytest.approx(2 * 12.5 * 1.25 + 10 * 1.25 + 3 + 11)
    assert figure.get_figheight() == pytest.approx(SIZE[1] - held.points / 72)
    assert figure._suptitle.get_text() == ""
    assert held.below is not None
    assert held.below not in figure.texts
    assert figure.get_layout_engine().get()["rect"] == (0, 0, 1, 1)
    assert take_headings(figure) is None


def test_without_a_subtitle_none_is_taken_out():
    figure = a_figure(subtitle=None)
    held = take_headings(figure)
    assert (held.title, held.subtitle, held.below) == ("The finding", "", None)


def test_a_low_picture_keeps_six_tenths_of_an_inch():
    figure = new_axes(title="t", subtitle="s", size=(6.6, 0.8)).get_figure()
    take_headings(figure)
    assert figure.get_figheight() == pytest.approx(0.6)


def test_a_picture_that_draws_nothing_but_its_headings_is_blank():
    figure = a_figure()
    assert not is_blank(figure)
    figure.axes[0].set_axis_off()
    assert is_blank(figure)
    words = figure.axes[0].text(0, 0, "said")
    assert not is_blank(figure)
    words.remove()
    figure.axes[0].plot([0, 1], [0, 1])
    assert not is_blank(figure)
