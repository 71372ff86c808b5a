"""Every sentence, figure, table and picture of the customer base, held word for word in five worlds; by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crm_research.pillars.customer_base import CustomerBase, CustomerBasePage, charts, describe_base, tables, words
from crm_research.pillars.customer_base.figures import base_figures
from crm_research.stats.intervals import Interval
from crm_research.theme import chart_style
from tests.builders import a_study, contracts, orders
from tests.told import check_figures, check_frame, check_numbers, hold, tell

TOLD = Path(__file__).parent / "told"


def good_news():
    """Forty buyers of known records whose spend is even; the first twelve come back every 20 days; a holdout."""
    rows, kinds = [], []
    for i in range(40):
        first = pd.Timestamp("2024-01-02") + pd.Timedelta(days=4 * i)
        days = [first + pd.Timedelta(days=20 * again) for again in range(6 if i < 12 else 1)]
        for day in [*days, pd.Timestamp("2024-08-01") + pd.Timedelta(days=i)]:
            rows.append((f"c{i:02}", str(day.date()), 20.0 + i))
            kinds.append("sale")
    rows += [("c03", "2024-03-15", -11.0), ("c05", "2024-03-16", 500.0), ("c05", "2024-03-17", 501.0)]
    kinds += ["return", "cancelled", "cancelled"]
    people = pd.DataFrame(
        {
            "customer_id": [f"c{i:02}" for i in range(40)],
            "registered_at": pd.Timestamp("2023-12-01"),
            "region": ["north", "south"] * 15 + [None] * 10,
        }
    )
    return a_study(
        as_of="2024-07-01",
        holdout_until="2024-10-01",
        orders=orders(*rows, kind=kinds),
        customers=people,
        attributes={"customers": {"region": "category"}},
    )


def bad_news():
    """Two of 21 buyers bring nearly all; one gave back more than he bought; orders of nobody and of no time; gaps."""
    rows = [("big", f"2024-0{month}-10", 900.0 + month) for month in range(1, 7)]
    rows += [("bigger", f"2024-0{month}-20", 1200.0 + month) for month in range(2, 6)]
    rows += [(f"s{i:02}", f"2024-0{1 + i % 6}-{3 + i:02}", 1.0 + i / 7) for i in range(19)]
    kinds = ["sale"] * len(rows)
    rows += [
        ("s00", "2024-05-02", -60.0),
        ("", "2024-02-11", 310.0),
        ("", "2024-03-11", 77.0),
        ("", "2024-04-02", -5.0),
    ]
    kinds += ["return", "sale", "sale", "return"]
    rows += [("s01", None, 9.0), ("s02", None, 9.0), ("s03", None, 9.0), ("s04", "2024-05-05", 40.0)]
    kinds += ["sale", "sale", "sale", "cancelled"]
    frame = orders(*rows, kind=kinds)
    frame["customer_id"] = frame["customer_id"].where(frame["customer_id"] != "", None)
    people = pd.DataFrame(
        {"customer_id": ["big", "s01", "s02", "stranger", "nobody"], "kind": ["business", None, None, None, None]}
    )
    return a_study(as_of="2024-06-25", orders=frame, customers=people)


def three_buyers():
    """Too few for a fifth, and none came back."""
    return a_study(orders=orders(("a", "2024-06-20", 5.0), ("b", "2024-06-22", 2.0), ("c", "2024-06-25", 3.0)))


def nobody_yet():
    """All orders lie after the study's date."""
    return a_study(orders=orders(("a", "2025-01-01", 5.0)))


def bound():
    """Contracts instead of orders: six in all, two of which have ended."""
    return a_study(
        contracts=contracts(
            ("a", "2024-01-05", "2024-03-01", "price"),
            ("b", "2024-01-09", None, None),
            ("c", "2024-02-01", None, None),
            ("d", "2024-04-01", "2024-09-01", "x"),
            ("e", "2024-04-02", "2024-06-03", "x"),
            ("a", "2024-06-05", None, None),
        )
    )


STUDIES = {"good": good_news, "bad": bad_news, "three": three_buyers, "nobody": nobody_yet, "contracts": bound}


@cache
def measured(world: str) -> CustomerBase:
    """Each world measured once for all tests of this file."""
    return describe_base(STUDIES[world]())


@pytest.mark.parametrize("world", STUDIES)
def test_what_a_reader_is_told(world):
    base = measured(world)
    page = CustomerBasePage(STUDIES[world]())
    page.result = base
    with chart_style():
        told = tell(
            answer=words.answer(base),
            notes=words.notes(base),
            # With customers who gave back more than they bought, the others bring more than the whole.
            figures=check_figures(base_figures(base), signed={"base.top20_revenue_share"} if world == "bad" else ()),
            inventory=tables.inventory_table(base),
            broken=tables.broken_rules_table(base),
            coverage=base.coverage,
            periods=base.periods,
            claims=page.claims.show,
            tenths=page.tenths.tables[0] if page.tenths.tables else repr(page.tenths),
            summary=tables.summary_table(base),
            estimators=[f"{name}: {how}" for name, how in page.estimators.items()],
            pictures=[
                f"{name}: {seen(base)}"
                for name, seen in (
                    ("concentration", words.concentration_seen),
                    ("growth", words.growth_seen),
                    ("coverage", words.coverage_seen),
                )
            ],
            headline=page.answer.charts[0].alt,
            draw_headline=page.answer.plot(),
            draw_concentration=charts.draw_concentration(base),
            draw_growth=page.growth.plot(),
            draw_coverage=page.coverage.plot(),
            data=page.answer.charts[0].data,
        )
    hold(told, TOLD / f"{world}.txt")
    if base.concentration is not None:
        check_frame(page.claims.result)


def read_dealings(study) -> pd.DataFrame:
    """Sales and returns known at as_of, read in pandas."""
    frame = study.table("orders").to_pandas()
    return frame.loc[(frame["ordered_at"] <= study.as_of) & (frame["kind"] != "cancelled")]


def figures_of(base: CustomerBase) -> dict[str, float]:
    return {figure.id: figure.estimate for figure in base_figures(base)}


def test_the_numbers_of_the_good_world_by_hand():
    study, base = good_news(), measured("good")
    known, found = read_dealings(study), figures_of(base)
    # 40 first purchases, of which c39 would come on 6 June, and what twelve bought again.
    assert found["base.orders"] == (known["kind"] == "sale").sum() == 100
    assert found["base.revenue"] == pytest.approx(known["revenue"].sum()) == 3099
    spend = known.groupby("customer_id")["revenue"].sum().sort_values(ascending=False)
    # Eight of forty are the fifth.
    assert found["base.top20_revenue_share"] == pytest.approx(spend.iloc[:8].sum() / spend.sum())
    money = spend.cumsum() / spend.sum()
    reached = int((money < 0.8).sum())
    before = money.iloc[reached - 1]
    share = (reached + (0.8 - before) / (money.iloc[reached] - before)) / 40
    assert found["base.customers_for_80_share"] == pytest.approx(share)
    gini = np.abs(spend.to_numpy()[:, None] - spend.to_numpy()[None, :]).mean() / (2 * spend.mean())
    assert found["base.gini"] == pytest.approx(gini)
    frame = study.table("orders").to_pandas()
    later = frame.loc[frame["ordered_at"] > study.as_of].groupby("customer_id")["revenue"].sum()
    top = later.reindex(spend.index[:8]).sum() / later.sum()
    assert f"the same customers brought {100 * top:.0f} % (" in base_figures(base)[3].validation
    # By month: all buyers, and those never seen before it.
    sales = known.loc[known["kind"] == "sale"].assign(month=lambda rows: rows["ordered_at"].dt.to_period("M"))
    buyers = sales.groupby("month")["customer_id"].nunique()
    first = sales.groupby("customer_id")["month"].min().value_counts().sort_index()
    assert base.growth.periods["n_active"].tolist() == buyers.tolist()
    assert base.growth.periods["n_first_seen"].tolist() == first.tolist()
    assert base.growth.usual_active == buyers.median() == 15
    gaps = sales.groupby("customer_id")["ordered_at"].agg(["min", "max", "size"]).query("size > 1")
    mean_gaps = (gaps["max"] - gaps["min"]).dt.days / (gaps["size"] - 1)
    assert base.growth.usual_gap_days == pytest.approx(mean_gaps.quantile(0.9)) == 20
    # First seen on days 0, 4, 8, 12 and 16: five of forty.
    assert base.growth.n_first_seen_in_warm_up == 5


def test_the_numbers_of_the_bad_world_by_hand():
    study, base = bad_news(), measured("bad")
    known, found = read_dealings(study), figures_of(base)
    assert found["base.orders"] == (known["kind"] == "sale").sum() == 31
    assert found["base.revenue"] == pytest.approx(known["revenue"].sum())
    named = known.dropna(subset=["customer_id"])
    assert found["base.customers_revenue"] == pytest.approx(named["revenue"].sum())
    assert found["base.nameless_revenue"] == 310 + 77 - 5
    spend = named.groupby("customer_id")["revenue"].sum().sort_values(ascending=False)
    assert (spend < 0).sum() == base.concentration.n_losing == 1
    # A fifth of 21 is 4.2 customers: the fifth counts for .2.
    assert found["base.top20_revenue_share"] == pytest.approx(
        (spend.iloc[:4].sum() + 0.2 * spend.iloc[4]) / spend.sum()
    )
    people = set(study.table("customers").to_pandas()["customer_id"])
    assert len(set(spend.index) - people) == 18  # 78 % of 23
    assert len(people - set(spend.index)) == 2
    assert base.n_customers == len(people | set(spend.index)) == 23


def an_interval(estimate: float, lower: float, upper: float) -> Interval:
    return Interval(*map(np.asarray, (estimate, lower, upper)))


@pytest.mark.parametrize(
    ("limits", "said", "verdict"),
    [
        (
            (0.71, 0.62, 0.79),
            "71 % (90 % interval 62 % to 79 %) of the revenue, less than the 80 %",
            "fewer than claimed",
        ),
        (
            (0.88, 0.81, 0.93),
            "88 % (90 % interval 81 % to 93 %) of the revenue, more than the 80 %",
            "more than claimed",
        ),
        ((0.71, 0.62, 0.80), "71 % (90 % interval 62 % to 80 %) of the revenue, which does not contradict", "do not"),
        ((0.88, 0.80, 0.93), "88 % (90 % interval 80 % to 93 %) of the revenue, which does not contradict", "do not"),
    ],
)
def test_the_rule_of_thumb_by_hand(limits, said, verdict):
    found = replace(measured("good").concentration, top20=an_interval(*limits), confidence=0.9)
    sentence = words.say_concentration(found)
    assert sentence.startswith(f"The top fifth of buyers bring in {said}")
    assert sentence.endswith("the rule of thumb." if "not" not in said else "the rule of thumb of 80 %.")
    base = replace(measured("good"), concentration=found)
    row = tables.claims_table(base).iloc[0]
    assert (row["claimed_share"], row["estimate"], row["lower"], row["upper"]) == (0.8, *limits)
    assert verdict in row["verdict"]
    figure = base_figures(base)[3]
    assert (figure.estimate, figure.lower, figure.upper) == limits
    assert figure.estimator.endswith("; 90 % interval")
    assert charts.draw_concentration(base).figure.get_suptitle() == (
        f"The top fifth of the buyers bring {100 * limits[0]:.0f} % of the revenue"
    )


def test_a_share_that_can_be_nearly_anything_is_not_known():
    found = replace(measured("good").concentration, top20=an_interval(0.5, 0.05, 0.97), n_customers=11)
    assert words.say_concentration(found) == (
        "How much of the revenue the top fifth of buyers bring in is not known: 11 buyers are too few to say."
    )
    title = charts.draw_concentration(replace(measured("good"), concentration=found)).figure.get_suptitle()
    assert "not known" in title.replace("\n", " ")


def months(*rows: tuple[int, int, bool, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["n_active", "n_first_seen", "is_warm_up", "is_complete"])
    at = pd.date_range("2024-01-01", periods=len(rows), freq="MS")
    return frame.assign(period=at, n_seen_before=frame["n_active"] - frame["n_first_seen"])


def test_growth_by_hand():
    rows = [(5, 5, True, True), (41, 3, False, True), (11, 4, False, True), (13, 7, False, True), (1, 1, False, False)]
    growth = replace(measured("good").growth, periods=months(*rows), warm_up_days=31.0)
    # Whole months bring 5, 41, 11 and 13, so the median is 12; of the last whole month's 13 buyers 7 are new.
    assert words.say_growth(growth) == (
        "In a usual month 12 customers buy; in the last whole month 13 did, 54 % of them for the first time."
    )
    title = charts.draw_growth(replace(measured("good"), growth=growth)).figure.get_suptitle().replace("\n", " ")
    # After the warm-up 3, 4 and 7 were first seen.
    assert title == "In a usual month 12 customers buy; after the first 31 days about 4 a month for the first time"
    alone = replace(growth, periods=months((1, 1, False, True), (0, 0, False, True), (1, 0, False, True)), grain="week")
    assert words.say_growth(alone) == (
        "In a usual week 1 customer buys; in the last whole week 1 did, 0 % of them for the first time."
    )
    ending = replace(alone, periods=months((1, 1, False, True), (0, 0, False, True)))
    assert words.say_growth(ending).endswith("; in the last whole week 0 did.")
    none = replace(alone, periods=months((1, 1, False, False)))
    assert words.say_growth(none) == "The records do not cover one week whole."
    assert none.whole.empty


@pytest.mark.parametrize(
    ("usual", "warm_up", "said"),
    [
        (
            19.0,
            19.0,
            (
                "leave 19 days or less between purchases on average, so the 31 % of customers who were first seen in "
                "that time"
            ),
        ),
        (
            87.0,
            45.0,
            (
                "leave 87 days or less between purchases on average, which is more than half of the records, so the "
                "31 % of "
                "customers who were first seen in the first half of the records (45 days)"
            ),
        ),
    ],
)
def test_who_may_be_an_old_customer_by_hand(usual, warm_up, said):
    growth = replace(
        measured("good").growth,
        usual_gap_days=usual, warm_up_days=warm_up, n_customers=71, n_first_seen_in_warm_up=22,
    )  # fmt: skip
    note = words.notes(replace(measured("good"), growth=growth))[-1]
    assert note == (
        f"Records begin on 2024-01-02. Nine of ten repeat customers {said} may well be old ones: they are called first "
        "seen, not new."
    )


def test_records_shorter_than_two_usual_gaps_say_so():
    # Gaps of 80 and 82 days in records of 91 days: nine of ten gaps reach to 81.8 days, half of the records to 45.5.
    rows = [("a", "2024-04-01", 1.0), ("a", "2024-06-20", 1.0), ("b", "2024-04-02", 1.0), ("b", "2024-06-23", 1.0)]
    growth = describe_base(a_study(orders=orders(*rows))).growth
    assert growth.usual_gap_days == pytest.approx(81.8)
    assert growth.warm_up_days == pytest.approx(45.5)


def test_holdings_by_hand():
    base = measured("contracts")
    one = base.contracts.assign(n_running=1, n_started=[1, 0, 0, 0, 0, 0])
    assert words.say_holdings(replace(base, contracts=one)) == (
        "On 2024-07-01 we know 5 customers, with 1 contract, 1 of them running."
    )
    assert "1 contract is running at the end." in words.growth_seen(replace(base, contracts=one))
    title = charts.draw_growth(replace(base, contracts=one)).figure.get_suptitle()
    assert title == "1 contract is running on 2024-07-01"
    assert words.say_holdings(replace(base, contracts=base.contracts.iloc[:0])) == (
        "On 2024-07-01 we know 5 customers; the study holds nothing of what they did."
    )
    totals = replace(measured("bad").orders, n_sales=7, revenue=431.0, nameless_revenue=29.0, n_nameless=3)
    said = words.say_holdings(replace(measured("bad"), orders=totals))
    check_numbers(
        said,
        {
            "customers": "23 customers", "orders": "7 orders", "revenue": "worth 431 EUR net of returns",
            "named": "of which 402 EUR names a customer", "nameless": "29 EUR does not",
        },
    )  # fmt: skip
    assert words.say_holdings(replace(measured("bad"), orders=replace(totals, n_nameless=0))).endswith(
        "with 7 orders worth 431 EUR net of returns."
    )


def test_rules_that_do_not_hold_by_hand():
    def a_finding(n_bad: int, found: str = "") -> SimpleNamespace:
        return SimpleNamespace(
            where="orders.x", expected="every x is y", found=found, n_bad=n_bad, n_checked=40, share_bad=n_bad / 40,
            spoils="sums (reports: a, b)",
        )  # fmt: skip

    verdict = SimpleNamespace(failed=[a_finding(1), a_finding(3), a_finding(3, "all are z")])
    rows = tables.broken_rules_table(replace(measured("good"), verdict=verdict))
    assert rows["found"].tolist() == ["1 of 40 does not (2.5 %)", "3 of 40 do not (7.5 %)", "all are z"]
    assert rows["spoils"].tolist() == ["sums"] * 3


def test_no_share_of_no_revenue():
    rows = [(f"c{i}", "2024-03-01", 10.0) for i in range(12)] + [("c1", "2024-03-02", -120.5)]
    base = describe_base(a_study(orders=orders(*rows, kind=["sale"] * 12 + ["return"])))
    assert base.why_no_concentration == (
        "A share of net revenue means nothing where that is -0.50. Check orders.revenue."
    )


def test_the_level_asked_for_is_the_level_told():
    base = describe_base(good_news(), confidence=0.8)
    usual = measured("good").concentration.top20
    found = base.concentration.top20
    assert usual.lower < found.lower < found.estimate < found.upper < usual.upper
    assert "(80 % interval " in words.answer(base)[0]
    assert base_figures(base)[3].estimator.endswith("; 80 % interval")
