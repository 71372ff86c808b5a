"""Tables kept for a study, and the study as it stands at the end of its holdout."""

from __future__ import annotations

from datetime import datetime

from crm_research.features.kept import keep_table, seen_to_the_end
from tests.builders import a_study, orders

SALES = orders(("ann", "2024-01-01", 1.0), ("ann", "2024-05-01", 1.0))


def test_the_later_study_stands_at_the_end_of_the_holdout_and_is_made_once():
    study = a_study(as_of="2024-03-01", holdout_until="2024-06-01", orders=SALES)
    later = seen_to_the_end(study)
    assert later.as_of == datetime(2024, 6, 1)
    assert later.holdout_until is None
    assert seen_to_the_end(study) is later
    plain = a_study(as_of="2024-03-01", orders=SALES)
    assert seen_to_the_end(plain) is plain


def test_a_table_is_built_when_it_is_first_asked_for_and_then_read():
    study, asked = a_study(as_of="2024-03-01", orders=SALES), []

    def build():
        asked.append(1)
        return study.table("orders")

    first = keep_table(study, "all", build)
    assert keep_table(study, "all", build) is first
    assert len(asked) == 1
    keep_table(study, "others", build)
    keep_table(a_study(as_of="2024-03-01", orders=SALES), "all", build)
    assert len(asked) == 3
