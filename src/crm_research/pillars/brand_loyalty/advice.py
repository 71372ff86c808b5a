"""What to do about loyalty to brands: where to look for what holds buyers, and which campaigns to leave alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crm_research.models.dirichlet import ABOVE, BELOW
from crm_research.pillars.brand_loyalty import heavy_words, words
from crm_research.pillars.brand_loyalty.analysis import BrandLoyalty
from crm_research.show import Step


def steps(loyalty: BrandLoyalty) -> Iterator[Step]:
    """Where to look, what to promote apart, and whether to run after heavy buyers."""
    judged = words.judged_brands(loyalty)
    above, below = (judged.loc[judged["verdict"] == verdict] for verdict in (ABOVE, BELOW))
    if len(above):
        yield Step(
            f"Find out what holds the buyers of {words.name_brands(above)}: range, price, place or habit.", "brands"
        )
    if len(below):
        yield Step(f"Ask why buyers of {words.name_brands(below)} come back less often than size explains.", "brands")
    if words.differ_most_in_buyers(loyalty):
        yield Step(
            f"To make a {loyalty.unit} grow, win more buyers: it is in buyers that {loyalty.units} differ most.",
            "norm",
        )
    trend = loyalty.trend
    if trend is not None and trend.heavy is not None and np.isfinite(trend.heavy["gap_lower"]):
        if heavy_words.is_left_open(loyalty):
            yield Step(
                "Look at a shorter window before running after heavy buyers: their loss may be none.", "heavy_buyers"
            )
        elif trend.heavy["gap_upper"] < 0:
            yield Step("Ask heavy buyers why they buy less: they lost more than chance takes.", "heavy_buyers")
        elif trend.heavy["observed"] >= trend.heavy["first"]:
            yield Step("Leave heavy buyers as they are: they kept buying as much.", "heavy_buyers")
        else:
            yield Step("Do not run after heavy buyers who fell off: chance explains their fall.", "heavy_buyers")
    close = words.close_pair(loyalty)
    if close is not None:
        yield Step(
            f"Think twice before promoting {close['brand']} against {close['other']}: they share buyers.",
            "shared_buyers",
        )


def gravest_doubt(loyalty: BrandLoyalty) -> str:
    """What would most change the answer: purchases elsewhere, which these records do not hold."""
    if loyalty.fit is None:
        return ""
    return "Purchases in other shops are not in these records: a buyer who is loyal here may buy more elsewhere."
