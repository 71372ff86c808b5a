"""Every sentence, figure, table and picture of the customer file, held word for word in four worlds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from crm_research.pillars.customer_file import CustomerFilePage, charts, tables
from crm_research.pillars.customer_file.figures import estimators, file_figures
from crm_research.theme import chart_style
from tests.customer_file.worlds import crowd, workshop
from tests.told import check_figures, hold, tell

pytestmark = pytest.mark.slow

TOLD = Path(__file__).parent / "told"
SECTIONS = (
    "answer", "advice", "chosen", "basics", "dealings", "contacts", "contracts", "worth", "stake", "groups", "people",
    "trade", "payment", "records", "next_steps",
)  # fmt: skip
WORLDS = {
    "workshop": (workshop, {"customers": ("mill", "bakery", "ada")}),
    "mill": (workshop, {"customers": ("mill",)}),
    "crowd": (crowd, {"n_top": 4}),
    "one-of-the-crowd": (crowd, {"customers": ("c010",)}),
}


@cache
def page_of(world: str) -> CustomerFilePage:
    make, asked = WORLDS[world]
    return CustomerFilePage(make(), **asked)


@pytest.mark.parametrize("world", WORLDS)
def test_the_page_is_told_as_it_was(world):
    page = page_of(world)
    file = page.result
    with chart_style():
        told = tell(
            **{name: getattr(page, name).show for name in SECTIONS},
            figures=check_figures(file_figures(file)),
            summary=tables.summary_table(file),
            estimators=[f"{name}: {how}" for name, how in estimators(file).items()],
            draw_timeline=charts.draw_timeline(file, file.ids[0]),
            draw_stakes=charts.draw_stakes(file),
        )
    hold(told, TOLD / f"{world}.txt")


def test_a_file_of_one_says_of_the_customer_what_a_file_of_several_says():
    alone, among = page_of("mill").result, page_of("workshop").result
    shared = {(one.id, one.group): one.estimate for one in file_figures(among)}
    for one in file_figures(alone):
        assert shared[one.id, one.group] == one.estimate
