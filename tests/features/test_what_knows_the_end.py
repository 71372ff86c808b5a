"""Which columns know the end of a contract: each rule at its limits, on spells written by hand."""

from __future__ import annotations

from datetime import datetime

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_research.errors import LeakageError, ParameterError, StudyError
from crm_research.features.brand_lines import Market, check_market
from crm_research.features.moves import CAMPAIGN_SIGN, CONTACT_SIGN, _signs
from crm_research.features.own_covariates import (
    _tells_apart,
    count_levels,
    find_circular,
    find_end_labels,
    find_end_scores,
    find_growing,
    find_known_ends,
    guard_known_ends,
    guard_own_covariates,
    pick_instants,
)
from crm_research.features.records import describe_customers, describe_products
from tests.builders import a_study, contracts, orders


def spells(n_ended: int, n_running: int, **columns: list) -> ibis.Table:
    """Those that ended come first, in the order of their tenure: 1, 2, 3 ... days; then those that run."""
    n = n_ended + n_running
    held = {name: pd.Series(values, dtype=None if isinstance(values[0], (int, float)) else "string")
            for name, values in columns.items()}  # fmt: skip
    return ibis.memtable(
        pd.DataFrame({"is_ended": [True] * n_ended + [False] * n_running, "tenure_days": range(1, n + 1), **held})
    )


@pytest.mark.parametrize(
    ("n_ended", "n_filled", "n_running", "n_filled_running", "is_found"),
    [
        (10, 9, 20, 0, True),
        (10, 8, 20, 0, False),  # nine in ten
        (10, 9, 19, 0, False),  # twenty that run
        (10, 10, 20, 1, False),
        (0, 0, 20, 0, False),
    ],
)
def test_a_column_filled_at_the_end_is_found_at_nine_in_ten_beside_twenty_that_run(
    n_ended, n_filled, n_running, n_filled_running, is_found
):
    filled = ["x"] * n_filled + [None] * (n_ended - n_filled)
    filled += ["x"] * n_filled_running + [None] * (n_running - n_filled_running)
    table = spells(n_ended, n_running, empty=["x"] * (n_ended + n_running), why=filled or ["x"])
    assert find_known_ends(table, ["empty", "why"]) == (["why"] if is_found else [])
    if is_found:
        with pytest.raises(LeakageError) as refusal:
            guard_known_ends(table, ["why"])
        assert str(refusal.value) == (
            "why: filled in for contracts that ended and for none of those that run on, so it became known with the "
            "end and cannot explain it. Leave it out of the covariates."
        )


@pytest.mark.parametrize(
    ("n_ended", "n_running", "n_mixed", "n_levels", "is_found"),
    [
        (20, 20, 0, 2, True),
        (19, 30, 0, 2, False),
        (30, 19, 0, 2, False),
        (50, 60, 1, 2, True),  # one of fifty stands beside the others: 2 in 100
        (50, 60, 2, 2, False),
        (20, 20, 0, 10, True),  # as many values as half the fewer
        (20, 20, 0, 11, False),
    ],
)
def test_a_status_is_found_whose_values_hold_one_kind_of_contract(n_ended, n_running, n_mixed, n_levels, is_found):
    over = ["over"] * (n_ended - n_mixed) + ["runs"] * n_mixed
    runs = [f"runs {i}" if 0 < i < n_levels - 1 else "runs" for i in range(n_running)]
    table = spells(n_ended, n_running, state=[*over, *runs], plan=(["a", "b"] * 60)[: n_ended + n_running])
    assert find_end_labels(table, ["plan", "state"]) == (["state"] if is_found else [])
    assert find_end_labels(table, []) == []


def test_levels_are_counted_by_column_and_an_empty_one_is_a_value():
    table = spells(2, 3, plan=["a", None, "a", "b", "b"], n=[1.0, 2.0, 2.0, 2.0, 3.0])
    found = count_levels(table, ["plan", "n"], "string").execute().astype(object)
    rows = {(row.place, None if pd.isna(row.level) else row.level): (row.n_ended, row.n_running)
            for row in found.itertuples()}  # fmt: skip
    assert rows == {
        (0, "a"): (1, 1), (0, None): (1, 0), (0, "b"): (0, 2),
        (1, "1.0"): (1, 0), (1, "2.0"): (1, 2), (1, "3.0"): (0, 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("n", "n_against", "is_found"),
    [
        (49, 0, False),
        (50, 0, True),  # eight of fifty ended soonest
        (50, 1, False),  # seven of eight are under 95 in 100
        (200, 1, True),  # 19 of 20 are 95 in 100
        (200, 2, False),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_grows_if_nearly_all_that_ended_soonest_have_less_of_it(n, n_against, is_found, sign):
    total = np.arange(1, n + 1, dtype=float)
    total[:n_against] = n + 1.0
    flat = np.where(np.arange(n) % 2, 1.0, 2.0)
    run = [0.0] * 30  # those that run are not looked at
    table = spells(n, 30, total=[*(sign * total), *run], flat=[*flat, *run], word=["a"] * (n + 30))
    assert find_growing(table, ["word", "flat", "total"]) == (["total"] if is_found else [])
    assert find_growing(table, ["word"]) == []


def test_numbers_that_nobody_has_and_flags_do_not_grow():
    n = 60
    table = spells(n, 0, none=[float("nan")] * n, total=list(map(float, range(n))))
    table = table.mutate(none=table.none.nullif(table.none), flag=table.tenure_days > 30)
    assert find_growing(table, ["none", "flag"]) == []
    assert find_growing(table, ["none", "total", "flag"]) == ["total"]


@pytest.mark.parametrize(
    ("n_ended", "n_running", "n_ordered", "tells"),
    [
        (20, 20, 360, True),
        (20, 20, 359.5, False),
        (20, 20, 40, True),
        (20, 20, 40.5, False),
        (19, 21, 399, False),
        (21, 19, 399, False),
    ],
)
def test_nine_in_ten_pairs_in_one_order_tell_the_ended_from_the_running(n_ended, n_running, n_ordered, tells):
    assert _tells_apart(n_ended, n_running, n_ordered) is tells


def test_pairs_are_counted_with_ties_by_halves():
    # Of 20 that ended 18 have 2 and two have 1; those that run have 1: 18 x 20 pairs in order, 2 x 20 are ties.
    score = [2.0] * 18 + [1.0] * 2 + [1.0] * 20
    # 16 above, 2 ties, 2 below: (16 + 1) of 20 are under nine in ten.
    weak = [2.0] * 16 + [1.0] * 2 + [0.0] * 2 + [1.0] * 20
    # 18 above and 2 below: nine in ten, whichever way.
    against = [0.0] * 18 + [2.0] * 2 + [1.0] * 20
    table = spells(20, 20, score=score, weak=weak, against=against, word=["a"] * 40)
    assert find_end_scores(table, ["word", "weak", "score", "against"]) == ["score", "against"]
    assert find_end_scores(table, ["word"]) == []
    # What is not known is no number: of 19 that ended and are known nothing is asked.
    fewer = table.mutate(score=(table.tenure_days == 1).ifelse(None, table.score))
    assert find_end_scores(fewer, ["score"]) == []


def a_company(**columns: list):
    """Forty contracts: twenty ended before as_of, ten in the holdout, ten run on."""
    rows = [(f"c{i}", "2022-01-01", f"2023-01-{i + 1:02}", None) for i in range(20)]
    rows += [(f"c{i}", "2022-01-01", "2023-09-01", None) for i in range(20, 30)]
    rows += [(f"c{i}", "2022-01-01", None, None) for i in range(30, 50)]
    kinds = {name: "number" if isinstance(values[0], float) else "category" for name, values in columns.items()}
    return a_study(
        as_of="2023-06-01",
        holdout_until="2024-01-01",
        contracts=contracts(*rows, **columns),
        attributes={"contracts": kinds},
    )


def test_columns_that_tell_the_end_are_found_also_those_that_know_the_holdout():
    told = a_company(
        state=["over"] * 20 + ["runs"] * 30,
        later=["gone"] * 30 + ["here"] * 20,  # only with the ends after as_of does it tell them apart
        plan=["a", "b"] * 25,
    )
    named = ["plan", "later", "state", "tenure_days", "nowhere", "state"]
    assert find_circular(told, named) == ["later", "state", "tenure_days"]
    assert find_circular(told, ["nowhere"]) == []


def test_instants_are_the_quarters_of_the_starts_and_the_middle_of_what_came_after():
    days = ["2020-01-01", "2020-01-11", "2020-01-21", "2020-01-31", "2020-02-10"]
    study = a_study(as_of="2020-03-01", contracts=contracts(*[("a", day, None, None) for day in days]))
    assert pick_instants(study) == [
        datetime(2020, 1, 11), datetime(2020, 1, 21), datetime(2020, 1, 31), datetime(2020, 2, 10),
    ]  # fmt: skip
    assert pick_instants(a_study(as_of="2019-01-01", contracts=study.table("contracts").to_pandas())) == []


ONE_ROW = "Give one row a contract, or add a column valid_from with the instant from which each row holds."


def test_builders_of_the_wrong_shape_are_refused_in_those_words():
    study = a_company()

    def bare(at):
        return at.table("contracts").select("contract_id")

    def nameless(at):
        return at.table("contracts").select(letters=at.table("contracts").customer_id.length())

    def twice(at):
        rows = at.table("contracts").select("contract_id", letters=at.table("contracts").customer_id.length())
        return rows.union(rows.filter(rows.contract_id == "k1"))

    for build, words in [
        (bare, "bare must make a table of contract_id and at least one more column, not of contract_id."),
        (nameless, "nameless must make a table of contract_id and at least one more column, not of letters."),
        (
            twice,
            f"twice makes 1 row more than it has contracts. {ONE_ROW}",
        ),
    ]:
        with pytest.raises(ParameterError) as refusal:
            guard_own_covariates(study, build, [])
        assert str(refusal.value) == words


def test_signs_before_moves_are_contacts_and_campaigns_that_chose_somebody():
    contacts = pd.DataFrame(
        [("t1", "ann", "2024-01-05", "complaint"), ("t2", "ann", "2024-01-06", "visit"),
         ("t3", "ann", "2024-01-07", "visit"), ("t4", "bob", "2024-02-01", "service"),
         ("t5", None, "2024-02-01", "visit")],
        columns=["contact_id", "customer_id", "opened_at", "kind"],
    )  # fmt: skip
    targets = pd.DataFrame(
        [("c1", "ann", "2024-03-01", True), ("c1", "bob", "2024-03-01", False), ("c1", "cy", "2024-04-30", None),
         ("c2", "bob", "2024-03-31", False), ("c2", "dee", None, False), ("c2", "eve", "2024-08-01", False)],
        columns=["campaign_id", "customer_id", "targeted_at", "is_control"],
    )  # fmt: skip
    campaigns = pd.DataFrame({"campaign_id": ["c1", "c2"], "started_at": ["2024-03-01"] * 2})
    study = a_study(contacts=contacts, campaign_targets=targets, campaigns=campaigns)
    found = _signs(study, 1)
    march = 2024 * 12 + 2
    rows = {name: sorted(map(tuple, table.execute().to_numpy().tolist())) for name, table in found.items()}
    assert list(rows) == ["a complaint", CONTACT_SIGN, CAMPAIGN_SIGN]
    assert rows == {
        "a complaint": [("ann", march - 2)],
        "a contact other than a complaint": [("ann", march - 2), ("bob", march - 1)],
        "a campaign that addressed them": [("bob", march), ("cy", march + 1)],
    }
    undated = a_study(campaign_targets=targets.drop(columns="targeted_at"), campaigns=campaigns)
    assert _signs(undated, 1) == {}


def a_market(**changes) -> Market:
    given = {"unit": "brand", "category": None, "after": datetime(2024, 1, 1), "until": datetime(2024, 7, 1)}
    return Market(**{**given, **changes})


PRODUCTS = pd.DataFrame({"product_id": ["p"], "brand": ["A"]})
LINES = pd.DataFrame({"order_id": ["o1"], "product_id": ["p"], "quantity": [1.0], "revenue": [1.0]})


SPLIT = "Purchases of study 'handmade' cannot be split by"
MAP = "Map the column in the study's file (products: brand, category, is_own_brand; orders: store)."
NO_TEA = (
    "Study 'handmade' knows no category of its products, so 'tea' cannot be chosen. Map products: category in its file."
)


@pytest.mark.parametrize(
    ("market", "is_branded", "error", "words"),
    [
        (a_market(unit="shelf"), False, ParameterError,
         "unit must be one of brand, category, store, own_brand; not 'shelf'."),
        (a_market(), False, StudyError, f"{SPLIT} brand: it can be split by nothing. {MAP}"),
        (a_market(unit="store"), True, StudyError, f"{SPLIT} store: it can be split by brand. {MAP}"),
        (a_market(category="tea"), True, StudyError, NO_TEA),
        (a_market(until=datetime(2024, 1, 1)), True, ParameterError,
         "The window must end after it begins; found 2024-01-01 00:00:00 to 2024-01-01 00:00:00."),
    ],
)  # fmt: skip
def test_a_market_that_the_study_cannot_be_split_into_is_refused(market, is_branded, error, words):
    tables = {"order_lines": LINES, "products": PRODUCTS} if is_branded else {}
    study = a_study(orders=orders(("a", "2024-02-01", 1.0)), **tables)
    with pytest.raises(error) as refusal:
        check_market(study, market)
    assert str(refusal.value) == words


def test_a_window_is_halved_at_midnight():
    market = a_market(after=datetime(2024, 1, 1), until=datetime(2024, 1, 4))
    assert (market.middle, market.days) == (datetime(2024, 1, 2), 3.0)


def test_of_a_customer_recorded_twice_the_earliest_record_stands_and_products_are_one_row_each():
    people = pd.DataFrame(
        {"customer_id": ["ann", "ann", "bob"], "registered_at": ["2024-02-01", "2024-01-01", "2024-08-01"],
         "kind": ["firm", "person", "person"]}
    )  # fmt: skip
    study = a_study(customers=people)
    assert describe_customers(study, ["kind", "nowhere", "kind"]).execute().to_numpy().tolist() == [["ann", "person"]]
    only = describe_customers(a_study(customers=people[["customer_id"]]), ["kind"]).execute()
    assert sorted(only["customer_id"]) == ["ann", "bob"]
    twice = pd.DataFrame(
        {"product_id": ["p", "p", "q"], "category": ["tea", "cups", None], "is_own_brand": [False, True, None]}
    )
    told = describe_products(a_study(products=twice)).execute().set_index("product_id")
    assert (told.loc["p", "category"], bool(told.loc["p", "is_own_brand"])) == ("cups", True)
    assert told.loc["q"].isna().all()
    assert sorted(describe_products(a_study(products=twice[["product_id"]])).execute()["product_id"]) == ["p", "q"]
    assert list(describe_products(a_study(products=twice[["product_id", "category"]])).columns) == [
        "product_id", "category",
    ]  # fmt: skip
