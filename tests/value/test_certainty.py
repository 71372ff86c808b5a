"""How sure is what customers will bring: doubts, tiers, equal value and unequal certainty, bills never paid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crm_research.features.credit import class_now, sum_losses
from crm_research.pillars.value import ValuePage
from crm_research.pillars.value.risk import words
from crm_research.pillars.value.risk.figures import payment_figures, risk_figures
from crm_research.pillars.value.risk.measure import RiskAdjusted, by_tenth, list_sure, measure_risk
from crm_research.pillars.value.risk.page import groups_table, payment_table, sure_section
from crm_research.pillars.value.risk.payment import LATE, measure_payment
from tests.builders import a_study, contracts
from tests.value.test_fees import some_contracts
from tests.value.test_to_come import AS_OF, some_orders

# as_of is 2024-07-01, so that bills due from 2023-04-04 to 2024-04-02 are asked about, and those of the year before
# tell how late a customer was.
BILLS = pd.DataFrame(
    [
        ("in time", "2022-06-01", "2022-06-01", 10.0), ("in time", "2023-06-01", "2023-06-01", 30.0),
        ("late", "2022-06-01", "2022-07-01", 10.0), ("late", "2023-06-01", "2023-08-30", 50.0),
        ("later", "2022-06-01", "2022-07-02", 10.0), ("later", "2023-06-01", "2023-08-31", 70.0),
        ("never", "2022-06-01", "2022-08-31", 10.0), ("never", "2024-04-02", None, 110.0),
        ("new", "2023-05-01", None, 130.0), ("new", "2023-05-01", "2023-05-01", 170.0),
        ("new", "2023-05-01", "2023-05-01", -500.0), ("young", "2024-04-03", None, 900.0),
        (None, "2023-05-01", None, 999.0), ("late", "2024-06-20", "2024-07-05", 5.0),
        ("later", "2023-03-01", "2023-07-01", 9.0),
    ],
    columns=["customer_id", "due_at", "paid_at", "amount"],
)  # fmt: skip


def bills(frame: pd.DataFrame = BILLS) -> pd.DataFrame:
    issued = pd.to_datetime(frame["due_at"]) - pd.Timedelta(days=30)
    return frame.assign(invoice_id=[f"i{n}" for n in range(len(frame))], issued_at=issued.astype(str))


@pytest.mark.slow
def test_bills_are_lost_when_they_are_old_enough_and_customers_judged_by_what_was_known_before():
    found = sum_losses(a_study(as_of=AS_OF, invoices=bills())).to_pandas().set_index("late")
    # later: 31 days late on the first bill, and the second was 33 days late on 2023-04-03, whenever it was paid.
    assert found["n_customers"].to_dict() == {0: 1, 1: 1, 2: 1, 3: 1, 4: 1}
    assert found["due"].to_dict() == {0: 30.0, 1: 50.0, 2: 70.0, 3: 110.0, 4: 300.0}
    # 90 days late is not lost, 91 days are; a bill due 90 days before as_of that is open is.
    assert found["lost"].to_dict() == {0: 0.0, 1: 0.0, 2: 70.0, 3: 110.0, 4: 130.0}
    assert found["n_losing"].to_dict() == {0: 0, 1: 0, 2: 1, 3: 1, 4: 1}
    assert (found.loc[4, "due_due"], found.loc[4, "due_lost"], found.loc[4, "lost_lost"]) == (9e4, 39e3, 169e2)
    assert (found.loc[4, "bill_bill"], found.loc[4, "n_bills"]) == (130.0**2 + 170.0**2, 2)


def test_customers_stand_today_as_their_worst_bill_of_the_year_does():
    found = class_now(a_study(as_of=AS_OF, invoices=bills())).to_pandas().set_index("customer_id")["late"]
    # late: open since 11 days; young and never: open since 89 and 90 days; in time and later: nothing was due.
    assert found.to_dict() == {"in time": 4, "late": 1, "later": 4, "never": 2, "new": 4, "young": 2}


@pytest.mark.slow
def test_why_payment_is_not_known():
    assert "hold no bills" in measure_payment(a_study(as_of=AS_OF, orders=some_orders(3)))[1]
    assert "do not say when" in measure_payment(a_study(as_of=AS_OF, invoices=bills().drop(columns="paid_at")))[1]
    found, why = measure_payment(a_study(as_of=AS_OF, invoices=bills()))
    assert found is None
    assert why.startswith("Fewer than 20 customers")


def risk_of(**options) -> RiskAdjusted:
    page = ValuePage(a_study(as_of=AS_OF, **options), n_backtests=0)
    found = measure_risk(page.study, page.to_come, page.parted, asked={})
    assert isinstance(found, RiskAdjusted)
    return found


@pytest.fixture(scope="module")
def bought():
    return risk_of(orders=some_orders(200))


@pytest.fixture(scope="module")
def billed():
    frame = some_orders(200)
    due = pd.to_datetime(frame["ordered_at"])
    paid = [None if place % 10 == 0 else str(at) for place, at in enumerate(due)]
    rows = pd.DataFrame({"customer_id": frame["customer_id"], "due_at": due.astype(str), "paid_at": paid})
    return risk_of(orders=frame, invoices=bills(rows.assign(amount=frame["revenue"])))


@pytest.mark.slow
def test_doubts_and_tiers_add_up(bought):
    row, lifetime = bought.all, bought.lifetime
    assert row["paid"] == pytest.approx(lifetime.all["expected"])
    assert row["staying"] - row["leaving"] - row["unpaid"] == pytest.approx(row["paid"])
    assert (row["unpaid"], bought.payment) == (0.0, None)
    assert row["leaving"] > 0
    for name in ("n_customers", "staying", "leaving", "paid", "sure_each"):
        assert bought.tiers[name].sum() == pytest.approx(row[name]), name
    assert bought.tiers["tier"].tolist() == ["gold", "iron", "lead", "nothing these months"]
    assert (bought.groups["sure"] < bought.groups["paid"]).all()
    assert (bought.groups["sure"] >= bought.groups["sure_each"]).all()
    # All together are surer than tiers, and tiers than customers.
    assert row["sure"] > bought.tiers["sure"].sum()
    assert (bought.groups["sure_lower"] <= bought.groups["sure"]).all()
    assert (bought.groups["sure"] <= bought.groups["sure_upper"]).all()
    assert row["sure_lower"] / row["sure"] == pytest.approx(row["lower"] / row["paid"])


@pytest.mark.slow
def test_customers_of_equal_value_are_told_apart_by_how_sure_they_are(bought):
    rows = bought.customers
    top = rows.nlargest(20, "paid")
    share = top["sure"] / top["paid"]
    assert share.max() > 1.5 * share.min()
    table = by_tenth(bought)
    assert table["tenth"].tolist() == list(range(1, 11))
    assert table["n_customers"].sum() == 200
    assert (table["low"] <= table["middle"]).all()
    assert (table["middle"] <= table["high"]).all()
    said = words.say_alike(bought)
    assert "one in ten has nothing of it sure" in said
    assert table["low"].iloc[0] == 0
    assert f"at least {100 * table['high'].iloc[0]:.0f} %." in said
    assert words.say_payment(bought) == ""


@pytest.mark.slow
def test_the_list_goes_by_what_is_sure_with_its_limits(bought):
    listed = list_sure(bought, 50)
    assert listed["sure"].is_monotonic_decreasing
    assert (listed["lower"] < listed["sure"]).all()
    assert (listed["sure"] < listed["upper"]).all()
    assert (listed["sure"] < listed["expected"]).all()
    assert (listed["expected"] < listed["if_staying"]).all()
    assert not listed["customer_id"].duplicated().any()
    np.testing.assert_allclose(listed["sure_share"], listed["sure"] / listed["expected"])


@pytest.mark.slow
def test_where_a_customer_may_cost_money_nobody_is_to_rely_on_and_nothing_is_sure(bought):
    half = bought.customers.index < 150
    owing = replace(bought, customers=bought.customers.assign(sure=np.where(half, -1.0, bought.customers["sure"])))
    listed = list_sure(owing, 1_000)
    assert set(listed["customer_id"]) == set(owing.customers.loc[owing.customers["sure"] > 0, "customer_id"])
    assert 0 < len(listed) <= 50
    assert (listed["lower"] < listed["upper"]).all()
    none = replace(bought, customers=bought.customers.assign(sure=-bought.customers["paid"]))
    assert sure_section(none).is_missing
    assert "Of no single customer is anything sure" in str(sure_section(none))
    table = by_tenth(none)
    assert table["high"].iloc[0] == -1
    assert words.alike_title(table) == "In the most valuable tenth nothing of what is expected of a customer is sure"
    assert words.say_alike(none) == ""
    some = table.assign(high=0.25)
    assert words.alike_title(some) == "In the most valuable tenth 0 % to 25 % of what is expected of a customer is sure"


@pytest.mark.slow
def test_bills_never_paid_lower_the_value(billed, bought):
    assert billed.payment is not None
    share = billed.payment.share
    assert 0.05 < share < 0.15
    unpaid = billed.all["unpaid"] / (billed.all["unpaid"] + billed.all["paid"])
    assert unpaid == pytest.approx(share, rel=0.3)
    assert billed.all["paid"] + billed.all["unpaid"] == pytest.approx(bought.all["paid"])
    assert billed.all["sure"] < bought.all["sure"]
    said = words.say_payment(billed)
    assert f"{100 * share:.1f} % of the money was not paid within 90 days" in said or "%" in said
    assert "never sent a bill" not in said
    table = payment_table(billed)
    assert set(table["paid_before"]) <= set(LATE)
    assert table["customers_now"].sum() == len(billed.payment.standing)
    found = {figure.id: figure for figure in [*risk_figures(billed), *payment_figures(billed)]}
    assert found["value.credit_doubt_share"].estimate == pytest.approx(unpaid)
    assert found["value.risk_adjusted"].estimate == pytest.approx(billed.all["sure"])
    assert "unpaid" in groups_table(billed)
    assert "unpaid" not in groups_table(bought)


@pytest.mark.slow
def test_contracts_of_one_customer_add_up_and_nobodys_are_named():
    held, changed = some_contracts(240)
    held.loc[held["customer_id"].isin(["c1", "c2"]), "customer_id"] = "c0"
    held.loc[held["customer_id"] == "c4", "customer_id"] = None
    found = risk_of(contracts=held, contract_states=changed)
    rows = found.customers.set_index("customer_id")
    assert found.all["paid"] == pytest.approx(found.lifetime.all["expected"])
    assert found.groups.loc[found.groups["tier"] == "nobody named", "paid"].iloc[0] > 0
    assert found.groups.loc[found.groups["tier"] == "nobody named", "n_customers"].iloc[0] == 0
    # Three contracts together are surer than three customers with one each.
    fees = found.parts.fees
    assert fees is not None
    alone = fees.value.at_least(0.9)[fees.owner == found.parts.names.get_loc("c0")]
    assert len(alone) == 3
    assert rows.loc["c0", "sure"] > 1.02 * alone.sum()
    single = rows.drop(index="c0")
    assert (single["sure"] <= single["paid"]).all()


@pytest.mark.slow
def test_who_buys_and_holds_a_contract_has_both():
    held, changed = some_contracts(160)
    held["customer_id"] = [f"c{place:03d}" for place in range(160)]
    found = risk_of(orders=some_orders(200), contracts=held, contract_states=changed)
    orders, fees = found.parts.orders, found.parts.fees
    assert orders is not None
    assert fees is not None
    place = int(found.parts.names.get_loc("c004"))
    parts = [float(part.value.expected[part.owner == place].sum()) for part in (orders, fees)]
    row = found.customers.iloc[place]
    assert row["expected"] == pytest.approx(sum(parts))
    # Both together are at least as sure as the surer of them, and less than what both may come to.
    own = float(fees.value.at_least(0.9)[fees.owner == place][0])
    assert own <= row["sure"] < row["paid"]
    assert found.all["n_customers"] == len(found.customers) == len({*orders.owner, *fees.owner})


def test_nothing_known_is_said():
    page = ValuePage(a_study(as_of=AS_OF, contracts=contracts(("ann", "2024-01-01", "2024-02-01", "price"))))
    assert page.certainty.is_missing
    assert page.reliable.is_missing
    assert page.payment.is_missing
