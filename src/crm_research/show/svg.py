"""A matplotlib figure as SVG that fits a page: same bytes each time, own ids, colours the page's style can change."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from crm_research.show.display import text_html
from crm_research.show.hover import hovering, write_titles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = re.compile(r'<svg[^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>', re.DOTALL)
_REFERENCE = re.compile(r'(?:url\(#|xlink:href="#|href="#)([^)"]+)')
_ID = re.compile(r' id="([^"]+)"')
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
_POINTS_TO_REM = 1 / 12
# On a phone: the smallest words of a picture, of 8 to 9 points, are 9 pixels high or more.
_READABLE = 1.15 / 16

_PNG_DPI = 100


def draw_svg(figure: Figure, *, alt: str, colours: Mapping[str, str]) -> str:
    """The figure as one ``<svg>`` element.

    Parameters
    ----------
    alt
        What one sees; becomes title and description.
    colours
        Hex colour to the name of the CSS variable that replaces it, so that a dark page can change it.
    """
    body = _saved(figure)
    key = "c" + hashlib.sha256(f"{alt}\n{body}".encode()).hexdigest()[:10]
    size = _SIZE.search(body)
    if size is None:
        raise ValueError("matplotlib wrote an SVG without a viewBox.")
    width, height = float(size.group(1)), float(size.group(2))
    content = _with_own_ids(body[size.end() : body.rindex("</svg>")], key)
    content = _COLOUR.sub(lambda match: _variable(match.group(0), colours), content)
    title = alt.strip().split(". ")[0]
    # matplotlib leaves black out, so what has no colour of its own takes the page's ink.
    ink = _variable("#000000", colours)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        f'aria-labelledby="{key}-t {key}-d" viewBox="0 0 {width:g} {height:g}" '
        f'style="max-width:{width * _POINTS_TO_REM:.1f}rem;--readable:{width * _READABLE:.1f}rem;'
        f"fill:{ink};stroke-linejoin:round;stroke-linecap:butt;"
        f"font-family:'DejaVu Sans',Verdana,'Noto Sans',system-ui,'Noto Sans CJK SC','PingFang SC','CRM Research Han',"
        f'sans-serif">'
        f'<title id="{key}-t">{text_html(title)}</title><desc id="{key}-d">{text_html(alt.strip())}</desc>'
        f"{content}</svg>"
    )


def draw_png(figure: Figure) -> str:
    """The figure as a PNG in base64: what a notebook shows where its HTML is not trusted."""
    from crm_research.theme import PAPER, chart_style, letter_as_written

    letter_as_written(figure)
    buffer = io.BytesIO()
    with chart_style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing", category=UserWarning)
        # Without the name of the program that wrote it, two runs leave the same bytes.
        figure.savefig(
            buffer, format="png", dpi=_PNG_DPI, bbox_inches="tight", facecolor=PAPER, metadata={"Software": None}
        )
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _saved(figure: Figure) -> str:
    import matplotlib as mpl

    from crm_research.theme import chart_style, letter_as_written

    letter_as_written(figure)
    buffer = io.StringIO()
    with (
        chart_style(),
        mpl.rc_context({"svg.hashsalt": "crm-research", "svg.fonttype": "none"}),
        warnings.catch_warnings(),
        hovering(figure) as marks,
    ):
        # Text stays text: the reader's browser has the glyphs that a font on this machine may lack.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing", category=UserWarning)
        figure.savefig(
            buffer,
            format="svg",
            bbox_inches="tight",
            facecolor="none",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return write_titles(_inner(buffer.getvalue()), marks)


def _inner(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    # A style inside an SVG holds for the whole page; what it says stands on the element itself instead.
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    # A hundredth of a point is finer than any screen, and halves a curve of many steps.
    svg = re.sub(r' (?:d|x|y|transform|points)="[^"]*"', lambda match: _shorter(match.group(0)), svg)
    svg = re.sub(r" ?font-family: [^;\"]*;?", "", svg)
    return re.sub(r">\s+<", "><", svg)


def _shorter(attribute: str) -> str:
    return re.sub(r"\s*\n\s*", " ", re.sub(r"(\.\d\d)\d+", r"\1", attribute))


def _with_own_ids(content: str, key: str) -> str:
    # Several charts share a page: ids that nothing points to go, the others get the chart's own key.
    needed = set(_REFERENCE.findall(content))
    content = _ID.sub(lambda match: f' id="{key}-{match.group(1)}"' if match.group(1) in needed else "", content)
    return _REFERENCE.sub(
        lambda match: match.group(0).replace(f"#{match.group(1)}", f"#{key}-{match.group(1)}"), content
    )


def _variable(colour: str, colours: Mapping[str, str]) -> str:
    name = colours.get(colour.lower())
    return f"var({name}, {colour})" if name else colour
