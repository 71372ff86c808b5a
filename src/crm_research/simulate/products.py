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
        return np.asarray(first + np.minimum(np.floor(n * uniform**2).astype(np.int64), n - 1))

    def avoid_repeats(self, order: Ints, product: Ints) -> Ints:
        """The same products, but no product twice in an order: a repeat becomes the next of its category and brand."""
        n_products = len(self.category)
        following = np.arange(n_products) + 1
        for is_own, n in ((True, OWN_PER_CATEGORY), (False, OTHERS_PER_CATEGORY)):
            last = np.flatnonzero((self.is_own_brand == is_own) & np.append(np.diff(self.is_own_brand) != 0, True))
            following[last] = last - n + 1
        unrepeated = product.copy()
        for attempt in range(n_products):
            key = order * n_products + unrepeated
            is_repeat = np.ones(len(key), dtype=bool)
            is_repeat[np.unique(key, return_index=True)[1]] = False
            if not is_repeat.any():
                break
            stepped = unrepeated[is_repeat]
            # Where an order holds all products of one kind, the rest moves on to any other.
            is_full = attempt >= OTHERS_PER_CATEGORY
            unrepeated[is_repeat] = (stepped + 1) % n_products if is_full else following[stepped]
        return unrepeated


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
