"""Surveys: what customers answer, and how far answers are from what they think."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Flags, Floats, Ints, open_stream
from crm_research.simulate.people import People
from crm_research.simulate.settings import WorldSettings

WAVE_EVERY_DAYS: Final = 182.0
FIRST_WAVE_DAYS: Final = 90.0
FIELD_DAYS: Final = 21.0
ITEM_MISSING_SHARE: Final = 0.04
ANONYMOUS_SHARE: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Item:
    """A question: which trait it measures, with which loading, on which scale.

    The answer before rounding is middle + spread * (loading * trait + sqrt(1 - loading ** 2) * noise), with trait and
    noise standard normal; it is rounded and cut at the scale's ends.
    """

    name: str
    trait: str
    loading: float
    scale_min: float = 1.0
    scale_max: float = 7.0
    middle: float = 4.6
    spread: float = 1.2


ITEMS: Final = (
    *(Item(name=f"quality_{i}", trait="quality", loading=load) for i, load in ((1, 0.85), (2, 0.80), (3, 0.75))),
    *(
        Item(name=f"satisfaction_{i}", trait="satisfaction", loading=load)
        for i, load in ((1, 0.90), (2, 0.80), (3, 0.75))
    ),
    *(Item(name=f"loyalty_{i}", trait="attitude", loading=load) for i, load in ((1, 0.85), (2, 0.80), (3, 0.70))),
    Item(name="recommend", trait="attitude", loading=0.80, scale_min=0.0, scale_max=10.0, middle=7.0, spread=2.0),
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """Filled-in questionnaires of a block, one row each; scores has one column for each item, NaN for no answer."""

    customer: Ints
    wave: Ints
    at_days: Floats
    is_anonymous: Flags
    scores: Floats


def schedule_waves(world: WorldSettings) -> Floats:
    """When does each wave begin, in days from the world's start?"""
    return np.arange(FIRST_WAVE_DAYS, max(world.end_days - FIELD_DAYS, FIRST_WAVE_DAYS), WAVE_EVERY_DAYS)


def draw_answers(world: WorldSettings, block: int, people: People, left_at: Floats) -> Answers:
    """Who is asked in each wave, who answers, and what? Asked by lot among customers who have come and not left."""
    rng = open_stream(world.seed, "surveys", block)
    waves = schedule_waves(world)
    shape = (len(waves), len(people))
    is_there = (people.registered[None, :] < waves[:, None]) & (left_at[None, :] > waves[:, None] + FIELD_DAYS)
    is_answered = is_there & (rng.random(shape) < world.survey_share * _chance_to_answer(world, people)[None, :])
    wave, customer = np.nonzero(is_answered)
    n = len(wave)
    loading = np.array([item.loading for item in ITEMS])
    trait = np.column_stack([getattr(people, item.trait)[customer] for item in ITEMS])
    noise = rng.standard_normal((n, len(ITEMS)))
    felt = loading * trait + np.sqrt(1.0 - loading**2) * noise
    raw = np.array([item.middle for item in ITEMS]) + np.array([item.spread for item in ITEMS]) * felt
    low, high = np.array([item.scale_min for item in ITEMS]), np.array([item.scale_max for item in ITEMS])
    scores = np.clip(np.rint(raw), low, high)
    scores[rng.random((n, len(ITEMS))) < ITEM_MISSING_SHARE] = np.nan
    return Answers(
        customer=customer,
        wave=wave,
        at_days=waves[wave] + rng.random(n) * FIELD_DAYS,
        is_anonymous=rng.random(n) < ANONYMOUS_SHARE,
        scores=scores,
    )


def _chance_to_answer(world: WorldSettings, people: People) -> Floats:
    rate = world.response_rate
    if rate in {0.0, 1.0}:
        return np.full(len(people), rate)
    return np.asarray(1.0 / (1.0 + (1.0 - rate) / rate * np.exp(-world.response_by_attitude * people.attitude)))
