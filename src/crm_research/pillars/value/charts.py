"""Pictures of customer value. Each takes results, accepts and returns Axes, and says its finding in the title."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_research import theme
from crm_research.pillars.value.setting import say_window
from crm_research.pillars.value.words import say_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from crm_research.pillars.value.profit.measure import Profit
    from crm_research.pillars.value.tiers.measure import Tiers


def draw_whale(profit: Profit, tiers: Tiers | None, *, ax: Axes | None = None) -> Axes:
    """What customers leave, added up from the most profitable down, with its band and where gold and iron end."""
    whale = profit.whale
    if whale is None or not profit.n_customers:
        return theme.empty_axes("Nobody brought anything in these months.", ax=ax)
    curve = whale.curve
    ax = theme.new_axes(
        title=whale_title(profit, tiers),
        subtitle=f"{theme.first_capital(profit.noun)} of {theme.say_count(profit.n_customers, 'customer')} added up, "
        f"the most profitable first; {say_window(profit.window)}"
        if profit.has_costs
        else f"Revenue of {theme.say_count(profit.n_customers, 'customer')} added up, the largest first; "
        f"{say_window(profit.window)}",
        xlabel="Share of customers",
        ylabel=f"{theme.first_capital(profit.noun)} added up ({profit.currency})",
        grid="both",
        ax=ax,
    )
    theme.draw_band(ax, curve["customer_share"], curve["lower"], curve["upper"])
    ax.plot(curve["customer_share"], curve["profit"], color=theme.ACCENT, linewidth=2.4)
    top = float(np.nanmax([curve["upper"].max(), curve["profit"].max(), 1e-9]))
    low = float(np.nanmin([curve["lower"].min(), curve["profit"].min(), 0.0]))
    ax.set_xlim(0, 1)
    ax.set_ylim(low - 0.04 * (top - low), top * 1.1)
    if tiers is not None:
        shares = tiers.tiers.set_index("tier")["customer_share"]
        for end in (float(shares["gold"]), float(shares["gold"] + shares["iron"])):
            if 0 < end < 1:
                ax.axvline(end, color=theme.REST, linewidth=1.0, linestyle=(0, (4, 3)))
        middles = (
            ("gold", float(shares["gold"]) / 2),
            ("iron", float(shares["gold"] + shares["iron"] / 2)),
            ("lead", 1 - float(shares["lead"]) / 2),
        )
        with theme.chart_style():
            for name, at in middles:
                if shares[name] > 0.07:
                    ax.text(at, low + 0.03 * (top - low), name, color=theme.MUTED, ha="center", fontsize=10)
    theme.format_money(ax)
    theme.format_share(ax, "x")
    return ax


def whale_title(profit: Profit, tiers: Tiers | None) -> str:
    """What the curve shows."""
    if profit.n_losing and profit.has_costs:
        lost = theme.say_money(-profit.loss, profit.currency)
        n = theme.say_count(profit.n_losing, "customer")
        of_what = f"{lost} of the {profit.noun}" if profit.total > 0 else f"{lost} together"
        return f"{n} {theme.word_for(profit.n_losing, 'costs', 'cost')} more than they bring: {of_what}"
    if tiers is not None and tiers.rule.name == "share":
        gold = tiers.of("gold")
        share = theme.say_percent(float(gold["customer_share"]))
        if profit.n_losing or not profit.total > 0:
            return f"{share} of the customers bring {theme.say_percent(tiers.rule.gold)} of {say_whole(profit)}"
        return f"{share} of the customers bring {theme.say_percent(float(gold['profit_share']))} of the {profit.noun}"
    money = theme.say_money(profit.total, profit.currency)
    return f"All customers together leave {money}"


def whale_alt(profit: Profit, tiers: Tiers | None) -> str:
    """What one sees in the picture of the curve, for those who do not see it."""
    if profit.whale is None or not profit.n_customers:
        return "No picture: nobody brought anything in these months."
    falls = ", and falls where customers cost more than they bring" if profit.n_losing and profit.has_costs else ""
    if profit.n_losing and not profit.has_costs:
        falls = ", and falls where customers gave back more than they bought"
    rises = "rises from the left and flattens" if profit.whale.earners_share > 0 else "starts at nothing"
    return f"{whale_title(profit, tiers)}. A curve {rises}{falls}; a pale band around it."


def whale_caption(profit: Profit) -> str:
    """How to read the picture of the curve."""
    if not profit.has_costs:
        falls = ", and where it falls they gave back more than they bought" if profit.n_losing else ""
        return f"Read it from left to right: the steeper the line, the more a customer brings{falls}."
    return (
        "Read it from left to right: where the line rises customers bring money, where it falls they cost more than "
        "they bring."
    )


def draw_tiers(tiers: Tiers, *, ax: Axes | None = None) -> Axes:
    """Pairs of bars: the share of customers and of what is left, in each tier."""
    frame = tiers.tiers
    ax = theme.new_axes(
        title=tiers_title(tiers),
        subtitle=f"Share of customers and of {tiers.noun} in each tier; {say_window(tiers.window)}",
        size=(theme.SIZE[0], 3.2),
        grid="x",
        ax=ax,
    )
    at = np.arange(len(frame))[::-1].astype(float)
    theme.draw_bars(ax, at - 0.2, frame["customer_share"], colours=theme.REST, thickness=0.36)
    theme.label_values(ax, [theme.say_percent(share) for share in frame["customer_share"][::-1]])
    brought = frame["profit_share"].fillna(0.0)
    theme.draw_bars(ax, at + 0.2, brought, colours=theme.ACCENT, thickness=0.36)
    theme.label_values(ax, [theme.say_percent(share) for share in brought[::-1]])
    theme.name_rows(ax, list(frame["tier"])[::-1])
    longest = float(max(frame["customer_share"].max(), brought.max()))
    least = float(min(brought.min(), 0.0))
    # Room for what is written beside the bars, on either side.
    room = 0.18 * (longest - least)
    ax.set_xlim(least - room if least < 0 else 0.0, longest + room)
    with theme.chart_style():
        for word, colour, place in (("customers", theme.MUTED, -0.2), (tiers.noun, theme.ACCENT, 0.2)):
            ax.annotate(
                f"■ {word}", xy=(1, 0), xycoords="axes fraction", xytext=(-4, 22 + 80 * place), ha="right",
                textcoords="offset points", color=colour, fontsize=9.5, fontweight="bold",
            )  # fmt: skip
    theme.format_share(ax, "x")
    return ax


def tiers_title(tiers: Tiers) -> str:
    """What the bars show, and the rule does not say."""
    gold, lead = tiers.of("gold"), tiers.of("lead")
    if tiers.rule.name == "share":
        share = theme.say_percent(float(gold["customer_share"]))
        return f"{share} of the customers are gold, {theme.say_percent(float(lead['customer_share']))} are lead"
    if tiers.total > 0:
        return f"Gold customers bring {theme.say_percent(float(gold['profit_share']))} of the {tiers.noun}"
    return f"Gold customers leave {theme.say_money(float(gold['profit']), tiers.currency)}"


def tiers_alt(tiers: Tiers) -> str:
    """What one sees in the picture of the tiers."""
    return f"{tiers_title(tiers)}. Pairs of lying bars, one pair for each tier."
