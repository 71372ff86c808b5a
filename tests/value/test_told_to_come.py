"""What the chapter on lifetime value says, shows and tabulates, held word for word in three worlds."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_research.pillars.value import ValuePage
from crm_research.pillars.value.lifetime.figures import ESTIMATORS, amount_figures, backtest_figures, value_figures
from crm_research.pillars.value.risk.figures import payment_figures, risk_figures
from crm_research.theme import chart_style
from tests.builders import a_study
from tests.told import check_figures, hold, tell
from tests.value.test_to_come import AS_OF, some_orders
from tests.value.worlds import a_company, many

TOLD = Path(__file__).parent / "told"
SECTIONS = ("lifetime", "intakes", "valuable", "certainty", "reliable", "payment", "past_forecasts")
WORLDS = {
    "too-few": lambda: ValuePage(a_company()),
    "margin": lambda: ValuePage(many(40, seed=3, callers=3)),
    "revenue": lambda: ValuePage(a_study(as_of=AS_OF, orders=some_orders(150)), n_backtests=1),
}


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_the_chapter_is_told_as_it_was(world):
    page = WORLDS[world]()
    found = page.to_come
    risk = page.certainty_of
    of_risk = [] if isinstance(risk, str) else [*risk_figures(risk), *payment_figures(risk)]
    with chart_style():
        told = tell(
            **{name: getattr(page, name).show for name in SECTIONS},
            figures=check_figures([*value_figures(found), *of_risk, *amount_figures(found), *backtest_figures(found)]),
            estimators=[f"{name}: {how}" for name, how in ESTIMATORS.items()],
        )
    hold(told, TOLD / f"to-come-{world}.txt")
