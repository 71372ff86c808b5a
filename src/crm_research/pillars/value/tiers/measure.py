"""Tiers in one result: who is gold, iron and lead, who moved, and what another rule would say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.features.money_window import USUAL_MONTHS, has_no_ends, holds_months_before
from crm_research.features.profit import sources_of
from crm_research.pillars.value.profit.curve import DIGITS, rank_money
from crm_research.pillars.value.profit.measure import Books, books_of, name_what_is_left, open_books, profit_table
from crm_research.pillars.value.tiers.rule import TIERS, TierRule, make_rule, tier_of
from crm_research.show.shown import Shown
from crm_research.stats.concentration import FEWEST_CUSTOMERS
from crm_research.stats.intervals import Interval, wilson_share
from crm_research.stats.whale import limit_reach
from crm_research.steps import step

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_research.features.money_window import MoneyWindow
    from crm_research.study import Study

NOT_THERE: Final = "not there"
TOO_SHORT: Final = "The records do not hold as many months before these, so nobody can be seen to move."
NO_ENDS: Final = (
    "No end of any contract is recorded, so nobody can be seen to leave, and it is not known who moved: if contracts "
    "that ended are left out of the records, those here are the ones that stayed."
)
OTHER_COSTS: Final = (
    "The cost of goods is recorded in these months or in as many before, and not in both: nobody can be seen to move."
)
TOO_FEW: Final = "Too few customers brought anything in as many months before to part them into tiers."
_SUMS: Final = ("profit", "income", "discount", "goods", "service", "contacts", "capital", "n_orders")
# How many of the nearest iron customers to look at.
_NEAREST: Final = ((0.1, "the nearest tenth"), (0.25, "the nearest quarter"), (0.5, "the nearer half"), (1.0, "all"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Tiers(Shown):
    """Who is gold, iron and lead, how firmly, and what would it take to rise?

    Parameters
    ----------
    currency, window, noun, confidence
        Of the money, over which months it is counted, what it is called, and the level of the limits.
    rule
        What makes the tiers.
    cuts
        The least money of a gold and of an iron customer.
    tiers
        tier, n_customers, customer_share, lower, upper, profit, profit_share, mean_profit, n_losing, and the sums that
        make the profit. Limits are missing where the rule itself says how many there are.
    moves
        before, now, n_customers: from the stretch before to this one; empty where `why_no_moves` says why.
    stayed
        Of the gold customers of the stretch before, the share that is gold now; None without them.
    rose
        Of its iron customers, the share that is gold now.
    lift
        who (of the iron customers), n_customers, more_each, more_together: money that would make them gold.
    others
        instead (the rule or the money in its place), n_changed, changed_share: who would stand in another tier.
    """

    currency: str
    window: MoneyWindow
    noun: str
    confidence: float
    rule: TierRule
    cuts: tuple[float, float]
    tiers: pd.DataFrame
    moves: pd.DataFrame
    why_no_moves: str
    stayed: Interval | None
    rose: Interval | None
    lift: pd.DataFrame
    others: pd.DataFrame

    @property
    def n_customers(self) -> int:
        """Customers in all tiers together."""
        return int(self.tiers["n_customers"].sum())

    @property
    def total(self) -> float:
        """What all of them leave."""
        return float(self.tiers["profit"].sum())

    def of(self, tier: str) -> pd.Series:
        """The row of a tier."""
        return self.tiers.loc[self.tiers["tier"] == tier].iloc[0]


@step
def measure_tiers(
    study: Study,
    *,
    tier_rule: str = "share",
    gold_from: float | None = None,
    iron_from: float | None = None,
    months: int = USUAL_MONTHS,
    volume: str = "revenue",
    capital_rate: float | None = None,
    contact_costs: bool = True,
    confidence: float = 0.95,
    seed: int = 20170101,
) -> Tiers | None:
    """Who is gold, iron and lead? None with fewer than ten customers, or where nobody leaves anything.

    Parameters
    ----------
    tier_rule, gold_from, iron_from
        As `make_rule` takes them.
    months, volume, capital_rate, contact_costs, confidence, seed
        As `measure_profit` takes them.
    """
    rule = make_rule(tier_rule, gold_from, iron_from)
    asked: dict[str, Any] = {"volume": volume, "capital_rate": capital_rate, "contact_costs": contact_costs}
    books = open_books(study, months=months, confidence=confidence, **asked)
    table = profit_table(study, books)
    ranked = rank_money(table, "profit")
    if ranked["n"].sum() < FEWEST_CUSTOMERS or not (ranked["total"] > 0).any():
        return None
    cuts = rule.cut(ranked)
    tiers = _describe(table, cuts, _limit(rule, ranked, confidence, seed))
    if rule.name == "value":
        limits = wilson_share(tiers["n_customers"], tiers["n_customers"].sum(), confidence=confidence)
        tiers["lower"], tiers["upper"] = limits.lower, limits.upper
    moves, why = pd.DataFrame(columns=["before", "now", "n_customers"]), TOO_SHORT
    if not study.has("orders") and has_no_ends(study):
        why = NO_ENDS
    elif holds_months_before(study, books.window):
        earlier = books_of(study, books.window.before(), volume, capital_rate, confidence, contact_costs=contact_costs)
        if earlier.costing.plan.counts_goods == books.costing.plan.counts_goods:
            moves, why = _count_moves(study, earlier, rule, table, cuts), TOO_FEW
        else:
            why = OTHER_COSTS
    return Tiers(
        currency=study.currency,
        window=books.window,
        noun=name_what_is_left(sources_of(study, books.costing.plan)),
        confidence=confidence,
        rule=rule,
        cuts=cuts,
        tiers=tiers,
        moves=moves,
        why_no_moves="" if len(moves) else why,
        stayed=_share_of_moves(moves, "gold", confidence),
        rose=_share_of_moves(moves, "iron", confidence),
        lift=_lift(ranked, cuts),
        others=_compare(table, ranked, rule, cuts, books),
    )


def list_tiers(study: Study, cuts: tuple[float, float], **asked: Any) -> pd.DataFrame:
    """The tier of each customer with money in the window: customer_id, tier.

    Parameters
    ----------
    cuts
        As `Tiers` has them.
    asked
        As `open_books` takes it.
    """
    table = profit_table(study, open_books(study, **asked))
    places: pd.DataFrame = table.select("customer_id", place=tier_of(table.profit, cuts)).to_pandas()
    return places.assign(tier=np.array(TIERS, dtype=object)[places.pop("place").to_numpy(dtype=int)])


def _limit(rule: TierRule, ranked: pd.DataFrame, confidence: float, seed: int) -> list[Interval] | None:
    if rule.name != "share":
        return None
    sizes = ranked["n"].to_numpy(dtype=float)
    means = ranked["total"].to_numpy(dtype=float) / sizes
    return limit_reach(sizes, means, (rule.gold, rule.iron), confidence=confidence, seed=seed)


def _describe(table: ir.Table, cuts: tuple[float, float], limits: list[Interval] | None) -> pd.DataFrame:
    placed = table.mutate(place=tier_of(table.profit, cuts))
    sums = {name: placed[name].sum() for name in _SUMS}
    found = (
        placed.group_by("place")
        .agg(n_customers=placed.count(), n_losing=placed.count(where=placed.profit.round(DIGITS) < 0), **sums)
        .to_pandas()
        .set_index("place")
        .reindex(range(len(TIERS)))
        .fillna(0.0)
        # Engines add up in any order: what is left of that would tip a number between two roundings.
        .round(DIGITS)
        .reset_index(drop=True)
    )
    n, money = float(found["n_customers"].sum()), float(found["profit"].sum())
    missing = [np.nan] * len(TIERS)
    found.insert(0, "tier", list(TIERS))
    found["customer_share"] = found["n_customers"] / n
    found["lower"] = missing if limits is None else [float(one.lower) for one in limits]
    found["upper"] = missing if limits is None else [float(one.upper) for one in limits]
    # Those who leave the same as the last one of a tier are of it, too.
    found["lower"] = found[["lower", "customer_share"]].min(axis=1).where(found["lower"].notna())
    found["upper"] = found[["upper", "customer_share"]].max(axis=1).where(found["upper"].notna())
    found["profit_share"] = found["profit"] / money if money > 0 else np.nan
    found["mean_profit"] = found["profit"] / found["n_customers"].where(found["n_customers"] > 0)
    whole = ["n_customers", "n_losing"]
    found[whole] = found[whole].astype(int)
    described: pd.DataFrame = found
    return described


def _count_moves(
    study: Study, earlier: Books, rule: TierRule, table: ir.Table, cuts: tuple[float, float]
) -> pd.DataFrame:
    before = profit_table(study, earlier)
    ranked = rank_money(before, "profit")
    empty = pd.DataFrame(columns=["before", "now", "n_customers"])
    if ranked["n"].sum() < FEWEST_CUSTOMERS or not (ranked["total"] > 0).any():
        return empty
    old = before.select("customer_id", before=tier_of(before.profit, rule.cut(ranked)))
    new = table.select("customer_id", now=tier_of(table.profit, cuts))
    joined = old.outer_join(new, "customer_id")
    places = joined.select(before=joined.before.fill_null(len(TIERS)), now=joined["now"].fill_null(len(TIERS)))
    counted = places.group_by("before", "now").agg(n_customers=places.count()).order_by("before", "now").to_pandas()
    names = dict(enumerate((*TIERS, NOT_THERE)))
    moves: pd.DataFrame = counted.assign(before=counted["before"].map(names), now=counted["now"].map(names))
    return moves


def _share_of_moves(moves: pd.DataFrame, tier: str, confidence: float) -> Interval | None:
    """Of those who were of that tier, the share that is gold now."""
    were = moves.loc[moves["before"] == tier]
    n = int(were["n_customers"].sum())
    if not n:
        return None
    return wilson_share(int(were.loc[were["now"] == "gold", "n_customers"].sum()), n, confidence=confidence)


def _lift(ranked: pd.DataFrame, cuts: tuple[float, float]) -> pd.DataFrame:
    gold, iron = cuts
    rows = ranked.loc[(ranked["lowest"] < gold) & (ranked["highest"] >= iron)]
    sizes = rows["n"].to_numpy(dtype=float)
    gaps = gold - rows["total"].to_numpy(dtype=float) / sizes if len(rows) else np.array([])
    found = []
    for share, who in _NEAREST if sizes.sum() >= FEWEST_CUSTOMERS else ():
        # Whole customers, so that what each would take and what all would agree.
        taken = np.clip(round(share * sizes.sum()) - (np.cumsum(sizes) - sizes), 0.0, sizes)
        n = float(taken.sum())
        found.append((who, round(n), float(taken @ gaps) / n, float(taken @ gaps)))
    return pd.DataFrame(found, columns=["who", "n_customers", "more_each", "more_together"])


def _compare(
    table: ir.Table, ranked: pd.DataFrame, rule: TierRule, cuts: tuple[float, float], books: Books
) -> pd.DataFrame:
    """How many would stand in another tier under another sensible rule, or by other money?"""
    other = make_rule("share" if rule.name != "share" else "quantile", None, None)
    own = tier_of(table.profit, cuts)
    asked = {f"by the {_RULES[other.name]}": tier_of(table.profit, other.cut(ranked))}
    if books.costing.plan.rates:
        asked["with the cost of activities spread by volume"] = tier_of(
            table.by_volume, rule.cut(rank_money(table, "by_volume"))
        )
    if float(ranked["total"].sum()) != books.sum_of("income"):
        asked["by revenue alone"] = tier_of(table.income, rule.cut(rank_money(table, "income")))
    counts = {f"q{place}": (own != tier).ifelse(1, 0).sum() for place, tier in enumerate(asked.values())}
    row = table.agg(n=table.count(), **counts).to_pyarrow().to_pylist()[0]
    n = int(row["n"])
    rows = [(name, int(row[f"q{place}"] or 0)) for place, name in enumerate(asked)]
    return pd.DataFrame(
        [(name, changed, changed / n) for name, changed in rows], columns=["instead", "n_changed", "changed_share"]
    )


_RULES: Final = {
    "share": "share of what is earned (80 % gold, up to 95 % iron)",
    "quantile": "share of customers (the first fifth gold, the last fifth lead)",
}
