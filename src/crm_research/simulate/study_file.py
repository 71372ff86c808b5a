"""The study file of a simulated world, by which every report can be run on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from crm_research.contracts import RECORD_TABLES, RECORDS, TABLES
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.system_dealings import KEYS
from crm_research.simulate.system_files import SYSTEMS_FOLDER
from crm_research.simulate.systems import SYSTEMS, System
from crm_research.simulate.tables import ATTRIBUTES
from crm_research.simulate.writing import STUDY_FILE
from crm_research.vocabulary import say_count

# The tables that a world holds; who is who in several systems is for others to find out.
DRAWN: Final = tuple(name for name in TABLES if name not in {table.name for table in RECORD_TABLES})
SYSTEMS_FILE: Final = "systems.yaml"
# What a world tells without naming a customer.
_OF_NOBODY: Final = (
    "order_lines", "products", "contract_states", "campaigns", "partners", "partner_results", "indicators",
)  # fmt: skip


def write_study_file(folder: Path, world: WorldSettings) -> None:
    """Write ``study.yaml``, whose paths are relative to itself; with dirt also ``systems.yaml``."""
    _write(folder / STUDY_FILE, describe_study(world))
    if world.dirt > 0:
        _write(folder / SYSTEMS_FILE, describe_systems(world))


def _write(path: Path, study: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True, width=100), encoding="utf-8")


def describe_study(world: WorldSettings) -> dict[str, Any]:
    """The study as a mapping: every canonical table, its files, and the attributes that may serve as covariates."""
    tables: dict[str, Any] = {}
    for name in DRAWN:
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


def describe_systems(world: WorldSettings) -> dict[str, Any]:
    """The same world as its systems know it: their records, and dealings under their numbers of the customers."""
    study = describe_study(world)
    tables = {name: rule for name, rule in study["tables"].items() if name in _OF_NOBODY}
    tables[RECORDS] = {"systems": {system.name: _describe_system(system) for system in SYSTEMS}}
    for name, key in KEYS.items():
        tables[name] = {
            "from": {
                "sql": f"select dealings.*, numbers.system, numbers.local_id from dealings "
                f"left join numbers on dealings.{key} = numbers.{key}",
                "inputs": {"dealings": f"{name}/*.parquet", "numbers": f"{SYSTEMS_FOLDER}/{name}/*.parquet"},
            },
            "columns": {"system": "system", "local_id": "local_id"},
            # Whoever stands in no system is known to the till alone.
            "accept": {"orphan": 0.1},
        }
        if name in ATTRIBUTES:
            tables[name]["attributes"] = dict(ATTRIBUTES[name])
    return study | {
        "name": f"{world.name}-systems",
        "title": "A simulated world as its systems know it",
        "tables": tables,
    }


def _describe_system(system: System) -> dict[str, Any]:
    written = dict(zip(system.region_names, SYSTEMS[0].region_names, strict=True))
    cases = " ".join(f"when '{name}' then '{plain}'" for name, plain in written.items())
    return {
        "from": {
            "path": f"{SYSTEMS_FOLDER}/customers_{system.name}.csv",
            "encoding": "utf-8" if system.encoding == "utf-8-sig" else system.encoding,
            "delimiter": system.delimiter,
            "date_format": system.date_format,
        },
        "columns": {
            "local_id": "record_id",
            "name": "name",
            "email": "email",
            "phone": "phone",
            "birth_date": "birth_year",
            "region": {"expr": f"case region {cases} end"},
            "registered_at": "registered",
            "country": {"value": "DE"},
        },
    }
