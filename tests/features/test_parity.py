"""CDNOW against lifetimes and against the summary that Fader and Hardie published with their papers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.features.rfm import build_outcomes, build_rfm, count_patterns
from tests.builders import a_study

datasets = pytest.importorskip("lifetimes.datasets", reason="needs the samples extra")
pytestmark = pytest.mark.filterwarnings("ignore::Warning")


@pytest.fixture(scope="module")
def lines():
    """The transactions of the sample: 6,919 lines, several of them on one day."""
    raw = datasets.load_dataset("CDNOW_sample.txt", header=None, sep=r"\s+")
    raw.columns = ["master_id", "customer_id", "ordered_at", "n_discs", "revenue"]
    raw["ordered_at"] = pd.to_datetime(raw.ordered_at.astype(str))
    return raw.assign(order_id=raw.index.astype(str), customer_id=raw.customer_id.map("{:04d}".format))


@pytest.fixture(scope="module")
def study(lines):
    """Thirty-nine weeks of calibration, as in the papers, and the rest kept apart."""
    bought = lines[["order_id", "customer_id", "ordered_at", "revenue"]]
    return a_study(as_of="1997-09-30", holdout_until="1998-06-30", orders=bought)


def by_customer(built):
    return built.execute().sort_values("customer_id").reset_index(drop=True)


def test_frequency_recency_age_and_outcomes_agree_with_lifetimes(lines, study):
    from lifetimes.utils import calibration_and_holdout_data

    theirs = calibration_and_holdout_data(
        lines, "customer_id", "ordered_at", calibration_period_end="1997-09-30", observation_period_end="1998-06-30"
    ).sort_index()
    ours = by_customer(build_rfm(study, occasion="day"))
    assert ours.customer_id.tolist() == theirs.index.tolist()
    np.testing.assert_array_equal(ours.frequency, theirs.frequency_cal)
    np.testing.assert_array_equal(ours.recency_days, theirs.recency_cal)
    np.testing.assert_array_equal(ours.age_days, theirs.T_cal)
    later = by_customer(build_outcomes(study, occasion="day"))
    np.testing.assert_array_equal(later.holdout_orders, theirs.frequency_holdout)


def test_money_of_repeat_purchases_agrees_with_lifetimes(lines, study):
    from lifetimes.utils import summary_data_from_transaction_data

    theirs = summary_data_from_transaction_data(
        lines, "customer_id", "ordered_at", monetary_value_col="revenue", observation_period_end="1997-09-30",
        include_first_transaction=True,
    ).sort_index()  # fmt: skip
    ours = by_customer(build_rfm(study, occasion="day"))
    np.testing.assert_array_equal(ours.n_orders, theirs.frequency)
    np.testing.assert_allclose(ours.mean_order_value, theirs.monetary_value)


def test_the_published_summary_of_2357_customers_in_weeks(study):
    # Fader, Hardie and Lee (2005): x, t_x and T of 2,357 customers, with 2,457 repeat purchases, printed to 2 digits.
    published = datasets.load_cdnow_summary()
    ours = by_customer(build_rfm(study, occasion="day"))
    assert len(ours) == 2357
    assert ours.frequency.sum() == 2457
    assert (ours.frequency > 0).sum() == 946
    np.testing.assert_array_equal(ours.frequency, published.frequency)
    np.testing.assert_allclose(ours.recency_days / 7, published.recency, atol=0.0051)
    np.testing.assert_allclose(ours.age_days / 7, published["T"], atol=0.0051)


def test_the_patterns_hold_the_same_customers(study):
    patterns = count_patterns(study, occasion="day").execute()
    assert patterns.n_customers.sum() == 2357
    assert (patterns.frequency * patterns.n_customers).sum() == 2457
    assert len(patterns) < 1500


def test_the_study_of_the_catalogue_gives_the_same(study):
    from crm_research.sources.opening import open_study

    ours = by_customer(build_rfm(study, occasion="day"))
    opened = build_rfm(open_study("cdnow")).execute()
    numbers = opened.assign(customer_id=opened.customer_id.astype(int)).sort_values("customer_id")
    columns = ["frequency", "recency_days", "age_days", "spend"]
    np.testing.assert_allclose(numbers[columns].astype(float), ours[columns].astype(float))
