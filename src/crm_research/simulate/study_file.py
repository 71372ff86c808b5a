"""The study file of a simulated world, by which every report can be run on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from crm_research.contracts import TABLES
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.tables import ATTRIBUTES
from crm_research.simulate.writing import STUDY_FILE
from crm_research.vocabulary import say_count


def write_study_file(folder: Path, world: WorldSettings) -> None:
    """Write ``study.yaml``, whose paths are relative to itself."""
    text = yaml.safe_dump(describe_study(world), sort_keys=False, allow_unicode=True, width=100)
    (folder / STUDY_FILE).write_text(text, encoding="utf-8")


def describe_study(world: WorldSettings) -> dict[str, Any]:
    """The study as a mapping: every canonical table, its files, and the attributes that may serve as covariates."""
    tables: dict[str, Any] = {}
    for name in TABLES:
        tables[name] = {"from": f"{name}/*.parquet"}
        if name in ATTRIBUTES:
            tables[name]["attributes"] = dict(ATTRIBUTES[name])
    study: dict[str, Any] = {
        "name": world.name,
        "title": "A simulated world",
        "provenance": f"Drawn by crm_research.simulate: {say_count(world.n_customers, 'customer')}, seed {world.seed}.",
        "currency": world.currency,
        "as_of": world.as_of.isoformat(),
    }
    if world.holdout_until is not None:
        study["holdout_until"] = world.holdout_until.isoformat()
    study["caveats"] = [
        "The customers are invented. What is found here proves that the code works, not how a market behaves."
    ]
    if world.existing_share > 0:
        study["caveats"].append(
            "Some customers came before the records begin: their first orders are unseen, and of their contracts only "
            "those still running then are known."
        )
    study["tables"] = tables
    return study
