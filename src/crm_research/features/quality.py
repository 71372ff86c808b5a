"""Rows counted for their quality: what is missing, month by month, and what breaks no rule; one scan a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import ibis

from crm_research import vocabulary
from crm_research.contracts import TABLES, TableContract
from crm_research.contracts.record_tables import RECORD_KEY
from crm_research.contracts.row_checks import build_row_checks, is_missing
from crm_research.contracts.rules import NOTE, RULES
from crm_research.contracts.shape_checks import usable_columns
from crm_research.features.clock import instant, period_number
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from crm_research.study import Study

# Columns whose empty cells say something ("runs still", "a sale", "from its start"), so that none of them is missing.
_EMPTY_SAYS: Final = frozenset(
    {
        ("orders", "kind"),
        ("contracts", "observed_from"),
        ("activities", "unit_time"),
        ("activities", "capacity"),
        ("activities", "resource"),
        ("campaign_targets", "is_control"),
        ("contacts", "person_id"),
        ("people", "note"),
        ("customer_records", "parent_id"),
    }
)
# Rows that these find are no worse than others: they are not read, or need no mend.
_HARMLESS: Final = frozenset({"after-window", "early-payment"})
# Rows may say which system they were written in.
SYSTEM: Final = "system"
_MOST_SYSTEMS: Final = 20
_FIRST_BELIEVABLE: Final = datetime(1900, 1, 1)
_LAST_BELIEVABLE: Final = datetime(2200, 1, 1)
# What is looked for in times that customers are described by: which rows, by the name of the suspicion.
TIME_FAULTS: Final = ("before-1900", "in-the-future", "first-of-january")


@dataclass(frozen=True, eq=False, kw_only=True)
class TableCounts:
    """What one scan of a table has counted.

    Parameters
    ----------
    table, n_rows
        Which table, and its rows, those after as_of among them.
    n_sound
        Rows that break no rule which a row can break by itself.
    columns
        One row a column whose empty cells are missing: column, n_asked (rows that should have a value), n_missing.
    not_judged
        Columns whose empty cells say something.
    months
        One row a month (number of months since the year 0) and column: month, column, n_asked, n_missing. Empty where
        rows carry no time.
    times
        One row a time that rows are described by: column, n_filled, and a count for each of `TIME_FAULTS`.
    """

    table: str
    n_rows: int
    n_sound: int
    columns: pd.DataFrame
    not_judged: tuple[str, ...]
    months: pd.DataFrame
    times: pd.DataFrame


@step
def count_quality(study: Study, table: str) -> TableCounts:
    """What is missing in each column of a table, in which month, and how many rows break no rule?

    Rows of all times are counted, as the checks count them.
    """
    import pandas as pd

    contract = TABLES[table]
    judged, times = _looked_at(study, table)
    found: pd.DataFrame = build_quality_counts(study, table).to_pandas()
    if "_month" not in found.columns:
        found["_month"] = pd.NA
    usable = usable_columns(contract, study.table(table), study.attributes_of(table))
    attributes, known_at = study.attributes_of(table), contract.known_at if contract.known_at in usable else None
    counts = found.drop(columns="_month").astype("float64").fillna(0)
    sums = counts.sum()
    n_rows = int(sums["n_rows"])
    return TableCounts(
        table=table,
        n_rows=n_rows,
        n_sound=n_rows - int(sums["n_at_fault"]),
        columns=_of_columns(judged, sums),
        not_judged=tuple(
            name for name in (*contract.column_names, *attributes) if name in usable and name not in judged
        ),
        months=_of_months(judged, found["_month"], counts) if known_at is not None else _of_months({}, None, counts),
        times=pd.DataFrame(
            [
                (name, int(sums[f"filled_{i}"]), *(int(sums[f"{fault}_{i}"]) for fault in TIME_FAULTS))
                for i, name in enumerate(times)
            ],
            columns=["column", "n_filled", *TIME_FAULTS],
        ),
    )


def build_quality_counts(study: Study, table: str) -> ir.Table:
    """The counts that `count_quality` reads, one row a month of the records' own time, or one row without one."""
    judged, times = _looked_at(study, table)
    contract, rows = TABLES[table], study.table(table)
    if contract.known_at not in usable_columns(contract, rows, study.attributes_of(table)):
        return rows.aggregate(**_ask(study, table, rows, judged, times))
    dated = rows.mutate(_month=_month_of(rows[contract.known_at]))
    asked = _ask(study, table, dated, judged, times)
    return dated.group_by("_month").aggregate(**asked).order_by("_month")


def _looked_at(study: Study, table: str) -> tuple[dict[str, str | None], list[str]]:
    """Columns whose empty cells are missing, as `_judged` has them, and times that rows are described by."""
    contract, rows, attributes = TABLES[table], study.table(table), study.attributes_of(table)
    usable = usable_columns(contract, rows, attributes)
    times = [name for name, kind in attributes.items() if kind == vocabulary.TIME and name in usable]
    return _judged(contract, rows, usable, attributes), times


def _judged(
    contract: TableContract, rows: ir.Table, usable: set[str], attributes: Mapping[str, str]
) -> dict[str, str | None]:
    """Columns whose empty cells are missing, each with the column that must be filled for it to be asked at all."""
    judged: dict[str, str | None] = {}
    for column in contract.columns:
        # Whose a row is may be said by one or the other.
        is_either = column.name in RECORD_KEY and column.nullable
        is_told = is_either or (contract.name, column.name) in _EMPTY_SAYS
        if column.name in usable and not column.happens_later and not is_told:
            if column.known_with is None:
                judged[column.name] = None
            elif column.known_with in usable:
                judged[column.name] = column.known_with
    extra = [name for name in attributes if name in rows.columns and name not in contract.column_names]
    return judged | dict.fromkeys(name for name in extra if name in usable)


def _ask(
    study: Study, table: str, rows: ir.Table, judged: Mapping[str, str | None], times: list[str]
) -> dict[str, Any]:
    asked: dict[str, Any] = {"n_rows": rows.count(), "n_at_fault": rows.count(where=is_at_fault(study, table, rows))}
    asked |= _count_missing(rows, table, judged)
    for i, name in enumerate(times):
        faults = time_faults(rows[name], study)
        asked[f"filled_{i}"] = rows[name].count()
        asked |= {f"{fault}_{i}": rows.count(where=condition) for fault, condition in faults.items()}
    return asked


def _count_missing(rows: ir.Table, table: str, judged: Mapping[str, str | None]) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    ours = TABLES[table].column_names
    for i, (name, source) in enumerate(judged.items()):
        empty = is_missing(rows[name]) if name in ours else _is_empty(rows[name])
        if source is not None:
            empty &= rows[source].notnull()  # noqa: PD004 - Ibis
            asked[f"asked_{i}"] = rows[source].count()
        asked[f"missing_{i}"] = rows.count(where=empty)
    return asked


def _is_empty(value: Any) -> Any:
    """Null, or no more than a blank: of a table's own columns there may be hundreds, and a longer condition is dear."""
    empty = value.isnull()  # noqa: PD003 - Ibis
    return empty | value.isin(("", " ")) if value.type().is_string() else empty


def is_at_fault(study: Study, table: str, rows: ir.Table) -> Any:
    """Does a row break a rule by itself, one that calls for care? A condition on rows of that table."""
    contract, attributes = TABLES[table], study.attributes_of(table)
    usable = usable_columns(contract, rows, attributes)
    last = study.holdout_until or study.as_of
    no = ibis.literal(value=False)
    condition: Any = no
    for check in build_row_checks(contract, rows, usable, last_instant=last, attributes=attributes):
        if RULES[check.rule].severity != NOTE and check.rule not in _HARMLESS:
            condition |= check.bad(rows).fill_null(no)
    return condition


def time_faults(at: Any, study: Study) -> dict[str, Any]:
    """What can be wrong with a time that somebody is described by, such as a birth: a condition for each fault."""
    return {
        "before-1900": at < instant(_FIRST_BELIEVABLE),
        "in-the-future": at > instant(study.holdout_until or study.as_of),
        "first-of-january": (at.month() == 1) & (at.day() == 1),
    }


def _month_of(at: Any) -> Any:
    is_believable = at.between(instant(_FIRST_BELIEVABLE), instant(_LAST_BELIEVABLE))
    return is_believable.ifelse(period_number(at, 1), ibis.null("int64"))


def _of_columns(judged: Mapping[str, str | None], sums: pd.Series) -> pd.DataFrame:
    import pandas as pd

    held = [
        (name, int(sums[f"asked_{i}" if source is not None else "n_rows"]), int(sums[f"missing_{i}"]))
        for i, (name, source) in enumerate(judged.items())
    ]
    return pd.DataFrame(held, columns=["column", "n_asked", "n_missing"])


def _of_months(judged: Mapping[str, str | None], months: pd.Series | None, counts: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    columns = ["month", "column", "n_asked", "n_missing"]
    parts = [
        pd.DataFrame(
            {
                "month": months,
                "column": name,
                "n_asked": counts[f"asked_{i}" if source is not None else "n_rows"],
                "n_missing": counts[f"missing_{i}"],
            }
        )
        for i, (name, source) in enumerate(judged.items())
    ]
    if not parts:
        return pd.DataFrame(columns=columns)
    found = pd.concat(parts, ignore_index=True)
    return found.loc[found["month"].notna()].astype({"month": int, "n_asked": int, "n_missing": int})


@step
def count_by_system(study: Study, table: str) -> pd.DataFrame:
    """What is missing in the rows of each system that a table's records come from?

    Returns
    -------
    pandas.DataFrame
        Grain: system (a column or attribute of that name, at most the 20 with most rows) and column. Columns
        ``system``, ``column``, ``n_asked``, ``n_missing``. Empty where rows do not say which system they are of.
    """
    import pandas as pd

    columns = ["system", "column", "n_asked", "n_missing"]
    contract, rows, attributes = TABLES[table], study.table(table), study.attributes_of(table)
    usable = usable_columns(contract, rows, attributes)
    if SYSTEM not in usable or not rows[SYSTEM].type().is_string():
        return pd.DataFrame(columns=columns)
    judged = {name: source for name, source in _judged(contract, rows, usable, attributes).items() if name != SYSTEM}
    rows = rows.filter(~is_missing(rows[SYSTEM]))
    named = rows.group_by(SYSTEM).aggregate(n_rows=rows.count(), **_count_missing(rows, table, judged))
    found: pd.DataFrame = named.order_by([named.n_rows.desc(), named[SYSTEM].asc()]).limit(_MOST_SYSTEMS).to_pandas()
    parts = [_of_columns(judged, row).assign(system=str(row[SYSTEM])) for _, row in found.iterrows()]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
