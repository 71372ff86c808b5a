"""What a parameter names is looked up in the study before it runs: unknown names are refused with known ones."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.catalogue import find_report
from crm_research.errors import CrmError
from crm_research.reporting.parameters import complete_parameters
from tests.builders import a_study, contracts, orders

KINDS = {"contracts": {"payment": "category", "age": "number"}, "customers": {"region": "category"}}


@pytest.fixture(scope="module")
def study():
    held = contracts(
        ("a", "2023-01-01", None, None), ("b", "2023-02-01", "2023-09-01", "price"), ("c", "2023-03-01", None, None),
        payment=["card", "bank", "bank"], age=[31, 42, 53], plan=["plus", "basic", "basic"],
    )  # fmt: skip
    bought = orders(("a", "2024-01-05", 7.0), ("b", "2024-03-05", 11.0), ("c", "2024-03-09", 13.0))
    lines = pd.DataFrame(
        {"order_id": bought["order_id"], "line": 1, "product_id": ["p1", "p2", "p2"], "quantity": 1.0, "revenue": 5.0}
    )
    products = pd.DataFrame({"product_id": ["p1", "p2"], "brand": ["x", "y"], "category": ["tea", "coffee"]})
    people = pd.DataFrame({"customer_id": ["a", "b", "c"], "region": ["north", "south", "south"]})
    answers = pd.DataFrame(
        {
            "response_id": ["r1", "r2"], "customer_id": ["a", "b"], "asked_at": pd.to_datetime(["2024-01-01"] * 2),
            "item": ["quality", "quality"], "score": [3.0, 5.0], "scale_min": 1.0, "scale_max": 7.0,
        }
    )  # fmt: skip
    return a_study(
        contracts=held, orders=bought, order_lines=lines, products=products, customers=people, surveys=answers,
        attributes=KINDS,
    )  # fmt: skip


def look_up(study, report_id: str, **given: str) -> None:
    report = find_report(report_id)
    report.look_up(study, complete_parameters(report, given, study=study.name, as_of=None))


@pytest.mark.parametrize(
    ("report", "given", "said"),
    [
        (
            "churn",
            {"group": "plann"},
            r"no column 'plann' to compare. Did you mean 'plan'\? Known: payment, plan, region",
        ),
        ("churn", {"group": "age"}, r"cannot be grouped by 'age' \(number\).*Categories of this study: plan, pay"),
        ("churn", {"covariates": '["plann"]'}, r"no column 'plann'. Did you mean 'plan'\? Known: age, payment"),
        ("churn", {"covariates": '["is_ended"]'}, "how it ended"),
        ("loyalty", {"programme": "gold"}, "no plan of contracts.*Known: basic, plus"),
        ("brand-loyalty", {"category": "teaa"}, r"Did you mean 'tea'\? Known: coffee, tea"),
        ("brand-loyalty", {"unit": "store"}, "cannot be split by store"),
        ("satisfaction", {"compare_by": "regio"}, r"Did you mean 'region'\? Known: region, wave"),
        ("satisfaction", {"recommend": "qualty"}, r"Did you mean 'quality'\? Known: quality"),
        ("segmentation", {"inputs": '["n_oders"]'}, "Did you mean 'n_orders'"),
        ("segmentation", {"rfm_cuts": '{"money": [4, 3, 2, 1]}'}, "four ascending numbers"),
    ],
)
def test_a_name_that_is_not_there_is_refused_with_those_that_are(study, report, given, said):
    with pytest.raises(CrmError, match=said):
        look_up(study, report, **given)


def test_what_is_there_or_left_open_passes(study):
    for report in ("churn", "loyalty", "brand-loyalty", "satisfaction", "segmentation"):
        look_up(study, report)
    look_up(study, "churn", group="payment", covariates='["age", "region"]')
    look_up(study, "loyalty", programme="plus")
    look_up(study, "brand-loyalty", category="tea")
    look_up(study, "satisfaction", compare_by="region", recommend="")
    look_up(study, "segmentation", inputs='["n_orders", "region"]')


def test_a_purpose_that_the_records_do_not_carry_is_refused():
    people = pd.DataFrame({"customer_id": ["a", "b"], "region": ["north", "south"]})
    with pytest.raises(CrmError, match="purpose that these records carry, such as attributes"):
        look_up(a_study(customers=people, attributes=KINDS), "segmentation", purpose="contracts")
