"""Clean columns are read as they stand; columns that need a hand keep getting it."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.sources.opening import open_study
from tests.sources.files import a_study_file, held

CLEAN = {
    "order_id": ["o1", "o2"],
    "customer_id": ["anna", "bert"],
    "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-02"]),
    "revenue": [1.5, 2.5],
    "channel": ["web", "shop"],
}


def opened(tmp_path, rule=None, **changes):
    pd.DataFrame(CLEAN | changes).to_parquet(tmp_path / "orders.parquet")
    return open_study(a_study_file(tmp_path, {"orders": {"from": "orders.parquet", **(rule or {})}}))


def view_of(study):
    return study.backend.con.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'orders'").fetchone()[0]


def test_a_clean_file_is_read_as_it_stands(tmp_path):
    assert "trim" not in view_of(opened(tmp_path))
    assert "isfinite" not in view_of(opened(tmp_path))


@pytest.mark.parametrize(
    ("column", "values", "kept"),
    [
        ("customer_id", ["anna ", "bert"], ["anna", "bert"]),
        ("customer_id", [" anna of the long name", "bert"], ["anna of the long name", "bert"]),
        ("customer_id", ["1001.0", "bert"], ["1001", "bert"]),
        ("channel", ["web", "NULL"], ["web", None]),
        ("channel", ["web", "  "], ["web", None]),
        ("revenue", [1.5, float("nan")], [1.5, None]),
    ],
)
def test_one_value_that_needs_a_hand_gets_it(tmp_path, column, values, kept):
    study = opened(tmp_path, **{column: values})
    found = study.table("orders").order_by("order_id")[column].to_pyarrow().to_pylist()
    assert found == kept


def test_rows_that_are_left_out_do_not_count(tmp_path):
    study = opened(tmp_path, rule={"where": "revenue > 2"}, customer_id=["anna ", "bert"])
    assert "trim" not in view_of(study)
    assert held(study, "orders", "customer_id") == [("bert",)]


def test_another_word_for_nothing_that_is_longer_than_ours_is_found(tmp_path):
    rule = {"from": {"path": "orders.parquet", "null_values": ["not recorded"]}}
    study = opened(tmp_path, rule=rule, channel=["not recorded", "shop"])
    assert study.table("orders").order_by("order_id").channel.to_pyarrow().to_pylist() == [None, "shop"]


def test_a_changed_type_or_scale_is_never_taken_for_the_column(tmp_path):
    study = opened(tmp_path, rule={"columns": {"revenue": {"column": "revenue", "scale": 0.01}}}, customer_id=[7, 8])
    assert held(study, "orders", "customer_id", "revenue") == [("7", pytest.approx(0.015)), ("8", pytest.approx(0.025))]
