"""Records of one row, of missing values alone, without dates, of many columns and levels, and of hostile names."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.data_quality import DataQualityPage
from crm_research.study import Study
from tests.builders import a_study, contracts, orders
from tests.told import check_figures

pytestmark = pytest.mark.slow

SECTIONS = (
    "answer", "advice", "timeliness", "reliance", "rules", "completeness", "systems", "suspicions", "cost", "dead",
    "left_alone",
)  # fmt: skip
HOSTILE = "<b>$x_1$ = 'Ünï' 客户等级</b> " + "very " * 20 + "long"


def people(n: int, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": [f"p{i:04d}" for i in range(n)], **columns})


def many_columns() -> Study:
    rng = np.random.default_rng(3)
    columns = {f"{HOSTILE} {i}": rng.choice(["a", "b", None], 30) for i in range(500)}
    return a_study(customers=people(30, **columns), attributes={"customers": dict.fromkeys(columns, "category")})


def many_levels() -> Study:
    levels = [f"{'级别' if i % 2 else 'Level'} {i // 2}" for i in range(500)]
    towns = [level.upper() if i % 7 == 0 else level for i, level in enumerate(levels)]
    return a_study(
        customers=people(1000, 城市=levels + towns), attributes={"customers": {"城市": "category"}}
    )  # fmt: skip


WORLDS = {
    "one order": lambda: a_study(orders=orders(("a", "2024-01-01", 5.0))),
    "one customer": lambda: a_study(customers=people(1)),
    "one contract": lambda: a_study(contracts=contracts(("a", "2024-01-01", None, None))),
    "nothing known": lambda: a_study(
        customers=people(
            9,
            kind=None,
            town=pd.Series([None] * 9, dtype="string"),
            born=pd.Series([None] * 9, dtype="datetime64[us]"),
        ),
        attributes={"customers": {"town": "category", "born": "time"}},
    ),
    "no ids": lambda: a_study(orders=orders(*[(None, None, None)] * 6).astype({"revenue": float})),
    "only returns": lambda: a_study(
        orders=orders(*[(f"r{i}", "2024-01-05", -5.0) for i in range(12)], kind=["return"] * 12)
    ),
    "all the same": lambda: a_study(orders=orders(*[("a", "2024-01-05 08:00:00", 5.0)] * 40)),
    "all later": lambda: a_study(orders=orders(*[(f"z{i}", "2025-01-05", 5.0) for i in range(12)])),
    "dates of the year 9999": lambda: a_study(orders=orders(*[(f"z{i}", "2023-01-05", 5.0 + i) for i in range(12)],
                                                            ("z99", "2200-12-31", 4.0))),
    "500 columns": many_columns,
    "500 levels": many_levels,
    "surveys without names": lambda: a_study(
        surveys=pd.DataFrame(
            {"response_id": ["1", "2"], "asked_at": "2024-01-01", "item": "x", "score": [None, 5.0],
             "scale_min": 1.0, "scale_max": 5.0}
        )
    ),
}  # fmt: skip


@cache
def page_of(world: str) -> DataQualityPage:
    return DataQualityPage(WORLDS[world]())


@pytest.mark.parametrize("world", WORLDS)
def test_every_section_says_something_and_no_figure_is_out_of_order(world):
    page = page_of(world)
    for name in SECTIONS:
        part = getattr(page, name)
        said = repr(part)
        assert said.strip(), (world, name)
        assert "nan" not in said.lower().split(), (world, name)
        for chart in part.charts:
            chart.draw(None)
        part._repr_html_()
    check_figures(page.figures, signed=("quality.effect",))


def test_a_single_row_gives_no_share():
    assert "There is one row in orders, from which no share can be told." in repr(page_of("one order").answer)


def test_spellings_of_many_levels_are_found():
    (one,) = page_of("500 levels").result.found
    assert (one.kind, one.column, one.n_checked) == ("one name in two spellings", "城市", 1000)
    # Every fourteenth level is in capitals once: those of Latin letters, each in one of its two rows.
    assert one.n_bad == len([i for i in range(0, 500, 7) if i % 2 == 0])


def test_many_columns_are_cut_in_the_figures_and_named_apart():
    page = page_of("500 columns")
    groups = [figure.group for figure in page.figures if figure.id == "quality.completeness"]
    assert len(groups) == len(set(groups)) == 120
    assert len(page.result.columns) == 501
