"""The last look before anything leaves: the one place that asks the scan of what is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def refuse_what_may_not_leave(folder: Path, studies: Sequence[str] = ()) -> None:
    """Stop where a file that would be sent holds an id, an address, a phone or a card of somebody.

    Parameters
    ----------
    studies
        Names or files of the studies whose ids are looked for.

    Raises
    ------
    CrmError
        Naming file and place, never what stands there.
    """
