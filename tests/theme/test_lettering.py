"""Words from the data are drawn as they stand, whatever they hold."""

import re
import warnings
from html import unescape
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crm_research import show, theme
from crm_research.pillars.churn.drivers.charts import draw_bend
from crm_research.pillars.churn.drivers.charts import draw_drift as draw_churn_drift
from crm_research.pillars.segmentation.groups.charts import _PICTURES
from crm_research.show.svg import draw_svg
from crm_research.theme.lettering import count_columns, on_one_line, shorten, wrap_name

# Each is a plan, a brand or a reason that some company has, or that somebody types to see what happens.
HOSTILE = (
    "$20-$50", "Gold$A^{$", r"\$5 and \frac{1}{2}$", "$", "$$", r"$\alpha$", "<b>bold</b>", "A & B", "]]>", "_hidden",
    "__", "-- a\nline", "tab\tbed", "x" * 300, "long " * 60, "شهري", "🦄🐢", "忠诚客户" * 20, "\x00\x1b[31m",
    "a\u2028b", "", " ", "%s %d {0}", '"quoted"', "'", "50 %", "C:\\temp", "e\u0301" * 40, "\u202eleft",
)  # fmt: skip
NAMES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.text(alphabet="$\\_^{}ab<&", max_size=12))


def words_of(svg):
    """The text nodes of a picture, in order."""
    return [unescape(found) for found in re.findall(r">([^<]*)</(?:text|tspan)>", svg)]


def picture_of(names):
    """One picture in which names stand everywhere a name can stand."""
    first = names[0]
    axes = theme.new_panels(2, title=first, subtitle=first, panel_titles=[first, names[-1]], size=(11, 8))
    ax, other = axes
    lines = [ax.plot([0, 1], [place, place + 1], label=name)[0] for place, name in enumerate(names)]
    theme.name_rows(ax, names)
    theme.label_points(ax, [(1, float(place), name, theme.ACCENT) for place, name in enumerate(names)])
    theme.mark_level(ax, 0.5, theme.shorten(first, 20))
    other.set_yscale("log")
    other.plot([1, 2], [1, 900])
    with theme.chart_style():
        ax.legend(handles=lines, labels=[theme.shorten(name, 20) for name in names])
    theme.new_axes(title=first, subtitle=first, xlabel=first, ylabel=first, ax=other)
    return ax


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(NAMES, min_size=1, max_size=4))
@example(["$20-$50", "Gold$A^{$"])
@example(["_hidden", "__"])
@pytest.mark.slow
def test_any_name_is_drawn_as_it_stands_wherever_it_stands(names):
    ax = picture_of(names)
    svg = draw_svg(ax.figure, alt="Names", colours={})
    drawn = words_of(svg)
    for name in names:
        expected = shorten(name, 20).strip()
        assert not expected or expected in [word.strip() for word in drawn]
    assert "mathdefault" not in svg
    assert not any(character in svg for character in "\x00\x1b")


@pytest.mark.parametrize("name", ["$20-$50", "Gold$A^{$", r"\$5", "_hidden", "A & B"])
def test_a_picture_saved_without_the_page_is_literal_too(name):
    ax = theme.new_axes(title=name)
    ax.text(0.5, 0.5, name)  # written outside the house's style, as a notebook's author may
    theme.name_rows(ax, [name])
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.figure.savefig(buffer, format="svg", metadata={"Date": None})
    drawn = re.findall(r"<!-- (.*?) -->", buffer.getvalue().decode())
    assert [unescape(word) for word in drawn].count(name) >= 3


def test_a_figure_of_plain_matplotlib_is_literal_on_a_page(capsys):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    ax.set_title("Gold$A^{$")
    ax.set_xscale("log")
    ax.plot([1, 1000], [1, 2])
    svg = draw_svg(ax.figure, alt="Plain", colours={})
    assert "Gold$A^{$" in words_of(svg)
    assert {"1", "10", "100", "1000"} <= set(words_of(svg))
    show.chart(ax, alt="Plain")


def test_names_that_begin_with_an_underscore_stay_in_the_key():
    found = SimpleNamespace(
        inputs=SimpleNamespace(used=["money"], terms={"money": SimpleNamespace(words="money spent")}),
        cards=pd.DataFrame({"group": [0, 1], "segment": ["_one", "two"]}),
        unweighted=np.array([[0.0], [0.0], [1.0]]),
        labels=np.array([0, 0, 1]),
    )
    svg = draw_svg(_PICTURES["profiles"](None, found, None).figure, alt="Key", colours={})
    assert [word for word in words_of(svg) if word in ("_one", "two")] == ["_one", "two"]


@pytest.mark.parametrize("names", [["x" * 300], ["long " * 100], ["长" * 400], ["x" * 300] * 6])
def test_a_very_long_name_leaves_the_picture_its_room(names):
    ax = theme.new_axes(title=names[0], subtitle=names[0], xlabel=names[0], ylabel=names[0])
    ax.plot([0, 1], [0, 1])
    theme.name_rows(ax, names)
    theme.label_points(ax, [(1, 1, name, theme.ACCENT) for name in names])
    draw_svg(ax.figure, alt="Long", colours={})
    place = ax.get_position()
    assert place.width > 0.2
    assert place.height > 0.15


@given(st.text(max_size=80), st.integers(2, 30))
def test_a_shortened_name_keeps_to_its_columns_and_says_that_it_was_cut(name, columns):
    short = shorten(name, columns)
    assert count_columns(short) <= columns
    assert short == on_one_line(name) or short.endswith("…")
    assert "\n" not in short


def test_a_name_of_many_lines_ends_in_the_last_it_may_have():
    assert wrap_name("one two three four five six", 9) == "one two\nthree\nfour fiv…"
    assert wrap_name("one two three", 9) == "one two\nthree"
    assert wrap_name("abcdefghij", 4) == "abcd\nefgh\nij"


def test_a_word_too_long_for_a_line_breaks_behind_its_hyphen():
    assert wrap_name("Bargain-seeking buyers", 10) == "Bargain-\nseeking\nbuyers"
    assert wrap_name("Occasional large-basket buyers", 10) == "Occasional\nlarge-\nbasket bu…"
    assert wrap_name("frequent large-basket", 8) == "frequent\nlarge-\nbasket"
    # One that fits stays whole, a minus is no hyphen, and a word without one breaks where it must.
    assert wrap_name("new large-basket", 12) == "new\nlarge-basket"
    assert wrap_name("-12345", 4) == "-123\n45"
    # What is left out is taken from the end of the word, not put behind a gap.
    assert wrap_name("a b large-basket", 6, most_lines=2) == "a b\nlarge…"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bend_and_a_drift_carry_a_covariate_of_any_name(name):
    curve = pd.DataFrame(
        {"value": [1.0, 2.0, 3.0], "hazard_ratio": [2.0, 1.0, 1.5], "lower": [1.0, 0.5, 0.7], "upper": [4.0, 2.0, 3.0]}
    )
    drift = curve.assign(covariate=name, level=name, reference="b", tenure_days=curve["value"] * 90)
    fit = SimpleNamespace(curve=lambda covariate: curve, n_ended=3)
    drivers = SimpleNamespace(fit=fit, drift=drift, confidence=0.95, cut_days=None)
    for ax in (draw_bend(drivers, name), draw_churn_drift(drivers)):
        drawn = " ".join(words_of(draw_svg(ax.figure, alt="Churn", colours={})))
        said = on_one_line(name.replace("_", " "))
        assert "".join(said[:12].split()) in "".join(drawn.split())


def test_a_name_is_one_line_and_what_cannot_be_drawn_a_mark():
    assert on_one_line("  two\n\t words \x00\x7f\ud800 云 ") == "two words \ufffd\ufffd\ufffd 云"
