"""Purchases: when customers buy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_research.simulate.campaigns import Targets
from crm_research.simulate.chance import Flags, Floats, Ints, open_stream
from crm_research.simulate.people import People
from crm_research.simulate.settings import WorldSettings
from crm_research.vocabulary import DAYS_PER_YEAR


@dataclass(frozen=True, eq=False, kw_only=True)
class Purchases:
    """Purchase occasions of a block, sorted by customer and time; one value for each occasion.

    Parameters
    ----------
    customer
        Place of the customer within the block.
    at_days
        When, in days from the world's start.
    target
        Place among the campaign targets if that campaign called the purchase forth, else -1.
    """

    customer: Ints
    at_days: Floats
    target: Ints


class Season:
    """How much buying time has passed: a clock that runs faster in the seasons when people buy more.

    A year's mean speed is one, so that rates keep their meaning; with season_share 0 it is the plain clock.
    """

    def __init__(self, world: WorldSettings) -> None:
        self.days = np.arange(np.floor(-world.existing_days) - 1, np.ceil(world.end_days) + 2)
        angle = 2 * np.pi * self.days / DAYS_PER_YEAR
        self.passed = self.days - world.season_share * DAYS_PER_YEAR / (2 * np.pi) * np.sin(angle)

    def passed_until(self, days: Floats) -> Floats:
        """Buying time at calendar days."""
        return np.interp(days, self.days, self.passed)

    def days_at(self, passed: Floats) -> Floats:
        """Calendar days at buying times."""
        return np.interp(passed, self.passed, self.days)


def draw_purchases(world: WorldSettings, block: int, people: People, targets: Targets) -> Purchases:
    """When does each customer of the block buy, from registration until dropping out or the records' end?

    The first purchase is the registration. Gaps are Erlang with the customer's rate and regularity k: every k-th
    event of a Poisson process at k times the rate. A campaign adds a Poisson stream of `campaign_lift` times the rate
    to those addressed, while its window is open. Occasions before the records begin are left out.
    """
    rng = open_stream(world.seed, "purchases", block)
    season = Season(world)
    until = np.minimum(people.dropped_out, world.end_days)
    own_customer, own_at = _draw_own(rng, season, people, until)
    extra_customer, extra_at, extra_target = _draw_extra(rng, world, season, people, until, targets)
    first = np.arange(len(people))
    customer = np.concatenate((first, own_customer, extra_customer))
    at_days = np.concatenate((people.registered, own_at, extra_at))
    target = np.concatenate((np.full(len(first) + len(own_customer), -1), extra_target))
    order = np.lexsort((at_days, customer))
    order = order[_is_recorded(world, at_days[order])]
    return Purchases(customer=customer[order], at_days=at_days[order], target=target[order])


def _is_recorded(world: WorldSettings, at_days: Floats) -> Flags:
    return (at_days >= 0) & (at_days < world.end_days)


def _draw_own(rng: np.random.Generator, season: Season, people: People, until: Floats) -> tuple[Ints, Floats]:
    begin = season.passed_until(people.registered)
    length = np.maximum(season.passed_until(until) - begin, 0.0)
    counts = rng.poisson(people.order_rate * people.regularity * length)
    customer = np.repeat(np.arange(len(people)), counts)
    # Sorting customer + share of the customer's time sorts within each customer at once.
    place = np.sort(customer + rng.random(len(customer))) - customer
    nth = np.arange(len(customer)) - np.repeat(np.cumsum(counts) - counts, counts)
    is_purchase = (nth + 1) % people.regularity[customer] == 0
    customer, place = customer[is_purchase], np.clip(place[is_purchase], 0.0, 1.0)
    return customer, season.days_at(begin[customer] + place * length[customer])


def _draw_extra(
    rng: np.random.Generator, world: WorldSettings, season: Season, people: People, until: Floats, targets: Targets
) -> tuple[Ints, Floats, Ints]:
    expected, begin, length = expect_extra_purchases(world, season, people, until, targets)
    counts = rng.poisson(expected)
    target = np.repeat(np.arange(len(expected)), counts)
    passed = begin[target] + rng.random(len(target)) * length[target]
    return targets.customer[target], season.days_at(passed), target


def expect_extra_purchases(
    world: WorldSettings, season: Season, people: People, until: Floats, targets: Targets
) -> tuple[Floats, Floats, Floats]:
    """How many purchases does each campaign target make because of the campaign, in expectation?

    Returns
    -------
    expected, begin, length
        One value for each target: purchases, and where its exposure lies in buying time.
    """
    opens, closes = targets.at_days, np.minimum(targets.at_days + world.campaign_days, until[targets.customer])
    begin = season.passed_until(opens)
    length = np.maximum(season.passed_until(np.maximum(closes, opens)) - begin, 0.0)
    length = np.where(targets.is_control, 0.0, length)
    rate = people.order_rate * people.campaign_lift
    return rate[targets.customer] * length, begin, length
