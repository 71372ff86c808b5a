"""Every sentence, figure, table and picture of the single view, held word for word in six worlds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from crm_research.pillars.single_view import SingleViewPage, charts, tables
from crm_research.pillars.single_view.figures import estimators, link_figures
from crm_research.theme import chart_style
from tests.single_view.worlds import a_company, bare, judged, nobody, nobody_linked, one
from tests.told import check_figures, hold, tell

pytestmark = pytest.mark.slow

TOLD = Path(__file__).parent / "told"
SECTIONS = (
    "answer", "advice", "systems", "together", "sureness", "errors", "undecided", "largest", "cost", "changes",
    "relations",
)  # fmt: skip
WORLDS = {
    "company": a_company, "judged": judged, "bare": bare, "nobody-linked": nobody_linked, "nobody": nobody, "one": one,
}  # fmt: skip


@cache
def page_of(world: str) -> SingleViewPage:
    return SingleViewPage(WORLDS[world]())


@pytest.mark.parametrize("world", WORLDS)
def test_the_page_is_told_as_it_was(world):
    page = page_of(world)
    view = page.result
    with chart_style():
        told = tell(
            **{name: getattr(page, name).show for name in SECTIONS},
            figures=check_figures(link_figures(view)),
            summary=tables.summary_table(view),
            estimators=[f"{name}: {how}" for name, how in estimators(view).items()],
            draw_combinations=charts.draw_combinations(view),
            draw_sureness=charts.draw_sureness(view),
        )
    hold(told, TOLD / f"{world}.txt")
