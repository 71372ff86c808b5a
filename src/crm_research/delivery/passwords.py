"""Passwords: from the environment, or from a file that the environment names; never from anywhere else."""

from __future__ import annotations

import os
from pathlib import Path

from crm_research.errors import CrmError


def secret_of(name: str) -> str | None:
    """What the variable holds, or the first line of the file that ``NAME_FILE`` names; None where neither is set.

    Raises
    ------
    CrmError
        If the file cannot be read.
    """
    value = os.environ.get(name)
    if value:
        return value
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return None
    try:
        lines = Path(file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        said = problem.strerror if isinstance(problem, OSError) else "it is no text"
        raise CrmError(f"{name}_FILE names {file}, which cannot be read: {said}. Nothing was sent.") from None
    if not lines or not lines[0].strip():
        raise CrmError(f"{name}_FILE names {file}, which is empty. Nothing was sent.")
    return lines[0].strip()
