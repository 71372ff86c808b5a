"""Orders that know the month or the week alone: who buys at random is not taken for a regular buyer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.silent_churn.analysis import describe_silence
from crm_research.pillars.silent_churn.words import regularity_finding
from crm_research.study import Study
from tests.builders import a_study, orders

_START = pd.Timestamp("2021-01-01")
_N_DAYS = 1095


def a_dated_world(n: int, rule: str, *, k: int = 1) -> tuple[Study, float]:
    """Customers won over eighteen months who buy at gaps of Erlang-k until they leave; and the share still there."""
    rng = np.random.default_rng(8)
    rows, n_there = [], 0
    for i in range(n):
        first, rate = rng.uniform(0, 540), rng.gamma(1.0) * 0.7 / 30
        leaves = first + rng.exponential(900)
        n_there += leaves > _N_DAYS
        at = first + np.cumsum(np.concatenate([[0.0], rng.gamma(k, size=1 + int(3 * rate * _N_DAYS)) / (k * rate)]))
        rows += [(f"c{i}", _START + pd.Timedelta(days=day), 1.0) for day in at[at < min(leaves, _N_DAYS)]]
    dated = orders(*rows)
    days = dated["ordered_at"].dt.normalize()
    if rule == "month":
        days = days.dt.to_period("M").dt.start_time
    elif rule == "week":
        days = days - pd.to_timedelta(days.dt.weekday, unit="D")
    return a_study(as_of="2024-01-01", orders=dated.assign(ordered_at=days)), n_there / n


@pytest.mark.parametrize("rule", ["month", "week", "day"])
def test_random_buyers_stay_random_whatever_the_dates_know(rule):
    study, there = a_dated_world(500, rule)
    silence = describe_silence(study)
    found = silence.fits.regularity
    assert found.lower < 1.0 < found.upper
    assert "MBG/CNBD-k" not in silence.fits.fitted
    assert float(silence.alive.lower) < there < float(silence.alive.upper)
    assert silence.fits.dates.is_coarse == (rule != "day")


def test_regular_buyers_are_found_through_months():
    silence = describe_silence(a_dated_world(300, "month", k=5)[0])
    assert silence.fits.regularity.lower > 1.25
    assert "MBG/CNBD-k" in silence.fits.fitted


@pytest.mark.slow
def test_the_page_says_in_what_gaps_were_counted():
    silence = describe_silence(a_dated_world(300, "month")[0])
    assert silence.fits.dates.n_dates == 36
    told = regularity_finding(silence)
    assert told.startswith("Customers buy about at random, as the models assume: ")
    assert told.endswith(
        " Purchases are dated on 36 of 1,065 days, far fewer than by chance, as where only the month or the week of an "
        "order is recorded. Gaps between purchases were therefore counted in these dates: counted in days, customers "
        "who buy at random would seem to buy by the clock."
    )
    daily = describe_silence(a_dated_world(300, "day")[0])
    assert "dated on" not in regularity_finding(daily)
