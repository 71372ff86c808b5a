"""Pseudonyms: keyed, short, the same everywhere, and never two persons under one."""

from __future__ import annotations

import hashlib
import hmac
import time

import numpy as np
import pandas as pd
import pytest

from crm_research import settings
from crm_research.privacy import pseudonyms
from crm_research.privacy.pseudonyms import (
    find_shared,
    hide_ids,
    hide_in_parts,
    hide_persons,
    kind_of,
    pseudonymise,
    say_id,
)

KEY = "0123456789abcdef0123456789abcdef"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@pytest.fixture(autouse=True)
def _in_a_run(monkeypatch):
    monkeypatch.setenv(settings.PSEUDONYM_KEY, KEY)
    monkeypatch.setenv(settings.HIDES_PERSONS, "yes")
    pseudonyms._key.cache_clear()
    yield
    pseudonyms._key.cache_clear()


def by_hand(kind: str, text: str, n_signs: int) -> str:
    digest = hmac.new(KEY.encode(), f"{kind}\0{text}".encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest[:8], "big")
    return "".join(ALPHABET[(number >> (59 - 5 * place)) & 31] for place in range(n_signs))


def test_it_is_the_beginning_of_the_hmac():
    assert say_id("customer_id", "Anna 7") == f"C-{by_hand('customer_id', 'Anna 7', 8)}"
    assert say_id("contract_id", "Anna 7") == f"K-{by_hand('contract_id', 'Anna 7', 8)}"
    assert by_hand("customer_id", "Anna 7", 8) != by_hand("contract_id", "Anna 7", 8)


def test_ids_in_columns_and_in_the_index_are_hidden_and_nothing_else_is():
    frame = pd.DataFrame(
        {"customer_id": ["a", None, "b", "a"], "spend": [1.5, 2.5, 3.5, 4.5], "customers": ["few", "few", "many", "x"]},
        index=pd.Index(["k1", "k2", "k3", "k4"], name="contract id"),
    )
    hidden = hide_ids(frame)
    a, b = (f"C-{by_hand('customer_id', each, 8)}" for each in "ab")
    assert hidden["customer_id"].tolist() == [a, None, b, a]
    assert hidden[["spend", "customers"]].equals(frame[["spend", "customers"]].set_axis(hidden.index))
    assert list(hidden.index) == [f"K-{by_hand('contract_id', each, 8)}" for each in ("k1", "k2", "k3", "k4")]
    assert list(frame["customer_id"]) == ["a", None, "b", "a"]


def test_by_hand_everybody_sees_the_own_ids(monkeypatch):
    monkeypatch.delenv(settings.HIDES_PERSONS)
    frame = pd.DataFrame({"customer_id": ["a"], "note": ["a.b@c.example"]})
    assert hide_ids(frame) is frame
    assert hide_persons(frame) is frame
    assert say_id("customer_id", "a") == "a"


def test_texts_of_a_list_are_masked():
    frame = pd.DataFrame({"customer_id": ["a", "b"], "why": ["ask a.b@c.example", "late"], "n": [1, 2]})
    assert hide_persons(frame)["why"].tolist() == ["ask [an e-mail address sphmk]", "late"]
    assert hide_persons(frame)["n"].tolist() == [1, 2]


@pytest.mark.parametrize("n_rows", [1, 7, 40, 1000])
def test_a_list_that_is_hidden_in_parts_reads_as_if_hidden_whole(monkeypatch, n_rows):
    # Of forty ids some share a digest's beginning, in rows that lie apart; some ids come twice, and one is missing.
    whole = pseudonyms._digest
    monkeypatch.setattr(pseudonyms, "_digest", lambda kind, ids: whole(kind, ids) & np.uint64(0xF800000000FFFFFF))
    ids = [*(f"c{number}" for number in range(40)), "c3", None, "c7"]
    frame = pd.DataFrame(
        {"customer_id": ids, "contract_id": range(43), "why": ["a.b@c.example", "late", None] * 14 + ["x"]}
    )
    parts = list(hide_in_parts(frame.assign(n=range(43)).set_index("n", drop=False), n_rows))
    assert [len(part) for part in parts[:-1]] == [n_rows] * (len(parts) - 1)
    told = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(told, hide_persons(frame.assign(n=range(43))))
    assert told["customer_id"].nunique() == 40
    assert {len(each) for each in told["customer_id"].dropna()} == {10, 14}
    assert list(hide_in_parts(frame.head(0), n_rows)) == []


def test_by_hand_a_list_in_parts_has_the_own_ids(monkeypatch):
    monkeypatch.delenv(settings.HIDES_PERSONS)
    frame = pd.DataFrame({"customer_id": ["a", "b", "c"]})
    assert [part["customer_id"].tolist() for part in hide_in_parts(frame, 2)] == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("customer_id", "customer_id"),
        ("Customer ID", "customer_id"),
        ("buyer_customer_id", "customer_id"),
        ("contract_id_right", "contract_id"),
        ("response_id", "response_id"),
        ("customers", None),
        ("n_customers", None),
        ("campaign_id", None),
    ],
)
def test_which_columns_hold_ids(name, kind):
    assert kind_of(name) == kind


def test_those_that_two_share_are_written_longer(monkeypatch):
    # A digest of five bits makes neighbours of many.
    whole = pseudonyms._digest
    coarse = np.uint64(0xF800000000FFFFFF)
    monkeypatch.setattr(pseudonyms, "_digest", lambda kind, ids: whole(kind, ids) & coarse)
    ids = [f"c{number}" for number in range(40)]
    shared = find_shared("customer_id", [ids[:25], ids[25:]])
    assert shared
    monkeypatch.setenv(settings.LONGER, ",".join(sorted(shared)))
    told = pseudonymise(pd.Series(ids), "customer_id")
    assert told.is_unique
    # The same one at a time, as in the small tables of a page.
    assert [say_id("customer_id", each) for each in ids] == told.tolist()
    lengths = {len(each) for each in told}
    assert lengths <= {10, 14}
    assert 14 in lengths


def test_nobody_shares_one_where_nothing_is_the_same():
    assert find_shared("customer_id", [["a", "b"], ["c"]]) == frozenset()
    assert find_shared("customer_id", []) == frozenset()


@pytest.mark.slow
def test_a_million_take_seconds():
    ids = pd.Series([f"customer-{number:07d}" for number in range(1_000_000)])
    began = time.perf_counter()
    told = pseudonymise(ids, "customer_id")
    assert time.perf_counter() - began < 20
    assert told.is_unique


def test_what_says_who_a_customer_is_is_hidden_as_a_number() -> None:
    for name in ("local_id", "given_name", "family_name", "email", "phone", "street", "birth_date", "std_name_key"):
        assert pseudonyms.kind_of(name) == "local_id"
    assert pseudonyms.kind_of("name") is None
    assert pseudonyms.kind_of("region") is None
