"""What the churn analysis says of contracts written by hand and of worlds whose truth is known."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.pillars.churn import describe_churn, milestones
from crm_research.pillars.churn.curves.charts import (
    draw_groups,
    draw_hazard,
    draw_holdout,
    draw_reasons,
    draw_rule,
    draw_survival,
)
from crm_research.pillars.churn.curves.figures import group_figures, key_figures, reason_figures
from crm_research.pillars.churn.curves.page import (
    cautions_parts,
    groups_parts,
    hazard_parts,
    holdout_parts,
    needs_parts,
    reasons_parts,
    rule_parts,
)
from crm_research.pillars.churn.curves.words import answer
from crm_research.show import Section
from crm_research.theme import chart_style
from tests.builders import a_study, contracts
from tests.churn.worlds import a_world

PAGE = (cautions_parts, groups_parts, hazard_parts, reasons_parts, rule_parts, holdout_parts, needs_parts)
DRAWINGS = (draw_survival, draw_groups, draw_hazard, draw_reasons, draw_rule, draw_holdout)


def test_tenure_in_whole_years_has_a_most_dangerous_year_and_no_month():
    rng = np.random.default_rng(1)
    years = rng.integers(0, 9, 900)
    is_over = rng.random(900) < np.where(years == 3, 0.6, 0.1)
    today = pd.Timestamp("2024-01-01")
    frame = a_world(900).assign(
        started_at=[today - pd.DateOffset(years=int(n)) for n in years],
        ended_at=pd.Series(today, index=range(900)).where(is_over),
    )
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=frame))
    assert leaving.period == "year"
    assert "the danger is greatest in year 3 of a contract" in answer(leaving)[1]
    assert leaving.rates["n_ended"].iloc[2] == int((is_over & (years == 3)).sum())
    axes = draw_hazard(leaving)
    assert axes.get_xlabel() == "year of the contract"
    # What a snapshot of years calls left is that of a year: each is followed through the last year of its tenure.
    assert leaving.sensitivity["assumption"].iloc[1] == "followed only from 2023-01-01 on"
    table = milestones(leaving).set_index("months")["n_at_risk"]
    drawn = [text.get_text() for text in draw_survival(leaving).texts]
    assert {f"{n:,}" for n in table.loc[[12, 24, 36, 48]]} <= set(drawn)


def test_a_narrow_interval_is_not_told_as_certainty():
    world = a_world(6000)
    few = world["ended_at"].where(world.index % 40 == 0)
    said = answer(describe_churn(a_study(as_of="2024-01-01", contracts=world.assign(ended_at=few))))[1]
    share, lower, upper = (float(number) for number in re.findall(r"(\d+\.\d) %", said)[:3])
    assert lower < share < upper


def test_a_longest_tenure_of_364_days_is_not_called_a_year():
    world = a_world(400)
    today = pd.Timestamp("2024-01-01")
    days = np.minimum((world["ended_at"].fillna(today) - world["started_at"]).dt.days, 364)
    frame = world.assign(
        started_at=today - pd.to_timedelta(days, unit="D"),
        ended_at=pd.Series(today, index=world.index).where(days < 300),
    )
    said = " ".join(answer(describe_churn(a_study(as_of="2024-01-01", contracts=frame))))
    assert "12 months (the longest for 364 days)" in said
    assert "run after 12 months" not in said


def test_the_curve_of_six_contracts_by_hand():
    study = a_study(
        as_of="2024-01-11",
        contracts=contracts(
            ("a", "2024-01-01", "2024-01-03", "price"),  # stays 2 days
            ("b", "2024-01-01", "2024-01-06", "service"),  # 5
            ("c", "2024-01-01", None, None),  # watched 10
            ("d", "2024-01-05", None, None),  # watched 6
            ("e", "2024-01-01", "2024-02-01", "price"),  # ends after as_of: watched 10
            ("f", "2024-02-01", None, None),  # begins after as_of: not known
        ),
    )
    leaving = describe_churn(study)
    at = leaving.survival.at([2.0, 5.0])
    assert at["survival"].tolist() == pytest.approx([4 / 5, 3 / 5])
    assert at["n_at_risk"].tolist() == [5, 4]
    assert (leaving.setting.n_contracts, leaving.setting.n_ended) == (5, 2)
    reasons = leaving.incidence.at(10).set_index("reason")["incidence"]
    assert reasons.to_dict() == pytest.approx({"price": 1 / 5, "service": 1 / 5})


def test_a_known_world_is_recovered():
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=a_world(4000)), horizon_months=12)
    truth = {"fixed": np.exp(-365 / 400), "flex": np.exp(-365 / 200)}
    for _, row in leaving.by_group.at(365.25).iterrows():
        assert row["lower"] - 0.01 <= truth[row["group"]] <= row["upper"] + 0.01
    assert leaving.pairs["p_adjusted"].item() < 0.001
    assert "By plan, 'flex' leaves sooner than 'fixed': after 12 months" in answer(leaving)[2]
    assert not leaving.setting.holds_only_survivors


def test_several_reasons_sum_with_survival_to_one():
    world = a_world(1500, reasons=("price", "moved", "service"))
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=world))
    left = leaving.incidence.at(365.25)["incidence"].sum()
    assert left + leaving.survival.at(365.25)["survival"].item() == pytest.approx(1.0, abs=1e-12)
    figures = reason_figures(leaving)
    assert {figure.group for figure in figures} == {"price", "moved", "service"}
    assert {figure.id for figure in figures} == {"churn.contract.cif_12m"}


def test_records_of_survivors_only_are_flagged_and_allowed_for():
    world = a_world(4000)
    survivors = world.loc[world["ended_at"].isna() | (world["ended_at"] >= "2022-07-01")]
    study = a_study(as_of="2024-01-01", contracts=survivors)
    naive = describe_churn(study, horizon_months=12)
    assert naive.setting.holds_only_survivors
    assert any("left truncation" in caution for caution in naive.setting.cautions())
    assert answer(naive)[0].endswith("if no early leavers are missing from the records.")
    truth = describe_churn(a_study(as_of="2024-01-01", contracts=world)).survival.at(365.25)["survival"].item()
    as_recorded, allowed = naive.sensitivity["survival_12m"]
    assert as_recorded > truth + 0.05
    assert allowed == pytest.approx(truth, abs=0.03)


def test_late_entry_given_by_the_records_is_no_reason_for_a_caution():
    world = a_world(4000)
    survivors = world.loc[world["ended_at"].isna() | (world["ended_at"] >= "2022-07-01")]
    since = survivors["started_at"].clip(lower=pd.Timestamp("2022-07-01"))
    study = a_study(as_of="2024-01-01", contracts=survivors.assign(observed_from=since))
    leaving = describe_churn(study, horizon_months=12)
    assert not leaving.setting.holds_only_survivors
    assert leaving.setting.n_met_late > 0
    truth = describe_churn(a_study(as_of="2024-01-01", contracts=world)).survival.at(365.25)["survival"].item()
    assert leaving.survival.at(365.25)["survival"].item() == pytest.approx(truth, abs=0.03)


def test_the_holdout_agrees_where_nothing_changed_and_not_where_it_did():
    world = a_world(4000)
    still = describe_churn(a_study(as_of="2023-07-01", holdout_until="2024-01-01", contracts=world))
    assert still.holdout.holds
    assert "agrees" in key_figures(still)[1].validation
    crash = world.copy()
    running = crash["ended_at"].isna() | (crash["ended_at"] > "2023-07-01")
    crash.loc[running & (crash.index % 2 == 0), "ended_at"] = pd.Timestamp("2023-09-01")
    crash["ended_at"] = crash["ended_at"].where(crash["ended_at"] >= crash["started_at"])
    worse = describe_churn(a_study(as_of="2023-07-01", holdout_until="2024-01-01", contracts=crash))
    assert not worse.holdout.holds
    assert worse.holdout.observed_share > worse.holdout.expected_share


def test_nothing_after_as_of_moves_the_curve():
    world = a_world(500)
    whole = describe_churn(a_study(as_of="2022-06-01", contracts=world))
    cut = world.loc[world["started_at"] <= "2022-06-01"]
    cut = cut.assign(ended_at=cut["ended_at"].where(cut["ended_at"] <= "2022-06-01"))
    past = describe_churn(a_study(as_of="2022-06-01", contracts=cut))
    pd.testing.assert_frame_equal(whole.survival.curves, past.survival.curves)


def test_a_constant_world_agrees_with_the_rule_and_a_world_with_an_early_peak_does_not():
    world = a_world(3000).query("plan == 'fixed'")
    assert describe_churn(a_study(as_of="2024-01-01", contracts=world)).rule.n_misses <= 1
    early = world.copy()
    half = early.index % 2 == 0
    early.loc[half, "ended_at"] = early.loc[half, "started_at"] + pd.Timedelta(days=25)
    early["ended_at"] = early["ended_at"].where(early["ended_at"] <= "2024-01-01")
    peak = describe_churn(a_study(as_of="2024-01-01", contracts=early))
    assert peak.rule.n_misses >= 3
    assert "month 1 of a contract" in answer(peak)[1]


THIN = {
    "no contract yet": contracts(("a", "2030-01-01", None, None)),
    "one running contract": contracts(("a", "2024-01-01", None, None)),
    "all censored": contracts(*[(f"c{i}", "2023-01-01", None, None) for i in range(30)]),
    "all ended on day 0": contracts(*[(f"c{i}", "2024-01-01", "2024-01-01", None) for i in range(30)]),
    "one group of one": contracts(
        ("a", "2023-01-01", None, None), ("b", "2023-01-01", "2023-05-01", "x"), plan=["only", "other"]
    ),
    "no ends column": contracts(("a", "2023-01-01", None, None)).drop(columns=["ended_at", "end_reason"]),
    "Chinese names": contracts(
        *[(f"客户{i}", "2023-01-01", "2023-05-01" if i % 2 else None, "价格" if i % 2 else None) for i in range(20)],
        plan=["按月", "按年"] * 10,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", THIN)
def test_thin_records_give_a_whole_page(case):
    leaving = describe_churn(a_study(as_of="2024-07-01", contracts=THIN[case]))
    assert 1 <= len(answer(leaving)) <= 3
    for figure in [*key_figures(leaving), *group_figures(leaving), *reason_figures(leaving)]:
        figure.as_record()
    for draw in DRAWINGS:
        with chart_style():
            draw(leaving).figure.savefig(BytesIO(), format="svg")
    for part in PAGE:
        assert Section(*part(leaving))._repr_html_()
    milestones(leaving)


def test_no_year_of_watching_leaves_the_twelve_month_figure_empty_and_says_so():
    study = a_study(as_of="2024-07-01", contracts=contracts(("a", "2024-06-01", None, None)))
    figure = next(f for f in key_figures(describe_churn(study)) if f.id == "churn.contract.survival_12m")
    assert figure.estimate is None
    assert "nobody was watched that long" in figure.label


def test_five_hundred_plans_become_the_eight_largest_and_the_rest():
    n = 1500
    many = a_world(n).assign(plan=[f"plan {i % 500:03d}" if i > 600 else f"big {i % 9}" for i in range(n)])
    leaving = describe_churn(a_study(as_of="2024-01-01", contracts=many))
    groups = leaving.by_group.groups
    assert len(groups) == 9
    assert groups[-1].startswith("all others (")
    assert leaving.by_group.sizes["n"].sum() == leaving.survival.sizes["n"].sum()


@pytest.mark.parametrize("name", ["end_reason", "contract_id", "fee"])
def test_columns_that_are_no_groups_are_refused(name):
    study = a_study(as_of="2024-01-01", contracts=a_world(50).assign(fee=9.5, end_reason=None))
    with pytest.raises(ParameterError, match=name):
        describe_churn(study, group=name)


def test_an_unknown_group_offers_the_nearest():
    with pytest.raises(ParameterError, match="plan"):
        describe_churn(a_study(as_of="2024-01-01", contracts=a_world(50)), group="plam")
