"""What a simulated world is like: every population parameter that a user may turn, with its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from crm_research.errors import ParameterError
from crm_research.simulate.setting_checks import find_problems


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why contracts end: a Weibull cause-specific hazard, cumulative (tenure / scale_days) ** shape.

    It holds for a contract of the reference: plan basic, paid by invoice or card, not in the north, a consumer aged
    45, fee 20 a month, average attitude, no slow complaint.
    """

    name: str
    scale_days: float
    shape: float = 1.0


REASONS: Final = (
    Reason(name="price", scale_days=2600.0, shape=1.2),
    Reason(name="service", scale_days=3600.0, shape=1.0),
    Reason(name="competitor", scale_days=3000.0, shape=1.3),
    Reason(name="moved", scale_days=6000.0, shape=1.0),
)
EFFECTS: Final = MappingProxyType(
    {
        "plan=plus": -0.35,
        "plan=flex": 0.60,
        "payment=debit": -0.45,
        "region=north": 0.25,
        "age_decades": -0.10,
        "attitude": -0.30,
        "slow_complaint": 0.70,
    }
)
REASON_EFFECTS: Final = MappingProxyType({"price": MappingProxyType({"log_fee": 0.60})})


@dataclass(frozen=True, kw_only=True)
class WorldSettings:
    """What should the simulated world be like?

    Times carry no zone. Rates are per day where the name says ``_days``, else per year. Every share and rate of
    orders is between 0 and 1.

    Parameters
    ----------
    n_customers, seed
        Size, and start of every chance draw.
    start, as_of, holdout_until
        Records begin at start; the study stands at as_of; records go on until holdout_until (None: until as_of).
    name, currency
        Name and ISO 4217 currency of the study that is written.
    n_segments, separation
        Groups of customers, 1 to 8, and how far they lie apart; 1 group, or separation 0, means no segments.
    business_share, business_spend_factor
        Share of business customers, and how many times a consumer's spend theirs is.
    existing_share, existing_days
        Share of customers who registered before the records begin, at most that many days before: their first
        orders are unseen and their contracts left-truncated.
    intake_days
        New customers join evenly over that many days from start; None: until the records end.
    rate_shape, rate_scale_days
        Purchase rates (orders a day) of a segment's customers are gamma with this shape r and rate alpha.
    regularity
        Erlang stages of the gaps between purchases: 1 is Poisson buying, more is more regular.
    dropout_shape, dropout_scale_days
        Dropout rates are gamma with shape s and rate beta; a shape of 0 means nobody drops out.
    season_share
        Swing of the purchase rate over the year around its mean.
    spend_shape, spend_spread, spend_scale
        Gamma-Gamma spend per order: p, q and gamma of Fader and Hardie; the mean is p * gamma / (q - 1).
    lines_per_order
        Mean number of lines of an order, at least 1.
    discount_rate, own_brand_share
        How often the average customer buys on discount and takes the own brand.
    return_rate, cancel_rate
        Share of orders given back and of orders that never came about.
    contract_share, more_contracts
        Share of customers with a contract, and the mean number of further ones.
    reasons, effects, reason_effects
        Cause-specific hazards of leaving; log hazard ratios common to all reasons; further ones for single reasons.
    state_changes
        Changes of fee or plan a year and contract.
    complaints, other_contacts
        Complaints, and other contacts, a year and customer.
    delay_days, patience_days
        Median delay until a complaint is settled; one open longer than patience_days is slow, and raises the hazard
        of leaving from then until 60 days after it is settled by ``effects["slow_complaint"]``.
    survey_share, response_rate, response_by_attitude
        Share of customers asked in each half-yearly wave; of these who answer, at average attitude; and the change of
        the log odds of answering for one standard deviation more of attitude (0: answers are missing at random).
    n_campaigns, target_share, control_share
        Campaigns; share of known customers chosen for each; share of these held back at random as a control.
    campaign_effect, campaign_days
        Share by which a campaign raises the purchase rate of an average customer, and for how many days.
    dirt
        0 writes clean tables only; above 0, customer files of three systems with that share of faulty records too.
    """

    n_customers: int = 5_000
    seed: int = 20170101
    start: datetime = datetime(2022, 1, 1)
    as_of: datetime = datetime(2024, 6, 30)
    holdout_until: datetime | None = datetime(2024, 12, 31)
    name: str = "simulated"
    currency: str = "EUR"
    n_segments: int = 4
    separation: float = 1.0
    business_share: float = 0.15
    business_spend_factor: float = 3.0
    existing_share: float = 0.25
    existing_days: float = 730.0
    intake_days: float | None = None
    rate_shape: float = 2.0
    rate_scale_days: float = 150.0
    regularity: int = 1
    dropout_shape: float = 1.2
    dropout_scale_days: float = 900.0
    season_share: float = 0.15
    spend_shape: float = 4.0
    spend_spread: float = 4.0
    spend_scale: float = 30.0
    lines_per_order: float = 2.2
    discount_rate: float = 0.25
    own_brand_share: float = 0.30
    return_rate: float = 0.03
    cancel_rate: float = 0.02
    contract_share: float = 0.6
    more_contracts: float = 0.25
    reasons: tuple[Reason, ...] = REASONS
    effects: Mapping[str, float] = field(default_factory=lambda: EFFECTS)
    reason_effects: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: REASON_EFFECTS)
    state_changes: float = 0.15
    complaints: float = 0.25
    other_contacts: float = 0.5
    delay_days: float = 6.0
    patience_days: float = 14.0
    survey_share: float = 0.20
    response_rate: float = 0.40
    response_by_attitude: float = 0.0
    n_campaigns: int = 4
    target_share: float = 0.30
    control_share: float = 0.25
    campaign_effect: float = 0.40
    campaign_days: float = 45.0
    dirt: float = 0.0

    def __post_init__(self) -> None:
        found = find_problems(self)
        if found:
            raise ParameterError("The world cannot be simulated: " + "; ".join(found) + ".")

    @classmethod
    def without_effects(cls, **others: Any) -> WorldSettings:
        """A null world: one segment, no covariate, attitude, complaint, campaign or season matters."""
        null: dict[str, Any] = {
            "n_segments": 1,
            "effects": {},
            "reason_effects": {},
            "campaign_effect": 0.0,
            "season_share": 0.0,
            "business_spend_factor": 1.0,
        }
        return cls(**{**null, **others})

    @classmethod
    def pareto_nbd(cls, *, r: float, alpha_days: float, s: float, beta_days: float, **others: Any) -> WorldSettings:
        """A world whose purchases are exactly Pareto/NBD (Schmittlein, Morrison and Colombo 1987).

        Everyone is alike but for gamma rates of buying and of dropping out; each customer's clock starts with a first
        order; no returns, cancellations, seasons or campaigns.
        """
        exact: dict[str, Any] = {
            "rate_shape": r,
            "rate_scale_days": alpha_days,
            "dropout_shape": s,
            "dropout_scale_days": beta_days,
            "regularity": 1,
            "existing_share": 0.0,
            "return_rate": 0.0,
            "cancel_rate": 0.0,
            "n_campaigns": 0,
        }
        return cls.without_effects(**{**exact, **others})

    @property
    def end(self) -> datetime:
        """When the records end."""
        return self.holdout_until or self.as_of

    @property
    def end_days(self) -> float:
        """When the records end, in days from start."""
        return (self.end - self.start).total_seconds() / 86_400

    @property
    def as_of_days(self) -> float:
        """Where the study stands, in days from start."""
        return (self.as_of - self.start).total_seconds() / 86_400

    def log_hazard_ratio(self, reason: str, covariate: str) -> float:
        """The true log hazard ratio of a covariate for one reason of leaving."""
        return self.effects.get(covariate, 0.0) + self.reason_effects.get(reason, {}).get(covariate, 0.0)


def describe_settings(world: WorldSettings) -> dict[str, Any]:
    """The settings as plain values for a file, times in ISO 8601."""
    plain: dict[str, Any] = {}
    for each in fields(world):
        value = getattr(world, each.name)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif each.name == "reasons":
            value = [vars(reason) for reason in value]
        elif each.name == "reason_effects":
            value = {reason: dict(effects) for reason, effects in value.items()}
        elif isinstance(value, Mapping):
            value = dict(value)
        plain[each.name] = value
    return plain
