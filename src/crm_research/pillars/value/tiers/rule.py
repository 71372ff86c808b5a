"""By which rule are customers gold, iron or lead, and from which money on?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import ibis
import numpy as np

from crm_research.errors import ParameterError
from crm_research.pillars.value.profit.curve import DIGITS

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

TIERS: Final = ("gold", "iron", "lead")
# Of each rule: where gold ends and where iron ends, unless said otherwise; money has no usual value.
USUAL: Final = {"share": (0.8, 0.95), "quantile": (0.2, 0.8), "value": (None, None)}


@dataclass(frozen=True, kw_only=True)
class TierRule:
    """What makes a customer gold, iron or lead?

    Parameters
    ----------
    name
        ``share``: gold are those who, from the most profitable down, earn `gold` of all that is earned, iron those up
        to `iron` of it. ``quantile``: the same of all customers. ``value``: those who leave at least so much money.
    gold, iron
        The two limits, in the unit of the rule.
    """

    name: str
    gold: float
    iron: float

    def cut(self, ranked: pd.DataFrame) -> tuple[float, float]:
        """The least money of a gold and of an iron customer, of customers as `rank_money` has them.

        Customers who leave the same are of the same tier.
        """
        if self.name == "value":
            return self.gold, self.iron
        counted = ranked["n"] if self.name == "quantile" else ranked["total"].clip(lower=0.0)
        reached = counted.cumsum().to_numpy(dtype=float)
        if not len(reached) or reached[-1] <= 0:
            return np.inf, np.inf
        lowest = ranked["lowest"].to_numpy(dtype=float)
        gold, iron = (
            float(lowest[int(np.argmax(reached >= limit * reached[-1] * (1 - 1e-12)))])
            for limit in (self.gold, self.iron)
        )
        return gold, iron


def make_rule(name: str, gold_from: float | None, iron_from: float | None) -> TierRule:
    """The rule of that name; limits that are not given are the usual ones.

    Raises
    ------
    ParameterError
        If the rule is not known, a share is written as a percentage, or the limits are the wrong way round.
    """
    if name not in USUAL:
        raise ParameterError(f"tier_rule must be one of {', '.join(USUAL)}; not {name!r}.")
    gold, iron = (
        usual if given is None else given for given, usual in zip((gold_from, iron_from), USUAL[name], strict=True)
    )
    if gold is None or iron is None:
        raise ParameterError(
            "tier_rule 'value' needs the money from which a customer is gold and iron: give gold_from and iron_from."
        )
    if name == "value":
        if not gold > iron:
            raise ParameterError(f"gold_from ({gold:g}) must be more money than iron_from ({iron:g}).")
        return TierRule(name=name, gold=float(gold), iron=float(iron))
    for word, limit in (("gold_from", gold), ("iron_from", iron)):
        if limit > 1:
            raise ParameterError(
                f"{word} is {limit:g}: is that a percentage? It is read as a share: write {limit / 100:g} for "
                f"{limit:g} %."
            )
    if not 0 < gold < iron <= 1:
        raise ParameterError(
            f"gold_from ({gold:g}) must be a share above 0 and below iron_from ({iron:g}): both are counted from the "
            "most profitable customer down."
        )
    return TierRule(name=name, gold=float(gold), iron=float(iron))


def tier_of(money: ir.FloatingValue, cuts: tuple[float, float]) -> ir.IntegerValue:
    """0 for gold, 1 for iron, 2 for lead."""
    value = money.round(DIGITS)
    gold, iron = (ibis.literal(cut if np.isfinite(cut) else 1e300) for cut in cuts)
    place: ir.IntegerValue = ibis.cases((value >= gold, 0), (value >= iron, 1), else_=2)
    return place
