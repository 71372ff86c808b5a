"""Three systems know the same customers, each in its own way, with the faults that the truth tells of."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.contracts.checks import check_study
from crm_research.simulate import World, WorldSettings, simulate_world
from crm_research.sources.opening import open_study
from tests.simulate.reading import read_table, read_truth

_FORMATS = {
    "head_office": {"sep": ",", "encoding": "utf-8"},
    "dealers": {"sep": ";", "encoding": "gb18030"},
    "service_points": {"sep": "\t", "encoding": "utf-8-sig"},
}
_DATES = {"head_office": "%Y-%m-%d", "dealers": "%d.%m.%Y", "service_points": "%Y/%m/%d"}


def _read_system(world: World, system: str) -> pd.DataFrame:
    path = world.path / "systems" / f"customers_{system}.csv"
    rows = pd.read_csv(path, dtype="string", keep_default_na=False, na_values=[""], **_FORMATS[system])
    whose = read_truth(world, "system_records").query("system == @system")
    return rows.merge(whose, on="record_id", validate="1:1", how="outer", indicator="side")


@pytest.mark.parametrize("system", _FORMATS)
def test_every_record_is_accounted_for(world: World, system: str) -> None:
    records = _read_system(world, system)
    assert (records["side"] == "both").all()
    assert records["customer_id"].isna().equals(records["is_false"])
    known = records["customer_id"].dropna()
    assert known.isin(read_table(world, "customers")["customer_id"]).all()
    assert 0.05 < records["is_duplicate"].mean() < 0.15
    assert 0.02 < records["is_false"].mean() < 0.08
    assert pd.to_datetime(records["registered"], format=_DATES[system]).notna().all()


def test_head_office_writes_the_true_name_unless_it_slipped(world: World) -> None:
    records = _read_system(world, "head_office").dropna(subset=["customer_id"])
    names = records["customer_id"].map(read_table(world, "customers").set_index("customer_id")["name"])
    slipped = records["has_misspelt_name"].astype(bool)
    assert (records.loc[~slipped, "name"] == names[~slipped]).all()
    assert (records.loc[slipped, "name"] != names[slipped]).mean() > 0.9
    assert 0.05 < slipped.mean() < 0.15


def test_a_right_phone_number_is_the_same_in_every_system_and_nobody_elses(world: World) -> None:
    right = []
    for system in _FORMATS:
        records = _read_system(world, system).dropna(subset=["customer_id", "phone"])
        records = records[~records["has_wrong_phone"].astype(bool)]
        digits = records["phone"].str.replace(r"\D", "", regex=True).str[-10:]
        right.append(pd.DataFrame({"customer_id": records["customer_id"], "phone": digits}))
    pairs = pd.concat(right).drop_duplicates()
    assert pairs["phone"].is_unique
    assert pairs["customer_id"].is_unique


def test_record_ids_do_not_tell_whose_records_they_are(world: World) -> None:
    records = _read_system(world, "head_office").dropna(subset=["customer_id"]).sort_values("record_id")
    place = records["customer_id"].str[1:].astype(int)
    assert abs(place.reset_index(drop=True).corr(pd.Series(range(len(place))))) < 0.1


def test_clean_worlds_have_no_systems(tmp_path) -> None:
    world = simulate_world(WorldSettings(n_customers=5), tmp_path / "clean")
    assert not (world.path / "systems").exists()
    assert not (world.truth / "system_records").exists()


def test_every_dealing_bears_a_number_of_its_customer_in_one_system(world: World) -> None:
    whose = read_truth(world, "system_records").rename(columns={"record_id": "local_id"})
    for table, key in {"orders": "order_id", "contracts": "contract_id", "contacts": "contact_id"}.items():
        numbers = pd.read_parquet(world.path / "systems" / table)
        rows = read_table(world, table)[[key, "customer_id"]].merge(numbers, on=key, validate="1:1")
        assert len(rows) == world.n_rows[table] == len(numbers)
        known = rows[rows["system"] != "till"].merge(whose, on=["system", "local_id"], how="left")
        assert (known["customer_id_x"] == known["customer_id_y"]).all()
        at_till = rows[rows["system"] == "till"]
        assert 0.02 < len(at_till) / len(rows) < 0.07
        assert (at_till.groupby("local_id")["customer_id"].nunique() == 1).all()
    answers = read_table(world, "surveys").drop_duplicates("response_id").set_index("response_id")["customer_id"]
    assert set(pd.read_parquet(world.path / "systems" / "surveys")["response_id"]) == set(answers.dropna().index)


@pytest.mark.slow
def test_a_study_of_the_systems_counts_whoever_stands_in_several_once_in_each(world: World) -> None:
    study = open_study(world.path / "systems.yaml")
    systems = study.table("customer_records").system.value_counts().to_pyarrow().to_pylist()
    files = {name: len(_read_system(world, name)) for name in _FORMATS}
    assert {row["system"]: row["system_count"] for row in systems} == files
    assert study.table("customers").count().to_pyarrow().as_py() == sum(files.values())
    orders = study.table("orders")
    assert orders.count().to_pyarrow().as_py() == world.n_rows["orders"]
    n_buyers = read_table(world, "orders")["customer_id"].nunique()
    assert orders.customer_id.nunique().to_pyarrow().as_py() > 1.3 * n_buyers
    regions = study.table("customer_records").region.value_counts().to_pyarrow()["region"].to_pylist()
    assert {*regions} <= {"north", "east", "south", "west", None}
    assert not check_study(study).errors
