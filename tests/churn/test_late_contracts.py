"""Contracts met late, through the whole chain: the page says whose curve it is, and nothing that few could say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.models.survival import estimate_survival
from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.curves.charts import draw_groups, draw_survival
from crm_research.pillars.churn.curves.counting import count_contracts
from crm_research.pillars.churn.curves.extrapolation import extrapolate_tenure
from crm_research.pillars.churn.curves.extrapolation_page import extrapolation_section
from crm_research.pillars.churn.curves.extrapolation_words import expected_finding
from crm_research.pillars.churn.curves.figures import CIF_12M, key_figures, reason_figures
from crm_research.pillars.churn.curves.group_words import group_finding
from crm_research.pillars.churn.curves.page import groups_parts
from crm_research.pillars.churn.curves.tables import milestones
from crm_research.pillars.churn.curves.words import answer, curve_title, rule_finding, year_finding
from crm_research.pillars.churn.decisions.target_words import target_finding
from crm_research.pillars.churn.decisions.targets import set_targets
from crm_research.pillars.churn.renewals.tables import observe_renewals
from crm_research.pillars.churn.setting import Watching, say_condition
from crm_research.show import Table
from crm_research.vocabulary import DAYS_PER_MONTH
from tests.builders import a_study

AS_OF = pd.Timestamp("2024-01-01")


def met_late(*, n: int = 300, alone: bool = True, seed: int = 3) -> pd.DataFrame:
    """Contracts of one rate, all met at least 60 days after their start; and one that ends alone on its third day."""
    rng = np.random.default_rng(seed)
    entry, stay = rng.integers(60, 500, n), np.ceil(rng.exponential(700, n)).astype(int)
    keep = stay > entry
    entry, stay = entry[keep], stay[keep]
    watched = AS_OF - pd.to_timedelta(rng.integers(1, 900, len(entry)), unit="D")
    started = watched - pd.to_timedelta(entry, unit="D")
    ended = pd.Series(started + pd.to_timedelta(stay, unit="D"))
    frame = pd.DataFrame({"started_at": started, "observed_from": watched, "ended_at": ended.where(ended <= AS_OF)})
    if alone:
        day = pd.Timestamp("2022-01-01")
        frame.loc[len(frame)] = [day, day, day + pd.Timedelta(days=3)]
    names = [f"k{i}" for i in range(len(frame))]
    return frame.assign(contract_id=names, customer_id=names, end_reason=np.where(frame["ended_at"].notna(), "x", None))


def test_one_end_alone_leaves_the_page_as_it_was_but_for_a_caution():
    leaving, plain = (describe_churn(a_study(contracts=met_late(alone=flag))) for flag in (True, False))
    begins = leaving.setting.watching.begins_days
    assert leaving.setting.watching == Watching(begins_days=begins, n_before=1)
    assert 60 <= begins < 90
    pd.testing.assert_frame_equal(leaving.survival.curves, plain.survival.curves)
    said = f"contracts that lasted {begins:.0f} days"
    assert answer(leaving)[0].startswith(f"Half of the {said} have ended after ")
    assert f"of the {said} last longer than 12 months" in year_finding(leaving)
    caution = " ".join(leaving.setting.cautions())
    assert f"fewer than 10 before a tenure of {begins:.0f} days" in caution
    assert "1 contract no longer watched by then is left out" in caution
    assert [figure.label.endswith(f" of {said}") for figure in key_figures(leaving)] == [True] * 3
    assert reason_figures(leaving)[0].label == f"Left within 12 months of {said}"
    assert reason_figures(leaving)[0].id == CIF_12M
    assert milestones(leaving)["months"].min() == 3
    assert ("Condition", said) in leaving.setting.estimand().itertuples(index=False, name=None)


def test_watched_from_the_start_nothing_is_conditional():
    frame = met_late(alone=False).drop(columns="observed_from")
    leaving = describe_churn(a_study(contracts=frame))
    assert leaving.setting.watching == Watching()
    assert not any("that lasted" in line for line in answer(leaving))


def test_contracts_met_after_all_others_had_gone_end_the_curve():
    rows = [(AS_OF - pd.Timedelta(days=900), None, AS_OF - pd.Timedelta(days=900 - 5 * d)) for d in range(1, 31)]
    late = AS_OF - pd.Timedelta(days=100)
    rows += [(late - pd.Timedelta(days=400), late, pd.NaT)] * 3
    frame = pd.DataFrame(rows, columns=["started_at", "observed_from", "ended_at"])
    names = [f"k{i}" for i in range(len(frame))]
    leaving = describe_churn(a_study(contracts=frame.assign(contract_id=names, customer_id=names)))
    assert leaving.setting.watching == Watching(stops_days=150.0, n_beyond=3)
    assert "3 contracts were met at longer tenures only" in " ".join(leaving.setting.cautions())
    assert "is not known" in year_finding(leaving)


def test_a_rate_of_more_than_one_end_a_month_is_told_as_a_share():
    # Forty trials of a week each: 40 ends in 40 x 7 / 30.4375 months is a rate of 4.35, and a share of 98.7 %.
    day = pd.Timestamp("2023-01-01")
    frame = pd.DataFrame({"started_at": day, "ended_at": day + pd.Timedelta(days=7)}, index=range(40))
    names = [f"k{i}" for i in range(len(frame))]
    leaving = describe_churn(a_study(contracts=frame.assign(contract_id=names, customer_id=names)))
    assert leaving.rule.monthly_rate == pytest.approx(30.4375 / 7)
    assert leaving.rule.monthly_share == pytest.approx(1 - np.exp(-30.4375 / 7))
    assert rule_finding(leaving).startswith("The rule of thumb, 99 % leave every month")
    assert leaving.rates["share"].tolist() == [1.0]


@pytest.mark.slow
def test_an_end_alone_leaves_the_time_beyond_the_records_as_it_was():
    found, plain = (
        extrapolate_tenure(describe_churn(a_study(contracts=met_late(alone=flag)))) for flag in (True, False)
    )
    assert found.begins_days == plain.begins_days >= 60
    assert found.expected["expected_days"].iloc[0] == pytest.approx(plain.expected["expected_days"].iloc[0])
    assert expected_finding(found).startswith(
        f"A contract that lasted {found.begins_days:.0f} days is expected to last "
    )


def test_few_at_an_early_renewal_do_not_make_the_share_still_there_nought():
    counts = pd.DataFrame({"renewal": [1, 2, 3], "n_up": [1, 40, 30], "n_left": [1, 10, 6]})
    assert observe_renewals(counts)["survival"].isna().all()
    few_late = pd.DataFrame({"renewal": [1, 2, 3], "n_up": [40, 30, 5], "n_left": [10, 6, 1]})
    assert observe_renewals(few_late)["survival"].tolist() == pytest.approx([0.75, 0.6, 0.48])


def test_groups_met_late_are_drawn_from_one_beginning():
    frame = met_late(n=900)
    frame["plan"] = np.where(np.arange(len(frame)) % 2 == 0, "a", "b")
    late = (frame["observed_from"] - frame["started_at"]).dt.days
    leaving = describe_churn(a_study(contracts=frame.loc[(frame["plan"] == "a") | (late > 200)].reset_index(drop=True)))
    own = leaving.by_group.sizes.set_index("group")["first_days"]
    assert own["b"] > 200 > own["a"]
    assert leaving.compared.sizes["first_days"].tolist() == [own["b"]] * 2
    assert leaving.pairs["from_days"].item() == own["b"]
    assert f"of contracts{say_condition(own['b'])}" in group_finding(leaving)
    at = leaving.compared.at(leaving.pairs["horizon_days"].item()).set_index("group")["survival"]
    assert leaving.pairs[["survival", "other_survival"]].iloc[0].tolist() == pytest.approx(
        [at[leaving.pairs["group"].item()], at[leaving.pairs["other_group"].item()]]
    )


def test_without_newcomers_a_target_names_only_the_leavers_it_needs():
    # 200 contracts of before last year, of whom 80 left in it, and nobody came.
    old = AS_OF - pd.Timedelta(days=900)
    ended = [AS_OF - pd.Timedelta(days=day) for day in range(100, 180)]
    frame = pd.DataFrame({"started_at": old, "ended_at": [*ended, *[pd.NaT] * 120]})
    names = [f"k{i}" for i in range(len(frame))]
    targets = set_targets(a_study(contracts=frame.assign(contract_id=names, customer_id=names)))
    assert targets.overall["n_new"].item() == 0
    assert "newcomers" not in target_finding(targets).split("falls short")[1]


def met_after_decades() -> pd.DataFrame:
    """Met after 88 to 97 years, and five of six watched to their end."""
    entry = 32_000 + 40 * np.arange(90)
    stay = entry + 300 + 25 * (np.arange(90) % 7)
    begun = AS_OF - pd.to_timedelta(stay, unit="D")
    return pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(90)],
            "customer_id": [f"c{i}" for i in range(90)],
            "started_at": begun,
            "observed_from": begun + pd.to_timedelta(entry, unit="D"),
            "ended_at": [AS_OF if i % 6 else pd.NaT for i in range(90)],
            "plan": ["calm" if i % 2 else "brisk" for i in range(90)],
        }
    )


@pytest.mark.parametrize("horizon_months", [None, 72])
def test_a_curve_that_begins_beyond_the_months_of_the_page_is_drawn_where_it_runs(horizon_months):
    study = a_study(contracts=met_after_decades(), as_of=str(AS_OF.date()))
    leaving = describe_churn(study, horizon_months=horizon_months)
    ax = draw_survival(leaving)
    assert "not known" not in curve_title(leaving)
    assert curve_title(leaving).startswith("Half of the contracts that lasted 91.2 years have ended after 92.2 years")
    first, last = ax.get_xlim()
    assert first == round(leaving.setting.watching.begins_days / DAYS_PER_MONTH)
    assert last > first


def test_a_page_of_contracts_met_late_looks_for_six_years_from_where_its_curve_begins():
    leaving = describe_churn(a_study(contracts=met_after_decades(), as_of=str(AS_OF.date())))
    begins = leaving.setting.watching.begins_days
    assert leaving.horizon_months == int(begins // DAYS_PER_MONTH) + 72
    assert len(leaving.rates) > 40
    assert "no month of a contract stands out" in answer(leaving)[1]


def met_at_seventy(n: int = 400) -> pd.DataFrame:
    """Calm ones met from a tenure of 23,000 days on, brisk ones, who leave four times as soon, from 25,300 on."""
    rng = np.random.default_rng(5)
    is_calm = np.arange(n) % 2 == 0
    entry = rng.integers(0, 2500, n) + np.where(is_calm, 23_000, 25_300)
    tenure = entry + np.ceil(rng.exponential(np.where(is_calm, 6000, 1500))).astype(int)
    stay = np.minimum(tenure, entry + 2600)
    begun = AS_OF - pd.to_timedelta(stay, unit="D")
    return pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": begun,
            "observed_from": begun + pd.to_timedelta(entry, unit="D"),
            "ended_at": pd.Series(AS_OF, index=range(n)).where(tenure == stay),
            "plan": np.where(is_calm, "calm", "brisk"),
        }
    )


def test_groups_met_late_are_compared_from_where_enough_of_each_are_watched():
    leaving = describe_churn(a_study(contracts=met_at_seventy()))
    pair = leaving.pairs.iloc[0]
    assert leaving.setting.watching.begins_days < 23_200
    assert leaving.horizon_days < pair["from_days"]
    assert 25_300 < pair["from_days"] < 25_600
    assert pair["from_days"] == leaving.compared.sizes["first_days"].max()
    # the page looks for six years from its beginning, so do the groups from theirs
    assert pair["horizon_days"] - pair["from_days"] == leaving.horizon_days - leaving.setting.watching.begins_days
    assert group_finding(leaving) == (
        "By plan, 'brisk' leaves sooner than 'calm': after 75.5 years, of contracts that lasted 69.6 years, 16 % of "
        "'brisk' and 69 % of 'calm' are still there, a difference of 52 points (39 points to 63 points)."
    )
    assert draw_groups(leaving).get_xlim() == (835, 906)
    table = next(part for part in groups_parts(leaving) if isinstance(part, Table))
    assert table.caption == (
        "How much more of the first group is still there after 906 months, of contracts that lasted 69.6 years"
    )


def test_groups_are_not_compared_within_a_horizon_asked_for_that_ends_before_they_are_met():
    note = next(groups_parts(describe_churn(a_study(contracts=met_at_seventy()), horizon_months=72)))
    assert note.text == (
        "Too few contracts were watched to compare them by plan within 6.0 years. "
        "Set horizon_months to a longer tenure."
    )


def test_nothing_is_said_of_years_that_all_contracts_watched_have_lasted():
    made = extrapolation_section(describe_churn(a_study(contracts=met_at_seventy())))
    assert made.is_missing
    assert made.parts[0].text == (
        "How long contracts last within their first 10 years cannot be told: the curve begins at a tenure of "
        "63.2 years, so all that it knows of have lasted that long."
    )


def recipe_of_ages() -> dict[str, str]:
    """How docs/studies.md counts back those met at an age."""
    text = (Path(__file__).parents[2] / "docs" / "studies.md").read_text(encoding="utf-8")
    recipe = text.split("**Met at an age**")[1].split("```")[1]
    return dict(re.findall(r"(\w+): \{expr: (.*)\}\n", recipe))


def test_those_met_at_an_age_are_at_risk_as_survival_of_r_has_it(tmp_path):
    number = np.arange(60)
    at_entry = 720 + 7 * number % 50
    age = at_entry + 20 + 11 * number % 61
    frame = pd.DataFrame({"id": number, "age_at_entry": at_entry, "age": age, "ended": number % 3 != 0})
    assert set(at_entry) & set(age[number % 3 != 0])
    frame.to_csv(tmp_path / "ages.csv", index=False)
    columns = {"contract_id": "id", "customer_id": "id", "ended_at": {"expr": "case when ended then as_of end"}}
    columns |= {name: {"expr": how} for name, how in recipe_of_ages().items()}
    tables = {"contracts": {"from": "ages.csv", "columns": columns}}
    study = {"name": "ages", "title": "Ages", "currency": "EUR", "as_of": "2020-01-01", "tables": tables}
    (tmp_path / "ages.yaml").write_text(json.dumps(study))
    survival = estimate_survival(count_contracts(open_study(tmp_path / "ages.yaml")).overall)
    ends = survival.curves.loc[survival.curves["n_ended"] > 0].head(8)
    # survfit(Surv(at_entry, age, ended) ~ 1, conf.type = "log-log") of R
    assert (ends["tenure_days"] / 30.4375).round().tolist() == [741, 757, 758, 760, 763, 773, 774, 776]
    assert ends["n_at_risk"].tolist() == [25, 43, 43, 43, 45, 50, 49, 47]
    assert ends["survival"].tolist() == pytest.approx(
        [0.96, 0.9376744, 0.915868, 0.8945688, 0.8746895, 0.8571957, 0.8397019, 0.8218359], abs=5e-8
    )
    median = survival.medians[["median_days", "lower", "upper"]].iloc[0] / 30.4375
    assert median.round().tolist() == [802, 792, 809]
