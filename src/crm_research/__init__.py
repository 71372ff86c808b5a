"""crm_research: a research desk for customer relationships.

Notebooks open a study and ask the pillars one question each::

    from crm_research import open_study

    records = open_study("cdnow")
    records.table("orders")  # an Ibis table; nothing is read until something is computed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crm_research.figures import Figure
    from crm_research.sources.opening import open_study
    from crm_research.study import Study

__all__ = ["Figure", "Study", "__version__", "open_study"]
__version__ = "0.1.0"

_HOMES = {
    "Figure": "crm_research.figures",
    "Study": "crm_research.study",
    "open_study": "crm_research.sources.opening",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import crm_research` itself stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
