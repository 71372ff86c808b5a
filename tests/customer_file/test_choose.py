"""Whose file it is: by id, by pseudonym, by the rule; and who is nobody known, told without a name."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_research.errors import ParameterError
from crm_research.pillars.customer_file import measure, worth
from crm_research.pillars.customer_file.choose import MOST, find_customers
from crm_research.pillars.customer_file.measure import measure_file
from crm_research.privacy import pseudonyms
from tests.customer_file.worlds import CUSTOMERS, workshop

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("CRM_PSEUDONYM_KEY", KEY)
    pseudonyms._key.cache_clear()
    yield
    pseudonyms._key.cache_clear()


def test_customers_come_in_the_order_named_each_once():
    assert find_customers(workshop(), ["ada", "mill", "ada"]) == ("ada", "mill")


@pytest.mark.parametrize("n_signs", [8, 12])
def test_a_pseudonym_of_a_page_names_its_customer(key, n_signs):
    sign = pseudonyms.SIGNS["customer_id"]
    digests = pseudonyms._digest("customer_id", ["mill"])
    pseudonym = f"{sign}-{pseudonyms._letters(digests, n_signs)[0]}"
    assert pseudonyms.is_pseudonym("customer_id", pseudonym)
    assert find_customers(workshop(), ["ada", pseudonym]) == ("ada", "mill")
    assert find_customers(workshop(), ["mill", pseudonym]) == ("mill",)


def test_an_id_that_looks_like_a_pseudonym_is_itself(key):
    study = workshop(customers=pd.concat([CUSTOMERS, CUSTOMERS.head(1).assign(customer_id="C-00000000")]))
    assert find_customers(study, ["C-00000000"]) == ("C-00000000",)


@pytest.mark.parametrize("named", ["someone", "MILL", "", "C-00000000"])
def test_who_is_not_known_is_told_by_place_and_not_by_name(key, named):
    with pytest.raises(ParameterError) as told:
        find_customers(workshop(), ["ada", named, "mill"])
    said = str(told.value)
    assert "number 2 of the 3 customers named is nobody" in said
    assert "by 2024-07-01" in said
    assert not named or named not in said


def test_names_parted_by_commas_are_told_how_a_list_is_written(key):
    with pytest.raises(ParameterError) as told:
        find_customers(workshop(), ["mill,ada"])
    assert str(told.value).endswith("""Several customers are written as a list: 'customers=["A", "B"]'.""")
    assert "mill" not in str(told.value)
    with pytest.raises(ParameterError) as told:
        find_customers(workshop(), ["nobody"])
    assert "as a list" not in str(told.value)


def test_who_comes_after_as_of_is_not_known_then():
    with pytest.raises(ParameterError, match="the customer named is nobody"):
        find_customers(workshop(), ["late"])


def test_a_person_who_is_recorded_at_a_customer_makes_no_customer():
    only = workshop(
        people=pd.DataFrame({"customer_id": ["ghost"], "person_id": ["n"], "role": ["buys"], "since": ["2020-01-01"]})
    )
    with pytest.raises(ParameterError):
        find_customers(only, ["ghost"])


def test_nobody_and_too_many_are_refused():
    with pytest.raises(ParameterError, match="names nobody"):
        find_customers(workshop(), [])
    with pytest.raises(ParameterError, match="names 21 customers; a file is of at most 20"):
        find_customers(workshop(), [f"c{i}" for i in range(MOST + 1)])


def test_two_ids_behind_one_short_pseudonym_are_asked_apart(key, monkeypatch):
    monkeypatch.setattr(pseudonyms, "_letters", lambda digests, n: ["a" * n] * len(digests))
    with pytest.raises(ParameterError, match="a pseudonym that 3 customers share"):
        find_customers(workshop(), ["C-aaaaaaaa"])


def chances(**held):
    """Chances to go by customer: (leave, gone, contracts that run)."""

    def read(_study, _leaving, ids, **_options):
        rows = [(one, *held.get(one, (None, None, 0))) for one in ids]
        frame = pd.DataFrame(rows, columns=["customer_id", "leave", "gone", "n_running"]).astype(
            {"leave": float, "gone": float}
        )
        for name in ("leave", "gone"):
            frame[f"{name}_lower"], frame[f"{name}_upper"] = frame[name] - 0.05, frame[name] + 0.05
        return frame.assign(n_judged=frame["n_running"])[["customer_id", *worth.CHANCES]]

    return read


def money(*rows):
    """Money of customers by (customer, revenue, fees, profit)."""

    def read(_study, ids, **_options):
        frame = pd.DataFrame(rows, columns=["customer_id", "revenue", "fees", "profit"])
        frame = frame.reindex(columns=["customer_id", *worth.MONEY]).fillna(0.0)
        return frame if ids is None else frame.loc[frame["customer_id"].isin(list(ids))]

    return read


@pytest.mark.slow
def test_top_takes_who_has_most_at_stake_but_not_who_is_almost_surely_gone(monkeypatch):
    monkeypatch.setattr(
        measure,
        "read_money",
        money(("mill", 800.0, 200.0, 500.0), ("ada", 90.0, 0.0, 60.0), ("bakery", 700.0, 0.0, 400.0)),
    )
    # mill .26 x 500 = 130; ada .5 x 60 = 30; bakery .95 x 400 = 380, but gone.
    told = {"mill": (0.1, 0.3, 1), "ada": (None, 0.5, 0), "bakery": (None, 0.95, 0)}
    monkeypatch.setattr(measure, "read_chances", chances(**told))
    file = measure_file(workshop(), n_top=2)
    assert (file.ids, file.chosen.rule, file.chosen.n_looked_at) == (("mill", "ada"), "stake", 3)
    assert file.worth["at_stake"].round(6).tolist() == [130.0, 30.0]
    # With a contract that runs there is something left to lose.
    monkeypatch.setattr(measure, "read_chances", chances(**{**told, "bakery": (None, 0.95, 1)}))
    assert measure_file(workshop(), n_top=2).ids == ("bakery", "mill")


@pytest.mark.slow
def test_without_chances_top_takes_who_contributed_most_and_without_money_the_first():
    file = measure_file(workshop(), n_top=2)
    # bakery costs money, and ada brought nothing in the window.
    assert (file.ids, file.chosen.rule) == (("mill",), "contribution")
    file = measure_file(workshop(orders=None, order_lines=None, contracts=None), n_top=2)
    assert (file.ids, file.chosen.rule) == (("ada", "bakery"), "first")
