"""Customers at the end of the days in which something happened to some of them: what they did before and after."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import ibis
import pandas as pd

from crm_research.features.clock import days_between, instant, whole_days_between
from crm_research.features.lots import lot_of
from crm_research.features.purchases import Occasion, build_purchases, build_returns
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.study import Study

OTHERS: Final = "neither"
LEFT_OUT: Final = "left out"
MOST_ROWS: Final = 200_000
COLUMNS: Final = (
    "customer_id", "period", "group", "joined_at", "ends_at", "n_all", "n_recent", "n_longer", "n_in_period",
    "silence_days", "tenure_days", "spend_so_far", "n_after", "spend_after", "n_all_then", "n_recent_then",
    "n_longer_then", "silence_days_then", "tenure_days_then", "spend_so_far_then", "n_before",
)  # fmt: skip
LONGER: Final = 4  # the longer look back, in times of the days followed
_ORIGIN: Final = datetime(2000, 1, 3)  # a Monday


@step
def read_landmarks(
    study: Study,
    exposed: ir.Table,
    *,
    days: float,
    width_days: int,
    occasion: Occasion = "day",
    is_lasting: bool,
    most_rows: int = MOST_ROWS,
) -> pd.DataFrame:
    """Who had it happen to him in a window of days, who had not, and what did both do before and afterwards?

    Parameters
    ----------
    exposed
        customer_id, at, group: when it happened, and what. Rows of the group ``left out`` are neither compared nor
        compared with.
    days
        Followed so long after the end of the window (the landmark); windows that as_of does not allow to follow are
        left out.
    width_days
        Length of a window: the shorter, the less of what followed at once is lost.
    is_lasting
        True: it lasts (a membership); only the first time of a customer counts, and from then on he is compared with
        nobody. False: it passes, and each window counts by itself.
    most_rows
        Of the others, and of the exposed, about so many rows at the most; customers beyond are left out by lot.

    Returns
    -------
    pandas.DataFrame
        Grain: customer and window, of customers who had bought by its end. ``period`` (number of the window),
        ``group``, ``joined_at`` (when it happened, also if later; empty where never or not lasting), ``ends_at``
        (landmark); by the landmark: ``n_all``, ``n_recent`` and ``n_longer`` (purchases so far, in the last `days`, in
        four times as many), ``n_in_period`` (in the window), ``silence_days``, ``tenure_days``, ``spend_so_far``; after
        it, within `days`: ``n_after``, ``spend_after``; the same with ``_then``, `days` before the window began, and
        ``n_before``, purchases from then to its beginning.
    """
    dated = exposed.mutate(period=number_window(exposed["at"], width_days))
    if is_lasting:
        order = ibis.window(group_by=dated.customer_id, order_by=[dated["at"], dated.group])
        first = dated.mutate(nth=ibis.row_number().over(order))
        dated = first.filter(first.nth == 0).drop("nth")
    sales = build_purchases(study, occasion=occasion).select("customer_id", "ordered_at", "revenue")
    firsts = sales.group_by("customer_id").agg(first_at=sales.ordered_at.min())
    bought = sales.mutate(is_sale=ibis.literal(value=True))
    returned = build_returns(study).mutate(is_sale=ibis.literal(value=False))
    moved = ibis.union(*(part.cast({"ordered_at": "timestamp"}) for part in (bought, returned)))
    windows = _windows(study, dated, days, width_days)
    if windows is None:
        return pd.DataFrame(columns=list(COLUMNS))
    mine, n_mine = _exposed_rows(firsts, dated, windows)
    theirs = firsts.filter(_lot(firsts, most_rows / max(_count(firsts) * _count(windows), 1)))
    others = _other_rows(theirs, dated, windows, is_lasting=is_lasting)
    drawn = mine.filter(_lot(mine, most_rows / max(n_mine, 1)))
    chosen = ibis.union(*(part.cast({"joined_at": "timestamp", "ends_at": "timestamp"}) for part in (drawn, others)))
    found: pd.DataFrame = _describe(chosen, moved, days, width_days).to_pandas()
    return found.sort_values(["customer_id", "period"], ignore_index=True)[list(COLUMNS)]


def number_window(at: ir.TimestampValue, width_days: int) -> ir.IntegerValue:
    """Number of the window of so many days an instant lies in."""
    return whole_days_between(instant(_ORIGIN), at) // width_days


def _windows(study: Study, dated: ir.Table, days: float, width_days: int) -> ir.Table | None:
    """Windows in which it happened to somebody, and that can be followed, with their ends."""
    held = dated.filter(dated.group != LEFT_OUT).select("period").distinct().to_pandas()["period"].dropna()
    ends = pd.DataFrame({"period": sorted(int(number) for number in held)}, dtype="int64")
    ends["ends_at"] = pd.Timestamp(_ORIGIN) + pd.to_timedelta((ends["period"] + 1) * width_days, unit="D")
    ends = ends.loc[ends["ends_at"] + pd.Timedelta(days=days) <= pd.Timestamp(study.as_of)]
    return ibis.memtable(ends) if len(ends) else None


def _exposed_rows(firsts: ir.Table, dated: ir.Table, windows: ir.Table) -> tuple[ir.Table, int]:
    # Of several groups in one window the last in the alphabet stands for it.
    now = (
        dated.filter(dated.group != LEFT_OUT)
        .group_by("customer_id", "period")
        .agg(group=dated.group.max(), joined_at=dated["at"].min())
    )
    out = dated.filter(dated.group == LEFT_OUT).select("customer_id", "period")
    held = now.anti_join(out, ["customer_id", "period"]).inner_join(windows, "period").inner_join(firsts, "customer_id")
    held = held.filter(held.first_at < held.ends_at).select("customer_id", "period", "group", "joined_at", "ends_at")
    return held, _count(held)


def _other_rows(firsts: ir.Table, dated: ir.Table, windows: ir.Table, *, is_lasting: bool) -> ir.Table:
    """Customers, and those of the windows that they had bought by and in which it had not happened to them."""
    pairs = firsts.join(windows, firsts.first_at < windows.ends_at).select("customer_id", "period", "ends_at")
    if is_lasting:
        when = dated.group_by("customer_id").agg(joined_period=dated.period.min(), joined_at=dated["at"].min())
        placed = pairs.left_join(when, "customer_id")
        placed = placed.filter(placed.joined_period.isnull() | (placed.joined_period > placed.period))  # noqa: PD003
    else:
        placed = pairs.anti_join(dated, ["customer_id", "period"]).mutate(joined_at=ibis.null("timestamp"))
    return placed.mutate(group=ibis.literal(OTHERS)).select("customer_id", "period", "group", "joined_at", "ends_at")


def _lot(rows: ir.Table, share: float) -> ir.BooleanValue:
    """Customers drawn by a digest of their name, so that all rows of one fall together."""
    if share >= 1:
        return ibis.literal(value=True)
    return lot_of(rows.customer_id) < share


def _count(rows: ir.Table) -> int:
    return int(rows.count().execute())


def _describe(chosen: ir.Table, moved: ir.Table, days: float, width_days: int) -> ir.Table:
    rows = chosen.join(moved, "customer_id")
    age = days_between(rows.ordered_at, rows.ends_at)  # above 0: before the landmark
    early = age - width_days  # above 0: before the window
    then = early - days  # above 0: before the days that end where the window begins

    def count(condition: ir.BooleanValue) -> ir.IntegerValue:
        return (condition & rows.is_sale).ifelse(1, 0).sum()

    def known(by: ir.FloatingValue, suffix: str) -> dict[str, ir.Value]:
        past = by > 0
        return {
            f"n_all{suffix}": count(past),
            f"n_recent{suffix}": count(past & (by <= days)),
            f"n_longer{suffix}": count(past & (by <= LONGER * days)),
            f"silence_days{suffix}": by.min(where=past & rows.is_sale),
            f"tenure_days{suffix}": by.max(where=past & rows.is_sale),
            f"spend_so_far{suffix}": rows.revenue.sum(where=past),
        }

    after = (age <= 0) & (age > -days)
    return rows.group_by("customer_id", "period", "group", "joined_at", "ends_at").agg(
        **known(age, ""),
        **known(then, "_then"),
        n_in_period=count((early <= 0) & (age > 0)),
        n_after=count(after),
        spend_after=rows.revenue.sum(where=after),
        n_before=count((early > 0) & (then <= 0)),
    )
