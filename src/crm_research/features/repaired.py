"""What was repaired in the records of several systems, counted: never the values themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import ibis

from crm_research import vocabulary
from crm_research.contracts import RECORD_KEY, RECORDS, REPAIRS, contract_of
from crm_research.sources.golden import known_by
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from crm_research.study import Study


@dataclass(frozen=True, eq=False, kw_only=True)
class RepairCounts:
    """How much was repaired.

    Parameters
    ----------
    columns
        One row a column, the most repaired first: column, n_values, n_written (the same, written otherwise), n_filled
        (nothing stood there), n_emptied (nothing stands there now), n_replaced (another value), n_decided (of all of
        them, by people).
    n_repaired, n_records
        Records with one repaired value or more, and all that are known at as_of.
    last_at
        When the last of them was repaired.
    """

    columns: pd.DataFrame
    n_repaired: int
    n_records: int
    last_at: datetime


@step
def count_repairs(study: Study) -> RepairCounts | None:
    """How much was repaired in the records, and in which way? None where nothing was."""
    if not study.has(REPAIRS) or not study.has(RECORDS):
        return None
    columns: pd.DataFrame = build_repair_counts(study).to_pandas()
    if columns.empty:
        return None
    columns = columns.sort_values(["n_values", "column"], ascending=[False, True]).reset_index(drop=True)
    repaired = _repairs_that_hold(study).select(*RECORD_KEY).distinct()
    records = study.table(RECORDS)
    return RepairCounts(
        columns=columns.drop(columns="last_at"),
        n_repaired=int(repaired.count().to_pyarrow().as_py()),
        n_records=int(records.filter(known_by(records, study.as_of)).count().to_pyarrow().as_py()),
        last_at=columns["last_at"].max().to_pydatetime(),
    )


def build_repair_counts(study: Study) -> ir.Table:
    """One row a column: column, n_values, n_written, n_filled, n_emptied, n_replaced, n_decided, last_at.

    Of records that are known at as_of, and say what they said when they were repaired: nothing else is repaired now.
    """
    rows = _repairs_that_hold(study)
    is_written = rows.rule == vocabulary.SPELLING
    was_empty, is_empty = rows.before.fill_null("").strip() == "", rows["after"].fill_null("") == ""
    return rows.group_by(column=rows["column"]).aggregate(
        n_values=rows.count(),
        n_written=rows.count(where=is_written),
        n_filled=rows.count(where=~is_written & was_empty),
        n_emptied=rows.count(where=~is_written & ~was_empty & is_empty),
        n_replaced=rows.count(where=~is_written & ~was_empty & ~is_empty),
        n_decided=rows.count(where=rows.rule == vocabulary.DECIDED),
        last_at=rows["at"].max(),
    )


def _repairs_that_hold(study: Study) -> ir.Table:
    records, repairs = study.table(RECORDS), study.table(REPAIRS)
    known = records.filter(known_by(records, study.as_of))
    texts = [one.name for one in contract_of(RECORDS).columns if one.type == "string" and one.name not in RECORD_KEY]
    there = [name for name in texts if name in known.columns]
    if not there:
        return repairs.filter(ibis.literal(value=False))
    joined = repairs.inner_join(known.select(*RECORD_KEY, **{f"now_{name}": known[name] for name in there}), RECORD_KEY)
    ways = [(joined["column"] == name, joined[f"now_{name}"]) for name in there]
    now = ibis.cases(*ways, else_=ibis.null("string"))
    holds = joined["column"].isin(there) & now.identical_to(joined.before)
    return joined.filter(holds).select(*repairs.columns)
