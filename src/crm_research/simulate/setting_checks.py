"""Checks of a world's settings: what makes no world is told in words, all at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from numbers import Integral, Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from crm_research.errors import offer_names
from crm_research.simulate.segments import ARCHETYPES
from crm_research.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    from crm_research.simulate.settings import WorldSettings

# What may raise or lower the hazard of leaving a contract. `name=value` is 1 where the attribute has the value.
COVARIATES: Final = (
    "plan=plus",
    "plan=flex",
    "payment=debit",
    "region=north",
    "business",
    "age_decades",
    "log_fee",
    "attitude",
    "slow_complaint",
)


_SHARES: Final = (
    "business_share",
    "existing_share",
    "discount_rate",
    "own_brand_share",
    "return_rate",
    "cancel_rate",
    "contract_share",
    "survey_share",
    "response_rate",
    "target_share",
    "control_share",
    "season_share",
    "dirt",
)
_POSITIVE: Final = (
    "business_spend_factor",
    "rate_shape",
    "rate_scale_days",
    "dropout_scale_days",
    "spend_shape",
    "spend_scale",
    "delay_days",
    "patience_days",
    "campaign_days",
)
# From 0 to as much as still makes sense, and fits the digits of the ids.
_LIMITED: Final = MappingProxyType(
    {
        "seed": 2**63 - 1,
        "separation": 5.0,
        "existing_days": 36_525.0,
        "dropout_shape": 1_000.0,
        "more_contracts": 10.0,
        "state_changes": 50.0,
        "complaints": 50.0,
        "other_contacts": 50.0,
        "n_campaigns": 500,
        "campaign_effect": 100.0,
    }
)
_MOST_CUSTOMERS: Final = 99_999_999
_MOST_ORDERS: Final = 1_000
_MOST_YEARS: Final = 40


def find_problems(world: WorldSettings) -> list[str]:
    """Why can this world not be simulated? Every reason, in words; none if it can."""
    wrong_types = list(_type_problems(world))
    if wrong_types:
        return wrong_types
    return [*_number_problems(world), *_name_problems(world), *_time_problems(world)]


def _type_problems(world: WorldSettings) -> Iterator[str]:
    for each in fields(world):
        value, kind = getattr(world, each.name), type(each.default)
        if kind is int and not isinstance(value, Integral):
            yield f"{each.name} must be a whole number, found {value!r}"
        if kind is float and not isinstance(value, Real):
            yield f"{each.name} must be a number, found {value!r}"


def _time_problems(world: WorldSettings) -> Iterator[str]:
    instants = [each for each in (world.start, world.as_of, world.holdout_until) if each is not None]
    if any(not isinstance(each, datetime) or each.tzinfo is not None for each in instants):
        yield "start, as_of and holdout_until must be datetimes without a zone"
        return
    if not world.start < world.as_of:
        yield f"as_of {world.as_of:%Y-%m-%d} must lie after start {world.start:%Y-%m-%d}"
    if world.holdout_until is not None and world.holdout_until <= world.as_of:
        yield f"holdout_until {world.holdout_until:%Y-%m-%d} must lie after as_of {world.as_of:%Y-%m-%d}"
    if world.intake_days is not None and not 0 < world.intake_days <= world.end_days:
        yield f"intake_days must lie above 0 and within the records, found {world.intake_days}"
    if world.end_days > _MOST_YEARS * DAYS_PER_YEAR:
        yield f"records may last {_MOST_YEARS} years at most, found {world.end_days / DAYS_PER_YEAR:.0f}"
    if world.rate_shape * world.end_days > _MOST_ORDERS * world.rate_scale_days > 0:
        yield f"customers would place more than {_MOST_ORDERS:,} orders on average; raise rate_scale_days"


def _name_problems(world: WorldSettings) -> Iterator[str]:
    if not re.fullmatch(r"[A-Z]{3}", world.currency):
        yield f"currency must be an ISO 4217 code such as EUR, found {world.currency!r}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", world.name):
        yield f"name must be made of at most 80 of a-z, 0-9 and hyphens, found {world.name[:90]!r}"
    names = [reason.name for reason in world.reasons]
    if not names or len(set(names)) < len(names):
        yield "reasons must be at least one, each with its own name"
    for reason in world.reasons:
        if not (reason.scale_days > 0 and reason.shape > 0):
            yield f"the hazard of {reason.name!r} needs a scale and a shape above 0"
    for unknown in world.reason_effects.keys() - set(names):
        yield f"reason_effects name an unknown reason {unknown!r}. {offer_names(unknown, names)}"
    covariates = {*world.effects}.union(*world.reason_effects.values())
    for unknown in sorted(covariates - set(COVARIATES)):
        yield f"effects name an unknown covariate {unknown!r}. {offer_names(unknown, COVARIATES)}"


def _number_problems(world: WorldSettings) -> Iterator[str]:
    if not 1 <= world.n_customers <= _MOST_CUSTOMERS:
        yield f"n_customers must be 1 to {_MOST_CUSTOMERS:,}, found {world.n_customers:,}"
    if not -5 <= world.response_by_attitude <= 5:
        yield f"response_by_attitude must lie between -5 and 5, found {world.response_by_attitude}"
    if not 1 <= world.n_segments <= len(ARCHETYPES):
        yield f"n_segments must be 1 to {len(ARCHETYPES)}, found {world.n_segments}"
    if world.regularity < 1:
        yield f"regularity must be a whole number of at least 1, found {world.regularity}"
    if not world.lines_per_order >= 1:
        yield f"lines_per_order must be at least 1, found {world.lines_per_order}"
    if not world.spend_spread > 1:
        yield f"spend_spread must be above 1 for a mean spend to exist, found {world.spend_spread}"
    for name in _SHARES:
        if not 0 <= getattr(world, name) <= 1:
            yield f"{name} must lie between 0 and 1, found {getattr(world, name)}"
    for name in _POSITIVE:
        if not 0 < getattr(world, name) < float("inf"):
            yield f"{name} must be above 0, found {getattr(world, name)}"
    for name, most in _LIMITED.items():
        if not 0 <= getattr(world, name) <= most:
            yield f"{name} must lie between 0 and {most:,}, found {getattr(world, name):,}"
