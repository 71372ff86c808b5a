"""Until when are the records whole? The one rule for every window of whole calendar periods."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from crm_research.features.window import known_rows

if TYPE_CHECKING:
    from crm_research.study import Study

_DAY: Final = timedelta(days=1)
# What tells at which time of day things are recorded: the first of these tables that a study has.
_DATED: Final = (("orders", ("ordered_at",)), ("contracts", ("started_at", "ended_at")))


def whole_until(study: Study) -> datetime:
    """From which instant on may records be missing?

    It is as_of; and where nothing is dated with a time of day, the end of as_of's own day, which is then known whole at
    its midnight. Orders tell whether they are by day, contracts in a study without orders. The records are asked only
    where it matters: where a month ends with that day.
    """
    as_of = study.as_of
    if as_of.time() != time.min or (as_of + _DAY).day != 1:
        return as_of
    for table, columns in _DATED:
        if study.has(table):
            return as_of + _DAY if _is_by_day(study, table, columns) else as_of
    return as_of


def _is_by_day(study: Study, table: str, columns: tuple[str, ...]) -> bool:
    rows = known_rows(study, table)
    counts = {
        name: rows.count(where=rows[name] != rows[name].truncate("D")) for name in columns if name in rows.columns
    }
    found = rows.agg(**counts).to_pyarrow().to_pylist()[0]
    return not any(found.values())
