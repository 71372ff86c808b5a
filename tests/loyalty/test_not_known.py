"""A number that is not known makes a sentence of its own, and is never put into one that needs a number."""

from __future__ import annotations

import pytest

from crm_research.pillars.loyalty import describe_loyalty
from crm_research.pillars.loyalty.repeat.words import _say_wait, repeat_finding, wait_finding
from tests.builders import a_study, orders

WHOM = "Of first-time buyers, "
UNTOLD = "How soon first-time buyers come back is not known: too few were watched"


@pytest.mark.parametrize(
    ("half", "back", "told"),
    [
        ("3 months", "54 %", f"{WHOM}half are back after 3 months, and 54 % in time"),
        ("not known", "54 %", f"{WHOM}54 % are back in time; after how long half of them are is not known"),
        ("3 months", "not known", f"{WHOM}half are back after 3 months; how many are in time is not known"),
        ("not known", "not known", UNTOLD),
    ],
)
def test_the_wait_is_told_as_far_as_it_is_known(half, back, told):
    assert _say_wait("", half, back, "in time") == told


def test_one_customer_says_nothing_of_waits():
    study = a_study(
        orders=orders(*(("anna", f"2023-{month:02}-01", 10.0) for month in range(1, 12))), as_of="2024-01-01"
    )
    found = describe_loyalty(study)
    assert wait_finding(found) == f"{UNTOLD}."
    assert repeat_finding(found) == "The one buyer has bought again so far."
