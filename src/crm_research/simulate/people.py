"""People: who the customers are, and the traits that nobody sees but that drive all they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Flags, Floats, Ints, open_stream, pick_option
from crm_research.simulate.segments import Segment, choose_segments, share_of_segments
from crm_research.simulate.settings import WorldSettings
from crm_research.simulate.words import FAMILY_NAMES, GIVEN_NAMES

REGION_SHARES: Final = (0.30, 0.25, 0.25, 0.20)
CHINESE_SHARE: Final = 0.3
# The path from quality to satisfaction to attitude; all three have mean 0 and variance 1.
QUALITY_TO_SATISFACTION: Final = 0.7
SATISFACTION_TO_ATTITUDE: Final = 0.6
MEAN_AGE, SD_AGE, MIN_AGE, MAX_AGE = 45.0, 15.0, 18.0, 90.0


@dataclass(frozen=True, eq=False, kw_only=True)
class People:
    """One block of customers: arrays of one value each. Times are days from the world's start.

    Parameters
    ----------
    index
        Place in the whole world, from 0.
    registered, dropped_out
        When the customer came, and when buying stops for good (inf: never).
    order_rate
        Purchases a day while alive, out of season and campaigns.
    mean_spend
        True mean revenue of an order.
    credit_quality
        Standard normal; a higher one pays late more rarely.
    campaign_lift
        Share by which a campaign raises the customer's purchase rate.
    """

    index: Ints
    segment: Ints
    is_business: Flags
    region: Ints
    age: Floats
    family_name: Ints
    given_name: Ints
    has_chinese_name: Flags
    registered: Floats
    order_rate: Floats
    regularity: Ints
    dropout_rate: Floats
    dropped_out: Floats
    mean_spend: Floats
    discount_rate: Floats
    own_brand_share: Floats
    quality: Floats
    satisfaction: Floats
    attitude: Floats
    credit_quality: Floats
    campaign_lift: Floats

    def __len__(self) -> int:
        return len(self.index)


def draw_people(world: WorldSettings, block: int, index: Ints) -> People:
    """Who are the customers of this block, and what are their true traits?"""
    rng = open_stream(world.seed, "people", block)
    n = len(index)
    segments = choose_segments(world.n_segments)
    segment = pick_option(rng.random(n), share_of_segments(segments)[None, :], np.zeros(n, dtype=np.int64))
    is_business = rng.random(n) < world.business_share
    age = np.clip(rng.normal(MEAN_AGE, SD_AGE, n), MIN_AGE, MAX_AGE).round()
    quality, satisfaction, attitude = _draw_attitudes(rng, n)
    registered = _draw_registrations(rng, world, n)
    trait = {name: _trait(segments, name, world.separation)[segment] for name in _TRAITS}
    dropout_rate, lifetime = _draw_lifetimes(rng, world, trait["log_dropout"])
    factor = np.where(is_business, world.business_spend_factor, 1.0) * np.exp(trait["log_spend"])
    precision = rng.gamma(world.spend_spread, 1.0 / world.spend_scale, n)
    return People(
        index=index,
        segment=segment,
        is_business=is_business,
        region=pick_option(rng.random(n), np.array([REGION_SHARES]), np.zeros(n, dtype=np.int64)),
        age=np.where(is_business, np.nan, age),
        family_name=rng.integers(len(FAMILY_NAMES), size=n),
        given_name=rng.integers(len(GIVEN_NAMES), size=n),
        has_chinese_name=rng.random(n) < CHINESE_SHARE,
        registered=registered,
        order_rate=rng.gamma(world.rate_shape, 1.0 / world.rate_scale_days, n) * np.exp(trait["log_rate"]),
        regularity=np.maximum(1, np.rint(world.regularity + trait["regularity"])).astype(np.int64),
        dropout_rate=dropout_rate,
        dropped_out=registered + lifetime,
        mean_spend=world.spend_shape / precision * factor,
        discount_rate=_draw_share(rng, world.discount_rate, trait["discount"]),
        own_brand_share=_draw_share(rng, world.own_brand_share, trait["own_brand"]),
        quality=quality,
        satisfaction=satisfaction,
        attitude=attitude,
        credit_quality=rng.standard_normal(n),
        campaign_lift=world.campaign_effect * np.exp(trait["log_lift"]),
    )


_TRAITS: Final = ("log_rate", "log_spend", "log_dropout", "log_lift", "regularity", "discount", "own_brand")


def _trait(segments: tuple[Segment, ...], name: str, separation: float) -> Floats:
    return separation * np.array([float(getattr(segment, name)) for segment in segments])


def _draw_attitudes(rng: np.random.Generator, n: int) -> tuple[Floats, Floats, Floats]:
    """Draw quality, satisfaction and attitude, each explained in part by the one before."""
    quality, rest_of_satisfaction, rest_of_attitude = rng.standard_normal((3, n))
    to_satisfaction, to_attitude = QUALITY_TO_SATISFACTION, SATISFACTION_TO_ATTITUDE
    satisfaction = to_satisfaction * quality + np.sqrt(1 - to_satisfaction**2) * rest_of_satisfaction
    attitude = to_attitude * satisfaction + np.sqrt(1 - to_attitude**2) * rest_of_attitude
    return quality, satisfaction, attitude


def _draw_registrations(rng: np.random.Generator, world: WorldSettings, n: int) -> Floats:
    """Spread registrations evenly: before the records begin for existing customers, then over the intake."""
    is_existing = rng.random(n) < world.existing_share
    place = rng.random(n)
    intake_days = world.intake_days or world.end_days
    return np.where(is_existing, (place - 1.0) * world.existing_days, place * intake_days)


def _draw_lifetimes(rng: np.random.Generator, world: WorldSettings, log_dropout: Floats) -> tuple[Floats, Floats]:
    """Draw dropout rates and the days a customer goes on buying, from the moment of registration."""
    n = len(log_dropout)
    if world.dropout_shape == 0:
        return np.zeros(n), np.full(n, np.inf)
    rate = rng.gamma(world.dropout_shape, 1.0 / world.dropout_scale_days, n) * np.exp(log_dropout)
    rate = np.maximum(rate, 1e-12)
    return rate, rng.exponential(1.0, n) / rate


def _draw_share(rng: np.random.Generator, share: float, offset: Floats) -> Floats:
    """Draw shares that vary a little around the segment's; 0 and 1 stay what they are."""
    noise = rng.normal(0.0, 0.5, len(offset))
    if share in {0.0, 1.0}:
        return np.full(len(offset), share)
    return np.asarray(1.0 / (1.0 + np.exp(-(np.log(share / (1.0 - share)) + offset + noise))))
