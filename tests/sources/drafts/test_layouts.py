"""Real header layouts: each is drafted in the right table, from the right columns, and opens with the right numbers.

What a draft says, its guesses, reasons and warnings, is held to the letter in ``told/`` (`tests/told.py` says how).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from crm_research.errors import CrmError, StudyError
from crm_research.sources.drafts.draft import draft_study
from crm_research.sources.opening import open_study
from tests.sources.drafts.layouts import billing, second, service, shops, surveys, third
from tests.sources.drafts.layouts.world import Layout
from tests.told import hold

TOLD = Path(__file__).parent / "told"

LAYOUTS = {
    layout.name: layout for module in (shops, billing, service, surveys, second, third) for layout in module.LAYOUTS
}


def judged(layout: Layout, folder) -> list[str]:
    """All that is wrong with the draft of a layout; empty where it is right."""
    path = folder / layout.file
    path.write_bytes(layout.text.encode(layout.encoding))
    try:
        text = draft_study("mine", [path], beside=folder).text
    except StudyError as problem:
        _hold(layout, str(problem).replace(str(folder), "FOLDER") + "\n")
        if layout.table:
            return [f"refused: {problem}"]
        return [f"the refusal does not say {word}" for word in layout.says if word not in str(problem)]
    _hold(layout, text)
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    tables = yaml.safe_load(text)["tables"]
    if layout.table not in tables:
        return [f"drafted as {', '.join(tables)}"]
    wrong = _wrong_columns(layout, tables[layout.table], text)
    try:
        study = open_study(folder / "mine.yaml")
    except CrmError as problem:
        return [*wrong, f"does not open: {problem}"]
    found = measured(study)
    return wrong + [
        f"{name} is {found.get(name)}, not {number}"
        for name, number in layout.numbers.items()
        if found.get(name) != pytest.approx(number, abs=0.011)
    ]


def _hold(layout: Layout, told: str) -> None:
    hold(told, TOLD / f"{re.sub(r'[^a-z0-9]+', '-', layout.name.lower()).strip('-')}.txt")


def _wrong_columns(layout: Layout, drafted: dict, text: str) -> list[str]:
    wrong = []
    for role, column in layout.columns.items():
        value = drafted.get("columns", {}).get(role)
        said = value.get("column", value.get("expr", value.get("value"))) if isinstance(value, dict) else value
        is_right = value is not None and (said == column or (isinstance(value, dict) and column in str(said)))
        if not (is_right or (column in str(said) and layout.numbers and role == "revenue")) and column != "":
            wrong.append(f"{role} is {said}, not {column}")
        elif value is None:
            wrong.append(f"{role} is missing")
    section = text.split(f"\n  {layout.table}:")[1].split("\n\n", maxsplit=1)[0]
    lines = {line.split(":")[0].strip(): line for line in section.splitlines() if ":" in line}
    wrong += [f"{key} is not marked CHECK" for key in layout.checked if "CHECK" not in lines.get(key, "")]
    taken = set(drafted.get("attributes", {}))
    return wrong + [f"{name} is an attribute" for name in layout.left_out if name in taken]


def measured(study) -> dict[str, float]:
    """The numbers of an opened study that layouts are judged by."""
    found: dict[str, float] = {}
    frames = {name: study.table(name).execute() for name in study.tables}
    if "orders" in frames:
        orders = frames["orders"]
        kind = orders["kind"].fillna("sale") if "kind" in orders else orders["order_id"].map(lambda _: "sale")
        kept = orders[kind != "cancelled"]
        found |= {"orders": (kind == "sale").sum(), "total": kept["revenue"].sum()}
        found["customers"] = kept["customer_id"].nunique()
    if "order_lines" in frames:
        found["lines"] = len(frames["order_lines"])
    if "contracts" in frames:
        contracts = frames["contracts"]
        found |= {"contracts": len(contracts), "customers": contracts["customer_id"].nunique()}
        found["ended"] = contracts["ended_at"].notna().sum() if "ended_at" in contracts else 0
        found["fees"] = contracts["fee"].sum() if "fee" in contracts else 0
    if "invoices" in frames:
        found |= {"invoices": len(frames["invoices"]), "amount": frames["invoices"]["amount"].sum()}
    if "contacts" in frames:
        contacts = frames["contacts"]
        found |= {"contacts": len(contacts), "customers": contacts["customer_id"].nunique()}
        found["closed"] = contacts["closed_at"].notna().sum() if "closed_at" in contacts else 0
    if "surveys" in frames:
        found |= _answers(frames["surveys"])
    if "customers" in frames:
        found.setdefault("customers", len(frames["customers"]))
    if "campaigns" in frames:
        found["campaigns"] = len(frames["campaigns"])
    if "campaign_targets" in frames:
        targets = frames["campaign_targets"]
        found |= {"targets": len(targets), "control": targets["is_control"].sum() if "is_control" in targets else 0}
    if "campaign_responses" in frames:
        found["responses"] = len(frames["campaign_responses"])
    if "activity_use" in frames:
        found |= {"uses": len(frames["activity_use"]), "quantity": frames["activity_use"]["quantity"].sum()}
    return {name: float(number) for name, number in found.items()}


def _answers(surveys) -> dict[str, float]:
    """Of the item that is asked on a scale up to ten, and of the first one up to five."""
    said = surveys.dropna(subset=["score"])
    high, low = said[said["scale_max"] == 10], said[said["scale_max"] == 5]
    first = low[low["item"] == low["item"].min()]
    return {
        "recommend": high["score"].sum(),
        "n_recommend": len(high),
        "satisfied": first["score"].sum(),
        "n_satisfied": len(first),
    }


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_real_layout_is_drafted_right(name, tmp_path):
    assert judged(LAYOUTS[name], tmp_path) == []
