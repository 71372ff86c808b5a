"""How well customers are known, as a sentence: none, some, nearly all, all."""

from types import SimpleNamespace

import pandas as pd
import pytest

from crm_research.pillars.customer_base.advice import say_known


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([], "Beside their dealings nothing is recorded of customers."),
        ([1.0, 0.85], "Of what is recorded of customers, age is known of the fewest: of 85 %."),
        ([1.0, 0.97], "All that is recorded of customers is known of 97 % of them or more."),
        ([1.0, 1.0], "All that is recorded of customers is known of all of them."),
    ],
)
def test_how_well_customers_are_known(shares, said):
    names = ["region known", "age known"][: len(shares)]
    coverage = pd.DataFrame({"about": "details", "what": names, "share": shares})
    assert say_known(SimpleNamespace(n_customers=40, coverage=coverage)) == said
