"""What a customer will bring where it is in doubt who that is: as the report on value has it, at any seed."""

from __future__ import annotations

import numpy as np
import pytest

from crm_research.models.joins import draw_joins
from crm_research.pillars.customer_file.worth import read_to_come
from crm_research.pillars.value import ValuePage
from crm_research.pillars.value.risk.single import quantile_of_each
from tests.value.test_joins import a_shop


@pytest.mark.slow
def test_what_is_to_come_of_who_is_in_doubt_is_as_the_report_on_value_has_it_and_within_limits_over_all_joins():
    study = a_shop([(i, i + 1, 0.5) for i in range(0, 60, 2)])
    page = ValuePage(study)
    risk = page._doubt(page.to_come, page.parted, drawn=draw_joins(study, seed=7))
    known = risk.customers.set_index("customer_id")
    ids = [*risk.identity.customers["customer_id"], "K399"]
    told = read_to_come(study, ids, confidence=0.95, seed=7).rows.set_index("customer_id")
    assert told["expected"].to_numpy() == pytest.approx(known.loc[told.index, "paid"].to_numpy())
    assert told["sure"].to_numpy() == pytest.approx(known.loc[told.index, "sure"].to_numpy())
    places = risk.parts.names.get_indexer(told.index)
    as_linked = quantile_of_each(risk.parts, risk.lifetime, 0.975, places)
    # In half of the draws nothing comes under the number of who is joined to another, and more under the other's.
    is_joined = told.index.isin([f"K{i:03}" for i in range(1, 60, 2)])
    assert (told.loc[is_joined, "lower"] == 0).all()
    assert (told["upper"].to_numpy()[~is_joined] >= as_linked[~is_joined] * (1 - 1e-9)).all()
    assert told["upper"].to_numpy()[~is_joined].sum() > 1.1 * as_linked[~is_joined].sum()
    alone = told.index == "K399"
    assert told.loc[alone, "upper"].to_numpy() == pytest.approx(
        np.maximum(as_linked[alone], told.loc[alone, "expected"])
    )
