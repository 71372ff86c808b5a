"""Is the model any good: right risks pass, wrong ones are refused with the reason, and the design is said."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.models.hazards import fit_cox
from crm_research.models.validation import fit_constant_rule, fit_tenure_rule
from crm_research.pillars.churn.validation.charts import calibration_data, draw_calibration
from crm_research.pillars.churn.validation.designs import BY_TENURE, CONSTANT
from crm_research.pillars.churn.validation.figures import SLOPE_12M, validation_figures
from crm_research.pillars.churn.validation.horizons import say_horizon
from crm_research.pillars.churn.validation.page import check_parts
from crm_research.pillars.churn.validation.tables import validation_table
from crm_research.pillars.churn.validation.validate import NOT_IN_TIME, validate_risks
from crm_research.pillars.churn.validation.words import (
    check_finding,
    distribution_finding,
    optimism_finding,
    rule_finding,
)
from crm_research.show import Section
from tests.builders import a_study, contracts
from tests.churn.worlds import a_world
from tests.reporting.pages import bundles

RATE = 1 / 400


class Truth:
    """The risks of `worlds.a_world`, or a distortion of them."""

    def __init__(self, *, times: float = 1.0, power: float = 1.0, noise: float = 0.0) -> None:
        self._times, self._power, self._noise = times, power, noise

    def risk(self, frame: pd.DataFrame, horizons_days) -> pd.DataFrame:
        ratio = np.where(frame["plan"] == "flex", 2.0, 1.0) ** self._power * np.sqrt(2.0) ** (1 - self._power)
        keys = pd.util.hash_array(frame["contract_id"].to_numpy(dtype=object)) / 2.0**64
        ratio = ratio * np.exp(self._noise * (keys - 0.5))
        days = np.array(horizons_days, dtype=float)
        stay = np.exp(-RATE * self._times * ratio[:, None] * days)
        return pd.DataFrame(1 - stay, index=frame.index, columns=list(days))


def a_company(
    n: int = 3000, *, holdout: str | None = "2024-01-01", as_of: str = "2023-06-01", seed: int = 1, **changes
):
    return a_study(contracts=a_world(n, seed=seed).assign(**changes), as_of=as_of, holdout_until=holdout)


def a_snapshot(n: int = 1500, **changes):
    """All ends on one date: tenure is known, the calendar is not."""
    frame = a_world(n)
    over = frame["ended_at"].notna()
    tenure = (frame["ended_at"].fillna(pd.Timestamp("2024-01-01")) - frame["started_at"]).dt.days
    today = pd.Timestamp("2024-01-01")
    started = today - pd.to_timedelta(tenure, unit="D")
    frame = frame.assign(started_at=started, ended_at=pd.Series(today, index=frame.index).where(over), **changes)
    return a_study(contracts=frame, as_of="2024-01-01")


def judge(study, *models, **options):
    named = {f"model {place}" if place else "model": model for place, model in enumerate(models)}
    fits = {name: (lambda rows, model=model: model) for name, model in named.items()}
    return validate_risks(study, fits, ["plan"], **{"n_resamples": 0, **options})


@cache
def of_the_truth():
    return judge(a_company(), Truth(), n_resamples=4)


def test_the_truth_is_judged_in_the_holdout_and_a_year_earlier_and_passes():
    check = of_the_truth()
    assert [design.said for design in check.designs] == [
        "holdout after 2023-06-01, outcomes until 2024-01-01",
        "earlier date, 2022-06-01, outcomes until 2023-06-01",
    ]
    assert check.is_fit_for_lists
    assert check.is_tested_in_time
    assert check.mark == ""
    assert list(check.cards) == ["model", BY_TENURE, CONSTANT]
    assert check.designs[0].horizons_days == (61.0, 123.0, 184.0)
    assert check.designs[1].horizons_days == (92.0, 184.0, 365.0)
    slope = check.slope_12m
    assert slope is not None
    assert slope.design == check.designs[1].said
    assert slope.lower < 1 < slope.upper
    assert slope.n == check.designs[1].cards["model"].n
    assert check.card.value("ibs_gain") > 0
    assert check.card.distribution_p > 0.01
    assert check.optimism["uno_c"].optimism == pytest.approx(0.0, abs=0.02)
    assert (check.designs[1].gains["lower"] > 0).all()
    assert "A list of customers at risk may be printed." in check.say()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (Truth(times=2.0), "fewer left than were said to"),
        (Truth(times=0.5), "more left than were said to"),
        (Truth(power=4.0), "differences between risks are exaggerated"),
        (Truth(noise=4.0), "differences between risks are exaggerated"),
    ],
    ids=["doubled", "halved", "overconfident", "over-fitted"],
)
def test_wrong_risks_are_refused_with_the_reason(wrong, reason):
    check = judge(a_company(2000), wrong)
    assert not check.is_fit_for_lists
    assert any(reason in why for why in check.reasons)
    assert "No list of customers at risk may be printed" in check.say()


def test_without_a_holdout_an_earlier_date_is_the_test():
    check = judge(a_company(holdout=None), Truth())
    assert [design.said for design in check.designs] == ["earlier date, 2022-06-01, outcomes until 2023-06-01"]
    assert check.is_tested_in_time
    assert check.slope_12m is not None


def test_a_holdout_of_a_year_needs_nothing_beside_it():
    check = judge(a_company(as_of="2022-12-31", holdout="2023-12-31"), Truth())
    assert len(check.designs) == 1
    assert check.slope_12m.design.startswith("holdout after 2022-12-31")


def test_short_records_are_judged_over_fewer_months():
    study = a_study(contracts=a_world(2000, until="2021-04-01", daily_rate=1 / 150), as_of="2021-04-01")
    check = judge(study, Truth(times=400 / 150))
    assert [design.said for design in check.designs] == ["earlier date, 2020-09-30, outcomes until 2021-04-01"]
    assert check.slope_12m is None
    figure = next(figure for figure in validation_figures(check) if figure.id == SLOPE_12M)
    assert figure.estimate is None
    assert f"not known, risks could be judged for {check.designs[0].horizons_days[-1]:.0f} days only" in figure.label


def test_a_snapshot_is_judged_in_folds_and_bears_the_mark():
    seen = []

    def fit(rows: pd.DataFrame):  # type: ignore[no-untyped-def]
        seen.append(set(rows["customer_id"]))
        return fit_cox(rows, ["plan"])

    study = a_snapshot(customer_id=[f"c{i // 3}" for i in range(1500)])
    check = validate_risks(study, {"Cox": fit}, ["plan"], n_resamples=0)
    assert [design.said for design in check.designs] == ["5 folds of customers, not a test in time"]
    assert not check.is_tested_in_time
    assert check.is_fit_for_lists
    assert check.mark == NOT_IN_TIME
    assert NOT_IN_TIME in check.say()
    assert check.slope_12m is not None
    assert check.slope_12m.design == "5 folds of customers, not a test in time"
    assert check.card.n == 1500
    # Every customer is left out once, with all contracts.
    assert len(seen) == 5
    everyone = set.union(*seen)
    assert sorted(name for part in seen for name in everyone - part) == sorted(everyone)


def a_bank(n: int = 4000, *, first_year: int = 0):
    """Tenure in whole years, counted back from one day; some left within the first year, at a tenure of 0."""
    rng = np.random.default_rng(3)
    plan = rng.choice(["flex", "fixed"], n)
    left = np.floor(rng.exponential(np.where(plan == "flex", 12, 24))) + first_year
    seen = rng.integers(0, 11, n)
    today = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "started_at": [today - pd.DateOffset(years=int(years)) for years in np.minimum(left, seen)],
            "ended_at": pd.Series(today, index=range(n)).where(left <= seen),
            "plan": plan,
        }
    )
    return a_study(contracts=frame, as_of="2024-01-01")


def test_who_left_at_a_tenure_of_nothing_is_not_held_against_the_forecast():
    """They had left before a chance could be said: counted as outcomes, twice as many would leave as were said to."""
    check = validate_risks(a_bank(), {"Cox": lambda rows: fit_cox(rows, ["plan"])}, ["plan"], n_resamples=0)
    (design,) = check.designs
    # Nobody can be seen to leave after 3 or 6 months, so nothing is judged there.
    assert design.horizons_days == (366.0,)
    everyone = check.card.calibration.loc[lambda t: t["group"] == "all"].iloc[0]
    assert everyone["lower"] < everyone["expected"] < everyone["upper"]
    assert check.is_fit_for_lists


def test_where_hardly_anybody_leaves_soon_the_horizons_are_longer():
    check = validate_risks(a_bank(first_year=4), {"Cox": lambda rows: fit_cox(rows, ["plan"])}, ["plan"], n_resamples=0)
    (design,) = check.designs
    assert min(design.horizons_days) > 4 * 365
    assert check.is_fit_for_lists
    assert any("no" in why and "known before" in why for why in check.not_possible)


def test_nothing_after_the_date_reaches_a_fit():
    seen = []

    def fit(rows: pd.DataFrame) -> Truth:
        seen.append((int(rows["is_ended"].sum()), len(rows)))
        return Truth()

    study = a_company(800)
    validate_risks(study, {"spy": fit}, ["plan"], n_resamples=0)
    ends = study.table("contracts").to_pandas()
    for (n_ended, n), date in zip(seen, ["2023-06-01", "2022-06-01"], strict=True):
        assert n_ended == (ends["ended_at"] <= date).sum()
        assert n == (ends["started_at"] <= date).sum()


def test_contenders_are_judged_on_the_same_contracts_and_may_fail():
    class Choosy(Truth):
        def risk(self, frame, horizons_days):
            return super().risk(frame, horizons_days).where(frame["plan"] == "flex")

    def broken(rows: pd.DataFrame):  # type: ignore[no-untyped-def]
        raise NotEnoughData("Trees", needed=10_000, found=len(rows))

    fits = {
        "model": lambda _: Truth(),
        "noisy": lambda _: Truth(noise=2.0),
        "choosy": lambda _: Choosy(),
        "trees": broken,
    }
    check = validate_risks(a_company(2000), fits, ["plan"], n_resamples=0)
    assert list(check.cards) == ["model", "noisy", BY_TENURE, CONSTANT]
    assert {card.n for card in check.cards.values()} == {check.card.n}
    notes = " ".join(check.designs[0].notes)
    assert "trees could not be fitted" in notes
    assert "choosy can judge only" in notes
    gains = check.designs[0].gains.set_index("name")
    expected = check.cards["noisy"].value("ibs") - check.card.value("ibs")
    assert gains.loc["noisy", "estimate"] == pytest.approx(expected)


@pytest.mark.slow
def test_the_rules_are_fitted_to_the_past_only():
    study = a_company(800)
    check = judge(study, Truth())
    own = validate_risks(study, {"rule": fit_tenure_rule, "rate": fit_constant_rule}, ["plan"], n_resamples=0)
    assert own.card.value("ibs") == pytest.approx(own.cards[BY_TENURE].value("ibs"))
    assert own.cards["rate"].value("ibs") == pytest.approx(own.cards[CONSTANT].value("ibs"))
    assert own.card.value("ibs_gain") == pytest.approx(0.0)
    assert check.cards[BY_TENURE].value("ibs") == pytest.approx(own.card.value("ibs"))


def test_where_the_rule_does_as_well_the_page_says_so():
    study = a_company(800, plan="one")
    check = validate_risks(study, {"rate": fit_constant_rule}, ["plan"], n_resamples=0)
    assert "do as well" in rule_finding(check)
    assert "The simplest rule will do." in rule_finding(check)
    assert "clearly less wrong than those of the curve by tenure" in rule_finding(
        of_the_truth(), of_the_truth().designs[1]
    )


def test_too_few_to_judge_refuses_and_still_prints():
    rows = [(f"c{i}", "2023-01-01", f"2023-0{i + 2}-01", None) for i in range(6)]
    study = a_study(contracts=contracts(*rows, plan=["a", "b"] * 3))
    check = judge(study, Truth())
    assert check.designs == ()
    assert check.card is None
    assert not check.is_fit_for_lists
    assert "20 are needed" in check.reasons[0]
    assert check.say().startswith("The risks could not be judged.")
    assert all(figure.estimate is None for figure in validation_figures(check))
    assert validation_table(check).empty
    assert calibration_data(check).empty
    text = shown(check)
    assert "No list of customers at risk may be printed" in text


@pytest.mark.parametrize("changes", [{"ended_at": pd.NaT}, {"started_at": pd.Timestamp("2030-01-01")}])
def test_a_company_without_ends_or_contracts_is_told(changes):
    check = judge(a_company(60, **changes), Truth())
    assert check.designs == ()
    assert check.slope_note == "nothing could be judged"


def test_a_holdout_of_hours_and_contracts_of_a_day_are_told():
    study = a_company(900, as_of="2023-06-01T00:00:00", holdout="2023-06-01T12:00:00")
    check = judge(study, Truth())
    assert any("shorter than a day" in why for why in check.not_possible)
    assert [design.said for design in check.designs] == ["earlier date, 2022-06-01, outcomes until 2023-06-01"]
    rows = [(f"c{i}", "2023-01-01", "2023-01-01", None) for i in range(60)]
    gone = judge(a_study(contracts=contracts(*rows, plan=["a", "b"] * 30)), Truth())
    assert "too few were watched for a day" in gone.reasons[0]


def test_a_model_that_cannot_be_fitted_is_a_reason_not_a_trace():
    def broken(rows: pd.DataFrame):  # type: ignore[no-untyped-def]
        raise np.linalg.LinAlgError("Singular matrix")

    check = validate_risks(a_company(800), {"broken": broken}, ["plan"])
    assert "broken could not be fitted: Singular matrix" in check.reasons[0]
    with pytest.raises(ParameterError, match="at least one model"):
        validate_risks(a_company(60), {}, ["plan"])
    with pytest.raises(ParameterError):
        validate_risks(a_company(60), {"Cox": lambda rows: fit_cox(rows, ["plam"])}, ["plam"])


@pytest.mark.slow
def test_large_companies_are_judged_on_a_sample_of_customers(monkeypatch):
    monkeypatch.setattr("crm_research.pillars.churn.validation.validate._MOST_CONTRACTS", 500)
    seen = []

    def fit(rows: pd.DataFrame) -> Truth:
        seen.append(rows)
        return Truth()

    study = a_company(1200, customer_id=[f"顾客{i // 2}" for i in range(1200)])
    check = validate_risks(study, {"model": fit}, ["plan"], n_resamples=0)
    n = len(study.table("contracts").to_pandas().query("started_at <= '2023-06-01'"))
    assert f"a random {100 * 500 / n:.0f} %" in check.sample
    assert 0.85 * 500 < len(seen[0]) < 1.15 * 500
    later, earlier = (set(rows["customer_id"]) for rows in seen)
    assert earlier <= later
    again = validate_risks(study, {"model": fit}, ["plan"], n_resamples=0)
    assert again.card.value("ibs") == check.card.value("ibs")
    other = validate_risks(study, {"model": fit}, ["plan"], n_resamples=0, seed=2)
    assert other.card.value("ibs") != check.card.value("ibs")


def test_figures_bear_the_ids_and_say_the_design():
    check = of_the_truth()
    figures = {figure.id: figure for figure in validation_figures(check)}
    assert list(figures) == ["churn.contract.uno_c", "churn.contract.ibs", "churn.contract.ibs_null", SLOPE_12M]
    assert figures["churn.contract.uno_c"].validation == check.designs[0].said
    assert figures[SLOPE_12M].validation == check.designs[1].said
    assert all(f.lower < f.estimate < f.upper and f.n > 0 and f.window for f in figures.values())


def test_the_sentences_say_what_the_card_says():
    check = of_the_truth()
    groups = check.card.calibration.query("horizon_days == 184 and group != 'all'")
    top = groups.iloc[-1]
    assert check_finding(check).startswith("Of 100 contracts said to leave within 6 months with a chance of about")
    assert f"{100 * top['observed']:.0f} did" in check_finding(check)
    assert "are spread as true ones would be" in distribution_finding(check)
    assert "Uno's C is" in optimism_finding(check)
    assert [say_horizon(days) for days in (45, 61, 91, 183, 365, 367)] == [
        "45 days", "2 months", "3 months", "6 months", "12 months", "12 months",
    ]  # fmt: skip


def test_the_table_puts_the_model_beside_the_rules():
    table = validation_table(of_the_truth())
    assert list(table.columns) == ["measure", "within", "model", BY_TENURE, CONSTANT, "perfect"]
    assert table["within"].tolist().count("6 months") == 7
    slope = table.loc[table["measure"].str.contains("slope")]
    assert slope[CONSTANT].tolist() == ["–"] * 3
    assert slope["model"].str.contains(" to ").all()


def test_the_picture_has_a_panel_for_each_horizon_and_one_further():
    check = of_the_truth()
    data = calibration_data(check)
    assert data["within"].unique().tolist() == ["2 months", "6 months", "12 months"]
    ax = draw_calibration(check)
    panels = ax.figure.axes
    assert [panel.get_title(loc="left").replace("\n", " ") for panel in panels] == [
        "within 2 months", "within 6 months", "within 12 months *",
    ]  # fmt: skip
    agreed = int(data["is_within"].sum())
    title = " ".join(ax.figure.get_suptitle().split())
    assert title.startswith(f"In {'all ' if agreed == len(data) else f'{agreed} of '}{len(data)} groups")


def shown(check) -> str:
    return " ".join(bundle["text/plain"] for bundle in bundles(lambda: Section(*check_parts(check)).show()))


def test_the_page_begins_with_a_sentence_and_shows_every_design():
    text = shown(of_the_truth())
    assert text.startswith("Note: Of 100 contracts said to leave within 6 months")
    assert text.count("What the risks are worth:") == 2
    assert "D-calibration" in text
    assert "Caution" not in text
    wrong = shown(judge(a_company(800), Truth(times=2.0)))
    assert "Caution: No list of customers at risk may be printed. Holdout after" in wrong


@pytest.mark.slow
def test_the_slope_of_the_truth_covers_one():
    hits, n_refused = 0, 0
    for seed in range(40):
        check = judge(a_company(900, holdout=None, seed=seed), Truth())
        slope = check.slope_12m
        assert slope is not None
        hits += slope.lower <= 1 <= slope.upper
        n_refused += not check.is_fit_for_lists
    assert hits / 40 >= 0.85, hits
    assert n_refused <= 2


def test_where_all_were_gone_before_the_first_horizon_the_page_says_so_without_a_picture():
    # Weekly trials: all that ran three months before the records end had ended within weeks of it.
    rng = np.random.default_rng(8)
    n = 400
    weeks, slack = rng.geometric(0.35, n), rng.integers(0, 200, n)
    ended = pd.Timestamp("2024-01-01") - pd.to_timedelta(slack, unit="D")
    started = ended - pd.to_timedelta(7 * weeks, unit="D")
    frame = pd.DataFrame(
        {"contract_id": [f"c{i}" for i in range(n)], "customer_id": [f"k{i}" for i in range(n)], "started_at": started}
    ).assign(ended_at=ended, plan="a")
    check = judge(a_study(contracts=frame, as_of="2024-01-01"), Truth(times=20.0), n_resamples=2)
    assert check.card.calibration.empty
    assert check_finding(check).startswith("The risks could not be judged by groups: hardly any contract was left")
    told = " ".join(bundle["text/plain"] for bundle in bundles(lambda: Section(*check_parts(check)).show()))
    assert "[picture" not in told
    assert "nan" not in told
