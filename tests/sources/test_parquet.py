"""Parquet in parts: what differs between them is read as it is meant, or refused; never made one of in silence."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_research.errors import StudyError
from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, held

TIMES = pd.to_datetime(["2024-01-05 00:00", "2024-01-06 12:00"])


def _part(folder, name, **columns):
    file = folder / "orders" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    plain = {"order_id": [f"{name}1", f"{name}2"], "customer_id": ["a", "b"], "ordered_at": TIMES, "revenue": [1.5, 2]}
    pq.write_table(pa.table(plain | columns), file)


def _opened(folder, source="orders/", **more):
    return open_study(a_study_file(folder, {"orders": {"from": source, **more.pop("rule", {})}}, **more))


def test_clocks_of_two_kinds_in_one_table_are_refused_with_a_mend_that_works(tmp_path):
    _part(tmp_path, "a.parquet")
    _part(tmp_path, "b.parquet", ordered_at=TIMES.tz_localize("UTC"))
    said = "times of 'ordered_at' have a zone in b.parquet and none in a.parquet"
    with pytest.raises(StudyError, match=said):
        _opened(tmp_path, timezone="Asia/Shanghai")
    zoned = "select * replace (ordered_at at time zone 'Asia/Shanghai' as ordered_at) from b"
    sql = f"select * from a union all by name {zoned}"
    source = {"sql": sql, "inputs": {"a": "orders/a.parquet", "b": "orders/b.parquet"}}
    study = _opened(tmp_path, source, timezone="Asia/Shanghai")
    assert [str(time) for (time,) in held(study, "orders", "ordered_at")] == [
        "2024-01-05 00:00:00", "2024-01-05 08:00:00", "2024-01-06 12:00:00", "2024-01-06 20:00:00",
    ]  # fmt: skip


def test_long_numbers_that_would_become_one_are_refused(tmp_path):
    _part(tmp_path, "a.parquet", customer_id=[2**53 + 1, 2**53])
    _part(tmp_path, "b.parquet", customer_id=[1.0, None])
    with pytest.raises(StudyError, match=r"'customer_id' holds whole numbers as long as 9007199254740993 in a.parquet"):
        _opened(tmp_path)


def test_parts_of_other_types_that_mean_the_same_are_one_table(tmp_path):
    _part(tmp_path, "a.parquet", customer_id=[1, 2], revenue=pa.array([1, 2], pa.int8()))
    _part(tmp_path, "b.parquet", customer_id=[1.0, None], ordered_at=[time.date() for time in TIMES])
    _part(tmp_path, "c.parquet", customer_id=["2", "03"], channel=["web", "shop"])
    study = _opened(tmp_path)
    assert sorted(study.table("orders").customer_id.to_pandas().dropna()) == ["03", "1", "1", "2", "2"]
    assert study.table("orders").revenue.sum().execute() == 1 + 2 + 2 * 3.5


@pytest.mark.parametrize("source", ["orders/", "orders/revenue=7/shop=a%20b/x.parquet"])
def test_what_a_file_says_goes_before_the_name_of_its_folder(tmp_path, source):
    _part(tmp_path, "revenue=7/shop=a%20b/x.parquet")
    study = _opened(tmp_path, source)
    assert sorted(study.table("orders").revenue.to_pandas()) == [1.5, 2]
    assert set(study.table("orders").shop.to_pandas()) == {"a b"}


def test_folders_say_what_no_file_does_and_007_stays(tmp_path):
    _part(tmp_path, "shop=007/x.parquet")
    _part(tmp_path, "shop=__HIVE_DEFAULT_PARTITION__/x.parquet")
    study = _opened(tmp_path, rule={"where": "shop = '007'"})
    assert list(study.table("orders").shop.to_pandas()) == ["007", "007"]
