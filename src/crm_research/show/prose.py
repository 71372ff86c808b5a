"""The answer and the notes: sentences a reader must not miss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from crm_research.show.advice import link_to
from crm_research.show.display import ANSWER_MIME, NOTE_MIME, Output, text_html

_MOST_SENTENCES: Final = 3
_KINDS: Final = {"note": "Note", "caution": "Caution"}


def answer(*sentences: str) -> None:
    """What is the answer, in at most three lines?

    The first is the largest on the page and the line that stands in the index, so it must be true by itself.

    Raises
    ------
    ValueError
        If there is no sentence, an empty one, or more than three.
    """
    render_answer(*sentences).show()


def render_answer(*sentences: str, see: Sequence[str] = ()) -> Output:
    """The answer as `answer` displays it, each line with a link to the section that proves it, where one is named."""
    lines = [sentence.strip() for sentence in sentences]
    if not 1 <= len(lines) <= _MOST_SENTENCES or not all(lines):
        raise ValueError(f"An answer has one to {_MOST_SENTENCES} sentences, none of them empty; found {sentences!r}.")
    links = [f" {link_to(name, 'evidence', name.replace('_', ' '))}" if name else "" for name in see]
    links += [""] * (len(lines) - len(links))
    paragraphs = "".join(f"<p>{text_html(line)}{link}</p>" for line, link in zip(lines, links, strict=True))
    return Output(
        html=f'<div class="crm crm-answer">{paragraphs}</div>',
        plain="\n".join(lines),
        types={ANSWER_MIME: {"sentences": lines}},
    )


def note(text: str, *, kind: Literal["note", "caution"] = "note") -> None:
    """What should the reader know beside this: a plain note, or a caution about how far to trust it?

    Raises
    ------
    ValueError
        If the kind is neither, or the text is empty.
    """
    render_note(text, kind=kind).show()


def render_note(text: str, *, kind: Literal["note", "caution"] = "note") -> Output:
    """The note as `note` displays it."""
    if kind not in _KINDS:
        raise ValueError(f"kind must be one of {', '.join(_KINDS)}, not {kind!r}.")
    if not text.strip():
        raise ValueError("A note without text says nothing; leave it out.")
    html = f'<p class="crm crm-note {kind}"><strong>{_KINDS[kind]}.</strong> {text_html(text.strip())}</p>'
    types = {NOTE_MIME: {"kind": kind, "text": text.strip()}}
    return Output(html=html, plain=f"{_KINDS[kind]}: {text.strip()}", types=types)
