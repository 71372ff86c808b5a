"""Baskets: what an order holds, in whole cents so that its lines sum to it exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Flags, Floats, Ints, expand_counts, open_stream, pick_option, sum_within
from crm_research.simulate.people import People
from crm_research.simulate.products import Products
from crm_research.simulate.purchases import Purchases
from crm_research.simulate.segments import CHANNELS, choose_segments, share_of_categories, share_of_channels
from crm_research.simulate.settings import WorldSettings

MOST_LINES: Final = 12
DISCOUNTS: Final = (0.05, 0.10, 0.20, 0.30)
STORES_PER_REGION: Final = 5
MEAN_RETURN_DELAY_DAYS: Final = 10.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Lines:
    """Order lines, one value each; money in cents."""

    order: Ints
    product: Ints
    quantity: Ints
    revenue: Ints
    discount: Ints
    cost: Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Orders:
    """Orders of a block, one value each; money in cents. Returns stand behind the orders they give back.

    Parameters
    ----------
    customer
        Place of the customer within the block.
    nth
        Place (0, 1, ...) among the customer's recorded purchases; a return has that of the order it gives back.
    channel, place
        Place in CHANNELS; the store (or the dealer, where the channel is one).
    """

    customer: Ints
    nth: Ints
    at_days: Floats
    revenue: Ints
    discount: Ints
    cost: Ints
    channel: Ints
    place: Ints
    is_return: Flags
    is_cancelled: Flags
    lines: Lines


def draw_orders(
    world: WorldSettings, block: int, people: People, purchases: Purchases, products: Products, n_dealers: int
) -> Orders:
    """What does each purchase hold, what does it cost, and which are cancelled or given back?"""
    rng = open_stream(world.seed, "baskets", block)
    customer, n = purchases.customer, len(purchases.customer)
    per_customer = np.bincount(customer, minlength=len(people))
    _, nth = expand_counts(per_customer)
    spend = people.mean_spend[customer] * rng.gamma(world.spend_shape, 1.0 / world.spend_shape, n)
    n_lines = np.minimum(1 + rng.poisson(world.lines_per_order - 1.0, n), MOST_LINES)
    revenue = np.maximum(np.rint(spend * 100).astype(np.int64), n_lines)
    lines = _draw_lines(rng, world, people, customer, revenue, n_lines, products)
    segments = choose_segments(world.n_segments)
    channel = pick_option(rng.random(n), share_of_channels(segments, world.separation), people.segment[customer])
    is_cancelled = rng.random(n) < world.cancel_rate
    placed = Orders(
        customer=customer,
        nth=nth,
        at_days=purchases.at_days,
        revenue=revenue,
        discount=np.bincount(lines.order, lines.discount, n).astype(np.int64),
        cost=np.bincount(lines.order, lines.cost, n).astype(np.int64),
        channel=channel,
        place=_draw_places(rng, people, customer, channel, n_dealers),
        is_return=np.zeros(n, dtype=bool),
        is_cancelled=is_cancelled,
        lines=lines,
    )
    return _add_returns(rng, world, placed)


def _draw_lines(
    rng: np.random.Generator,
    world: WorldSettings,
    people: People,
    customer: Ints,
    revenue: Ints,
    n_lines: Ints,
    products: Products,
) -> Lines:
    order, _ = expand_counts(n_lines)
    buyer = customer[order]
    n = len(order)
    cents = split_cents(revenue, n_lines, rng.standard_exponential(n))
    shares = share_of_categories(choose_segments(world.n_segments), world.separation)
    category = pick_option(rng.random(n), shares, people.segment[buyer])
    is_own = rng.random(n) < people.own_brand_share[buyer]
    product = products.avoid_repeats(order, products.choose(category, is_own, rng.random(n)))
    is_discounted = rng.random(len(revenue)) < people.discount_rate[customer]
    rate = np.where(is_discounted, np.array(DISCOUNTS)[rng.integers(len(DISCOUNTS), size=len(revenue))], 0.0)[order]
    discount = np.rint(cents * rate / (1.0 - rate)).astype(np.int64)
    gross = cents + discount
    return Lines(
        order=order,
        product=product,
        quantity=np.maximum(1, np.rint(gross / products.price_cents[product])).astype(np.int64),
        revenue=cents,
        discount=discount,
        cost=np.rint(gross * products.cost_ratio[product]).astype(np.int64),
    )


def split_cents(total: Ints, n_parts: Ints, weights: Floats) -> Ints:
    """Split each total into its number of parts, at least a cent each, so that they sum to it exactly.

    Parameters
    ----------
    total
        Cents of each order, at least its number of parts.
    n_parts
        Parts of each order.
    weights
        Positive weights of the parts, in order.
    """
    order, _ = expand_counts(n_parts)
    running = sum_within(weights, n_parts)
    last = np.cumsum(n_parts) - 1
    spare = (total - n_parts)[order]
    edge = np.floor(spare * np.clip(running / running[last][order], 0.0, 1.0)).astype(np.int64)
    edge[last] = spare[last]
    before = np.concatenate(([0], edge[:-1])) if len(edge) else edge
    before[(np.cumsum(n_parts) - n_parts)] = 0
    return np.asarray(edge - before + 1)


def _draw_places(rng: np.random.Generator, people: People, customer: Ints, channel: Ints, n_dealers: int) -> Ints:
    """Draw the store of the customer's region, or the customer's own dealer; the web has none (-1)."""
    chance = rng.integers(STORES_PER_REGION, size=len(customer))
    store = people.region[customer] * STORES_PER_REGION + chance
    dealer = (people.index[customer] * 7919) % n_dealers
    return np.select([channel == CHANNELS.index("store"), channel == CHANNELS.index("dealer")], [store, dealer], -1)


def _add_returns(rng: np.random.Generator, world: WorldSettings, placed: Orders) -> Orders:
    """Give some orders back whole, some days later; a return has the order's money and lines with the sign changed."""
    n = len(placed.customer)
    back_at = placed.at_days + 1.0 + rng.exponential(MEAN_RETURN_DELAY_DAYS, n)
    is_back = (rng.random(n) < world.return_rate) & ~placed.is_cancelled & (back_at < world.end_days)
    back = np.flatnonzero(is_back)
    new_place = np.full(n, -1)
    new_place[back] = n + np.arange(len(back))
    lines = placed.lines
    again = np.flatnonzero(is_back[lines.order])
    return Orders(
        customer=np.concatenate((placed.customer, placed.customer[back])),
        nth=np.concatenate((placed.nth, placed.nth[back])),
        at_days=np.concatenate((placed.at_days, back_at[back])),
        revenue=np.concatenate((placed.revenue, -placed.revenue[back])),
        discount=np.concatenate((placed.discount, np.zeros(len(back), dtype=np.int64))),
        cost=np.concatenate((placed.cost, -placed.cost[back])),
        channel=np.concatenate((placed.channel, placed.channel[back])),
        place=np.concatenate((placed.place, placed.place[back])),
        is_return=np.concatenate((placed.is_return, np.ones(len(back), dtype=bool))),
        is_cancelled=np.concatenate((placed.is_cancelled, np.zeros(len(back), dtype=bool))),
        lines=Lines(
            order=np.concatenate((lines.order, new_place[lines.order[again]])),
            product=np.concatenate((lines.product, lines.product[again])),
            quantity=np.concatenate((lines.quantity, -lines.quantity[again])),
            revenue=np.concatenate((lines.revenue, -lines.revenue[again])),
            discount=np.concatenate((lines.discount, np.zeros(len(again), dtype=np.int64))),
            cost=np.concatenate((lines.cost, -lines.cost[again])),
        ),
    )
