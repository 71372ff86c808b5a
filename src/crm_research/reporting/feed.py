"""An Atom feed of the shelf: an entry for each study and day, its answers in plain text, its links beside the feed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

FEED: Final = "feed.xml"
MOST_ENTRIES: Final = 60
# Ids are made of study and day, so that a feed keeps them wherever it is served from.
_SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:crm_research:reports")
_NEVER: Final = "1970-01-01T00:00:00+00:00"


def write_feed(studies: Sequence[Mapping[str, Any]]) -> str:
    """The feed of the shelf as `site.read_shelf` gives it, the latest run first; its moments are those of the runs."""
    made = [study for study in studies if study["updated"]]
    newest = sorted(made, key=lambda study: (study["updated"], study["name"], study["as_of"]), reverse=True)
    entries = "".join(_entry(study) for study in newest[:MOST_ENTRIES])
    updated = newest[0]["updated"] if newest else _NEVER
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>Customer reports</title>\n<id>{_id('feed')}</id>\n<updated>{escape(updated)}</updated>\n"
        "<subtitle>Links are relative to the place of this feed.</subtitle>\n"
        "<author><name>crm_research</name></author>\n"
        f'<link rel="self" href={quoteattr(FEED)}/>\n<link rel="alternate" href="index.html"/>\n{entries}</feed>\n'
    )


def _entry(study: Mapping[str, Any]) -> str:
    title = f"{study['title']}, as of {study['as_of']}"
    # The summary's lines stand first, and are not told again as the answer of its page.
    answers = [page for page in study["pages"] if page["answer"] and not page["is_summary"]]
    told = [*study["summary"], *(f"{page['title']}: {page['answer']}" for page in answers)]
    failed = [f"{page['title']}: {page['failed']}" for page in study["pages"] if page["failed"]]
    return (
        f"<entry>\n<title>{_text(title)}</title>\n<id>{_id(study['name'], study['as_of'])}</id>\n"
        f'<updated>{escape(study["updated"])}</updated>\n<link rel="alternate" href={quoteattr(study["href"])}/>\n'
        f'<content type="text">{_text(chr(10).join([*told, *failed]))}</content>\n</entry>\n'
    )


def _id(*names: str) -> str:
    return uuid.uuid5(_SPACE, "/".join(names)).urn


def _text(text: str) -> str:
    """The text without signs that no XML may hold."""
    return escape("".join(sign for sign in text if sign >= " " or sign in "\n\t"))
