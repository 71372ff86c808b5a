"""Where a page is made each picture is drawn a second time for a phone; somebody at a notebook gets one."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from crm_research import show
from crm_research.reporting.notebook_file import with_pictures
from crm_research.settings import PICTURES
from crm_research.theme import empty_axes, is_for_phones, new_axes
from tests.reporting.pages import a_notebook

FRAME = pd.DataFrame({"plan": ["basic", "plus"], "left": [31, 17]})


def draw(ax=None):
    ax = new_axes(title="Basic leaves more", subtitle="of 48", ax=ax)
    ax.plot([1, 2, 3], [0.9, 0.8, 0.7], label="narrow" if is_for_phones() else "wide")
    return ax


def a_chart(draw=draw) -> show.Chart:
    return show.Chart(draw, alt="One falling line.", data=FRAME, caption="Read it from left to right.")


@pytest.fixture
def in_a_run(monkeypatch):
    monkeypatch.setenv(PICTURES, "png")


def boxes(html: str) -> list[tuple[str, float]]:
    """Each drawing's box and how wide it is in points."""
    found = re.findall(r'<div class="(scroll|narrow)"[^>]*><svg [^>]*viewBox="0 0 ([\d.]+) ', html)
    return [(name, float(width)) for name, width in found]


def test_a_page_gets_a_wide_and_a_narrow_drawing_under_one_heading(in_a_run):
    html = a_chart().render().html
    (wide, width), (narrow, less) = boxes(html)
    assert (wide, narrow) == ("scroll", "narrow")
    assert 440 < width < 490  # 6.6 inches of 72 points, about
    assert 280 < less < 320  # 4.2 inches, about
    assert html.count('<p class="title">Basic leaves more</p>') == 1
    assert html.count("<figcaption>Read it from left to right.</figcaption>") == 1
    assert html.count("<table") == 1


def test_no_two_things_on_a_page_have_one_id(in_a_run):
    html = a_chart().render().html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) > 3


def test_at_a_notebook_it_is_drawn_once(monkeypatch):
    monkeypatch.delenv(PICTURES, raising=False)
    assert [name for name, _ in boxes(a_chart().render().html)] == ["scroll"]


def test_where_there_is_no_picture_there_is_no_second_one(in_a_run):
    html = a_chart(lambda ax=None: empty_axes("Nobody has left", ax)).render().html
    assert boxes(html) == []
    assert "<svg" not in html


def test_a_notebook_that_is_kept_has_the_image_and_neither_drawing(in_a_run):
    kept = with_pictures(a_notebook("# A", lambda: a_chart().render().show()))
    outputs = kept.cells[1].outputs
    assert "image/png" in outputs[0].data
    assert "<svg" not in outputs[1].data["text/html"]
    assert 'class="narrow"' not in outputs[1].data["text/html"]
    assert "Read it from left to right." in outputs[1].data["text/html"]
