"""What a study file says of its engine reaches the engine, or is refused with its place and the mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_research import open_study
from crm_research.engine import _default_gigabytes
from crm_research.errors import StudyError
from crm_research.settings import SIDE_BY_SIDE
from crm_research.sources.engine_rule import EngineRule
from crm_research.sources.snapshot import read_snapshot, write_snapshot

STUDY = """
name: shop
currency: EUR
as_of: 2024-06-30
engine: {engine}
tables:
  orders:
    from: orders.csv
"""


def a_study(folder, engine):
    (folder / "orders.csv").write_text("order_id,customer_id,ordered_at,revenue\n1,a,2024-01-05,30\n", encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY.replace("{engine}", engine), encoding="utf-8")
    return folder / "study.yaml"


def settings(study):
    asked = "SELECT current_setting('memory_limit'), current_setting('threads'), current_setting('temp_directory')"
    memory, threads, spill = study.backend.con.execute(asked).fetchone()
    return memory, threads, Path(spill)


def test_memory_threads_and_the_folder_to_spill_into_reach_the_engine(tmp_path):
    (tmp_path / "large disk").mkdir()
    study = open_study(a_study(tmp_path, "{memory: 2.5GB, threads: 1, spill: large disk}"))
    memory, threads, spill = settings(study)
    assert (memory, threads) == ("2.3 GiB", 1)  # 2.5e9 / 2**30 = 2.33
    assert spill.parent.parent == tmp_path / "large disk"
    assert spill.parent.stat().st_mode & 0o777 == 0o700


def test_the_session_that_reads_a_snapshot_has_the_same_limits(tmp_path):
    path = a_study(tmp_path, "{memory: 300 MB, threads: 1}")
    study = open_study(path)
    file = write_snapshot(study, tmp_path / "kept")
    opened = read_snapshot(file, ["orders"], EngineRule(memory="300 MB", threads=1), path)
    backend = opened.tables["orders"].get_backend()
    asked = "SELECT current_setting('memory_limit'), current_setting('threads')"
    assert backend.con.execute(asked).fetchone() == ("286.1 MiB", 1)


def test_an_address_alone_is_an_engine_without_limits_of_its_own(tmp_path):
    for engine in ("duckdb://", "duckdb", "{url: 'duckdb://'}", "{}"):
        study = open_study(a_study(tmp_path, engine))
        assert study.table("orders").count().to_pyarrow().as_py() == 1


@pytest.mark.parametrize(
    ("written", "gigabytes"),
    [("2GB", 2.0), ("512 MB", 0.512), ("1.5 GiB", 1.610612736), ("100mb", 0.1), ("1tb", 1000.0), ("200000KB", 0.2)],
)
def test_amounts_of_memory_are_read_with_their_unit(written, gigabytes):
    assert EngineRule(memory=written).memory == pytest.approx(gigabytes, rel=1e-12)


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("{memory: 2 elephants}", "'2 elephants' is no amount of memory; write a number and its unit, such as 2GB"),
        ("{memory: 2}", "'2' is no amount of memory"),
        ("{memory: -2GB}", "'-2GB' is no amount of memory"),
        ("{memory: .nan}", "'nan' is no amount of memory"),
        ("{memory: [2GB]}", "is no amount of memory"),
        ("{memory: 99MB}", "'99MB' lies outside what an engine can work with, 100 MB to 1,000,000 GB"),
        ("{memory: 2000000GB}", "'2000000GB' lies outside"),
        ("{threads: 0}", "engine.threads"),
        ("{threads: two}", "engine.threads: must be a whole number; found 'two'"),
        ("{threads: true}", "engine.threads"),
        ("{threads: 1.5}", "engine.threads"),
        (
            "{treads: 2}",
            r"engine.treads: unknown key. Did you mean 'threads'\? Known: cache, memory, spill, threads, url",
        ),
        ("{spill: nowhere}", "engine.spill: there is no folder .*nowhere. Make it, or name another"),
        ("{url: 'postgres://h/x', memory: 2GB}", "memory: of the embedded engine only"),
        ("mysql://h/x", "engine"),
        ("[2GB]", "engine: .* is no engine; write an address, or keys such as {memory: 2GB, threads: 2}"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(tmp_path, engine, said):
    with pytest.raises(StudyError, match=said) as refused:
        open_study(a_study(tmp_path, engine))
    assert "study.yaml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_engines_that_run_side_by_side_share_four_fifths_of_the_memory(monkeypatch):
    monkeypatch.delenv(SIDE_BY_SIDE, raising=False)
    alone = _default_gigabytes()
    shares = {}
    for n in (1, 2, 3, 8):
        monkeypatch.setenv(SIDE_BY_SIDE, str(n))
        shares[n] = _default_gigabytes()
    assert shares[1] == shares[2] == alone
    assert shares[3] == pytest.approx(max(1.0, alone * 2 / 3))
    assert shares[8] == pytest.approx(max(1.0, alone / 4))


def test_a_container_that_allows_less_than_the_machine_has_is_asked(monkeypatch, tmp_path):
    monkeypatch.delenv(SIDE_BY_SIDE, raising=False)
    (tmp_path / "memory.max").write_text("5000000000\n", encoding="ascii")
    (tmp_path / "none").write_text("max\n", encoding="ascii")
    monkeypatch.setattr("crm_research.engine._CONTAINER_LIMITS", (str(tmp_path / "memory.max"), str(tmp_path / "none")))
    assert _default_gigabytes() == pytest.approx(2.0)


def test_what_a_killed_process_spilled_goes_at_the_next_opening_and_other_folders_stay(tmp_path):
    disk = tmp_path / "disk"
    (disk / "crm-research-abcd1234").mkdir(parents=True)
    (disk / "crm-research-abcd1234" / ".lock").touch()
    (disk / "crm-research-mine").mkdir()
    study = open_study(a_study(tmp_path, "{spill: disk}"))
    own = settings(study)[2].parent
    assert sorted(folder.name for folder in disk.iterdir()) == sorted(["crm-research-mine", own.name])
