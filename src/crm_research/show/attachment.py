"""A file handed out with the page: to be taken from the page itself, and found by a run beside it."""

from __future__ import annotations

import base64
import re
from typing import Final

from crm_research.show.display import Output, text_html

FILE_MIME: Final = "application/vnd.crm-research.file+json"
_KINDS: Final = {
    "json": "application/json", "csv": "text/csv;charset=utf-8", "txt": "text/plain;charset=utf-8"
}  # fmt: skip
# Signs of a link that holds a file itself: a page that is sent alone has its short lists with it.
MOST_CARRIED: Final = 60_000
FILE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*\.(json|csv|txt)")


def render_attachment(name: str, text: str, words: str, *, label: str = "File") -> Output:
    """Which file goes with this page, and what is it for?

    The file is held in the page, as a link that saves it, and in the notebook's output, from where a run takes it.

    Parameters
    ----------
    name
        Such as ``segmentation.json``: a-z, 0-9 and hyphens, ending in json, csv or txt.
    text
        What it holds.
    words
        What it is for, in a sentence or two.
    label
        What the link does.

    Raises
    ------
    ValueError
        If the name is another, or there are no words.
    """
    _require_name(name, words)
    kind = _KINDS[name.rpartition(".")[2]]
    held = base64.b64encode(text.encode("utf-8")).decode("ascii")
    return _linked(name, f"data:{kind};base64,{held}", words, label, {"name": name, "text": text})


def render_beside(name: str, words: str, *, label: str = "File") -> Output:
    """The same of a file that lies where the run wants it (`settings.folder_of_files`): the page names it."""
    _require_name(name, words)
    return _linked(name, name, words, label, {"name": name})


def _require_name(name: str, words: str) -> None:
    if not FILE_NAME.fullmatch(name):
        raise ValueError(f"A file's name is a-z, 0-9 and hyphens, ending in .json, .csv or .txt; found {name!r}.")
    if not words.strip():
        raise ValueError("A file needs words that say what it is for.")


def _linked(name: str, target: str, words: str, label: str, held: dict[str, str]) -> Output:
    link = f'<a download="{text_html(name)}" href="{target}">{text_html(name)}</a>'
    html = f'<p class="crm crm-note"><strong>{text_html(label)}</strong> {link}. {text_html(words.strip())}</p>'
    return Output(html=html, plain=f"{label} {name}: {words.strip()}", types={FILE_MIME: held})
