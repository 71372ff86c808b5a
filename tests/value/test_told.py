"""Every sentence, figure, table and picture of customer value, held word for word in four worlds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from crm_research.pillars.value import ValuePage, tables
from crm_research.pillars.value.figures import estimators, profit_figures
from crm_research.theme import chart_style
from tests.builders import a_study, orders
from tests.told import check_figures, hold, tell
from tests.value.test_tiers import BEFORE, NOW
from tests.value.worlds import a_company, many

TOLD = Path(__file__).parent / "told"
# Shares of what is left may lie above all of it, and below nothing.
SECTIONS = (
    "answer", "advice", "counted", "ledger", "statement", "claims", "costing", "losses", "tiers", "gold", "moves",
    "lift", "choices",
)  # fmt: skip
SIGNED = ("value.top20_profit_share", "value.tier_profit_share")
WORLDS = {
    "few": lambda: ValuePage(a_company(), capital_rate=0.1),
    "callers": lambda: ValuePage(many(40, seed=3, callers=3), volume="orders"),
    "revenue-only": lambda: ValuePage(a_study(orders=orders(("c05", "2022-07-01", 0.5), *NOW, *BEFORE))),
    "quantile": lambda: ValuePage(many(40, seed=5), tier_rule="quantile"),
}


@cache
def page_of(world: str) -> ValuePage:
    return WORLDS[world]()


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_the_page_is_told_as_it_was(world):
    page = page_of(world)
    with chart_style():
        told = tell(
            **{name: getattr(page, name).show for name in SECTIONS},
            figures=check_figures(profit_figures(page.result, page.parted), signed=SIGNED),
            summary=tables.summary_table(page.result, page.parted),
            estimators=[f"{name}: {how}" for name, how in estimators(page.result).items()],
            draw_curve=page.answer.plot(),
            **({} if page.tiers.is_missing else {"draw_tiers": page.tiers.plot()}),
        )
    hold(told, TOLD / f"{world}.txt")
