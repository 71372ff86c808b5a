"""Builders with readable defaults: a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import pandas as pd

from crm_research.contracts import contract_of
from crm_research.engine import connect
from crm_research.study import Study


def a_study(
    *,
    as_of: str = "2024-07-01",
    holdout_until: str | None = None,
    currency: str = "EUR",
    name: str = "handmade",
    attributes: Mapping[str, Mapping[str, str]] | None = None,
    **tables: pd.DataFrame,
) -> Study:
    """A study whose tables are frames written by hand; columns take the types of their contract."""
    backend = connect()
    held = {}
    for table, frame in tables.items():
        contract = contract_of(table)
        types = {column.name: column.type for column in contract.columns if column.name in frame.columns}
        expression = ibis.memtable(_ready(frame, types))
        cast = expression.cast(types)
        held[table] = backend.create_table(table, cast)
    return Study(
        name=name,
        title=name.capitalize(),
        currency=currency,
        as_of=datetime.fromisoformat(as_of),
        holdout_until=datetime.fromisoformat(holdout_until) if holdout_until else None,
        tables=held,
        attributes=attributes or {},
    )


def _ready(frame: pd.DataFrame, types: Mapping[str, str]) -> pd.DataFrame:
    ready = frame.copy()
    for column, kind in types.items():
        if kind == "timestamp":
            ready[column] = pd.to_datetime(ready[column], format="ISO8601")
        elif kind == "string":
            ready[column] = ready[column].astype("string")
    return ready


def orders(*rows: tuple[str, str, float], **extra: list) -> pd.DataFrame:
    """Orders from (customer_id, ordered_at, revenue); order ids are numbered."""
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])
    frame.insert(0, "order_id", [f"o{i + 1}" for i in range(len(frame))])
    return frame.assign(**extra)


def contracts(*rows: tuple[str, str, str | None, str | None], **extra: list) -> pd.DataFrame:
    """Contracts from (customer_id, started_at, ended_at, end_reason); contract ids are numbered."""
    frame = pd.DataFrame(rows, columns=["customer_id", "started_at", "ended_at", "end_reason"])
    frame.insert(0, "contract_id", [f"k{i + 1}" for i in range(len(frame))])
    return frame.assign(**extra)
