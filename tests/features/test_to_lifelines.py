"""The contracts as any fitter of lifelines takes them, and the examples of the manual."""

from __future__ import annotations

import re

import numpy as np
import pytest
from lifelines import (
    CoxPHFitter,
    KaplanMeierFitter,
    LogNormalFitter,
    NelsonAalenFitter,
    WeibullAFTFitter,
    WeibullFitter,
)

from crm_research.errors import ParameterError
from crm_research.features.spells import count_spells, to_lifelines
from crm_research.models.survival import estimate_survival
from tests.architecture import ROOT
from tests.builders import a_study, contracts


def a_company(n=60):
    rng = np.random.default_rng(4)
    days = [f"2023-{1 + k % 12:02d}-{1 + k % 28:02d}" for k in range(n)]
    frame = contracts(*[(f"c{k}", days[k], f"2024-0{1 + k % 6}-15" if k % 3 else None, None) for k in range(n)])
    frame["observed_from"] = ["2024-01-01" if k % 4 == 0 else None for k in range(n)]
    frame["plan"] = ["$ 20 < 50", "basic", "basic", None] * (n // 4)
    frame["fee"] = np.where(np.arange(n) == 7, np.nan, rng.normal(20, 5, n).round(2))
    frame["paperless"] = rng.random(n) < 0.5
    return a_study(contracts=frame, attributes={"contracts": {"paperless": "flag"}})


def test_durations_events_entries_and_covariates_by_hand():
    frame = contracts(("ann", "2024-06-01", "2024-06-01", None), ("bob", "2024-01-01", None, None), plan=["a", "b"])
    frame["observed_from"] = [None, "2024-03-01"]
    found = to_lifelines(a_study(contracts=frame), ["plan"])
    assert found.index.tolist() == ["k1", "k2"]
    assert found["duration"].tolist() == [0.5, 182.0]
    assert found["event"].tolist() == [True, False]
    assert found["entry"].tolist() == pytest.approx([0.0, 60.0], abs=1e-5)
    assert found["plan: b"].tolist() == [0.0, 1.0]


def test_every_kind_of_fitter_takes_it():
    found = to_lifelines(a_company(), ["plan", "fee", "paperless"])
    assert found.columns.tolist() == [
        "duration", "event", "entry", "plan: $ 20 < 50", "plan: not known", "fee", "paperless",
    ]  # fmt: skip
    assert len(found) == len(to_lifelines(a_company())) - 1  # one lacks its fee
    for fitter in (KaplanMeierFitter, NelsonAalenFitter, WeibullFitter, LogNormalFitter):
        fitter().fit(found["duration"], found["event"], entry=found["entry"])
    CoxPHFitter(penalizer=0.1).fit(found, "duration", "event", entry_col="entry")
    WeibullAFTFitter(penalizer=0.1).fit(found, "duration", "event", entry_col="entry")


def test_its_curve_is_the_page_s():
    study = a_company()
    found = to_lifelines(study)
    own = estimate_survival(count_spells(study).to_pandas(), from_days=0).curves
    first = own["tenure_days"].iloc[0]
    later = found.loc[found["duration"] > first].assign(entry=lambda t: t["entry"].clip(lower=first + 1e-6))
    peer = KaplanMeierFitter().fit(later["duration"], later["event"], entry=later["entry"])
    theirs = peer.survival_function_at_times(own["tenure_days"]).fillna(1.0)  # where nobody is met yet
    assert np.allclose(theirs, own["survival"], atol=1e-9)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ParameterError, match="no column 'plam'"):
        to_lifelines(a_company(), ["plam"])


@pytest.mark.slow
def test_the_examples_of_the_manual_run_and_agree(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # they write lists where one works
    text = (ROOT / "docs/researchers.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.S):
        exec(block, names)
    columns, curves, ratios, concordance, *tables = capsys.readouterr().out.strip().split("\n")
    assert columns.startswith("['duration', 'event', 'entry', 'plan: ")
    theirs, ours = curves.split()
    assert theirs == ours
    assert "'plan: Two year': 0.0" in ratios
    assert 0.5 < float(concordance) < 1
    assert any(re.match(r"0 +contracts +7043 2013-01-01 2019-01-01 +0$", line) for line in tables), tables[:4]
    assert any(re.match(r"\d+ +loyalty +False ", line) for line in tables)
    assert any("confidence" in line and "0.95" in line for line in tables)
