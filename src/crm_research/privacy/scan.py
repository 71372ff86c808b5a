"""Before anything leaves the house: does a written file hold an id, an address, a phone or a card of somebody?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from crm_research.errors import CrmError
from crm_research.privacy.known_ids import KnownIds
from crm_research.privacy.masking import find_personal
from crm_research.privacy.pseudonyms import SIGNS
from crm_research.privacy.written_texts import WrittenText, read_texts
from crm_research.results import PARTS, PARTS_RECORD, PRIVATE, read_json

_ID_WORDS: Final = {
    "customer_id": "the id of a customer",
    "contract_id": "the id of a contract",
    "order_id": "the id of an order",
    "contact_id": "the id of a contact",
    "response_id": "the id of a response",
    "person_id": "the id of a person",
}
_PSEUDONYM: Final = re.compile(rf"[{''.join(SIGNS.values())}]-[0-9abcdefghjkmnpqrstvwxyz]{{8}}(?:[0-9a-z]{{4}})?")
# What may be an id stands between blanks, quotes, commas and brackets; or is a word of signs alone.
_BETWEEN: Final = re.compile(r"[^\s\"'“”‘’„«»<>,;()\[\]{}|=，。；：、（）]+")
_WORDS: Final = re.compile(r"\w+(?:-\w+)*")
_ENDS: Final = ".:!?/\\"
# An id by itself, as long as this, is one wherever it stands: with a digit beside letters, or of so many digits.
_LEAST_SIGNS: Final = 4
_LEAST_DIGITS: Final = 8
_NUMBER: Final = re.compile(r"[-+]?\d[\d,.]*(?:e[-+]?\d+)?%?", re.IGNORECASE)
# "customer 1234" names somebody, however short the number; "one customer 7,043", "contact 163 of them" and "contract 12
# months" do not.
_NAMED: Final = re.compile(
    r"\b(?:customer|contract|order|response|household|contact(?= (?:id|number|no\.?)\b))(?: (?:id|number|no\.?))?"
    r"(?: ?# ?|:(?=\S)| )[\"'“‘]?([\w.\-/]+)(?![,.]?\d|\w|[ \u00a0]?%| of\b| (?:days|weeks|months|years|times)\b)",
    re.IGNORECASE,
)
_LONGEST: Final = 200
_ASKED_AT_ONCE: Final = 100_000


@dataclass(frozen=True, order=True)
class Finding:
    """Where something of a person stands, and what it is; never the thing itself.

    Parameters
    ----------
    file
        From the scanned folder.
    place
        Line, row and column, cell of a notebook or of a sheet, in words.
    kind
        Such as ``an e-mail address``.
    """

    file: str
    place: str
    kind: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.kind}"


def scan(folder: Path, ids: KnownIds | None = None) -> list[Finding]:
    """Every place in the files of a folder (or in one file) where something of a person stands.

    Parameters
    ----------
    folder
        Of what is to be published; ``private`` in it, which is not, is left out.
    ids
        Who knows the ids of the study: `IdsOfStudy`, or `IdsOfList`. None looks for addresses and numbers alone.

    Raises
    ------
    CrmError
        If the folder is not there, or a file in it cannot be read: what was not looked at is not clean.
    """
    if not folder.exists():
        raise CrmError(f"There is no {folder} to scan. Name a folder of reports, or make them with crm-research run.")
    found: set[Finding] = set()
    for path in _files(folder):
        name = path.relative_to(folder).as_posix() if folder.is_dir() else path.name
        try:
            found.update(_scan_file(path, name, ids))
        except CrmError:
            raise
        except Exception as problem:
            raise CrmError(
                f"{path} cannot be scanned ({type(problem).__name__}), so that nobody knows whether it holds an id. "
                "Remove it, or make it anew."
            ) from problem
    return sorted(found)


def scan_reports(out: Path, ids: Mapping[str, KnownIds]) -> list[Finding]:
    """The same of a folder of all reports, in which each study has a folder of its own.

    Parameters
    ----------
    out
        The folder, such as reports/.
    ids
        Name of a study to who knows its ids: asked of its own folder, of parts of its customers, and of what belongs to
        no study.
    """
    if not out.is_dir():
        return scan(out)
    found: set[Finding] = set()
    for place in _places(out):
        study = _study_of(place)
        asked: list[KnownIds | None] = [ids[study]] if study in ids else [*ids.values()]
        for known in asked or [None]:
            for one in scan(place, known):
                name = f"{place.relative_to(out).as_posix()}/{one.file}" if place.is_dir() else one.file
                found.add(Finding(name, one.place, one.kind))
    return sorted(found)


def _places(out: Path) -> Iterator[Path]:
    """What of a folder of reports belongs to one study, or to all; parts of customers each by themselves."""
    for place in sorted(out.iterdir()):
        if place.name.startswith(".") or place.name == PRIVATE or not (place.is_dir() or place.is_file()):
            continue
        if place.name == PARTS and place.is_dir():
            yield from sorted(place.iterdir())
        else:
            yield place


def _study_of(place: Path) -> str:
    """Whose pages lie there?"""
    said = read_json(place / PARTS_RECORD, {}) if place.is_dir() else {}
    return str(said.get("study", place.name)) if isinstance(said, dict) else place.name


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        if path.is_file() and PRIVATE not in inner[:-1] and not any(part.startswith(".") for part in inner):
            yield path


def _scan_file(path: Path, name: str, ids: KnownIds | None) -> Iterator[Finding]:
    waiting: dict[str, list[str]] = {}
    # A name tells, too: who is written about.
    for text in chain([WrittenText(path.stem, "the name of the file")], read_texts(path)):
        plain = _PSEUDONYM.sub(" ", text.text)
        for _, _, kind in find_personal(plain):
            yield Finding(name, text.place, kind)
        if ids is not None:
            for word in _candidates(plain, text.is_of_ids):
                waiting.setdefault(word, []).append(text.place)
            if len(waiting) >= _ASKED_AT_ONCE:
                yield from _ask(waiting, ids, name)
                waiting.clear()
    if ids is not None:
        yield from _ask(waiting, ids, name)


def _ask(waiting: dict[str, list[str]], ids: KnownIds, name: str) -> Iterator[Finding]:
    for word, kind in ids.among(waiting.keys()).items():
        for place in waiting[word]:
            yield Finding(name, place, _ID_WORDS.get(kind, "an id"))


def _candidates(text: str, is_of_ids: bool) -> set[str]:
    """Which words of a text may be ids?"""
    text = text.strip()
    # An apostrophe before a cell tells a spreadsheet that it is text.
    whole = text.removeprefix("'")
    found = {whole} if len(whole) <= _LONGEST and (is_of_ids or _tells(whole)) else set()
    if any(sign.isdigit() or sign == "@" for sign in text):
        found |= {
            bare
            for pattern in (_BETWEEN, _WORDS)
            for word in pattern.findall(text)
            if len(word) <= _LONGEST and ((bare := word.strip(_ENDS)) and _tells(bare))
        }
        found |= {match.strip(_ENDS) for match in _NAMED.findall(text) if any(sign.isdigit() for sign in match)}
    return found


def _tells(word: str) -> bool:
    """Is a word by itself an id rather than a number or a plain word?"""
    if len(word) < _LEAST_SIGNS or not any(sign.isdigit() or sign == "@" for sign in word):
        return False
    if word.isdecimal():
        return len(word) >= _LEAST_DIGITS
    return not _NUMBER.fullmatch(word)
