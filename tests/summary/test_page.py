"""The page: with no report and with many, all failing, with hostile and Chinese names, and a day later."""

from __future__ import annotations

import re
from contextlib import nullcontext

import pytest

from crm_research.pillars.summary import SummaryPage
from crm_research.pillars.summary.charts import marks_frame
from crm_research.reporting.ledger import read_ledger
from crm_research.theme import for_phones
from tests.builders import a_study, contracts, orders
from tests.summary.shelf import a_figure, put

SOME = {
    "customer-base": [
        a_figure("base.revenue", 2_000.0, unit="EUR", label="Revenue"),
        a_figure("base.top20_revenue_share", 0.61, 0.58, 0.66, label="Share of revenue from the top fifth"),
    ],
    "loyalty": [a_figure("loyalty.overdue_share", 0.12, 0.1, 0.14, label="Overdue", verdict="agrees", validation="x")],
}


def page_of(tmp_path, study=None, **more):
    return SummaryPage(study or a_study(orders=orders(("a", "2024-01-01", 5.0))), results=str(tmp_path), **more)


def text_of(page):
    return "\n".join(repr(section) for section in page.sections().values())


def test_without_any_report_it_says_so(tmp_path):
    page = page_of(tmp_path)
    assert "No report of this study has been made for this day yet" in repr(page.answer)
    assert text_of(page).count("no number of these reports asks for an action") == 5
    assert [figure.estimate for figure in page.figures if figure.id == "summary.actions"] == [0.0]


def test_the_first_screen_says_what_to_do_what_changed_and_how_far_to_trust(tmp_path):
    few = a_figure("base.top20_revenue_share", 0.86, 0.83, 0.91, label="Share of revenue from the top fifth")
    put(tmp_path, SOME | {"customer-base": [SOME["customer-base"][0], few]})
    page = page_of(tmp_path)
    lines = repr(page.answer).splitlines()
    assert lines[0] == (
        "Sales, for the fifth of the buyers who spend most: name for each of them somebody who looks after them. "
        "At stake: 1,720 EUR of revenue so far (1,660 EUR to 1,820 EUR)."
    )
    assert lines[1] == "There is no earlier run of this study to compare with, so nothing can be said of change."
    assert lines[2] == "Of 3 numbers of 2 reports 1 was put to a check that could have failed, and none fails."
    assert repr(page.advice).startswith("1. Sales, for the fifth of the buyers")
    assert "Remind them now" in repr(page.marketing)
    assert "Remind them now" not in repr(page.sales)


def test_that_a_fifth_brings_most_of_the_revenue_is_true_of_every_shop_and_no_reason_to_act(tmp_path):
    put(tmp_path, SOME)
    assert repr(page_of(tmp_path).answer).startswith("Marketing, for customers who are overdue by their own rhythm")


def test_the_ledger_counts_what_the_page_says_it_counts(tmp_path):
    put(tmp_path, SOME)
    page = page_of(tmp_path)
    own = {"summary": list(page.figures)}
    ledger = read_ledger(put(tmp_path, SOME | own))
    found = {figure.id: figure.estimate for figure in page.figures}
    assert found["ledger.figures"] == sum(one["n"] for one in ledger["outcomes"]) == 12
    assert found["ledger.unvalidated"] == next(o["n"] for o in ledger["outcomes"] if o["word"] == "not tested")
    assert ledger["claims"][0]["said"] == "A fifth of the customers brings 80 % of the profit."
    first = ledger["claims"][0]
    assert (first["value"], first["verdict"]) == ("61.0 % (58.0 % to 66.0 %)", "less than is said")
    assert first["link"] == "summary.html#figure-claims-top-fifth-share"
    assert ledger["claims"][2]["found"].startswith("Cannot be told from these records, because they hold no campaigns")


def test_its_own_figures_of_an_earlier_run_count_once(tmp_path):
    put(tmp_path, SOME)
    first = page_of(tmp_path).figures
    put(tmp_path, SOME | {"summary": list(first)})
    again = page_of(tmp_path).figures
    assert [(one.id, one.estimate) for one in again] == [(one.id, one.estimate) for one in first]


def test_what_moved_beyond_chance_is_named_and_what_did_not_is_not(tmp_path):
    put(tmp_path, SOME, as_of="2024-06-01")
    moved = {
        "customer-base": [SOME["customer-base"][0], a_figure("base.top20_revenue_share", 0.8, 0.77, 0.83,
                                                             label="Share of revenue from the top fifth")],
        "loyalty": [a_figure("loyalty.overdue_share", 0.121, 0.1, 0.14, label="Overdue")],
    }  # fmt: skip
    put(tmp_path, moved)
    page = page_of(tmp_path)
    assert repr(page.changes).startswith(
        "Note: Since 2024-06-01 1 of 3 numbers compared has moved by more than chance explains: Share of revenue from "
        "the top fifth from 61.0 % to 80.0 %."
    )
    put(tmp_path, SOME)
    assert "Since 2024-06-01 nothing has moved by more than chance explains, of 3 numbers compared." in repr(
        page_of(tmp_path).answer
    )


def test_failures_are_louder_than_advice(tmp_path):
    refuted = a_figure("loyalty.overdue_share", 0.12, 0.1, 0.14, label="Overdue", verdict="refuted", validation="off")
    put(tmp_path, {"loyalty": [refuted]}, failed={"churn": "the table contracts is broken"})
    page = page_of(tmp_path)
    said = repr(page.advice)
    assert said.index("The report “Churn” failed. It has no page. Why: the table contracts is broken.") == 9
    assert said.index("1 number fails its own check: Overdue, 12.0 % (Loyalty).") < said.index("Remind them now")
    assert "only by numbers that fail their own checks: find out why first" in repr(page.answer)
    assert "“Churn” has failed" in repr(page.answer)


def test_all_failing_is_told(tmp_path):
    put(tmp_path, {}, failed={"churn": "no", "loyalty": "neither"})
    page = page_of(tmp_path)
    assert repr(page.answer).splitlines()[-1].startswith("Actions") or "have failed" in repr(page.answer)
    assert repr(page.advice).count("failed") == 2
    assert text_of(page)


@pytest.mark.parametrize("n_reports", [2, 12])
def test_few_and_many_reports_read_alike(tmp_path, n_reports):
    many = {f"report-{i}": [a_figure(f"x.{i}.share", 0.3, 0.2, 0.4)] for i in range(n_reports - 2)}
    put(tmp_path, SOME | many)
    page = page_of(tmp_path)
    assert f"of {n_reports} reports" in repr(page.answer)
    assert not re.search(r"\b1 (numbers|reports|actions)\b", text_of(page))


@pytest.mark.slow
def test_hostile_and_chinese_names_stay_text(tmp_path):
    name = '<img src=x onerror="alert(1)">价格'
    reason = a_figure("churn.contract.cif_12m", 0.12, 0.1, 0.14, group=name, label=f"Left {{value}} {name}")
    put(tmp_path, {"churn": [reason]}, failed={"loyalty": "<script>alert(2)</script>"})
    study = a_study(contracts=contracts(("a", "2020-01-01", None, None)))
    html = "".join(section._repr_html_() for section in page_of(tmp_path, study).sections().values())
    assert "<img" not in html
    assert "<script>" not in html
    assert "价格" in html


def test_a_study_of_contracts_alone_says_why_sayings_about_orders_cannot_be_told(tmp_path):
    study = a_study(contracts=contracts(("a", "2020-01-01", None, None)))
    said = repr(page_of(tmp_path, study).claims)
    assert said.count("because they hold no orders") >= 2


def test_its_first_screen_has_no_customer_and_no_path(tmp_path):
    put(tmp_path, SOME)
    page = page_of(tmp_path, a_study(orders=orders(("somebody-secret", "2024-01-01", 5.0))))
    assert "somebody-secret" not in text_of(page)
    assert str(tmp_path) not in text_of(page)


def test_pictures_are_drawn_of_what_there_is(tmp_path):
    put(tmp_path, SOME)
    page = page_of(tmp_path)
    for section in (page.answer, page.claims, page.trust):
        for chart in section.charts:
            assert chart.draw(None).get_figure() is not None
    assert [len(section.charts) for section in (page.answer, page.claims, page.trust)] == [1, 1, 1]


def test_a_number_without_limits_is_named_and_asks_for_nothing(tmp_path):
    bare = a_figure("satisfaction.importance", 0.7, label="Importance", group="price")
    other = a_figure("satisfaction.importance", 0.3, label="Importance", group="staff")
    put(tmp_path, {"satisfaction": [bare, other]})
    said = repr(page_of(tmp_path).actions)
    assert said == (
        "Note: Of 1 more number it is not known how far chance sways it, so no action is drawn: "
        "Importance (price), 70.0 %."
    )


def test_without_money_the_picture_shows_what_asks_for_action(tmp_path):
    many = [a_figure("churn.contract.survival_12m", 0.7, 0.66, 0.74, label="Still there", verdict="refuted")]
    put(tmp_path, {"loyalty": SOME["loyalty"], "churn": many})
    page = page_of(tmp_path)
    (picture,) = page.answer.charts
    assert picture.data["action"].str.split(",").str[0].tolist() == ["Marketing", "Service"]
    assert picture.data["mark"].tolist() == [0.05, 0.85]
    assert marks_frame(page.result)["fails"].tolist() == [False, True]
    assert picture.draw(None).get_figure() is not None


@pytest.mark.parametrize("is_on_a_phone", [False, True])
@pytest.mark.parametrize("n_reports", [1, pytest.param(14, marks=pytest.mark.slow)])
def test_the_key_to_the_checks_lies_on_no_bar(tmp_path, n_reports, is_on_a_phone):
    put(tmp_path, {f"report-{i}": [a_figure(f"x.{i}", 0.3, 0.2, 0.4)] * 9 for i in range(n_reports)})
    with for_phones() if is_on_a_phone else nullcontext():
        ax = page_of(tmp_path).trust.charts[0].draw(None)
    figure = ax.get_figure()
    figure.draw_without_rendering()
    key = figure.legends[0].get_window_extent()
    assert not key.overlaps(ax.get_window_extent())
    assert figure.bbox.x0 <= key.x0
    assert key.x1 <= figure.bbox.x1


def test_counts_that_ask_for_actions_are_a_picture_where_no_share_does(tmp_path):
    leavers = a_figure(
        "churn.contract.expected_leavers", 552.0, 502.0, 602.0, unit="contracts", group="within 12 months"
    )
    put(tmp_path, {"churn": [leavers]})
    page = page_of(tmp_path)
    (picture,) = page.answer.charts
    assert picture.alt == "What asks for action"
    assert picture.data[["estimate", "lower", "upper"]].to_numpy().tolist() == [[552.0, 502.0, 602.0]]
    assert picture.draw(None).get_xlabel() == "contracts"
