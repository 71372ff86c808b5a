"""A world is the same whenever it is drawn, and can be opened as a study."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from crm_research.errors import StudyError
from crm_research.simulate import World, WorldSettings, simulate_world
from crm_research.simulate import world as world_module
from crm_research.simulate.study_file import DRAWN
from crm_research.sources.opening import open_study
from tests.simulate.reading import read_parameters, read_table, read_truth


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_settings_give_the_same_bytes(tmp_path: Path) -> None:
    settings = WorldSettings(n_customers=60, seed=3, dirt=0.2)
    first, again = (simulate_world(settings, tmp_path / name).path for name in ("first", "again"))
    assert _digests(first) == _digests(again)


def test_another_seed_gives_another_world(tmp_path: Path) -> None:
    one, two = (simulate_world(WorldSettings(n_customers=60, seed=seed), tmp_path / str(seed)) for seed in (1, 2))
    assert not read_table(one, "orders").equals(read_table(two, "orders"))


def test_full_blocks_do_not_change_when_customers_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_module, "BLOCK_SIZE", 40)
    small, large = (simulate_world(WorldSettings(n_customers=n, seed=5), tmp_path / str(n)) for n in (80, 100))
    for name in ("customers", "orders", "order_lines", "contracts", "contacts", "surveys"):
        rows, more = read_table(small, name), read_table(large, name)
        pd.testing.assert_frame_equal(rows, more.head(len(rows)), obj=name)


def test_more_than_ten_blocks_fill_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_module, "BLOCK_SIZE", 5)
    done = []
    world = simulate_world(
        WorldSettings(n_customers=62, seed=5), tmp_path / "world", on_progress=lambda *counts: done.append(counts)
    )
    assert [path.name for path in sorted((world.path / "orders").iterdir())] == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    assert read_table(world, "customers")["customer_id"].is_unique
    assert done[0] == (5, 62)
    assert done[-1] == (62, 62)


def test_one_customer_is_a_world_too(tmp_path: Path) -> None:
    world = simulate_world(WorldSettings(n_customers=1, seed=2), tmp_path / "one")
    assert world.n_rows["customers"] == 1
    assert all((world.path / name / "part-00000.parquet").is_file() for name in DRAWN)


def test_a_world_where_nothing_happens_still_has_every_table(tmp_path: Path) -> None:
    settings = WorldSettings(
        n_customers=30,
        contract_share=0.0,
        n_campaigns=0,
        survey_share=0.0,
        complaints=0.0,
        other_contacts=0.0,
        business_share=0.0,
        discount_rate=0.0,
        own_brand_share=0.0,
        dropout_shape=0.0,
        holdout_until=None,
    )
    world = simulate_world(settings, tmp_path / "quiet")
    for name in ("contracts", "contract_states", "contacts", "surveys", "campaigns", "campaign_targets", "invoices"):
        assert world.n_rows[name] == 0, name
    study = open_study(world.study_file)
    assert set(study.tables) == set(DRAWN)
    assert study.holdout_until is None


def test_the_study_file_opens_with_clock_currency_attributes_and_truth(world: World) -> None:
    study = open_study(world.study_file)
    assert set(study.tables) == set(DRAWN)
    assert (study.as_of, study.holdout_until) == (world.settings.as_of, world.settings.holdout_until)
    assert study.currency == "EUR"
    assert study.attributes_of("customers") == {"region": "category", "age": "number"}
    assert study.table("order_lines").count().execute() == world.n_rows["order_lines"]
    assert study.truth == world.truth


def test_the_truth_has_one_row_for_each_customer_and_each_contract_ever_signed(world: World) -> None:
    customers, contracts = read_truth(world, "customers"), read_truth(world, "contracts")
    assert customers["customer_id"].tolist() == read_table(world, "customers")["customer_id"].tolist()
    recorded = contracts.loc[contracts["is_recorded"], "contract_id"]
    assert set(recorded) == set(read_table(world, "contracts")["contract_id"])
    assert (~contracts["is_recorded"]).sum() > 0


def test_the_truth_holds_every_setting_as_plain_values(world: World) -> None:
    parameters = read_parameters(world)
    assert parameters["settings"]["n_customers"] == 2_000
    assert parameters["settings"]["as_of"] == "2024-06-30T00:00:00"
    assert [reason["name"] for reason in parameters["contracts"]["reasons"]] == [
        reason.name for reason in world.settings.reasons
    ]
    assert parameters["contracts"]["log_hazard_ratios_by_reason"]["price"]["log_fee"] == 0.60
    assert parameters["contracts"]["log_hazard_ratios_by_reason"]["moved"]["log_fee"] == 0.0


def test_records_may_begin_within_a_quarter(tmp_path: Path) -> None:
    settings = WorldSettings(
        n_customers=50, start=datetime(2023, 2, 14), as_of=datetime(2023, 11, 30), holdout_until=datetime(2024, 1, 15)
    )
    world = simulate_world(settings, tmp_path / "short")
    assert read_table(world, "activity_use")["period"].min() == pd.Timestamp("2023-01-01")
    assert read_table(world, "indicators")["period"].max() == pd.Timestamp("2024-01-01")


def test_a_full_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match=r"is not empty.*--force"):
        simulate_world(WorldSettings(n_customers=5), tmp_path)
    with pytest.raises(StudyError, match="no simulated world"):
        simulate_world(WorldSettings(n_customers=5), tmp_path, replace=True)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    with pytest.raises(StudyError, match="is a file"):
        simulate_world(WorldSettings(n_customers=5), tmp_path / "out")


def test_a_world_replaces_a_world_when_asked(tmp_path: Path) -> None:
    simulate_world(WorldSettings(n_customers=5, seed=1), tmp_path / "out")
    simulate_world(WorldSettings(n_customers=7, seed=1), tmp_path / "out", replace=True)
    assert len(list((tmp_path / "out" / "orders").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_world_that_is_interrupted_leaves_nothing_and_keeps_the_former_one(tmp_path: Path) -> None:
    kept = simulate_world(WorldSettings(n_customers=5, seed=1), tmp_path / "out")

    def stop(_n_done: int, _n_all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_world(WorldSettings(n_customers=7), tmp_path / "out", replace=True, on_progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(read_table(kept, "customers")) == 5
