"""Parts of data quality by themselves: trends, paired changes, names, and a rule for every kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crm_research.contracts.rules import RULES
from crm_research.contracts.tables import TABLES
from crm_research.features.untrue_records import _ASKS, UntrueCount, UntrueRecords
from crm_research.pillars.data_quality import effects
from crm_research.pillars.data_quality.dimensions import DIMENSION_OF, DIMENSIONS, keeper_of
from crm_research.pillars.data_quality.names import tell_apart
from crm_research.pillars.data_quality.trends import judge_trends
from crm_research.pillars.data_quality.untrue import kind_of, say_found, say_otherwise, say_read


def months(n, missing, column="age"):
    return pd.DataFrame(
        {"table": "customers", "column": column, "month": range(24_000, 24_000 + len(n)), "n_asked": n,
         "n_missing": missing}
    )  # fmt: skip


def test_every_rule_tells_of_one_kind_of_quality_and_every_table_has_a_keeper():
    assert set(DIMENSION_OF) == set(RULES)
    assert set(DIMENSION_OF.values()) == set(DIMENSIONS)
    assert all("keeps the table" not in keeper_of(table) for table in TABLES)
    assert keeper_of("orders", "zero-date") == "whoever exports the records"


def test_a_line_is_weighed_by_rows_and_tested_with_armitage():
    n, missing = [100, 200, 100, 100, 300, 100], [10, 22, 14, 15, 51, 20]
    (row,) = judge_trends(months(n, missing)).to_dict("records")
    slope, height = np.polyfit(range(6), np.divide(missing, n), 1, w=np.sqrt(n))
    assert (row["slope"], row["first_share"]) == pytest.approx((slope, height))
    # Armitage's test by its usual formula; the months vary less about the line than chance, so its spread stays.
    x, rows, hits = np.arange(6), np.array(n), np.array(missing)
    p = hits.sum() / rows.sum()
    numerator = (hits * x).sum() - p * (rows * x).sum()
    variance = p * (1 - p) * ((rows * x**2).sum() - (rows * x).sum() ** 2 / rows.sum())
    assert row["p_value"] == pytest.approx(2 * stats.t.sf(numerator / np.sqrt(variance), 4))
    assert row["p_value"] == pytest.approx(0.053434, abs=1e-6)


def test_too_few_months_or_values_are_not_tested():
    assert judge_trends(months([50] * 5, [5] * 5)).empty
    assert judge_trends(months([50] * 6, [4, 0, 0, 0, 0, 0])).empty
    assert judge_trends(months([50] * 6, [50] * 6)).empty
    assert len(judge_trends(months([50] * 6, [5, 0, 0, 0, 0, 0]))) == 1


@pytest.mark.slow
def test_no_trend_is_found_in_95_of_100_worlds_without_one():
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(400):
        n = rng.integers(20, 200, 24)
        parts = [months(n, rng.binomial(n, rate), f"c{i}") for i, rate in enumerate((0.03, 0.1, 0.3, 0.6))]
        found += bool((judge_trends(pd.concat(parts))["p_adjusted"] < 0.05).any())
    assert found <= 400 * 0.05 + 2 * np.sqrt(400 * 0.05 * 0.95)


def world(rng, n=500):
    """Purchases and money of customers, once as they are and once without a tenth of the purchases."""
    bought = rng.poisson(2.0, n) + 1
    price = rng.lognormal(3.0, 0.8, n)
    out = rng.binomial(bought, 0.1)
    before = np.stack([bought, bought, bought * price])
    return before.astype(float), np.stack([bought - out, bought - out, (bought - out) * price]).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("figure", [effects.AVERAGE, effects.TOP, effects.AGAIN, effects.CUSTOMERS])
def test_limits_of_a_change_hold_the_truth_in_95_of_100_worlds(figure):
    rng = np.random.default_rng(5)
    measure = effects._FIGURES[figure]
    every = measure(*world(rng, 400_000), 2, 0.95)
    truth = every[2] / 400_000 * 500 if figure == effects.CUSTOMERS else every[2]
    held = 0
    for _ in range(200):
        *_, lower, upper = measure(*world(rng), 2, 0.95)
        held += lower <= truth <= upper
    assert held >= 200 * 0.95 - 2.5 * np.sqrt(200 * 0.95 * 0.05)


def test_where_nothing_changes_there_is_no_change_and_no_width():
    before, _ = world(np.random.default_rng(1), 50)
    for figure, measure in effects._FIGURES.items():
        as_they_are, without, change, lower, upper = measure(before, before, 2, 0.95)
        assert (as_they_are, change) == (without, 0.0), figure
        if figure != effects.CUSTOMERS:
            assert (lower, upper) == (0.0, 0.0), figure


def test_where_nobody_is_left_a_mean_is_not_known():
    before, _ = world(np.random.default_rng(1), 50)
    for figure in (effects.AVERAGE, effects.TOP, effects.AGAIN):
        assert np.isnan(effects._FIGURES[figure](before, 0 * before, 2, 0.95)[2]), figure


def test_names_that_are_cut_alike_are_told_apart():
    assert tell_apart(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]


def test_what_is_said_of_untrue_records_reads_with_one_and_with_many():
    one = UntrueCount(suspicion="shared_phone", n_checked=9, n_suspected=1, n_by_chance=0.0)
    assert say_found(one) == "1 record has its phone number under more than ten names."
    born = UntrueCount(suspicion="born_on_january_first", n_checked=4000, n_suspected=1250, n_by_chance=12.34)
    assert say_found(born) == "1,250 records are of people born on 1 January, beyond what chance gives in their system."
    assert say_otherwise(born) == "Chance alone explains about 12.3 of them."
    assert {kind_of(name) for name in _ASKS} == {
        "names that stand for no one", "names run off the keyboard", "e-mail addresses that nobody reads",
        "phone numbers that are none", "births on 1 January beyond chance", "phone numbers that many share",
        "e-mail addresses that many share", "towns that are not in their postcode",
        "births that the identity number contradicts",
    }  # fmt: skip


def test_it_is_said_which_records_were_not_looked_at():
    nothing = pd.DataFrame()
    assert say_read(None) == say_read(UntrueRecords(listed=nothing)) == ""
    assert say_read(UntrueRecords(listed=nothing, n_records=7, n_read=7)) == ""
    assert say_read(UntrueRecords(listed=nothing, n_records=1_000_000, n_read=299_512)) == (
        "Names, addresses, numbers and births were looked at in 299,512 of the 1,000,000 records of the systems, drawn "
        "by lot; their shares stand for all."
    )
    assert say_read(UntrueRecords(listed=nothing, n_records=7, why_not="It lacks a library.")) == (
        "Names, addresses, numbers and births of the systems' records were not looked at. It lacks a library."
    )
