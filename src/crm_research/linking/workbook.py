"""A sample of pairs as a workbook: both records side by side, and a column for a person's judgement."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crm_research.errors import StudyError
from crm_research.linking.review import Layer, Sample
from crm_research.sources.readers.excel import sheet_cells, sheet_names
from crm_research.theme.words import join_words
from crm_research.vocabulary import say_count, word_for

if TYPE_CHECKING:
    import xlsxwriter

SAME: Final = "same"
DIFFERENT: Final = "different"
UNSURE: Final = "unsure"
WORDS: Final = (SAME, DIFFERENT, UNSURE)
_PAIRS: Final = "Pairs"
_DESIGN: Final = "Design"
_VERSION: Final = 1
_LONGEST_CELL: Final = 1000
_JSON_CELL: Final = 30_000
_MOST_TOLD: Final = 5
_HEAD: Final = ("pair", "judgement")
_HOW_TO: Final = (
    "Are the two records of one customer? Write same, different or unsure into the column judgement, and save the "
    "file; leave a line empty to come back to it. Then: crm-research link STUDY --judgements FILE. Keep every line."
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A workbook with a person's judgements.

    Parameters
    ----------
    study
        Name of the study that it was drawn of.
    words
        One of each pair: same, different, unsure, or empty.
    """

    study: str
    drawn_at: datetime
    sample: Sample
    words: tuple[str, ...]

    @property
    def n_judged(self) -> int:
        """Pairs with a judgement."""
        return sum(bool(word) for word in self.words)


def write_workbook(
    target: Path,
    study: str,
    sample: Sample,
    records: Mapping[str, Mapping[str, Any]],
    *,
    at: datetime,
    words: Mapping[tuple[str, str], str],
) -> None:
    """Write the sample for a person to judge.

    Parameters
    ----------
    records
        What each record says, by its name.
    words
        Judgements that are there already.
    """
    import xlsxwriter

    named = {name for pair in sample.pairs for name in pair}
    columns = [one for one in next(iter(records.values()), {}) if any(records[name].get(one) for name in named)]
    how = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(target), how) as book:
        sheet = book.add_worksheet(_PAIRS)
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        sheet.write_string(0, 0, _HOW_TO)
        heads = [*_HEAD, *(f"{one.replace('_', ' ')} {place}" for one in columns for place in (1, 2))]
        for place, head in enumerate(heads):
            sheet.write_string(1, place, head, bold)
        for i, pair in enumerate(sample.pairs):
            sheet.write_number(i + 2, 0, i + 1)
            sheet.write_string(i + 2, 1, words.get(pair, ""))
            for k, one in enumerate(columns):
                for side, name in enumerate(pair):
                    sheet.write_string(i + 2, 2 + 2 * k + side, _as_text(records[name].get(one)))
        sheet.set_column(0, 0, 6)
        sheet.set_column(1, 1, 12)
        sheet.set_column(2, len(heads) - 1, 20)
        sheet.freeze_panes(2, 2)
        if sample.pairs:
            cells = (2, 1, len(sample.pairs) + 1, 1)
            sheet.data_validation(*cells, {"validate": "list", "source": list(WORDS)})
        _write_design(book, study, sample, at)


def _write_design(book: xlsxwriter.Workbook, study: str, sample: Sample, at: datetime) -> None:
    """What the sample is of, for whoever reads it back; in parts, since a cell holds so much and no more."""
    design = {"version": _VERSION, "study": study, "drawn_at": at.isoformat(), "sample": asdict(sample)}
    text = json.dumps(design)
    sheet = book.add_worksheet(_DESIGN)
    for row, start in enumerate(range(0, len(text), _JSON_CELL)):
        # A letter before it: no cell is taken for a number, and none begins or ends with a blank.
        sheet.write_string(row, 0, f"x{text[start : start + _JSON_CELL]}x")
    sheet.hide()


def read_workbook(path: Path) -> Judged:
    """A workbook that was drawn here, with what a person has written into it.

    Raises
    ------
    StudyError
        If it is none, lines are missing or stand twice, or a judgement is none.
    """
    if not path.is_file():
        raise StudyError(f"There is no file {path}. Name the workbook that crm-research link --review wrote.")
    if _DESIGN not in (names := sheet_names(path)) or _PAIRS not in names:
        raise _no_review(path)
    try:
        parts = [row[0][1:-1] for row in sheet_cells(path, _DESIGN) if row and row[0]]
        design = json.loads("".join(parts))
        held = design["sample"]
        sample = Sample(
            layers=tuple(Layer(**one) for one in held["layers"]),
            pairs=tuple((str(a), str(b)) for a, b in held["pairs"]),
            layer=tuple(int(k) for k in held["layer"]),
            links_digest=held["links_digest"],
        )
        study, drawn_at = str(design["study"]), datetime.fromisoformat(design["drawn_at"])
    except (ValueError, KeyError, TypeError):
        raise _no_review(path) from None
    if design.get("version") != _VERSION:
        raise StudyError(
            f"{path} was written by another version of crm-research. Draw anew: crm-research link --review."
        )
    return Judged(study=study, drawn_at=drawn_at, sample=sample, words=_read_words(path, len(sample.pairs)))


def _no_review(path: Path) -> StudyError:
    return StudyError(
        f"{path} is no workbook of crm-research link --review: its sheets {_PAIRS} and {_DESIGN} are not as they were "
        "written. Judge in the file that was written, and save it as a workbook (.xlsx) with both sheets."
    )


def _read_words(path: Path, n: int) -> tuple[str, ...]:
    rows = [row for row in sheet_cells(path, _PAIRS) if any(row)]
    heads = next((i for i, row in enumerate(rows) if [one.strip().lower() for one in row[:2]] == [*_HEAD]), None)
    if heads is None:
        raise StudyError(
            f"{path}: sheet {_PAIRS} has no columns {join_words(_HEAD)} to begin with. Put them back as they were "
            "written; other columns may go."
        )
    found = [(row[0].strip(), row[1].strip().lower()) for row in rows[heads + 1 :]]
    numbers = Counter(number for number, _ in found)
    wanted = [str(i + 1) for i in range(n)]
    twice = [number for number in wanted if numbers[number] > 1]
    missing = [number for number in wanted if not numbers[number]]
    if twice or missing:
        gone, again = _tell(missing), _tell(twice)
        said = [f"{word_for(len(missing), 'pair', 'pairs')} {gone} missing"] if missing else []
        said += [f"{word_for(len(twice), 'pair', 'pairs')} {again} twice"] if twice else []
        raise StudyError(
            f"{path}: of the {say_count(n, 'pair')} in sheet {_PAIRS}, column pair, {join_words(said)}. Put the lines "
            "back from a copy of the file (a line without a judgement may stay empty); nothing was changed."
        )
    words = dict(found)
    odd = [(number, words[number]) for number in wanted if words[number] not in {*WORDS, ""}]
    if odd:
        told = join_words([f"{word!r} (pair {number})" for number, word in odd[:_MOST_TOLD]])
        more = f" and {len(odd) - _MOST_TOLD:,} more" if len(odd) > _MOST_TOLD else ""
        raise StudyError(
            f"{path}: sheet {_PAIRS}, column judgement, holds {told}{more}. Write {SAME}, {DIFFERENT} or {UNSURE}, or "
            "leave the cell empty; nothing was changed."
        )
    return tuple(words[number] for number in wanted)


def _tell(numbers: Sequence[str]) -> str:
    more = f" and {len(numbers) - _MOST_TOLD:,} more" if len(numbers) > _MOST_TOLD else ""
    verb = word_for(len(numbers), "is", "are")
    return f"{join_words(list(numbers[:_MOST_TOLD]))}{more} {verb}"


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:%Y-%m-%d}" if isinstance(value, datetime) else str(value)
    return text[:_LONGEST_CELL]
