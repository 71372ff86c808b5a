"""Segments: how groups of customers differ, before the separation is applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Floats

CATEGORIES: Final = ("fresh food", "pantry", "drinks", "household", "care", "clothing", "electronics", "garden")
CHANNELS: Final = ("store", "web", "dealer")


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A group's distance from the average customer; a world multiplies each by its separation.

    Parameters
    ----------
    share
        Weight of the group among the customers.
    log_rate, log_spend, log_dropout, log_lift
        Distance of the logarithms of purchase rate, spend per order, dropout rate, and campaign lift.
    regularity
        Erlang stages beyond the world's own: 0 buys at random, 3 like clockwork.
    discount, own_brand
        Distance of the logits of buying on discount and of choosing the own brand.
    channel
        Distance of the log weights of store, web and dealer.
    favourites
        Categories bought more than others (places in CATEGORIES).
    """

    name: str
    share: float
    log_rate: float = 0.0
    regularity: float = 0.0
    log_spend: float = 0.0
    log_dropout: float = 0.0
    log_lift: float = 0.0
    discount: float = 0.0
    own_brand: float = 0.0
    channel: tuple[float, float, float] = (0.0, 0.0, 0.0)
    favourites: tuple[int, ...] = ()


EVERYONE: Final = Segment(name="everyone", share=1.0)

ARCHETYPES: Final = (
    Segment(
        name="regulars",
        share=0.28,
        log_rate=0.5,
        regularity=2.0,
        log_spend=-0.2,
        log_dropout=-0.6,
        log_lift=-0.5,
        discount=-0.8,
        channel=(0.8, -0.4, -0.4),
        favourites=(0, 1),
    ),
    Segment(
        name="bargain hunters",
        share=0.24,
        log_rate=0.1,
        log_spend=-0.4,
        log_dropout=0.2,
        log_lift=0.6,
        discount=1.5,
        own_brand=1.0,
        channel=(0.0, 0.8, -0.8),
        favourites=(1, 3),
    ),
    Segment(
        name="big baskets",
        share=0.18,
        log_rate=-0.3,
        regularity=1.0,
        log_spend=1.0,
        log_dropout=-0.3,
        discount=-0.3,
        own_brand=-0.5,
        channel=(-0.5, -0.3, 1.2),
        favourites=(6, 7),
    ),
    Segment(
        name="occasional buyers",
        share=0.30,
        log_rate=-0.9,
        log_dropout=0.5,
        log_lift=0.1,
        channel=(0.2, 0.2, 0.0),
        favourites=(5,),
    ),
    Segment(
        name="online enthusiasts",
        share=0.15,
        log_rate=0.4,
        log_spend=0.2,
        log_lift=0.3,
        own_brand=-0.3,
        channel=(-1.0, 1.6, -0.6),
        favourites=(5, 6),
    ),
    Segment(
        name="specialists",
        share=0.10,
        log_rate=-0.2,
        regularity=3.0,
        log_spend=0.5,
        log_dropout=-0.5,
        log_lift=-0.6,
        discount=-1.0,
        own_brand=-1.0,
        favourites=(7,),
    ),
    Segment(
        name="own-brand loyals",
        share=0.12,
        log_rate=0.2,
        regularity=1.0,
        log_spend=-0.3,
        log_dropout=-0.4,
        own_brand=1.8,
        favourites=(1, 4),
    ),
    Segment(
        name="one-time visitors",
        share=0.12,
        log_rate=-1.2,
        log_spend=-0.1,
        log_dropout=1.2,
        discount=0.5,
        channel=(-0.3, 0.6, 0.0),
        favourites=(2,),
    ),
)


def choose_segments(n_segments: int) -> tuple[Segment, ...]:
    """The segments of a world: the first few archetypes, or everyone alike where only one is asked for."""
    return (EVERYONE,) if n_segments == 1 else ARCHETYPES[:n_segments]


def share_of_segments(segments: tuple[Segment, ...]) -> Floats:
    """Each segment's share of the customers, summing to one."""
    weights = np.array([segment.share for segment in segments])
    return np.asarray(weights / weights.sum())


def share_of_categories(segments: tuple[Segment, ...], separation: float) -> Floats:
    """Shares of the categories in each segment's order lines; shape (segments, categories)."""
    weights = np.tile(np.array([0.20, 0.20, 0.14, 0.14, 0.10, 0.10, 0.06, 0.06]), (len(segments), 1))
    for row, segment in enumerate(segments):
        weights[row, list(segment.favourites)] *= np.exp(1.5 * separation)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def share_of_channels(segments: tuple[Segment, ...], separation: float) -> Floats:
    """Shares of the channels in each segment's orders; shape (segments, channels)."""
    offsets = np.array([segment.channel for segment in segments])
    weights = np.array([0.55, 0.30, 0.15]) * np.exp(separation * offsets)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
