"""Each finder of suspicions by itself: what was counted is planted, and every field of what it tells is held."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace

import ibis
import pandas as pd
import pytest

from crm_research.contracts.findings import Verdict
from crm_research.features.quality import TableCounts
from crm_research.features.untrue_records import UntrueCount, UntrueRecords
from crm_research.pillars.data_quality import suspicions
from crm_research.pillars.data_quality.suspicions import Looked
from tests.builders import a_study
from tests.data_quality.planted import a_finding

TIME_COLUMNS = ["column", "n_filled", "before-1900", "in-the-future", "first-of-january"]


def counted(table, n_rows=900, n_sound=873, *times):
    return TableCounts(
        table=table, n_rows=n_rows, n_sound=n_sound, columns=pd.DataFrame(), not_judged=(), months=pd.DataFrame(),
        times=pd.DataFrame(list(times), columns=TIME_COLUMNS),
    )  # fmt: skip


def looked(*counts, findings=(), study=None, untrue=None, confidence=0.9):
    verdict = Verdict(study="Planted", as_of=datetime(2024, 7, 1), holdout_until=None, tables=(), findings=findings)
    return Looked(
        study=study, counts={one.table: one for one in counts}, verdict=verdict, confidence=confidence, untrue=untrue
    )


def told(found):
    return [(one.kind, one.table, one.column, one.n_checked, one.n_bad, one.evidence, one.otherwise) for one in found]


def test_rows_that_break_a_rule():
    found = list(suspicions._broken(looked(counted("orders"), counted("contacts", 0, 0))))
    assert told(found) == [
        (
            "rows that break a rule", "orders", "", 900, 27,
            "They break a rule of the records by themselves: the table of rules says which.",
            "An unusual row may be a true one: a rule that may be broken can be accepted in the study.",
        )
    ]  # fmt: skip
    assert found[0].suspects.table == "orders"


def test_dates_that_cannot_be():
    times = [("born", 811, 1200, 17, 5), ("died", 40, 0, 0, 0)]
    found = list(suspicions._times(looked(counted("customers", 900, 873, *times))))
    no_other = "Such a date is a slip or stands for none: there is no other reading."
    assert told(found) == [
        ("dates that cannot be", "customers", "born", 811, 1217,
         "1,200 lie before 1900, and 17 after the end of the records.", no_other),
        ("dates that cannot be", "customers", "died", 40, 0,
         "0 lie before 1900, and 0 after the end of the records.", no_other),
    ]  # fmt: skip


def test_which_dates_they_are_is_told_to_the_engine():
    days = ["1850-05-05", "1970-01-01", "1970-01-02", "2031-05-05", None]
    people = pd.DataFrame({"customer_id": list("abcde"), "born": pd.to_datetime(days).astype("datetime64[us]")})
    study = a_study(customers=people, attributes={"customers": {"born": "time"}})
    rows = study.table("customers")
    found = {"_times": ["a", "d"], "_january": ["b"]}
    for finder, expected in found.items():
        (one,) = getattr(suspicions, finder)(looked(counted("customers", 5, 5, ("born", 4, 1, 1, 1)), study=study))
        chosen = rows.filter(one.suspects.condition(study=study, rows=rows)).customer_id.to_pandas()
        assert (sorted(chosen), one.suspects.table) == (expected, "customers"), finder


def test_dates_on_1_january_beyond_chance():
    # Chance gives 3,653 / 365.25 = 10; as many are no wonder, 40 are, and a quarter of them is true.
    times = [
        ("born", 3653, 0, 0, 40), ("wed", 3653, 0, 0, 10), ("moved", 20, 0, 0, 4), ("left", 1, 0, 0, 0),
        ("empty", 0, 0, 0, 0),
    ]  # fmt: skip
    found = list(suspicions._january(looked(counted("customers", 9, 9, *times), counted("orders", 9, 9, *times))))
    kind = "dates on 1 January beyond chance"
    assert told(found) == [
        (kind, "customers", "born", 3653, 40, "40 lie on 1 January, where chance gives about 10.0.",
         "About 25 % of them are true."),
        (kind, "customers", "wed", 3653, 0, "10 lie on 1 January, where chance gives about 10.0.", ""),
        # Four of twenty are far beyond chance, and too few to say so.
        (kind, "customers", "moved", 20, 0, "4 lie on 1 January, where chance gives about 0.1.", ""),
        (kind, "customers", "left", 1, 0, "0 lie on 1 January, where chance gives about 0.0.", ""),
    ]  # fmt: skip
    (five,) = suspicions._january(looked(counted("customers", 9, 9, ("moved", 20, 0, 0, 5))))
    assert (five.n_bad, five.otherwise) == (5, "About 1.1 % of them are true.")
    # All columns are looked at together: 17 of 3,653 lie within the chance of two columns, and beyond that of one.
    near = ("born", 3653, 0, 0, 17)
    (alone,) = suspicions._january(looked(counted("customers", 9, 9, near), confidence=0.97))
    among = next(
        suspicions._january(looked(counted("customers", 9, 9, near, ("wed", 3653, 0, 0, 10)), confidence=0.97))
    )
    assert (alone.n_bad, among.n_bad) == (17, 0)
    assert list(suspicions._january(looked(counted("orders", 9, 9, *times)))) == []


def test_one_record_under_two_numbers(monkeypatch):
    counts = {"orders": (731, 1204), "contacts": (0, 0)}
    monkeypatch.setattr(suspicions, "count_copied_records", lambda study, table: counts[table])
    found = list(suspicions._copies(looked(counted("orders"), counted("contacts"))))
    assert told(found) == [
        ("one record under two numbers", "orders", "", 731, 1204,
         "1,204 agree with another row in everything but their number.",
         "Two true ones look so where somebody does the same twice, and only the day is recorded."),
    ]  # fmt: skip
    assert found[0].suspects.table == "orders"


REPEATS = "the orders of an earlier day, amount by amount"
SUCH_AS = ", such as 2024-06-05, which is 2024-05-03 again"


@pytest.mark.parametrize(
    ("days", "evidence", "n_bad"),
    [
        ([], f"0 days have {REPEATS}.", 0),
        ([("2024-06-05", "2024-05-03", 13)], f"1 day has {REPEATS}{SUCH_AS}.", 13),
        ([("2024-06-05", "2024-05-03", 13), ("2024-06-09", "2024-05-04", 19)], f"2 days have {REPEATS}{SUCH_AS}.", 32),
    ],
)
def test_days_that_repeat_another_day(monkeypatch, days, evidence, n_bad):
    frame = pd.DataFrame(days, columns=["day", "like", "n_orders"])
    frame = frame.assign(day=pd.to_datetime(frame["day"]), like=pd.to_datetime(frame["like"]))
    frame.attrs["n_compared"] = 7
    monkeypatch.setattr(suspicions, "find_copied_days", lambda study: frame)
    (one,) = suspicions._copied_days(looked(counted("orders", 811)))
    otherwise = "Standing orders do the same; where most days repeat others, nothing is suspected."
    assert told([one]) == [("days that repeat another day", "orders", "", 811, n_bad, evidence, otherwise)]
    assert list(suspicions._copied_days(looked(counted("contacts")))) == []
    frame.attrs["n_compared"] = 0
    assert list(suspicions._copied_days(looked(counted("orders")))) == []


def test_the_rows_of_a_copied_day_are_those_of_that_day(monkeypatch):
    frame = pd.DataFrame(
        {"day": pd.to_datetime(["2024-06-05"]), "like": pd.to_datetime(["2024-05-03"]), "n_orders": [1]}
    )
    frame.attrs["n_compared"] = 7
    monkeypatch.setattr(suspicions, "find_copied_days", lambda study: frame)
    (one,) = suspicions._copied_days(looked(counted("orders")))
    rows = ibis.memtable(
        pd.DataFrame({"ordered_at": pd.to_datetime(["2024-06-04 23:59", "2024-06-05 11:00", "2024-06-06 00:00"])})
    )
    assert one.suspects.table == "orders"
    assert rows.mutate(is_it=one.suspects.condition(study=None, rows=rows)).is_it.to_pandas().tolist() == [
        False, True, False,
    ]  # fmt: skip


def test_one_is_told_in_the_singular(monkeypatch):
    monkeypatch.setattr(suspicions, "count_copied_records", lambda study, table: (731, 1))
    held = looked(
        counted("customers", 9, 9, ("born", 9, 1, 0, 1)),
        findings=(a_finding("orders", "x", "one-spelling", "note", 1),),
    )
    finders = (suspicions._times, suspicions._january, suspicions._copies, suspicions._ids)
    assert [one.evidence for one in suspicions.find_suspicions(held, finders)] == [
        "1 lies before 1900, and 0 after the end of the records.",
        "1 lies on 1 January, where chance gives about 0.0.",
        "1 agrees with another row in everything but its number.",
        "1 differs from another one in capitals, blanks or leading zeros alone.",
    ]


def test_one_number_in_two_spellings():
    findings = (
        a_finding("orders", "customer_id", "one-spelling", "warning", 1309),
        a_finding("orders", "customer_id", "orphan", "warning", 7),
    )
    assert told(suspicions._ids(looked(findings=findings))) == [
        ("one number in two spellings", "orders", "customer_id", 5200, 1309,
         "1,309 differ from another one in capitals, blanks or leading zeros alone.",
         "Where capitals alone tell two apart, they are two."),
    ]  # fmt: skip


def test_names_in_two_spellings_words_for_unknown_and_numbers_as_text(monkeypatch):
    columns = [
        "column",
        "n_rows",
        "n_levels",
        "n_odd_levels",
        "n_odd_rows",
        "n_unknown_rows",
        "n_number_rows",
        "n_measured",
    ]
    levels = pd.DataFrame(
        [("city", 2000, 1234, 1, 17, 1100, 1900, 3), ("size", 400, 50, 12, 39, 0, 379, 3),
         ("code", 60, 50, 0, 0, 0, 60, 0), ("none", 0, 0, 0, 0, 0, 0, 0)],
        columns=columns,
    )  # fmt: skip
    monkeypatch.setattr(suspicions, "count_levels", lambda study, table: levels)
    found = told(suspicions._levels(looked(counted("customers"))))
    two, word, text = "one name in two spellings", "a word where nothing is known", "numbers kept as text"
    same = "Where capitals or marks tell two apart, they are two."
    answer = "Where unknown is an answer of its own, it is one."
    names = "Where the numbers are only names (of versions, say), text is right."
    fills = "a word for unknown, or a mark, fills the place."
    assert found == [
        (two, "customers", "city", 2000, 17,
         "1 name of 1,234 is written in more than one way: capitals, blanks or marks alone differ.", same),
        (word, "customers", "city", 2000, 1100, f"In 1,100 {fills}", answer),
        # Nineteen of twenty are numbers: so many and no fewer.
        (text, "customers", "city", 2000, 1900, "95 % are numbers, some with decimals.", names),
        (two, "customers", "size", 400, 39,
         "12 names of 50 are written in more than one way: capitals, blanks or marks alone differ.", same),
        (word, "customers", "size", 400, 0, f"In 0 {fills}", answer),
        (text, "customers", "size", 400, 0, "95 % are numbers, some with decimals.", names),
        (two, "customers", "code", 60, 0,
         "0 names of 50 are written in more than one way: capitals, blanks or marks alone differ.", same),
        (word, "customers", "code", 60, 0, f"In 0 {fills}", answer),
        (text, "customers", "code", 60, 0, "100 % are numbers, some with decimals.", names),
    ]  # fmt: skip


def rows_of(**columns):
    return ibis.memtable(pd.DataFrame(columns))


@pytest.mark.parametrize(
    ("table", "columns", "kind", "evidence", "otherwise"),
    [
        ("orders", ("order_id", "ordered_at", "revenue"), "the same amount twice",
         "2 have an amount that is rare elsewhere twice for one customer on one day; chance explains about 0.4.",
         "Two true ones look so where a customer does the same twice on a day."),
        ("invoices", ("invoice_id", "issued_at", "amount"), "the same amount twice",
         "2 have an amount that is rare elsewhere twice for one customer on one day; chance explains about 0.4.",
         "Two true ones look so where a customer does the same twice on a day."),
        ("contacts", ("contact_id", "opened_at", "closed_at"), "a visit during another visit",
         "2 visits began while another one of the same customer went on.",
         "Two who visit together look so, where one stands for both."),
    ],
)  # fmt: skip
def test_amounts_and_visits_that_copy_each_other(monkeypatch, table, columns, kind, evidence, otherwise):
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    held = {"customer_id": ["a", "b", "c"], columns[0]: ["1", "2", "3"], columns[1]: days}
    held[columns[2]] = days if table == "contacts" else [1.0, 2.0, 3.0]
    rows, asked = rows_of(**held), []
    suspected = rows_of(key=["1", "2"], chance=[0.25, 0.15])
    monkeypatch.setattr(suspicions, "suspect_copied_amounts", lambda rows, **names: asked.append(names) or suspected)
    monkeypatch.setattr(suspicions, "suspect_overlapping_visits", lambda rows: suspected)
    study = SimpleNamespace(table=lambda name: rows)
    (one,) = suspicions._untrue(looked(counted(table), study=study))
    assert told([one]) == [(kind, table, "", 3, 2, evidence, otherwise)]
    assert asked == ([] if table == "contacts" else [{"key": columns[0], "at": columns[1], "amount": columns[2]}])
    # What it looks at must be there, and the customer too.
    lacking = SimpleNamespace(table=lambda name: rows.drop("customer_id"))
    assert list(suspicions._untrue(looked(counted(table), study=lacking))) == []
    none = SimpleNamespace(table=lambda name: rows.limit(0))
    assert list(suspicions._untrue(looked(counted(table), study=none))) == []
    # One is told in the singular.
    suspected = suspected.limit(1)
    (single,) = suspicions._untrue(looked(counted(table), study=study))
    began = "1 visit began while" if table == "contacts" else "1 has an amount that is rare"
    assert single.evidence.startswith(began)
    # Where nothing is found, chance explains nothing.
    suspected = suspected.limit(0)
    monkeypatch.setattr(suspicions, "suspect_copied_amounts", lambda rows, **names: suspected)
    monkeypatch.setattr(suspicions, "suspect_overlapping_visits", lambda rows: suspected)
    (clean,) = suspicions._untrue(looked(counted(table), study=study))
    assert clean.n_bad == 0


def test_records_of_the_systems_that_may_be_of_nobody():
    one = UntrueCount(suspicion="shared_email", n_checked=811, n_suspected=37, n_by_chance=0.0)
    untrue = UntrueRecords(counts=(one,), listed=pd.DataFrame())
    assert told(suspicions._untrue_records(looked(untrue=untrue))) == [
        ("e-mail addresses that many share", "customer_records", "", 811, 37,
         "37 records have their e-mail address under more than ten names.",
         "People who are reached through one office share an address."),
    ]  # fmt: skip
    assert list(suspicions._untrue_records(looked())) == []


def test_every_finder_is_asked_in_its_order_or_only_those_that_are_named():
    held = looked(counted("customers", 900, 873, ("born", 811, 3, 4, 2)))
    named = suspicions.find_suspicions(held, (suspicions._times, suspicions._broken))
    assert [one.kind for one in named] == ["dates that cannot be", "rows that break a rule"]
    assert [one.__name__ for one in suspicions.FINDERS] == [
        "_broken", "_times", "_january", "_copies", "_copied_days", "_untrue", "_untrue_records", "_ids", "_levels",
    ]  # fmt: skip
