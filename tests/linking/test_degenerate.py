"""A sample to judge, and an estimate, of records that tell hardly anything: one system, no names, one name, copies."""

from __future__ import annotations

import pytest

from crm_research.linking.columns import UID
from crm_research.linking.goodness import estimate_goodness, group_pairs
from crm_research.linking.judging import count_words, groups_of
from crm_research.linking.linked import link_records
from crm_research.linking.model import train
from crm_research.linking.prepared import RECORDS
from crm_research.linking.review import draw_sample
from tests.linking.test_goodness import AT
from tests.linking.worlds import a_person, prepare

pytestmark = pytest.mark.slow

WORLDS = {
    "one system": ([a_person(number, "a") for number in range(40)], ()),
    "one system where nobody stands twice": ([a_person(number, "a") for number in range(40)], ("a",)),
    "no names": ([a_person(number, system, name=None) for system in "ab" for number in range(30)], ()),
    "nothing at all": ([{"system": "a", "local_id": str(number)} for number in range(12)], ()),
    "one name for all": ([a_person(number, system, name="Ann Arp") for system in "ab" for number in range(60)], ()),
    "500 copies of one row": ([a_person(3, "a") | {"local_id": str(number)} for number in range(500)], ()),
    "one record": ([a_person(1, "a")], ()),
}


@pytest.mark.parametrize("world", WORLDS)
def test_a_sample_is_drawn_and_judged_whatever_the_records_tell(world):
    rows, unique = WORLDS[world]
    prepared = prepare(rows, unique)
    linked = link_records(prepared, train(prepared))
    names = prepared.table(f"SELECT {UID} FROM {RECORDS} ORDER BY {UID}")[UID].to_pylist()
    sample = draw_sample(prepared, linked, names, 30)
    assert sample == draw_sample(prepared, linked, names, 30)
    assert len({*sample.pairs}) == len(sample.pairs) == sum(layer.n_drawn for layer in sample.layers)
    assert {name for pair in sample.pairs for name in pair} <= {*names}
    table = group_pairs(linked.pairs)
    n_together = sum(n * (n - 1) // 2 for n in linked.links.to_pandas()["customer_id"].value_counts())
    counted = {row["standing"]: 0.0 for row in table.to_pylist()}
    for row in table.to_pylist():
        counted[row["standing"]] += row["n_pairs"]
    assert counted.get("together", 0.0) == n_together
    judged = count_words(sample, ["same"] * len(sample.pairs), at=AT)
    for held in (table, judged):
        good = estimate_goodness(groups_of(held))
        for one in (good.precision, good.recall, good.f1, good.n_missed, good.n_wrong):
            assert one is None or one.lower <= one.estimate <= one.upper
    if world == "500 copies of one row":
        assert linked.n_customers == 1
        assert estimate_goodness(groups_of(judged)).precision.lower > 0.85
    if world == "one system where nobody stands twice":
        assert sample.pairs == ()
