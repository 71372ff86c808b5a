"""Opening a study: from its name or file to tables that can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from crm_research.contracts.checks import check_study, is_about
from crm_research.errors import CrmError, StudyError, offer_names
from crm_research.said_by_others import say_fault
from crm_research.settings import leave_out, read_settings
from crm_research.sources.definition import believable
from crm_research.sources.embedded import open_embedded
from crm_research.sources.own_files import locate_own_files
from crm_research.sources.readers.samples import extra_of, find_lacking_packages
from crm_research.sources.record_parts import parts_needed, table_of
from crm_research.sources.reopened import take_held
from crm_research.sources.resolving import UNLINKED, resolve, says_nothing_of_links
from crm_research.sources.snapshot import find_snapshot, read_snapshot
from crm_research.sources.study_file import read_study_file
from crm_research.study import Study

if TYPE_CHECKING:
    from crm_research.sources.definition import StudyDefinition
    from crm_research.sources.parts import OpenedTables


@dataclass(frozen=True, kw_only=True)
class StudyEntry:
    """A study file as the list shows it; `problem` says why it cannot be read."""

    name: str
    title: str
    path: Path
    problem: str | None = None


def open_study(
    name_or_path: str | Path,
    *,
    as_of: date | datetime | str | None = None,
    tables: Iterable[str] | None = None,
    faults: dict[str, CrmError] | None = None,
) -> Study:
    """Which records does this study hold?

    Parameters
    ----------
    name_or_path
        Name of a study in data/studies/, or the path of a study file anywhere.
    as_of
        Stand at another instant than the study's own; a date means its midnight. Expressions of the file that say
        `as_of` keep the file's own.
    tables
        Open only these tables; None opens all but those a run has found at fault (``CRM_RESEARCH_LEAVE_OUT``).
    faults
        Where given, a table that cannot be opened is left out and its error is put here under its name.

    Returns
    -------
    Study
        Its tables have the canonical names and types; nothing of theirs is in memory but what text needs. In a
        notebook, the same study while it is held and its files are unchanged, with what was computed of it.

    Raises
    ------
    StudyError, ContractViolation
        If the file, a source or a value cannot be used; the message names the file, the place and the mend.
    """
    path = find_study_file(name_or_path)
    definition = read_study_file(path)
    wanted = _wanted_tables(definition, tables, path)
    opened = _open_tables(definition, path, wanted, faults)
    study = _as_study(definition, path, opened)
    study = study if as_of is None else study.standing_at(read_instant(as_of))
    if opened.verdict is not None and is_about(opened.verdict, study):
        study.kept.hold(check_study, {"tables": None}, opened.verdict)
    return take_held(study, definition)


def list_studies(*, is_own: bool = False) -> list[StudyEntry]:
    """Which studies are known by name? A file that cannot be read is listed with what is wrong with it.

    Parameters
    ----------
    is_own
        Only those of the folder one works in; else the samples that the package carries, too.
    """
    entries = []
    for path in sorted(_known_files(is_own=is_own).values(), key=lambda path: path.stem):
        try:
            definition = read_study_file(path)
            entries.append(StudyEntry(name=path.stem, title=definition.title or definition.name, path=path))
        except CrmError as problem:
            entries.append(StudyEntry(name=path.stem, title="(cannot be read)", path=path, problem=str(problem)))
    return entries


def find_samples() -> tuple[list[str], dict[str, str]]:
    """Which sample studies can be read here, and which cannot, and why?"""
    ready: list[str] = []
    missing: dict[str, str] = {}
    for path in sorted(read_settings().carried_studies.glob("*.y*ml")):
        lacking = find_lacking_packages(path.read_text(encoding="utf-8"))
        if lacking:
            brings = f'pip install "crm-research[{extra_of(lacking[0])}]" brings it.'
            missing[path.stem] = f"Its package {lacking[0]} is not installed: {brings}"
        else:
            ready.append(path.stem)
    return ready, missing


def _known_files(*, is_own: bool = False) -> dict[str, Path]:
    """Name to study file; where the folder one works in and the package have one of a name, one's own."""
    settings = read_settings()
    folders = [settings.studies] if is_own else [settings.carried_studies, settings.studies]
    return {
        path.stem: path
        for folder in folders
        for ending in ("yml", "yaml")
        for path in sorted(folder.glob(f"*.{ending}"))
    }


def find_study_file(name_or_path: str | Path) -> Path:
    """The file of a study that is named, or given as a path."""
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.lower().endswith((".yaml", ".yml")) or "/" in text or "\\" in text:
        return _resolved(text)
    known = _known_files()
    if text in known:
        return known[text]
    raise StudyError(
        f"There is no study {text!r}. {offer_names(text, list(known))} A path ending in .yaml opens a file anywhere."
    )


def _resolved(text: str) -> Path:
    try:
        path = Path(text).expanduser().resolve()
        is_file = path.is_file()
    except (RuntimeError, OSError, ValueError) as problem:
        # Links that lead round in a circle, homes of nobody, names too long or with a zero byte.
        reason = getattr(problem, "strerror", None) or say_fault(problem)
        raise StudyError(f"The path {text[:200]!r} leads to no file: {reason}. Check the path.") from None
    if not is_file:
        what = "no file but a folder, a pipe or a device" if path.exists() else "no study file"
        raise StudyError(f"There is {what} at {path}. Check the path.")
    return path


def read_instant(value: date | datetime | str) -> datetime:
    """An instant from a date, a datetime or ISO text; a date means its midnight."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise StudyError(f"as_of {str(value)[:60]!r} is no date. Write it as 2024-06-30.") from None
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise StudyError(
                f"as_of {value.isoformat()} carries a zone. Write it in the study's own time, without one."
            )
    else:
        value = datetime(value.year, value.month, value.day)
    try:
        return believable(value)
    except ValueError as problem:
        raise StudyError(f"as_of {problem}.") from None


def _wanted_tables(definition: StudyDefinition, tables: Iterable[str] | None, path: Path) -> list[str]:
    if tables is None:
        left_out = leave_out()
        return [table for table in definition.mapped if table not in left_out]
    wanted = list(tables)
    for table in wanted:
        if table not in definition.mapped:
            raise StudyError(f"{path}: maps no table {table!r}. {offer_names(table, definition.mapped)}")
    return wanted


def _open_tables(
    definition: StudyDefinition, path: Path, wanted: list[str], faults: dict[str, CrmError] | None
) -> OpenedTables:
    needed = parts_needed(definition.tables, wanted)
    if not definition.is_embedded:
        from crm_research.sources.in_place import open_in_place

        return _resolve(open_in_place(definition, path, needed, faults), definition, wanted, faults)
    snapshots = _snapshot_folder()
    snapshot = find_snapshot(snapshots, definition.name, path) if snapshots else None
    # What stands in a snapshot is resolved already.
    opened = read_snapshot(snapshot, wanted, definition.engine, path) if snapshot else None
    return opened or _resolve(open_embedded(definition, path, needed, faults), definition, wanted, faults)


def _resolve(
    opened: OpenedTables, definition: StudyDefinition, wanted: list[str], faults: dict[str, CrmError] | None
) -> OpenedTables:
    return resolve(
        opened, wanted, [*definition.tables], faults,
        until=definition.as_of, is_golden=definition.survivorship is not None,
    )  # fmt: skip


def _snapshot_folder() -> Path | None:
    try:
        return read_settings().snapshot
    except CrmError:
        return None  # a study file needs no project around it


def _as_study(definition: StudyDefinition, path: Path, opened: OpenedTables) -> Study:
    name, title, caveats = opened.called or (
        definition.name, definition.title or definition.name, tuple(definition.caveats),
    )  # fmt: skip
    if says_nothing_of_links(opened.tables, [*definition.tables]):
        caveats = (*(caveat for caveat in caveats if caveat != UNLINKED), UNLINKED)
    return Study(
        name=name,
        title=title,
        currency=definition.currency,
        as_of=definition.as_of,
        holdout_until=definition.holdout_until,
        tables=MappingProxyType(dict(opened.tables)),
        attributes=MappingProxyType({name: MappingProxyType(dict(held)) for name, held in opened.attributes.items()}),
        continuation=definition.tables["contracts"].continuation if "contracts" in definition.tables else None,
        accepted=MappingProxyType(
            {table_of(name): MappingProxyType(rule.accept) for name, rule in definition.tables.items()}
        ),
        provenance=definition.provenance,
        caveats=caveats,
        segment_names=MappingProxyType(dict(definition.segmentation.names)),
        service_policy=MappingProxyType(dict(definition.segmentation.policy)),
        grade_weights=MappingProxyType(dict(definition.grades.weights)),
        judgements=MappingProxyType(dict(definition.grades.judgements)),
        least_group=definition.privacy.least_group,
        inputs=opened.inputs,
        path=path,
        rules=locate_own_files(definition, path).rules,
        truth=opened.truth,
        renamed=MappingProxyType(
            {table: MappingProxyType(names) for table, rule in definition.tables.items() if (names := rule.renamed)}
        ),
    )
