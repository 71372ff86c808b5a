"""The printed numbers of customer value, each with its basis and check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crm_research.figures import NO_VALIDATION, Figure, FigureMaker, verdict_of
from crm_research.pillars.value.setting import say_window
from crm_research.stats import whale
from crm_research.stats.concentration import HOW

if TYPE_CHECKING:
    from crm_research.pillars.value.profit.measure import Profit
    from crm_research.pillars.value.tiers.measure import Tiers
    from crm_research.stats.intervals import Interval

REVENUE: Final = "value.revenue"
PROFIT: Final = "value.profit"
TOP20: Final = "value.top20_profit_share"
GINI: Final = "value.gini"
PEAK: Final = "value.whale_peak"
LOSS_SHARE: Final = "value.loss_making_share"
LOSS: Final = "value.loss"
MOVED: Final = "value.moved_customers"
UNUSED: Final = "value.unused_capacity"
TIER_SHARE: Final = "value.tier_share"
TIER_PROFIT: Final = "value.tier_profit_share"
STAYED: Final = "value.gold_kept_share"
ROSE: Final = "value.iron_risen_share"
_SUM: Final = "sum of the records of these months; a sum of all records has no sampling interval"
_REACH: Final = (
    "share of customers ranked by what they leave; limits out to the long tail, at least those of a Poisson bootstrap"
)


def key_figures(profit: Profit, tiers: Tiers | None) -> list[Figure]:
    """The numbers that carry the answer."""
    own = [_money(profit, PROFIT if profit.has_costs else REVENUE)]
    gold = [figure for figure in tier_figures(profit, tiers) if figure.id == TIER_SHARE and figure.group == "gold"]
    return [*own, *gold, *(figure for figure in share_figures(profit) if figure.id in (TOP20, LOSS_SHARE))]


def profit_figures(profit: Profit, tiers: Tiers | None) -> list[Figure]:
    """All of them: money, shares and tiers."""
    return [*money_figures(profit), *share_figures(profit), *tier_figures(profit, tiers), *move_figures(profit, tiers)]


def money_figures(profit: Profit) -> list[Figure]:
    """What customers brought and left, what those lose who cost money, and what nobody used."""
    found = [_money(profit, REVENUE)]
    if profit.has_costs:
        found += [_money(profit, PROFIT), _money(profit, LOSS)]
    if profit.costing.rates is not None:
        found.append(_money(profit, UNUSED))
    return found


def _money(profit: Profit, id_: str) -> Figure:
    label, amount, n = {
        REVENUE: (
            "Revenue of customers",
            profit.of_customers("revenue") + profit.of_customers("fees"),
            profit.n_customers,
        ),
        PROFIT: (f"{profit.noun[:1].upper()}{profit.noun[1:]} of customers", profit.total, profit.n_customers),
        LOSS: ("What customers who cost money lose", profit.loss, profit.n_losing),
        UNUSED: (
            "Paid for and not used",
            0.0 if profit.costing.rates is None else profit.costing.rates.unused,
            len(profit.costing.use),
        ),
    }[id_]
    check = "every column against the records themselves, to the cent"
    maker = FigureMaker(
        window=say_window(profit.window),
        confidence=None,
        validation=check,
        verdict=verdict_of(profit.is_reconciled),
    )
    how = f"{_SUM}; over all periods in which use is recorded" if id_ == UNUSED else _SUM
    return maker.one(id_, label, amount, unit=profit.currency, n=n, estimator=how)


def share_figures(profit: Profit) -> list[Figure]:
    """On how few it rests, how high the curve rises, and how many cost money; without costs only the first two."""
    maker = FigureMaker(window=say_window(profit.window), confidence=profit.confidence, validation=NO_VALIDATION)
    is_known = profit.has_costs
    peak = None if profit.whale is None or not is_known else profit.whale.peak
    what = profit.noun
    rows: tuple[tuple[str, str, Interval | None, str, str], ...] = (
        (TOP20, f"Share of {what} from the top fifth", profit.top20, "share", HOW),
        (GINI, f"Gini coefficient of {what}", profit.gini, "", HOW),
        (PEAK, f"Highest point of the curve, in times of all {what}", peak, "", whale.HOW),
        (
            LOSS_SHARE,
            "Share of customers who cost money",
            profit.loss_share if is_known else None,
            "share",
            "share of customers; Wilson limits",
        ),
    )
    return [
        maker.one(
            id_ if id_ != TOP20 or is_known else "value.top20_revenue_share",
            label,
            None if value is None else [float(part) for part in value],
            unit=unit,
            n=profit.n_customers,
            estimator=how,
        )
        for id_, label, value, unit, how in rows
    ] + ([] if is_known else [_no_profit(profit)])


def _no_profit(profit: Profit) -> Figure:
    maker = FigureMaker(window=say_window(profit.window), confidence=None)
    label = "Share of profit from the top fifth: no costs are recorded"
    return maker.one(TOP20, label, None, unit="share", n=profit.n_customers, estimator="none: revenue only")


def tier_figures(profit: Profit, tiers: Tiers | None) -> list[Figure]:
    """Share of customers, and of what they leave, in each tier."""
    if tiers is not None:
        return figures_of_tiers(tiers)
    maker = FigureMaker(window=say_window(profit.window), confidence=profit.confidence, validation=NO_VALIDATION)
    return [
        maker.one(
            TIER_SHARE, "Share of customers in the tier", None, unit="share", n=profit.n_customers,
            estimator="none: there are no tiers", group="gold",
        )
    ]  # fmt: skip


def figures_of_tiers(tiers: Tiers) -> list[Figure]:
    """Share of customers, and of what they leave, in each tier."""
    maker = FigureMaker(window=say_window(tiers.window), confidence=tiers.confidence, validation=NO_VALIDATION)
    how = _REACH if tiers.rule.name == "share" else "share of customers"
    rows = tiers.tiers.to_dict("records")
    shares = [
        maker.one(
            TIER_SHARE,
            "Share of customers in the tier",
            [row["customer_share"], row["lower"], row["upper"]],
            unit="share",
            n=tiers.n_customers,
            estimator=how,
            group=row["tier"],
        )
        for row in rows
    ]
    brought = [
        maker.one(
            TIER_PROFIT,
            f"Share of {tiers.noun} from the tier",
            row["profit_share"],
            unit="share",
            n=int(row["n_customers"]),
            estimator="share of the sum over all customers",
            group=row["tier"],
        )
        for row in rows
    ]
    return [*shares, *brought]


def move_figures(profit: Profit, tiers: Tiers | None) -> list[Figure]:
    """Who turns from profit to loss when costs follow activity, and how many gold customers stayed gold."""
    maker = FigureMaker(window=say_window(profit.window), confidence=profit.confidence, validation=NO_VALIDATION)
    found = []
    if profit.moved is not None:
        found.append(
            maker.one(
                MOVED,
                "Customers who turn to a loss when costs follow activity",
                profit.moved.n_to_loss,
                unit="customers",
                n=profit.n_customers,
                estimator="count of customers with a profit by volume and a loss by activity",
            )
        )
    if tiers is None:
        return found
    for id_, label, tier, share in (
        (STAYED, "Gold before, and gold now", "gold", tiers.stayed),
        (ROSE, "Iron before, and gold now", "iron", tiers.rose),
    ):
        if share is not None:
            found.append(
                maker.one(
                    id_,
                    label,
                    [float(part) for part in share],
                    unit="share",
                    n=int(tiers.moves.loc[tiers.moves["before"] == tier, "n_customers"].sum()),
                    estimator=f"share of customers who were {tier} in as many months before; Wilson limits",
                )
            )
    return found


def estimators(profit: Profit) -> dict[str, str]:
    """What was estimated, and how, as far as the study has it."""
    methods = {"money": "sums in the engine of the records of these months"}
    if profit.top20 is not None:
        methods["shares of customers ranked"] = HOW
        methods["highest point of the curve"] = whale.HOW
    if profit.moved is not None:
        methods["cost of activities"] = (
            "time-driven activity-based costing (Kaplan and Anderson 2004); chance by Chernoff's bound, adjusted for "
            "the number of customers"
        )
    return methods
