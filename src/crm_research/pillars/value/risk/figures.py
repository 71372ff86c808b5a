"""The printed numbers of certainty, each with its interval, basis and check."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from crm_research.features.credit import GRACE_DAYS
from crm_research.figures import NO_VALIDATION, Figure, FigureMaker
from crm_research.pillars.value.lifetime.words import say_noun, say_span
from crm_research.pillars.value.risk.payment import LATE
from crm_research.theme import say_count, say_date

if TYPE_CHECKING:
    from crm_research.pillars.value.risk.measure import RiskAdjusted

SURE: Final = "value.risk_adjusted"
SURE_TIER: Final = "value.risk_adjusted_tier"
SURE_EACH: Final = "value.risk_adjusted_each_share"
LEAVING: Final = "value.churn_doubt_share"
UNPAID: Final = "value.credit_doubt_share"
LOSS: Final = "value.credit_loss_share"
UNSETTLED: Final = "value.identity_doubt_share"
ESTIMATORS: Final = MappingProxyType(
    {
        "what is sure": "lower tenth of what will come: of a customer over when they leave and what they buy till "
        "then; of many by a gamma distribution, with the models' own uncertainty",
        "bills that are not paid": f"money not paid {GRACE_DAYS} days after it was due, by how late customers had been "
        "the year before, drawn towards that of all by two customers' worth",
    }
)
_HOLDS: Final = "held 88 to 92 % of the time in simulated companies"


def risk_figures(risk: RiskAdjusted) -> list[Figure]:
    """What is sure of all customers together, of each tier and of each alone, and what the doubts take."""
    row, noun, years = risk.all, say_noun(risk.lifetime), say_span(risk.lifetime.horizon_years)
    n = int(row["n_customers"])
    make = _maker(risk)
    how = "lower tenth of what will come"
    sure = f"{noun.capitalize()} that comes in the next {years} with 9 of 10 chance at least"
    found = [
        make.one(
            SURE, sure, [row["sure"], row["sure_lower"], row["sure_upper"]], unit=risk.currency, n=n, estimator=how,
            limits="where the expected value lies at its own limits", validation=_HOLDS,
        ),
        make.one(
            SURE_EACH, "Share of the expected that is sure of each customer alone",
            _share(row["sure_each"], row["paid"]), unit="share", n=n, estimator=f"{how} of each customer, added up",
        ),
        make.one(
            LEAVING, "Share of the value lost to leaving", _share(row["leaving"], row["staying"]), unit="share", n=n,
            estimator="expected value if everybody stayed, less that with the chance to leave",
        ),
    ]  # fmt: skip
    if risk.identity is not None:
        found.append(
            make.one(
                UNSETTLED, "Share of the expected value lost to doubt about which records are one customer",
                _share(row["unsettled"], row["unsettled"] + row["paid"]), unit="share", n=risk.identity.n_doubtful,
                estimator=f"expected value as linked, less its mean over {risk.identity.n_draws:,} draws of the joins",
            )
        )  # fmt: skip
    tiers = [
        make.one(
            SURE_TIER, f"{sure}, by tier", [one["sure"], one["sure_lower"], one["sure_upper"]], unit=risk.currency,
            n=int(one["n_customers"]), estimator=how, limits="where the expected value lies at its own limits",
            validation=_HOLDS, group=one["tier"],
        )
        for one in risk.tiers.to_dict("records")
    ]  # fmt: skip
    return [*found, *tiers]


def _maker(risk: RiskAdjusted) -> FigureMaker:
    records = f"records of {say_count(len(risk.customers), 'customer')} up to {say_date(risk.lifetime.as_of)}"
    return FigureMaker(window=records, confidence=risk.lifetime.confidence, validation=NO_VALIDATION)


def payment_figures(risk: RiskAdjusted) -> list[Figure]:
    """What is lost of billed money; nothing where that is not known."""
    if risk.payment is None:
        return []
    make = _maker(risk)
    losses, row = risk.payment.losses, risk.all
    classes = losses.loc[losses["n_customers"] > 0]
    return [
        make.one(
            UNPAID, "Share of the expected value lost to bills that are not paid",
            _share(row["unpaid"], row["unpaid"] + row["unsettled"] + row["paid"]), unit="share",
            n=int(row["n_customers"]),
            estimator="expected value less the lost share of what is billed",
        ),
        *(
            make.one(
                LOSS, "Share of billed money that is lost", [one["share"], one["lower"], one["upper"]], unit="share",
                n=int(one["n_customers"]), estimator=f"not paid {GRACE_DAYS} days after it was due",
                limits="of a beta distribution", group=LATE[int(one["late"])],
            )
            for one in classes.to_dict("records")
        ),
    ]  # fmt: skip


def _share(part: float, whole: float) -> float | None:
    # What is left of adding up in another order is nothing.
    return None if not whole > 0 else 0.0 if abs(part) < 1e-9 * whole else part / whole
