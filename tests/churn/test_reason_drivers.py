"""What drives those who leave for each reason, from a study to the picture, the sentences and the figures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.errors import LeakageError
from crm_research.figures import NO_VALIDATION, REFUTED
from crm_research.pillars.churn import describe_churn, measure_reason_drivers
from crm_research.pillars.churn.reasons.charts import draw_reason_drivers
from crm_research.pillars.churn.reasons.figures import FRAILTY, SHARE_RATIO, SPEED_RATIO, reason_driver_figures
from crm_research.pillars.churn.reasons.page import reason_drivers_section
from crm_research.pillars.churn.reasons.tables import reason_table
from crm_research.pillars.churn.reasons.words import difference_finding, likeness_finding, reason_finding, share_finding
from crm_research.simulate import WorldSettings, simulate_world
from tests.builders import a_study, contracts
from tests.churn.worlds import START
from tests.reporting.pages import bundles


def a_company(n: int = 2500, *, seed: int = 1, several: int = 1, frailty: float = 0.0, **changes):
    """Flex triples leaving for price and does nothing to moving; the young move, at twice the rate."""
    rng = np.random.default_rng(seed)
    end = pd.Timestamp("2023-06-01")
    started = START + pd.to_timedelta(rng.integers(0, 1200, n), unit="D")
    owner = np.arange(n) // several
    shared = rng.gamma(1 / frailty, frailty, n)[owner] if frailty else np.ones(n)
    flex, young = rng.random(n) < 0.5, rng.random(n) < 0.5
    price = rng.exponential(1 / (shared * np.where(flex, 3.0, 1.0) / 1500))
    moved = rng.exponential(1 / (shared * np.where(young, 2.0, 1.0) / 1200))
    ended = started + pd.to_timedelta(np.ceil(np.minimum(price, moved).clip(max=9000)), unit="D")
    is_over = ended < end
    frame = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in owner],
            "started_at": started,
            "ended_at": ended.where(is_over),
            "end_reason": np.where(is_over, np.where(price < moved, "price", "moved"), None),
            "plan": np.where(flex, "flex", "fixed"),
            "age": np.where(young, "young", "old"),
            "town": rng.choice(["Graz", "Wien"], n),
        }
    ).assign(**changes)
    return a_study(
        contracts=frame, as_of="2023-06-01", attributes={"contracts": {"age": "category", "town": "category"}}
    )


@cache
def measured():
    return measure_reason_drivers(a_company())


def _ratio(drivers, reason: str, covariate: str, level: str, column: str = "hazard_ratio") -> float:
    table = drivers.ratios.set_index(["reason", "covariate"])
    row = table.loc[(reason, covariate)]
    return float(row[column] if row["level"] == level else 1 / row[column])


def test_each_reason_shows_its_own_driver_and_not_that_of_the_other():
    drivers = measured()
    assert _ratio(drivers, "price", "plan", "flex") == pytest.approx(3.0, rel=0.2)
    assert _ratio(drivers, "moved", "age", "young") == pytest.approx(2.0, rel=0.2)
    clear = drivers.ratios.loc[drivers.ratios["is_clear"], ["reason", "covariate"]].apply(tuple, axis=1)
    assert set(clear) == {("price", "plan"), ("moved", "age")}
    assert drivers.n_contracts == 2500
    assert drivers.likeness is None


def test_another_package_is_asked_of_each_reason_that_shows_a_ratio(monkeypatch):
    drivers = measured()
    said = "equal to lifelines (Cox regression) to 1e-4 on 2,500 contracts"
    assert {reason: opinion.say() for reason, opinion in drivers.opinions.items()} == {"price": said, "moved": said}
    made = reason_driver_figures(drivers, window="2023")
    speed = [figure for figure in made if figure.id == SPEED_RATIO]
    assert len(speed) == 2
    assert {(figure.validation, figure.verdict) for figure in speed} == {(said, None)}
    shares = [figure for figure in made if figure.id == SHARE_RATIO]
    assert shares
    assert {figure.validation for figure in shares} == {NO_VALIDATION}, "lifelines has no Fine-Gray regression"
    off = replace(drivers.opinions["price"], gap=2e-4)
    other = reason_driver_figures(replace(drivers, opinions=drivers.opinions | {"price": off}), window="2023")
    verdicts = {figure.group.split(":")[0]: figure.verdict for figure in other if figure.id == SPEED_RATIO}
    assert verdicts == {"price": REFUTED, "moved": None}


def test_what_makes_customers_leave_for_price_lowers_the_share_who_move():
    drivers = measured()
    assert _ratio(drivers, "moved", "plan", "flex") == pytest.approx(1.0, abs=0.25)
    assert _ratio(drivers, "moved", "plan", "flex", "share_hazard_ratio") < 0.85


def test_the_sentences_say_what_was_found():
    drivers = measured()
    assert "for 'price' plan, f" in reason_finding(drivers)
    assert "for 'moved' age, " in reason_finding(drivers)
    assert difference_finding(drivers).startswith("Drivers that work differently by reason, beyond chance: ")
    assert "plan (" in difference_finding(drivers)
    assert "can no longer leave for this one" in share_finding(drivers)
    assert "Only the share differs, not the speed, for 'moved' and plan" in share_finding(drivers)


def test_differences_are_those_of_cochran():
    drivers = measured()
    fits = drivers.fits.cause_specific
    terms = [fits[reason].terms.set_index("covariate").loc["town"] for reason in ("price", "moved")]
    apart = (terms[0]["coefficient"] - terms[1]["coefficient"]) ** 2
    expected = apart / (terms[0]["std_error"] ** 2 + terms[1]["std_error"] ** 2)
    assert drivers.differences.set_index("covariate").loc["town", "chi_squared"] == pytest.approx(expected)
    sure = drivers.differences.set_index("covariate")["p_value"] < 0.05
    assert sure.to_dict() == {"plan": True, "age": True, "town": False}


def test_where_nothing_matters_nothing_is_claimed():
    rng = np.random.default_rng(3)
    n = 800
    drivers = measure_reason_drivers(
        a_company(n, plan=rng.choice(["a", "b"], n), age=rng.choice(["x", "y"], n), seed=8)
    )
    assert reason_finding(drivers) == (
        "With all else alike, nothing recorded goes with leaving for any one reason beyond chance."
    )
    assert difference_finding(drivers).startswith("No driver is seen to work more for one reason")
    assert share_finding(drivers).endswith("wherever either is clear.")
    assert [figure.id for figure in reason_driver_figures(drivers, window="w")] == []


def test_a_rare_reason_gets_no_ratio_but_still_competes():
    study = a_company()
    frame = study.table("contracts").to_pandas()
    ended = frame.index[frame["end_reason"].notna()]
    frame.loc[ended[:15], "end_reason"] = "died"
    frame.loc[ended[15:80], "end_reason"] = None
    study = a_study(contracts=frame, as_of="2023-06-01", attributes={"contracts": {"age": "category"}})
    drivers = measure_reason_drivers(study)
    assert drivers.reasons.set_index("reason")["is_fitted"].to_dict() == {"price": True, "moved": True, "died": False}
    assert drivers.n_not_given == 65
    assert drivers.fits.subdistribution["price"].n_otherwise > drivers.fits.cause_specific["moved"].n_ended
    told = _shown(study)
    assert "died, 15 ends in all. They compete" in told
    assert "65 ends (" in told


def test_customers_with_several_contracts_get_the_likeness_of_these():
    drivers = measure_reason_drivers(a_company(several=3, frailty=1.0))
    likeness = drivers.likeness
    assert likeness is not None
    assert likeness.several_share == pytest.approx(1.0, abs=0.01)
    assert likeness.fit.variance_lower < 1.0 < likeness.fit.variance_upper
    assert likeness.largest_move > 1.05
    told = likeness_finding(likeness, 0.95)
    assert "contracts end alike: a customer at the upper quartile" in told
    assert "ratios move by up to" in told
    ids = [figure.id for figure in reason_driver_figures(drivers, window="w")]
    assert ids.count(FRAILTY) == 1
    assert "robust errors by cluster" in drivers.fits.cause_specific["price"].estimator


def test_several_contracts_that_have_nothing_in_common_are_said_to():
    told = likeness_finding(measure_reason_drivers(a_company(1500, several=2, seed=5)).likeness, 0.95)
    assert told.startswith(
        "100 % of the customers have several contracts. Beyond what is recorded their contracts are not"
    )


def test_figures_bear_ids_and_groups_that_other_programs_read():
    figures = reason_driver_figures(measured(), window="2020 to 2023")
    assert {figure.id for figure in figures} == {SPEED_RATIO, SHARE_RATIO}
    assert len({(figure.id, figure.group) for figure in figures}) == len(figures) <= 24
    assert all(figure.group.split(": ")[0] in ("price", "moved") for figure in figures)


def test_the_picture_has_a_panel_for_each_reason_and_a_row_for_each_comparison():
    drivers = measured()
    panels = draw_reason_drivers(drivers)
    assert [panel.get_title(loc="left") for panel in panels] == list(drivers.fits.cause_specific)
    names = [label.get_text().replace("\n", " ") for label in panels[0].get_yticklabels()]
    assert len(names) == 3
    assert names[0].startswith("plan: ")
    assert len(reason_table(drivers)) == 6


def _shown(study) -> str:
    leaving = describe_churn(study)
    return " ".join(bundle["text/plain"] for bundle in bundles(lambda: reason_drivers_section(study, leaving).show()))


def test_the_page_shows_picture_sentences_and_figures():
    told = _shown(a_company(900))
    assert "[picture: Beyond chance, and after allowing for the rest: for " in told
    assert "Leaving by reason, everything else alike: what is clear" in told
    assert "end up leaving for it" in told


def test_names_of_any_kind_and_length():
    reason = "价格太高而且服务也不好" * 3
    study = a_company(900)
    frame = study.table("contracts").to_pandas()
    frame["end_reason"] = frame["end_reason"].replace({"price": reason})
    study = a_study(contracts=frame, as_of="2023-06-01", attributes={"contracts": {"age": "category"}})
    assert f"for '{reason}' plan" in _shown(study)


class TestNothingToShow:
    def test_without_reasons(self):
        assert "give no reason for any end" in _shown(a_company(400, end_reason=None))

    def test_without_an_end(self):
        assert "No contract ended" in _shown(a_company(200, ended_at=pd.NaT, end_reason=None))

    def test_without_a_reason_common_enough(self):
        told = _shown(a_company(30))
        assert "No reason has the 20 ends that a comparison needs" in told
        assert "[picture" not in told

    def test_without_characteristics(self):
        rows = [(f"c{i}", "2023-01-01", f"2023-0{i + 2}-01", None) for i in range(6)]
        assert "no characteristic to compare" in _shown(a_study(contracts=contracts(*rows)))

    def test_the_outcome_explains_nothing(self):
        with pytest.raises(LeakageError):
            measure_reason_drivers(a_company(100), ["tenure_days"])


@pytest.mark.slow
def test_the_truth_of_a_world_in_which_the_plan_matters_for_the_price_only(tmp_path):
    settings = WorldSettings(
        n_customers=5000, seed=5, contract_share=1.0, more_contracts=0.0, state_changes=0.0, complaints=0.0,
        effects={"payment=debit": -0.5}, reason_effects={"price": {"plan=flex": 0.8}}, n_campaigns=0, survey_share=0.0,
    )  # fmt: skip
    study = open_study(Path(simulate_world(settings, tmp_path / "w").path) / "study.yaml")
    drivers = measure_reason_drivers(study, ["plan", "payment"])
    assert drivers.likeness is None
    assert len(drivers.fits.cause_specific) == 4
    for reason, fit in drivers.fits.cause_specific.items():
        terms = fit.terms.set_index("level")
        flex, debit = (0.8 if reason == "price" else 0.0), -0.5
        for level, truth in (("flex", flex), ("debit", debit)):
            # Where debit is the largest group the others are compared with it.
            sign, name = (1.0, level) if level in terms.index else (-1.0, "invoice")
            error = 3.3 * terms.loc[name, "std_error"]
            assert abs(sign * terms.loc[name, "coefficient"] - truth) < error
    sure = drivers.differences.set_index(["covariate", "level"])["p_value"]
    assert sure[("plan", "flex")] < 0.01
    assert (sure.drop(("plan", "flex")) > 0.01).all()


def test_the_contracts_behind_the_ratios_are_those_that_the_models_read():
    # An unknown number is a group of its own in the models, so nobody is left out and none may be missing in n.
    company = a_company(400, seed=3)
    frame = company.table("contracts").execute().assign(income=lambda f: np.arange(len(f)) % 97 + 1.0)
    frame.loc[frame.index % 3 == 0, "income"] = np.nan
    study = a_study(contracts=frame, as_of="2023-06-01", attributes={"contracts": {"income": "number"}})
    drivers = measure_reason_drivers(study, ["plan", "income"])
    assert drivers.n_contracts == 400
    assert {figure.n for figure in reason_driver_figures(drivers, window="all")} == {400}
    assert {opinion.n for opinion in drivers.opinions.values()} == {400}
