"""Spend is sales less returns wherever customers are ranked by it: whom every sale was credited spent nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_research.pillars.loyalty import describe_loyalty
from crm_research.pillars.loyalty.index.predictors import read_index_parts
from crm_research.pillars.loyalty.rhythm.measure import describe_rhythm
from crm_research.pillars.silent_churn.counting import read_big_spenders
from tests.builders import a_study, orders


def a_shop():
    """Sixty customers who buy every ten days or so for 10; one of them, c00, for 77,000, all of it credited later."""
    rng = np.random.default_rng(2)
    rows, kinds = [], []
    for i in range(60):
        at = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.cumsum(rng.exponential(10, 20)), unit="D").floor("D")
        rows += [(f"c{i:02}", day, 77_000.0 if i == 0 else 10.0) for day in at]
        kinds += ["sale"] * 20
    rows.append(("c00", pd.Timestamp("2023-12-30"), -20 * 77_000.0))
    return a_study(as_of="2023-12-31", orders=orders(*rows, kind=[*kinds, "return"]))


def test_a_customer_wholly_credited_is_among_no_valuable_ones():
    study = a_shop()
    parts = read_index_parts(study).set_index("customer_id")
    assert parts.loc["c00", "spend"] == 0.0
    assert parts.loc["c01", "spend"] == 200.0
    assert "c00" not in read_big_spenders(study, 100)["customer_id"].tolist()
    rhythm = describe_rhythm(study, describe_loyalty(study))
    assert "c00" not in rhythm.overdue["customer_id"].tolist()
    assert rhythm.standing["spend"].sum() == 59 * 200.0
