"""What a chart and a table hand on, and how odd cells and names are printed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research import theme
from crm_research.show.chart import render_chart
from crm_research.show.display import CHART_MIME
from crm_research.show.table import render_table


def test_of_several_axes_the_picture_is_the_figure_of_the_first():
    axes = np.array([theme.new_axes(title="First"), theme.new_axes(title="Second")])
    drawn = render_chart(axes, alt=" What one sees. ", caption="Below it").html
    assert "First" in drawn
    assert "Second" not in drawn


def test_a_chart_hands_on_its_words():
    shown = render_chart(theme.new_axes(title="A"), alt=" What one sees. ", caption="Below it")
    assert shown.types[CHART_MIME] == {"alt": "What one sees.", "caption": "Below it"}
    assert shown.plain == "[picture: What one sees.]"


def test_columns_of_several_levels_have_flat_names_and_what_is_not_finite_is_missing():
    frame = pd.DataFrame(
        [["a", 1.5, -np.inf], ["b", np.inf, 2.5], ["c", np.nan, 3.5]],
        columns=pd.MultiIndex.from_tuples([("name", ""), ("first", "half"), ("second", "half")]),
    )
    _, plain = render_table(frame, "A table")
    assert plain.splitlines() == [
        "A table",
        "name  first half  second half",
        "a            1.5            –",
        "b              –          2.5",
        "c              –          3.5",
    ]
