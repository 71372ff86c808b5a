"""The cache: what is read from it is what was made of the files, and nobody reads it when they have changed."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from crm_research.errors import StudyError
from crm_research.reporting.inputs import stage_input
from crm_research.sources import cache
from crm_research.sources.cache import CachedTable, cache_key, clear_cache, find_cached, list_cached
from crm_research.sources.named_files import list_named_files
from crm_research.sources.opening import open_study
from crm_research.sources.study_file import read_study_file
from tests.sources.files import a_study_file, make_desk

ORDERS = 'nr,kunde,datum,betrag,地区,neu\n1,007,05.01.2024,"1.010,50",北京,ja\n2,,05.02.2024 13:30,20,,nein\n'
RULE = {
    "from": {
        "path": "orders.csv", "delimiter": ",", "decimal": ",", "thousands": ".",
        "date_format": ["%d.%m.%Y", "%d.%m.%Y %H:%M"],
    },
    "columns": {"order_id": "nr", "customer_id": "kunde", "ordered_at": "datum", "revenue": "betrag"},
    "attributes": {"place": {"type": "category", "column": "地区"}, "is_new": {"type": "flag", "column": "neu"}},
}  # fmt: skip
KNOWN = [("1", "007", datetime(2024, 1, 5), 1010.5), ("2", None, datetime(2024, 2, 5, 13, 30), 20.0)]


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A study file in a folder of its own, of which every table is kept however small."""
    make_desk(tmp_path, monkeypatch)
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    monkeypatch.setattr(cache, "LEAST_BYTES", 0)
    return a_study_file(tmp_path, {"orders": RULE})


def rows_of(study):
    frame = study.table("orders").order_by("order_id").to_pandas()
    columns = [*frame.columns.drop(["place", "is_new"]), "place", "is_new"]
    return frame[columns].astype(object).where(frame[columns].notna(), None).to_numpy().tolist()


def how_opened(monkeypatch, study):
    """The study, and the tables that were made anew for it."""
    from crm_research.sources import embedded

    made = []
    real = embedded.make_table

    def make(session, plan, relation):
        made.append(plan.table)
        return real(session, plan, relation)

    monkeypatch.setattr(embedded, "make_table", make)
    opened = open_study(study)
    monkeypatch.setattr(embedded, "make_table", real)
    return opened, made


def test_a_table_is_made_once_and_is_the_same_from_then_on(shop, monkeypatch):
    first, made = how_opened(monkeypatch, shop)
    again, made_again = how_opened(monkeypatch, shop)
    assert (made, made_again) == (["orders"], [])
    assert [tuple(row[:4]) for row in rows_of(first)] == KNOWN
    assert rows_of(again) == rows_of(first)
    assert [row[-2:] for row in rows_of(again)] == [["北京", True], [None, False]]
    assert again.table("orders").schema() == first.table("orders").schema()
    assert again.inputs == first.inputs
    assert dict(again.attributes_of("orders")) == {"place": "category", "is_new": "flag"}


def test_large_ones_are_read_where_they_are(shop, monkeypatch):
    def kind(study):
        sql = "SELECT table_type FROM information_schema.tables WHERE table_name = 'orders'"
        return study.backend.con.execute(sql).fetchone()[0]

    assert kind(open_study(shop)) == "BASE TABLE"
    assert kind(open_study(shop)) == "BASE TABLE"
    monkeypatch.setattr(cache, "LOADED_BYTES", list_cached()[0].n_bytes - 1)
    assert kind(open_study(shop)) == "VIEW"
    clear_cache(list_cached())
    made = open_study(shop)
    assert kind(made) == "VIEW"
    assert [tuple(row[:4]) for row in rows_of(made)] == KNOWN


CHANGES = {
    "currency": {"currency": "CHF"},
    "rates": {"exchange_rates": {"USD": 0.9}},
    "zone": {"timezone": "Europe/Berlin"},
    "date": {"as_of": "2024-07-02"},
}


def key_of(study, table="orders"):
    definition = read_study_file(study)
    return cache_key(definition, table, list_named_files(definition.tables[table].source, study.parent))


@pytest.mark.parametrize("change", CHANGES)
def test_what_the_study_says_of_money_and_time_makes_another_table(change, shop, tmp_path):
    before = key_of(shop)
    assert before is not None
    assert len(before) == 64
    assert key_of(a_study_file(tmp_path, {"orders": RULE}, **CHANGES[change])) != before


def test_so_do_the_rule_the_content_and_the_program(shop, tmp_path, monkeypatch):
    before = key_of(shop)
    assert key_of(a_study_file(tmp_path, {"orders": RULE}, title="Other", caveats=["so"])) == before
    other = RULE | {"where": "betrag is not null"}
    assert key_of(a_study_file(tmp_path, {"orders": other})) != before
    a_study_file(tmp_path, {"orders": RULE})
    (tmp_path / "orders.csv").write_text(ORDERS.replace("20,,", "21,,"), encoding="utf-8")
    changed = key_of(shop)
    assert changed != before
    monkeypatch.setattr(cache, "of_the_code", lambda: "another release")
    assert key_of(shop) not in (before, changed)


def test_a_file_that_has_changed_is_read_and_takes_the_place_of_what_was_kept(shop, tmp_path, monkeypatch):
    open_study(shop)
    (first,) = list_cached()
    (tmp_path / "orders.csv").write_text(ORDERS.replace("20,,", "21,,"), encoding="utf-8")
    del monkeypatch
    assert [row[3] for row in rows_of(open_study(shop))] == [1010.5, 21.0]
    (second,) = list_cached()
    assert (second.study, second.table, second.n_rows) == (str(shop), "orders", 2)
    assert second.key != first.key
    assert not first.file.exists()
    assert not first.record.exists()


def test_another_study_of_the_same_file_keeps_its_own(shop, tmp_path):
    open_study(shop)
    other = tmp_path / "other.yaml"
    other.write_text(shop.read_text().replace("EUR", "CHF"))
    open_study(other)
    assert [held.study for held in list_cached()] == sorted([str(other), str(shop)])


def test_tables_of_a_study_that_is_gone_go_when_the_next_is_kept(shop, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(shop.read_text().replace("EUR", "CHF"))
    open_study(other).backend.disconnect()
    gc.collect()
    other.unlink()
    open_study(shop)
    assert [held.study for held in list_cached()] == [str(shop)]


def test_a_megabyte_of_text_or_a_tenth_of_a_workbook_is_worth_it(shop, tmp_path, monkeypatch):
    n_bytes = (tmp_path / "orders.csv").stat().st_size
    monkeypatch.setattr(cache, "LEAST_BYTES", n_bytes)
    assert key_of(shop) is not None
    monkeypatch.setattr(cache, "LEAST_BYTES", n_bytes + 1)
    assert key_of(shop) is None
    book = tmp_path / "orders.xlsx"
    book.write_bytes(b"x" * 100)
    of_book = a_study_file(tmp_path, {"orders": {"from": "orders.xlsx"}})
    monkeypatch.setattr(cache, "LEAST_BYTES", 1000)
    assert key_of(of_book) is not None
    monkeypatch.setattr(cache, "LEAST_BYTES", 1001)
    assert key_of(of_book) is None


NOT_KEPT = {
    "a sample": {"from": {"sample": "cdnow/orders"}},
    "a server": {"from": {"url": "postgres://h/d", "table": "t"}},
    "the time of day": {"from": "orders.csv", "columns": {"ordered_at": {"expr": "current_date"}}},
    "chance": {"from": {"path": "orders.csv"}, "where": "NOW() > datum"},
    "no file": {"from": "gone.csv"},
}


@pytest.mark.parametrize("why", NOT_KEPT)
def test_what_may_change_unseen_is_not_kept(why, shop, tmp_path):
    assert key_of(a_study_file(tmp_path, {"orders": NOT_KEPT[why]})) is None


def test_nor_is_anything_where_the_study_file_says_so(shop, tmp_path, monkeypatch):
    path = a_study_file(tmp_path, {"orders": RULE}, engine={"cache": False})
    assert key_of(path) is None
    open_study(path)
    assert list_cached() == []
    del monkeypatch


def test_typed_files_stay_where_they_are(shop, tmp_path):
    open_study(shop).table("orders").to_parquet(tmp_path / "orders.parquet")
    clear_cache(list_cached())
    typed = open_study(a_study_file(tmp_path, {"orders": {"from": "orders.parquet"}}))
    assert typed.table("orders").count().execute() == 2
    assert list_cached() == []


def test_nobody_else_may_look_into_it(shop, tmp_path):
    open_study(shop)
    folder = tmp_path / "data" / "cache" / "tables"
    (one,) = list_cached()
    assert one.folder == folder
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, one.file, one.record)] == ["0o700", "0o600", "0o600"]
    assert (folder / ".gitignore").read_text() == "*\n"
    folder.chmod(0o755)
    assert find_cached(one.key) == one
    assert oct(folder.stat().st_mode & 0o777) == "0o700"


def test_a_folder_of_somebody_else_or_a_link_is_neither_read_nor_written(shop, tmp_path, monkeypatch):
    open_study(shop)
    (one,) = list_cached()
    uid = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    assert find_cached(one.key) is None
    assert list_cached() == []
    monkeypatch.undo()
    monkeypatch.setenv("CRM_RESEARCH_HOME", str(tmp_path))
    monkeypatch.setattr(cache, "LEAST_BYTES", 0)
    one.folder.rename(tmp_path / "elsewhere")
    one.folder.symlink_to(tmp_path / "elsewhere")
    assert find_cached(one.key) is None
    assert how_opened(monkeypatch, shop)[1] == ["orders"]


DAMAGES = {
    "cut off": lambda one: one.file.write_bytes(one.file.read_bytes()[:-7]),
    "rubbish of the same size": lambda one: one.file.write_bytes(b"\0" * one.n_bytes),
    "no rows": lambda one: one.file.unlink(),
    "half a record": lambda one: one.record.write_text(one.record.read_text()[:50]),
    "a record of something else": lambda one: one.record.write_text("[]"),
    "a record of another key": lambda one: one.record.write_text(one.record.read_text().replace(one.key, "0" * 64)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_made_anew(damage, shop, monkeypatch):
    open_study(shop)
    (one,) = list_cached()
    DAMAGES[damage](one)
    study, made = how_opened(monkeypatch, shop)
    assert made == ["orders"]
    assert [tuple(row[:4]) for row in rows_of(study)] == KNOWN
    assert [held.key for held in list_cached()] == [one.key]
    assert how_opened(monkeypatch, shop)[1] == []


def test_where_nothing_can_be_kept_the_study_opens_all_the_same(shop, tmp_path, monkeypatch):
    (tmp_path / "data" / "cache").mkdir()
    (tmp_path / "data" / "cache" / "tables").write_text("in the way")
    for _ in range(2):
        study, made = how_opened(monkeypatch, shop)
        assert made == ["orders"]
        assert [tuple(row[:4]) for row in rows_of(study)] == KNOWN


def test_a_full_disk_leaves_nothing_half_kept(shop, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "asdict", full)
    assert [tuple(row[:4]) for row in rows_of(open_study(shop))] == KNOWN
    assert list_cached() == []
    assert not [path.name for path in (tmp_path / "data/cache/tables").iterdir() if path.suffix in {".part", ".json"}]


def test_who_reads_a_table_keeps_it_from_being_removed(shop):
    open_study(shop)
    reader = open_study(shop)
    listed = list_cached()
    assert clear_cache(listed) == listed
    assert [tuple(row[:4]) for row in rows_of(reader)] == KNOWN
    reader.backend.disconnect()
    del reader
    gc.collect()
    assert clear_cache(listed) == []
    assert list_cached() == []


def test_what_killed_processes_left_goes_after_a_day(shop, tmp_path):
    open_study(shop)
    folder = tmp_path / "data" / "cache" / "tables"
    (one,) = list_cached()
    old = [folder / ".a.parquet.77.part", folder / f"{'a' * 64}.parquet"]
    new = [folder / ".b.parquet.78.part", folder / f"{'b' * 64}.parquet"]
    for part in (*old, *new):
        part.write_text("half")
    for part in (*old, one.file):
        os.utime(part, (time.time() - 86_401, time.time() - 86_401))
    clear_cache([])
    assert [part.exists() for part in (*old, *new)] == [False, False, True, True]
    assert list_cached() == [one]


def test_when_it_was_made_and_last_used_is_told(shop):
    open_study(shop)
    (one,) = list_cached()
    assert abs((datetime.now(UTC) - datetime.fromisoformat(one.made_at)).total_seconds()) < 60
    os.utime(one.record, (1_700_000_000, 1_700_000_000))
    assert one.used_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    open_study(shop)
    assert (datetime.now(UTC) - one.used_at).total_seconds() < 60
    assert json.loads(one.record.read_text())["source"] == "orders.csv"
    assert isinstance(one, CachedTable)


def test_a_file_that_is_written_to_while_it_is_read_is_refused(shop, tmp_path, monkeypatch):
    from crm_research.sources import embedded

    real = embedded.make_table

    def make(session, plan, relation):
        with (tmp_path / "orders.csv").open("a", encoding="utf-8") as file:
            file.write("3,008,06.02.2024,5,,ja\n")
        return real(session, plan, relation)

    monkeypatch.setattr(embedded, "make_table", make)
    with pytest.raises(StudyError) as told:
        open_study(shop)
    assert str(told.value) == (
        f"{shop}: tables.orders: orders.csv was written to while it was read, and what was read of it is neither the "
        "old nor the new. Run again when it is whole; a file that is made elsewhere and moved into its place is never "
        "half there."
    )
    assert list_cached() == []
    faults = {}
    assert list(open_study(shop, faults=faults).tables) == []
    assert list(faults) == ["orders"]


@pytest.mark.slow
def test_what_is_read_where_it_lies_is_not_copied_for_a_run_and_stays_until_it_ends(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "LOADED_BYTES", 0)
    monkeypatch.setenv("CRM_RESEARCH_SNAPSHOT", str(tmp_path / "snapshot"))
    before = rows_of(open_study(shop))
    study, made = how_opened(monkeypatch, shop)
    assert made == []
    staged = stage_input(study, tmp_path / "snapshot")
    (one,) = list_cached()
    record = json.loads((tmp_path / "snapshot" / "shop.json").read_text())
    assert record["in_place"] == {"orders": one.key}
    assert record["inputs"][0]["n_rows"] == 2
    del study
    gc.collect()
    assert clear_cache([one]) == [one]
    (tmp_path / "orders.csv").unlink()
    assert rows_of(open_study(shop)) == before
    (tmp_path / "orders.csv").write_text(ORDERS, encoding="utf-8")
    del staged
    gc.collect()
    assert clear_cache([one]) == []
    # Where it is gone all the same, the files are read.
    again, made = how_opened(monkeypatch, shop)
    assert made == ["orders"]
    assert rows_of(again) == before


def test_small_ones_are_copied_for_a_run(shop, tmp_path):
    open_study(shop)
    stage_input(open_study(shop), tmp_path / "snapshot")
    assert json.loads((tmp_path / "snapshot" / "shop.json").read_text())["in_place"] == {}


_OPENING = """
import sys
from crm_research.sources import cache
from crm_research.sources.opening import open_study
cache.LEAST_BYTES = 0
print("ready", flush=True)
study = open_study(sys.argv[1])
table = study.table("orders")
print(table.count().execute(), round(table.revenue.sum().execute(), 2), flush=True)
"""


@pytest.fixture
def many(shop, tmp_path):
    lines = [f'{nr},{nr % 700:03d},05.01.2024,"{nr % 90},5",北京,ja' for nr in range(40_000)]
    (tmp_path / "orders.csv").write_text("\n".join([ORDERS.splitlines()[0], *lines]), encoding="utf-8")
    return shop, f"40000 {sum(nr % 90 + 0.5 for nr in range(40_000)):.2f}"


def starting(study):
    return subprocess.Popen(
        [sys.executable, "-c", _OPENING, str(study)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_processes_that_make_and_read_it_at_the_same_time_are_right(many):
    study, right = many
    opened = [starting(study) for _ in range(4)]
    told = [process.communicate(timeout=120)[0].splitlines() for process in opened]
    assert [lines[1] for lines in told] == [f"40000 {float(right.split()[1])}"] * 4
    assert len(list_cached()) == 1


@pytest.mark.slow
def test_after_a_process_was_killed_at_any_moment_the_next_is_right(many, tmp_path):
    study, right = many
    for number in range(20):
        process = starting(study)
        process.stdout.readline()
        time.sleep(0.02 * number)
        process.kill()
        process.communicate(timeout=60)
        assert all(find_cached(held.key) is not None for held in list_cached())
        if number % 5 == 4:
            opened = open_study(study).table("orders")
            assert f"{opened.count().execute()} {opened.revenue.sum().execute():.2f}" == right
            clear_cache(list_cached())
