"""Results show themselves: the finding, the figures and the main picture, or what they hold; nothing is computed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

import pandas as pd
import pytest

from crm_research import (
    brand_loyalty,
    churn,
    customer_base,
    loyalty,
    open_study,
    pillars,
    satisfaction,
    segmentation,
    silent_churn,
)
from crm_research.deferred import Later, deferred
from crm_research.show.shown import Shown
from tests.builders import a_study, orders

PILLARS = [module.name for module in iter_modules(pillars.__path__)]


@pytest.mark.parametrize("name", PILLARS)
def test_every_public_result_shows_itself(name):
    pillar = import_module(f"crm_research.pillars.{name}")
    offered = [getattr(pillar, one) for one in pillar.__all__]
    results = [one for one in offered if isinstance(one, type) and dataclasses.is_dataclass(one)]
    assert results
    assert [one for one in results if not issubclass(one, Shown)] == [], "a result is a crm_research.show.shown.Shown"
    assert set(import_module(f"crm_research.pillars.{name}.in_notebooks").SHOWN) <= set(results)


def test_the_main_result_shows_finding_figures_and_picture():
    rows = [(f"c{i}", f"2024-0{1 + i % 6}-0{1 + i % 5}", 10.0 + i) for i in range(9)]
    base = customer_base.describe_base(a_study(orders=orders(*rows)))
    html = base._repr_html_()
    assert "<svg" in html
    assert "crm-card" in html
    assert "we know 9 customers, with 9 orders worth 126 EUR" in html
    assert "[picture: " in repr(base)
    assert "Customers known: 9 customers, n = 9" in repr(base)
    assert "CustomerBase(" not in repr(base)


def test_parts_of_the_main_result_show_finding_and_picture_too():
    rows = [(f"c{i}", f"2024-0{1 + i % 6}-0{1 + i % 5}", 10.0 + i**2) for i in range(30)]
    base = customer_base.describe_base(a_study(orders=orders(*rows)))
    growth, found = base.growth, base.concentration
    assert "In a usual month 5 customers buy" in repr(growth)
    assert "The top fifth of buyers bring in " in repr(found)
    for shown in (growth, found):
        assert "<svg" in shown._repr_html_()
        assert repr(shown).count("[picture: ") == 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Count(Shown):
    """How many are there?

    Parameters
    ----------
    n
        Customers, all of them.
    first, last
        Days, of which
        both are told.

    Notes
    -----
    n : is no part.
    """

    n: int
    first: str
    last: str
    frame: pd.DataFrame
    rules: deferred[list[int]] = deferred()


def test_what_has_no_page_of_its_own_tells_what_it_holds_and_computes_nothing():
    def compute():
        raise AssertionError("computed")

    held = pd.DataFrame({"a": [1, 2], "<b>": [3, 4]})
    count = Count(n=1_204, first="<i>May</i>", last="June", frame=held, rules=Later(compute))
    lines = [" ".join(line.split()) for line in repr(count).splitlines()]
    assert lines[0] == "Note: How many are there?"
    assert "n 1204 Customers, all of them." in lines
    assert "first <i>May</i> Days, of which both are told." in lines
    assert "last June Days, of which both are told." in lines
    assert "frame 2 rows: a, <b>" in lines
    assert "rules computed when it is first read" in lines
    assert "<i>May" not in count._repr_html_()
    assert dir(count)[-5:] == ["first", "frame", "last", "n", "rules"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("study", "describe"),
    [
        ("cdnow", customer_base.describe_base),
        ("cdnow", loyalty.describe_loyalty),
        ("cdnow", silent_churn.describe_silence),
        ("cdnow", segmentation.segment_customers),
        ("telco", churn.describe_churn),
        ("telco", churn.measure_drivers),
        ("telco", churn.describe_renewals),
        ("complete-journey", brand_loyalty.describe_brands),
        ("simulated", satisfaction.describe_satisfaction),
    ],
)
def test_on_the_samples_each_pillar_s_result_has_a_picture_and_figures(study, describe):
    result = describe(open_study(study))
    html = result._repr_html_()
    assert "<svg" in html
    assert "data-figure" in html or "crm-card" in html or "<table" in html
    assert repr(result)
