"""The five lenses and the books, by hand and against pandas."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from crm_research import open_study
from crm_research.pillars.customer_base_audit import AuditPage, audit_base, choose_periods
from crm_research.pillars.customer_base_audit.change import NAMELESS, NEW, ONLY_RETURNS
from crm_research.pillars.customer_base_audit.charts import stack_title
from tests.builders import a_study, orders
from tests.customer_base_audit.worlds import ROWS, by_hand, random_rows, read_dealings


@cache
def a_page() -> AuditPage:
    """The world by hand, measured once."""
    return AuditPage(by_hand())


def test_the_books_hold_every_order_once():
    books = a_page().result.books
    dealings = read_dealings(by_hand()).dropna(subset=["ordered_at"])
    assert books.revenue == pytest.approx(dealings["revenue"].sum()) == pytest.approx(770.0)
    assert (books.n_sales, books.n_returns, books.n_cancelled, books.n_undated) == (11, 3, 1, 1)
    assert books.undated_revenue == 17.0
    by_source = books.by_source.set_index("part")
    assert by_source["revenue"].to_dict() == {
        "customers who bought": pytest.approx(749.0), "only returns": -3.0, "no customer named": 24.0
    }  # fmt: skip
    assert by_source["n_orders"].tolist() == [11, 1, 2]
    assert by_source["n_customers"].iloc[:2].tolist() == [4, 1]
    assert books.is_balanced
    assert books.nameless_orders == 2
    table = books.by_period
    assert table["revenue"].sum() == pytest.approx(770.0)
    # The year of as_of is there, in part.
    assert not table["is_whole"].iloc[-1]
    assert table["revenue"].iloc[-1] == 500.0


def test_two_years_are_compared_and_no_part_of_a_third():
    found = a_page().result
    periods = found.periods
    assert (periods.months, periods.latest, periods.then, periods.before) == (12, 2023, 2022, None)
    assert (periods.course_months, periods.name_of_course(periods.last)) == (3, "2023 Q4")
    change = found.change
    assert change.factors.set_index("factor").loc["customers", ["then", "now"]].tolist() == [3, 2]
    # Ann twice, Bob and Dee once; then Ann three times and Cy once.
    assert change.factors.set_index("factor").loc["frequency", ["then", "now"]].tolist() == [4 / 3, 2.0]
    assert change.factors.set_index("factor").loc["spend", ["then", "now"]].tolist() == [195 / 4, 134 / 4]
    assert change.factors.set_index("factor").loc["margin", "then"] == pytest.approx(90 / 195)
    rows = change.revenue.set_index("component")["estimate"]
    # Shapley by hand: each factor over the averages of the others in all orders.
    n, f, s = (3, 2), (4 / 3, 2.0), (195 / 4, 33.5)
    assert rows["customers"] == pytest.approx(
        (n[1] - n[0]) * ((f[0] * s[0] + f[1] * s[1]) / 3 + (f[0] * s[1] + f[1] * s[0]) / 6)
    )
    assert rows["frequency"] == pytest.approx(
        (f[1] - f[0]) * ((n[0] * s[0] + n[1] * s[1]) / 3 + (n[0] * s[1] + n[1] * s[0]) / 6)
    )
    # Dee and Eve bought nothing in 2023 and gave back 83.
    assert rows[ONLY_RETURNS] == pytest.approx(-83.0)
    assert rows[NAMELESS] == pytest.approx(2.0)
    assert rows["total"] == pytest.approx((134 - 83 + 13) - (195 + 11))
    flows = change.flows.set_index("flow")
    assert flows["n_customers"].to_dict() == {"lost": 2, "kept": 1, "gained": 1}
    assert flows["estimate"].to_dict() == {"lost": -165.0, "kept": 79 - 30, "gained": 55.0}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_sums_agree_with_pandas(seed):
    study = by_hand(as_of="2024-02-10 06:00", rows=random_rows(seed))
    found = audit_base(study)
    dealings = read_dealings(study).dropna(subset=["ordered_at"])
    year = dealings["ordered_at"].dt.year
    sales = dealings[dealings["kind"] == "sale"]
    bought = sales.dropna(subset=["customer_id"]).groupby([sales["ordered_at"].dt.year, "customer_id"]).size()
    rows = found.change.revenue.set_index("component")["estimate"]
    assert rows["total"] == pytest.approx(
        dealings["revenue"][year == 2023].sum() - dealings["revenue"][year == 2022].sum()
    )
    assert rows.drop("total").sum() == pytest.approx(rows["total"], abs=1e-9)
    profit = found.change.profit.set_index("component")["estimate"]
    margin = dealings["revenue"] - dealings["cost"]
    assert profit["total"] == pytest.approx(margin[year == 2023].sum() - margin[year == 2022].sum())
    assert profit.drop("total").sum() == pytest.approx(profit["total"], abs=1e-9)
    factors = found.change.factors.set_index("factor")
    assert factors.loc["customers", ["then", "now"]].tolist() == [len(bought[2022]), len(bought[2023])]
    assert factors.loc["frequency", "now"] == pytest.approx(bought[2023].mean())
    then, now = set(bought[2022].index), set(bought[2023].index)
    flows = found.change.flows.set_index("flow")["n_customers"]
    assert flows.to_dict() == {"lost": len(then - now), "kept": len(then & now), "gained": len(now - then)}
    named = dealings[(year == 2023) & dealings["customer_id"].isin(now)].groupby("customer_id")["revenue"].sum()
    ranked = named.sort_values(ascending=False)
    assert found.spread.revenue == pytest.approx(ranked.sum())
    assert found.spread.tenths["n_customers"].sum() == len(ranked)
    assert found.spread.tenths["revenue"].iloc[0] == pytest.approx(ranked.iloc[: -(-len(ranked) // 10)].sum())
    assert found.spread.n_losing == (ranked < 0).sum()
    first = (
        sales[sales["ordered_at"] < "2024"].dropna(subset=["customer_id"]).groupby("customer_id")["ordered_at"].min()
    )
    assert found.spread.n_known == len(first)
    assert found.spread.purchases["n_customers"].sum() == len(first)
    assert found.books.by_period["revenue"].sum() == pytest.approx(dealings["revenue"].sum())
    assert found.cohorts.sums["revenue"].sum() == pytest.approx(dealings["revenue"].sum())
    assert found.books.is_balanced


@pytest.mark.slow
def test_who_was_there_when_the_records_begin_is_never_called_new():
    found = audit_base(by_hand(rows=random_rows(5)))
    early = found.cohorts.sums[found.cohorts.sums["cohort"] == "from before"]
    assert early["n_customers"].iloc[0] > 20
    assert all(name >= found.periods.name_of_course(found.new_from) for name in found.cohorts.quality["cohort"])
    course = found.health.course.set_index("period")
    assert course.loc["2022 Q1", "new_revenue_share"] != course.loc["2022 Q1", "new_revenue_share"]


def even_intake(n_months: int, *, as_of: str, returning: int = 3):
    """Ten new customers on the same days of every month; each comes back after 30 days, a few times."""
    rows = []
    for month in range(n_months):
        first = pd.Timestamp("2022-01-01") + pd.DateOffset(months=month)
        for i in range(10):
            for again in range(returning):
                at = first + pd.Timedelta(days=i * 2 + 30 * again)
                rows.append((f"m{month:02}-{i}", str(at.date()), 10.0 + i + month))
    return a_study(as_of=as_of, orders=orders(*rows))


@pytest.mark.slow
def test_records_that_begin_with_their_customers_have_new_ones_from_the_start():
    found = audit_base(even_intake(24, as_of="2023-12-31"))
    assert found.intake.is_flat
    assert "from before" not in set(found.cohorts.sums["cohort"])
    # Orders carry no time of day, so the day of as_of is whole, and so is 2023.
    assert (found.periods.latest, found.periods.then) == (2023, 2022)
    sources = found.change.sources.set_index("component")
    assert sources.loc[NEW, ["n_then", "n_now"]].tolist() == [120, 120]
    # Customers of January to October bring all three purchases in their year; those of November and December some.
    assert found.health.new_change["direction"] == 1
    assert found.health.new_periods == found.periods


@pytest.mark.slow
def test_a_day_that_has_not_passed_is_not_whole_where_orders_have_hours():
    frame = read_dealings(even_intake(24, as_of="2023-12-31"))
    with_hours = frame.assign(ordered_at=frame["ordered_at"] + pd.Timedelta(hours=9))
    study = a_study(as_of="2023-12-31", orders=with_hours[["order_id", "customer_id", "ordered_at", "revenue"]])
    assert audit_base(study).periods.name(audit_base(study).periods.latest) == "2023 H1"


@pytest.mark.parametrize(
    ("first", "as_of", "period", "told"),
    [
        ("2022-01-01", "2023-12-31 23:59:59", None, ("2023", "2022", "", 3)),
        ("2022-01-02", "2024-06-29", None, ("2023", "2022", "", 3)),
        # The tenth of a year is 36 days; two days and three usual gaps are less.
        ("2022-01-20", "2024-06-29", None, ("2023 H2", "2022 H2", "", 3)),
        ("2022-01-01", "2023-12-30", None, ("2023 H1", "2022 H1", "", 3)),
        ("2023-01-01", "2023-12-30", None, ("2023 Q3", "2023 Q2", "2023 Q1", 1)),
        ("2023-05-03", "2023-08-02", None, ("2023-07", "2023-06", "2023-05", 1)),
        ("2023-05-03 01:00", "2023-07-02", None, ("2023-06", "", "", 1)),
        ("2023-05-10", "2023-06-20", None, ("", "", "", 1)),
        ("2020-01-01", "2024-06-29", "month", ("2024-05", "2023-05", "2022-05", 1)),
        ("2020-01-01", "2024-06-29", "half-year", ("2023 H2", "2022 H2", "2021 H2", 6)),
    ],
)
def test_the_latest_whole_period_is_compared_with_its_season_or_the_one_before(first, as_of, period, told):
    periods = choose_periods(
        first_at=pd.Timestamp(first).to_pydatetime(),
        as_of=pd.Timestamp(as_of).to_pydatetime(),
        n_sales=1000,
        whole_until=pd.Timestamp(as_of).to_pydatetime(),
        period=period,
    )
    named = (periods.name(periods.latest), periods.name(periods.then), periods.name(periods.before))
    assert (*named, periods.course_months) == told


def test_a_period_nobody_knows_is_refused():
    with pytest.raises(Exception, match=r"no period 'quarters'. Did you mean 'quarter'"):
        audit_base(by_hand(), period="quarters")


DEGENERATE = {
    "one order": (("a", "2024-01-05", 5.0, 1.0, "sale"),),
    "returns alone": (("a", "2024-01-05", -5.0, 1.0, "return"),),
    "nobody's orders": ((None, "2022-01-01", 5.0, 1.0, "sale"), (None, "2023-11-05", 5.0, 1.0, "sale")),
    "cancelled alone": (("a", "2024-01-05", 5.0, 1.0, "cancelled"),),
    "undated alone": (("a", None, 5.0, 1.0, "sale"),),
    "no money": tuple((f"c{i}", f"202{2 + i % 2}-0{1 + i % 9}-01", 0.0, 0.0, "sale") for i in range(40)),
    "all alike": tuple((f"c{i % 20}", f"202{2 + i // 20}-01-01", 3.0, 1.0, "sale") for i in range(40)),
    "returns larger than sales": tuple(
        (f"c{i % 15}", f"202{2 + i % 2}-0{1 + i % 9}-01", -9.0 if i % 3 else 2.0, 1.0, "return" if i % 3 else "sale")
        for i in range(90)
    ),
    "nobody came back": tuple((f"c{i}", f"202{2 + i // 30}-0{1 + i % 9}-11", 5.0 + i, 1.0, "sale") for i in range(60)),
    "a stray date": (("old", "1970-01-01", 1.0, 1.0, "sale"), *random_rows(3, n=60)),
    "nobody in the year before": tuple(
        (f"c{i}", f"{2021 if i < 30 else 2023}-0{1 + i % 9}-11", 5.0 + i, 1.0, "sale") for i in range(60)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("world", DEGENERATE)
def test_the_page_stands_whatever_the_orders_are(world):
    page = AuditPage(by_hand(rows=DEGENERATE[world]))
    audit = page.result
    assert audit.books.is_balanced
    if audit.change is not None:
        parts = audit.change.revenue.set_index("component")["estimate"]
        assert parts.drop("total").sum() == pytest.approx(parts["total"], abs=1e-9)
    for made in page.sections().values():
        said = repr(made)
        assert "nan" not in said.replace("finance", "")
        for chart in made.charts:
            assert chart.draw(None) is not None
    assert [figure.estimate for figure in page.figures if figure.id == "audit.revenue"] == [
        pytest.approx(audit.books.revenue)
    ]


@pytest.mark.slow
def test_without_costs_or_kinds_no_profit_is_told():
    found = audit_base(by_hand(cost=False, kinds=False))
    assert found.change.profit.empty
    assert found.books.n_returns == 0
    rows = list(ROWS)
    rows[0] = (*rows[0][:3], None, "sale")
    unknown = AuditPage(by_hand(rows=tuple(rows)))
    assert unknown.result.n_without_cost == 1
    assert "the cost of 1 order is not known" in repr(unknown.setting)
    assert not [figure for figure in unknown.figures if figure.id == "audit.profit_change"]


@pytest.mark.slow
def test_books_that_do_not_balance_are_said_before_everything():
    page = AuditPage(by_hand())
    object.__setattr__(page.result.books, "revenue", page.result.books.revenue + 0.02)
    lines = repr(page.answer).splitlines()
    assert lines[0].startswith("The books do not balance: summed up by customer and period, orders are 0.02 EUR from")
    assert page.steps()[0].text.startswith("Mend the records")
    assert next(figure for figure in page.figures if figure.id == "audit.revenue").outcome == "fails"


@pytest.mark.slow
def test_the_answer_of_the_world_by_hand():
    said = repr(a_page().answer)
    assert "Revenue of 2023 was 64 EUR, no clear change from 2022 (206 EUR)" in said
    assert "+2 EUR from orders that name no customer." in said
    assert "A fifth of the buyers needs at least 10 of them; here are 2." in said
    assert np.isfinite([figure.estimate for figure in a_page().figures]).all()


@pytest.mark.slow
def test_a_period_in_which_nobody_new_came_is_not_told_by_a_share_of_nothing():
    # CDNOW's customers all came in the first quarter of 1997.
    audit = audit_base(open_study("cdnow"))
    assert stack_title(audit) == "Customers first seen earlier brought all the revenue of 1997-09"
