"""Every table alone, nobody, one customer, hostile words, all the same: the file says what it cannot tell."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.pillars.customer_file import CustomerFilePage, measure_file
from crm_research.pillars.customer_file.figures import file_figures
from tests.builders import a_study, contracts, orders
from tests.customer_file.worlds import CUSTOMERS, TABLES, workshop
from tests.told import check_figures

pytestmark = pytest.mark.slow

HOSTILE = "<b>$x_1$ = 'Ünï' 客户等级</b> " + "very " * 20 + "long"
ALONE = ("customers", "orders", "contracts", "contacts")


def hostile() -> object:
    people = CUSTOMERS.assign(region=HOSTILE).rename(columns={"region": HOSTILE})
    deals = TABLES["contracts"].assign(plan=HOSTILE, end_reason=HOSTILE)
    products = TABLES["products"].assign(category=HOSTILE)
    return a_study(
        **{**TABLES, "customers": people, "contracts": deals, "products": products},
        attributes={"customers": {HOSTILE: "category"}},
    )


WORLDS = {
    **{f"{name} alone": (lambda name=name: a_study(**{name: TABLES[name]})) for name in ALONE},
    "surveys and people alone": lambda: a_study(surveys=TABLES["surveys"], people=TABLES["people"]),
    "nobody": lambda: a_study(orders=orders(("a", "2024-08-01", 5.0))),
    "no ids": lambda: a_study(orders=orders(*[(None, None, None)] * 6).astype({"revenue": float})),
    "one order": lambda: a_study(orders=orders(("a", "2024-01-01", 5.0))),
    "one contract": lambda: a_study(contracts=contracts(("a", "2024-01-01", None, None))),
    "only returns": lambda: a_study(
        orders=orders(*[(f"r{i}", "2024-01-05", -5.0) for i in range(12)], kind=["return"] * 12)
    ),
    "all the same": lambda: a_study(orders=orders(*[(f"c{i}", "2024-01-05 08:00:00", 5.0) for i in range(40)])),
    "hostile": hostile,
    "people without contacts": lambda: workshop(contacts=None),
    "bills without payment": lambda: workshop(invoices=TABLES["invoices"].drop(columns="paid_at")),
}  # fmt: skip


@pytest.mark.parametrize("world", WORLDS)
def test_every_section_is_told(world):
    page = CustomerFilePage(WORLDS[world]())
    for name, made in page.sections().items():
        said = repr(made)
        assert said.strip(), name
        assert "nan" not in said.lower().split(), (name, said)
        assert "None" not in said.split(), (name, said)
    check_figures(page.figures)


def test_of_nobody_nothing_is_told_but_that():
    page = CustomerFilePage(WORLDS["nobody"]())
    assert page.result.ids == ()
    assert file_figures(page.result) == []
    assert "Nobody is known by this day" in repr(page.answer)


def test_what_is_not_said_to_be_paid_is_not_therefore_open():
    bills = measure_file(WORLDS["bills without payment"](), customers=("mill",)).industry.bills
    assert bills[["open_money", "overdue", "worst_days"]].isna().all(axis=None)
    assert bills["billed"].tolist() == [1_000.0]


@pytest.mark.parametrize("table", [name for name in TABLES if name != "orders"])
def test_each_table_may_be_absent(table):
    page = CustomerFilePage(workshop(**{table: None}), customers=("mill",))
    assert all(repr(made).strip() for made in page.sections().values())


def test_rows_of_later_days_change_nothing():
    later = {
        name: pd.concat([TABLES[name], TABLES[name].tail(1).assign(**{key: "x9", at: "2024-07-01 00:00:01"})])
        for name, key, at in (
            ("orders", "order_id", "ordered_at"), ("contacts", "contact_id", "opened_at"),
            ("contracts", "contract_id", "started_at"), ("people", "person_id", "since"),
        )
    }  # fmt: skip
    before, after = (CustomerFilePage(workshop(**more), customers=("mill",)) for more in ({}, later))
    for name in before.contents():
        if name != "provenance":
            assert repr(getattr(before, name)) == repr(getattr(after, name)), name
