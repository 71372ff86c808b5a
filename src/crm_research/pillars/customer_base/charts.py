"""Pictures of the customer base. Each takes the result, accepts and returns Axes, and says its finding in the title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research import theme
from crm_research.figures import says_nothing
from crm_research.pillars.customer_base.words import say_usual
from crm_research.stats.concentration import CLAIMED_SHARE, TOP_SHARE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.pillars.customer_base.base import CustomerBase
    from crm_research.pillars.customer_base.concentration import Concentration
    from crm_research.pillars.customer_base.growth import Growth

_RULE: Final = "◆ rule of thumb: 80 %"


def draw_concentration(base: CustomerBase, *, ax: Axes | None = None) -> Axes:
    """Share of revenue against share of customers, highest spenders first, with the claimed point."""
    found = base.concentration
    if found is None:
        return theme.empty_axes(base.why_no_concentration, ax=ax)
    return draw_curve(found, window=base.window, ax=ax)


def draw_curve(found: Concentration, *, window: str = "", ax: Axes | None = None) -> Axes:
    """The same of a concentration by itself; `window` says of which time."""
    value, lower, upper = (float(part) for part in found.top20)
    money = f"net revenue, {window}" if window else "net revenue"
    ax = theme.new_axes(
        title=_concentration_title(found),
        subtitle=f"{theme.say_count(found.n_customers, 'buyer')}, highest spenders first; {money}",
        xlabel="Share of buyers",
        ylabel="Share of revenue",
        grid="both",
        ax=ax,
    )
    ax.plot([0, 1], [0, 1], color=theme.REST, linewidth=1.0)
    ax.plot(found.curve["customer_share"], found.curve["revenue_share"], color=theme.ACCENT, linewidth=2.4)
    top = {"estimate": [value], "lower": [lower], "upper": [upper]}
    theme.draw_intervals(ax, top, at=[TOP_SHARE], is_upright=True, width=3)
    ax.plot([TOP_SHARE], [CLAIMED_SHARE], "D", color=theme.WARNING, markersize=7, markeredgecolor=theme.PAPER)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, max(1.02, float(found.curve["revenue_share"].max()) * 1.03))
    is_near = abs(value - CLAIMED_SHARE) < 0.07
    said = f"here: {theme.say_percent(value)}"
    theme.label_points(ax, [(TOP_SHARE + 0.02, value - 0.035 * (1 + is_near), said, theme.ACCENT)])
    # The corner below the line of equals is always free: beside its mark a bar of limits would cross the label.
    theme.label_points(ax, [(0.4, 0.1, _RULE, theme.WARNING)])
    theme.label_points(ax, [(0.62, 0.57, "all spend alike", theme.MUTED)])
    theme.format_share(ax)
    theme.format_share(ax, "x")
    return ax


def _concentration_title(found: Concentration) -> str:
    value, lower, upper = (float(part) for part in found.top20)
    if says_nothing(lower, upper, span=1.0):
        return "How much of the revenue the top fifth of the buyers bring is not known"
    if found.is_one_customer:
        return f"One customer brings {theme.say_percent(found.top_customer_share)} of the revenue"
    return f"The top fifth of the buyers bring {theme.say_percent(value)} of the revenue"


def draw_growth(base: CustomerBase, *, ax: Axes | None = None) -> Axes:
    """Customers buying in each period, those first seen apart; contracts running where there are no orders."""
    if base.growth is None:
        return _draw_contracts(base, ax)
    return draw_periods(base.growth, ax=ax)


def draw_periods(growth: Growth, *, ax: Axes | None = None) -> Axes:
    """Customers buying in each whole period, those first seen apart."""
    shown = growth.whole
    if shown.empty:
        return theme.empty_axes(f"The records do not cover one {growth.grain} whole.", ax=ax)
    ax = theme.new_axes(
        title=f"{say_usual(growth)}{_newcomers(growth)}",
        subtitle=f"Customers with at least one purchase in each whole {growth.grain}",
        ylabel="Customers",
        ax=ax,
    )
    days = {"month": 26, "week": 6, "day": 0.85}[growth.grain]
    at = theme.place_dates(ax, shown["period"])
    ax.bar(at, shown["n_seen_before"], width=days, align="edge", color=theme.REST)
    ax.bar(at, shown["n_first_seen"], bottom=shown["n_seen_before"], width=days, align="edge", color=theme.ACCENT)
    _explain_bars(ax)
    theme.format_months(ax)
    theme.format_count(ax)
    return ax


def _newcomers(growth: Growth) -> str:
    settled = growth.whole[~growth.whole["is_warm_up"]]
    if settled.empty or growth.warm_up_days is None:
        return ""
    fresh = settled["n_first_seen"].median()
    settled_after = theme.say_days(growth.warm_up_days)
    return f"; after the first {settled_after} about {theme.say_count(fresh)} a {growth.grain} for the first time"


def _explain_bars(ax: Axes) -> None:
    top = ax.get_ylim()[1]
    ax.set_ylim(top=top * 1.13)
    words = [("seen before", theme.MUTED, 4), ("first seen", theme.ACCENT, 94)]
    with theme.chart_style():
        for word, colour, at in words:
            ax.annotate(
                f"■ {word}", xy=(0, 1), xycoords="axes fraction", xytext=(at, -3), textcoords="offset points",
                va="top", color=colour, fontsize=9.5, fontweight="bold",
            )  # fmt: skip


def _draw_contracts(base: CustomerBase, ax: Axes | None) -> Axes:
    months = base.contracts
    if months.empty:
        return theme.empty_axes("No purchase and no contract is known at this date.", ax=ax)
    n = months["n_running"].iloc[-1]
    ax = theme.new_axes(
        title=f"{theme.say_count(n, 'contract is', 'contracts are')} running on {theme.say_date(base.as_of)}",
        subtitle="Contracts running at the end of each month, of those that our records hold",
        ylabel="Contracts",
        ax=ax,
    )
    ax.plot(months["period"], months["n_running"], color=theme.ACCENT, linewidth=2.2)
    ax.set_ylim(bottom=0)
    theme.format_months(ax)
    theme.format_count(ax)
    return ax


def draw_coverage(base: CustomerBase, *, ax: Axes | None = None) -> Axes:
    """Bars: of which share of the customers we have each kind of record."""
    shown = base.coverage.iloc[1:][::-1]
    if shown.empty or not base.n_customers:
        return theme.empty_axes("No customer is known at this date.", ax=ax)
    ax = theme.new_axes(
        title=_coverage_title(base),
        subtitle=f"Share of {theme.say_count(base.n_customers, 'customer')} known from any table",
        size=(theme.SIZE[0], 1.4 + 0.34 * len(shown)),
        grid="x",
        ax=ax,
    )
    colours = [theme.WARNING if about == "joins" else theme.ACCENT for about in shown["about"]]
    theme.draw_bars(ax, range(len(shown)), shown["share"], colours=colours)
    theme.name_rows(ax, list(shown["what"]), columns=36)
    theme.label_values(ax, [f"{n:,}" for n in shown["n_customers"]])
    ax.set_xlim(0, 1.13)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    theme.format_share(ax, "x")
    return ax


def _coverage_title(base: CustomerBase) -> str:
    gaps = base.coverage[base.coverage["about"] == "joins"]
    if gaps.empty or not gaps["n_customers"].sum():
        return (
            "Everybody with dealings has a customer record, and the other way round"
            if len(gaps)
            else "Which records we have"
        )
    worst = gaps.sort_values("n_customers").to_dict("records")[-1]
    return f"{theme.say_percent(worst['share'])} of the customers have {worst['what']}"
