"""Files of a store: the same tables as of the same files here, read once, and no more of them than is needed."""

from __future__ import annotations

import gc
import gzip
import io
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from crm_research.errors import StudyError
from crm_research.simulate import WorldSettings, simulate_world
from crm_research.sources import embedded
from crm_research.sources.cache import list_cached
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, make_desk
from tests.sources.stores.conftest import AZURE, AZURE_KEY, SECRET
from tests.sources.stores.lakes import write_iceberg

pytestmark = pytest.mark.slow
MONTHS = [(year, month) for year in (2023, 2024) for month in range(1, 7)]


def a_month(year, month, n=4000):
    """Orders of a month in groups of a thousand rows, each later than the one before."""
    first = datetime(year, month, 1)
    return pa.table(
        {
            "order_id": [f"{year}{month:02d}{i:05d}" for i in range(n)],
            "customer_id": [f"{i * 7919 % 997:04d}" for i in range(n)],
            "ordered_at": pa.array([first + timedelta(minutes=10 * i) for i in range(n)], pa.timestamp("us")),
            "revenue": [round(5 + (i * 31 % 977) / 7, 2) for i in range(n)],
            "note": [sha256(f"{year} {month} {i}".encode()).hexdigest() for i in range(n)],
        }
    )


def as_parquet(table):
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=1000)
    return out.getvalue()


@pytest.fixture(scope="session")
def parted(running_store, tmp_path_factory):
    """The same orders in folders of months, here and in the store."""
    folder = tmp_path_factory.mktemp("here")
    for year, month in MONTHS:
        content = as_parquet(a_month(year, month))
        place = folder / "orders" / f"year={year}" / f"month={month:02d}" / "part.parquet"
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
        running_store.put(f"shop/orders/year={year}/month={month:02d}/part.parquet", content)
    running_store.put("shop/orders/_SUCCESS", b"")
    return folder


@pytest.fixture
def desk(tmp_path, monkeypatch):
    make_desk(tmp_path, monkeypatch)
    return tmp_path


def orders_from(folder, source, *, cache=True, **rule):
    return open_study(a_study_file(folder, {"orders": {"from": source, **rule}}, engine={"cache": cache}))


def told(folder, source, **rule):
    with pytest.raises(StudyError) as caught:
        orders_from(folder, source, **rule)
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    assert not any(SECRET[i : i + 4] in message for i in range(len(SECRET) - 3))
    return message.partition("tables.orders.")[2]


def sums(study):
    """Rows, revenue and what their texts add up to: nothing of them is other than it was."""
    orders = study.table("orders")
    columns = {name: (orders[name].cast("string").hash() % 1_000_003).sum() for name in orders.columns}
    return (
        orders.aggregate(n=orders.count(), money=orders.revenue.sum(), **columns)
        .execute()
        .round(4)
        .to_dict("records")[0]
    )


def bytes_read(store, before):
    return sum(
        one["n_bytes"] for one in store.requests()[before:] if one["method"] == "GET" and "/orders/" in one["path"]
    )


@pytest.mark.parametrize("source", ["s3://shop/orders/", "s3://shop/orders", "s3://shop/orders/**/*.parquet"])
def test_a_parted_folder_is_the_same_as_here(source, store, parted, desk):
    there = orders_from(desk, source)
    here = orders_from(desk, str(parted / "orders"))
    assert there.table("orders").schema() == here.table("orders").schema()
    assert sums(there) == sums(here)
    assert there.inputs[0].source == here.inputs[0].source == "part.parquet and 11 more"


def test_a_table_travels_once_and_is_kept_until_an_object_changes(store, parted, desk):
    store.put("shop/kept/orders.parquet", as_parquet(a_month(2024, 1)))
    orders_from(desk, "s3://shop/kept/")
    before = len(store.requests())
    again = orders_from(desk, "s3://shop/kept/")
    assert [one["path"] for one in store.requests()[before:] if one["method"] == "GET" and one["path"] != "/shop"] == []
    assert again.inputs[0].n_rows == 4000
    fingerprint = again.inputs[0].fingerprint
    (kept,) = list_cached()
    assert not re.search(rf"TESTKEY|{re.escape(SECRET)}", kept.record.read_text())
    store.put("shop/kept/orders.parquet", as_parquet(a_month(2024, 2)))
    del again
    gc.collect()
    changed = orders_from(desk, "s3://shop/kept/")
    assert changed.inputs[0].fingerprint != fingerprint
    assert changed.table("orders").ordered_at.min().execute().month == 2
    assert len(list_cached()) == 1


def test_where_leaves_folders_and_groups_of_rows_unread(store, parted, desk):
    read = {}
    for name, where in {
        "all": None,
        "folders": "year = 2024 and month <= 3",
        "rows": "ordered_at < timestamp '2023-01-07'",
        "both": "year < 2024 and month = 2 and ordered_at >= timestamp '2023-02-25'",
    }.items():
        before = len(store.requests())
        there = orders_from(desk, "s3://shop/orders/", cache=False, **({"where": where} if where else {}))
        read[name] = bytes_read(store, before), sums(there)
        here = orders_from(desk, str(parted / "orders"), cache=False, **({"where": where} if where else {}))
        assert sums(here) == read[name][1]
    assert [read[name][1]["n"] for name in read] == [48_000, 12_000, 864, 544]
    # Of the objects 3 of 12 are opened; of those of the second one of 48 groups of rows, besides the ends of all files.
    assert read["folders"][0] < 0.3 * read["all"][0]
    assert read["rows"][0] < 0.3 * read["all"][0]
    assert read["both"][0] < 0.1 * read["all"][0]


@pytest.mark.parametrize(("as_of", "n_left_out"), [("2023-04-01", 8), ("2023-03-31", 9), ("2024-07-01", 0)])
def test_folders_behind_as_of_are_left_unread_where_the_study_says_that_they_lie_by_time(
    as_of, n_left_out, store, parted, desk
):
    """What a folder's name means only the study knows: when an order was placed, or when it was written down."""
    where = "make_date(cast(year as int), cast(month as int), 1) <= as_of"
    before = len(store.requests())
    study = open_study(
        a_study_file(
            desk, {"orders": {"from": "s3://shop/orders/", "where": where}}, as_of=as_of, engine={"cache": False}
        )
    )
    said = f" ({n_left_out} of 12 files left out by where)" if n_left_out else ""
    assert study.inputs[0].source == f"part.parquet and 11 more{said}"
    assert study.inputs[0].n_rows == 4000 * (12 - n_left_out)
    opened = {one["path"] for one in store.requests()[before:] if one["method"] == "GET" and "/orders/" in one["path"]}
    assert sum("part.parquet" in path for path in opened) <= 12 - n_left_out + bool(n_left_out)


def test_what_was_left_unread_is_said(store, parted, desk):
    study = orders_from(desk, "s3://shop/orders/", where="year = 2024 and ordered_at < timestamp '2024-01-08'")
    assert study.inputs[0].source == (
        "part.parquet and 11 more (6 of 12 files left out by where) (22,992 of 24,000 rows left out by where)"
    )


def test_lines_that_are_summed_travel_without_the_columns_that_are_dropped(store, parted, desk):
    before = len(store.requests())
    summed = orders_from(desk, "s3://shop/orders/", cache=False, sum_lines=True)
    narrow = bytes_read(store, before)
    before = len(store.requests())
    orders_from(desk, "s3://shop/orders/", cache=False)
    assert narrow < 0.5 * bytes_read(store, before)
    assert summed.table("orders").columns == ("order_id", "customer_id", "ordered_at", "revenue")


TEXT = "Bon;Kunde;Datum;Betrag\n007;K1;05.01.2024;10,50\n008;Küppers;06.01.2024;1.234,00\n"
WRITTEN = {"delimiter": ";", "decimal": ",", "thousands": ".", "date_format": "%d.%m.%Y", "encoding": "cp1252"}
NAMED = {"order_id": "Bon", "customer_id": "Kunde", "ordered_at": "Datum", "revenue": "Betrag"}


def test_text_and_packed_text_are_read_as_here(store, desk):
    store.put("shop/text/a.csv", TEXT.encode("cp1252"))
    store.put("shop/text/b.csv.gz", gzip.compress(TEXT.replace("00", "99").encode("cp1252")))
    study = orders_from(
        desk, {"path": ["s3://shop/text/a.csv", "s3://shop/text/[b-c].csv.gz"], **WRITTEN}, columns=NAMED
    )
    assert study.table("orders").order_by("order_id").execute().order_id.tolist() == ["007", "008", "997", "998"]
    assert study.table("orders").revenue.sum().execute() == pytest.approx(2 * 10.5 + 1234 + 1234.99)
    assert "Küppers" in study.table("orders").customer_id.execute().tolist()


def test_a_book_is_read_as_here(store, desk):
    book = io.BytesIO()
    a_month(2024, 2, n=3).to_pandas().to_excel(book, sheet_name="Orders", index=False)
    store.put("shop/files/book.xlsx", book.getvalue())
    study = orders_from(desk, {"path": "s3://shop/files/book.xlsx", "sheet": "Orders"})
    assert study.table("orders").revenue.sum().execute() == pytest.approx(5 + 9.43 + 13.86)


def test_a_database_file_is_read_as_here(store, desk, tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as made:
        made.execute(
            "create table o as select 1 order_id, 'A' customer_id, timestamp '2024-02-03' ordered_at, 7.5 revenue"
        )
    store.put("shop/files/shop.duckdb", (tmp_path / "shop.duckdb").read_bytes())
    study = orders_from(desk, {"path": "s3://shop/files/shop.duckdb", "table": "o"})
    assert study.table("orders").revenue.sum().execute() == 7.5


NOT_THERE = {
    "s3://shop/orders/year=2024/month=01/parts.parquet": (
        "from: no CSV or Parquet file s3://shop/orders/year=2024/month=01/parts.parquet. Did you mean 'part.parquet'?"
    ),
    "s3://shopp/orders/": "from: there is no bucket 'shopp', or it may not be seen. Check its name.",
    ("s3://shop/orders/", "here.csv"): "from: names files here and files of a store. Use one place a table",
    ("s3://shop/orders/",): "from.version: s3://shop/orders is no table of a lake: no folder _delta_log or metadata",
}


@pytest.mark.parametrize("source", NOT_THERE)
def test_what_is_not_there_is_told(source, store, parted, desk):
    written = {"path": source[0], "version": 3} if len(source) == 1 else source
    assert told(desk, written if isinstance(written, (str, dict)) else list(written)).startswith(NOT_THERE[source])


def test_whoever_may_not_read_is_told_where_keys_are_looked_for(store, parted, desk, monkeypatch):
    expected = (
        "from: s3://shop/orders/ may not be read: no credentials were found, or they do not allow it. Keys are taken "
        "from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from the profile that AWS_PROFILE names, or from the "
        "machine's role; they never stand in the study file."
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODY")
    assert told(desk, "s3://shop/orders/") == expected.replace("orders/ may", "orders may")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert told(desk, "s3://shop/orders/**/*.parquet") == expected.replace("orders/ may", "orders/**/*.parquet may")


def test_a_profile_gives_its_keys(store, parted, desk, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    keys = tmp_path / "credentials"
    keys.write_text(f"[warehouse]\naws_access_key_id = TESTKEY\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    monkeypatch.setenv("AWS_PROFILE", "warehouse")
    assert orders_from(desk, "s3://shop/orders/year=2024/month=01/").inputs[0].n_rows == 4000


def test_a_store_that_is_gone_is_told(store, desk, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert told(desk, "s3://shop/orders/*.parquet") == (
        "from: s3://shop/orders/*.parquet cannot be reached: the store at http://127.0.0.1:9 does not answer. Check "
        "the network, and the address under which it is asked (AWS_ENDPOINT_URL for stores that speak like S3)."
    )


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_object_that_changes_while_it_is_read_is_refused(ending, store, desk, monkeypatch):
    contents = [a_month(2024, 3, n=300), a_month(2024, 3, n=301)]
    texts = [one.to_pandas().to_csv(index=False).encode() if ending == "csv" else as_parquet(one) for one in contents]
    store.put(f"shop/moving/orders.{ending}", texts[0])
    made = embedded.make_table

    def make_late(*arguments):
        store.put(f"shop/moving/orders.{ending}", texts[1])
        return made(*arguments)

    monkeypatch.setattr(embedded, "make_table", make_late)
    with pytest.raises(
        StudyError, match=rf"orders\.{ending} was written to while it was read, and what was read of it"
    ):
        orders_from(desk, f"s3://shop/moving/orders.{ending}")
    assert list_cached() == []


def test_the_command_tells_it_in_one_paragraph_and_ends_with_2(store, parted, desk, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODY")
    path = a_study_file(desk, {"orders": {"from": "s3://shop/orders/"}})
    outcome = subprocess.run(
        [sys.executable, "-m", "crm_research", "check", path], capture_output=True, text=True, timeout=120
    )
    assert outcome.returncode == 2
    assert "may not be read: no credentials were found" in " ".join(outcome.stderr.split())
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert SECRET not in outcome.stdout + outcome.stderr


def test_a_table_of_delta_in_a_store_is_read_by_version(store, desk):
    from deltalake import write_deltalake

    options = {"AWS_ALLOW_HTTP": "true", "AWS_ENDPOINT_URL": store.endpoint, "aws_conditional_put": "etag"}
    store.put("shop/lake/.keep", b"")
    for year, month in MONTHS[:3]:
        write_deltalake("s3://shop/lake/orders", a_month(year, month), mode="append", storage_options=options)
    assert sums(orders_from(desk, "s3://shop/lake/orders"))["n"] == 12_000
    earlier = orders_from(desk, {"path": "s3://shop/lake/orders", "version": 1})
    assert earlier.inputs[0].n_rows == 8000
    assert earlier.inputs[0].source == "orders (Delta, version 1)"


def test_a_table_of_iceberg_in_a_store_is_read(store, desk):
    store.put("shop/ice/.keep", b"")
    made = write_iceberg(
        "s3://shop/ice/orders", a_month(2023, 1), a_month(2023, 2), properties={"s3.endpoint": store.endpoint}
    )
    study = orders_from(desk, made.location())
    assert study.inputs[0].n_rows == 8000
    assert study.inputs[0].source == f"orders (Iceberg, version {made.current_snapshot().snapshot_id})"


@pytest.fixture
def odd(running_store):
    """Objects whose names and neighbours mislead."""
    table = a_month(2024, 1, n=3)
    more = as_parquet(a_month(2024, 2, n=5))
    for key in ("g[1]/o[1].parquet", "dir/x.parquet", "succ/a.parquet", "part/a.parquet"):
        running_store.put(f"odd/{key}", as_parquet(table))
    for key in ("g1/o1.parquet", "dir", "succ/_temporary/0/b.parquet", "succ/.b.parquet"):
        running_store.put(f"odd/{key}", more)
    running_store.put("odd/succ/_SUCCESS", b"")
    running_store.put("odd/part/b.parquet", b"")
    zoned = table.set_column(2, "ordered_at", table["ordered_at"].cast(pa.timestamp("us", tz="UTC")))
    running_store.put("odd/clocks/a.parquet", as_parquet(table))
    running_store.put("odd/clocks/b.parquet", as_parquet(zoned))
    running_store.put("odd/revenue=7/o.parquet", as_parquet(table))


@pytest.mark.parametrize("path", ["g[1]/o[1].parquet", "g[1]/", "dir/", "succ/", "succ/?.parquet"])
def test_what_is_there_as_it_is_written_is_read_and_nothing_hidden(path, store, odd, desk):
    study = orders_from(desk, f"s3://odd/{path}")
    assert study.table("orders").count().execute() == 3


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("part/", r"s3://odd/part/b\.parquet is empty, which no Parquet file is"),
        ("clocks/", r"the files of s3://odd/clocks/ do not fit together \(Unable to merge: Field ordered_at"),
        ("revenue=7/o.parquet", r"do not fit together \(Unable to merge: Field revenue .* NAME=VALUE says is text"),
    ],
)
def test_parts_that_are_empty_or_mean_another_thing_are_told(path, said, store, odd, desk):
    with pytest.raises(StudyError, match=said):
        orders_from(desk, f"s3://odd/{path}")


def test_google_s_store_is_read_the_same_way(google, desk):
    for year, month in MONTHS[4:8]:
        google(f"orders/year={year}/month={month:02d}/part.parquet", as_parquet(a_month(year, month, n=50)))
    google("customers.csv", b"customer_id,region\n0007,north\n0008,south\n")
    study = orders_from(desk, "gs://shop/orders/", where="year = 2024")
    assert study.inputs[0].source == "part.parquet and 3 more (2 of 4 files left out by where)"
    assert study.inputs[0].n_rows == 100
    customers = {"customers": {"from": "gs://shop/customers.csv"}}
    before = open_study(a_study_file(desk, customers)).inputs[0].fingerprint
    google("customers.csv", b"customer_id,region\n0007,north\n0008,north\n")
    after = open_study(a_study_file(desk, customers))
    assert after.inputs[0].fingerprint != before
    assert set(after.table("customers").region.execute()) == {"north"}


def test_azure_s_store_is_read_the_same_way(azure, desk, monkeypatch):
    for year, month in MONTHS[4:8]:
        azure(f"shop/orders/year={year}/month={month:02d}/part.parquet", as_parquet(a_month(year, month, n=50)))
    azure("shop/customers.csv", b"customer_id,region\n0007,north\n0008,south\n")
    study = orders_from(desk, f"abfs://shop@{AZURE}/orders/", where="year = 2024")
    assert study.inputs[0].source == "part.parquet and 3 more (2 of 4 files left out by where)"
    assert study.inputs[0].n_rows == 100
    # The connection string names the account, where the address does not.
    customers = {"customers": {"from": "abfss://shop/customers.csv"}}
    before = open_study(a_study_file(desk, customers)).inputs[0].fingerprint
    azure("shop/customers.csv", b"customer_id,region\n0007,north\n0008,north\n")
    after = open_study(a_study_file(desk, customers))
    assert after.inputs[0].fingerprint != before
    assert set(after.table("customers").region.execute()) == {"north"}
    # Faults are told without a piece of the key.
    whole = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    said = told(desk, f"abfs://nowhere@{AZURE}/orders/")
    assert said.endswith("there is no container 'nowhere', or it may not be seen. Check its name.")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", whole.replace("AccountKey=Eby8", "AccountKey=AAAA"))
    said = told(desk, f"abfs://shop@{AZURE}/orders/")
    assert "may not be read: no credentials were found, or they do not allow it. Keys are taken from AZURE_ST" in said
    assert not any(AZURE_KEY[i : i + 6] in said for i in range(len(AZURE_KEY) - 5))


def test_lakes_in_azure_s_store(azure, desk, running_azure):
    from deltalake import write_deltalake

    azure("lake/marker", b"")
    options = {"account_name": AZURE, "account_key": AZURE_KEY, "azure_endpoint": f"http://{running_azure}/{AZURE}"}
    for month in (1, 2):
        write_deltalake(
            "abfs://lake/orders", a_month(2024, month, n=50), mode="append",
            storage_options=options | {"allow_http": "true"},
        )  # fmt: skip
    assert orders_from(desk, f"abfs://lake@{AZURE}/orders").inputs[0].n_rows == 100
    study = orders_from(desk, {"path": f"abfss://lake@{AZURE}.dfs.core.windows.net/orders", "version": 0})
    assert study.inputs[0].n_rows == 50
    where = f"abfs://lake@{AZURE}.dfs.core.windows.net/kept"
    io = {"py-io-impl": "crm_research.sources.readers.stores.iceberg_io.StoreFileIO"}
    write_iceberg(where, a_month(2024, 1, n=50), a_month(2024, 2, n=50), properties=io)
    assert orders_from(desk, where).inputs[0].n_rows == 100


def figures_of(out):
    (made,) = out.rglob("figures.json")
    return json.loads(made.read_text()), made.parent


def test_reports_of_a_study_in_a_store_have_the_figures_of_the_same_study_here(store, desk, tmp_path):
    world = tmp_path / "world"
    simulate_world(WorldSettings(n_customers=600, seed=20170101), world)
    written = yaml.safe_load((world / "study.yaml").read_text())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name, rule in written["tables"].items():
        table = pq.read_table(world / name)
        if name == "orders":
            months = pa.compute.strftime(table["ordered_at"], format="%Y-%m")
            for month in sorted(set(months.to_pylist())):
                part = as_parquet(table.filter(pa.compute.equal(months, month)))
                store.put(f"company/orders/month={month}/part.parquet", part)
        else:
            store.put(f"company/{name}.csv", table.to_pandas().to_csv(index=False).encode())
        rule["from"] = "s3://company/orders/" if name == "orders" else f"s3://company/{name}.csv"
    (elsewhere / "study.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
    for folder, out in ((world, "here"), (elsewhere, "there")):
        command = ["run", "customer-base", "loyalty", "--study", folder / "study.yaml", "--out", tmp_path / out]
        outcome = subprocess.run(
            [sys.executable, "-m", "crm_research", *command], capture_output=True, text=True, timeout=600
        )
        assert outcome.returncode == 0, outcome.stderr
    (here, _), (there, made) = figures_of(tmp_path / "here"), figures_of(tmp_path / "there")
    assert len(here) > 1
    assert here == there
    for page in made.iterdir():
        assert SECRET not in page.read_text()
    assert sorted(Path(held.study).parent.name for held in list_cached()) != []
