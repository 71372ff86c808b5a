"""What repairing makes of a few records, held: every change by every rule, and a small study repaired and undone."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_research.contracts import LINKS
from crm_research.errors import ParameterError, StudyError
from crm_research.repair.decisions import Choice
from crm_research.repair.study_repairs import repair_study
from crm_research.repair.undo import undo_repairs
from crm_research.repair.written import files_of
from crm_research.sources.record_parts import file_beside
from tests.repair.test_study_repairs import AT, DEALER, OFFICE, ORDERS, PAIRS, TABLES
from tests.repair.worlds import repair
from tests.sources.files import a_study_file
from tests.told import hold, tell

TOLD = Path(__file__).parent / "told"
LATER = datetime(2026, 2, 6, 11, 45)


def a_day(month):
    return datetime(2023, month, 5)


def a_record(who, system, local_id, **said):
    return {"customer_id": who, "system": system, "local_id": local_id, **said}


# P1 disagrees in everything, P2 leaves places empty, P3 is untrue, P4 came later, and one is of nobody.
ROWS = [
    a_record("P1", "a", "1", name="Ann Arp", phone="030 111111", email="ann@x.org", birth_date="1980-04-03",
             street="Gasse 1", postcode="89073", city="Ulm", region="South", country="DE", identifier="AB 12",
             kind="consumer", updated_at=a_day(2)),
    a_record("P1", "b", "1", name="ARP, Ann", phone="030/22 22 22", email="Ann@Y.org ", birth_date="1981",
             street="Markt 7", city="Kiel", identifier="ab-12", kind="business", updated_at=a_day(3)),
    a_record("P1", "c", "1", name="Anna Arp", phone="030 111 111", city="ULM", company="Arp  KG", updated_at=a_day(1)),
    a_record("P2", "a", "2", name="Bo Bell", phone="", street="Weg 5", city="Ulm"),
    a_record("P2", "b", "2", given_name="Bo", family_name="Bell", phone="call me", region="South", country="DE"),
    a_record("P2", "c", "2", birth_date="1971", email="bo@x.org", identifier="XY9"),
    a_record("P3", "a", "3", name="N.N.", phone="030 333333", updated_at=a_day(9)),
    a_record("P3", "b", "3", name="Cy Coe", email="no mail", updated_at=a_day(8)),
    a_record("P4", "a", "4", phone="030 444444", registered_at=a_day(4)),
    a_record("P4", "b", "4", phone="030 555555", updated_at=datetime(2024, 7, 2)),
    a_record(None, "c", "5", name="COE, Dee", city="ulm", phone="030 / 666 666"),
]  # fmt: skip
RULES = {
    "recent": {},
    "trusted": {"trust": ["c", "a"], "default": "most trusted", "name": ["most complete"]},
    "frequent": {"default": "most frequent", "address": ["most complete", "most recent"], "kind": "most trusted",
                 "trust": ["b"]},
}  # fmt: skip


def told_of(changes, options, found):
    lines = [f"{' '.join(key)}: {before!r} to {after!r}, {rule}" for key, (before, after, rule) in changes.items()]
    settled = [f"{rule} {n}" for rule, n in sorted(found.n_settled.items())]
    return {
        "changes": sorted(lines), "open": [str(one) for one in options], "found": [*settled, f"open {found.n_open}"],
    }  # fmt: skip


@pytest.mark.parametrize("rules", RULES)
def test_every_change_is_held(rules):
    hold(tell(**told_of(*repair(ROWS, **RULES[rules]))), TOLD / f"{rules}.txt")


def test_what_people_decide_is_held():
    said = {"kind": "most frequent", "identifier": "most frequent", "email": "most frequent"}
    left_open = repair(ROWS, **said)
    option_of = {value: option for _, _, option, value, *_ in left_open[1]}
    choices = [
        Choice(option=option_of["business"], instead=None, line=2),
        Choice(option=option_of["ann@x.org"], instead="ann@z.org", line=3),
    ]
    decided = repair(ROWS, choices=choices, **said)
    hold(tell(**told_of(*left_open)) + tell(**told_of(*decided)), TOLD / "decided.txt")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    for name, text in (("office", OFFICE), ("dealer", DEALER), ("orders", ORDERS)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    survivorship = {"phone": "most frequent"}
    path = a_study_file(folder, TABLES, survivorship=survivorship)
    links = {
        "system": [system for system, _ in PAIRS],
        "local_id": [number for _, number in PAIRS],
        "customer_id": [f"P{number}" for _, number in PAIRS],
        "probability": [0.9] * 6,
    }
    pq.write_table(pa.table(links), file_beside(path, LINKS))
    return path


def written(path):
    """What stands beside the study, table by table."""
    files = files_of(path)
    there = {}
    for name, file in vars(files).items():
        if not file.is_file():
            there[name] = "nothing"
        elif file.suffix == ".csv":
            there[name] = file.read_text(encoding="utf-8-sig").rstrip()
        else:
            frame = pq.read_table(file).to_pandas()
            there[name] = frame.sort_values([*frame.columns[:3]], ignore_index=True) if len(frame) else frame
    return there


def numbers_of(found):
    return [f"{name}: {value}" for name, value in vars(found).items() if name != "files"]


def test_a_small_study_is_repaired_decided_and_undone(shop):
    said = []
    first = repair_study(shop, at=AT, tell=said.append)
    assert said == [
        "reading the records", "standardising 7 records", "comparing what the records of each customer say",
        "writing the repairs",
    ]  # fmt: skip
    assert first.files == files_of(shop)
    hold(tell(numbers=numbers_of(first), **written(shop)), TOLD / "repaired.txt")
    # Somebody chooses the first telephone of the list.
    file = files_of(shop).conflicts
    held = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    held.loc[held["column"].eq("phone").idxmax(), "choose"] = "x"
    held.to_csv(file, index=False, encoding="utf-8-sig")
    second = repair_study(shop, at=LATER)
    hold(tell(numbers=numbers_of(second), **written(shop)), TOLD / "decided-study.txt")

    for wrong, told in (
        ({"rule": "most recnt"}, "--rule: nothing is repaired by 'most recnt'. Did you mean 'most recent'? Known: "),
        ({"column": "phon"}, "--column: records have no 'phon' that is repaired. Did you mean 'phone'? Known: "),
    ):
        with pytest.raises(ParameterError) as problem:
            undo_repairs(shop, **wrong)
        assert str(problem.value).startswith(told)
    with pytest.raises(StudyError) as nothing:
        undo_repairs(shop, on=date(2025, 1, 1))
    assert str(nothing.value).endswith(
        "nothing was repaired so. Rules that were used: decided, most recent, spelling, undisputed. Last days of "
        "repairs: 2026-01-05, 2026-02-06."
    )
    said.clear()
    part = undo_repairs(shop, rule="decided", tell=said.append)
    assert said == ["reading the records", "writing what stays repaired"]
    hold(tell(numbers=numbers_of(part), **written(shop)), TOLD / "undone-decided.txt")
    rest = undo_repairs(shop)
    hold(tell(numbers=numbers_of(rest), **written(shop)), TOLD / "undone.txt")
    with pytest.raises(StudyError, match="is not there: nothing is repaired, and nothing can be undone"):
        undo_repairs(shop)
