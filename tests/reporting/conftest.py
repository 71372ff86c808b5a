"""A project of its own for runs: one study read from a CSV, and reports whose notebooks do as their names say."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from crm_research.catalogue import Report, ReportParameters
from crm_research.errors import UnknownReport

NOTEBOOKS = Path(__file__).parent / "notebooks"
STUDY = """\
name: handmade
title: Handmade customers
currency: EUR
as_of: 2024-07-01
caveats: [The records are invented.]
tables:
  orders:
    from: orders.csv
"""
ORDERS = """\
order_id,customer_id,ordered_at,revenue
o1,a,2024-01-01,10.5
o2,a,2024-02-01,3
o3,b,2024-03-01,7
"""


class Wished(ReportParameters):
    study: str = "handmade"
    since: str = "2020"
    n_times: int = 1


def a_report(name: str, needs: str = "orders") -> Report:
    return Report(
        id=name,
        title=f"The {name} report",
        question=f"What does {name} do?",
        notebook=f"{name}.ipynb",
        parameters=Wished,
        needs_any_of=((needs,),),
        figure_ids=("test.repeat_rate",),
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder; its catalogue holds one report for each notebook, and one that needs contracts."""
    home = tmp_path / "home"
    (home / "data" / "studies").mkdir(parents=True)
    (home / "data" / "studies" / "handmade.yaml").write_text(STUDY, encoding="utf-8")
    (home / "data" / "studies" / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (home / "notebooks").symlink_to(NOTEBOOKS)
    entries = {path.stem: a_report(path.stem) for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    entries["contractual"] = a_report("contractual", needs="contracts")
    catalogue = MappingProxyType(entries)

    def find(report_id: str) -> Report:
        if report_id not in catalogue:
            raise UnknownReport(report_id, catalogue)
        return catalogue[report_id]

    monkeypatch.setattr("crm_research.reporting.run.reports", lambda: catalogue)
    monkeypatch.setattr("crm_research.reporting.run.find_report", find)
    monkeypatch.setattr("crm_research.reporting.site.reports", lambda: catalogue)
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(home))
    return home
