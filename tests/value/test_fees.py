"""How fees of contracts rise and fall, and what that does to what they will bring."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from crm_research.features.fees import running_contracts, sum_fee_changes
from crm_research.models.lifetime_value import FeeGrowth, estimate_growth, value_contracts
from crm_research.models.parametric import fit_parametric
from crm_research.pillars.value.lifetime.fees import NO_STATES, NOTHING_NOW, TOO_FEW, find_growth
from crm_research.pillars.value.lifetime.measure import measure_lifetime
from crm_research.pillars.value.lifetime.words import say_growth
from tests.builders import a_study, contracts

AS_OF = "2024-07-01"
YEAR = 365.25


def states(*rows: tuple[str, str, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["contract_id", "valid_from", "fee"])


def some_contracts(n: int, growth: float = 0.0, *, seed: int = 1, years: int = 1):
    """Contracts of two to four years, a quarter of which have ended; the fee of every one changes once a year."""
    rng = np.random.default_rng(seed)
    begun = pd.Timestamp("2020-07-01") + pd.to_timedelta(rng.integers(0, 730, n), unit="D")
    is_over = np.arange(n) % 4 == 3
    ended = [str(pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(day))) for day in rng.integers(0, 540, n)]
    rows = [(f"c{i}", str(begun[i]), ended[i] if is_over[i] else None, "price") for i in range(n)]
    held = contracts(*rows, fee=[10.0 + i % 7 for i in range(n)])
    own = held["contract_id"]
    changed = [(own[i], str(begun[i]), 10.0 + i % 7) for i in range(n)]
    changed += [(own[i], "2023-12-01", (10.0 + i % 7) * (1 + growth) ** years) for i in range(n) if not is_over[i]]
    return held, states(*changed)


def test_the_fee_is_that_of_the_latest_state_known_which_has_one():
    held = contracts(("ann", "2023-01-01", None, None), ("bob", "2023-01-01", None, None), fee=[5.0, 6.0])
    first, second = held["contract_id"]
    changed = states((first, "2023-06-01", 7.0), (first, "2024-01-01", None), (first, "2024-08-01", 99.0))
    study = a_study(as_of=AS_OF, contracts=held, contract_states=changed)
    found = running_contracts(study).order_by("customer_id").to_pandas()
    assert found["contract_id"].tolist() == [first, second]
    assert found["fee"].tolist() == [7.0, 6.0]


def test_rises_and_falls_of_contracts_that_ran_at_both_ends():
    held = contracts(
        ("ann", "2022-01-01", None, None), ("bob", "2022-01-01", None, None), ("cid", "2022-01-01", None, None),
        ("dan", "2023-12-01", None, None), ("eve", "2022-01-01", "2024-01-01", "price"),
        fee=[10.0, 20.0, 40.0, 80.0, 160.0],
    )  # fmt: skip
    own = held["contract_id"]
    changed = states((own[0], "2024-01-01", 13.0), (own[1], "2023-01-01", 25.0), (own[1], "2024-02-01", 24.0))
    study = a_study(as_of=AS_OF, contracts=held, contract_states=changed)
    found = sum_fee_changes(study, datetime(2023, 7, 1)).to_pandas().iloc[0]
    assert (found["n_contracts"], found["n_risen"], found["n_fallen"]) == (3, 1, 1)
    assert (found["fees_then"], found["fees_now"], found["risen"], found["fallen"]) == (75.0, 77.0, 3.0, 1.0)
    assert (found["then_then"], found["then_now"], found["now_now"]) == (2325.0, 2330.0, 2345.0)


def test_growth_is_the_ratio_of_sums_by_year_and_its_limits_those_of_the_ratio():
    rng = np.random.default_rng(5)
    then = rng.gamma(4.0, 5.0, 4_000)
    now = then * rng.normal(1.21, 0.3, 4_000)
    sums = {
        "n_contracts": 4_000, "n_risen": 3_000, "n_fallen": 1_000, "fees_then": then.sum(), "fees_now": now.sum(),
        "risen": 50.0, "fallen": 25.0, "then_then": then @ then, "then_now": then @ now, "now_now": now @ now,
    }  # fmt: skip
    found = estimate_growth(sums, 2)
    assert found is not None
    assert found.yearly == pytest.approx((now.sum() / then.sum()) ** 0.5 - 1)
    drawn = [rng.integers(0, 4_000, 4_000) for _ in range(400)]
    spread = np.std([np.log(now[at].sum() / then[at].sum()) / 2 for at in drawn])
    assert np.sqrt(found.log_variance) == pytest.approx(spread, rel=0.1)
    assert found.spread == pytest.approx((0.3 / 1.21) ** 2 / 2, rel=0.1)
    assert estimate_growth(sums | {"n_contracts": 99}, 2) is None
    assert estimate_growth(sums | {"fees_now": 0.0}, 2) is None


def growth_of(yearly: float, *, years: float = 1.0, variance: float = 0.0, spread: float = 0.0) -> FeeGrowth:
    return FeeGrowth(
        yearly=yearly, log_variance=variance, spread=spread, years=years, n_contracts=100, n_risen=1, n_fallen=1,
        risen_share=0.0, fallen_share=0.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def fit():
    rng = np.random.default_rng(2)
    tenure = rng.exponential(800.0, 400)
    spells = pd.DataFrame({"tenure_days": np.ceil(np.minimum(tenure, 900.0)), "is_ended": tenure < 900.0})
    return fit_parametric(spells, shape="exponential")


ROWS = pd.DataFrame({"tenure_days": [10.0, 700.0], "fee": [20.0, 50.0]})


@pytest.mark.parametrize("yearly", [0.2, -0.3, 0.0])
def test_fees_grow_as_long_as_growth_was_seen_and_then_stay(fit, yearly):
    leaving, discount, grows = float(fit.at(1.0)["hazard"].iloc[0]), np.log(1.1) / YEAR, np.log1p(yearly) / YEAR
    found = value_contracts(fit, ROWS, horizon_days=3 * YEAR, rate=0.1, growth=growth_of(yearly, variance=0.01))
    first, then = leaving + discount - grows, leaving + discount
    days = (1 - np.exp(-first * YEAR)) / first
    days += np.exp(-first * YEAR) * (1 - np.exp(-then * 2 * YEAR)) / then
    np.testing.assert_allclose(found.expected, [20.0, 50.0] * np.array(days / (YEAR / 12)), rtol=2e-4)
    kept = (1 - np.exp(-(discount - grows) * YEAR)) / (discount - grows)
    kept += np.exp(-(discount - grows) * YEAR) * (1 - np.exp(-discount * 2 * YEAR)) / discount
    np.testing.assert_allclose(found.staying, np.array([20.0, 50.0]) * kept / (YEAR / 12), rtol=1e-9)
    # The slope in the growth, by a small step of it.
    near = [
        value_contracts(fit, ROWS, horizon_days=3 * YEAR, rate=0.1, growth=growth_of(np.expm1(np.log1p(yearly) + step)))
        for step in (1e-4, -1e-4)
    ]
    slope = (near[0].expected.sum() - near[1].expected.sum()) / 2e-4
    plain = near[0].total()["of_params"].iloc[0]
    assert found.total()["of_params"].iloc[0] == pytest.approx(plain + 0.01 * slope**2, rel=2e-3)


def test_contracts_with_fees_of_their_own_course_are_less_sure(fit):
    same = value_contracts(fit, ROWS, horizon_days=2 * YEAR, rate=0.1, growth=growth_of(0.0))
    apart = value_contracts(fit, ROWS, horizon_days=2 * YEAR, rate=0.1, growth=growth_of(0.0, spread=0.04))
    np.testing.assert_allclose(same.expected, apart.expected)
    assert (apart.variance > 1.01 * same.variance).all()


def test_with_nine_of_ten_chance_a_contract_brings_its_fees_until_a_tenth_has_left(fit):
    leaving, discount = float(fit.at(1.0)["hazard"].iloc[0]), np.log(1.1) / YEAR
    found = value_contracts(fit, ROWS, horizon_days=2 * YEAR, rate=0.1, margin=0.5)
    day = -np.log(0.9) / leaving
    worth = (1 - np.exp(-discount * day)) / discount / (YEAR / 12)
    np.testing.assert_allclose(found.at_least(0.9), np.array([10.0, 25.0]) * worth, rtol=1e-3)
    # Who surely outlives the horizon pays to its end.
    whole = value_contracts(fit, ROWS, horizon_days=20.0, rate=0.1)
    np.testing.assert_allclose(whole.at_least(0.9), whole.staying)
    assert (found.at_least(0.5) > found.at_least(0.9)).all()


@pytest.mark.slow
def test_fees_that_rose_go_on_rising_and_the_page_says_how_far():
    held, changed = some_contracts(240, 0.1)
    study = a_study(as_of=AS_OF, contracts=held, contract_states=changed)
    growth, why = find_growth(study)
    assert growth is not None
    assert (why, growth.n_contracts, growth.n_risen, growth.years) == ("", 180, 180, 2.0)
    assert growth.yearly == pytest.approx(1.1**0.5 - 1)
    rising, level = measure_lifetime(study), measure_lifetime(a_study(as_of=AS_OF, contracts=held))
    assert rising.fees is not None
    assert level.fees is not None
    # Today's fee is a tenth higher than that of the contract, and grows for two years more.
    assert rising.fees.rows["fee"] @ rising.fees.rows["n_contracts"] == pytest.approx(
        1.1 * (level.fees.rows["fee"] @ level.fees.rows["n_contracts"])
    )
    assert rising.all["expected"] > 1.1 * level.all["expected"]
    assert "changed by 4.9 % a year: over all of that time rises came to 10.0 % and falls to 0.0 %" in say_growth(
        rising
    )
    assert say_growth(level) == f"{NO_STATES}, so fees are taken to stay as they are."


@pytest.mark.slow
def test_a_few_contracts_tell_no_growth():
    held, changed = some_contracts(60, 0.1)
    study = a_study(as_of=AS_OF, contracts=held, contract_states=changed)
    assert find_growth(study) == (None, TOO_FEW)


@pytest.mark.slow
def test_fees_that_stay_as_they_are_or_end_are_said_to():
    held, changed = some_contracts(240, 0.0)
    said = say_growth(measure_lifetime(a_study(as_of=AS_OF, contracts=held, contract_states=changed)))
    assert said == (
        "No fee changed of the contracts that ran through the last 2 years, so fees are taken to stay as they are."
    )
    free = changed.assign(fee=np.where(changed["valid_from"] == "2023-12-01", 0.0, changed["fee"]))
    found = find_growth(a_study(as_of=AS_OF, contracts=held, contract_states=free))
    assert found == (None, NOTHING_NOW)
