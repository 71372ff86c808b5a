"""Records of several systems in one spelling: originals kept, every step told."""

from __future__ import annotations

import ast
import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from crm_research import standards
from crm_research.errors import CrmError, ParameterError, StudyError
from crm_research.standards import distinct, standardise
from crm_research.standards.records import TEXTS
from crm_research.standards.steps import STEPS

MADE = (
    "std_country", "std_kind", "std_given", "std_family", "std_name_key", "std_name_chinese", "std_untrue_name",
    "std_company", "std_company_form", "std_company_region", "std_email", "std_email_key", "std_untrue_email",
    "std_phone", "std_untrue_phone", "std_street", "std_house_number", "std_postcode", "std_city", "std_region",
    "std_birth_date", "std_birth_year", "std_identifier", "std_identifier_kind",
)  # fmt: skip


def records(*rows, columns=TEXTS):
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns})


BY_HAND = records(
    {"system": "a", "local_id": "1", "name": "MÜLLER, Hans", "phone": "030 23125000",
     "country": "Germany", "postcode": "1067",
     "street": "Hauptstr. 12a", "city": "Dresden", "birth_date": "04.03.1984",
     "email": "Hans.M@Example.org", "region": "Ost"},
    {"system": "a", "local_id": "2", "name": "单小明", "phone": "138 0013 8000", "birth_date": "1984",
     "street": "北京市海淀区中关村大街27号", "identifier": "11010519491231002X"},
    {"system": "b", "local_id": "3", "name": "Nordwind AG & Co. KG", "identifier": "136695976", "country": "DE"},
    {"system": "b", "local_id": "4"},
    {"system": "b", "local_id": "5", "kind": "business", "name": "Müller", "company": "Bäckerei Müller GmbH"},
    {"system": "b", "local_id": "6", "kind": "person", "name": "Sigmund Verlag", "birth_date": "31.02.1984"},
)  # fmt: skip


def test_six_records_by_hand():
    made = standardise(BY_HAND, country="CN").records
    rows = made.to_pylist()
    assert made.select(BY_HAND.column_names).equals(BY_HAND)
    assert tuple(name for name in made.column_names if name.startswith("std_")) == MADE
    said = [{name.removeprefix("std_"): row[name] for name in MADE if row[name] is not None} for row in rows]
    assert said[0] == {
        "country": "DE", "given": "hans", "family": "muller", "name_key": "hans muller", "email": "hans.m@example.org",
        "email_key": "hans.m@example.org", "phone": "+493023125000", "street": "hauptstrasse", "house_number": "12a",
        "postcode": "01067", "city": "dresden", "region": "east", "birth_date": "1984-03-04", "birth_year": "1984",
    }  # fmt: skip
    assert said[1] == {
        "country": "CN", "given": "xiaoming", "family": "shan", "name_key": "ming shan xiao", "name_chinese": "单小明",
        "phone": "+8613800138000", "street": "中关村大街", "house_number": "27", "city": "beijing", "region": "beijing",
        "birth_year": "1984", "identifier": "11010519491231002X", "identifier_kind": "cn.ric",
    }  # fmt: skip
    assert said[2] == {
        "country": "DE", "kind": "company", "name_key": "nordwind", "company": "nordwind",
        "company_form": "ag and co kg",
        "identifier": "DE136695976", "identifier_kind": "eu.vat",
    }  # fmt: skip
    assert said[3] == {"country": "CN"}
    assert said[4]["name_key"] == said[4]["company"] == "backerei muller"
    assert (said[5]["kind"], said[5]["family"]) == ("person", "verlag")


def test_each_step_is_told_and_no_value_shown():
    log = {(row["step"], row["column"]): row for row in standardise(BY_HAND, country="CN").log.to_pylist()}
    assert log["birth_dates", "std_birth_date"] == {
        "step": "birth_dates", "column": "std_birth_date", "n_values": 3, "n_distinct": 3,
        "n_written": 1, "n_changed": 1,
        "n_not_understood": 1, "n_ambiguous": 0, "n_doubtful": 0,
    }  # fmt: skip
    assert log["countries", "std_country"]["n_changed"] == 1
    assert log["phones", "std_phone"]["n_written"] == 2
    assert {name for _, name in log} <= set(MADE)


@pytest.mark.parametrize("absent", [(), *((name,) for name in TEXTS), TEXTS[2:]])
def test_any_column_may_be_absent(absent):
    given = BY_HAND.select([name for name in TEXTS if name not in absent])
    made = standardise(given, country="CN").records
    assert len(made) == 6
    assert set(MADE) <= set(made.column_names)
    for name in MADE:
        step = next(step for step in STEPS if name in step.writes)
        if set(step.needs) <= set(absent) and name != "std_country":
            assert made.column(name).null_count == 6


def test_no_record_at_all():
    made = standardise(BY_HAND.slice(0, 0), country=None)
    assert (len(made.records), len(made.log)) == (0, 0)
    assert set(MADE) <= set(made.records.column_names)


def test_rows_that_are_alike_are_asked_once_and_the_order_changes_nothing():
    places = np.random.default_rng(5).permutation(np.repeat(np.arange(6), 7))
    made = standardise(BY_HAND.take(pa.array(places)), country="CN")
    assert made.records.equals(standardise(BY_HAND, country="CN").records.take(pa.array(places)).combine_chunks())
    told = {row["column"]: row for row in made.log.to_pylist()}
    assert (told["std_birth_date"]["n_values"], told["std_birth_date"]["n_distinct"]) == (21, 3)


def test_taken_again_nothing_changes():
    once = standardise(BY_HAND, country="CN").records
    names = {"std_given": "given_name", "std_family": "family_name", "std_house_number": "x"}
    again = pa.table({names.get(name, name.removeprefix("std_")): once.column(name) for name in MADE})
    twice = standardise(again, country="CN").records
    for name in ("std_given", "std_family", "std_company", "std_email", "std_email_key",
    "std_phone", "std_street", "std_postcode",
                 "std_city", "std_region", "std_birth_date", "std_identifier"):  # fmt: skip
        assert twice.column(name).to_pylist() == once.column(name).to_pylist(), name


def dated(system, *texts):
    return [{"system": system, "local_id": str(n), "birth_date": text} for n, text in enumerate(texts)]


def test_a_systems_own_dates_show_its_order():
    twenty = [f"{day}/02/1970" for day in range(13, 29)] + [f"{day}/03/1971" for day in (20, 21, 22, 23)]
    rows = [
        *dated("day", *twenty, "04/03/1984"),
        *dated("too few", *twenty[1:], "04/03/1984"),
        *dated("torn", *twenty, *twenty, "02/25/1970", "04/03/1984"),
        *dated(
            "month",
            *(f"02/{day}/1970" for day in range(13, 29)),
            *(f"03/{day}/1970" for day in (20, 21, 22, 23)),
            "04/03/1984",
        ),
    ]
    whole = standardise(records(*rows), country=None)
    made = whole.records.to_pylist()
    assert whole.notes == (
        "Birth dates of day that have two readings are read day first: 20 others show it, 0 the other way.",
        "Birth dates of month that have two readings are read month first: 20 others show it, 0 the other way.",
    )
    found = {row["system"]: row["std_birth_date"] for row in made if row["birth_date"] == "04/03/1984"}
    assert found == {"day": "1984-03-04", "too few": None, "torn": None, "month": "1984-04-03"}


def test_a_systems_own_names_show_its_order():
    plain = [{"system": "one", "name": f"Xiao{end} Zhang"} for end in ("ming", "hong", "li", "hua", "yan") * 4]
    rows = [*plain, {"system": "one", "name": "Wei Li"}, {"system": "two", "name": "Wei Li"}]
    whole = standardise(records(*rows), country=None)
    made = whole.records.to_pylist()
    assert len(whole.notes) == 1
    assert "are read given first: 20 others show it, 0 the other way." in whole.notes[0]
    assert [(row["std_given"], row["std_family"]) for row in made[-2:]] == [("wei", "li"), (None, None)]


def test_the_latest_year_known_settles_a_century():
    table = records(*dated("a", "04.03.25", "04.03.26")).append_column(
        "registered_at", pa.array([datetime(2024, 1, 1), datetime(2025, 6, 1)])
    )
    assert standardise(table, country=None).records.column("std_birth_date").to_pylist() == [None, "1926-03-04"]


def test_what_is_no_text_is_refused():
    with pytest.raises(ParameterError, match=r"customer_records.phone: text is expected; found int64"):
        standardise(pa.table({"phone": [49301234567]}), country=None)
    with pytest.raises(ParameterError, match="The country 'Atlantis' is not known"):
        standardise(BY_HAND, country="Atlantis")


def test_columns_of_any_make_and_columns_of_ones_own():
    """Dictionaries, long strings, nothing, several chunks, a column of an earlier run, one of the user's own."""
    plain = BY_HAND.append_column("street_city", pa.array(list("uvwxyz")))
    table = pa.concat_tables([plain.slice(0, 2), plain.slice(2)])
    table = table.set_column(3, "name", table.column("name").dictionary_encode())
    table = table.set_column(8, "phone", table.column("phone").cast(pa.large_string()))
    table = (
        table.drop_columns(["company"])
        .append_column("company", pa.nulls(6))
        .append_column("std_phone", pa.array(list("uvwxyz")))
    )
    made = standardise(table, country="CN").records
    whole = standardise(BY_HAND.drop_columns(["company"]), country="CN").records
    for name in MADE:
        assert made.column(name).to_pylist() == whole.column(name).to_pylist(), name
    assert made.column("street_city").to_pylist() == list("uvwxyz")
    assert made.column_names.count("std_phone") == 1


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        StudyError, match=r'needs opencc, which is not installed: pip install "crm-research\[linking\]"'
    ):
        standardise(BY_HAND, country=None)


def test_what_is_blank_is_absent_and_an_unknown_country_is_not_the_usual_one():
    rows = [
        {"country": country, "phone": phone} for country in (None, " ", "Atlantis") for phone in ("030 23125000", "\t")
    ]
    made = standardise(records(*rows), country="DE")
    assert made.records.column("std_country").to_pylist() == ["DE"] * 4 + [None] * 2
    assert made.records.column("std_phone").to_pylist() == ["+493023125000", None] * 2 + [None, None]
    told = {row["column"]: row for row in made.log.to_pylist()}
    assert (told["std_phone"]["n_values"], told["std_phone"]["n_not_understood"]) == (3, 1)


def test_libraries_are_imported_late():
    """The package stands without the extra, and importing it costs nothing."""
    for path in Path(standards.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            assert not {name.split(".")[0] for name in names} & {"opencc", "phonenumbers", "pypinyin", "stdnum"}, path


def test_a_process_that_dies_is_named(monkeypatch):
    monkeypatch.setattr(distinct, "_WORTH_PROCESSES", 2)
    monkeypatch.setattr(distinct.sys, "executable", shutil.which("false"))
    with pytest.raises(CrmError, match="ended before its end"):
        distinct.map_rows("crm_research.standards.steps:countries", [("a",)] * 9, n_processes=2)


HOSTILE = [
    "$",
    "<script>",
    "=1+1",
    "\x00",
    "\ud7ff",
    "\u202e",
    "😀",
    "公司",
    "AG",
    "+",
    "'",
    "，",
    "1" * 500,
    "a " * 500,
    "\n",
    "@",
    "０",
]


LONG = ["a" * 400, "1 " * 200, "qwertyuiop" * 40, "号1" * 200, "北京市" * 130, "a,1" * 130, "x" * 100_000]


def test_hostile_text_breaks_nothing():
    rows = [dict.fromkeys(TEXTS[2:], text) | {"system": "a", "local_id": text} for text in [*HOSTILE, *LONG]]
    assert len(standardise(records(*rows), country="DE").records) == len(HOSTILE) + len(LONG)


def test_a_text_that_is_too_long_is_not_understood():
    names = ["Hans " + "M" * 395, "Hans " + "M" * 396]
    made = standardise(records(*({"name": name} for name in names)), country=None)
    assert made.records.column("std_given").to_pylist() == ["hans", None]
    assert made.log.to_pylist()[0]["n_not_understood"] == 1


@pytest.mark.slow
def test_several_processes_say_the_same(monkeypatch):
    many = BY_HAND.take(pa.array(np.arange(600) % 6)).set_column(
        3, "name", pa.array([f"Given{chr(97 + n % 26)} Family{chr(97 + n // 26 % 26)}" for n in range(600)])
    )
    alone = standardise(many, country="CN", n_processes=1)
    monkeypatch.setattr(distinct, "_WORTH_PROCESSES", 100)
    beside = standardise(many, country="CN", n_processes=3)
    assert beside.records.equals(alone.records)
    assert beside.log.equals(alone.log)
