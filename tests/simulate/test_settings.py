"""Settings that make no world are refused in words, all at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crm_research.errors import ParameterError
from crm_research.simulate import Reason, WorldSettings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_customers": -5}, "n_customers must be 1 to 99,999,999, found -5"),
        ({"n_customers": 0}, "n_customers must be"),
        ({"n_customers": "many"}, "n_customers must be a whole number, found 'many'"),
        ({"complaints": None}, "complaints must be a number, found None"),
        ({"seed": -1}, "seed must lie between 0"),
        ({"as_of": datetime(2021, 1, 1)}, "as_of 2021-01-01 must lie after start 2022-01-01"),
        ({"holdout_until": datetime(2024, 6, 30)}, "holdout_until 2024-06-30 must lie after as_of"),
        ({"as_of": datetime(2024, 6, 30, tzinfo=UTC)}, "datetimes without a zone"),
        ({"as_of": date(2024, 6, 30)}, "datetimes without a zone"),
        ({"start": datetime(1901, 1, 1)}, "40 years at most, found 124"),
        ({"business_share": 1.2}, "business_share must lie between 0 and 1, found 1.2"),
        ({"return_rate": -0.1}, "return_rate must lie between 0 and 1"),
        ({"dirt": float("nan")}, "dirt must lie between 0 and 1, found nan"),
        ({"rate_scale_days": 0.0}, "rate_scale_days must be above 0"),
        ({"rate_scale_days": 0.01}, "more than 1,000 orders on average; raise rate_scale_days"),
        ({"spend_spread": 1.0}, "spend_spread must be above 1"),
        ({"n_segments": 9}, "n_segments must be 1 to 8, found 9"),
        ({"separation": 50.0}, "separation must lie between 0 and 5"),
        ({"lines_per_order": 0.5}, "lines_per_order must be at least 1"),
        ({"regularity": 0}, "regularity must be"),
        ({"currency": "euro"}, "currency must be an ISO 4217 code"),
        ({"name": "My World"}, "name must be made of at most 80 of a-z, 0-9 and hyphens, found 'My World'"),
        ({"intake_days": 9_999.0}, "intake_days must lie above 0 and within the records"),
        ({"effects": {"plan=flx": 1.0}}, "unknown covariate 'plan=flx'. Did you mean 'plan=flex'"),
        ({"reason_effects": {"prize": {"log_fee": 1.0}}}, "unknown reason 'prize'. Did you mean 'price'"),
        ({"reasons": ()}, "reasons must be at least one"),
        ({"reasons": (Reason(name="x", scale_days=-1.0),), "reason_effects": {}}, "hazard of 'x' needs a scale"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_found(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        WorldSettings(**wrong)


def test_all_wrong_settings_are_told_at_once() -> None:
    with pytest.raises(ParameterError, match=r"(?s)n_customers.*dirt.*currency"):
        WorldSettings(n_customers=-1, dirt=3.0, currency="x")


def test_a_null_world_has_no_segments_and_no_effects() -> None:
    world = WorldSettings.without_effects(n_customers=10)
    assert world.n_segments == 1
    assert world.campaign_effect == 0.0
    assert all(world.log_hazard_ratio(reason.name, "plan=flex") == 0.0 for reason in world.reasons)


def test_an_effect_on_one_reason_adds_to_the_common_one() -> None:
    world = WorldSettings(effects={"log_fee": 0.5}, reason_effects={"price": {"log_fee": 0.25}})
    assert world.log_hazard_ratio("price", "log_fee") == 0.75
    assert world.log_hazard_ratio("moved", "log_fee") == 0.5
