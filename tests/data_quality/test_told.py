"""Every sentence, figure, table and picture of data quality, held word for word in five worlds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from crm_research.pillars.data_quality import DataQualityPage, charts, tables
from crm_research.pillars.data_quality.figures import estimators, quality_figures
from crm_research.theme import chart_style
from tests.data_quality.worlds import clean, dirty, holders, of_systems, spoken_to
from tests.told import check_figures, hold, tell

pytestmark = pytest.mark.slow

TOLD = Path(__file__).parent / "told"
SECTIONS = (
    "answer", "advice", "timeliness", "reliance", "rules", "completeness", "systems", "repaired", "suspicions", "cost",
    "dead", "left_alone",
)  # fmt: skip
WORLDS = {"dirty": dirty, "clean": clean, "holders": holders, "spoken-to": spoken_to, "of-systems": of_systems}


@cache
def page_of(world: str) -> DataQualityPage:
    return DataQualityPage(WORLDS[world]())


@pytest.mark.parametrize("world", WORLDS)
def test_the_page_is_told_as_it_was(world):
    page = page_of(world)
    quality = page.result
    with chart_style():
        told = tell(
            **{name: getattr(page, name).show for name in SECTIONS},
            figures=check_figures(quality_figures(quality), signed=("quality.effect",)),
            summary=tables.summary_table(quality),
            estimators=[f"{name}: {how}" for name, how in estimators(quality).items()],
            draw_months=charts.draw_months(quality),
            draw_columns=charts.draw_columns(quality),
            draw_faults=charts.draw_faults(quality),
        )
    hold(told, TOLD / f"{world}.txt")
