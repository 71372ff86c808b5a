"""One way out: HTML for people, plain text for checks, and a private type that says what the output is."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from crm_research.privacy.masking import mask_html, mask_text, mask_value
from crm_research.settings import runs_in_notebook
from crm_research.theme.lettering import tell_names_by

ANSWER_MIME: Final = "application/vnd.crm-research.answer+json"
NOTE_MIME: Final = "application/vnd.crm-research.note+json"
TABLE_MIME: Final = "application/vnd.crm-research.table+json"
# Which section of a page an output belongs to, and whether it is for the manager or says that something is missing.
SECTION_MIME: Final = "application/vnd.crm-research.section+json"
CHART_MIME: Final = "application/vnd.crm-research.chart+json"

# A picture is drawn of letters, where nothing can be masked any more: what data hold of a person is masked before.
tell_names_by(mask_text)

# Only where an executed notebook is kept: a trusted notebook shows the HTML.
PNG_MIME: Final = "image/png"

_PERCENT: Final = re.compile(r"(?<=\d) %")

# A rendered page has its own style and leaves this out; JupyterLab has none of ours, so each output brings a little.
LAB_STYLE: Final = (
    '<style data-crm-lab="">'
    ".crm-headings .title{font-weight:700}.crm .proof{font-size:.85em}"
    ".crm-advice::before{content:'What to do';font-weight:700;margin-left:-1.5em}.crm .sr-only{display:none}"
    ".crm-answer p{margin:.2em 0;font-size:1.05em}.crm-answer p:first-child{font-size:1.5em;line-height:1.25}"
    ".crm-cards{display:flex;flex-wrap:wrap;gap:1em 2.5em}.crm-card{min-width:11em;max-width:20em}"
    ".crm-card .estimate{font-size:1.7em}.crm-card :is(.label,.interval,.basis,summary){font-size:.9em}"
    ".crm-table table{font-variant-numeric:tabular-nums}.crm-table .num{text-align:right}"
    ".crm-chart svg{max-width:100%;height:auto;background:#fff}.crm-chart>.narrow{display:none}"
    ".crm-note{border-left:3px solid;padding-left:.8em}"
    ".crm :is(p,dl,figure){margin:.3em 0}.crm dt{float:left;margin-right:.6em;opacity:.7}"
    "</style>"
)


@dataclass(frozen=True, kw_only=True)
class Output:
    """One thing ready to be seen: markup without style, the same in plain text, and further types of the bundle."""

    html: str
    plain: str
    types: Mapping[str, Any] = field(default_factory=dict)

    def show(self) -> None:
        """Display it at once."""
        emit(self.html, self.plain, **self.types)


def text_html(text: object) -> str:
    """The text, safe inside HTML; a number and its per cent sign stay on one line."""
    return escape(_PERCENT.sub("\N{NO-BREAK SPACE}%", str(text)), quote=True)


def emit(html: str, plain: str, **others: Any) -> None:
    """Display one output at once: in a kernel as a bundle, elsewhere as plain text.

    Parameters
    ----------
    html
        Markup without style.
    plain
        The same in plain text; what nbval compares.
    **others
        Further types of the bundle, such as the figures' records.
    """
    if not runs_in_notebook():
        sys.stdout.write(plain + "\n")
        return
    from IPython.display import display

    # The one way out: what data hold of a person goes no further in what a run writes.
    told = {kind: held if kind == PNG_MIME else mask_value(held) for kind, held in others.items()}
    bundle = {"text/html": LAB_STYLE + mask_html(html), "text/plain": mask_text(plain), **told}
    display(bundle, raw=True)  # type: ignore[no-untyped-call]
