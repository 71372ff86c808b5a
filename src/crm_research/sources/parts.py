"""What opening gives, whatever the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.contracts.findings import Verdict
    from crm_research.study import InputFingerprint


@dataclass(frozen=True, eq=False, kw_only=True)
class OpenedTables:
    """Canonical tables of a study with their declared attributes, what they were read from, and what checks found.

    Parameters
    ----------
    called
        Name, title and caveats of a part of the study that the tables hold, where they hold a part.
    """

    tables: Mapping[str, ir.Table]
    attributes: Mapping[str, Mapping[str, str]]
    inputs: tuple[InputFingerprint, ...]
    truth: Path | None = None
    verdict: Verdict | None = None
    called: tuple[str, str, tuple[str, ...]] | None = None
