"""Where things are on this machine: the one place that reads the package's environment variables."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crm_research.errors import CrmError

HOME: Final = "CRM_RESEARCH_HOME"
PICTURES: Final = "CRM_RESEARCH_PICTURES"
FILES: Final = "CRM_RESEARCH_FILES"
TABLES: Final = "CRM_RESEARCH_TABLES"
CHROMIUM: Final = "CRM_RESEARCH_CHROMIUM"
RESULTS: Final = "CRM_RESEARCH_RESULTS"
SNAPSHOT: Final = "CRM_RESEARCH_SNAPSHOT"
LEAVE_OUT: Final = "CRM_RESEARCH_LEAVE_OUT"
SIDE_BY_SIDE: Final = "CRM_RESEARCH_SIDE_BY_SIDE"
PROFILE: Final = "CRM_RESEARCH_PROFILE"
SECONDS: Final = "CRM_RESEARCH_SECONDS"
STATE: Final = "CRM_RESEARCH_SERVER_STATE"
PSEUDONYM_KEY: Final = "CRM_PSEUDONYM_KEY"
PSEUDONYM_KEY_FILE: Final = "CRM_PSEUDONYM_KEY_FILE"
HIDES_PERSONS: Final = "CRM_RESEARCH_HIDES_PERSONS"
LONGER: Final = "CRM_RESEARCH_LONGER_PSEUDONYMS"
LEAST_GROUP: Final = "CRM_RESEARCH_LEAST_GROUP"
PRIVATE: Final = "CRM_RESEARCH_PRIVATE"
PRIVATE_PLACE: Final = "CRM_RESEARCH_PRIVATE_PLACE"
HOUSE: Final = "CRM_RESEARCH_HOUSE"
_PACKAGE: Final = Path(__file__).resolve().parent
# Where a wheel carries the notebooks, the sample studies and the manuals; in a checkout they lie in the project.
_CARRIED: Final = _PACKAGE / "desk"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Folders the desk works in.

    Parameters
    ----------
    home
        Folder of the work: holds notebooks/, data/studies/ and reports/, or will when something is written.
    carried
        Where the package's own notebooks/ and data/studies/ are; the same as `home` in a checkout.
    snapshot
        Folder of tables that a run has staged once for all its reports; None outside a run.
    """

    home: Path
    carried: Path
    snapshot: Path | None = None

    @property
    def notebooks(self) -> Path:
        """The notebooks of the work, one question each; they need not be there."""
        return self.home / "notebooks"

    @property
    def studies(self) -> Path:
        """Study files of the work that are known by name."""
        return self.home / "data" / "studies"

    @property
    def carried_notebooks(self) -> Path:
        """The package's own notebooks."""
        return self.carried / "notebooks"

    @property
    def carried_studies(self) -> Path:
        """The study files of the samples."""
        return self.carried / "data" / "studies"

    @property
    def carried_manuals(self) -> Path:
        """The manuals of study files, of schedules and of checks."""
        return self.carried / "docs"

    @property
    def reports(self) -> Path:
        """Where rendered reports go unless told otherwise."""
        return self.home / "reports"

    @property
    def house(self) -> Path | None:
        """The file of a company's own look: that which is named, else house.yaml of the work; None without one."""
        named = os.environ.get(HOUSE)
        path = Path(named) if named else self.home / "house.yaml"
        return path if named or path.is_file() else None

    @property
    def cache(self) -> Path:
        """Where samples that are drawn or converted once are kept: in the work, or with the user's other caches."""
        if self.studies.is_dir():
            return self.home / "data" / "cache"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crm_research"


def read_settings(home: Path | None = None) -> Settings:
    """Settings of a folder that is named; else of CRM_RESEARCH_HOME, else of the project around the working folder.

    Where there is none, as in an empty folder beside an installed package, the work is the working folder.

    Raises
    ------
    CrmError
        If CRM_RESEARCH_HOME names no folder, or the package carries no notebooks.
    """
    snapshot = os.environ.get(SNAPSHOT)
    return Settings(home=home or _find_home(), carried=_find_carried(), snapshot=Path(snapshot) if snapshot else None)


def runs_in_notebook() -> bool:
    """Does a notebook or an IPython shell run this? IPython is not imported for the answer."""
    held = sys.modules.get("IPython.core.interactiveshell")
    return held is not None and bool(held.InteractiveShell.initialized())


def keeps_pictures() -> bool:
    """Is the notebook that runs kept as a file, so that its pictures are wanted as images too?"""
    return bool(os.environ.get(PICTURES))


def keeps_tables() -> bool:
    """Does a workbook go with the page, so that each table hands out its numbers beside what it prints?"""
    return bool(os.environ.get(TABLES))


def named_chromium() -> str | None:
    """The browser that makes PDF, where the environment names one."""
    return os.environ.get(CHROMIUM) or None


def folder_of_files() -> Path | None:
    """Where a run wants the files that go with its page, so that long ones need not stand in the notebook."""
    told = os.environ.get(FILES)
    return Path(told) if told else None


def hides_persons() -> bool:
    """Does a run write this for others, so that nobody may be recognised in it? Not where somebody works by hand."""
    return bool(os.environ.get(HIDES_PERSONS))


def longer_pseudonyms() -> frozenset[str]:
    """Beginnings of pseudonyms that two persons of the study that is run share, so that theirs are longer."""
    return frozenset(name for name in os.environ.get(LONGER, "").split(",") if name)


def least_group() -> int:
    """How many customers a group must hold to be told of, in what a run writes; 0 tells of all, as by hand."""
    told = os.environ.get(LEAST_GROUP, "")
    return int(told) if told.isdecimal() else 0


def private_lists() -> tuple[Path, str] | None:
    """Where a run wants lists with real ids, and how a page names the place to which they go; None wants none."""
    told = os.environ.get(PRIVATE)
    return (Path(told), os.environ.get(PRIVATE_PLACE, "private")) if told else None


def pseudonym_key() -> str | None:
    """The key of pseudonyms where the environment gives it."""
    return os.environ.get(PSEUDONYM_KEY)


def pseudonym_key_file() -> Path:
    """The file that holds the key of pseudonyms: one that is named, or the user's own, which is for all studies."""
    told = os.environ.get(PSEUDONYM_KEY_FILE)
    if told:
        return Path(told).expanduser()
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "crm_research" / "pseudonym.key"


def folder_of_results() -> Path:
    """The shelf on which a run puts its reports, each study in a folder: for the report that stands on the others."""
    told = os.environ.get(RESULTS)
    return Path(told) if told else read_settings().reports


def is_profiled() -> bool:
    """Has the run asked its pages to say where their time went?"""
    return bool(os.environ.get(PROFILE))


def side_by_side() -> int:
    """How many reports of a run are at work at the same time, each with an engine of its own? 1 outside a run."""
    told = os.environ.get(SIDE_BY_SIDE, "")
    return max(1, int(told)) if told.isdecimal() else 1


def seconds_for_report() -> float | None:
    """How long may the report take that a run is making here? None outside a run."""
    try:
        return float(os.environ[SECONDS])
    except (KeyError, ValueError):
        return None


def leave_out() -> frozenset[str]:
    """Tables that a run has found at fault: its reports, none of which reads them, open their study without."""
    return frozenset(name for name in os.environ.get(LEAVE_OUT, "").split(",") if name)


def _find_home() -> Path:
    named = os.environ.get(HOME)
    if named:
        if not Path(named).is_dir():
            raise CrmError(
                f"{HOME} names {named}, which is no folder. Lay one out with crm-research init {named}, or set {HOME} "
                "to another."
            )
        return Path(named)
    here = Path.cwd()
    return next((folder for folder in [here, *here.parents, *_PACKAGE.parents] if _is_desk(folder)), here)


def _find_carried() -> Path:
    for folder in (_CARRIED, *_PACKAGE.parents):
        if _is_desk(folder):
            return folder
    raise CrmError("The package was installed without its notebooks. Install it again from its wheel.")


def _is_desk(folder: Path) -> bool:
    return (folder / "notebooks").is_dir() and (folder / "data" / "studies").is_dir()
