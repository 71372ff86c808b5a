"""Tenure beyond the records, reasons by group, and their figures, from a study to the page."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.curves.extrapolation import extrapolate_tenure
from crm_research.pillars.churn.curves.extrapolation_charts import draw_extrapolation
from crm_research.pillars.churn.curves.extrapolation_figures import expected_figures
from crm_research.pillars.churn.curves.extrapolation_page import extrapolation_section, tenure_figures_parts
from crm_research.pillars.churn.curves.extrapolation_tables import remaining_table, shape_table
from crm_research.pillars.churn.curves.extrapolation_words import expected_finding, is_trusted, trust_finding
from crm_research.pillars.churn.curves.figures import key_figures, tenure_figures
from crm_research.pillars.churn.curves.reason_page import reason_group_finding, reason_group_table, reason_groups_parts
from crm_research.pillars.churn.curves.words import holdout_finding, needs
from crm_research.show import Section
from crm_research.theme import chart_style
from tests.builders import a_study
from tests.churn.test_analysis import THIN
from tests.churn.worlds import a_world
from tests.reporting.pages import bundles


def test_the_expected_tenure_of_a_known_world():
    records = a_study(as_of="2024-01-01", contracts=a_world(4000).query("plan == 'fixed'"))
    leaving = describe_churn(records)
    found = extrapolate_tenure(leaving, records)
    row = found.expected.iloc[0]
    assert found.horizon_days == 3653  # ten years, whenever they began
    assert row["lower"] <= 400 <= row["upper"]  # the mean of an exponential of 400 days, all of it within ten years
    assert found.expected["expected_days"].iloc[2] == pytest.approx(400, rel=0.25)  # no ageing
    assert found.watched_days < 1461
    assert len(found.choice.trials) == 5  # three along tenure, two along the calendar
    assert found.error < 0.05
    assert "carried on" in expected_finding(found)
    assert "predicted them closely" in trust_finding(found)
    assert shape_table(found)["chosen"].sum() == 1
    assert remaining_table(found)["months_so_far"].tolist()[:3] == [0, 6, 12]


def test_groups_get_the_same_shape_and_their_own_tenure():
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=a_world(4000)))
    found = extrapolate_tenure(leaving)
    groups = found.by_group.set_index("group")
    for name, mean in (("fixed", 400), ("flex", 200)):
        assert groups.loc[name, "lower"] - 10 <= mean <= groups.loc[name, "upper"] + 10
    figures = expected_figures(leaving, found)
    assert [figure.group for figure in figures] == [None, *groups.index]
    assert {figure.id for figure in figures} == {"churn.contract.expected_tenure_days"}
    assert figures[0].validation.startswith("backtest along tenure")


@pytest.mark.slow
def test_nothing_after_as_of_reaches_the_extrapolation():
    world = a_world(1500)
    whole = a_study(as_of="2022-06-01", contracts=world)
    cut = world.loc[world["started_at"] <= "2022-06-01"]
    past = a_study(
        as_of="2022-06-01", contracts=cut.assign(ended_at=cut["ended_at"].where(cut["ended_at"] <= "2022-06-01"))
    )
    found = [extrapolate_tenure(describe_churn(records), records).rivals for records in (whole, past)]
    pd.testing.assert_frame_equal(found[0], found[1])


def test_groups_that_do_not_add_up_to_the_whole_are_told():
    # Only new contracts are of the lasting kind: beyond their short tenures the curve of all knows the others alone.
    lasting = a_world(1500, daily_rate=1 / 8000).assign(plan="lasting")
    lasting = lasting.assign(started_at=lasting["started_at"].clip(lower=pd.Timestamp("2023-07-01")))
    world = pd.concat([lasting, a_world(1500, seed=2, daily_rate=1 / 150).assign(plan="leaving")])
    keys = [str(place) for place in range(len(world))]
    world = world.assign(contract_id=keys, customer_id=keys)
    over = world["ended_at"].notna() & (world["ended_at"] < world["started_at"])
    records = a_study(as_of="2024-01-01", contracts=world.loc[~over])
    found = extrapolate_tenure(describe_churn(records))
    assert "trust the groups more" in trust_finding(found)
    assert not is_trusted(found)


def test_a_horizon_within_the_records_needs_no_guess():
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=a_world(1000)))
    found = extrapolate_tenure(leaving, horizon_years=1)
    assert not found.is_needed
    assert "nothing is guessed" in expected_finding(found)
    assert trust_finding(found) == ""
    with chart_style():
        draw_extrapolation(leaving, found).figure.savefig(BytesIO(), format="svg")
    with pytest.raises(ParameterError, match="horizon_years"):
        extrapolate_tenure(leaving, horizon_years=-1)


def test_no_end_is_refused_in_words():
    leaving = describe_churn(a_study(as_of="2024-07-01", contracts=THIN["all censored"]))
    with pytest.raises(NotEnoughData, match="No contract has ended"):
        extrapolate_tenure(leaving)


@pytest.mark.parametrize("case", THIN)
def test_thin_records_give_a_whole_part(case, capsys):
    records = a_study(as_of="2024-07-01", contracts=THIN[case])
    leaving = describe_churn(records)
    extrapolation_section(leaving, records).show()
    Section(*reason_groups_parts(leaving)).show()
    Section(*tenure_figures_parts(leaving)).show()
    for figure in tenure_figures(leaving):
        figure.as_record()
    assert "Traceback" not in capsys.readouterr().err


def test_the_fixed_ids_and_no_figure_twice():
    figures = tenure_figures(describe_churn(a_study(as_of="2024-01-01", contracts=a_world(500))))
    assert [figure.id for figure in figures] == ["churn.contract.survival_3m", "churn.contract.survival_24m"]
    assert figures[0].estimate > figures[1].estimate
    short = a_study(as_of="2020-06-01", contracts=a_world(500))
    figures = [*key_figures(describe_churn(short)), *tenure_figures(describe_churn(short))]
    assert len({(figure.id, figure.group) for figure in figures}) == len(figures)
    assert figures[-1].estimate is None
    assert "nobody was watched that long" in figures[-1].label


def test_reasons_that_take_more_from_one_group_are_found():
    world = a_world(4000, reasons=("price", "moved"))
    over = world["ended_at"].notna()
    rng = np.random.default_rng(3)
    reason = np.where(rng.random(len(world)) < np.where(world["plan"] == "flex", 0.8, 0.6), "price", "moved")
    leaving = describe_churn(
        a_study(as_of="2024-01-01", contracts=world.assign(end_reason=np.where(over, reason, None)))
    )
    finding = reason_group_finding(leaving)
    assert finding.startswith("By plan, ")
    assert "'price'" in finding
    table = reason_group_table(leaving).set_index("reason")
    assert table.loc["price", "flex"] > table.loc["price", "fixed"]
    assert table.loc["price", "p_adjusted"] < 0.001
    assert table["n_ended"].sum() == leaving.setting.n_ended


def test_reasons_of_five_hundred_plans_and_many_reasons_add_up():
    n = 1500
    many = a_world(n).assign(plan=[f"plan {i % 500:03d}" if i > 600 else f"big {i % 9}" for i in range(n)])
    reasons = np.array([f"reason {i}" for i in range(12)])
    many["end_reason"] = np.where(many["ended_at"].notna(), np.random.default_rng(1).choice(reasons, n), None)
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=many))
    ends = leaving.counts.reasons_by_group
    assert ends["n_ended"].sum() == leaving.setting.n_ended
    assert set(ends["group"]) <= set(leaving.by_group.groups)
    assert len(leaving.reason_tests.tests) == 7


def test_the_page_part_shows_a_picture_a_table_and_figures():
    records = a_study(as_of="2024-01-01", contracts=a_world(800, reasons=("price", "moved")))
    leaving = describe_churn(records)
    shown = bundles(lambda: extrapolation_section(leaving, records).show())
    assert len(shown) >= 5


def test_reasons_that_part_late_are_told_where_they_have_parted():
    """Equal to the printed digit after a year, far apart later: the sentence must not name two equal shares."""
    rng = np.random.default_rng(6)
    world = a_world(3000, reasons=("price",))
    late = world["started_at"] + pd.to_timedelta(rng.integers(400, 700, 3000), unit="D")
    share = np.where(world["plan"] == "flex", 0.5, 0.02)
    is_old = (late <= pd.Timestamp("2024-01-01")) & (rng.random(3000) < share)
    world = world.assign(ended_at=late.where(is_old), end_reason=pd.Series("price", index=world.index).where(is_old))
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=world))
    finding = reason_group_finding(leaving)
    assert "within 12 months" not in finding
    assert re.search(r"% of 'flex' have left within [\d.]+ \w+, against [\d.]+ % of 'fixed'", finding)


def test_a_snapshot_is_not_told_to_keep_a_holdout():
    world = a_world(300)
    ended = pd.Series(pd.NaT, index=world.index).mask(world["ended_at"].notna(), pd.Timestamp("2023-12-31"))
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=world.assign(ended_at=ended)))
    assert "Set holdout_until" not in holdout_finding(leaving)
    assert "holdout_until" not in needs(leaving)
    assert "dates of the ends" in needs(leaving)
