"""Products: the same few hundred articles in every world of a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Flags, Floats, Ints, open_stream
from crm_research.simulate.segments import CATEGORIES
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.words import BRANDS

OWN_PER_CATEGORY: Final = 8
OTHERS_PER_CATEGORY: Final = 17


@dataclass(frozen=True, eq=False, kw_only=True)
class Products:
    """All products, one value each: those of a category together, its own brand first.

    Parameters
    ----------
    brand
        Place in BRANDS; of no meaning for the own brand.
    cost_ratio
        Cost of the goods as a share of the price before discount; lower for the own brand.
    """

    category: Ints
    is_own_brand: Flags
    brand: Ints
    price_cents: Ints
    cost_ratio: Floats

    def choose(self, category: Ints, is_own: Flags, uniform: Floats) -> Ints:
        """Choose a product of the category and kind of brand; the first of them are bought more often."""
        n = np.where(is_own, OWN_PER_CATEGORY, OTHERS_PER_CATEGORY)
        first = category * (OWN_PER_CATEGORY + OTHERS_PER_CATEGORY) + np.where(is_own, 0, OWN_PER_CATEGORY)
        return first + np.minimum(np.floor(n * uniform**2).astype(np.int64), n - 1)


def draw_products(world: WorldSettings) -> Products:
    """Which products are there, at which price and cost?"""
    rng = open_stream(world.seed, "surroundings", 0)
    per_category = OWN_PER_CATEGORY + OTHERS_PER_CATEGORY
    category, place = np.divmod(np.arange(len(CATEGORIES) * per_category), per_category)
    is_own_brand = place < OWN_PER_CATEGORY
    price = np.exp(rng.normal(2.2 + 0.15 * category, 0.5))
    return Products(
        category=category,
        is_own_brand=is_own_brand,
        brand=rng.integers(len(BRANDS), size=len(category)),
        price_cents=np.maximum(np.rint(price * np.where(is_own_brand, 75, 100)), 1).astype(np.int64),
        cost_ratio=np.where(is_own_brand, 0.50, 0.65) + rng.uniform(-0.05, 0.05, len(category)),
    )
