"""Study files with readable defaults: a test names only what it is about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from crm_research.sources.opening import open_study
from crm_research.study import Study

GOOD_ORDERS = "order_id,customer_id,ordered_at,revenue\n1,007,2024-01-05,10.5\n2,008,2024-02-05 13:30:00,20\n"


def make_desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder to work in, which is the one of this test."""
    for name in ("notebooks", "data/studies"):
        (folder / name).mkdir(parents=True)
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(folder))


def a_study_file(folder: Path, tables: dict[str, Any], **more: Any) -> Path:
    """Write a study file into the folder; `more` adds or replaces keys of its head."""
    content = {"name": "shop", "title": "Shop", "currency": "EUR", "as_of": "2024-07-01", **more, "tables": tables}
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def orders_of(folder: Path, text: str, *, encoding: str = "utf-8", **rule: Any) -> Study:
    """Open a study whose orders are this text in orders.csv; `source` extends ``from``."""
    (folder / "orders.csv").write_bytes(text.encode(encoding))
    source = {"path": "orders.csv", **rule.pop("source", {})}
    head = rule.pop("head", {})
    return open_study(a_study_file(folder, {"orders": {"from": source, **rule}}, **head))


def held(study: Study, table: str, *columns: str) -> list[tuple]:
    """Rows of a table as tuples, ordered."""
    frame = study.table(table).execute()
    frame = frame[list(columns)] if columns else frame
    return sorted(frame.itertuples(index=False, name=None), key=str)


def offered(problem: BaseException) -> dict[str, Any]:
    """What a message says should be written beside the path, as the keys and values that a user would copy."""
    found = re.search(r"rite (\S+: .*?) beside the path", str(problem))
    assert found is not None, f"no mend beside the path in: {problem}"
    return yaml.safe_load("{" + found[1] + "}")
