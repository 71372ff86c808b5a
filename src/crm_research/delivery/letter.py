"""The mail of a study's day: what the reports answer, a few pictures, links, and the PDF where one was made."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

from crm_research.errors import CrmError
from crm_research.show.display import CHART_MIME, PNG_MIME, text_html
from crm_research.theme.house import House
from crm_research.theme.words import join_words
from crm_research.vocabulary import say_count

SUMMARY: Final = "summary"
_MOST_PICTURES: Final = 3
_MOST_ATTACHED: Final = 10_000_000
_LONGEST_SUBJECT: Final = 140
_BLANKS: Final = re.compile(r"[^\S\N{NO-BREAK SPACE}]+")
# Mail programs show no drawing (SVG), and few of them WebP: there the house's name stands alone.
_LOGO: Final = re.compile(r"data:image/(?P<kind>png|jpeg);base64,(?P<content>.+)")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of the body: PNG or JPEG, what it shows for those who do not see it, and the report that it is of."""

    content: bytes
    alt: str
    report: str = ""
    kind: Literal["png", "jpeg"] = "png"

    @property
    def name(self) -> str:
        """Its name inside the mail; the same picture has the same."""
        return sha256(self.content).hexdigest()[:20]


@dataclass(frozen=True, kw_only=True)
class Content:
    """What every recipient of a letter gets.

    Parameters
    ----------
    html, plain
        The body twice; `html` names its pictures ``cid:NAME``.
    attached
        Files that go along.
    left_out
        Files that would make the mail too heavy.
    """

    study: str
    subject: str
    html: str
    plain: str
    pictures: tuple[Picture, ...]
    attached: tuple[Path, ...]
    left_out: tuple[Path, ...] = ()


@dataclass(frozen=True)
class _Look:
    """How the letter looks: mail programs read the style of the very tag, and little else."""

    house: House

    @property
    def font(self) -> str:
        own = f"{self.house.font}, " if self.house.font else ""
        families = f"{own}Helvetica,Arial,sans-serif".replace('"', "'")
        return f"font-family:{families};color:{self.house.light['ink']};line-height:1.45"

    @property
    def logo(self) -> Picture | None:
        found = _LOGO.fullmatch(self.house.logo)
        if found is None:
            return None
        kind: Literal["png", "jpeg"] = "png" if found["kind"] == "png" else "jpeg"
        return Picture(content=base64.b64decode(found["content"]), alt=self.house.name or "Logo", kind=kind)

    @property
    def muted(self) -> str:
        return f"color:{self.house.light['muted']};font-size:13px"


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What the body says of one report, once for both of its forms: title, sentences, where it lies, its pictures."""

    title: str
    sentences: tuple[str, ...]
    link: str | None
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class _Body:
    """What the body says: of whom and which day, each report (the first at length), and at its foot."""

    title: str
    as_of: str
    reports: tuple[_Said, ...]
    notes: tuple[str, ...]


def compose(folder: Path, *, site: str | None = None, house: House | None = None) -> Content:
    """The letter of a study's day.

    Parameters
    ----------
    folder
        Of the study's day on the shelf.
    site
        Where readers open the pages, with a slash at its end.
    house
        Whose look it has; None is the usual one.

    Raises
    ------
    CrmError
        If no report was made there: nobody gets an empty mail.
    """
    from crm_research.results import FAILED, read_run

    entries = [entry for entry in read_run(folder)["reports"] if entry.get("page")]
    failed = [entry for entry in read_run(folder)["reports"] if entry["outcome"] == FAILED]
    if not entries:
        raise CrmError(
            f"No mail of {folder.parent.name} was sent: no report of {folder.name} was made, and nobody is sent an "
            "empty mail."
        )
    entries.sort(key=lambda entry: entry["report"] != SUMMARY)
    title = str(entries[0]["study"]["title"] or folder.parent.name)
    pictures = tuple(_pictures(folder, entries))
    attached, left_out = _attachments(folder, entries)
    lead = next((sentence for entry in entries for sentence in entry.get("answer") or ()), "")
    subject = _as_subject(f"{title}, {folder.name}: {lead or say_count(len(entries), 'report')}")
    link = _link(site, folder)
    made_at = max(str(entry["ended_at"]) for entry in entries)
    foot = f"Made {made_at[:16].replace('T', ' ')} UTC, of what was known on {folder.name}."
    notes = [f"Not made this time: {entry['title']}; its last page stays." for entry in failed if entry.get("page")]
    notes += [f"Attached: {join_words([path.name for path in attached])}."] if attached else []
    notes += [f"Too large to be attached: {join_words([path.name for path in left_out])}."] if left_out else []
    look = _Look(house or House())
    body = _Body(
        title=_one_line(title),
        as_of=f"As of {folder.name}",
        reports=tuple(_say(entry, link, pictures, is_first=place == 0) for place, entry in enumerate(entries)),
        notes=tuple(map(_one_line, [*notes, foot])),
    )
    return Content(
        study=folder.parent.name,
        subject=subject,
        html=_html(body, look),
        plain=_plain(body),
        pictures=pictures if look.logo is None else (look.logo, *pictures),
        attached=attached,
        left_out=left_out,
    )


def _say(entry: Mapping[str, Any], link: str | None, pictures: Sequence[Picture], *, is_first: bool) -> _Said:
    sentences = entry.get("answer") or ()
    return _Said(
        title=_one_line(str(entry["title"])),
        sentences=tuple(map(_one_line, sentences if is_first else sentences[:1])),
        link=None if link is None else f"{link}{quote(str(entry['page']))}",
        pictures=tuple(picture for picture in pictures if picture.report == entry["report"]),
    )


def _one_line(text: str) -> str:
    # A number and its unit stay together.
    return _BLANKS.sub(" ", text).strip()


def _as_subject(text: str) -> str:
    line = _one_line(text)
    return line if len(line) <= _LONGEST_SUBJECT else f"{line[: _LONGEST_SUBJECT - 4].rsplit(' ', 1)[0]} ..."


def _link(site: str | None, folder: Path) -> str | None:
    return None if site is None else f"{site.rstrip('/')}/{quote(folder.parent.name)}/{quote(folder.name)}/"


def _pictures(folder: Path, entries: Sequence[Mapping[str, Any]]) -> Iterator[Picture]:
    """Of the summary those that it shows; without one the first of each report."""
    is_of_summary = entries[0]["report"] == SUMMARY
    n_left = _MOST_PICTURES
    for entry in entries[:1] if is_of_summary else entries:
        for picture in _pictures_of(folder / f"{entry['report']}.ipynb", entry["report"]):
            if n_left:
                n_left -= 1
                yield picture
            if not is_of_summary:
                break


def _pictures_of(notebook: Path, report: str) -> Iterator[Picture]:
    try:
        held = json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for cell in held.get("cells", ()):
        for output in cell.get("outputs", ()):
            drawn = output.get("data", {}).get(PNG_MIME)
            if drawn:
                said = output.get("metadata", {}).get(PNG_MIME, {}).get("alt")
                alt = said or output["data"].get(CHART_MIME, {}).get("alt") or "A picture of the report."
                yield Picture(content=base64.b64decode("".join(drawn)), alt=str(alt), report=report)


def _attachments(folder: Path, entries: Sequence[Mapping[str, Any]]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The summary as PDF, or else each report, as long as mail carries them."""
    names = [name for entry in entries for name in entry.get("forms") or () if name.endswith(".pdf")]
    if f"{SUMMARY}.pdf" in names:
        names = [f"{SUMMARY}.pdf"]
    taken: list[Path] = []
    left_out: list[Path] = []
    size = 0
    for path in (folder / name for name in names if (folder / name).is_file()):
        size += path.stat().st_size
        (taken if size <= _MOST_ATTACHED else left_out).append(path)
    return tuple(taken), tuple(left_out)


def _html(body: _Body, look: _Look) -> str:
    sender = [text_html(look.house.name)] if look.house.name else []
    logo = [] if look.logo is None else [_logo_html(look.logo)]
    parts = [
        *logo,
        f'<p style="margin:0;{look.muted}">{" · ".join([*sender, text_html(body.as_of)])}</p>',
        f'<h1 style="margin:0 0 16px;font-size:24px;line-height:1.2">{text_html(body.title)}</h1>',
    ]
    for place, said in enumerate(body.reports):
        parts.append(_said_html(said, look, size=16 if place else 18))
        parts += [_picture_html(picture) for picture in said.pictures]
    parts.append('<hr style="border:0;border-top:1px solid #cfd5db;margin:26px 0 10px">')
    parts += [f'<p style="margin:4px 0;{look.muted}">{text_html(note)}</p>' for note in body.notes]
    shown = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light only">'
        f"<title>{text_html(body.title)}</title></head>\n"
        f'<body style="margin:0;padding:24px 16px;background:{look.house.light["paper"]};{look.font}">\n'
        f'<div style="max-width:640px;margin:0 auto">\n{shown}\n</div></body></html>\n'
    )


def _said_html(said: _Said, look: _Look, *, size: int) -> str:
    name = text_html(said.title)
    if said.link is not None:
        name = f'<a href="{text_html(said.link)}" style="color:{look.house.light["accent"]}">{name}</a>'
    told = "".join(f'<p style="margin:0 0 6px;font-size:{size - 2}px">{text_html(each)}</p>' for each in said.sentences)
    return f'<h2 style="margin:22px 0 6px;font-size:{size}px;line-height:1.25">{name}</h2>{told}'


def _logo_html(logo: Picture) -> str:
    return (
        f'<p style="margin:0 0 14px"><img src="cid:{logo.name}" alt="{text_html(logo.alt)}" height="40" '
        'style="max-width:240px;border:0"></p>'
    )


def _picture_html(picture: Picture) -> str:
    return (
        f'<p style="margin:14px 0"><img src="cid:{picture.name}" alt="{text_html(picture.alt)}" width="600" '
        'style="max-width:100%;height:auto;border:0"></p>'
    )


def _plain(body: _Body) -> str:
    lines = [body.title, body.as_of, ""]
    for said in body.reports:
        lines += [said.title, *(f"  {each}" for each in said.sentences)]
        lines += [f"  {said.link}"] if said.link is not None else []
        lines += [*(f"  [Picture: {_one_line(picture.alt)}]" for picture in said.pictures), ""]
    return "\n".join([*lines, *body.notes]) + "\n"
