"""Notebooks as they are after a run, built without a kernel: what `show` displays is caught and stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
import pandas as pd
from IPython.core.interactiveshell import InteractiveShell

from crm_research import show
from crm_research.figures import Figure
from crm_research.reporting.tasks import StudyFacts, Task
from crm_research.theme import new_axes


def bundles(call: Callable[[], None]) -> list[dict[str, Any]]:
    """The bundles that a call displays, as a kernel would store them."""
    caught: list[dict[str, Any]] = []
    with (
        patch.object(InteractiveShell, "initialized", return_value=True),
        patch("IPython.display.display", lambda bundle, raw: caught.append(bundle)),
    ):
        call()
    return caught


def a_figure(**changes: Any) -> Figure:
    """A share with interval and window."""
    given = {
        "id": "test.repeat_rate",
        "label": "Customers who buy again",
        "estimate": 0.5,
        "lower": 0.4,
        "upper": 0.6,
        "unit": "share",
        "n": 200,
        "window": "2024-01-01 to 2024-07-01",
        "estimator": "share with Wilson interval",
        "validation": "holdout",
    }
    return Figure(**{**given, **changes})


def a_notebook(*parts: str | Callable[[], None] | list[Any]) -> Any:
    """An executed notebook: text is markdown, a call is a cell with what it displays, a list is stored outputs."""
    notebook = nbformat.v4.new_notebook()
    for place, part in enumerate(parts):
        if isinstance(part, str):
            cell = nbformat.v4.new_markdown_cell(part)
        else:
            cell = nbformat.v4.new_code_cell("show.something()")
            made = part if isinstance(part, list) else bundles(part)
            cell["outputs"] = [
                item if "output_type" in item else nbformat.v4.new_output("display_data", data=item) for item in made
            ]
        cell["id"] = f"cell-{place}"
        notebook.cells.append(cell)
    return notebook


def a_chart() -> None:
    frame = pd.DataFrame({"month": [1, 2, 3], "repeat_share": [0.1, 0.3, 0.5]})
    ax = new_axes(title="Half of them are back", xlabel="months", ylabel="share")
    ax.plot(frame["month"], frame["repeat_share"])
    show.chart(ax, alt="The share rises to one half. It never falls.", data=frame, caption="Share of customers.")


def a_wide_table() -> None:
    frame = pd.DataFrame({f"measure_{i}": [i * 1234.5, None] for i in range(14)}, index=["北京", "a <b>"])
    show.table(frame.rename_axis("segment"), "Segments by fourteen measures, a long caption to see how it wraps")


def a_list_of_contracts() -> None:
    """As wide as the widest lists: numbers that may not wrap, and a reason in words at the end."""
    rows = range(3)
    numbers = {f"worth_{i}": [1_234_567.5 + row for row in rows] for i in range(5)}
    why = [f"{row}: what is at stake outweighs what the offer costs" for row in rows]
    show.table(pd.DataFrame({"contract_id": [f"C{row}" for row in rows], **numbers, "why": why}), "Contact first")


def a_whole_notebook() -> Any:
    """One with everything a page can hold."""
    return a_notebook(
        "# Test report\n\nHow many customers buy again?",
        "## Answer",
        lambda: show.answer("Half of the customers buy again.", "They do so <soon>.", "中文名字也可以。"),
        lambda: show.figures(a_figure(), a_figure(id="test.median", estimate=None, unit="days", validation="none")),
        "## Evidence\n\nThe curve rises.",
        a_chart,
        a_chart,
        a_wide_table,
        a_list_of_contracts,
        "## How sure are we\n\nFairly, says `a_name` and **so on**.",
        lambda: show.note("A test has few customers.", kind="caution"),
        [nbformat.v4.new_output("stream", name="stderr", text="/x/y.py:3: UserWarning: no convergence\n  fit()\n")],
    )


def a_task(folder: Path = Path("unused"), **changes: Any) -> Task:
    """A task of a handmade study."""
    facts = StudyFacts(
        given="handmade",
        name="handmade",
        title="Handmade 公司",
        currency="EUR",
        as_of="2024-07-01",
        holdout_until=None,
        engine="duckdb",
        provenance="Invented.",
        caveats=("The records are invented.",),
        inputs=({"table": "orders", "source": "orders.csv", "fingerprint": "sha256:0123456789abcdef", "n_rows": 3},),
    )
    given: dict[str, Any] = {
        "report": "good",
        "title": "Test report",
        "question": "How many customers buy again?",
        "notebook": Path(__file__).parent / "notebooks" / "good.ipynb",
        "study": facts,
        "parameters": {"study": "handmade", "since": "007"},
        "descriptions": {"since": "From when."},
        "folder": folder,
    }
    return Task(**{**given, **changes})
