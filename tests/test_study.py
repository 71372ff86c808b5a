"""A study tells what it is when it is looked at."""

from __future__ import annotations

from tests.builders import a_study, orders


def test_a_study_shows_its_clock_money_and_tables():
    study = a_study(orders=orders(("a", "2024-01-01", 5.0)), as_of="2024-07-01", holdout_until="2024-10-01")
    said = repr(study).splitlines()
    assert said[0].startswith(f"study: {study.name}, ")
    assert said[1:] == ["as of: 2024-07-01", "holdout until: 2024-10-01", "currency: EUR", "tables: orders"]
    assert "<dt>tables</dt><dd>orders</dd>" in study._repr_html_()


def test_a_time_of_day_and_attributes_are_told_and_nothing_runs_as_markup():
    rows = orders(("a", "2024-01-01", 5.0)).assign(**{"<b>": ["x"]})
    study = a_study(orders=rows, as_of="2024-07-01 12:30", attributes={"orders": {"<b>": "category"}})
    assert "as of: 2024-07-01 12:30" in repr(study)
    assert "holdout until: none" in repr(study)
    assert "<dd>orders.&lt;b&gt;</dd>" in study._repr_html_()
