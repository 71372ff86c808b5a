"""Every report once. The command line, the index, the notebooks' tests and the docs all read this list.

A report is a module of this package with a constant ``REPORT``; there is no second list to keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from crm_research.catalogue.entry import Report, ReportParameters
from crm_research.errors import UnknownReport

__all__ = ["Report", "ReportParameters", "find_report", "reports"]


@cache
def reports() -> Mapping[str, Report]:
    """All reports by id, in the order of their notebooks."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    entries = [module.REPORT for module in modules if hasattr(module, "REPORT")]
    return MappingProxyType({entry.id: entry for entry in sorted(entries, key=lambda entry: entry.notebook)})


def find_report(report_id: str) -> Report:
    """The report of that id; UnknownReport with the nearest name if there is none."""
    known = reports()
    if report_id not in known:
        raise UnknownReport(report_id, known)
    return known[report_id]
