"""Opening: names, paths, study files with mistakes in them, and the list of studies."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from crm_research.contracts.checks import check_study
from crm_research.errors import LeakageError, StudyError
from crm_research.features.window import outcome_rows
from crm_research.sources.opening import find_samples, list_studies, open_study
from tests.sources.files import GOOD_ORDERS, a_study_file


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project folder with one good and one broken study."""
    studies = tmp_path / "data" / "studies"
    studies.mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    (studies / "orders.csv").write_text(GOOD_ORDERS)
    a_study_file(studies, {"orders": {"from": "orders.csv"}}, title="My shop").rename(studies / "shop.yaml")
    (studies / "broken.yaml").write_text("name: [")
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))
    monkeypatch.delenv("CRM_RESEARCH_SNAPSHOT", raising=False)
    return tmp_path


def test_a_study_is_opened_by_name_or_by_path_from_anywhere(home, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    by_name, by_path = open_study("shop"), open_study(home / "data" / "studies" / "shop.yaml")
    assert by_name.title == by_path.title == "My shop"
    assert by_name.path == by_path.path


def test_an_unknown_name_offers_the_nearest_and_all(home):
    known = "broken, cdnow, cdnow-full, complete-journey, several-systems, shop, simulated, telco"
    with pytest.raises(StudyError, match=rf"no study 'shpo'. Did you mean 'shop'\? Known: {known}\."):
        open_study("shpo")


def test_a_path_that_is_not_there_is_told_as_a_path(home):
    with pytest.raises(StudyError, match=r"no study file .*mine.yaml"):
        open_study("mine.yaml")


def test_samples_are_known_beside_the_studies_of_a_folder_and_its_own_go_before(home):
    own = home / "data" / "studies"
    (own / "telco.yaml").write_text((own / "shop.yaml").read_text())
    entries = {entry.name: entry for entry in list_studies()}
    assert list(entries) == [
        "broken",
        "cdnow",
        "cdnow-full",
        "complete-journey",
        "several-systems",
        "shop",
        "simulated",
        "telco",
    ]
    assert entries["telco"].path == own / "telco.yaml"
    assert [entry.name for entry in list_studies(is_own=True)] == ["broken", "shop", "telco"]


def test_a_sample_without_its_package_is_named_with_the_mend(monkeypatch):
    from crm_research.sources.readers import samples

    monkeypatch.setattr(samples, "find_spec", lambda name: None if name == "lifetimes" else object())
    ready, missing = find_samples()
    assert ready == ["complete-journey", "several-systems", "simulated", "telco"]
    told = 'Its package lifetimes is not installed: pip install "crm-research[samples]" brings it.'
    assert missing == {"cdnow": told, "cdnow-full": told}


def test_broken_files_are_listed_as_broken_and_stop_nothing(home):
    entries = {entry.name: entry for entry in list_studies()}
    assert entries["shop"].title == "My shop"
    assert entries["shop"].problem is None
    assert "no valid YAML" in str(entries["broken"].problem)


@pytest.mark.parametrize("as_of", ["2024-01-31", date(2024, 1, 31)])
def test_a_study_can_stand_at_another_date(home, as_of):
    assert f"{open_study('shop', as_of=as_of).as_of:%Y-%m-%d %H:%M}" == "2024-01-31 00:00"


@pytest.mark.parametrize("as_of", ["soon", "2024-01-31T00:00+02:00"])
def test_what_is_no_plain_date_is_refused(home, as_of):
    with pytest.raises(StudyError, match="Write it"):
        open_study("shop", as_of=as_of)


def test_only_the_tables_that_are_asked_for_are_opened(home, tmp_path):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    path = a_study_file(tmp_path, {"orders": {"from": "orders.csv"}, "customers": {"from": "missing.csv"}})
    assert list(open_study(path, tables=["orders"]).tables) == ["orders"]
    with pytest.raises(StudyError, match=r"maps no table 'order'\. Did you mean 'orders'"):
        open_study(path, tables=["order"])


def test_without_a_holdout_there_are_no_outcomes(home):
    with pytest.raises(LeakageError):
        outcome_rows(open_study("shop"), "orders")


def test_every_mistake_of_a_file_is_told_at_once_with_its_place(tmp_path):
    content = {
        "name": "My Shop",
        "currency": "euro",
        "as_of": "2024-07-01",
        "holdout_until": "2024-01-01",
        "tables": {
            "orders": {"from": "a.csv", "columns": {"revenu": "x", "cost": {"column": "c", "currency": "USD"}}},
            "order": {"from": "a.csv"},
            "customers": {"from": "b.csv", "sum_lines": True},
        },
    }
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(StudyError) as caught:
        open_study(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 7
    assert all(line.startswith(f"{path}: ") for line in lines)
    told = " ".join(lines)
    for piece in (
        "name: 'My Shop' must",
        "currency: 'euro' must",
        "must lie after as_of",
        "Did you mean 'revenue'?",
        "no rate for USD",
        "tables.order: There is no canonical table 'order'. Did you mean 'orders'?",
        "tables.customers.sum_lines: only orders",
    ):
        assert piece in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"titel": "x"}, r"titel: unknown key. Did you mean 'title'\?"),
        ({"as_of": None}, "as_of: is empty; write a date"),
        ({"as_of": "yesterday"}, "as_of: 'yesterday' is no date; write it as 2024-06-30"),
        ({"as_of": "2024-07-01T00:00:00+02:00"}, "carry no zone"),
        ({"timezone": "Berlin"}, "no IANA time zone"),
        ({"currency": 12}, "currency: must be text.* found 12"),
        ({"exchange_rates": {"USD": 0}}, r"exchange_rates.USD: must be more than 0; found 0"),
        ({"tables": {}}, "tables: must be filled with at least one entry"),
        ({"tables": {"orders": "orders.csv"}}, r"tables.orders: must be keys with values below it, such as from: FILE"),
        ({"tables": {"orders": {"columns": {}}}}, r"tables.orders.from: is missing. Write from: FILE"),
        ({"tables": {"orders": {"from": {"table": "x"}}}}, "exactly one of path, url, sample and sql; found none"),
        ({"tables": {"orders": {"from": {"path": "a", "delimeter": ";"}}}}, "Did you mean 'delimiter'"),
        ({"tables": {"orders": {"from": {"sql": "select 1"}}}}, "sql and inputs belong together"),
        ({"tables": {"orders": {"from": "postgres://h/d"}}}, "needs table or query beside its url"),
        ({"tables": {"orders": {"from": "a.csv", "columns": {"cost": {"colum": "x"}}}}}, "Did you mean 'column'"),
        (
            {"tables": {"orders": {"from": "a.csv", "columns": {"cost": {"column": "x", "expr": "y"}}}}},
            "exactly one of",
        ),
        (
            {"tables": {"orders": {"from": "a.csv", "attributes": {"age": "numeric"}}}},
            "attributes.age.type.*found 'numeric'",
        ),
    ],
)
def test_a_mistake_in_a_study_file_names_the_key_and_the_mend(tmp_path, change, said):
    content = {"name": "shop", "currency": "EUR", "as_of": "2024-07-01", "tables": {"orders": {"from": "a.csv"}}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(StudyError, match=said) as caught:
        open_study(path)
    assert str(path) in str(caught.value)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "found none"), ("- a\n- b\n", "found none"), ("a: b: c", "line 1, column 5: no valid YAML")],
)
def test_what_is_no_study_file_is_told(tmp_path, text, said):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(StudyError, match=said):
        open_study(path)


def test_what_a_study_accepts_softens_the_verdict(home, tmp_path):
    (tmp_path / "orders.csv").write_text(GOOD_ORDERS)
    (tmp_path / "customers.csv").write_text("customer_id\nnobody\n")
    tables = {"orders": {"from": "orders.csv"}, "customers": {"from": "customers.csv"}}
    strict = check_study(open_study(a_study_file(tmp_path, tables)))
    tables["orders"] = {"from": "orders.csv", "accept": {"orphan": 1.0}}
    lenient = check_study(open_study(a_study_file(tmp_path, tables)))
    assert [finding.rule for finding in strict.errors] == ["orphan"]
    assert "orphan" in [finding.rule for finding in lenient.warnings]
    assert lenient.errors == ()


def test_a_key_that_stands_twice_in_a_study_file_is_refused_rather_than_the_last_one_kept(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("name: shop\ncurrency: EUR\nas_of: 2024-07-01\ntables: {}\ncurrency: USD\n")
    with pytest.raises(StudyError, match=r"line 5, column 1: .*the key 'currency' stands here a second time"):
        open_study(path)


def test_a_data_file_given_as_a_study_is_told_how_to_become_one(tmp_path):
    (tmp_path / "orders.csv").write_text("order_id\n1\n")
    with pytest.raises(StudyError, match=r"orders.csv is a data file.*new study NAME --from orders.csv"):
        open_study(tmp_path / "orders.csv")


def test_an_address_that_a_table_takes_over_from_the_top_is_told_of_once(tmp_path):
    path = a_study_file(tmp_path, {"orders": {"from": {"table": "orders"}}}, engine="mysql://a/b")
    with pytest.raises(StudyError) as told:
        open_study(path)
    assert str(told.value).count("mysql://") == 1
    assert str(told.value).startswith(f"{path}: engine: begins with mysql://")
