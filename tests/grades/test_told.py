"""Every sentence, figure, table and picture of grades, held word for word in four worlds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from crm_research.pillars.grades import GradesPage, summary_table
from crm_research.pillars.grades.figures import estimators, grade_figures
from crm_research.theme import chart_style
from tests.builders import a_study, orders
from tests.grades.worlds import a_company, many
from tests.told import check_figures, hold, tell

TOLD = Path(__file__).parent / "told"
SECTIONS = ("answer", "advice", "counted", "criteria", "judgements", "grades", "sure", "choices", "service", "misfits")
# margin over volume over cost over margin: whoever judges so goes in a circle.
CIRCLE = {
    "margin over volume": 9,
    "volume over cost to serve": 9,
    "cost to serve over margin": 9,
    "years together over margin": 1,
    "years together over volume": 2,
    "years together over cost to serve": 3,
}
WORLDS = {
    "four": lambda: GradesPage(
        a_company(weights={"margin": 2, "volume": 1, "years together": 1}), position="market_share"
    ),
    "visited": lambda: GradesPage(many(seed=4, care=9.0), n_ranked=40),
    "contradicting": lambda: GradesPage(a_company(judgements=CIRCLE), weighting="judgements"),
    "revenue-only": lambda: GradesPage(
        a_study(orders=orders(*((f"c{place}", "2024-01-05", 10.0 * place) for place in range(1, 12)))),
        weighting="entropy",
    ),
    "alike": lambda: GradesPage(a_study(orders=orders(("ann", "2024-01-05", 5.0), ("bob", "2024-01-05", 5.0)))),
}  # fmt: skip


@cache
def page_of(world: str) -> GradesPage:
    return WORLDS[world]()


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_the_page_is_told_as_it_was(world):
    page = page_of(world)
    with chart_style():
        told = tell(
            **{name: getattr(page, name).show for name in SECTIONS},
            figures=check_figures(grade_figures(page.result, page.served), signed=("grades.contribution_share",)),
            summary=summary_table(page.result, page.served),
            estimators=[f"{name}: {how}" for name, how in estimators(page.result).items()],
            **({"draw_matrix": page.answer.plot()} if page.answer.charts else {}),
            **({"draw_places": page.sure.plot()} if page.sure.charts else {}),
        )
    hold(told, TOLD / f"{world}.txt")
