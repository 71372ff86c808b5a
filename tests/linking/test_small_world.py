"""Seventeen records of three systems, linked in well under a second: whatever comes of them is held."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from crm_research.linking.goodness import group_pairs
from crm_research.linking.linked import link_records
from crm_research.linking.model import LinkModel, read_model, train
from crm_research.linking.prepared import PAIRS, RECORDS
from crm_research.linking.review import draw_sample
from tests.linking.worlds import prepare
from tests.told import hold, tell

TOLD = Path(__file__).parent / "told"
HOME = {"street": "Am Markt 5", "postcode": "89073", "city": "Ulm"}
SHOP = {"email": "info@arp.example.org", "phone": "030 999123", "city": "Kiel"}


def a_record(system, local_id, name, **more):
    return {"system": system, "local_id": local_id, "name": name, **more}


# One in all, one but for a slip, one who has moved; a house; a firm with its owner and its mother; two with one
# number too many; and people alone.
ROWS = [
    a_record("a", "1", "Ann Arp", email="ann@example.org", phone="030 12345678", birth_date="1980-01-02", city="Ulm"),
    a_record("b", "1", "Arp, Ann", email="ann@example.org", phone="030 12345678", birth_date="1980-01-02", city="Ulm"),
    a_record("a", "2", "Bodo Bellmann", email="bodo@example.org", birth_date="1971-05-06", city="Bonn"),
    a_record("b", "2", "Bodo Belmann", email="bodo@example.org", birth_date="1971-05-06", city="Bonn"),
    a_record("a", "3", "Cyra Coe", phone="030 7654321", birth_date="1963-07-08", city="Kiel"),
    a_record("c", "3", "Cyra Coe", phone="030 1111111", birth_date="1963-07-08", city="Ulm"),
    a_record("a", "4", "Dirk Dornbusch", birth_date="1990-03-04", **HOME),
    a_record("a", "5", "Eve Dornbusch", birth_date="1988-11-12", **HOME),
    a_record("a", "6", "Arp GmbH", kind="business", **SHOP),
    a_record("b", "6", "Gustav Arp", kind="consumer", birth_date="1950-02-03", **SHOP),
    a_record("c", "6", "Arp Holding AG", kind="business", city="Bonn"),
    a_record("b", "7", "Max Muster", email="max@example.org", birth_date="1980-01-02", identifier="DE136695976"),
    a_record("c", "7", "Max Muster", email="max@example.org", birth_date="1980-01-02", identifier="DE129273398"),
    a_record("a", "8", "Hanna Eck", birth_date="1955-06-07", city="Bonn"),
    a_record("b", "8", "Hanna Eck", birth_date="1955", city="Bonn"),
    a_record("c", "8", "Hanna Ecker", birth_date="1955-06-07", city="Bonn"),
    a_record("c", "9", "Ivo Fink", email="ivo@example.org", city="Kiel"),
]
PARENTS = pa.table({"record": ["a:6"], "parent": ["c:6"]})


@pytest.fixture(scope="module")
def prepared():
    return prepare(ROWS)


@pytest.fixture(scope="module")
def model(prepared) -> LinkModel:
    return train(prepared)


def rounded(held):
    """The same to six digits, as any machine must find it."""
    if isinstance(held, float):
        return float(f"{held:.6g}")
    if isinstance(held, dict):
        return {name: rounded(one) for name, one in held.items()}
    return [rounded(one) for one in held] if isinstance(held, list) else held


def test_what_is_learnt_of_few_records_is_held(prepared, model, tmp_path):
    looks = [f"{one.rule}: {one.said}: {one.n_pairs} {one.n_shared_by_many} {one.is_taken}" for one in model.looks]
    settings = json.dumps(rounded(model.settings), indent=1)
    told = tell(
        settings=settings, looks=looks, notes=model.notes,
        numbers=f"{model.version} {model.columns} {model.n_records} {model.n_matches:.6g} {model.is_usual}",
    )  # fmt: skip
    hold(told, TOLD / "model.txt")
    file = tmp_path / "x.linkage.json"
    file.write_text(model.write(), encoding="utf-8")
    assert read_model(file).write() == model.write()


def test_who_is_who_is_held(prepared, model):
    linked = link_records(prepared, model, parents=PARENTS, before={"a:1": "P77", "b:1": "P78"}, taken={"P1", "P77"})
    pairs = linked.pairs
    rows = zip(pairs.left, pairs.right, pairs.probability, pairs.is_together, pairs.is_other, strict=True)
    told = tell(
        links=linked.links.to_pandas(), relations=linked.relations.to_pandas(), events=linked.events,
        pairs=[f"{left} {right} {p:.4g} {together} {other}" for left, right, p, together, other in rows],
        groups=group_pairs(pairs).to_pandas(), doubts=linked.doubts.table.to_pandas(),
        numbers=f"{linked.n_records} {linked.n_customers} {linked.n_founded} {linked.n_joined} {linked.n_cut} "
        f"{linked.duplicates_share:.6g} {linked.doubts.n_pairs} {linked.doubts.n_left_out}",
        sureness=[f"{name} {value:.4g}" for name, value in vars(linked.sureness).items()], notes=linked.notes,
    )  # fmt: skip
    hold(told, TOLD / "linked.txt")


def test_a_sample_is_drawn_the_same_each_time(prepared, model):
    linked = link_records(prepared, model)
    names = prepared.table(f"SELECT unique_id FROM {RECORDS} ORDER BY 1")["unique_id"].to_pylist()
    sample = draw_sample(prepared, linked, names, 12)
    layers = [
        f"{one.standing} from {one.probable_from:g}: {one.n_drawn} of {one.n_pairs}, {one.n_expected:.4g} expected"
        for one in sample.layers
    ]
    pairs = [f"{' and '.join(pair)} of layer {layer}" for pair, layer in zip(sample.pairs, sample.layer, strict=True)]
    hold(tell(layers=layers, pairs=pairs), TOLD / "sample.txt")


def test_pairs_are_those_that_agree_in_something(prepared):
    prepared.choose_pairs()
    hold(tell(pairs=prepared.table(f"SELECT * FROM {PAIRS} ORDER BY ALL").to_pandas()), TOLD / "pairs.txt")
