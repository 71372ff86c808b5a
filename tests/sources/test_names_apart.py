"""A user's columns that are called as ours are: kept under a name apart, whatever the reports lay beside them."""

import numpy as np
import pandas as pd
import pytest
import yaml

from crm_research import churn, open_study
from crm_research.errors import ParameterError
from crm_research.features.customers import build_customers
from crm_research.features.holders import describe_holders
from crm_research.features.spells import build_spells
from tests.contracts.test_names import NAMES


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("apart")
    rng = np.random.default_rng(7)
    n = 120
    ids = [f"k{i}" for i in range(n)]
    named = {name: rng.choice(["low", "high"], n) for name in NAMES}
    pd.DataFrame({"customer_id": ids, **named}).to_csv(folder / "people.csv", index=False)
    starts = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    ends = [start + pd.Timedelta(days=int(60 + 3 * i)) if i % 2 else None for i, start in enumerate(starts)]
    whose = {"contract_id": ids, "customer_id": ids, "plan": named["region"]}
    contracts = {**whose, "started_at": starts, "ended_at": ends}
    undeclared = {"customer_id_right": "x", "_nth": 1, "tariff": "t"}
    pd.DataFrame({**contracts, **undeclared}).to_csv(folder / "contracts.csv", index=False)
    study = {
        "name": "apart", "currency": "EUR", "as_of": "2024-01-01",
        "tables": {
            "customers": {"from": "people.csv", "attributes": dict.fromkeys(NAMES, "category")},
            "contracts": {"from": "contracts.csv"},
        },
    }  # fmt: skip
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    return path, named


def test_each_is_read_from_the_column_that_was_named(written):
    path, named = written
    study = open_study(path)
    assert dict(study.attributes_of("customers")) == dict.fromkeys(NAMES.values(), "category")
    for build in (build_customers, build_spells, lambda one: describe_holders(one, NAMES.values())):
        made = build(study).to_pandas().sort_values("customer_id", key=lambda ids: ids.str[1:].astype(int))
        for name, apart in NAMES.items():
            assert made[apart].tolist() == named[name].tolist(), name


def test_undeclared_columns_that_look_like_ours_are_left_out(written):
    columns = open_study(written[0]).table("contracts").columns
    assert "tariff" in columns
    assert {"_nth", "customer_id_right"}.isdisjoint(columns)


def test_a_parameter_that_names_one_is_told_its_name(written):
    with pytest.raises(ParameterError, match="place_recorded"):
        churn.ChurnPage(open_study(written[0]), group="_place").groups  # noqa: B018


@pytest.mark.slow
def test_the_churn_page_stands_with_all_of_them(written):
    page = churn.ChurnPage(open_study(written[0]), risk_months=(1, 3))
    for name in page.contents():
        assert getattr(page, name)._repr_html_()
    listed = page.drivers._repr_html_()
    assert "place recorded" in listed
    assert "_place" not in listed
