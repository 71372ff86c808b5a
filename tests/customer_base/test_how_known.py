"""How well customers are known, as a sentence: none, some, nearly all, all."""

from types import SimpleNamespace

import pandas as pd
import pytest

from crm_research.pillars.customer_base import describe_base
from crm_research.pillars.customer_base.advice import say_known
from tests.builders import a_study, contracts


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([], "Beside their dealings nothing is recorded of customers."),
        ([1.0, 0.85], "Of what is recorded of customers, age is the least complete: it is known of 85 %."),
        ([1.0, 0.97], "All that is recorded of customers is known of 97 % of them or more."),
        ([1.0, 1.0], "All that is recorded of customers is known of all of them."),
    ],
)
def test_how_well_customers_are_known(shares, said):
    names = ["region known", "age known"][: len(shares)]
    coverage = pd.DataFrame({"about": "details", "what": names, "share": shares})
    assert say_known(SimpleNamespace(n_customers=40, coverage=coverage, elsewhere={})) == said


def test_what_stands_with_other_records_is_named_with_them():
    held = contracts(("a", "2020-01-01", None, None), ("b", "2021-01-01", "2022-01-01", "price"))
    held = held.assign(age=[31.0, 47.0], sex=["f", "m"], home_state=["NSW", "VIC"])
    study = a_study(
        contracts=held, attributes={"contracts": {"age": "number", "sex": "category", "home_state": "category"}}
    )
    assert say_known(describe_base(study)) == (
        "Nothing is recorded of customers themselves, but age, sex and home state with their contracts."
    )
    nothing = pd.DataFrame({"about": [], "share": []})
    elsewhere = {"orders": ("a_b",), "contracts": ("v", "w", "x", "y", "z", "q")}
    one = SimpleNamespace(n_customers=40, coverage=nothing, elsewhere=elsewhere)
    assert say_known(one) == (
        "Nothing is recorded of customers themselves, but a b with their orders and v, w, x, y and 2 more with their "
        "contracts."
    )
