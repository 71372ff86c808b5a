"""Axis labels with their units: shares as percentages, money, counts and days in short words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_research.theme.words import say_short

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes


def _format(ax: Axes, axis: str, say: Callable[[float], str]) -> None:
    from matplotlib.ticker import FuncFormatter

    target = ax.xaxis if axis == "x" else ax.yaxis
    target.set_major_formatter(FuncFormatter(lambda value, _: say(value)))


def format_share(ax: Axes, axis: str = "y") -> None:
    """Label a share (0 to 1) in percent."""
    _format(ax, axis, lambda value: f"{100 * value:.3g} %")


def format_count(ax: Axes, axis: str = "y") -> None:
    """Label counts, thousands with k and millions with m."""
    _format(ax, axis, _short)


def format_money(ax: Axes, currency: str = "", axis: str = "y") -> None:
    """Label money in short words; the currency belongs in the axis label unless it is given here."""
    _format(ax, axis, lambda value: f"{_short(value)} {currency}".strip())


def format_days(ax: Axes, axis: str = "x", every_days: float | None = None) -> None:
    """Label days; `every_days` sets the ticks (91.3 for quarters)."""
    if every_days:
        from matplotlib.ticker import MultipleLocator

        (ax.xaxis if axis == "x" else ax.yaxis).set_major_locator(MultipleLocator(every_days))
    _format(ax, axis, lambda value: f"{value:,.0f}")


def place_dates(ax: Axes, dates: Any) -> Any:
    """Places of dates on the x axis in days, so that the width of a bar is in days whatever the dates' own unit."""
    from matplotlib import dates as library

    convert: Any = library.date2num
    ax.xaxis_date()
    return convert(dates.to_numpy())


def format_months(ax: Axes, axis: str = "x") -> None:
    """Label a time axis by month, the year once."""
    from matplotlib import dates

    library: Any = dates  # its constructors carry no types
    target = ax.xaxis if axis == "x" else ax.yaxis
    locator = library.AutoDateLocator(minticks=4, maxticks=9)
    target.set_major_locator(locator)
    target.set_major_formatter(library.ConciseDateFormatter(locator, show_offset=False))


def _short(value: float) -> str:
    if abs(value) >= 10_000:
        return say_short(value, 2).replace(".0 ", " ")
    return f"{value:,.10g}"
