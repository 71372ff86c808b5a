"""Periods of tenure that stand out, and null worlds in which none does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from crm_research.models.survival import count_rows, estimate_period_shares, find_peaks
from crm_research.vocabulary import days_in_months

MONTHS = [days_in_months(number) for number in range(1, 37)]

N_WORLDS = 200


def rates(*rows: tuple[int, float]) -> pd.DataFrame:
    ended, exposure = zip(*rows, strict=True)
    return pd.DataFrame({"period_index": range(len(rows)), "n_ended": ended, "exposure_days": exposure})


def test_each_period_is_tested_against_one_rate_and_adjusted_for_all():
    # 9 of 20 ends in a tenth of the time: P(X >= 9 | 20, .1) = 5.985853174e-05 (R: 1 - pbinom(8, 20, .1)).
    found = find_peaks(rates((9, 100.0), (7, 500.0), (4, 400.0)))
    assert found.tested["p_value"].iloc[0] == pytest.approx(5.985853174e-05, rel=1e-6)
    assert found.tested["p_value"].iloc[1] == pytest.approx(binom.sf(6, 20, 0.5))
    assert found.tested["p_adjusted"].iloc[0] == pytest.approx(3 * 5.985853174e-05, rel=1e-6)
    assert found.standing["period_index"].tolist() == [0]
    assert found.leader["n_ended"] == 9


def test_of_two_that_stand_out_alike_neither_leads():
    found = find_peaks(rates((60, 100.0), (10, 100.0), (10, 100.0), (62, 100.0), (10, 100.0), (10, 100.0)))
    assert found.standing["period_index"].tolist() == [0, 3]
    assert found.leader is None


def test_of_two_that_stand_out_the_one_far_above_leads():
    found = find_peaks(rates((60, 100.0), (10, 100.0), (10, 100.0), (120, 100.0), (10, 100.0), (10, 100.0)))
    assert found.standing["period_index"].tolist() == [0, 3]
    assert found.leader["period_index"] == 3


def test_the_leader_leads_at_the_level_divided_by_all_periods():
    # Against 60 of the same time, 92 have p .00584 (R: 1 - pbinom(91, 152, .5)), 91 have .00718: the border is .05 / 8.
    crowd = [(5, 100.0)] * 6
    assert find_peaks(rates((60, 100.0), (92, 100.0), *crowd)).leader["n_ended"] == 92
    assert find_peaks(rates((60, 100.0), (91, 100.0), *crowd)).leader is None


def test_a_month_does_not_lead_one_that_few_reached_and_that_is_as_dangerous():
    # Months 1 and 6 are equally dangerous (.12); in month 6 so few are left that only month 1 stands out.
    found = find_peaks(rates((120, 1000.0), (35, 700.0), (25, 500.0), (18, 350.0), (12, 240.0), (12, 100.0)))
    assert found.standing["period_index"].tolist() == [0]
    assert found.leader is None


def test_a_dip_is_no_peak():
    assert find_peaks(rates((52, 100.0), (20, 100.0), (50, 100.0))).standing.empty


@pytest.mark.parametrize("table", [rates((5, 100.0)), rates((0, 100.0), (0, 50.0))])
def test_one_period_or_no_end_gives_nothing_to_name(table):
    found = find_peaks(table)
    assert found.standing.empty
    assert found.leader is None
    assert found.tested["p_value"].isna().all()


@pytest.mark.slow
def test_null_worlds_of_constant_danger_name_a_month_in_at_most_one_of_twenty():
    rng = np.random.default_rng(20240101)
    n_named = 0
    for _ in range(N_WORLDS):
        stay, watched = rng.exponential(500, 400), rng.uniform(0, 1460, 400)
        ended = pd.Series(stay <= watched)
        table = estimate_period_shares(
            count_rows(pd.Series(np.ceil(np.minimum(stay, watched))), ended), ends_days=MONTHS
        )
        n_named += not find_peaks(table).standing.empty
    # Two standard errors of a share of .05 among 200.
    assert n_named / N_WORLDS <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / N_WORLDS)


def test_worlds_with_one_dangerous_month_name_it():
    rng = np.random.default_rng(4)
    n_found = 0
    for _ in range(40):
        stay = np.where(rng.random(1500) < 0.08, rng.uniform(335, 365, 1500), rng.exponential(900, 1500))
        watched = rng.uniform(0, 1460, 1500)
        exits = pd.Series(np.ceil(np.minimum(stay, watched)))
        found = find_peaks(estimate_period_shares(count_rows(exits, pd.Series(stay <= watched)), ends_days=MONTHS))
        is_led_by_another = found.leader is not None and found.leader["period_index"] != 11
        n_found += 11 in found.standing["period_index"].tolist() and not is_led_by_another
    assert n_found >= 38
