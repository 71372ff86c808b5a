"""Every picture of every report, from records whose names are price bands, markup and formulas."""

from __future__ import annotations

import functools
import json
import re
import sys
import warnings
from collections import Counter
from html import unescape
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import FunctionType

import pandas as pd
import pytest

from crm_research import pillars
from crm_research.catalogue import find_report
from crm_research.simulate import WorldSettings, simulate_world
from crm_research.theme import shorten
from tests.notebooks.running import NOTEBOOKS, run_cell
from tests.pages.worlds import HOSTILE_SYSTEMS, lay_systems

pytestmark = pytest.mark.slow

# Table and column to the names that take the place of those the world has.
NAMES = {
    ("customers", "region"): ["$20-$50", "_south", "<b>east</b>", "شمال"],
    ("orders", "channel"): ["$ web $", "A & B", "_dealer"],
    ("products", "brand"): ["Gold$A^{$", "_Borealis", "<i>Corvo</i>", "云鼎", r"\frac{1}{2}$", "A & B"],
    ("products", "category"): ["$a$ food", "_pantry", "drinks & more", "x" * 300, "🦄 care", "%s", "'", "$_{"],
    ("contracts", "plan"): ["$20-$50", "Gold$A^{$", "_basic"],
    ("contract_states", "plan"): ["$20-$50", "Gold$A^{$", "_basic"],
    ("contracts", "payment"): ["_card", "$ debit $", "in\nvoice"],
    ("contracts", "end_reason"): ["$price$", "_service", "<competitor>", "搬家 & so on"],
    ("contacts", "channel"): ["$shop$", "_mail", "a\tb", "<web>"],
    ("contacts", "department"): ["$billing$", "_service", "<p>", "A & B", "شمال"],
}


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    settings = WorldSettings(n_customers=1500, seed=5, contract_share=0.7)
    folder = tmp_path_factory.mktemp("hostile") / "world"
    simulate_world(settings, folder)
    for (table, column), names in NAMES.items():
        levels = sorted(pd.read_parquet(folder / table, columns=[column])[column].dropna().unique())
        assert len(levels) <= len(names)
        for path in (folder / table).glob("*.parquet"):
            frame = pd.read_parquet(path)
            frame[column] = frame[column].map(dict(zip(levels, names, strict=False)), na_action="ignore")
            frame.to_parquet(path, index=False)
    for path in (folder / "surveys").glob("*.parquet"):
        frame = pd.read_parquet(path)
        frame["item"] = frame["item"].str.replace("quality", "$quality^{$")
        frame.to_parquet(path, index=False)
    lay_systems(folder, HOSTILE_SYSTEMS)
    return folder / "study.yaml"


@pytest.fixture
def drawn(monkeypatch):
    """The pictures that a page would hold, how many were asked for, and the names of the functions that drew."""
    pictures: list[str] = []
    called: Counter[str] = Counter()
    for found in walk_packages(pillars.__path__, f"{pillars.__name__}."):
        import_module(found.name)
    chart = import_module("crm_research.show.chart")
    draw_svg = chart.draw_svg

    def keep(figure, **options):
        pictures.append(draw_svg(figure, **options))
        return pictures[-1]

    monkeypatch.setattr(chart, "draw_svg", keep)
    wrapped: dict[FunctionType, object] = {}
    for module in [found for name, found in sys.modules.items() if name.startswith("crm_research.")]:
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and is_chart_function(value):
                CHARTS.add((value.__module__.split(".")[2], value.__name__))
                wrapped.setdefault(value, noted(value, called))
                monkeypatch.setattr(module, name, wrapped[value])
    return pictures, called


def is_chart_function(value: FunctionType) -> bool:
    answers = str(value.__annotations__.get("return", ""))
    return (
        value.__module__.startswith(f"{pillars.__name__}.") and value.__name__.startswith("draw_") and "Axes" in answers
    )


def noted(function, called):
    """The function, counted under its name; and under ASKED unless another one that draws has called it."""

    @functools.wraps(function)
    def call(*args, **options):
        called[function.__name__] += 1
        called[ASKED] += not called[RUNNING]
        called[RUNNING] += 1
        try:
            return function(*args, **options)
        finally:
            called[RUNNING] -= 1

    return call


ASKED, RUNNING = "(asked for)", "(running)"


CHARTS: set[tuple[str, str]] = set()
# Reports, each with the parameters of its runs.
REPORTS = {
    "customer-base": {},
    "segmentation": {"n_bootstraps": 20, "k_max": 4},
    "churn": {"group": "plan"},
    "loyalty": {},
    "silent-churn": {},
    "brand-loyalty": {},
    "satisfaction": {},
    "customer-base-audit": {},
    "value": {},
    "grades": {},
    "data-quality": {},
    "single-view": {},
    "customer-file": {},
}
# Once more, for pictures that another purpose has.
AGAIN = {"segmentation": {"n_bootstraps": 20, "purpose": "contracts", "k_max": 2, "served_min": 3, "served_max": 3}}


@pytest.mark.parametrize("report", REPORTS)
def test_every_picture_draws_hostile_names_as_they_stand(report, study, drawn, monkeypatch):
    pictures, called = drawn
    found = find_report(report)
    notebook = json.loads((NOTEBOOKS / found.notebook).read_text(encoding="utf-8"))
    monkeypatch.chdir(NOTEBOOKS)
    runs = [REPORTS[report], *([AGAIN[report]] if report in AGAIN else [])]
    for parameters in runs:
        names: dict[str, object] = {}
        with warnings.catch_warnings():
            # What constrained layout or a missing glyph warns of would stand on the page.
            warnings.simplefilter("error", UserWarning)
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    run_cell("".join(cell["source"]), names)
                    if "parameters" in cell["metadata"].get("tags", []):
                        names |= {"study": str(study), **parameters}
    words = [unescape(word) for svg in pictures for word in re.findall(r">([^<]*)</(?:text|tspan)>", svg)]
    own = {name for owner, name in CHARTS if owner == report.replace("-", "_")}
    assert own, "a report has a picture at the least"
    assert own - set(called) == UNDRAWN.get(report, set())
    assert len(pictures) >= called[ASKED] > 0
    assert not [word for word in words if "mathdefault" in word]
    everything = " ".join(words)
    for name in EXPECTED.get(report, ()):
        assert shorten(name, 18) in everything, (name, sorted(set(words)))


# What this world gives no occasion for: bends and drifts are drawn in tests/theme/test_lettering.py, the others hold
# no name of the data.
UNDRAWN = {
    "churn": {"draw_bend", "draw_drift", "draw_risks"},
    "loyalty": {"draw_programme"},
}
EXPECTED = {
    "churn": ["$20-$50", "Gold$A^{$", "_basic", "$price$", "_service"],
    "brand-loyalty": ["Gold$A^{$", "_Borealis", r"\frac{1}{2}$", "A & B"],
    "satisfaction": ["$quality^{$"],
    "single-view": ["$20-$50 office"],
}
