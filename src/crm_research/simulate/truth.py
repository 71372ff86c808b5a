"""Truth: what no company can see of its customers, written beside the records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from crm_research.simulate import words
from crm_research.simulate.agreements import LIST_FEES, PAYMENT_SHARES, PLAN_SHARES, REFERENCE_FEE, Agreements
from crm_research.simulate.campaigns import Targets, schedule_campaigns
from crm_research.simulate.chance import Floats
from crm_research.simulate.columns import flags, name_codes, numbers, place_instants
from crm_research.simulate.contacts import COMPLAINTS_BY_ATTITUDE, SLOW_AFTERMATH_DAYS
from crm_research.simulate.invoices import LATE_LOGIT, UNPAID_LOGIT, chance_of
from crm_research.simulate.ledger import ACTIVITIES, MINUTES
from crm_research.simulate.people import MEAN_AGE, QUALITY_TO_SATISFACTION, SATISFACTION_TO_ATTITUDE, People
from crm_research.simulate.segments import (
    CATEGORIES,
    CHANNELS,
    choose_segments,
    share_of_categories,
    share_of_channels,
    share_of_segments,
)
from crm_research.simulate.settings import WorldSettings, describe_settings
from crm_research.simulate.surroundings import Partners
from crm_research.simulate.surveys import ITEMS
from crm_research.simulate.tables import Rows, campaign_name, contract_ids, customer_ids, partner_name

TRUTH_FILE: Final = "truth.json"
# Times this far ahead are left empty: they do not fit the calendar.
_FAR_DAYS: Final = 36_525.0


def true_customer_rows(world: WorldSettings, people: People) -> Rows:
    """One row per customer: segment and true rates (a day), shares and scores."""
    segments = choose_segments(world.n_segments)
    return {
        "customer_id": customer_ids(people),
        "segment": name_codes([segment.name for segment in segments], people.segment),
        "is_business": flags(people.is_business),
        "registered_at": place_instants(world.start, people.registered),
        "order_rate": numbers(people.order_rate),
        "regularity": numbers(people.regularity),
        "dropout_rate": numbers(people.dropout_rate),
        "dropped_out_at": place_instants(world.start, people.dropped_out, until_days=_FAR_DAYS),
        "lifetime_days": numbers(people.dropped_out - people.registered),
        "mean_spend": numbers(people.mean_spend),
        "discount_rate": numbers(people.discount_rate),
        "own_brand_share": numbers(people.own_brand_share),
        "quality": numbers(people.quality),
        "satisfaction": numbers(people.satisfaction),
        "attitude": numbers(people.attitude),
        "credit_quality": numbers(people.credit_quality),
        "late_payment_rate": numbers(chance_of(LATE_LOGIT, people.credit_quality)),
        "campaign_lift": numbers(people.campaign_lift),
    }


def true_contract_rows(world: WorldSettings, people: People, agreements: Agreements) -> Rows:
    """One row per contract ever signed, also those over before the records begin: its true end and reason."""
    everyone = np.arange(len(agreements.customer))
    return {
        "contract_id": contract_ids(people, agreements, everyone),
        "customer_id": customer_ids(people, agreements.customer),
        "is_recorded": flags(agreements.is_recorded(world)),
        "started_at": place_instants(world.start, agreements.started_at),
        "ended_at": place_instants(world.start, agreements.ended_at, until_days=_FAR_DAYS),
        "tenure_days": numbers(agreements.ended_at - agreements.started_at),
        "end_reason": name_codes([reason.name for reason in world.reasons], agreements.reason),
        "log_hazard_ratio": numbers(agreements.log_hazard_ratio),
    }


def true_target_rows(world: WorldSettings, people: People, targets: Targets, expected: Floats) -> Rows:
    """One row per campaign and chosen customer: purchases expected because of the campaign (0 for the control)."""
    return {
        "campaign_id": name_codes([campaign_name(place) for place in range(world.n_campaigns)], targets.campaign),
        "customer_id": customer_ids(people, targets.customer),
        "is_control": flags(targets.is_control),
        "expected_extra_orders": numbers(expected),
    }


def true_partner_rows(partners: Partners) -> Rows:
    """One row per partner: true ability and willingness, standard normal."""
    places = np.arange(len(partners))
    return {
        "partner_id": name_codes([partner_name(place) for place in range(len(partners))], places),
        "ability": numbers(partners.ability),
        "willingness": numbers(partners.willingness),
    }


def write_truth(folder: Path, world: WorldSettings) -> None:
    """Write every population parameter as ``truth.json``."""
    text = json.dumps(describe_truth(world), ensure_ascii=False, indent=2)
    (folder / TRUTH_FILE).write_text(text + "\n", encoding="utf-8")


def describe_truth(world: WorldSettings) -> dict[str, Any]:
    """All population parameters of the world, by topic; rates are a day, money in the world's currency."""
    return {
        "settings": describe_settings(world),
        "purchases": {
            "model": "order rate ~ gamma(rate_shape, rate_scale_days) a day times the segment's factor; gaps Erlang "
            "of the segment's regularity; dropout rate ~ gamma(dropout_shape, dropout_scale_days) a day times the "
            "segment's factor; lifetime is exponential",
            "segments": _describe_segments(world),
        },
        "contracts": _describe_contracts(world),
        "spend": {
            "p": world.spend_shape,
            "q": world.spend_spread,
            "gamma": world.spend_scale,
            "mean": world.spend_shape * world.spend_scale / (world.spend_spread - 1),
        },
        "attitudes": {
            "quality_to_satisfaction": QUALITY_TO_SATISFACTION,
            "satisfaction_to_attitude": SATISFACTION_TO_ATTITUDE,
            "items": [vars(item) for item in ITEMS],
        },
        "complaints": {"log_rate_by_attitude": COMPLAINTS_BY_ATTITUDE, "aftermath_days": SLOW_AFTERMATH_DAYS},
        "campaigns": {
            "effect": world.campaign_effect,
            "starts_days": dict(
                zip(map(campaign_name, range(world.n_campaigns)), schedule_campaigns(world).tolist(), strict=True)
            ),
        },
        "activities": {
            name: {"driver": driver, "unit_cost": cents / 100, "unit_minutes": MINUTES[name][1]}
            for name, (driver, cents) in ACTIVITIES.items()
        },
        "invoices": {"late_logit": LATE_LOGIT, "unpaid_logit": UNPAID_LOGIT},
    }


def _describe_segments(world: WorldSettings) -> list[dict[str, Any]]:
    segments = choose_segments(world.n_segments)
    categories, channels = (
        share_of_categories(segments, world.separation),
        share_of_channels(segments, world.separation),
    )
    described = []
    for place, (segment, share) in enumerate(zip(segments, share_of_segments(segments), strict=True)):
        described.append(
            {
                "name": segment.name,
                "share": float(share),
                "rate_factor": float(np.exp(world.separation * segment.log_rate)),
                "regularity": max(1, round(world.regularity + world.separation * segment.regularity)),
                "spend_factor": float(np.exp(world.separation * segment.log_spend)),
                "dropout_factor": float(np.exp(world.separation * segment.log_dropout)),
                "lift_factor": float(np.exp(world.separation * segment.log_lift)),
                "discount_logit_offset": world.separation * segment.discount,
                "own_brand_logit_offset": world.separation * segment.own_brand,
                "categories": dict(zip(CATEGORIES, categories[place].tolist(), strict=True)),
                "channels": dict(zip(CHANNELS, channels[place].tolist(), strict=True)),
            }
        )
    return described


def _describe_contracts(world: WorldSettings) -> dict[str, Any]:
    names = sorted({*world.effects}.union(*world.reason_effects.values()))
    return {
        "model": "cause-specific hazard of a reason: Weibull, cumulative (tenure_days / scale_days) ** shape, times "
        "exp(sum of log hazard ratio * covariate); covariates take their present value",
        "reasons": [vars(reason) for reason in world.reasons],
        "log_hazard_ratios": dict(world.effects),
        "log_hazard_ratios_by_reason": {
            reason.name: {name: world.log_hazard_ratio(reason.name, name) for name in names} for reason in world.reasons
        },
        "covariates": {
            "age_decades": f"(age - {MEAN_AGE}) / 10, 0 for businesses",
            "log_fee": f"log(fee / {REFERENCE_FEE})",
            "attitude": "the customer's true attitude, standard normal",
            "slow_complaint": "complaints now open longer than patience_days, or settled so late in the last 60 days",
        },
        "plans": dict(zip(words.PLANS, PLAN_SHARES, strict=True)),
        "list_fees": dict(zip(words.PLANS, LIST_FEES, strict=True)),
        "payments": dict(zip(words.PAYMENTS, PAYMENT_SHARES, strict=True)),
    }
