"""The contracts and ends beside a ratio are those that its own model read, where rows drop out of the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_research.models.hazards.spell_rows import rows_read
from crm_research.pillars.churn import measure_reason_drivers
from crm_research.pillars.churn.drivers.figures import driver_figures
from crm_research.pillars.churn.drivers.measure import fit_risk, measure_drivers
from crm_research.pillars.churn.drivers.ratios import tell_ratios
from crm_research.pillars.churn.reasons.figures import FRAILTY, SHARE_RATIO, SPEED_RATIO, reason_driver_figures
from tests.builders import a_study
from tests.churn.test_reason_drivers import a_company


def _rows(n: int = 900, *, early_times: float = 2.0) -> pd.DataFrame:
    """Flex leaves sooner, in the first year more so; 41 of region west, and 53 without an income, run on.

    29 began to be watched on the day on which they ended.
    """
    rng = np.random.default_rng(11)
    flex = rng.random(n) < 0.4
    early = rng.exponential(600 / np.where(flex, early_times, 1.0))
    stay = np.ceil(np.where(early <= 365, early, 365 + rng.exponential(600, n)))
    watched = rng.integers(200, 1400, n)
    rows = pd.DataFrame(
        {
            "contract_id": [f"k{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "entry_days": np.where(np.arange(n) % 7 == 0, np.minimum(stay, watched) // 2, 0.0),
            "tenure_days": np.minimum(stay, watched).astype(float),
            "is_ended": stay <= watched,
            "plan": np.where(flex, "flex", "fixed"),
            "region": rng.choice(["north", "south"], n, p=[0.7, 0.3]),
            "income": rng.integers(1000, 4000, n).astype(float),
        }
    )
    running = rows.index[~rows["is_ended"]]
    rows.loc[running[:41], "region"] = "west"
    rows.loc[running[41:94], "income"] = np.nan
    never = rows.index[rows["is_ended"]][:29]
    rows.loc[never, "entry_days"] = rows.loc[never, "tenure_days"]
    return rows


def _is_read(rows: pd.DataFrame) -> pd.Series:
    return rows["region"].ne("west") & rows["income"].notna() & rows["tenure_days"].gt(rows["entry_days"])


def test_rows_that_a_model_leaves_out_do_not_stand_beside_its_ratios():
    rows = _rows(early_times=1.0)
    read = rows.loc[_is_read(rows)]
    assert len(read) == 900 - 41 - 53 - 29
    fit = fit_risk(rows, ["plan", "region", "income"], splines=[])
    assert fit.n == rows_read(fit, rows).sum() == 777
    told = tell_ratios(rows, fit, strata=(), cluster=None)
    assert (told.n_contracts, told.n_ended) == (777, read["is_ended"].sum())
    table = told.table.set_index("covariate")
    of_level = {"plan": read["plan"].eq("flex"), "region": read["region"].eq("south"), "income": read["plan"].notna()}
    for name, is_in in of_level.items():
        assert table.loc[name, "n"] == is_in.sum()
        assert table.loc[name, "n_ended"] == (is_in & read["is_ended"]).sum()
    # Each of these would be another number if rows left out were counted.
    assert table.loc["plan", "n"] < rows["plan"].eq("flex").sum()
    assert table.loc["region", "n"] < rows["region"].eq("south").sum()


def test_early_and_late_ratios_stand_on_the_contracts_watched_then():
    rows = _rows(2400, early_times=4.0)
    fit = fit_risk(rows, ["plan", "region", "income"], splines=[])
    told = tell_ratios(rows, fit, strata=(), cluster=None)
    cut = told.cut_days
    assert cut is not None
    read = rows.loc[_is_read(rows)]
    plan = told.table.loc[told.table["covariate"] == "plan"].set_index("period")
    flex, ended = read["plan"].eq(plan["level"].iloc[0]), read["is_ended"]
    is_early, is_late = read["entry_days"].lt(cut), read["tenure_days"].gt(cut)
    first, later = plan.index
    assert first.startswith("first ")
    assert later == "later"
    assert plan.loc[first, "n"] == (flex & is_early).sum()
    assert plan.loc[first, "n_ended"] == (flex & is_early & ~is_late & ended).sum()
    assert plan.loc[later, "n"] == (flex & is_late).sum()
    assert plan.loc[later, "n_ended"] == (flex & is_late & ended).sum()
    assert (told.n_contracts, told.n_ended) == (2400 - 41 - 53 - 29, ended.sum())


def test_stretches_of_a_contract_count_once():
    rows = _rows(early_times=1.0)
    long = rows.loc[rows["tenure_days"] - rows["entry_days"] > 100]
    before = long.assign(tenure_days=long["entry_days"] + 60, is_ended=False)
    after = long.assign(entry_days=long["entry_days"] + 60)
    fit = fit_risk(pd.concat([before, after], ignore_index=True), ["plan"])
    told = tell_ratios(pd.concat([before, after], ignore_index=True), fit, strata=(), cluster=None)
    assert fit.n == 2 * len(long)
    assert told.n_contracts == len(long)
    assert told.table["n"].iloc[0] == long["plan"].eq(told.table["level"].iloc[0]).sum()
    assert told.table["n_ended"].iloc[0] == (long["plan"].eq(told.table["level"].iloc[0]) & long["is_ended"]).sum()


def test_a_figure_bears_the_contracts_that_its_model_read():
    frame = a_company(700, seed=6).table("contracts").execute()
    running = frame.index[frame["ended_at"].isna()]
    frame["income"] = np.arange(len(frame)) % 97 + 1.0
    frame.loc[running[:61], "income"] = np.nan
    study = a_study(contracts=frame, as_of="2023-06-01", attributes={"contracts": {"income": "number"}})
    drivers = measure_drivers(study, ["plan", "income"], splines=())
    assert drivers.n_contracts == 700 - 61
    assert drivers.n_ended == frame["ended_at"].notna().sum()
    figures = {figure.group.split(":")[0]: figure.n for figure in driver_figures(drivers, window="all")}
    level = drivers.ratios.set_index("covariate").loc["plan", "level"]
    known = frame["income"].notna()
    assert figures == {"plan": (known & frame["plan"].eq(level)).sum(), "income": 639}


@pytest.fixture(scope="module")
def by_reason() -> tuple[int, dict[str, int], list]:
    """Of 70 contracts in Linz those that ended did so for their price; of 1,600, two of each customer."""
    frame = a_company(1600, seed=2, several=2, frailty=1.0).table("contracts").execute()
    moved = frame["end_reason"].eq("moved")
    frame.loc[frame.index[~moved][:70], "town"] = "Linz"
    frame["age"] = frame["age"].where(frame["age"] != "young", "young people")
    study = a_study(
        contracts=frame, as_of="2023-06-01", attributes={"contracts": {"age": "category", "town": "category"}}
    )
    drivers = measure_reason_drivers(study, ["plan", "age", "town"])
    read = {reason: fit.n for reason, fit in drivers.fits.cause_specific.items()}
    return drivers.n_contracts, read, reason_driver_figures(drivers, window="all")


@pytest.mark.slow
def test_each_reason_bears_the_contracts_that_its_own_model_read(by_reason):
    n_contracts, read, figures = by_reason
    # Nobody in Linz moved, so the model of moving says nothing of them.
    assert read == {"price": 1600, "moved": 1530}
    assert n_contracts == 1600
    for id_ in (SPEED_RATIO, SHARE_RATIO):
        found = {(figure.group.split(":")[0], figure.n) for figure in figures if figure.id == id_}
        assert found == {("price", 1600), ("moved", 1530)}
    # What customers' contracts have in common is told of all ends alike.
    assert [figure.n for figure in figures if figure.id == FRAILTY] == [1600]
