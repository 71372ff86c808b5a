"""Lists with real ids: in a folder beside the studies' own that its owner alone may open, and that nothing publishes.

A file takes its place by one rename, as pages do. The folder is closed again at every run, whatever became of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from crm_research.reporting.tasks import Task
from crm_research.results import PRIVATE
from crm_research.scratch import replacing

_FOLDER_MODE: Final = 0o700


def private_place(study: str, as_of: str) -> str:
    """Where the lists of a study's day lie, from the folder of all reports."""
    return f"{PRIVATE}/{study}/{as_of}"


def put_privately(out: Path, task: Task, names: Iterable[str], before: Iterable[str]) -> None:
    """Put the lists of a report in their place; those of an earlier run that it no longer makes go."""
    folder = out / private_place(task.study.name, task.study.as_of)
    made = list(names)
    for name in set(before) - set(made):
        with suppress(OSError):
            (folder / name).unlink()
    if not made:
        return
    for each in (out / PRIVATE, folder.parent, folder):
        each.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        each.chmod(_FOLDER_MODE)
    for name in made:
        with replacing(folder / name, is_secret=True) as half:
            shutil.copyfile(task.private / name, half)
