"""Where things are on this machine: the one place that reads the package's environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from crm_research.errors import CrmError

_HOME = "CRM_RESEARCH_HOME"
_SNAPSHOT = "CRM_RESEARCH_SNAPSHOT"
_LEAVE_OUT = "CRM_RESEARCH_LEAVE_OUT"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Folders the desk works in.

    Parameters
    ----------
    home
        Project folder: holds notebooks/, data/studies/ and reports/.
    snapshot
        Folder of tables that a run has staged once for all its reports; None outside a run.
    """

    home: Path
    snapshot: Path | None = None

    @property
    def notebooks(self) -> Path:
        """The notebooks, one question each."""
        return self.home / "notebooks"

    @property
    def studies(self) -> Path:
        """Study files that are known by name."""
        return self.home / "data" / "studies"

    @property
    def reports(self) -> Path:
        """Where rendered reports go unless told otherwise."""
        return self.home / "reports"


def read_settings() -> Settings:
    """Settings from the environment: CRM_RESEARCH_HOME, else the project around the working folder or the package.

    Raises
    ------
    CrmError
        If no folder with notebooks/ and data/studies/ is found.
    """
    snapshot = os.environ.get(_SNAPSHOT)
    return Settings(home=_find_home(), snapshot=Path(snapshot) if snapshot else None)


def leave_out() -> frozenset[str]:
    """Tables that a run has found at fault: its reports, none of which reads them, open their study without."""
    return frozenset(name for name in os.environ.get(_LEAVE_OUT, "").split(",") if name)


def _find_home() -> Path:
    named = os.environ.get(_HOME)
    if named:
        starts = [Path(named)]
    else:
        here, package = Path.cwd(), Path(__file__).resolve().parent
        starts = [here, *here.parents, *package.parents]
    for folder in starts:
        if (folder / "notebooks").is_dir() and (folder / "data" / "studies").is_dir():
            return folder
    looked = f"{_HOME}={named}" if named else "the working folder, its parents and the package's"
    raise CrmError(
        f"No project folder with notebooks/ and data/studies/ was found in {looked}. "
        f"Work inside a checkout of the project or set {_HOME} to one."
    )
