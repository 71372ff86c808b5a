"""Pictures of data quality: what is missing by column and month, and the rows at fault by table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research import theme
from crm_research.pillars.data_quality import words
from crm_research.pillars.data_quality.names import column_of, rows_of
from crm_research.settings import least_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.pillars.data_quality.measure import DataQuality

_MOST_ROWS: Final = 12
_MOST_MONTHS: Final = 36
_MONTHS_A_YEAR: Final = 12
_FEWEST_MONTHS: Final = 3
_TICKS: Final = 6


def missing_by_month(quality: DataQuality) -> pd.DataFrame:
    """column, month, missing_share, values: the latest months of columns that miss the most; few rows are left out."""
    held = quality.months.loc[quality.months["n_asked"] >= max(least_group(), 1)]
    columns = ["column", "month", "missing_share", "values"]
    if held.empty:
        return pd.DataFrame(columns=columns)
    latest = held.loc[held["month"] > held["month"].max() - _MOST_MONTHS]
    sums = latest.groupby(["table", "column"], sort=False)[["n_missing", "n_asked"]].sum()
    sums = sums.loc[sums["n_missing"] > 0]
    share = (sums["n_missing"] / sums["n_asked"]).sort_values(ascending=False, kind="stable")
    drawn = [pair for pair in share.index if _n_months(latest, pair) >= _FEWEST_MONTHS][:_MOST_ROWS]
    parts = []
    for table, column in drawn:
        own = latest.loc[(latest["table"] == table) & (latest["column"] == column)]
        parts.append(
            pd.DataFrame(
                {
                    "column": column_of(table, column),
                    "month": [_say_month(month) for month in own["month"]],
                    "missing_share": own["n_missing"].to_numpy() / own["n_asked"].to_numpy(),
                    "values": own["n_asked"].to_numpy(),
                    "number": own["month"].to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*columns, "number"])


def _n_months(held: pd.DataFrame, pair: tuple[str, str]) -> int:
    return int(((held["table"] == pair[0]) & (held["column"] == pair[1])).sum())


def _say_month(number: int) -> str:
    return f"{number // _MONTHS_A_YEAR:04d}-{number % _MONTHS_A_YEAR + 1:02d}"


def draw_months(quality: DataQuality, *, ax: Axes | None = None) -> Axes:
    """A heat map: columns that miss values by months, darker where more is missing."""
    frame = missing_by_month(quality)
    if frame.empty:
        return theme.empty_axes(words.nothing_missing(quality), ax=ax)
    names = list(dict.fromkeys(frame["column"]))
    first, last = int(frame["number"].min()), int(frame["number"].max())
    wide = frame.pivot_table(index="column", columns="number", values="missing_share", sort=False)
    values = wide.reindex(index=names, columns=range(first, last + 1)).to_numpy(dtype=float)
    ax = theme.new_axes(
        title=words.months_seen(quality),
        subtitle="Share of values missing, by the month of the record: the darker the more; blank where none was due",
        size=(theme.SIZE[0], 1.9 + 0.36 * len(names)),
        grid="none",
        ax=ax,
    )
    top = max(float(np.nanmax(values)), 0.01)
    theme.draw_heat(ax, values, limits=(0, top))
    step = max(1, -(-values.shape[1] // _TICKS))
    at = list(range(0, values.shape[1], step))
    ax.set_xticks(at, [_say_month(first + place) for place in at])
    means = [float(share) for share in np.nanmean(values, axis=1)]
    theme.name_rows(
        ax, [f"{name}  {theme.say_percent(mean)}" for name, mean in zip(names, means, strict=True)], columns=36
    )
    return ax


def least_complete(quality: DataQuality) -> pd.DataFrame:
    """column, there_share, lower, upper: of the columns that miss values, those that miss the most."""
    held = quality.columns.loc[quality.columns["n_missing"] > 0].sort_values("complete_share", kind="stable")
    held = held.head(_MOST_ROWS)
    return pd.DataFrame(
        {
            "column": [column_of(t, c) for t, c in zip(held["table"], held["column"], strict=True)],
            "there_share": held["complete_share"].to_numpy(),
            "lower": held["complete_lower"].to_numpy(),
            "upper": held["complete_upper"].to_numpy(),
        }
    )


def draw_columns(quality: DataQuality, *, ax: Axes | None = None) -> Axes:
    """Bars: of the least complete columns the share of values that are there."""
    shown = least_complete(quality)[::-1]
    if shown.empty:
        return theme.empty_axes(words.nothing_missing(quality), ax=ax)
    ax = theme.new_axes(
        title=words.columns_seen(quality),
        subtitle="Share of values that are there",
        size=(theme.SIZE[0], 1.6 + 0.36 * len(shown)),
        grid="x",
        ax=ax,
    )
    theme.draw_bars(ax, range(len(shown)), shown["there_share"])
    theme.name_rows(ax, list(shown["column"]), columns=36)
    theme.label_values(ax, [theme.say_percent(share) for share in shown["there_share"]])
    ax.set_xlim(0, 1.16)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    theme.format_share(ax, "x")
    return ax


def fault_frame(quality: DataQuality) -> pd.DataFrame:
    """records, estimate, lower, upper, rows: share of rows that break a rule or are a copy, by table."""
    held = quality.tables
    return pd.DataFrame(
        {
            "records": [rows_of(name) for name in held["table"]],
            "estimate": 1 - held["sound_share"],
            "lower": 1 - held["upper"],
            "upper": 1 - held["lower"],
            "rows": held["n_rows"],
        }
    )


def draw_faults(quality: DataQuality, *, ax: Axes | None = None) -> Axes:
    """Dots with limits: of each table the share of rows that break a rule, and how many more may have been missed."""
    shown = fault_frame(quality)[::-1].reset_index(drop=True)
    if shown.empty:
        return theme.empty_axes("The study holds no rows.", ax=ax)
    ax = theme.new_axes(
        title=words.faults_seen(quality),
        subtitle="Share of rows that break a rule or are a copy, with its limits",
        size=(theme.SIZE[0], 1.7 + 0.36 * len(shown)),
        grid="x",
        ax=ax,
    )
    theme.draw_intervals(ax, shown, at=np.arange(len(shown)))
    theme.name_rows(
        ax, [f"{name}  {rows:,}" for name, rows in zip(shown["records"], shown["rows"], strict=True)], columns=36
    )
    ax.set_xlim(-0.02 * float(shown["upper"].max()), max(1.05 * float(shown["upper"].max()), 1e-4))
    ax.set_ylim(-0.6, len(shown) - 0.4)
    theme.format_share(ax, "x")
    return ax
