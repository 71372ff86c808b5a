"""What share of contracts would last a year had doubtful joins been decided otherwise: both worlds by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.churn.curves.analysis import describe_churn
from crm_research.pillars.churn.joins import measure_joins
from crm_research.show.joined import joins_figures, say_joins
from crm_research.study import Continuation
from tests.builders import a_study

pytestmark = pytest.mark.slow

N = 40
PAIR = ["left_system", "left_local_id", "right_system", "right_local_id", "probability", "standing"]


def a_linked(*, joined_within=30, names_records=True, p=0.5):
    """Forty contracts of as many records: five end after 100 days; the second begins five days after the first ends."""
    names = pd.DataFrame({"system": "a", "local_id": [str(i) for i in range(N)]})
    names["customer_id"] = [f"K{i:02}" for i in range(N)]
    held = names.assign(contract_id=[f"c{i}" for i in range(N)], started_at=pd.Timestamp("2022-01-01"))
    held["ended_at"] = pd.Series(pd.NaT, index=held.index, dtype="datetime64[ns]")
    held.loc[2:6, "ended_at"] = pd.Timestamp("2022-04-11")
    held.loc[0, "ended_at"] = pd.Timestamp("2022-06-30")
    held.loc[1, "started_at"] = pd.Timestamp("2022-07-05")
    if not names_records:
        held = held.drop(columns=["system", "local_id"])
    orders = names.assign(
        order_id=[f"o{i}" for i in range(N)], ordered_at=pd.Timestamp("2024-01-05"), revenue=1.0
    )  # fmt: skip
    doubts = pd.DataFrame([("a", "0", "a", "1", p, "apart")], columns=PAIR)
    study = a_study(contracts=held, orders=orders, links=names.assign(probability=1.0), link_doubts=doubts)
    return replace(study, continuation=Continuation(within_days=joined_within) if joined_within else None)


def test_where_contracts_go_on_in_each_other_it_matters_whose_they_are():
    study = a_linked()
    told = measure_joins(study, describe_churn(study), seed=3)
    values = told.found.values  # noqa: PD011 - not a frame
    # Of 40 contracts six end within a year; of 39, where the second goes on in the first, five do.
    assert sorted(set(np.round(values, 12))) == pytest.approx([34 / 40, 34 / 39])
    assert np.mean(values < 0.86) == pytest.approx(0.5, abs=0.3)
    assert told.found.point == pytest.approx(34 / 40)
    assert say_joins(told).startswith(
        "1 pair of records is in doubt: were they joined or parted otherwise, 85 to 87 % of the contracts would last "
        "longer than 12 months; of all that is uncertain about it, about "
    )


def test_where_each_contract_is_counted_by_itself_nothing_hangs_on_the_joins():
    study = a_linked(joined_within=None)
    told = measure_joins(study, describe_churn(study), seed=3)
    assert say_joins(told).startswith(
        "1 pair of records is in doubt, and nothing here hangs on them: each contract is counted by itself"
    )
    (figure,) = joins_figures(told)
    assert (figure.estimate, figure.n) == (0.0, 1)


def test_contracts_that_name_customers_alone_are_not_moved_by_what_orders_say():
    study = a_linked(names_records=False)
    told = measure_joins(study, describe_churn(study), seed=3)
    assert say_joins(told) == (
        "1 pair of records is in doubt, and how much here hangs on them is not known: contracts name customers, and "
        "not the records of the systems that they came with."
    )
    assert joins_figures(told) == []
