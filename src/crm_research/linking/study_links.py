"""Linking a study: its records are standardised, linked by the model beside it, and the links written beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crm_research.contracts import DOUBTS, EVENTS, JUDGEMENTS, LINKS, PAIR_GROUPS, RECORDS, RELATIONS
from crm_research.contracts.checks import require_sound
from crm_research.errors import StudyError
from crm_research.linking.columns import UID
from crm_research.linking.goodness import group_pairs
from crm_research.linking.judging import Laid, lay_workbook
from crm_research.linking.linked import THRESHOLD, Linked, link_records
from crm_research.linking.model import LinkModel, read_model, require_fit, train
from crm_research.linking.prepared import RECORDS as COMPARED
from crm_research.linking.prepared import Prepared
from crm_research.linking.review import draw_sample
from crm_research.scratch import replacing
from crm_research.sources.opening import find_study_file, open_study
from crm_research.sources.record_parts import file_beside, system_of
from crm_research.sources.study_file import read_study_file, reads_beside
from crm_research.standards import standardise

if TYPE_CHECKING:
    from datetime import datetime

    from crm_research.sources.definition import StudyDefinition

_EVENTS: Final = pa.schema(
    [
        ("at", pa.timestamp("us")),
        ("event", pa.string()),
        ("from_id", pa.string()),
        ("to_id", pa.string()),
        ("n_records", pa.int64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class LinkFiles:
    """What linking keeps beside a study file."""

    links: Path
    relations: Path
    events: Path
    pairs: Path
    doubts: Path
    judgements: Path
    review: Path
    model: Path


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyLinks:
    """What came of linking a study.

    Parameters
    ----------
    is_trained
        The model was learnt now; else it was there.
    by_system
        Records of each system.
    had_links
        It had been linked before.
    n_lost
        Records that were linked before and are in no system any more: what bears their numbers has lost its customer.
    is_read
        The study is read with these links; not where it maps others, or lives in a server that must hold them.
    laid
        The workbook of pairs for a person to judge; None where none was asked for, or no two records can be compared.
    """

    linked: Linked
    model: LinkModel
    is_trained: bool
    files: LinkFiles
    by_system: dict[str, int]
    had_links: bool
    n_lost: int = 0
    is_read: bool = True
    laid: Laid | None = None


def files_of(path: Path) -> LinkFiles:
    """Where they lie for a study file."""
    return LinkFiles(
        links=file_beside(path, LINKS),
        relations=file_beside(path, RELATIONS),
        events=file_beside(path, EVENTS),
        pairs=file_beside(path, PAIR_GROUPS),
        doubts=file_beside(path, DOUBTS),
        judgements=file_beside(path, JUDGEMENTS),
        review=path.with_name(f"{path.stem}.review.xlsx"),
        model=path.with_name(f"{path.stem}.linkage.json"),
    )


def link_study(
    given: str | Path,
    *,
    at: datetime,
    is_trained_anew: bool = False,
    threshold: float = THRESHOLD,
    n_review: int | None = None,
    tell: Callable[[str], object] = str,
) -> StudyLinks:
    """Which records of the study's systems are of one customer? Writes the links beside the study file.

    Parameters
    ----------
    at
        When it is done, for the table of events.
    is_trained_anew
        Learn anew, though a model is there.
    n_review
        Draw so many pairs for a person to judge, and lay them beside the study.
    tell
        Called with each step.

    Raises
    ------
    StudyError, ContractViolation
        If the study has no records, they break their contract, or the model does not fit them; nothing is changed.
    """
    path = find_study_file(given)
    definition = read_study_file(path)
    if RECORDS not in definition.mapped:
        raise StudyError(
            f"{path}: maps no {RECORDS}, so there is nothing to link. Name each system's records under tables: "
            f"{RECORDS}: systems: (docs/studies.md, several systems)."
        )
    tell("reading the records")
    study = open_study(path, tables=[RECORDS])
    require_sound(study, [RECORDS])
    records = study.table(RECORDS).to_pyarrow()
    tell(f"standardising {records.num_rows:,} records")
    standard = standardise(records, country=None).records
    prepared = Prepared(standard, unique=_unique_systems(definition, standard))
    files = files_of(path)
    before, taken = _read_before(files, prepared)
    is_trained = is_trained_anew or not files.model.is_file()
    tell("learning what tells customers apart" if is_trained else "reading the model")
    model = train(prepared) if is_trained else read_model(files.model)
    if not is_trained:
        require_fit(model, prepared, files.model)
    tell("linking")
    linked = link_records(
        prepared, model, before=before, taken=taken, parents=_parents(prepared, standard), threshold=threshold
    )
    _write(files, linked, model if is_trained else None, at)
    laid = None
    if n_review is not None:
        tell("drawing pairs to be judged")
        laid = _lay(prepared, linked, records, files, definition.name, n_review, at)
    counts = standard["system"].value_counts().to_pylist()
    return StudyLinks(
        linked=linked, model=model, is_trained=is_trained, files=files, had_links=bool(before),
        n_lost=len({*before} - {*_names_of(prepared)}),
        is_read=reads_beside(definition, LINKS, files.links), laid=laid,
        by_system={str(one["values"]): one["counts"] for one in sorted(counts, key=lambda one: str(one["values"]))},
    )  # fmt: skip


def _names_of(prepared: Prepared) -> list[str]:
    names: list[str] = prepared.table(f"SELECT {UID} FROM {COMPARED} ORDER BY {UID}")[UID].to_pylist()
    return names


def _lay(
    prepared: Prepared, linked: Linked, records: pa.Table, files: LinkFiles, study: str, n: int, at: datetime
) -> Laid | None:
    """Draw the pairs, and lay them beside the study with what their records say."""
    names = _names_of(prepared)
    sample = draw_sample(prepared, linked, names, n)
    if not sample.pairs:
        return None
    wanted = {name for pair in sample.pairs for name in pair}
    own = prepared.name_records(records.select(["system", "local_id"]))
    kept = [i for i, name in enumerate(own) if name in wanted]
    rows = records.take(kept).to_pylist()
    return lay_workbook(files.review, study, sample, {own[i]: row for i, row in zip(kept, rows, strict=True)}, at=at)


def _unique_systems(definition: StudyDefinition, records: pa.Table) -> set[str]:
    """Systems in which the study file says that nobody stands twice."""
    unique: set[str] = set()
    for part, rule in definition.tables.items():
        if rule.unique:
            system = system_of(part)
            unique |= {system} if system is not None else {*records["system"].unique().to_pylist()}
    return unique


def _read_before(files: LinkFiles, prepared: Prepared) -> tuple[dict[str, str], set[str]]:
    """The number that each record bore, and all that were ever given."""
    if not files.links.is_file():
        return {}, set()
    try:
        links = pq.read_table(files.links)
        events = pq.read_table(files.events) if files.events.is_file() else _EVENTS.empty_table()
        numbers = links["customer_id"].to_pylist()
        before = dict(zip(prepared.name_records(links.select(["system", "local_id"])), numbers, strict=True))
        taken = {one for name in ("from_id", "to_id") for one in events[name].to_pylist() if one}
    except (OSError, KeyError, pa.ArrowInvalid):
        raise StudyError(
            f"{files.links} holds no links, so nobody can say which customer bore which number. Restore the file from "
            "a copy, or remove it, and every customer gets a number anew."
        ) from None
    return before, taken | {*before.values()}


def _parents(prepared: Prepared, records: pa.Table) -> pa.Table | None:
    if "parent_id" not in records.column_names:
        return None
    owned = records.filter(pc.is_valid(records["parent_id"]))
    return pa.table(
        {
            "record": pa.array(prepared.name_records(owned), pa.string()),
            "parent": pa.array(prepared.name_records(owned, "parent_id"), pa.string()),
        }
    )


def _write(files: LinkFiles, linked: Linked, model: LinkModel | None, at: datetime) -> None:
    """Events first: a number that has changed is told, whatever then happens."""
    try:
        if linked.events:
            told = pq.read_table(files.events) if files.events.is_file() else _EVENTS.empty_table()
            rows = [
                {"at": at, "event": one.kind, "from_id": one.from_id, "to_id": one.to_id, "n_records": one.n_records}
                for one in linked.events
            ]
            with replacing(files.events, is_secret=True) as half:
                pq.write_table(pa.concat_tables([told, pa.Table.from_pylist(rows, schema=_EVENTS)]), half)
        if model is not None:
            with replacing(files.model, is_secret=True) as half:
                half.write_text(model.write(), encoding="utf-8")
        for file, table in (
            (files.relations, linked.relations),
            (files.pairs, group_pairs(linked.pairs)),
            (files.doubts, linked.doubts.table),
        ):
            if table.num_rows:
                with replacing(file, is_secret=True) as half:
                    pq.write_table(table, half)
            else:
                file.unlink(missing_ok=True)
        with replacing(files.links, is_secret=True) as half:
            pq.write_table(linked.links, half)
    except OSError as problem:
        raise StudyError(
            f"The links cannot be written beside the study, to {files.links.parent}: {problem.strerror or problem}. "
            "Make room there, or copy the study file to a folder that may be written."
        ) from None
