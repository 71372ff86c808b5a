"""Spark compares records by the very settings of a model, and finds the same customers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from crm_research.linking import pairs as pairs_module
from crm_research.linking.columns import UID
from crm_research.linking.linked import link_records
from crm_research.linking.model import train
from crm_research.linking.prepared import PAIRS, RECORDS
from crm_research.linking.scoring import _BASE, score
from tests.linking.worlds import FAMILY, GIVEN, a_person, prepare

HOSTILE = ("O'Neill $5 <b>", "王小明", "=1+1", 'Ann "Bo" Arp')


def a_town():
    """Three systems: everybody in the first, half without a mail address, a fifth with slips and without a town."""
    rows = [a_person(i, "crm") for i in range(150)]
    rows += [a_person(i, "shop", email=None) for i in range(0, 150, 2)]
    rows += [
        a_person(i, "web", phone=None, city=None, name=f"{GIVEN[i % 7]}x {FAMILY[i // 7 % 5]}")
        for i in range(0, 150, 5)
    ]
    named = [(system, i, name) for i, name in enumerate(HOSTILE) for system in ("crm", "web")]
    return rows + [a_person(900 + i, system, name=name, email=None) for system, i, name in named]


def scored_by(url):
    """How pairs are scored on a server of Spark: as `score` does it in the engine of the records."""
    from pyspark.sql import SparkSession
    from splink import Linker, SparkAPI

    def scored(prepared, settings, pairs):
        spark = SparkSession.builder.remote(url).create()
        api = SparkAPI(spark_session=spark, register_udfs_automatically=False, break_lineage_method="persist")
        held = {name: spark.createDataFrame(prepared.table(f"SELECT * FROM {name}")) for name in (RECORDS, pairs)}
        for name, frame in held.items():
            frame.createOrReplaceTempView(name)
        linker = Linker(api.register(held[RECORDS]), dict(settings), log_level=None, validate_settings=False)
        linker.table_management.register_blocked_pairs_for_predict(api.register(held[pairs]))
        found = linker.inference.predict(warning_mode="never").physical_name
        table = spark.sql(
            f"SELECT {UID}_l AS left_id, {UID}_r AS right_id, match_weight AS weight FROM {found}"
        ).toArrow()
        spark.stop()
        base = float(np.log2(_BASE / (1 - _BASE)))
        table = table.set_column(2, "weight", pa.array(table["weight"].to_numpy() - base))
        return table.sort_by([("left_id", "ascending"), ("right_id", "ascending")])

    return scored


def assert_same_links(url, monkeypatch):
    prepared = prepare(a_town())
    model = train(prepared)
    here, there = score(prepared, model.settings, PAIRS), scored_by(url)(prepared, model.settings, PAIRS)
    assert here.num_rows > 1000
    assert there.select(["left_id", "right_id"]).to_pylist() == here.select(["left_id", "right_id"]).to_pylist()
    assert np.abs(there["weight"].to_numpy() - here["weight"].to_numpy()).max() < 1e-9
    # Weights of every height, so that their being equal tells something.
    assert len(np.unique(here["weight"].to_numpy().round(6))) > 50

    linked = link_records(prepared, model)
    monkeypatch.setattr(pairs_module, "score", scored_by(url))
    by_spark = link_records(prepared, model)
    assert linked.n_customers < linked.n_records
    assert by_spark.links.drop(["probability"]).equals(linked.links.drop(["probability"]))
    assert np.abs(by_spark.links["probability"].to_numpy() - linked.links["probability"].to_numpy()).max() < 1e-9


@pytest.mark.slow
def test_spark_without_java_finds_the_same_customers(sail_url, monkeypatch):
    assert_same_links(sail_url, monkeypatch)


@pytest.mark.apache_spark
def test_apache_spark_finds_the_same_customers(apache_url, monkeypatch):
    assert_same_links(apache_url, monkeypatch)
