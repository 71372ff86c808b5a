"""Numbers as people and programs write them: a minus anywhere, thousands parted by anything, and never a guess."""

from __future__ import annotations

import pytest

from crm_research.contracts.checks import check_study
from crm_research.errors import ContractViolation, StudyError
from tests.sources.files import held, offered, orders_of

HEAD = "order_id;customer_id;ordered_at;revenue\n"


def _money(folder, *written, **source):
    rows = "".join(f"{i};A;2024-01-05;{text}\n" for i, text in enumerate(written))
    return orders_of(folder, HEAD + rows, source={"delimiter": ";", **source})


def _read(folder, written, **source):
    return held(_money(folder, written, **source), "orders", "revenue")[0][0]


@pytest.mark.parametrize(
    "written",
    ["-25.5", "25.5-", "(25.5)", "\u221225.5", "\u201325.5", "25.5 -", "- 25.5", "( 25.5 )", "－２５．５", "（25.5）",
     "-25.50", "25.50\u2212"],
)  # fmt: skip
def test_a_minus_is_read_wherever_it_stands(tmp_path, written):
    assert _read(tmp_path, written) == -25.5


@pytest.mark.parametrize("written", ["-1.234,5", "1.234,5-", "(1.234,5)", "\u22121234,5", "1.234,50-", "(1 234,5)"])
def test_so_it_is_where_the_comma_is_decimal(tmp_path, written):
    assert _read(tmp_path, written.replace(" ", "\u00a0"), decimal=",") == -1234.5


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "\u2009", "\u2007", "'", "\u2019"])
@pytest.mark.parametrize(("tail", "source"), [(".5", {}), (",5", {"decimal": ","})])
def test_thin_blanks_and_apostrophes_part_thousands(tmp_path, blank, tail, source):
    assert _read(tmp_path, f"1{blank}234{blank}567{tail}", **source) == 1234567.5
    assert _read(tmp_path, f"-1{blank}234{tail}", **source) == -1234.5


@pytest.mark.parametrize(("declared", "written"), [(" ", "1\u202f234.5"), (" ", "1 234.5"), ("'", "1\u2019234.5")])
def test_a_declared_blank_or_apostrophe_means_all_that_look_like_it(tmp_path, declared, written):
    assert _read(tmp_path, written, thousands=declared) == 1234.5


@pytest.mark.parametrize(
    ("written", "source", "value"),
    [("25,-", {"decimal": ","}, 25.0), ("25.--", {}, 25.0), ("25,\u2013", {"decimal": ","}, 25.0), ("25.-", {}, 25.0)],
)
def test_a_price_without_cents_is_no_negative_number(tmp_path, written, source, value):
    assert _read(tmp_path, written, **source) == value


@pytest.mark.parametrize(
    "written",
    ["--5", "-(5)", "(5", "5)", "-5-", "(-5)", "5--", "1\u00a023", "12\u00a034.5", "1'2", "5 CR", "5 DR", "5 H",
     "1 234", "12%", "-", "5-3", "1.234,5"],
)  # fmt: skip
def test_what_may_mean_several_things_is_told_or_empty_and_never_guessed(tmp_path, written):
    if written == "-":
        assert check_study(_money(tmp_path, written)).errors[0].rule == "missing-value"
        return
    with pytest.raises(ContractViolation, match="every value is a number"):
        _money(tmp_path, written)


def test_sales_and_returns_as_an_accounting_system_writes_them(tmp_path):
    # 100 - 40 - 25 + 60 = 95, two returns
    study = _money(tmp_path, "100.00", "40.00-", "(25.00)", "60.00")
    (error,) = check_study(study).errors
    assert (error.rule, error.n_bad) == ("negative-revenue", 2)
    rows = "".join(f"{i};A;2024-01-05;{text}\n" for i, text in enumerate(["100.00", "40.00-", "(25.00)", "60.00"]))
    study = orders_of(tmp_path, HEAD + rows, source={"delimiter": ";"}, returns="revenue < 0")
    assert check_study(study).errors == ()
    found = held(study, "orders", "kind", "revenue")
    assert sum(revenue for _, revenue in found) == 95.0
    assert [kind for kind, _ in found].count("return") == 2


@pytest.mark.parametrize("sign", ["-", "\u2212", "(", ")", "EUR-", "\u2013", "CR", "dr."])
def test_what_says_that_a_number_is_negative_is_never_taken_off(tmp_path, sign):
    with pytest.raises(StudyError, match=r"from\.signs: .* says that a number is negative"):
        _money(tmp_path, "5", signs=[sign])


@pytest.mark.parametrize("sign", ["0", ".", ",", "1,"])
def test_parts_of_numbers_are_no_signs(tmp_path, sign):
    with pytest.raises(StudyError, match=r"from\.signs: .* is a part of numbers"):
        _money(tmp_path, "5", signs=[sign])


def test_one_sign_cannot_be_decimal_and_part_thousands(tmp_path):
    with pytest.raises(StudyError, match=r"so that 1\.5 would be 15"):
        _money(tmp_path, "1.5", thousands=".")


@pytest.mark.parametrize(
    ("written", "keys", "total"),
    [
        # 1.5 + 2.25 - 3 = 0.75
        (["1,5", "2,25", "-3"], {"decimal": ","}, 0.75),
        # 1,234.5 + 10 - 7 = 1,237.5
        (["1,234.50", "10", "7-"], {"thousands": ","}, 1237.5),
        # 1,234.5 - 1,000.25 = 234.25
        (["1.234,50", "1.000,25-"], {"decimal": ","}, 234.25),
        # 1,234.5 - 2 = 1,232.5
        (["1 234.5", "(2)"], {"thousands": " "}, 1232.5),
        (["1 234,5", "(2)"], {"decimal": ",", "thousands": " "}, 1232.5),
        # 5 + 7 - 2 = 10
        (["€5", "7 €", "-€2"], {"signs": ["€"]}, 10.0),
        (["EUR 5", "7", "(EUR 2)"], {"signs": ["EUR"]}, 10.0),
        # 1,005.5 - 2 = 1,003.5
        (["$1,005.50", "-$2"], {"signs": ["$"], "thousands": ","}, 1003.5),
        (["1.005,50 kr", "2,00- kr"], {"signs": ["kr"], "decimal": ","}, 1003.5),
    ],
)
def test_the_mend_that_is_offered_gives_the_right_total(tmp_path, written, keys, total):
    with pytest.raises(ContractViolation, match="every value is a number") as caught:
        _money(tmp_path, *written)
    assert offered(caught.value) == keys
    found = held(_money(tmp_path, *written, **offered(caught.value)), "orders", "revenue")
    assert sum(revenue for (revenue,) in found) == pytest.approx(total)


def test_a_comma_that_may_be_decimal_or_part_thousands_is_left_to_the_reader(tmp_path):
    with pytest.raises(
        ContractViolation, match=r"If the comma is the decimal sign, write decimal.*if it parts thousands"
    ):
        _money(tmp_path, "1,234", "5,678")
    assert _read(tmp_path, "1,234", decimal=",") == 1.234
    assert _read(tmp_path, "1,234", thousands=",") == 1234.0


@pytest.mark.parametrize("written", [["€5", "$5"], ["5 CR", "7"], ["5", "7 H"], ["12%", "3"]])
def test_a_text_that_may_change_what_a_number_means_is_never_offered_as_a_sign(tmp_path, written):
    with pytest.raises(ContractViolation, match="derive the number by an expr") as caught:
        _money(tmp_path, *written)
    assert "signs" not in str(caught.value)


def test_credits_and_debits_are_derived_as_the_message_says(tmp_path):
    text = HEAD + "1;A;2024-01-05;5.00 CR\n2;A;2024-01-06;12.00 DR\n"
    number = "cast(left(revenue, length(revenue) - 3) as double)"
    study = orders_of(
        tmp_path,
        text,
        source={"delimiter": ";"},
        columns={"revenue": {"expr": f"case when suffix(revenue, 'CR') then -{number} else {number} end"}},
    )
    assert held(study, "orders", "revenue") == [(-5.0,), (12.0,)]


def test_a_point_is_never_offered_for_thousands_and_decimals_at_once(tmp_path):
    with pytest.raises(ContractViolation) as problem:
        _money(tmp_path, "1.23", "4.5", "1.000.5")
    assert "beside the path" not in str(problem.value).replace("null_values beside the path", "")


def test_points_that_can_only_part_thousands_make_the_comma_decimal(tmp_path):
    with pytest.raises(ContractViolation) as problem:
        _money(tmp_path, "1.000.000", "2.500")
    found = _money(tmp_path, "1.000.000", "2.500", **offered(problem.value))
    assert sum(row[0] for row in held(found, "orders", "revenue")) == 1_002_500.0
