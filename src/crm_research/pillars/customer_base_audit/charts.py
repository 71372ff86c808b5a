"""Pictures of the audit. Each takes the result, accepts and returns Axes, and says its finding in the title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crm_research import theme
from crm_research.pillars.customer_base_audit import words
from crm_research.pillars.customer_base_audit.change import TOTAL
from crm_research.pillars.customer_base_audit.cohorts import BEFORE, NAMELESS, ONLY_RETURNS
from crm_research.pillars.customer_base_audit.figures import SAID
from crm_research.pillars.customer_base_audit.tables import course_table, stack_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from crm_research.pillars.customer_base_audit.measure import CustomerBaseAudit

_NOBODY: Final = "#c9b48a"
_MOST_NAMES: Final = 8
_PLENTY: Final = 16


def draw_stack(audit: CustomerBaseAudit, *, ax: Axes | None = None) -> Axes:
    """Revenue of each period, stacked by when its customers were first seen: the oldest at the bottom."""
    table, periods = stack_table(audit), audit.periods
    if table.empty or periods is None:
        return theme.empty_axes(words.why_nothing_compared(audit), ax=ax)
    ax = theme.new_axes(
        title=stack_title(audit),
        subtitle=f"Revenue of each whole {periods.course_noun}, by when its customers were first seen",
        ylabel=audit.currency,
        size=(theme.SIZE[0], 4.3),
        ax=ax,
    )
    names = [str(name) for name in table.columns[1:]]
    at = np.arange(len(table))
    above, below = np.zeros(len(table)), np.zeros(len(table))
    for name, colour in zip(names, _shades(names), strict=True):
        money = table[name].to_numpy(dtype=float)
        # What was given back lies below the line.
        base = np.where(money >= 0, above, below)
        ax.bar(at, money, bottom=base, width=0.8, color=colour, edgecolor=theme.PAPER, linewidth=0.6)
        above, below = above + np.maximum(money, 0), below + np.minimum(money, 0)
    top = float(above.max()) if len(above) else 1.0
    ax.set_ylim(float(below.min()) * 1.05, (top or 1.0) * 1.04)
    _name_periods(ax, table["period"].tolist())
    theme.format_money(ax)
    _legend(ax, names, _shades(names))
    return ax


def stack_title(audit: CustomerBaseAudit) -> str:
    """What one sees in the stack: who brought the latest period's revenue."""
    table, periods = stack_table(audit), audit.periods
    last = table.iloc[-1]
    money = {name: float(last[name]) for name in table.columns[1:]}
    total = sum(money.values())
    before = money.get(BEFORE, 0.0)
    newest = str(last["period"])
    if periods is None or total <= 0:
        return f"Revenue by {periods.course_noun if periods else 'period'}, and when its customers were first seen"
    if before > 0:
        return f"Customers from before brought {theme.say_percent(before / total)} of the revenue of {newest}"
    if newest not in money:
        return f"Customers first seen earlier brought all the revenue of {newest}"
    share = max(money[newest], 0.0) / total
    return f"Customers first seen in {newest} brought {theme.say_percent(share)} of its revenue"


def _shades(names: Sequence[str]) -> list[str]:
    """Grey for those from before, paler blue the older a cohort is, sand for nobody's orders."""
    new = [name for name in names if name not in (BEFORE, ONLY_RETURNS, NAMELESS)]
    steps = dict(zip(new, np.linspace(0.75, 0.0, len(new)), strict=True)) if len(new) > 1 else dict.fromkeys(new, 0.0)
    given = {BEFORE: theme.REST, ONLY_RETURNS: theme.WARNING, NAMELESS: _NOBODY}
    return [given.get(name) or _blend(steps[name]) for name in names]


def _blend(pale: float) -> str:
    """The accent, made so pale."""
    own = [int(theme.ACCENT[place : place + 2], 16) for place in (1, 3, 5)]
    mixed = [round(part + (238 - part) * pale) for part in own]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _name_periods(ax: Axes, names: Sequence[str]) -> None:
    """Names under the bars, every second or third where they would meet."""
    room = 5 if theme.is_for_phones() else _MOST_NAMES
    every = max(1, -(-len(names) // room))
    places = range(len(names) - 1, -1, -every)
    with theme.chart_style():
        ax.set_xticks(list(places), [names[place] for place in places])
    ax.set_xlim(-0.6, len(names) - 0.4)


def _legend(ax: Axes, names: Sequence[str], colours: Sequence[str]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=name) for name, colour in zip(names, colours, strict=True)]
    columns = 3 if theme.is_for_phones() else 6
    with theme.chart_style():
        ax.legend(
            handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=min(columns, len(handles)),
            frameon=False, fontsize=9, handlelength=1.0, columnspacing=1.0,
        )  # fmt: skip


def draw_change(audit: CustomerBaseAudit, money: str = "revenue", *, ax: Axes | None = None) -> Axes:
    """From the revenue of one period to that of the other, part by part, with the limits of each part."""
    change, periods = audit.change, audit.periods
    if change is None or periods is None:
        return theme.empty_axes(words.why_nothing_compared(audit), ax=ax)
    frame = getattr(change, money)
    parts = frame[frame["component"] != TOTAL]
    total = frame[frame["component"] == TOTAL].iloc[0]
    now, then = periods.name(periods.latest), periods.name(periods.then)
    rows = [*parts.to_dict("records"), total.to_dict()]
    names = [theme.first_capital(SAID[row["component"]]) for row in rows[:-1]] + ["Together"]
    at = np.arange(len(rows))[::-1]
    values = [row["estimate"] for row in rows]
    ax = theme.new_axes(
        title=_change_title(audit, total, money),
        subtitle=f"Change of {money} from {then} to {now}, by what it is owed to",
        xlabel=f"{audit.currency}; the whiskers are limits of each part",
        size=(theme.SIZE[0], 1.5 + 0.42 * len(rows)),
        grid="x",
        ax=ax,
    )
    clear = [bool(row["direction"]) for row in rows]
    colours = [
        (theme.ACCENT if value >= 0 else theme.WARNING) if is_clear else theme.REST
        for value, is_clear in zip(values, clear, strict=True)
    ]
    order = np.argsort(at)
    theme.draw_bars(ax, at[order], np.asarray(values)[order], colours=[colours[place] for place in order])
    ends = [(row.get("lower"), row.get("upper")) for row in rows]
    for height, (low, high) in zip(at, ends, strict=True):
        if low is not None and high is not None and np.isfinite(low) and np.isfinite(high):
            ax.plot([low, high], [height, height], color=theme.INK, linewidth=1.4, solid_capstyle="butt")
    ax.axvline(0, color=theme.MUTED, linewidth=0.9)
    theme.name_rows(ax, [names[place] for place in order], columns=24)
    for height, value, (low, high) in zip(at, values, ends, strict=True):
        reach = [end for end in (value, low, high) if end is not None and np.isfinite(end)]
        edge = max([0.0, *reach]) if value >= 0 else min([0.0, *reach])
        _write_beside(ax, edge, float(height), value)
    reach = [abs(end) for value, pair in zip(values, ends, strict=True) for end in (value, *pair) if end is not None]
    widest = max((end for end in reach if np.isfinite(end)), default=1.0) or 1.0
    left = min([0.0, *(end for pair in ends for end in pair if end is not None and np.isfinite(end)), *values])
    right = max([0.0, *(end for pair in ends for end in pair if end is not None and np.isfinite(end)), *values])
    room = 0.42 * widest
    ax.set_xlim(
        left - (room if left < -0.05 * widest else 0.12 * widest), right + (room if right > 0 else 0.05 * widest)
    )
    ax.locator_params(axis="x", nbins=4 if theme.is_for_phones() else 6)
    theme.format_money(ax, axis="x")
    return ax


def _write_beside(ax: Axes, x: float, y: float, value: float) -> None:
    said = f"{'+' if value > 0 else ''}{theme.say_money(value, '').strip()}"
    with theme.chart_style():
        ax.annotate(
            said, xy=(x, y), xytext=(5 if value >= 0 else -5, 0), textcoords="offset points", va="center",
            ha="left" if value >= 0 else "right", fontsize=9.5, color=theme.INK,
        )  # fmt: skip


def _change_title(audit: CustomerBaseAudit, total: Any, money: str) -> str:
    periods = audit.periods
    name = "" if periods is None else f" of {periods.name(periods.latest)}"
    moved = theme.say_money(abs(total["estimate"]), audit.currency)
    if total["direction"] == 0:
        return f"{theme.first_capital(money)}{name} is not told apart from the period before"
    return f"{theme.first_capital(money)}{name} {'rose' if total['direction'] > 0 else 'fell'} by {moved}"


def draw_tenths(audit: CustomerBaseAudit, *, ax: Axes | None = None) -> Axes:
    """What each tenth of the buyers brought, from the highest down."""
    spread, periods = audit.spread, audit.periods
    if spread is None or periods is None or spread.tenths.empty:
        return theme.empty_axes("There are too few buyers to cut them into tenths.", ax=ax)
    name = periods.name(periods.latest)
    title = f"What each tenth of the buyers of {name} brought"
    if spread.top20 is not None and spread.tells_few:
        title = f"The top fifth of the buyers of {name} brought {theme.say_percent(float(spread.top20.estimate))}"
    ax = theme.new_axes(
        title=title,
        subtitle=f"Revenue by tenth of the {theme.say_count(spread.n_buyers, 'buyer')}, those who brought most first",
        xlabel="Tenth of the buyers",
        ylabel=audit.currency,
        ax=ax,
    )
    tenths = spread.tenths
    colours = [theme.ACCENT if tenth <= 2 else theme.REST for tenth in tenths["tenth"]]
    theme.draw_bars(ax, tenths["tenth"], tenths["revenue"], colours=colours, is_upright=True)
    # Where some gave back more than they bought, parts of what is left are no shares of it.
    is_shared = spread.revenue > 0 and float(tenths["revenue"].min()) >= 0
    if is_shared and not theme.is_for_phones():
        theme.label_values(ax, [theme.say_percent(share) for share in tenths["revenue_share"]])
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * 1.08 if high > 0 else high)
    with theme.chart_style():
        ax.set_xticks(list(tenths["tenth"]))
    theme.format_money(ax)
    return ax


def draw_course(audit: CustomerBaseAudit, *, ax: Axes | None = None) -> Axes:
    """What the customers of one cohort brought, each of them, period by period."""
    table, cohorts = course_table(audit), audit.cohorts
    if table.empty or cohorts is None or audit.periods is None:
        return theme.empty_axes("No cohort of new customers has a whole period.", ax=ax)
    n = theme.say_count(cohorts.course["n_customers"].iloc[0], "customer")
    last = theme.say_percent(float(table["active_share"].iloc[-1]))
    ax = theme.new_axes(
        title=f"Of the customers first seen in {cohorts.shown}, {last} bought in {table['period'].iloc[-1]}",
        subtitle=f"Share of these {n} who bought in each {audit.periods.course_noun}",
        ylabel="Share who bought",
        size=theme.WIDE,
        ax=ax,
    )
    theme.draw_bars(ax, range(len(table)), table["active_share"], is_upright=True)
    if len(table) <= _PLENTY and not theme.is_for_phones():
        theme.label_values(ax, [theme.say_percent(share) for share in table["active_share"]])
    ax.set_ylim(0, float(table["active_share"].max()) * 1.15)
    _name_periods(ax, table["period"].tolist())
    theme.format_share(ax)
    return ax


def draw_buyers(audit: CustomerBaseAudit, *, ax: Axes | None = None) -> Axes:
    """Buyers of each period: first seen in it, or known before."""
    health, periods = audit.health, audit.periods
    if health is None or periods is None or health.course.empty:
        return theme.empty_axes(words.why_nothing_compared(audit), ax=ax)
    frame = health.course
    last = frame.iloc[-1]
    n_first = int(last["n_first_seen"])
    first = f"{theme.say_count(n_first)} of them for the first time" if last["buyers"] else "nobody new"
    ax = theme.new_axes(
        title=f"In {last['period']} {theme.say_count(int(last['buyers']), 'customer')} bought, {first}",
        subtitle=f"Customers who bought in each whole {periods.course_noun}",
        ylabel="Customers",
        size=theme.WIDE,
        ax=ax,
    )
    at = np.arange(len(frame))
    known = (frame["buyers"] - frame["n_first_seen"]).to_numpy()
    ax.bar(at, known, width=0.8, color=theme.REST)
    ax.bar(at, frame["n_first_seen"], bottom=known, width=0.8, color=theme.ACCENT)
    _name_periods(ax, frame["period"].tolist())
    _legend(ax, ["seen before", "first seen"], [theme.REST, theme.ACCENT])
    theme.format_count(ax)
    return ax
