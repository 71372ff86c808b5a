"""Campaigns: who is addressed, who is held back at random, and who responds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Flags, Floats, Ints, open_stream
from crm_research.simulate.people import People
from crm_research.simulate.settings import WorldSettings

CURIOUS_SHARE: Final = 0.03  # of those addressed respond without buying because of it
COST_PER_TARGET: Final = 1.20


@dataclass(frozen=True, eq=False, kw_only=True)
class Targets:
    """Customers of a block chosen for campaigns, one value for each (campaign, customer)."""

    campaign: Ints
    customer: Ints
    at_days: Floats
    is_control: Flags


def schedule_campaigns(world: WorldSettings) -> Floats:
    """When does each campaign start, in whole days from the world's start? Evenly spread, away from both ends."""
    places = (np.arange(world.n_campaigns) + 1.0) / (world.n_campaigns + 1.0)
    return np.asarray(np.floor(places * world.end_days))


def draw_targets(world: WorldSettings, block: int, people: People) -> Targets:
    """Who is chosen for each campaign, and who of them is held back? Both by lot among customers known by then."""
    rng = open_stream(world.seed, "campaigns", block)
    starts = schedule_campaigns(world)
    shape = (world.n_campaigns, len(people))
    is_chosen = (rng.random(shape) < world.target_share) & (people.registered[None, :] < starts[:, None])
    is_control = rng.random(shape) < world.control_share
    campaign, customer = np.nonzero(is_chosen)
    return Targets(
        campaign=campaign, customer=customer, at_days=starts[campaign], is_control=is_control[campaign, customer]
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Responses:
    """Responses of a block, one value each: place among the targets, and when."""

    target: Ints
    at_days: Floats


def draw_responses(
    world: WorldSettings, block: int, targets: Targets, purchase_target: Ints, purchase_at: Floats
) -> Responses:
    """Who responds? Whoever bought because of the campaign, at the first such purchase, and a few of the curious."""
    rng = open_stream(world.seed, "responses", block)
    called = np.flatnonzero(purchase_target >= 0)
    target, first = np.unique(purchase_target[called], return_index=True)
    at_days = purchase_at[called][first]
    is_curious = (rng.random(len(targets.campaign)) < CURIOUS_SHARE) & ~targets.is_control
    delay = rng.random(len(is_curious)) * world.campaign_days
    is_curious[target] = False
    curious = np.flatnonzero(is_curious & (targets.at_days + delay < world.end_days))
    return Responses(
        target=np.concatenate((target, curious)),
        at_days=np.concatenate((at_days, targets.at_days[curious] + delay[curious])),
    )
