"""Rows under suspicion beyond the contract: levels in two spellings, records under two numbers, copied days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import ibis

from crm_research import vocabulary
from crm_research.contracts import TABLES
from crm_research.contracts.copies import count_copies
from crm_research.contracts.record_tables import RECORD_KEY, RECORD_TABLES
from crm_research.contracts.row_checks import PLACEHOLDERS, is_key, is_missing
from crm_research.contracts.set_query import SetCheck
from crm_research.contracts.shape_checks import usable_columns
from crm_research.contracts.spelling import fold
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from crm_research.study import Study

# Words that are written where nothing is known, in small letters and without blanks at their ends.
UNKNOWN_WORDS: Final = (
    *PLACEHOLDERS, "unknown", "not known", "not specified", "unspecified", "undefined", "missing", "tbd", "na", "n.a.",
    "-", "--", "---", "?", "??", "???", ".", "x", "xx", "xxx", "unbekannt", "keine angabe", "k.a.", "k. a.", "inconnu",
    "desconocido", "sconosciuto", "onbekend", "неизвестно", "不详", "未知", "不明", "暂无", "未填写", "無", "无",
)  # fmt: skip
# Free text is no level.
_NO_LEVEL: Final = frozenset({
    ("contacts", "text"), ("contacts", "person_id"), ("activities", "driver"), ("indicators", "name"),
    ("people", "name"), ("people", "note"),
})  # fmt: skip
# Names and addresses are for whoever links the records.
RECORD_TABLES_OF_PERSONS: Final = frozenset(table.name for table in RECORD_TABLES)
MOST_COLUMNS: Final = 40
LEVELS: Final = ("n_levels", "n_rows", "n_odd_levels", "n_odd_rows", "n_unknown_rows", "n_number_rows", "n_measured")
_NUMBER: Final = "^[+-]?[0-9]+([.,][0-9]+)?$"
_MEASURED: Final = "^[+-]?[0-9]+[.,][0-9]+$"
_DIGIT: Final = "[0-9]"
_MARKS: Final = "[-_.,/']"
# Records that a customer and an instant belong to, so that two which agree in all else are likely to be one.
COPIED_TABLES: Final = ("orders", "contracts", "contacts", "invoices")
FEWEST_COPIED: Final = 10
_FEWEST_AMOUNTS: Final = 5
_STANDING: Final = 0.5
_LARGEST_AMOUNT: Final = 1e9
_REST: Final = 10_007


def level_columns(study: Study, table: str) -> list[str]:
    """Columns that name a level of something, as a channel, a plan or a region do."""
    if table in RECORD_TABLES_OF_PERSONS:
        return []
    contract, rows, attributes = TABLES[table], study.table(table), study.attributes_of(table)
    usable = usable_columns(contract, rows, attributes)
    own = [
        column.name
        for column in contract.columns
        if column.type == "string"
        and column.allowed is None
        and not is_key(contract, column.name)
        and (table, column.name) not in _NO_LEVEL
        and column.name not in RECORD_KEY
    ]
    declared = [name for name, kind in attributes.items() if kind == vocabulary.CATEGORY and name not in own]
    return [name for name in (*own, *declared) if name in usable and rows[name].type().is_string()]


@step
def count_levels(study: Study, table: str) -> pd.DataFrame:
    """How many levels has each column that names some, and how many of its rows are doubtful?

    Returns
    -------
    pandas.DataFrame
        Grain: column, at most the first 40. Columns ``column``, ``n_levels``, ``n_rows`` (with a level),
        ``n_odd_levels`` (levels that are written in more than one way), ``n_odd_rows`` (rows in another than the usual
        spelling), ``n_unknown_rows`` (a word for "unknown" in the place of a level), ``n_number_rows`` and
        ``n_measured`` (rows whose level is a number, and one with decimals).
    """
    import pandas as pd

    columns = level_columns(study, table)[:MOST_COLUMNS]
    if not columns:
        return pd.DataFrame(columns=["column", *LEVELS])
    found: pd.DataFrame = build_level_counts(study, table).to_pandas().set_index("place")
    found = found.reindex(range(len(columns)), fill_value=0)
    found.insert(0, "column", columns)
    return found[["column", *LEVELS]].reset_index(drop=True)


def build_level_counts(study: Study, table: str) -> ir.Table:
    """The counts that `count_levels` reads: one row a column (``place``, its number) that holds a level."""
    columns, rows = level_columns(study, table)[:MOST_COLUMNS], study.table(table)
    parts = [_levels_of(rows, name, place) for place, name in enumerate(columns)]
    levels = parts[0] if len(parts) == 1 else ibis.union(*parts)
    level = levels.level.strip()
    levels = levels.mutate(
        written=_as_heard(levels.level),
        n_unknown=level.lower().isin(UNKNOWN_WORDS).ifelse(levels.n, 0),
        n_number=level.re_search(_NUMBER).ifelse(levels.n, 0),
        n_decimal=level.re_search(_MEASURED).ifelse(levels.n, 0),
    )
    things = levels.group_by("place", "written").aggregate(
        n_ways=levels.count(),
        n=levels.n.sum(),
        n_most=levels.n.max(),
        **{name: levels[name].sum() for name in ("n_unknown", "n_number", "n_decimal")},
    )
    is_odd = things.n_ways > 1
    counted = things.group_by("place").aggregate(
        n_levels=things.n_ways.sum(),
        n_rows=things.n.sum(),
        n_odd_levels=things.count(where=is_odd),
        n_odd_rows=is_odd.ifelse(things.n - things.n_most, 0).sum(),
        n_unknown_rows=things.n_unknown.sum(),
        n_number_rows=things.n_number.sum(),
        n_measured=things.n_decimal.sum(),
    )
    return counted.cast(dict.fromkeys(LEVELS, "int64")).order_by("place")


def _levels_of(rows: ir.Table, name: str, place: int) -> ir.Table:
    named = rows.select(level=rows[name])
    filled = named.filter(~is_missing(named.level))
    counted = filled.group_by("level").aggregate(n=filled.count())
    return counted.mutate(place=ibis.literal(place, "int64")).select("place", "level", "n")


def _as_heard(level: Any) -> Any:
    """A level without what is no difference: capitals, blanks, width; and marks, where no digit stands between them."""
    written = fold(level)
    return level.re_search(_DIGIT).ifelse(written, written.re_replace(_MARKS, ""))


def copied_columns(study: Study, table: str) -> list[str]:
    """All columns but the number of the record, where a record has a customer and a time; none otherwise."""
    contract, rows = TABLES[table], study.table(table)
    usable = usable_columns(contract, rows, study.attributes_of(table))
    needed = {*contract.key, "customer_id", contract.known_at}
    if table not in COPIED_TABLES or not needed <= usable:
        return []
    return [name for name in rows.columns if name not in contract.key and not rows[name].type().is_json()]


@step
def count_copied_records(study: Study, table: str) -> tuple[int, int]:
    """How many records have a customer and a time, and how many of them are another one under a second number?"""
    columns = copied_columns(study, table)
    if not columns:
        return 0, 0
    known_at = str(TABLES[table].known_at)
    rows = study.table(table)
    rows = rows.filter(~is_missing(rows["customer_id"]), rows[known_at].notnull()).select(*columns)  # noqa: PD004 - Ibis
    # Columns of others may have any name.
    rows = rows.select(**{f"c{i}": rows[name] for i, name in enumerate(columns)})
    check = SetCheck(rule="repeated-row", column="", expected="", n_bad="n_bad", examples=rows)
    n_bad = count_copies(rows, list(rows.columns), check).count({})["n_bad"]
    n_rows = rows.count().to_pyarrow().as_py()
    return int(n_rows), int(n_bad)


def is_copied_record(study: Study, table: str, rows: ir.Table) -> Any:
    """Is a row another record under a second number? All but the first of each are: a condition on its rows."""
    contract = TABLES[table]
    columns = copied_columns(study, table)
    if not columns:
        return ibis.literal(value=False)
    among = ibis.window(group_by=[rows[name] for name in columns], order_by=[rows[name] for name in contract.key])
    is_whole = ~is_missing(rows["customer_id"]) & rows[str(contract.known_at)].notnull()  # noqa: PD004 - Ibis
    return is_whole & (ibis.row_number().over(among) > 0)


@step
def find_copied_days(study: Study) -> pd.DataFrame:
    """Which days of orders repeat another day, amount by amount?

    Returns
    -------
    pandas.DataFrame
        One row a day that has the same number of orders, of customers and of different amounts, the same sum and the
        same sum of squares as an earlier one: ``day``, ``like`` (the earlier day), ``n_orders``. Days of fewer than 10
        orders or 5 different amounts are not compared. Empty where more than half of the days repeat others: standing
        amounts then, and no copies. What was compared is in ``attrs["n_compared"]``.
    """
    import pandas as pd

    nothing = pd.DataFrame({"day": pd.Series(dtype="datetime64[us]"), "like": pd.Series(dtype="datetime64[us]")})
    nothing = nothing.assign(n_orders=pd.Series(dtype="int64"))
    nothing.attrs["n_compared"] = 0
    needed = {"customer_id", "ordered_at", "revenue"}
    if not usable_columns(TABLES["orders"], study.table("orders"), {}) >= needed:
        return nothing
    days: pd.DataFrame = build_days(study).to_pandas()
    signature = ["n_orders", "n_customers", "n_amounts", "total", "squares"]
    days["like"] = days.groupby(signature)["day"].transform("min")
    copied = days.loc[days["like"] < days["day"]]
    nothing.attrs["n_compared"] = len(days)
    if copied.empty or len(copied) > _STANDING * len(days):
        return nothing
    found: pd.DataFrame = copied[["day", "like", "n_orders"]].reset_index(drop=True)
    found.attrs["n_compared"] = len(days)
    return found


def build_days(study: Study) -> ir.Table:
    """What `find_copied_days` compares: of each day with orders enough, what tells it from others."""
    orders = study.table("orders")
    orders = orders.filter(orders.ordered_at.notnull(), orders.revenue.abs() < _LARGEST_AMOUNT)  # noqa: PD004 - Ibis
    orders = orders.mutate(_day=orders.ordered_at.truncate("D"), _cents=(orders.revenue * 100).round().cast("int64"))
    cents = orders["_cents"].abs() % _REST
    orders = orders.mutate(_squares=cents * cents)
    days = orders.group_by(day="_day").aggregate(
        n_orders=orders.count(),
        n_customers=orders.customer_id.nunique(),
        n_amounts=orders["_cents"].nunique(),
        total=orders["_cents"].sum().cast("int64"),
        squares=orders["_squares"].sum().cast("int64"),
    )
    return days.filter(days.n_orders >= FEWEST_COPIED, days.n_amounts >= _FEWEST_AMOUNTS).order_by("day")


def is_of_days(at: Any, days: Sequence[Any]) -> Any:
    """Does a time lie on one of these days? A condition."""
    if not len(days):
        return ibis.literal(value=False)
    return at.truncate("D").isin([ibis.timestamp(day.isoformat()) for day in days])
