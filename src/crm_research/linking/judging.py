"""A person's judgements of links: the workbook beside the study, drawn once and read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crm_research.contracts import JUDGEMENTS, LINKS
from crm_research.errors import StudyError
from crm_research.linking.goodness import Goodness, PairGroups, estimate_goodness
from crm_research.linking.review import Sample, digest_links
from crm_research.linking.workbook import DIFFERENT, SAME, UNSURE, Judged, read_workbook, write_workbook
from crm_research.scratch import replacing
from crm_research.sources.opening import find_study_file
from crm_research.sources.record_parts import file_beside
from crm_research.sources.study_file import read_study_file

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_KEPT = 1000


@dataclass(frozen=True, kw_only=True)
class Laid:
    """A workbook that lies ready to be judged.

    Parameters
    ----------
    is_kept
        It was there already, with the same pairs, and was left as it is.
    n_judged
        Judgements in it.
    kept_as
        Where the workbook of other pairs was put that stood in its place.
    """

    file: Path
    n_pairs: int
    n_judged: int
    is_kept: bool
    kept_as: Path | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Judgements:
    """What a person's judgements say of the links.

    Parameters
    ----------
    table
        Canonical table ``link_judgements``.
    is_of_these_links
        The links are those that were judged.
    """

    table: pa.Table
    goodness: Goodness
    n_pairs: int
    n_judged: int
    n_unsure: int
    is_of_these_links: bool
    file: Path


def lay_workbook(
    file: Path, study: str, sample: Sample, records: Mapping[str, Mapping[str, Any]], *, at: datetime
) -> Laid:
    """Write the workbook beside the study, for its owner's eyes alone; no judgement that is there is lost."""
    there = _read_if_any(file)
    if there is not None and there.study == study and there.sample == sample:
        return Laid(file=file, n_pairs=len(sample.pairs), n_judged=there.n_judged, is_kept=True, kept_as=None)
    words = {} if there is None or there.study != study else dict(zip(there.sample.pairs, there.words, strict=True))
    kept_as = None
    if file.exists() and (there is None or there.n_judged):
        kept_as = _free_name(file)
        file.replace(kept_as)
    with replacing(file, ending=".xlsx", is_secret=True) as half:
        write_workbook(half, study, sample, records, at=at, words=words)
    n_judged = sum(bool(words.get(pair)) for pair in sample.pairs)
    return Laid(file=file, n_pairs=len(sample.pairs), n_judged=n_judged, is_kept=False, kept_as=kept_as)


def _read_if_any(file: Path) -> Judged | None:
    """The workbook that is there; None where there is none that can be read, which is then put aside."""
    try:
        return read_workbook(file) if file.is_file() else None
    except StudyError:
        return None


def _free_name(file: Path) -> Path:
    for number in range(1, _MOST_KEPT):
        free = file.with_name(f"{file.stem}-{number}{file.suffix}")
        if not free.exists():
            return free
    raise StudyError(f"{file} and {_MOST_KEPT - 1:,} copies of it stand there. Move some of them away.")


def read_judgements(given: str | Path, file: Path, *, at: datetime) -> Judgements:
    """How good are the links of a study by a person's judgements? Keeps them beside the study.

    Raises
    ------
    StudyError
        If the workbook cannot be used, is of another study, or holds no judgement; nothing is changed.
    """
    path = find_study_file(given)
    name = read_study_file(path).name
    judged = read_workbook(file)
    if judged.study != name:
        raise StudyError(
            f"{file} was drawn of the study {judged.study!r}, and this is {name!r}. Name its own study, or draw a "
            f"sample of this one: crm-research link {name} --review."
        )
    if not any(word in (SAME, DIFFERENT) for word in judged.words):
        raise StudyError(
            f"{file}: sheet Pairs, column judgement, says {SAME} or {DIFFERENT} of no pair, so nothing can be learnt. "
            "Judge some pairs first; those in the order of the file will do."
        )
    table = count_words(judged.sample, judged.words, at=at)
    target = file_beside(path, JUDGEMENTS)
    try:
        with replacing(target, is_secret=True) as half:
            pq.write_table(table, half)
    except OSError as problem:
        raise StudyError(
            f"The judgements cannot be kept beside the study, in {target.parent}: {problem.strerror or problem}."
        ) from None
    links = file_beside(path, LINKS)
    return Judgements(
        table=table,
        goodness=estimate_goodness(groups_of(table)),
        n_pairs=len(judged.words),
        n_judged=judged.n_judged,
        n_unsure=sum(word == UNSURE for word in judged.words),
        is_of_these_links=not links.is_file() or digest_links(pq.read_table(links)) == judged.sample.links_digest,
        file=target,
    )


def count_words(sample: Sample, words: Sequence[str], *, at: datetime) -> pa.Table:
    """Judgements counted by layer: canonical table ``link_judgements``."""
    layer = np.array(sample.layer, dtype=np.int64)
    counts = {
        word: np.bincount(layer[[one == word for one in words]], minlength=len(sample.layers)).astype(float)
        for word in (SAME, DIFFERENT, UNSURE)
    }
    n = len(sample.layers)
    return pa.table(
        {
            "standing": [one.standing for one in sample.layers],
            "probable_from": [float(one.probable_from) for one in sample.layers],
            "n_pairs": [float(one.n_pairs) for one in sample.layers],
            "n_expected": [float(one.n_expected) for one in sample.layers],
            "n_drawn": [float(one.n_drawn) for one in sample.layers],
            "n_same": counts[SAME],
            "n_different": counts[DIFFERENT],
            "n_unsure": counts[UNSURE],
            "judged_at": pa.array([at] * n, pa.timestamp("us")),
            "links_digest": [sample.links_digest] * n,
        }
    )


def groups_of(table: pa.Table) -> PairGroups:
    """Groups of pairs from the table ``link_pairs``, or ``link_judgements``."""
    numbers = {
        name: np.asarray(table[name].to_numpy(), dtype=float)
        if name in table.column_names
        else np.zeros(table.num_rows)
        for name in ("n_pairs", "n_expected", "n_same", "n_different", "n_unsure")
    }
    return PairGroups(standing=table["standing"].to_pylist(), **numbers)
