"""The sample of several systems: a simulated company's records, linked, with pairs judged by its truth."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from crm_research.contracts import DOUBTS, JUDGEMENTS, LINKS, PAIR_GROUPS, RECORDS, RELATIONS
from crm_research.linking.judging import read_judgements
from crm_research.linking.study_links import link_study
from crm_research.linking.workbook import DIFFERENT, SAME, read_workbook, write_workbook
from crm_research.simulate import WorldSettings, simulate_world
from crm_research.sources.opening import open_study
from crm_research.sources.record_parts import file_beside

SETTINGS: Final = WorldSettings(n_customers=800, seed=20170101, dirt=0.1)
_LINKED_AT: Final = datetime(2025, 1, 6)
_JUDGED: Final = 200


def draw_linked_world(folder: Path) -> None:
    """Draw the company, link its records, and lay the tables of the sample into the folder, each as Parquet."""
    world = simulate_world(SETTINGS, folder / "world")
    study_file = world.path / "systems.yaml"
    found = link_study(study_file, at=_LINKED_AT, n_review=_JUDGED)
    _judge_by_truth(found.files.review, world.truth)
    read_judgements(study_file, found.files.review, at=_LINKED_AT)
    records = open_study(study_file, tables=[RECORDS]).table(RECORDS)
    pq.write_table(records.to_pyarrow(), folder / f"{RECORDS}.parquet")
    for name in (LINKS, RELATIONS, PAIR_GROUPS, DOUBTS, JUDGEMENTS):
        file = file_beside(study_file, name)
        if file.is_file():
            (folder / f"{name}.parquet").write_bytes(file.read_bytes())


def _judge_by_truth(file: Path, truth: Path) -> None:
    """Write into the workbook what a person who knows every customer would."""
    judged = read_workbook(file)
    rows = pq.read_table(truth / "system_records").to_pylist()
    # A record that is nobody's is of no customer whom another record has.
    whose = {f"{row['system']}:{row['record_id']}": row["customer_id"] or row["record_id"] for row in rows}
    words = {pair: SAME if whose[pair[0]] == whose[pair[1]] else DIFFERENT for pair in judged.sample.pairs}
    nothing: dict[str, dict[str, str]] = {name: {} for pair in judged.sample.pairs for name in pair}
    write_workbook(file, judged.study, judged.sample, nothing, at=judged.drawn_at, words=words)
