"""Where titles lie over a picture, how many there is room for, and what becomes of matplotlib's own markup."""

from __future__ import annotations

from importlib import import_module

import pandas as pd
import pytest
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from crm_research.show import hover, svg
from crm_research.show.chart import render_chart, theme_colours
from crm_research.show.hover import _draw_shapes, _Mark, _marks_of, _thin_out, write_titles
from crm_research.theme import ACCENT, CSS_VARIABLES, format_count, format_share, marks, name_rows, new_axes

NBSP = "\N{NO-BREAK SPACE}"


def test_points_get_circles_and_bars_get_boxes_of_at_least_two_points():
    found = [
        _Mark(((0, 0),), "a <b>"),
        _Mark(((0, 0), (1, 1)), "5 %"),
        _Mark(((0, 0), (1, 1)), "thin"),
        _Mark(((2, 2),), "last"),
    ]
    places = [(1.4, 2.6), (10.0, 30.0), (4.0, 50.6), (7.0, 7.0), (8.0, 8.5), (9.0, 3.0)]
    assert list(_draw_shapes(found, places)) == [
        '<circle cx="1" cy="3" r="4"><title>a &lt;b&gt;</title></circle>',
        f'<rect x="4" y="30" width="6" height="21"><title>5{NBSP}%</title></rect>',
        '<rect x="7" y="7" width="2" height="2"><title>thin</title></rect>',
        '<circle cx="9" cy="3" r="4"><title>last</title></circle>',
    ]


@pytest.mark.parametrize(
    ("most", "kept"),
    [
        (40, ["0", "1", "2", "3"]),
        (39, ["0", "1", "2"]),
        (30, ["0", "1", "2"]),
        (20, ["0", "2"]),
        (19, ["0"]),
        (0, ["0"]),
    ],
)
def test_titles_are_thinned_evenly_to_the_room_there_is(most, kept):
    # Ten bytes each: a sign of three bytes is counted as three.
    shapes = [f"{n}云云云" for n in range(4)]
    assert [shape[0] for shape in _thin_out(shapes, most)] == kept


def group(name: str, *places: tuple[str, str]) -> str:
    uses = "".join(f'<use xlink:href="#m" x="{x}" y="{y}"/>' for x, y in places)
    return f'<g id="{name}"><g clip-path="url(#p)">{uses}</g></g>'


def test_titles_go_to_the_end_and_the_places_that_told_them_go_away():
    one, two = group("hover-0", ("-1.5", "2"), ("3", "4.25")), group("hover-1", ("9", "9"))
    given = f"<svg><g>drawn</g>{one}<g>more</g>{two}</svg>"
    found = {
        "hover-0": [_Mark(((0, 0),), "a"), _Mark(((0, 0),), "b")],
        "hover-1": [_Mark(((0, 0), (1, 1)), "two corners, one place")],
        "hover-2": [_Mark(((0, 0),), "not there")],
    }
    assert write_titles(given, found) == (
        '<svg><g>drawn</g><g>more</g><g class="hover" fill-opacity="0" stroke="none">'
        '<circle cx="-2" cy="2" r="4"><title>a</title></circle>'
        '<circle cx="3" cy="4" r="4"><title>b</title></circle></g></svg>'
    )
    assert write_titles("<svg></svg>", {}) == "<svg></svg>"


def test_titles_may_take_seven_hundred_bytes_or_an_eighth_of_a_large_picture():
    each = len('<circle cx="1" cy="2" r="4"><title>abcde</title></circle>')
    marks_ = {"hover-0": [_Mark(((0, 0),), "abcde")] * 100}
    places = group("hover-0", *[("1", "2")] * 100)
    small = write_titles(f"<svg>{places}</svg>", marks_)
    assert small.count("<circle") == 700 // each
    large = write_titles(f"<svg>{'x' * 20_000}{places}</svg>", marks_)
    assert large.count("<circle") == int(0.12 * (20_000 + len("<svg></svg>"))) // each


def words_of(ax) -> list[tuple[tuple[tuple[float, float], ...], str]]:
    return [(mark.corners, mark.words) for mark in _marks_of(ax)]


def test_marks_lie_at_the_corners_of_bars_and_cells_and_at_points():
    ax = new_axes(title="T")
    marks.draw_bars(ax, [0, 1], [2.0, 3.5], is_upright=True, thickness=0.5)
    assert words_of(ax) == [
        (((-0.25, 0), (0.25, 2.0)), "0: 2"),
        (((0.75, 0), (1.25, 3.5)), "1: 3.5"),
    ]
    ax = new_axes(title="T")
    marks.draw_heat(ax, [[0.1234, 1.0]], limits=(0, 1), texts=[["", "two\nlines"]])
    name_rows(ax, ["row"])
    assert words_of(ax) == [
        (((-0.5, -0.5), (0.5, 0.5)), "row, 0: 0.123"),
        (((0.5, -0.5), (1.5, 0.5)), "row, 1: two lines"),
    ]
    ax = new_axes(title="T")
    (line,) = ax.plot([0.123456, 2_000.4], [5, 1_000_000.6])
    assert words_of(ax) == [
        (((0.123456, 5.0),), "0.123: 5"),
        (((2_000.4, 1_000_000.6),), "2,000: 1,000,001"),
    ]
    line.set_visible(False)
    assert words_of(ax) == []


def test_curves_of_more_than_120_points_keep_their_ends():
    ax = new_axes(title="T")
    ax.plot(range(1_000), range(1_000))
    found = words_of(ax)
    assert len(found) == 120
    assert (found[0][0], found[1][0], found[-1][0]) == (((0, 0),), ((8, 8),), ((999, 999),))
    ax = new_axes(title="T")
    ax.plot([], [])
    assert words_of(ax) == []


def test_what_lies_outside_the_axes_says_nothing_and_an_edge_is_inside():
    ax = new_axes(title="T")
    ax.plot([0, 5, 10, 11], [1, 1, 1, 1])
    ax.set_xlim(10, 0)
    ax.set_ylim(0, 1)
    figure = ax.get_figure()
    before = list(ax.artists), list(ax.lines)
    with hover.hovering(figure) as found:
        (held,) = found.values()
        assert list(found) == ["hover-0"]
        assert [mark.corners[0][0] for mark in held] == [0, 5, 10]
        (laid,) = [artist for artist in ax.get_children() if artist.get_gid() == "hover-0"]
        assert (list(laid.get_xdata()), list(laid.get_ydata())) == ([0, 5, 10], [1, 1, 1])
        assert not laid.get_in_layout()
    assert (list(ax.artists), list(ax.lines)) == before


def test_bars_that_lie_are_read_from_their_height_whatever_made_them():
    ax = new_axes(title="T")
    held = ax.barh([1], [4])
    assert isinstance(held, BarContainer)
    assert words_of(ax) == [(((0, 0.6), (4, 1.4)), "1: 4")]


def test_numbers_of_the_markup_have_two_decimals_and_no_line_ends():
    assert svg._shorter(' d="M 1.23456 7\nL 0.5 -2.999 "') == ' d="M 1.23 7 L 0.5 -2.99 "'
    given = (
        '<?xml version="1.0"?><!DOCTYPE svg><svg a="b">\n <metadata>x\ny</metadata><!-- c\nd -->'
        '<defs>\n <style type="text/css">*{}</style>\n</defs><text style="font-family: Inter, sans; fill: red">a</text>'
        '\n  <path d="M 1.239 2\nL 3 4" id="7.891"/>\n</svg>'
    )
    assert svg._inner(given) == (
        '<svg a="b"><text style=" fill: red">a</text><path d="M 1.23 2 L 3 4" id="7.891"/></svg>'
    )


def test_only_ids_that_something_points_to_stay_and_get_the_key_of_the_picture():
    given = '<g id="figure"><clipPath id="p1"/><path id="m"/><use xlink:href="#m" clip-path="url(#p1)" href="#m"/></g>'
    assert svg._with_own_ids(given, "k") == (
        '<g><clipPath id="k-p1"/><path id="k-m"/><use xlink:href="#k-m" clip-path="url(#k-p1)" href="#k-m"/></g>'
    )


def test_colours_of_the_theme_are_variables_and_others_stay():
    colours = theme_colours()
    assert colours["#000000"] == "--ink"
    assert colours[ACCENT.lower()] == "--chart-accent"
    assert {name: colours[colour.lower()] for colour, name in CSS_VARIABLES.items() if colour != ACCENT} == {
        name: name for colour, name in CSS_VARIABLES.items() if colour != ACCENT
    }
    assert svg._variable("#ABCDEF", {"#abcdef": "--x"}) == "var(--x, #ABCDEF)"
    assert svg._variable("#ABCDEF", {}) == "#ABCDEF"


def test_a_picture_says_its_size_its_words_and_its_ink(monkeypatch):
    monkeypatch.setattr(svg, "_saved", lambda figure: '<svg viewBox="0 0 120 64.5" x="1"><g fill="#123456"/></svg>')
    drawn = svg.draw_svg(None, alt=" First <one>. Then more. ", colours={"#123456": "--a", "#000000": "--ink"})
    key = drawn.partition('aria-labelledby="')[2].partition("-t ")[0]
    assert len(key) == 11
    assert drawn == (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'aria-labelledby="{key}-t {key}-d" viewBox="0 0 120 64.5" style="max-width:10.0rem;--readable:8.6rem;'
        "fill:var(--ink, #000000);stroke-linejoin:round;stroke-linecap:butt;font-family:'DejaVu Sans',Verdana,"
        "'Noto Sans',system-ui,'Noto Sans CJK SC','PingFang SC','CRM Research Han',sans-serif\">"
        f'<title id="{key}-t">First &lt;one&gt;</title>'
        f'<desc id="{key}-d">First &lt;one&gt;. Then more.</desc><g fill="var(--a, #123456)"/></svg>'
    )
    other = svg.draw_svg(None, alt="Other", colours={})
    assert key not in other


def test_what_stands_around_a_picture_is_told_to_the_letter(monkeypatch):
    # The package hands out a function of the module's name.
    module = import_module("crm_research.show.chart")
    monkeypatch.setattr(module, "draw_svg", lambda figure, alt, colours: f"<svg>{alt}</svg>")
    data = pd.DataFrame({"plan": ["a"], "left": [3]})
    shown = render_chart(
        new_axes(title="One & two", subtitle="of <three>"), alt="A line.", data=data, caption="Below <it>"
    )
    above, _, numbers = shown.html.partition("<details")
    assert above == (
        '<figure class="crm crm-chart" id="picture-one-two"><div class="crm-headings">'
        '<p class="title">One &amp; two</p><p class="sub">of &lt;three&gt;</p></div>'
        '<div class="scroll" tabindex="0"><svg>A line.</svg></div>'
        "<figcaption>Below &lt;it&gt;</figcaption>"
    )
    assert numbers.startswith("><summary>The numbers behind this picture</summary><div")
    assert "<caption>Numbers: Below &lt;it&gt;</caption>" in numbers
    assert numbers.endswith("</details></figure>")
    plain = render_chart(new_axes(title="!"), alt="A line.").html
    assert plain == (
        '<figure class="crm crm-chart"><div class="crm-headings"><p class="title">!</p></div>'
        '<div class="scroll" tabindex="0"><svg>A line.</svg></div></figure>'
    )


def test_a_picture_without_headings_has_neither_heading_nor_anchor(monkeypatch):
    module = import_module("crm_research.show.chart")
    monkeypatch.setattr(module, "draw_svg", lambda figure, alt, colours: "<svg/>")
    figure = Figure()
    figure.subplots().plot([0, 1], [0, 1])
    assert render_chart(figure, alt="A line.").html == (
        '<figure class="crm crm-chart"><div class="scroll" tabindex="0"><svg/></div></figure>'
    )


def test_marks_of_a_second_pair_of_axes_lie_under_its_own_name():
    figure = Figure()
    for number, ax in enumerate(figure.subplots(1, 3)):
        if number != 1:
            ax.plot([number], [5])
    with hover.hovering(figure) as found:
        assert {name: [mark.words for mark in held] for name, held in found.items()} == {
            "hover-0": ["0: 5"],
            "hover-2": ["2: 5"],
        }


def test_names_of_places_are_those_that_were_given_and_the_nearest_is_said():
    ax = new_axes(title="T")
    ax.set_yticks([0, 1, 2], ["low", "two\nlines", "high"])
    ax.set_xticks([0, 10])
    ax.plot([3, 4.25], [0.4, 1.6])
    assert words_of(ax) == [(((3.0, 0.4),), "low: 3"), (((4.25, 1.6),), "high: 4.25")]
    formatted = new_axes(title="T")
    formatted.plot([0.123456], [1234.56])
    format_share(formatted, "x")
    format_count(formatted)
    assert words_of(formatted) == [(((0.123456, 1234.56),), "12.3 %: 1,235")]


def test_bars_without_length_say_nothing_and_a_cell_that_is_not_known_neither():
    ax = new_axes(title="T")
    marks.draw_bars(ax, [0, 1], [0.0, -2.0])
    assert [words for _, words in words_of(ax)] == ["1: -2"]
    ax.errorbar([5], [7], yerr=[1], linestyle="none")  # a container too, and no bars
    assert [words for _, words in words_of(ax)][:1] == ["1: -2"]
    ax = new_axes(title="T")
    marks.draw_heat(ax, [[float("nan"), 2.0]], limits=(0, 2), texts=[["n. k.", ""]])
    assert [words for _, words in words_of(ax)] == ["0, 0: n. k.", "0, 1: 2"]
