"""Value at the doubt of leaving, of payment and of who is who: what each customer, each tier and all surely bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from crm_research.models.lifetime_value import total_limits
from crm_research.pillars.value.risk.expected import expect_some
from crm_research.pillars.value.risk.identity import Identity, measure_identity
from crm_research.pillars.value.risk.parts import Parts, find_parts
from crm_research.pillars.value.risk.payment import Payment, measure_payment
from crm_research.pillars.value.risk.single import describe_each
from crm_research.pillars.value.risk.sums import add_up_groups
from crm_research.pillars.value.tiers.measure import list_tiers
from crm_research.pillars.value.tiers.rule import TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm_research.models.joins import DrawnJoins
    from crm_research.pillars.value.lifetime.measure import Lifetime
    from crm_research.pillars.value.tiers.measure import Tiers
    from crm_research.study import Study

# With 9 of 10 chance at least.
CHANCE: Final = 0.9
NO_TIER: Final = "nothing these months"
_FEWEST_IN_TENTHS: Final = 100
_N_TENTHS: Final = 10
# Where sales leave less than this of their revenue, what a loss of payment means in margin is not told.
_LEAST_MARGIN: Final = 0.01


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskAdjusted:
    """What will customers bring, how much of it is doubtful, and what is there to rely on?

    Parameters
    ----------
    lifetime
        What they are expected to bring.
    chance
        With which what is sure comes.
    payment, why_no_payment
        Losses of billed money; None where they are not known, and why.
    identity
        What customers would pay had the doubtful joins of records been decided otherwise; None where none is in doubt.
    customers
        One customer a row: customer_id, tier, staying (expected if they surely stay), expected (with the chance to
        leave), paid (the same less what is not paid; with `identity` on average over other joins), sure (comes with
        `chance` at least).
    groups
        tier (``all`` the last), n_customers, staying, leaving, unpaid and unsettled (what these three doubts take; the
        last can also add), paid (what is left), lower and upper (limits of that expectation), sure (comes with
        `chance` at least from all of them together), sure_lower,
        sure_upper (the same where the expected lies at its limits), sure_each (sum of what is sure of each alone).
    parts
        What it was computed from.
    """

    lifetime: Lifetime
    chance: float
    payment: Payment | None
    why_no_payment: str
    identity: Identity | None
    customers: pd.DataFrame
    groups: pd.DataFrame
    parts: Parts

    @property
    def all(self) -> pd.Series:
        """The row of all together."""
        return self.groups.iloc[-1]

    @property
    def tiers(self) -> pd.DataFrame:
        """The rows of the tiers."""
        return self.groups.iloc[:-1]

    @property
    def currency(self) -> str:
        """Of the money."""
        return self.lifetime.currency


def measure_risk(
    study: Study,
    lifetime: Lifetime,
    tiers: Tiers | None,
    *,
    asked: Mapping[str, Any],
    drawn: DrawnJoins | None = None,
) -> RiskAdjusted | str:
    """What is sure of what customers will bring, or why is that not known?

    Parameters
    ----------
    lifetime
        What they are expected to bring.
    tiers
        Who is gold, iron and lead; None where there are no tiers.
    asked
        What `open_books` was asked for the tiers.
    drawn
        The customers of other joins; None where the study has no links, or none is to be doubted.
    """
    if not lifetime.is_known:
        return "What customers will still bring cannot be told, and so not how sure it is."
    payment, why = measure_payment(study, confidence=lifetime.confidence)
    margins = (1.0 if lifetime.basis.margin_share is None else lifetime.basis.margin_share, lifetime.fee_margin)
    if payment is not None and min(margins) < _LEAST_MARGIN:
        payment, why = None, "Sales leave no margin, so nothing is taken off for customers who do not pay."
    parts = find_parts(study, lifetime, payment)
    customers = describe_each(parts, lifetime, CHANCE)
    identity = measure_identity(drawn, lifetime, payment, chance=CHANCE)
    if identity is not None:
        settled = identity.customers.set_index("customer_id")
        is_touched = customers["customer_id"].isin(settled.index)
        own = settled.loc[customers.loc[is_touched, "customer_id"]]
        customers.loc[is_touched, "paid"] = own["settled"].to_numpy()
        customers.loc[is_touched, "sure"] = own["sure"].to_numpy()
    tier = np.full(len(customers), NO_TIER, dtype=object)
    if tiers is not None:
        listed = list_tiers(study, tiers.cuts, **asked)
        found = parts.names.get_indexer(pd.Index(listed["customer_id"]))
        tier[found[found >= 0]] = listed["tier"].to_numpy(dtype=object)[found >= 0]
    customers.insert(1, "tier", tier)
    order = (*TIERS, NO_TIER) if tiers is not None else ()
    groups = add_up_groups(
        parts, customers, payment, order, identity=identity, chance=CHANCE, confidence=lifetime.confidence
    )
    return RiskAdjusted(
        lifetime=lifetime, chance=CHANCE, payment=payment, why_no_payment=why, identity=identity,
        customers=customers, groups=groups, parts=parts,
    )  # fmt: skip


def by_tenth(risk: RiskAdjusted) -> pd.DataFrame:
    """How sure is what is expected of customers of about the same value?

    Returns
    -------
    pandas.DataFrame
        Tenths of the customers by what they are expected to pay, the most valuable first: tenth, n_customers, expected
        (of one of them on average), and the share of the expected that is sure: of the tenth customer of a hundred from
        below (low), of the middle one (middle) and of the tenth from above (high). Empty with fewer than 100 customers;
        without tenths of whom nothing is expected.
    """
    rows = risk.customers
    if len(rows) < _FEWEST_IN_TENTHS:
        return pd.DataFrame()
    order = np.argsort(-rows["paid"].to_numpy(), kind="stable")
    tenth = np.empty(len(order), dtype=np.int64)
    tenth[order] = np.arange(len(order)) * _N_TENTHS // len(order) + 1
    kept = rows.assign(tenth=tenth).loc[lambda frame: frame["paid"] > 0]
    share = (kept["sure"] / kept["paid"]).groupby(kept["tenth"])
    paid = kept.groupby("tenth")["paid"]
    columns = {
        "n_customers": paid.size(), "expected": paid.mean(), "low": share.quantile(0.1), "middle": share.median(),
        "high": share.quantile(0.9),
    }  # fmt: skip
    return pd.DataFrame(columns).reset_index()


def list_sure(risk: RiskAdjusted, n: int) -> pd.DataFrame:
    """On whom is there most to rely?

    Returns
    -------
    pandas.DataFrame
        The first `n` customers of whom anything is sure, by what is: ``customer_id``, ``tier``, ``if_staying``,
        ``expected`` (less what is not paid), ``sure``, ``lower``, ``upper`` (of what is sure: where the expected lies
        at its limits), ``sure_share`` (of the expected).
    """
    is_any = risk.customers["sure"] > 0
    rows = risk.customers.loc[is_any].sort_values(
        ["sure", "paid", "customer_id"], ascending=[False, False, True], kind="stable"
    ).head(n)  # fmt: skip
    low, high = _limits(risk, rows.index.to_numpy())
    paid, sure = rows["paid"].to_numpy(), rows["sure"].to_numpy()
    share = sure / paid  # never more is sure than is expected, so that is above nought, too
    table = pd.DataFrame(
        {
            "customer_id": rows["customer_id"].to_numpy(), "tier": rows["tier"].to_numpy(),
            "if_staying": rows["staying"].to_numpy(), "expected": paid, "sure": sure,
            "lower": share * low, "upper": share * high, "sure_share": share,
        }
    )  # fmt: skip
    return table if len(risk.groups) > 1 else table.drop(columns="tier")


def _limits(risk: RiskAdjusted, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Limits of what is expected of some customers, from the uncertainty of the models alone."""
    expected, variance = expect_some(risk.parts, risk.lifetime, chosen)
    limits = total_limits(expected, variance, np.zeros(len(chosen)), confidence=risk.lifetime.confidence)
    return limits["lower"].to_numpy(), limits["upper"].to_numpy()
