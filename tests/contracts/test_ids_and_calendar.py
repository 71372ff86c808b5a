"""Ids that are one or have become one, and times that no calendar of ours holds."""

from __future__ import annotations

import pytest

from tests.builders import a_study, orders
from tests.contracts.frames import customers, order_lines
from tests.contracts.test_row_rules import SIX_ORDERS, found, with_values
from tests.sources.files import orders_of


@pytest.mark.parametrize(
    "other", ["Anna", "ANNA", " anna", "anna\u00a0", "an na", "ａｎｎａ", "Ａnna", "anna\u200b", "anna\u3000"]
)
def test_a_customer_written_in_two_ways_is_counted(other):
    finding = found(
        a_study(orders=with_values(SIX_ORDERS, "customer_id", {1: other})), "orders", "one-spelling", "customer_id"
    )
    # anna, her other spelling, bert, cleo and 王伟 are five ids of four customers
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("warning", 5, 1)
    assert "one_spelling: true" in finding.mend
    assert "n_rows=2" in finding.examples[0]


@pytest.mark.parametrize("other", ["annb", "anna2", "anna-", "a.nna", "änna"])
def test_other_differences_are_other_customers(other):
    study = a_study(orders=with_values(SIX_ORDERS, "customer_id", {1: other}))
    assert found(study, "orders", "one-spelling", "customer_id").holds


@pytest.mark.parametrize(("ids", "n_bad"), [(("7", "007"), 1), (("7", "70"), 0), (("0", "00"), 0), (("7a", "07a"), 0)])
def test_leading_zeros_that_a_spreadsheet_took_are_counted(ids, n_bad):
    study = a_study(orders=orders((ids[0], "2024-06-05", 1.0), (ids[1], "2024-06-06", 1.0)))
    assert found(study, "orders", "one-spelling", "customer_id").n_bad == n_bad


def test_spelling_is_asked_of_the_table_of_customers_where_there_is_one():
    study = a_study(orders=SIX_ORDERS, customers=customers("anna", "ANNA", "bert", "cleo", "王伟"))
    assert found(study, "customers", "one-spelling", "customer_id").n_bad == 1
    from crm_research.contracts.checks import check_study

    assert not [one for one in check_study(study).of_table("orders") if one.rule == "one-spelling"]


def test_products_in_two_spellings_are_counted():
    lines = order_lines(("o1", "p1", 1.0, 5.0), ("o1", "P1", 1.0, 5.0), ("o2", "p2", 1.0, 5.0))
    finding = found(a_study(order_lines=lines), "order_lines", "one-spelling", "product_id")
    assert (finding.n_checked, finding.n_bad) == (3, 1)


@pytest.mark.parametrize(
    ("written", "n_bad"),
    [("1.23E+15", 1), ("1,23E+15", 1), ("1E+12", 1), ("1.2345678901234568e+18", 1), ("1.23456E15", 1), ("1.2E150", 0),
     ("1E5", 0), ("2E10", 0), ("A1.23E+15", 0), ("1.23E+150", 0), ("+49301234", 0), ("12.3E+15", 0),
     ("1230000000000000", 0)],
)  # fmt: skip
def test_an_id_that_a_spreadsheet_shortened_is_an_error(written, n_bad):
    study = a_study(orders=with_values(SIX_ORDERS, "customer_id", {1: written}))
    finding = found(study, "orders", "rounded-key", "customer_id")
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("error", 6, n_bad)


# 16 digits of which a spreadsheet kept 15, and 17 of which it kept as many; one of them stands in two rows.
CUT = ["4012345678901230", "4012345678901230", "4012345678901240", "4012345678901290", "4012345678901500"]


@pytest.mark.parametrize(
    ("ids", "n_checked", "n_bad"),
    [
        ([*CUT, "4012345678901110"], 5, 5),
        ([*CUT, "40123456789011100"], 5, 5),
        ([*CUT, "4012345678901110", "12", "k7"], 7, 5),
        (CUT, 4, 0),
        ([*CUT, "4012345678901110", "4012345678901111"], 6, 0),
        ([*CUT, "4012345678901110", "40123456789011110"], 6, 0),
        ([f"4012345678{i}0" for i in range(1000, 1006)], 6, 0),
    ],
    ids=["16 digits", "17 digits", "shorter ones beside", "too few", "one whole", "17 with 16 kept", "15 digits"],
)
def test_long_ids_that_all_end_in_noughts_were_cut_by_a_spreadsheet(ids, n_checked, n_bad):
    study = a_study(orders=orders(*((one, "2024-06-05", 1.0) for one in ids)))
    finding = found(study, "orders", "cut-key", "customer_id")
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("warning", n_checked, n_bad)
    if n_bad:
        assert "customer_id=4012345678901230 n_rows=2" in " ".join(finding.examples)
        assert "as text" in finding.mend


@pytest.mark.parametrize(
    ("at", "n_bad"),
    [("0001-01-01", 1), ("1677-12-31", 1), ("1678-01-01", 0), ("2261-12-31", 0), ("2262-01-01", 1), ("9999-12-31", 1)],
)
def test_times_that_no_analysis_can_hold_are_an_error(at, n_bad):
    from datetime import datetime

    import ibis

    from crm_research.contracts.checks import check_study
    from crm_research.study import Study

    study = a_study(orders=SIX_ORDERS)
    table = study.table("orders").mutate(
        ordered_at=ibis.cases(
            (study.table("orders").order_id == "o2", ibis.timestamp(at)), else_=study.table("orders").ordered_at
        )
    )
    changed = Study(
        name="x", title="X", currency="EUR", as_of=datetime(2024, 7, 1), holdout_until=None,
        tables={"orders": table}, attributes={},
    )  # fmt: skip
    (finding,) = [one for one in check_study(changed).of_table("orders") if one.rule == "beyond-calendar"]
    assert (finding.severity, finding.n_checked, finding.n_bad) == ("error", 6, n_bad)


SPELLINGS = [
    ("jos\u00e9", "jose\u0301"),  # composed, and with the accent as a sign of its own
    ("\u30ac\u30d1\u30fc", "\uff76\uff9e\uff8a\uff9f\uff70"),  # kana of full and half width
    ("stra\u00dfe", "STRASSE"),
    ("stra\u00dfe", "STRA\u1e9eE"),
    ("anna", "anna\u00a0"),
    ("anna", "an\u200dna"),
    ("anna", "\u200eanna"),
    ("anna", "an\u00adna"),
    ("anna", "anna\u2060"),
    ("0042", "\uff10\uff10\uff14\uff12"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_one_customer_in_two_spellings_is_counted_by_check_and_joined_by_the_mend(tmp_path, one, other):
    study = a_study(orders=orders((one, "2024-06-05", 1.0), (other, "2024-06-06", 1.0)))
    assert found(study, "orders", "one-spelling", "customer_id").n_bad == 1
    text = f"order_id,who,ordered_at,revenue\n1,{one},2024-06-05,1\n2,{other},2024-06-06,1\n"
    columns = {"customer_id": {"column": "who", "one_spelling": True}}
    assert orders_of(tmp_path, text, columns=columns).table("orders").customer_id.nunique().to_pyarrow().as_py() == 1


@pytest.mark.parametrize("other", ["jose", "jos\u00e8", "\u30ab\u30cf\u30fc"])
def test_other_accents_are_other_customers(tmp_path, other):
    one = "jos\u00e9" if other.startswith("j") else "\u30ac\u30d1\u30fc"
    study = a_study(orders=orders((one, "2024-06-05", 1.0), (other, "2024-06-06", 1.0)))
    assert found(study, "orders", "one-spelling", "customer_id").holds


@pytest.mark.parametrize(
    "word", ["Total", "TOTAL", "Grand Total", "Subtotal", "Summe", "Gesamt:", "合计", "Итого", "*", "**", "Σ"]
)
@pytest.mark.slow
def test_a_row_called_a_total_is_an_error_with_a_mend_that_is_right(tmp_path, word):
    text = f"order_id,customer_id,ordered_at,revenue\n1,a,2024-01-05,10\n2,b,2024-01-06,20\n{word},all,2024-01-31,30\n"
    finding = found(orders_of(tmp_path, text), "orders", "total-row", "order_id")
    assert (finding.severity, finding.n_bad, finding.n_checked) == ("error", 1, 3)
    for mended in ({"where": f"order_id not in ('{word}')"}, {"source": {"skip_footer": 1}}):
        study = orders_of(tmp_path, text, **mended)
        assert study.table("orders").revenue.sum().to_pyarrow().as_py() == 30.0
        assert found(study, "orders", "total-row", "order_id").holds


@pytest.mark.parametrize("word", ["Totalenergies", "T-1", "total123", "sumo"])
def test_names_that_hold_such_a_word_are_names(tmp_path, word):
    text = f"order_id,customer_id,ordered_at,revenue\n{word},{word},2024-01-05,10\n"
    study = orders_of(tmp_path, text)
    assert found(study, "orders", "total-row", "order_id").holds
    assert found(study, "orders", "total-name", "customer_id").holds


def test_a_customer_called_total_is_a_warning(tmp_path):
    text = "order_id,customer_id,ordered_at,revenue\n1,Total,2024-01-05,10\n"
    finding = found(orders_of(tmp_path, text), "orders", "total-name", "customer_id")
    assert (finding.severity, finding.n_bad) == ("warning", 1)


@pytest.mark.parametrize(("last", "n_bad"), [(55.55, 1), (55.54, 0), (55.56, 0)])
@pytest.mark.parametrize("n", [10, 9])
def test_a_row_whose_money_is_all_the_others_is_a_total_whatever_it_is_called(tmp_path, last, n_bad, n):
    money = [5.05 + i for i in range(10)][: n - 1]
    rows = "".join(f"{i},c{i},2024-01-05,{value:.2f}\n" for i, value in enumerate(money))
    total = sum(money) + last - 55.55
    text = f"order_id,customer_id,ordered_at,revenue\n{rows}99,zusammen,2024-01-31,{total:.2f}\n"
    assert found(orders_of(tmp_path, text), "orders", "total-row", "revenue").n_bad == (n_bad if n == 10 else 0)
