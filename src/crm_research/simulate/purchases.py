"""Purchases: when customers buy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_research.simulate.campaigns import Targets
from crm_research.simulate.chance import Flags, Floats, Ints, expand_counts, open_stream
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
    expected_extra
        Expected purchases because of the campaign, one value for each campaign target.
    """

    customer: Ints
    at_days: Floats
    target: Ints
    expected_extra: Floats


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
    expected, begin, length = _expect_extra(world, season, people, until, targets)
    extra_target, nth = expand_counts(rng.poisson(expected))
    extra_customer = targets.customer[extra_target]
    extra_at = season.days_at(begin[extra_target] + rng.random(len(nth)) * length[extra_target])
    first = np.arange(len(people))
    customer = np.concatenate((first, own_customer, extra_customer))
    at_days = np.concatenate((people.registered, own_at, extra_at))
    target = np.concatenate((np.full(len(first) + len(own_customer), -1), extra_target))
    order = np.lexsort((at_days, customer))
    order = order[_is_recorded(world, at_days[order])]
    return Purchases(customer=customer[order], at_days=at_days[order], target=target[order], expected_extra=expected)


def _is_recorded(world: WorldSettings, at_days: Floats) -> Flags:
    return (at_days >= 0) & (at_days < world.end_days)


def _draw_own(rng: np.random.Generator, season: Season, people: People, until: Floats) -> tuple[Ints, Floats]:
    begin = season.passed_until(people.registered)
    length = np.maximum(season.passed_until(until) - begin, 0.0)
    counts = rng.poisson(people.order_rate * people.regularity * length)
    customer, nth = expand_counts(counts)
    # Sorting customer + share of the customer's time sorts within each customer at once.
    place = np.sort(customer + rng.random(len(customer))) - customer
    is_purchase = (nth + 1) % people.regularity[customer] == 0
    customer, place = customer[is_purchase], np.clip(place[is_purchase], 0.0, 1.0)
    return customer, season.days_at(begin[customer] + place * length[customer])


def _expect_extra(
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
