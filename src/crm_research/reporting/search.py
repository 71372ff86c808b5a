"""What a reader can find from the index: the answers and figures of each study's latest day, with where they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crm_research.figures import Figure
from crm_research.show.figure_cards import anchor_of
from crm_research.show.formats import format_estimate
from crm_research.theme.plain import in_plain_words


def search_data(studies: Sequence[Mapping[str, Any]]) -> str:
    """The index of a search as JSON that can stand inside a page.

    Each entry is a list: the words that are shown, the number or nothing, the place, the study and the report, and
    further words under which it is found.
    """
    found = [entry for study in studies for entry in _entries(study)]
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    # Nothing in it may end the element or open a comment.
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _entries(study: Mapping[str, Any]) -> Iterator[list[str]]:
    place = f"{study['name']}/{study['as_of']}/"
    pages = {entry["report"]: entry for entry in study["entries"]}
    for entry in pages.values():
        where = f"{study['title']} · {entry['title']}"
        yield [entry["title"], "", place + entry["page"], where, entry["question"]]
        for sentence in entry.get("answer") or ():
            yield [in_plain_words(sentence) or sentence, "", place + entry["page"], where, sentence]
    for record in study["held"].values():
        entry = pages.get(record["report"])
        if entry is None:
            continue
        figure = Figure.from_record(record)
        name = f"{figure.label}: {figure.group}" if figure.group else figure.label
        yield [
            in_plain_words(name) or name,
            format_estimate(figure),
            f"{place}{entry['page']}#{anchor_of(figure)}",
            f"{study['title']} · {entry['title']}",
            f"{name} {figure.id}",
        ]
