"""Drafting a study file from a company's files: every guess with its reason, for the user to correct."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from crm_research.addresses import STORES
from crm_research.contracts import contract_of
from crm_research.errors import StudyError
from crm_research.sources.drafts.guess import guess_tables
from crm_research.sources.drafts.guessed import Guess, TableGuess
from crm_research.sources.drafts.look import ColumnLook, FileLook, group_files, look_at_all
from crm_research.sources.drafts.questionnaire import NO_DATE
from crm_research.sources.drafts.sql_names import name_in_sql
from crm_research.sources.drafts.unfit import unread_times, why_unfit
from crm_research.sources.drafts.words import currency_of_words
from crm_research.sources.readers.files import find_files
from crm_research.sources.session import open_session
from crm_research.vocabulary import say_count, word_for

_PLANNED_AFTER: Final = timedelta(days=366)
# Kana before the signs that Japanese shares with Chinese.
_CURRENCY_OF_WRITING: Final = (
    (re.compile(r"[\u3041-\u30ff]"), "JPY"),
    (re.compile(r"[\uac00-\ud7a3]{2}"), "KRW"),
    (re.compile(r"[\u4e00-\u9fff]{2}"), "CNY"),
    (re.compile(r"[А-Яа-я]{3}"), "RUB"),
)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A drafted study file.

    Parameters
    ----------
    text
        The file's content.
    guesses
        Canonical table to the file it is drafted from, and how many of its lines are unsure.
    unused
        Files that feed no table of the draft, each with the reason.
    """

    text: str
    guesses: tuple[tuple[str, str, int], ...]
    unused: tuple[tuple[str, str], ...]


def draft_study(name: str, files: Sequence[str | Path], *, beside: Path, reference: str = "") -> Draft:
    """What could the study file for these files be?

    Parameters
    ----------
    name
        The study's name.
    files
        CSV, Parquet or Excel files.
    beside
        Folder the study file will lie in; its paths are relative to it.
    reference
        What the user will call the study on the command line; its name if empty.

    Raises
    ------
    StudyError
        If a file is missing or cannot be read, or no file looks like a canonical table.
    """
    _refuse_stored(files)
    paths = find_files([str(Path(file).expanduser().resolve()) for file in files], Path.cwd(), where="--from")
    folders = _folders(files)
    session = open_session()
    looks = [look for group in group_files(session, paths) for look in look_at_all(session, group)]
    tables = _one_each([guess for look in looks for guess in guess_tables(session, look)])
    if not tables:
        raise StudyError(_nothing_fits(looks))
    return Draft(
        text="\n".join(_lines(name, tables, looks, _Places(beside, folders), reference or name)) + "\n",
        guesses=tuple((g.table, g.look.described, _n_unsure(g)) for g in tables),
        unused=tuple((look.described, why_unfit(look)) for look in _unused(tables, looks)),
    )


def _refuse_stored(files: Sequence[str | Path]) -> None:
    # As a path of this system an address has lost one of its two slashes.
    stored = [str(file) for file in files if re.match(rf"({'|'.join(STORES)}):/", str(file))]
    if stored:
        raise StudyError(
            f"--from: {stored[0]}: a draft looks at files here. Copy one file of each table here and draft from it; "
            "then write under path where all of them lie in the store."
        )


@dataclass(frozen=True)
class _Places:
    """How the draft writes paths: relative to its folder; a folder stays one, so that later files are read too."""

    beside: Path
    folders: Mapping[tuple[Path, ...], Path]

    def written(self, paths: tuple[Path, ...]) -> str | list[str]:
        if paths in self.folders:
            return f"{_relative(self.folders[paths], self.beside)}/"
        written = [_relative(path, self.beside) for path in paths]
        return written[0] if len(written) == 1 else written


def _folders(files: Sequence[str | Path]) -> dict[tuple[Path, ...], Path]:
    full = [Path(file).expanduser().resolve() for file in files]
    return {tuple(find_files([str(path)], path, where="--from")): path for path in full if path.is_dir()}


def _unused(tables: Sequence[TableGuess], looks: Sequence[FileLook]) -> list[FileLook]:
    used = {(guess.look.paths, guess.look.options.get("sheet")) for guess in tables}
    return [look for look in looks if (look.paths, look.options.get("sheet")) not in used]


def _one_each(guesses: Sequence[TableGuess]) -> list[TableGuess]:
    """The likeliest file for each table, in the order of the canonical tables' dependence."""
    best: dict[str, TableGuess] = {}
    for guess in guesses:
        if guess.table not in best or guess.score > best[guess.table].score:
            best[guess.table] = guess
    orders, invoices = best.get("orders"), best.get("invoices")
    if orders and invoices and "contracts" in best and orders.look is invoices.look:
        del best["orders"]  # bills of contracts are no purchases
    return list(best.values())


def _nothing_fits(looks: Sequence[FileLook]) -> str:
    said = "; ".join(
        f"{look.described} {why_unfit(look, is_alone=True)}"
        + (f": it has {', '.join(look.columns)}" if look.n_rows else "")
        for look in looks
    )
    return (
        "No file looks like a table of customers, orders, contracts, contacts, surveys, invoices or products "
        f"({said}). "
        "Write the study file by hand; crm-research manual studies shows how."
    )


def _all_lines(guess: TableGuess) -> list[Guess]:
    return [*guess.columns, *guess.items, *guess.keys, *guess.attributes]


def _n_unsure(guess: TableGuess) -> int:
    noted = sum(note.startswith("CHECK") for note in guess.look.notes.values()) + bool(guess.look.n_copies)
    noted += len(list(unread_times(guess.look)))
    return noted + sum(_is_unsure(guess, line) for line in _all_lines(guess))


def _lines(
    name: str, tables: Sequence[TableGuess], looks: Sequence[FileLook], places: _Places, reference: str
) -> Iterator[str]:
    yield "# Drafted by looking at the files. Correct what is wrong; lines marked CHECK were guessed on little."
    yield f"# Then: crm-research check {reference}"
    yield f"name: {name}"
    yield f"title: {name.replace('-', ' ').capitalize()}"
    yield "provenance: ''  # where the data come from, and under which licence"
    yield _currency_line(looks)
    yield from _as_of_lines(tables, looks)
    yield "# holdout_until: ...   # move as_of back and set this, and reports judge what they predict"
    yield "# timezone: UTC        # zone of your records; times that carry another zone are converted to it"
    yield from _caveat_lines(tables)
    yield "tables:"
    for guess in tables:
        yield from _table_lines(guess, places)
    for look in _unused(tables, looks):
        yield f"  # {look.described}: {why_unfit(look)}; see crm-research manual studies"


def _caveat_lines(tables: Sequence[TableGuess]) -> Iterator[str]:
    """What the draft leaves out or makes up is told on every page, not only in the file."""
    caveats = [line.caveat for guess in tables for line in _all_lines(guess) if line.caveat]
    cut = [(guess, line, said) for guess in tables for line in guess.columns if (said := _cut_short(guess, line))]
    caveats += [f"{line.key} of {guess.table} is not to be trusted: {said}." for guess, line, said in cut]
    if not caveats:
        yield "caveats: []  # what is doubtful about the data; printed on every page"
        return
    yield "caveats:  # what is doubtful about the data; printed on every page"
    for caveat in dict.fromkeys(caveats):
        yield f"  - {_scalar(caveat)}"


def _currency_line(looks: Sequence[FileLook]) -> str:
    coded = next((look.currencies for look in looks if look.currencies), ())
    if coded:
        return _currency_of_codes(coded)
    signed = next((look.currency for look in looks if look.currency), None)
    if signed:
        return f"currency: {signed}  # its sign stands beside the numbers"
    named = currency_of_words([name for look in looks for name in look.columns])
    if named:
        return f"currency: {named}  # a header names it"
    said = " ".join(name for look in looks for name in look.columns)
    for written, code in _CURRENCY_OF_WRITING:
        if written.search(said):
            return f"currency: {code}  # CHECK: nothing in the files says which; taken from the language of the names"
    return "currency: EUR  # CHECK: nothing in the files says which"


def _currency_of_codes(codes: Sequence[str]) -> str:
    """The commonest currency that a column names; the others need rates, which no file can tell."""
    line = f"currency: {codes[0]}  # the commonest that the file names"
    if len(codes) == 1:
        return line
    rates = ", ".join(f"{code}: RATE" for code in codes[1:])
    return f"{line}\n# exchange_rates: {{{rates}}}  # CHECK: write how many {codes[0]} one of each is worth"


def _as_of_lines(tables: Sequence[TableGuess], looks: Sequence[FileLook]) -> Iterator[str]:
    lasts = [(look.high, guess.look.described) for guess, look in _times(tables, later=False)]
    unmapped = [(column.high, look.described) for look in looks for column in look.columns.values() if column.is_time]
    until = max((guess.known_until for guess in tables if guess.known_until is not None), default=None)
    if until is not None and all(high <= until for high, _ in lasts):
        yield f"as_of: {until:%Y-%m-%d}  # the end of the last month that a column names"
        return
    if not lasts and unmapped:
        last, file = max(unmapped)
        after = last + timedelta(days=1)
        yield f"as_of: {after:%Y-%m-%d}  # CHECK: the day after the last time in {file}, which no table uses yet"
        return
    if not lasts:
        yield f"as_of: {NO_DATE:%Y-%m-%d}  # CHECK: the files hold no dates; write the day they were extracted"
        return
    last, file = max(lasts)
    # Ends and payments came about too, unless they lie so far ahead that they are only planned.
    ends = [look.high for _, look in _times(tables, later=True) if look.high <= last + _PLANNED_AFTER]
    newest = max([last, *ends])
    midnight = newest.replace(hour=0, minute=0, second=0, microsecond=0)
    as_of = midnight if newest == midnight else midnight + timedelta(days=1)
    said = f"the last record of {file} is of {newest:%Y-%m-%d %H:%M}"
    far = max((look.high for _, look in _times(tables, later=True)), default=newest)
    if far > newest:
        said = f"CHECK: {said}; ends up to {far:%Y-%m-%d} are taken as planned. If they came, write a later day"
    yield f"as_of: {as_of:%Y-%m-%d}  # {said}"


def _times(tables: Sequence[TableGuess], *, later: bool) -> Iterator[tuple[TableGuess, ColumnLook]]:
    for guess in tables:
        contract = contract_of(guess.table)
        names = [column.name for column in contract.columns if column.happens_later] if later else [contract.known_at]
        for name in names:
            look = guess.column_of(name) if name else None
            if look is not None and isinstance(look.high, datetime):
                yield guess, replace(look, high=guess.latest.get(str(name), look.high))


def _table_lines(guess: TableGuess, places: _Places) -> Iterator[str]:
    yield ""
    yield f"  {guess.table}:  # {say_count(guess.look.n_rows, 'row')} of {guess.look.described}"
    path = places.written(guess.look.paths)
    if guess.look.n_copies:
        n = guess.look.n_copies
        said = word_for(n, "copies another in every column. Was it", "copy another in every column. Were they")
        yield f"    # CHECK: {say_count(n, 'row')} {said} loaded twice?"
        yield "    # Then write distinct: true beside the path, and each is read once"
    yield from _source_lines(guess, path)
    yield "    columns:"
    for line in guess.columns:
        yield f"      {line.key}: {_value(guess, line)}{_comment(_reason(guess, line), unsure=_is_unsure(guess, line))}"
    if guess.items:
        yield "    items:  # name them after what they ask: satisfaction, price, quality_1, quality_2, loyalty, nps"
    for line in guess.items:
        yield f"      {_scalar(line.key)}: {_scalar(line.value)}{_comment(line.why, unsure=line.is_unsure)}"
    for line in guess.keys:
        yield f"    {line.key}: {_scalar(line.value)}{_comment(line.why, unsure=line.is_unsure)}"
    if guess.attributes:
        yield "    attributes:  # may explain what customers do; leave out what only came about later"
        for line in guess.attributes:
            yield f"      {_scalar(line.key)}: {line.value}{_comment(line.why, unsure=line.is_unsure)}"
    if guess.left_out:
        names = ", ".join(dict.fromkeys(guess.left_out))
        yield f"    # CHECK: no attributes, since they seem to tell what only came about later: {names}"
    for said in unread_times(guess.look):
        yield f"    # CHECK: {said}"


def _source_lines(guess: TableGuess, path: str | list[str]) -> Iterator[str]:
    key, indent = "from", " " * 4
    if guess.sql:
        yield "    from:"
        yield f"      sql: {_scalar(guess.sql)}"
        yield "      inputs:"
        key, indent = "records", " " * 8
    if not guess.look.options:
        yield f"{indent}{key}: {_scalar(path)}"
        return
    yield f"{indent}{key}:"
    yield f"{indent}  path: {_scalar(path)}"
    for option, value in guess.look.options.items():
        yield f"{indent}  {option}: {_scalar(value)}{_comment(guess.look.notes.get(option, ''))}"


def _formats(guess: TableGuess, line: Guess) -> tuple[str, ...]:
    look = guess.look.columns.get(line.value) if isinstance(line.value, str) else None
    is_time = any(column.name == line.key and column.type == "timestamp" for column in contract_of(guess.table).columns)
    return look.formats if look is not None and is_time else ()


def _value(guess: TableGuess, line: Guess) -> str:
    formats = _formats(guess, line)
    if formats:
        return _scalar({"column": line.value, **guess.look.columns[str(line.value)].format_key})
    return _scalar(line.value)


def _is_unsure(guess: TableGuess, line: Guess) -> bool:
    return line.is_unsure or len(_formats(guess, line)) > 1 or bool(_zones(guess, line) or _cut_short(guess, line))


def _reason(guess: TableGuess, line: Guess) -> str:
    formats = _formats(guess, line)
    why = f"{line.why}; also fits {' and '.join(formats[1:3])}" if len(formats) > 1 else line.why
    cut = _cut_short(guess, line)
    why += f"; {cut}. Do not use it as it is: export it again with this column as text" if cut else ""
    zones = " and ".join(_zones(guess, line))
    return f"{why}; the clock of {zones} is kept as it stands: set timezone above to that place" if zones else why


def _cut_short(guess: TableGuess, line: Guess) -> str:
    """What is lost of the numbers that a line takes as a key; empty where they are whole, or are no key."""
    value = line.value.get("column", line.value.get("expr")) if isinstance(line.value, dict) else line.value
    if not line.key.endswith("_id") or value is None:
        return ""
    look = guess.look.columns.get(str(value)) or next(
        (one for name, one in guess.look.columns.items() if one.cut_short and name_in_sql(name) in str(value)), None
    )
    if look is None or not look.cut_short:
        return ""
    return (
        f"a spreadsheet cut its numbers short, as in {look.cut_short}, and several different ones may have become one"
    )


def _zones(guess: TableGuess, line: Guess) -> list[str]:
    """Names of zones behind the times of a line, other than that of the study."""
    look = guess.look.columns.get(line.value) if isinstance(line.value, str) else None
    zones = look.zones if look is not None and _formats(guess, line) else ()
    return [zone.strip(" ()") for zone in zones if zone.strip(" ()") not in {"UTC", "GMT"}]


def _comment(text: str, *, unsure: bool = False) -> str:
    said = " ".join(text.split())
    return f"  # {'CHECK: ' if unsure else ''}{said}" if said else ""


def _scalar(value: Any) -> str:
    """A value in YAML on one line, bare where YAML allows it."""
    return (
        yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000).removesuffix("...\n").strip()
    )


def _relative(path: Path, beside: Path) -> str:
    try:
        return Path(os.path.relpath(path, beside)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()
