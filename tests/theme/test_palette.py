from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_research.theme import CSS_VARIABLES, QUALITATIVE, colour_of, colours_of


def _linear(channel):
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _luminance(colour):
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one, other):
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", QUALITATIVE)
def test_every_group_colour_stands_out_on_light_and_on_dark_paper(colour):
    assert _contrast(colour, "#ffffff") >= 3  # WCAG 2.1, 1.4.11, for graphics
    assert _contrast(colour, "#14181c") >= 2.8


def test_no_two_group_colours_are_alike():
    assert all(one != other for one, other in combinations(QUALITATIVE, 2))


@given(st.text(min_size=1))
def test_a_group_has_the_same_colour_everywhere(name):
    assert colour_of(name) == colour_of(name)
    assert colour_of(name) in QUALITATIVE


def test_a_group_keeps_the_colour_of_its_place():
    assert colours_of(["a", "b"])["b"] == colour_of("b", ["a", "b"]) == QUALITATIVE[1]
    assert colour_of(9) == QUALITATIVE[9 % len(QUALITATIVE)]


def test_what_the_page_changes_in_dark_style_is_no_group_colour():
    assert not set(CSS_VARIABLES) & set(QUALITATIVE)
