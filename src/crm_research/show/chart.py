"""Charts: the picture inline, what one sees in words, and the numbers behind it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from crm_research.settings import keeps_pictures
from crm_research.show.display import CHART_MIME, PNG_MIME, Output, text_html
from crm_research.show.svg import draw_png, draw_svg
from crm_research.show.table import render_table
from crm_research.theme.crowding import part_names
from crm_research.theme.headings import is_blank, take_headings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from crm_research.theme.headings import Headings

# matplotlib's own ink, for what is drawn without the theme.
_PLAIN_COLOURS: Final = {"#000000": "--ink"}


def chart(
    axes_or_figure: Axes | Figure | Any,
    *,
    alt: str,
    data: pd.DataFrame | None = None,
    caption: str | None = None,
) -> None:
    """What does this look like, and what does one see?

    The figure is drawn as SVG inside the page and closed, so that the kernel does not draw it a second time.

    Parameters
    ----------
    axes_or_figure
        A matplotlib figure, or any of its axes (an array of axes will do).
    alt
        What one sees, for those who do not see it: the finding first, then the shape.
    data
        The numbers behind the picture, folded away below it.
    caption
        A line below the picture.

    Raises
    ------
    ValueError
        If `alt` is empty.
    """
    render_chart(axes_or_figure, alt=alt, data=data, caption=caption).show()


def render_chart(
    axes_or_figure: Axes | Figure | Any,
    *,
    alt: str,
    data: pd.DataFrame | None = None,
    caption: str | None = None,
    narrow: Axes | Figure | Any | None = None,
    counts: Sequence[str] = (),
) -> Output:
    """The picture, its caption and its numbers, as `chart` displays them; `narrow` is the same drawn for a phone."""
    if not alt.strip():
        raise ValueError("A chart needs alt: one or two sentences that say what one sees.")
    figure = _figure_of(axes_or_figure)
    # An image stands by itself, so it keeps its title; on a page the words above a picture are the page's own.
    image = {PNG_MIME: draw_png(figure)} if keeps_pictures() else {}
    headings = take_headings(figure)
    is_drawn = not (headings and is_blank(figure))
    drawn = draw_svg(figure, alt=alt, colours=theme_colours()) if is_drawn else ""
    _close(figure)
    twin = _draw_narrow(_figure_of(narrow), alt) if drawn and narrow is not None else ""
    below = f"<figcaption>{text_html(caption)}</figcaption>" if caption and is_drawn else ""
    numbers = _numbers(data, caption or alt, counts) if data is not None and is_drawn else ""
    box = f'<div class="scroll" tabindex="0">{drawn}</div>{twin}' if drawn else ""
    html = f'<figure class="crm crm-chart"{_anchor(headings)}>{_above(headings)}{box}{below}{numbers}</figure>'
    types = {CHART_MIME: {"alt": alt.strip(), "caption": caption}, **image}
    return Output(html=html, plain=f"[picture: {alt.strip()}]", types=types)


def _draw_narrow(figure: Figure, alt: str) -> str:
    take_headings(figure)
    part_names(figure)
    drawn = draw_svg(figure, alt=alt, colours=theme_colours())
    _close(figure)
    return f'<div class="narrow">{drawn}</div>'


def theme_colours() -> Mapping[str, str]:
    """Hex colours that a dark page changes, each with the CSS variable that stands for it."""
    from crm_research.theme import ACCENT, CSS_VARIABLES

    named = {ACCENT: "--chart-accent", **CSS_VARIABLES}
    return {**_PLAIN_COLOURS, **{colour.lower(): name for colour, name in named.items()}}


def _above(headings: Headings | None) -> str:
    if headings is None:
        return ""
    under = f'<p class="sub">{text_html(headings.subtitle)}</p>' if headings.subtitle else ""
    return f'<div class="crm-headings"><p class="title">{text_html(headings.title)}</p>{under}</div>'


def _anchor(headings: Headings | None) -> str:
    words = re.sub(r"[\W_]+", "-", headings.title.lower()).strip("-") if headings else ""
    return f' id="picture-{words}"' if words else ""


def _close(figure: Figure) -> None:
    # Only pyplot keeps figures, and would draw them again at the end of the cell.
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)


def _figure_of(shown: Any) -> Figure:
    from matplotlib.figure import Figure

    if isinstance(shown, Figure):
        return shown
    if hasattr(shown, "flat"):
        shown = next(iter(shown.flat))
    figure = getattr(shown, "figure", None)
    if not isinstance(figure, Figure):
        raise TypeError(f"show.chart takes a matplotlib figure or axes, not {type(shown).__name__}.")
    return figure


def _numbers(data: pd.DataFrame, what: str, counts: Sequence[str] = ()) -> str:
    html, _ = render_table(data, f"Numbers: {what}", max_rows=200, counts=counts)
    return f"<details><summary>The numbers behind this picture</summary>{html}</details>"
