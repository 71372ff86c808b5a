"""Contracts: who signs what, how fee and plan change, and when and why customers leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crm_research.simulate.chance import Flags, Floats, Ints, expand_counts, open_stream, pick_option, sum_within
from crm_research.simulate.contacts import SlowSpells
from crm_research.simulate.hazards import Steps, draw_event_times
from crm_research.simulate.people import MEAN_AGE, People
from crm_research.simulate.settings import Reason, WorldSettings
from crm_research.simulate.words import PAYMENTS, PLANS, REGIONS
from crm_research.vocabulary import DAYS_PER_YEAR

PLAN_SHARES: Final = (0.5, 0.3, 0.2)
PAYMENT_SHARES: Final = (0.5, 0.3, 0.2)
LIST_FEES: Final = (18.0, 32.0, 24.0)
REFERENCE_FEE: Final = 20.0
FEE_LOG_SD: Final = 0.25
PLAN_SWITCH_SHARE: Final = 0.4  # of the changes; the others change the fee alone
MEAN_DELAY_DAYS: Final = 30.0


@dataclass(frozen=True, eq=False, kw_only=True)
class States:
    """A contract's plan and fee from a tenure on, one value each, sorted by contract and tenure."""

    contract: Ints
    from_days: Floats
    plan: Ints
    fee: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreements:
    """Contracts of a block, one value each, sorted by customer. Times are days from the world's start.

    Parameters
    ----------
    customer, nth
        Place of the customer within the block; place among the customer's contracts.
    ended_at, reason
        True end, also where it lies after the records, and place of its reason among the world's.
    log_hazard_ratio
        At the start of the contract, common to all reasons.
    """

    customer: Ints
    nth: Ints
    started_at: Floats
    ended_at: Floats
    reason: Ints
    payment: Ints
    log_hazard_ratio: Floats
    states: States

    def is_recorded(self, world: WorldSettings) -> Flags:
        """Is the contract in the records? It began before they end and did not end before they begin."""
        return (self.started_at < world.end_days) & (self.ended_at >= 0.0)


def draw_agreements(world: WorldSettings, block: int, people: People, slow: SlowSpells) -> Agreements:
    """Which contracts do customers sign, and when and why do they leave them?"""
    rng = open_stream(world.seed, "contracts", block)
    n_contracts = (rng.random(len(people)) < world.contract_share) * (
        1 + rng.poisson(world.more_contracts, len(people))
    )
    customer, nth = expand_counts(n_contracts)
    n = len(customer)
    begin = people.registered[customer]
    later = begin + rng.random(n) * np.maximum(world.end_days - begin, 0.0)
    started_at = np.where(nth == 0, begin + rng.exponential(MEAN_DELAY_DAYS, n), later)
    payment = pick_option(rng.random(n), np.array([PAYMENT_SHARES]), np.zeros(n, dtype=np.int64))
    states = _draw_states(rng, world, np.maximum(world.end_days - started_at, 0.0))
    fixed = _fixed_covariates(people, customer, payment)
    spells = _steps_of_complaints(slow, customer, started_at, len(people))
    tenures = np.array([_draw_tenure(rng, world, reason, fixed, states, spells) for reason in world.reasons]).reshape(
        len(world.reasons), n
    )
    reason = tenures.argmin(axis=0) if n else np.zeros(0, dtype=np.int64)
    return Agreements(
        customer=customer,
        nth=nth,
        started_at=started_at,
        ended_at=started_at + tenures.min(axis=0),
        reason=reason.astype(np.int64),
        payment=payment,
        log_hazard_ratio=_common_effect(world, fixed, states),
        states=states,
    )


def _fixed_covariates(people: People, customer: Ints, payment: Ints) -> dict[str, Floats]:
    """Covariates that do not change, measured from the reference contract."""
    age = people.age[customer]
    return {
        "payment=debit": (payment == PAYMENTS.index("debit")).astype(float),
        "region=north": (people.region[customer] == REGIONS.index("north")).astype(float),
        "business": people.is_business[customer].astype(float),
        "age_decades": np.where(np.isnan(age), 0.0, (age - MEAN_AGE) / 10.0),
        "attitude": people.attitude[customer],
    }


def _state_covariates(states: States) -> dict[str, Floats]:
    """Covariates that follow a contract's plan and fee."""
    return {
        "plan=plus": (states.plan == PLANS.index("plus")).astype(float),
        "plan=flex": (states.plan == PLANS.index("flex")).astype(float),
        "log_fee": np.log(states.fee / REFERENCE_FEE),
    }


def _common_effect(world: WorldSettings, fixed: dict[str, Floats], states: States) -> Floats:
    is_first = np.append(True, states.contract[1:] != states.contract[:-1]) if len(states.contract) else slice(0)
    at_start = {name: values[is_first] for name, values in _state_covariates(states).items()}
    total = np.zeros(len(fixed["attitude"]))
    for name, values in {**fixed, **at_start}.items():
        total += world.effects.get(name, 0.0) * values
    return total


def _draw_tenure(
    rng: np.random.Generator,
    world: WorldSettings,
    reason: Reason,
    fixed: dict[str, Floats],
    states: States,
    spells: Steps,
) -> Floats:
    """Draw at which tenure each contract would end for this reason alone."""
    ratio = {name: world.log_hazard_ratio(reason.name, name) for name in (*fixed, *_state_covariates(states))}
    n = len(fixed["attitude"])
    base = np.zeros(n)
    for name, values in fixed.items():
        base += ratio[name] * values
    of_state = np.zeros(len(states.contract))
    for name, values in _state_covariates(states).items():
        of_state += ratio[name] * values
    is_first = np.append(True, states.contract[1:] != states.contract[:-1])[: len(of_state)]
    base += of_state[is_first]
    changes = np.flatnonzero(~is_first)
    of_complaint = world.log_hazard_ratio(reason.name, "slow_complaint")
    steps = Steps(
        subject=np.concatenate((states.contract[changes], spells.subject)),
        at_days=np.concatenate((states.from_days[changes], spells.at_days)),
        change=np.concatenate((of_state[changes] - of_state[changes - 1], of_complaint * spells.change)),
    )
    return draw_event_times(rng, reason, base, steps)


def _draw_states(rng: np.random.Generator, world: WorldSettings, exposed_days: Floats) -> States:
    """Draw plan and fee at the start and after each change; changes come at random, whatever the customer does."""
    n_states = 1 + rng.poisson(world.state_changes * exposed_days / DAYS_PER_YEAR)
    contract, nth = expand_counts(n_states)
    n = len(contract)
    place = np.where(nth == 0, 0.0, rng.random(n))
    from_days = (np.sort(contract + place) - contract) * exposed_days[contract]
    is_drawn = (nth == 0) | (rng.random(n) < PLAN_SWITCH_SHARE)
    drawn = pick_option(rng.random(n), np.array([PLAN_SHARES]), np.zeros(n, dtype=np.int64))
    plan = drawn[np.maximum.accumulate(np.where(is_drawn, np.arange(n), 0))] if n else drawn
    drift = np.where(nth == 0, rng.normal(0.0, FEE_LOG_SD, n), rng.normal(0.04, 0.06, n))
    fee = np.array(LIST_FEES)[plan] * np.exp(sum_within(drift, n_states))
    return States(contract=contract, from_days=from_days, plan=plan, fee=np.rint(fee * 100) / 100)


def _steps_of_complaints(slow: SlowSpells, customer: Ints, started_at: Floats, n_customers: int) -> Steps:
    """Turn the slow complaints of each contract's customer into steps up and down, in days of the contract's tenure."""
    per_customer = np.bincount(slow.customer, minlength=n_customers)
    first = np.cumsum(per_customer) - per_customer
    contract, nth = expand_counts(per_customer[customer])
    spell = first[customer[contract]] + nth
    begin = np.maximum(slow.begin[spell] - started_at[contract], 0.0)
    end = np.maximum(slow.end[spell] - started_at[contract], 0.0)
    weighs = end > begin
    up = np.ones(int(weighs.sum()))
    return Steps(
        subject=np.concatenate((contract[weighs], contract[weighs])),
        at_days=np.concatenate((begin[weighs], end[weighs])),
        change=np.concatenate((up, -up)),
    )
