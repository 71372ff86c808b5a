"""What changed between two periods: counted by hand, recovered from worlds where it is known, and on the page."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.models.decisions import BAND_MIX, GROUP_MIX, RATES
from crm_research.pillars.churn.decisions.charts import draw_change
from crm_research.pillars.churn.decisions.decomposition import BANDS, decompose_change
from crm_research.pillars.churn.decisions.decomposition_words import (
    change_figures,
    change_finding,
    change_rows,
    reason_change_finding,
)
from crm_research.pillars.churn.decisions.page import change_section
from tests.builders import a_study, contracts
from tests.churn.worlds import a_world
from tests.reporting.pages import bundles

PLAN = {"contracts": {"plan": "category"}}
YEAR = 365.25


def a_changing_world(n=8000, *, seed=1, factor=2.0, share_after=0.5):
    """Contracts of plans 'flex' and 'fixed' that leave at 0.4 a year; from 2023 on 'flex' `factor` times as fast.

    Of those that begin from 2023 on, `share_after` are flex, before one half.
    """
    rng = np.random.default_rng(seed)
    started = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 4 * 365, n), unit="D")
    turn = pd.Timestamp("2023-01-01")
    flex = rng.random(n) < np.where(started >= turn, share_after, 0.5)
    until_turn = np.maximum((turn - started).days.to_numpy() / YEAR, 0.0)
    later = np.where(flex, factor, 1.0)
    left = rng.exponential(1 / 0.4, n)  # at the old rate
    years = np.where(left < until_turn, left, until_turn + (left - until_turn) / later)
    ended = started + pd.to_timedelta(np.ceil(years * YEAR), unit="D")
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": started,
            "ended_at": ended.where(ended <= pd.Timestamp("2024-01-01")),
            "plan": np.where(flex, "flex", "fixed"),
        }
    )
    new = flex & (ended >= turn) & (rng.random(n) < 1 - 1 / factor)
    reason = np.where(new, "price", rng.choice(["moved", "service"], n))
    frame["end_reason"] = np.where(frame["ended_at"].notna(), reason, None)
    return frame


def a_company(**options):
    return a_study(contracts=a_changing_world(**options), as_of="2024-01-01", attributes=PLAN)


@cache
def a_change():
    """What is found in the company as it comes by default."""
    return decompose_change(a_company())


def shown(study, **options) -> str:
    return " ".join(bundle["text/plain"] for bundle in bundles(lambda: change_section(study, **options).show()))


def test_contract_years_and_ends_by_hand():
    rows = [
        ("a", "2022-01-01", None, None),  # watched through both years: 181 days to 2022-07-01 lie before
        ("b", "2023-04-01", "2023-10-01", "price"),  # 91 days before, 92 after; leaves in months 4 to 12
        ("c", "2024-06-01", "2024-07-01", "moved"),  # 30 days after, leaves in its first month, on the last day
        ("d", "2020-01-01", "2022-07-01", "old"),  # left on the first day of the earlier period: before it
    ]
    found = decompose_change(a_study(contracts=contracts(*rows)))
    cells = found.cells.set_index("band")
    before, after = cells["exposure_before"] * YEAR, cells["exposure_after"] * YEAR
    assert before.sum() == pytest.approx(365 + 91)
    assert after.sum() == pytest.approx(366 + 92 + 30)
    assert before["months 1 to 3"] == pytest.approx(91)
    assert after["months 4 to 12"] == pytest.approx(183 - 92)  # three calendar months are 92 days at most
    assert after["later"] == pytest.approx(912 - 731)  # and two years 731
    assert found.cells["n_before"].sum() == 0
    assert cells["n_after"].to_dict() == {BANDS[0]: 1, BANDS[1]: 1, BANDS[2]: 0, BANDS[3]: 0}
    assert found.reasons.set_index("reason")["n_after"].to_dict() == {"price": 1, "moved": 1}


def test_contracts_followed_late_bring_time_from_then_on():
    rows = contracts(("a", "2020-01-01", None, None), ("b", "2022-01-01", None, None))
    rows["observed_from"] = ["2024-01-01", None]
    found = decompose_change(a_study(contracts=rows))
    assert found.cells["exposure_after"].sum() * YEAR == pytest.approx(366 + 182)


def test_a_plan_that_begins_to_leave_faster_is_found():
    found = a_change()
    assert found.is_clear
    parts = found.change.by_group.set_index(["effect", "group"])
    assert float(found.change.before.estimate) == pytest.approx(0.4, abs=0.02)
    flex, fixed = parts.loc[(RATES, "flex")], parts.loc[(RATES, "fixed")]
    cells = found.cells.groupby("group")[["exposure_before", "exposure_after"]].sum()
    share = (cells / cells.sum()).mean(axis=1)["flex"]
    assert flex["lower"] < 0.4 * share < flex["upper"]
    assert fixed["lower"] < 0 < fixed["upper"]
    assert change_rows(found)["part"].iloc[0] == "'flex' leaves more often"
    assert change_rows(found)["part"].iloc[-1] == "all together"
    assert "rose from" in change_finding(found)


def test_the_reason_that_grew_is_named_and_the_reasons_sum_to_the_change():
    found = a_change()
    assert found.reasons["reason"].iloc[0] == "price"
    assert found.reasons["lower"].iloc[0] > 0
    assert found.reasons["change"].sum() == pytest.approx(float(found.change.change.estimate))
    # The only one that changed beyond chance, so it is not called the one that changed most.
    assert reason_change_finding(found).startswith("The reason 'price' grew: ")


def test_a_change_of_who_comes_is_no_change_of_rates():
    frame = a_world(8000)  # flex leaves twice as fast all along
    keep = (frame["started_at"] < "2022-06-01") | (frame["plan"] == "flex")
    found = decompose_change(a_study(contracts=frame.loc[keep], as_of="2024-01-01", attributes=PLAN))
    effects = found.change.effects.set_index("effect")
    assert effects.loc[GROUP_MIX, "lower"] > 0
    assert effects.loc[RATES, "lower"] < 0 < effects.loc[RATES, "upper"]


def test_nothing_that_changed_is_said_to_be_chance():
    found = decompose_change(a_study(contracts=a_world(3000, seed=4), as_of="2024-01-01", attributes=PLAN))
    assert not found.is_clear
    assert "no more than chance explains" in change_finding(found)
    assert "no more than chance explains" in draw_change(found).get_figure().get_suptitle().replace("\n", " ")


def test_the_rates_by_reason_add_up_to_the_ends_of_the_later_period():
    found = a_change()
    totals = found.rates.groupby("by")["n"].sum()
    assert totals["tenure"] == totals["plan"] == found.cells["n_after"].sum()
    rates = found.rates
    assert (rates["lower"] <= rates["rate"]).all()
    assert (rates["rate"] <= rates["upper"]).all()


@pytest.mark.slow
def test_the_parts_shown_sum_to_the_whole():
    rows = change_rows(decompose_change(a_company(share_after=0.8)))
    assert rows["estimate"].iloc[:-1].sum() == pytest.approx(rows["estimate"].iloc[-1])
    assert rows["is_total"].tolist() == [False] * 4 + [True]


def test_shorter_periods_can_be_compared():
    found = decompose_change(a_company(), months=3)
    assert found.cells[["exposure_before", "exposure_after"]].sum().between(500, 2500).all()
    assert f"{found.between:%Y-%m-%d}" == "2023-10-01"


def test_without_groups_there_is_age_and_rate_alone():
    found = decompose_change(a_study(contracts=a_world(1000).drop(columns="plan"), as_of="2024-01-01"))
    effects = found.change.effects.set_index("effect")["estimate"]
    assert found.group is None
    assert effects[GROUP_MIX] == pytest.approx(0.0, abs=1e-12)
    assert len(change_rows(found)) == 3
    assert effects[RATES] + effects[BAND_MIX] == pytest.approx(float(found.change.change.estimate))


def test_a_snapshot_is_refused_with_a_note():
    frame = a_world(500)
    frame["ended_at"] = pd.Series("2024-01-01", index=frame.index).where(frame.index % 3 == 0)
    study = a_study(contracts=frame, as_of="2024-01-01", attributes=PLAN)
    found = decompose_change(study)
    assert found.change is None
    assert change_figures(found)[0].estimate is None
    told = shown(study)
    assert "snapshot" in told
    assert "[picture" not in told


def test_records_that_hold_survivors_only_are_refused():
    frame = a_world(3000)
    gone = pd.to_datetime(frame["ended_at"]) < "2023-06-01"
    study = a_study(contracts=frame.loc[~gone], as_of="2024-01-01", attributes=PLAN)
    assert "seem to be missing" in decompose_change(study).notes[0]


def test_a_company_too_young_for_two_periods_gets_a_note():
    study = a_study(contracts=contracts(("a", "2024-01-01", None, None), ("b", "2024-02-01", "2024-05-01", None)))
    assert "No contract was watched in the 12 months from 2022-07-01 on" in shown(study)


def test_the_page_shows_both_pictures_and_the_rates():
    told = shown(a_company(n=2000))
    assert told.count("[picture") == 2
    assert "Why they leave, by tenure and plan" in told
    assert "bookkeeping" in told


def test_ends_without_a_reason_make_one_picture_and_a_note():
    told = shown(a_study(contracts=a_world(1000), as_of="2024-01-01", attributes=PLAN))
    assert told.count("[picture") == 1
    assert "give no reason" in told


def test_nobody_who_left_is_a_rate_of_nought():
    study = a_study(contracts=contracts(("a", "2021-01-01", None, None), ("b", "2021-02-01", None, None)))
    found = decompose_change(study)
    assert float(found.change.after.estimate) == 0.0
    assert found.reasons is None
    assert "Nobody left in either of the two years, so there is no change to explain." in shown(study)


def test_trouble_is_told():
    study = a_study(contracts=a_world(100), as_of="2024-01-01", attributes=PLAN)
    with pytest.raises(ParameterError, match="months"):
        decompose_change(study, months=0)
    with pytest.raises(ParameterError, match="plam"):
        decompose_change(study, group="plam")
