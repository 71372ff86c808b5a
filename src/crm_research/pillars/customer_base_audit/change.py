"""The second lens: what changed between two equal periods, told apart so that the parts are the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.features.audit import sum_powers
from crm_research.show.shown import Shown
from crm_research.stats.decomposition import share_change, slopes_of
from crm_research.stats.skewed import skewed_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from crm_research.stats.intervals import Interval

CUSTOMERS: Final = "customers"
FREQUENCY: Final = "frequency"
SPEND: Final = "spend"
MARGIN: Final = "margin"
ONLY_RETURNS: Final = "only returns"
NAMELESS: Final = "no customer named"
TOTAL: Final = "total"
LOST, KEPT, GAINED = "lost", "kept", "gained"
NEW, KNOWN = "first seen", "known before"
_FLOWS: Final = (LOST, KEPT, GAINED)
_DIGITS: Final = 13
# What is so small a part of what customers bring is left by the last digits of floats, and no change.
_RESIDUE: Final = 1e-10
_COLUMNS: Final = ("component", "estimate", "lower", "upper", "direction")


@dataclass(frozen=True, eq=False, kw_only=True)
class Change(Shown):
    """What changed from one period to another of the same length?

    Parameters
    ----------
    factors
        factor, then, now: buyers, purchases of each, revenue (or profit) of a purchase, margin where cost stands.
    revenue, profit
        component, estimate, lower, upper, direction (+1, -1, or 0 where it is not told apart from nought with all
        components looked at); the last row is the total. `profit` is empty where cost does not stand.
    flows
        flow (lost, kept, gained), n_customers, revenue_then, revenue_now, estimate, lower, upper, direction.
    sources
        The change of what customers first seen in each period brought in it, and of what all other buyers brought;
        columns as in `revenue`, with then and now. Of the first two, only where both are new customers.
    n_customers
        Buyers of one of the two periods or both.
    """

    factors: pd.DataFrame
    revenue: pd.DataFrame
    profit: pd.DataFrame
    flows: pd.DataFrame
    sources: pd.DataFrame
    n_customers: int

    @property
    def has_cost(self) -> bool:
        """Does cost stand, so that profit is told apart too?"""
        return not self.profit.empty

    def total(self, what: str = "then") -> float:
        """Revenue of all orders of one of the two periods."""
        return float(self.sources[what].sum())


def split_revenue(totals: NDArray[np.generic]) -> NDArray[np.generic]:
    """Parts of the change of buyers' revenue by buyers, purchases of each, and revenue of a purchase.

    Parameters
    ----------
    totals
        Buyers, purchases and revenue then; the same now.
    """
    n_then, orders_then, money_then, n_now, orders_now, money_now = totals
    if np.real(n_then) <= 0 or np.real(n_now) <= 0:
        # Of nobody there is neither a frequency nor a spend: whoever came brought all of it.
        return np.asarray([money_now - money_then, 0 * money_now, 0 * money_now])
    return share_change(
        [n_then, orders_then / n_then, money_then / orders_then],
        [n_now, orders_now / n_now, money_now / orders_now],
    )


def split_profit(totals: NDArray[np.generic]) -> NDArray[np.generic]:
    """The same of profit, with the margin as a fourth factor.

    Parameters
    ----------
    totals
        Buyers, purchases, revenue and profit then; the same now.

    Notes
    -----
    A margin is a share of revenue. Where that is nought or less in one of the periods there is none: then the profit of
    a purchase stands under spend, and margin gets nothing.
    """
    n_then, orders_then, money_then, profit_then, n_now, orders_now, money_now, profit_now = totals
    if np.real(n_then) <= 0 or np.real(n_now) <= 0:
        return np.asarray([profit_now - profit_then, 0 * profit_now, 0 * profit_now, 0 * profit_now])
    then, now = [n_then, orders_then / n_then], [n_now, orders_now / n_now]
    if np.real(money_then) <= 0 or np.real(money_now) <= 0:
        parts = share_change([*then, profit_then / orders_then], [*now, profit_now / orders_now])
        return np.append(parts, 0 * profit_now)
    return share_change(
        [*then, money_then / orders_then, profit_then / money_then],
        [*now, money_now / orders_now, profit_now / money_now],
    )


def measure_change(
    customers: ir.Table,
    classes: pd.DataFrame,
    nameless: Mapping[str, tuple[float, float]],
    *,
    seen_in: Mapping[str, range],
    has_cost: bool,
    confidence: float,
) -> Change:
    """What changed from the period ``then`` to the period ``now``?

    Parameters
    ----------
    customers
        Of `lay_side_by_side`, with both periods.
    classes
        Of `count_classes`.
    nameless
        Revenue and profit then and now of orders that name no customer: in the total, and without an interval.
    seen_in
        The periods of the course in which one is first seen, then and now.
    has_cost
        Is the cost of every order known?
    confidence
        Level of the intervals.

    Notes
    -----
    Limits take customers as a sample of those who might have come, each by chance (a Poisson number of every kind), so
    a sum over customers has the variance of the sum of squares; components are linear in the customers to first order.
    Their skewness is answered for by `skewed_interval`. A direction is said where the limits at (1 - confidence) / K
    leave nought out, K components being looked at.
    """
    totals = _totals(classes, has_cost=has_cost)
    rows = _of_each(customers)
    asked: dict[str, ir.NumericValue] = {}
    parts = {"revenue": split_revenue, "profit": split_profit} if has_cost else {"revenue": split_revenue}
    names = {"revenue": (CUSTOMERS, FREQUENCY, SPEND), "profit": (CUSTOMERS, FREQUENCY, SPEND, MARGIN)}
    estimates: dict[str, NDArray[np.float64]] = {}
    for money, split in parts.items():
        at = totals[money]
        estimates[money] = np.asarray(split(np.asarray(at)), dtype=float)
        for name, slope in zip(names[money], slopes_of(split, at), strict=True):
            asked[f"{money} {name}"] = _weigh(rows[money], slope)
        asked[f"{money} {ONLY_RETURNS}"] = rows[f"{money} only returns"]
        asked[f"{money} {TOTAL}"] = rows[f"{money} total"]
    asked |= {flow: rows[flow] for flow in _FLOWS} | _by_source(customers, seen_in)
    powers = settle(sum_powers(customers, asked).to_pandas().astype(float).fillna(0.0)).iloc[0]
    at_place = {name: place for place, name in enumerate(asked)}
    is_active = (classes["bought_then"] + classes["bought_now"]) > 0
    n = int(classes.loc[is_active, "n_customers"].sum())

    least = _residue(powers, totals["revenue"], n)

    def limits(name: str, n_looked_at: int) -> dict[str, Any]:
        place = at_place[name]
        found = [float(powers[f"{power}_{place}"]) for power in ("sum", "square", "cube")]
        if found[1] <= least:
            found = [0.0, 0.0, 0.0]
        return limit_sum(*found, n=n, n_looked_at=n_looked_at, confidence=confidence)

    frames = {}
    for money, found in estimates.items():
        own = names[money]
        lines = [
            {**limits(f"{money} {name}", len(own)), "component": name, "estimate": float(part)}
            for name, part in zip(own, found, strict=True)
        ]
        if powers[f"square_{at_place[f'{money} {ONLY_RETURNS}']}"]:
            lines.append({**limits(f"{money} {ONLY_RETURNS}", len(own)), "component": ONLY_RETURNS})
        whole = limits(f"{money} {TOTAL}", 1)
        alone = nameless[money][1] - nameless[money][0]
        if any(nameless[money]):
            lines.append({"component": NAMELESS, "estimate": alone, "direction": int(np.sign(alone))})
        total = {name: whole[name] + alone for name in ("estimate", "lower", "upper")}
        lines.append({**total, "component": TOTAL, "direction": _direction(total)})
        frames[money] = pd.DataFrame(lines).reindex(columns=list(_COLUMNS))
    return Change(
        factors=_factors(totals, has_cost=has_cost),
        revenue=frames["revenue"],
        profit=frames.get("profit", pd.DataFrame(columns=list(_COLUMNS))),
        flows=_flows(classes, {flow: limits(flow, len(_FLOWS)) for flow in _FLOWS}),
        sources=_sources(classes, seen_in, nameless["revenue"], {name: limits(name, 2) for name in (NEW, KNOWN)}),
        n_customers=n,
    )


def settle(frame: pd.DataFrame) -> pd.DataFrame:
    """The same sums without their last digits, which hang on the order in which an engine's threads add."""
    sums = [name for name in frame.columns if frame[name].dtype.kind == "f"]
    return frame.assign(**{name: [float(f"{value:.{_DIGITS}g}") for value in frame[name]] for name in sums})


def _residue(powers: pd.Series, sides: list[float], n: int) -> float:
    """The largest sum of squares that may be what the last digits of floats leave."""
    largest = max(float(powers[name]) for name in powers.index if str(name).startswith("square_"))
    revenue = abs(sides[2]) + abs(sides[5])
    return _RESIDUE**2 * max(largest, revenue**2 / max(n, 1))


def _of_each(customers: ir.Table) -> dict[str, Any]:
    """What each customer has of everything that is summed."""
    held: dict[str, Any] = {}
    bought = {when: (customers[f"n_{when}"] > 0).ifelse(1.0, 0.0) for when in ("then", "now")}
    for money in ("revenue", "profit"):
        own = {when: customers[f"revenue_{when}"] for when in bought}
        if money == "profit":
            own = {when: own[when] - customers[f"cost_{when}"] for when in bought}
        held[money] = [
            value
            for when in bought
            for value in (
                bought[when],
                customers[f"n_{when}"].cast("float64"),
                *([bought[when] * customers[f"revenue_{when}"]] if money == "profit" else []),
                bought[when] * own[when],
            )
        ]
        held[f"{money} only returns"] = (1 - bought["now"]) * own["now"] - (1 - bought["then"]) * own["then"]
        held[f"{money} total"] = own["now"] - own["then"]
    then, now = bought["then"], bought["now"]
    held[LOST] = (now - 1) * then * customers.revenue_then
    held[GAINED] = (1 - then) * now * customers.revenue_now
    held[KEPT] = then * now * (customers.revenue_now - customers.revenue_then)
    return held


def _by_source(customers: ir.Table, seen_in: Mapping[str, range]) -> dict[str, Any]:
    """The change of what those first seen in each period brought in it, and of what the other buyers brought."""
    new: Any = 0.0
    all_: Any = 0.0
    for when, sign in (("then", -1.0), ("now", 1.0)):
        inside = seen_in[when]
        is_new = (customers.first_period >= inside.start) & (customers.first_period < inside.stop)
        bought = (customers[f"n_{when}"] > 0).ifelse(sign, 0.0) * customers[f"revenue_{when}"]
        all_ = all_ + bought
        new = new + is_new.ifelse(1.0, 0.0).fill_null(0.0) * bought
    return {NEW: new, KNOWN: all_ - new}


def _weigh(values: list[Any], slopes: NDArray[np.float64]) -> Any:
    weighed: Any = 0.0
    for value, slope in zip(values, slopes, strict=True):
        weighed = weighed + float(slope) * value
    return weighed


def _totals(classes: pd.DataFrame, *, has_cost: bool) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"revenue": [], "profit": []}
    for when in ("then", "now"):
        buyers = classes[classes[f"bought_{when}"] == 1]
        n, orders = float(buyers["n_customers"].sum()), float(buyers[f"n_{when}"].sum())
        revenue = float(buyers[f"revenue_{when}"].sum())
        found["revenue"] += [n, orders, revenue]
        found["profit"] += [n, orders, revenue, revenue - float(buyers[f"cost_{when}"].sum())]
    return found if has_cost else {"revenue": found["revenue"]}


def limit_sum(
    total: float, square: float, cube: float, *, n: int, n_looked_at: int, confidence: float
) -> dict[str, Any]:
    """A sum over customers with its limits; its direction at the level that so many looks leave."""
    if n < 2 or square <= 0:
        return {"estimate": total, "lower": np.nan, "upper": np.nan, "direction": 0}
    error, skewness = np.sqrt(square), cube / square**1.5

    def at(level: float) -> Interval:
        return skewed_interval(total, error, skewness, n - 1, confidence=level)

    plain, strict = at(confidence), at(1 - (1 - confidence) / n_looked_at)
    return {
        "estimate": total,
        "lower": float(plain.lower),
        "upper": float(plain.upper),
        "direction": _direction({"lower": float(strict.lower), "upper": float(strict.upper)}),
    }


def _direction(limits: Mapping[str, float]) -> int:
    return 1 if limits["lower"] > 0 else -1 if limits["upper"] < 0 else 0


def _factors(totals: Mapping[str, list[float]], *, has_cost: bool) -> pd.DataFrame:
    n = len(totals["revenue"]) // 2
    rows = []
    sides = [totals["revenue"][:n], totals["revenue"][n:]]
    values = [[side[0], _ratio(side[1], side[0]), _ratio(side[2], side[1])] for side in sides]
    if has_cost:
        n = len(totals["profit"]) // 2
        for value, side in zip(values, (totals["profit"][:n], totals["profit"][n:]), strict=True):
            value.append(_ratio(side[3], side[2]) if side[2] > 0 else np.nan)
    for place, name in enumerate((CUSTOMERS, FREQUENCY, SPEND, MARGIN)[: len(values[0])]):
        rows.append({"factor": name, "then": values[0][place], "now": values[1][place]})
    return pd.DataFrame(rows)


def _ratio(over: float, under: float) -> float:
    return over / under if under else float("nan")


def _flows(classes: pd.DataFrame, limits: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    then, now = classes["bought_then"] == 1, classes["bought_now"] == 1
    rows = []
    for flow, where in ((LOST, then & ~now), (KEPT, then & now), (GAINED, ~then & now)):
        own = classes[where]
        before = float(own["revenue_then"].sum()) if flow != GAINED else 0.0
        after = float(own["revenue_now"].sum()) if flow != LOST else 0.0
        rows.append(
            {
                "flow": flow,
                "n_customers": int(own["n_customers"].sum()),
                "revenue_then": before,
                "revenue_now": after,
                **limits[flow],
                "estimate": after - before,
            }
        )
    return pd.DataFrame(rows)


def _sources(
    classes: pd.DataFrame,
    seen_in: Mapping[str, range],
    nameless: tuple[float, float],
    limits: Mapping[str, dict[str, Any]],
) -> pd.DataFrame:
    """What buyers first seen in a period brought in it, what the others did, and what nobody's orders did."""
    money = {NEW: [0.0, 0.0], KNOWN: [0.0, 0.0], ONLY_RETURNS: [0.0, 0.0], NAMELESS: list(nameless)}
    n = {NEW: [0, 0], KNOWN: [0, 0]}
    for place, when in enumerate(("then", "now")):
        bought = classes[f"bought_{when}"] == 1
        is_new = classes["first_period"].between(seen_in[when].start, seen_in[when].stop - 1)
        for name, where in ((NEW, bought & is_new), (KNOWN, bought & ~is_new)):
            money[name][place] = float(classes.loc[where, f"revenue_{when}"].sum())
            n[name][place] = int(classes.loc[where, "n_customers"].sum())
        money[ONLY_RETURNS][place] = float(classes.loc[~bought, f"revenue_{when}"].sum())
    return pd.DataFrame(
        [
            {
                "component": name,
                "n_then": n.get(name, [0, 0])[0],
                "n_now": n.get(name, [0, 0])[1],
                "then": before,
                "now": after,
                **limits.get(name, {}),
                "estimate": after - before,
            }
            for name, (before, after) in money.items()
        ]
    )
