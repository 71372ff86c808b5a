"""Untrue records: each suspicion by hand, at its limits, and how often it is wrong where the truth is known."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from crm_research.errors import StudyError
from crm_research.features.suspicions import (
    SUSPICIONS,
    count_suspicions,
    say_evidence,
    suspect_copied_amounts,
    suspect_dealings,
    suspect_overlapping_visits,
    suspect_records,
)
from crm_research.simulate import WorldSettings, simulate_world
from crm_research.simulate.systems import SYSTEMS
from crm_research.standards import standardise
from tests.builders import a_study


def records(n, **columns):
    """n records; a column is one value for all, or a list."""
    named = {
        "system": "a",
        "local_id": [f"r{i:04d}" for i in range(n)],
        "std_name_key": [f"name {i}" for i in range(n)],
    }
    filled = {name: value if isinstance(value, list) else [value] * n for name, value in {**named, **columns}.items()}
    return ibis.memtable(pa.table({name: pa.array(value, pa.string()) for name, value in filled.items()}))


def raised(table, *names):
    frame = table.execute()
    return sorted(
        frame[list(names or ("local_id", "suspicion", "n_alike", "n_against"))].itertuples(index=False, name=None)
    )


def test_names_addresses_and_numbers_that_say_nothing():
    table = records(
        4,
        std_untrue_name=["placeholder", "keyboard", "placeholder", None],
        std_untrue_email=[None, "placeholder", None, None],
        std_untrue_phone=["placeholder", None, None, "placeholder"],
    )
    assert raised(suspect_records(table)) == [
        ("r0000", "placeholder_name", 2, 0),
        ("r0000", "placeholder_phone", 2, 0),
        ("r0001", "keyboard_name", 1, 0),
        ("r0001", "placeholder_email", 1, 0),
        ("r0002", "placeholder_name", 2, 0),
        ("r0003", "placeholder_phone", 2, 0),
    ]


def births(n_first, n_others):
    return ["1970-01-01"] * n_first + [f"19{60 + i % 30}-{2 + i % 11:02d}-{1 + i % 28:02d}" for i in range(n_others)]


# 3,643 others are 10.0014 a day; 10.0014 + 4 x 3.1625 + 4 = 26.65.
@pytest.mark.parametrize(("n_first", "n_raised"), [(26, 0), (27, 27)])
def test_births_on_january_first_beyond_chance(n_first, n_raised):
    dates = births(n_first, 3643)
    found = suspect_records(records(len(dates), std_birth_date=dates)).execute()
    assert len(found) == n_raised
    assert set(found.n_alike) <= {27}
    assert set(found.n_against) <= {10}
    assert found.chance.tolist() == pytest.approx([3643 / 364.25 / 27] * n_raised)


def test_births_are_judged_by_system():
    dates = births(27, 3643)
    systems = ["a"] * 27 + ["b"] * 3643
    found = suspect_records(records(len(dates), system=systems, std_birth_date=dates)).execute()
    # In a system of nothing but 1 January all of them are more than chance gives: 27 against 0.
    assert set(found.chance) == {0.0}
    assert set(found.system) == {"a"}
    assert len(suspect_records(records(4, std_birth_date=births(4, 0))).execute()) == 0
    assert len(suspect_records(records(5, std_birth_date=births(5, 0))).execute()) == 5


@pytest.mark.parametrize(("n_names", "n_raised"), [(10, 0), (11, 12)])
def test_one_phone_under_many_names(n_names, n_raised):
    names = [f"name {min(i, n_names - 1)}" for i in range(12)]
    table = records(14, std_phone=["+493023125000"] * 12 + ["+442079460958", None], std_name_key=[*names, "x", "y"])
    found = suspect_records(table).execute()
    assert len(found) == n_raised
    assert set(found.n_alike) <= {12}
    assert set(found.n_against) <= {11}


def test_the_numbers_of_one_company_are_no_secret():
    shared = {"std_phone": "+493023125000", "std_email_key": "info@example.org"}
    assert set(suspect_records(records(11, **shared)).execute().suspicion) == {"shared_phone", "shared_email"}
    assert len(suspect_records(records(11, std_company="nordwind", **shared)).execute()) == 0


@pytest.mark.parametrize(("n_usual", "n_odd", "n_raised"), [(99, 1, 0), (100, 1, 1), (199, 2, 0), (200, 2, 2)])
def test_a_city_that_is_not_in_its_postcode(n_usual, n_odd, n_raised):
    cities = ["dresden"] * n_usual + ["koln"] * n_odd + ["leipzig"]
    codes = ["01067"] * (n_usual + n_odd) + ["04109"]
    found = suspect_records(records(len(cities), std_city=cities, std_postcode=codes)).execute()
    assert len(found) == n_raised
    assert set(found.n_against) <= {n_usual}
    # The same digits in another country are another place.
    countries = ["DE"] * n_usual + ["FR"] * (n_odd + 1)
    table = records(len(cities), std_city=cities, std_postcode=codes, std_country=countries)
    assert len(suspect_records(table).execute()) == 0


def test_an_identity_number_names_the_day_of_birth():
    table = records(
        4,
        std_identifier="11010519491231002X",
        std_identifier_kind=["cn.ric", "cn.ric", "cn.uscc", "cn.ric"],
        std_birth_date=["1949-12-31", "1949-12-30", "1949-12-30", None],
    )
    assert raised(suspect_records(table)) == [("r0001", "birth_against_identifier", 1, 2)]


def test_what_is_absent_raises_nothing():
    found = suspect_records(records(3).select("system", "local_id")).execute()
    assert len(found) == 0
    assert found.columns.tolist() == ["system", "local_id", "suspicion", "n_alike", "n_against", "chance"]
    assert len(suspect_records(records(0, std_birth_date=[], std_phone=[])).execute()) == 0


def test_suspicions_are_counted():
    dates = births(27, 3643)
    counted = count_suspicions(suspect_records(records(len(dates), std_birth_date=dates))).execute()
    assert counted.suspicion.tolist() == ["born_on_january_first"]
    assert counted.n_suspected.tolist() == [27]
    assert counted.n_by_chance.tolist() == pytest.approx([3643 / 364.25])


def invoices(*rows):
    frame = pd.DataFrame(rows, columns=["invoice_id", "customer_id", "issued_at", "amount"])
    return ibis.memtable(frame.assign(issued_at=pd.to_datetime(frame["issued_at"])))


def copied(table):
    return suspect_copied_amounts(table, key="invoice_id", at="issued_at", amount="amount")


def test_the_same_amount_twice_on_one_day():
    table = invoices(
        ("i1", "a", "2024-01-02 09:00", 12.34),
        ("i2", "a", "2024-01-02 17:00", 12.34),
        ("i3", "a", "2024-01-03 09:00", 12.34),  # another day
        ("i4", "b", "2024-01-02 09:00", 5.67),  # another customer
        ("i5", "a", "2024-01-02 09:00", 9.99),
        ("i6", "a", "2024-01-02 10:00", 0.0),
        ("i7", "a", "2024-01-02 11:00", 0.0),
        ("i8", None, "2024-01-02 11:00", 9.99),
        ("i9", "c", "2024-01-02 11:00", -7.5),
        ("i10", "c", "2024-01-02 12:00", -7.5),
        ("i11", "c", "2024-01-02 12:00", 7.5),
    )
    # 12.34 is met again on another day: one of five other rows is no rare amount.
    assert raised(copied(table), "invoice_id", "n_alike", "n_against") == [("i10", 2, 0), ("i9", 2, 0)]


@pytest.mark.parametrize(("n_others", "n_raised"), [(999, 0), (1000, 2)])
def test_an_amount_is_rare_where_one_of_a_thousand_others_has_it(n_others, n_raised):
    others = [(f"o{i}", f"c{i}", "2024-02-01", 20.0 + i) for i in range(n_others - 1)]
    table = invoices(
        ("a", "x", "2024-01-02", 12.34), ("b", "x", "2024-01-02", 12.34), ("c", "y", "2024-03-01", 12.34), *others
    )
    assert len(copied(table).execute()) == n_raised


def test_an_order_cancelled_and_placed_again_is_no_copy():
    table = invoices(("a", "x", "2024-01-02", 12.34), ("b", "x", "2024-01-02", 12.34))
    kinds = table.mutate(kind=(table.invoice_id == "a").ifelse("cancelled", ibis.null("string")))
    assert len(copied(kinds).execute()) == 0
    assert len(copied(table).execute()) == 2


def visits(*rows):
    frame = pd.DataFrame(rows, columns=["contact_id", "customer_id", "kind", "opened_at", "closed_at"])
    times = {name: pd.to_datetime("2024-01-02 " + frame[name]) for name in ("opened_at", "closed_at")}
    return ibis.memtable(frame.assign(**times, visitor="w"))


VISITS = visits(
    ("v1", "a", "visit", "09:00", "10:00"),
    ("v2", "a", "visit", "10:00", "11:00"),  # begins as the one before ends
    ("v3", "b", "visit", "09:00", "12:00"),
    ("v4", "b", "visit", "09:30", "09:40"),
    ("v5", "b", "visit", "11:59", "13:00"),  # within the first, not the one before
    ("v6", "b", "service", "09:00", "18:00"),
    ("v7", "b", "visit", "09:30", "09:30"),
    ("v8", "b", "visit", "09:30", None),
    ("v9", "b", "visit", "14:00", "15:00"),
)


def test_visits_that_overlap():
    assert raised(suspect_overlapping_visits(VISITS), "contact_id", "customer_id", "n_alike", "n_against") == [
        ("v3", "b", 3, 4),
        ("v4", "b", 3, 4),
        ("v5", "b", 3, 4),
    ]
    # Who visits cannot be at two customers.
    found = raised(suspect_overlapping_visits(VISITS, of="visitor"), "contact_id", "n_alike", "n_against")
    assert found == [(f"v{i}", 5, 6) for i in (1, 2, 3, 4, 5)]


def test_dealings_of_a_study_by_as_of():
    orders = pd.DataFrame(
        [("o1", "a", "2024-01-02", 12.34), ("o2", "a", "2024-01-02", 12.34), ("o3", "a", "2024-07-02", 5.5),
         ("o4", "a", "2024-07-02", 5.5)],
        columns=["order_id", "customer_id", "ordered_at", "revenue"],
    )  # fmt: skip
    contacts = VISITS.execute().drop(columns="visitor")
    found = suspect_dealings(a_study(as_of="2024-07-01", orders=orders, contacts=contacts))
    assert raised(found, "table", "row_id", "suspicion") == [
        ("contacts", "v3", "overlapping_visit"),
        ("contacts", "v4", "overlapping_visit"),
        ("contacts", "v5", "overlapping_visit"),
        ("orders", "o1", "copied_amount"),
        ("orders", "o2", "copied_amount"),
    ]
    without_ends = a_study(orders=orders, contacts=contacts.drop(columns="closed_at"))
    assert set(suspect_dealings(without_ends).execute().table) == {"orders"}
    with pytest.raises(StudyError, match="the study has none of them"):
        suspect_dealings(a_study(customers=pd.DataFrame({"customer_id": ["a"]})))


def test_each_suspicion_is_said_without_its_value():
    said = {name: say_evidence(name, n_alike=1234, n_against=56) for name in SUSPICIONS}
    assert said["shared_phone"] == "The phone number stands on 1,234 records under 56 names."
    assert all("{" not in sentence and sentence.endswith(".") for sentence in said.values())


@pytest.mark.slow
def test_how_often_names_and_numbers_are_suspected_wrongly(tmp_path):
    """Of 20,000 customers, a tenth of whose records are faulty: false records are found, true ones let be."""
    simulate_world(WorldSettings(n_customers=20_000, dirt=0.1, seed=15), tmp_path / "world")
    tables = []
    for system in SYSTEMS:
        text = (tmp_path / "world/systems" / f"customers_{system.name}.csv").read_bytes().decode(system.encoding)
        frame = pd.read_csv(pa.BufferReader(text.encode()), sep=system.delimiter, dtype=str)
        tables.append(pa.Table.from_pandas(frame.assign(system=system.name), preserve_index=False))
    rows = pa.concat_tables(tables).rename_columns({"record_id": "local_id", "birth_year": "birth_date"})
    made = standardise(rows.cast(pa.schema([(name, pa.string()) for name in rows.column_names])), country="DE")
    found = suspect_records(ibis.memtable(made.records)).execute()
    truth = pq.read_table(tmp_path / "world/truth/system_records").to_pandas().set_index("record_id").is_false
    is_false = truth.loc[found.local_id].to_numpy()
    rates = found.assign(is_false=is_false).groupby("suspicion").is_false.agg(["size", "mean"])
    # False records bear one of five names and no phone number; all are found by each.
    names = found[found.suspicion.isin(["placeholder_name", "keyboard_name"])]
    assert set(names.local_id) == set(truth.index[truth])
    # Of 36,000 true numbers one ends in seven digits that are counted up, or alike.
    assert rates["mean"].to_dict() == pytest.approx(
        {"keyboard_name": 1.0, "placeholder_name": 1.0, "placeholder_phone": 0.9994}, abs=1e-4
    )
    assert rates["size"].sum() == 2 * truth.sum() + 1


@pytest.mark.slow
def test_what_is_planted_is_found_and_hardly_anything_else(tmp_path):
    """Births, phones, postcodes, amounts and visits of a simulated world, with untrue ones planted among them."""
    world = simulate_world(WorldSettings(n_customers=20_000, seed=16), tmp_path / "world")
    rng = np.random.default_rng(16)
    n = 20_000
    days = np.datetime64("1940-01-01") + rng.integers(0, 22_000, n)
    # Households of one to six with one phone number each, as many of each size as a census has.
    sizes = rng.choice(np.arange(1, 7), n, p=[0.41, 0.34, 0.12, 0.09, 0.03, 0.01])
    household = np.repeat(np.arange(n), sizes)[:n]
    code = rng.zipf(1.4, n) % 300
    # Each postcode has a town, and every tenth a village with one in forty of its people.
    is_village = (code % 10 == 0) & (rng.random(n) < 1 / 40)
    city = np.where(is_village, code + 1000, code)
    planted = {name: rng.choice(n, size, replace=False) for name, size in (("born", 300), ("phone", 200), ("city", 40))}
    days[planted["born"]] = np.datetime64("1970-01-01")
    household[planted["phone"]] = n
    city[planted["city"]] = 2_000 + np.arange(40)
    table = pa.table(
        {
            "system": ["a"] * n,
            "local_id": [f"r{i}" for i in range(n)],
            "std_name_key": [f"n{i}" for i in range(n)],
            "std_birth_date": days.astype(str).tolist(),
            "std_phone": [f"+49{i}" for i in household],
            "std_postcode": [f"{i:05d}" for i in code],
            "std_city": [f"c{i}" for i in city],
        }
    )
    found = suspect_records(ibis.memtable(table)).execute()
    places = {name: set(rows.local_id.str[1:].astype(int)) for name, rows in found.groupby("suspicion")}
    born = places["born_on_january_first"]
    assert set(planted["born"]) <= born
    # 20,000 births have some 54 on 1 January by chance; that many are said to be wrong alarms.
    by_chance = found[found.suspicion == "born_on_january_first"].chance.sum()
    assert len(born) - 300 == pytest.approx(54, abs=15)
    assert by_chance == pytest.approx(len(born) - 300, abs=15)
    # What else stood on the phone numbers of the 200 stays.
    assert places["shared_phone"] == set(planted["phone"])
    # The others stand in postcodes of fewer than a hundred records.
    assert places["misplaced_city"] <= set(planted["city"])
    assert len(places["misplaced_city"]) == 28
    orders = pq.read_table(world.path / "orders").to_pandas()
    copies = orders[orders.revenue != 0].sample(100, random_state=16)
    rows = pd.concat([orders, copies.assign(order_id="copy of " + copies.order_id)])
    twice = suspect_copied_amounts(ibis.memtable(rows), key="order_id", at="ordered_at", amount="revenue").execute()
    assert set(twice.order_id) == {*copies.order_id, *("copy of " + copies.order_id)}
    assert twice.chance.max() < 0.001
    visits = pq.read_table(world.path / "contacts").to_pandas()
    visits = visits[(visits.kind == "visit") & visits.closed_at.notna()]
    more = visits.sample(30, random_state=16)
    middle = more.opened_at + (more.closed_at - more.opened_at) / 2
    rows = pd.concat([visits, more.assign(contact_id="copy of " + more.contact_id, opened_at=middle)])
    overlapping = suspect_overlapping_visits(ibis.memtable(rows)).execute()
    by_the_world = suspect_overlapping_visits(ibis.memtable(visits)).execute()
    assert set(overlapping.contact_id) >= {*more.contact_id, *("copy of " + more.contact_id)}
    assert (len(visits), len(by_the_world), len(overlapping)) == (1333, 2, 62)
