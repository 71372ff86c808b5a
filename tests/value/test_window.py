"""Over which months money is counted."""

from datetime import datetime

import pytest

from crm_research.errors import ParameterError
from crm_research.features.money_window import find_window, holds_months_before
from crm_research.features.reach import whole_until
from crm_research.pillars.customer_base_audit import audit_base
from tests.builders import a_study, contracts, orders


def over(first, as_of, **asked):
    return find_window(a_study(as_of=as_of, orders=orders(("ann", first, 5.0))), **asked)


@pytest.mark.parametrize(
    ("first", "as_of", "start", "end", "months"),
    [
        ("2021-01-01", "2024-07-01", "2023-07-01", "2024-07-01", 12),
        ("2021-01-01", "2024-06-30 23:59:59", "2023-07-01", "2024-07-01", 12),
        ("2021-01-01", "2024-06-30", "2023-07-01", "2024-07-01", 12),
        ("2021-01-01 08:00", "2024-06-30", "2023-06-01", "2024-06-01", 12),
        ("2021-01-01", "2024-06-29", "2023-06-01", "2024-06-01", 12),
        ("2021-01-01", "2024-06-30 12:00", "2023-06-01", "2024-06-01", 12),
        ("2024-01-03", "2024-07-01", "2024-01-01", "2024-07-01", 6),
        ("2024-01-08", "2024-07-01", "2024-02-01", "2024-07-01", 5),
    ],
)
def test_the_latest_whole_months_or_as_many_as_the_records_hold(first, as_of, start, end, months):
    found = over(first, as_of)
    assert (found.start, found.end, found.months) == (
        datetime.fromisoformat(start), datetime.fromisoformat(end), months,
    )  # fmt: skip
    assert found.is_shorter == (months < 12)


def test_with_quarters_it_ends_with_a_quarter():
    found = over("2021-01-01", "2024-06-29", grain_months=3)
    assert (found.start, found.end) == (datetime(2023, 4, 1), datetime(2024, 4, 1))


def test_contracts_tell_whether_days_are_whole_only_where_there_are_no_orders():
    by_day = contracts(("ann", "2021-01-01", "2024-02-03", "price"), ("bob", "2021-02-01", None, None))
    with_hours = contracts(("ann", "2021-01-01", "2024-02-03 07:00", "price"))
    late = datetime(2024, 6, 30)
    assert whole_until(a_study(as_of="2024-06-30", contracts=by_day)) == datetime(2024, 7, 1)
    assert whole_until(a_study(as_of="2024-06-30", contracts=with_hours)) == late
    bought = orders(("ann", "2024-01-01", 5.0))
    assert whole_until(a_study(as_of="2024-06-30", orders=bought, contracts=with_hours)) == datetime(2024, 7, 1)
    hourly = orders(("ann", "2024-01-01", 5.0), ("ann", "2024-01-01 09:00", 5.0))
    assert whole_until(a_study(as_of="2024-06-30", orders=hourly, contracts=by_day)) == late
    # What comes later is not asked, nor are the records where no month ends.
    later = orders(("ann", "2024-01-01", 5.0), ("ann", "2024-07-01 09:00", 5.0))
    assert whole_until(a_study(as_of="2024-06-30", orders=later)) == datetime(2024, 7, 1)
    assert whole_until(a_study(as_of="2024-06-29", orders=bought)) == datetime(2024, 6, 29)


def test_the_audit_and_customer_value_end_with_the_same_day():
    bought = orders(*((f"c{n % 30}", f"2023-{1 + n % 12:02d}-{1 + n % 28:02d}", 5.0 + n) for n in range(300)))
    study = a_study(as_of="2023-12-31", orders=bought)
    audit, value = audit_base(study, period="quarter"), find_window(study, months=3)
    assert audit.periods is not None
    assert audit.periods.name(audit.periods.latest) == "2023 Q4"
    assert (value.start, value.end) == (datetime(2023, 10, 1), datetime(2024, 1, 1))


def test_records_of_less_than_a_month_are_taken_whole():
    found = over("2024-06-10", "2024-06-20 15:00")
    assert (found.start, found.months) == (datetime(2024, 6, 1), 0)
    assert found.end > datetime(2024, 6, 20, 15)


@pytest.mark.parametrize("months", [0, 121, True])
def test_months_that_are_none_are_asked_back(months):
    with pytest.raises(ParameterError, match="months must be"):
        over("2021-01-01", "2024-07-01", months=months)


def test_the_stretch_before_is_looked_at_only_where_the_records_hold_it_whole():
    whole = a_study(contracts=contracts(("ann", "2022-07-01", None, None)))
    late = a_study(contracts=contracts(("ann", "2022-07-09", None, None)))
    assert find_window(whole).before().start == datetime(2022, 7, 1)
    assert holds_months_before(whole, find_window(whole))
    assert not holds_months_before(late, find_window(late))
