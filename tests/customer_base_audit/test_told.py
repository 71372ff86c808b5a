"""Every sentence, figure, table and picture of the audit, held word for word in four worlds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from crm_research.pillars.customer_base_audit import AuditPage, charts, figures, tables
from crm_research.theme import chart_style
from tests.customer_base_audit.worlds import by_hand, random_rows
from tests.told import check_figures, hold, tell

TOLD = Path(__file__).parent / "told"
SECTIONS = ("answer", "advice", "setting", "differences", "change", "cohort", "cohorts", "health", "balance")
FIGURES = (figures.total_figures, figures.period_figures, figures.change_figures, figures.spread_figures)
AT_TIMES = (figures.health_figures, figures.cohort_figures)
TABLES = (tables.books_table, tables.factors_table, tables.flows_table, tables.stack_table, tables.summary_table)
PICTURES = (charts.draw_stack, charts.draw_change, charts.draw_tenths, charts.draw_course, charts.draw_buyers)
# Of what buyers brought, a part may be more than the whole, where other buyers returned more than they bought.
SIGNED = ("audit.top20_revenue_share", "audit.new_revenue_share")
WORLDS = {
    "by-hand": lambda: AuditPage(by_hand()),
    "many": lambda: AuditPage(by_hand(as_of="2024-03-15", rows=random_rows(7, n=900, customers=90))),
    "quarters": lambda: AuditPage(
        by_hand(as_of="2023-05-02", rows=random_rows(11, n=500, days=480), cost=False), period="quarter"
    ),
    "revenue-only": lambda: AuditPage(by_hand(cost=False, kinds=False)),
}


@cache
def page_of(world: str) -> AuditPage:
    return WORLDS[world]()


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_the_page_is_told_as_it_was(world):
    page = page_of(world)
    audit = page.result
    told_figures = [figure for made in (*FIGURES, *AT_TIMES) for figure in made(audit)]
    with chart_style():
        told = tell(
            **{name: getattr(page, name).show for name in SECTIONS},
            figures=check_figures(told_figures, signed=SIGNED),
            estimators=[f"{name}: {how}" for name, how in page.estimators.items()],
            **{table.__name__: table(audit) for table in TABLES},
            **{draw.__name__: draw(audit) for draw in PICTURES},
        )
    hold(told, TOLD / f"{world}.txt")
