import pandas as pd
import pytest

from crm_research import settings
from crm_research.pillars.customer_base import CustomerBasePage, charts, describe_base, words
from crm_research.pillars.customer_base.figures import base_figures
from crm_research.pillars.customer_base.tables import claims_table
from tests.builders import a_study, contracts, orders


def _ids(base):
    return [figure.id for figure in base_figures(base)]


def _value(base, name):
    return next(figure.estimate for figure in base_figures(base) if figure.id == name)


def _twelve_buyers(**extra):
    rows = [(f"c{i}", f"2024-0{1 + i % 4}-05", 10.0 + i) for i in range(12)]
    rows += [("c1", "2024-06-01", 500.0), ("c2", "2024-09-01", 9_000.0)]
    return orders(*rows, **extra)


def test_what_happened_after_as_of_does_not_count():
    base = describe_base(a_study(orders=_twelve_buyers()))
    assert _value(base, "base.orders") == 13
    assert _value(base, "base.revenue") == pytest.approx(sum(10 + i for i in range(12)) + 500)


def test_returns_lessen_revenue_and_cancelled_orders_count_nowhere():
    kinds = ["sale"] * 10 + ["return", "cancelled"] + ["sale"] * 2
    base = describe_base(a_study(orders=_twelve_buyers(kind=kinds)))
    assert base.orders.n_returns == base.orders.n_cancelled == 1
    assert _value(base, "base.orders") == 11
    assert any("cancelled" in note for note in words.notes(base))


def test_a_study_of_contracts_has_no_orders_figures_and_says_so():
    held = contracts(("a", "2020-01-01", None, None), ("b", "2021-01-01", "2022-01-01", "price"))
    page = CustomerBasePage(a_study(contracts=held))
    base = page.result
    assert _ids(base) == ["base.customers"]
    assert "2 contracts" in words.answer(base)[0]
    assert "no orders" in " ".join(words.notes(base))
    assert base.periods["n_running"].iloc[-1] == 1
    assert "running" in page.answer.plot().figure.get_suptitle()


def test_a_study_of_customers_only_still_gives_a_page():
    page = CustomerBasePage(a_study(customers=pd.DataFrame({"customer_id": ["a", "b"]})))
    base = page.result
    assert _value(base, "base.customers") == 2
    assert repr(page.claims) == (
        "Note: No concentration of revenue is shown. This study has no orders, so there are neither orders nor revenue "
        "to count."
    )
    assert repr(page.tenths) == "Note: Tenths are not shown either, for the same reason."
    for name in ("concentration", "growth", "coverage"):
        assert getattr(charts, f"draw_{name}")(base).figure is not None
        assert getattr(words, f"{name}_seen")(base)
    assert page.answer.charts[0].alt == words.coverage_seen(base)


def test_three_buyers_are_too_few_for_a_fifth_and_the_reason_is_given():
    base = describe_base(
        a_study(orders=orders(("a", "2024-01-01", 5.0), ("b", "2024-01-02", 1.0), ("c", "2024-02-01", 2.0)))
    )
    assert "base.top20_revenue_share" not in _ids(base)
    assert "10" in base.why_no_concentration
    assert words.answer(base)


def test_nothing_known_yet_is_no_error():
    base = describe_base(a_study(orders=orders(("a", "2025-01-01", 5.0))))
    assert _value(base, "base.customers") == 0
    assert _value(base, "base.revenue") == 0
    assert charts.draw_growth(base).figure is not None
    assert words.answer(base)


def test_missing_joins_are_counted():
    people = pd.DataFrame({"customer_id": ["c0", "c1", "stranger"]})
    coverage = describe_base(a_study(orders=_twelve_buyers(), customers=people)).coverage.set_index("what")[
        "n_customers"
    ]
    assert coverage["known from any table"] == 13
    assert coverage["dealings, but no customer record"] == 10
    assert coverage["a customer record, but no dealings"] == 1


def test_chinese_names_and_details_reach_the_picture():
    people = pd.DataFrame({"customer_id": ["c0", "王"], "城市": ["上海", None]})
    study = a_study(orders=_twelve_buyers(), customers=people, attributes={"customers": {"城市": "category"}})
    base = describe_base(study)
    charts.draw_coverage(base).figure.draw_without_rendering()
    assert base.coverage.set_index("what").loc["城市 known", "n_customers"] == 1


def test_row_order_changes_nothing():
    frame = _twelve_buyers()
    one, other = (describe_base(a_study(orders=held)) for held in (frame, frame.sample(frac=1, random_state=3)))
    assert [f.as_record() for f in base_figures(one)] == [f.as_record() for f in base_figures(other)]


def test_the_rule_of_thumb_is_judged_by_its_interval():
    rows = [(f"c{i:03}", "2024-03-01", 5.0 + i % 7) for i in range(200)]
    claim = claims_table(describe_base(a_study(orders=orders(*rows)))).iloc[0]
    assert claim["upper"] < 0.8
    assert "fewer" in claim["verdict"]


def test_few_customers_without_a_record_are_not_counted_in_what_a_run_writes(monkeypatch):
    people = pd.DataFrame({"customer_id": [f"c{i}" for i in range(9)]})
    bought = orders(
        *((f"c{i}", "2024-03-01", 5.0) for i in range(9)), ("x", "2024-03-02", 5.0), ("y", "2024-03-02", 5.0)
    )
    page = CustomerBasePage(a_study(orders=bought, customers=people))
    assert "Find the records of 2 customers with dealings" in repr(page.steps())
    monkeypatch.setenv(settings.LEAST_GROUP, "5")
    assert "Find the records of the few customers with dealings" in repr(page.steps())
