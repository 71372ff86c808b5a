"""The check out of time: did as many customers buy each brand in the next period as the norm had predicted?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_research.features.brand_lines import Market
from crm_research.features.brands import count_buyers
from crm_research.models.dirichlet import DirichletFit
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step
from crm_research.theme import say_count, say_date, say_percent, word_for

if TYPE_CHECKING:
    from crm_research.study import Study


@dataclass(frozen=True, eq=False, kw_only=True)
class PenetrationCheck(Shown):
    """Penetrations of the brands in the holdout: predicted, observed, and by the rule that things stay as they were.

    Parameters
    ----------
    after, until
        The holdout.
    brands
        Grain: brand. Columns ``brand``, ``predicted``, ``observed``, ``lower``, ``upper`` (Wilson), ``rule``
        (penetration in the equally long stretch before as_of; NaN where the window is shorter than the holdout).
    n_customers
        Customers of the window, who are asked after.
    miss, rule_miss
        Mean absolute difference to the observed penetration; of the rule NaN without one.
    """

    after: datetime
    until: datetime
    brands: pd.DataFrame
    n_customers: int
    miss: float
    rule_miss: float

    def say(self) -> str:
        """The check in one line, for the figures."""
        n = len(self.brands)
        rule = "" if np.isnan(self.rule_miss) else f"; the rule 'as in the period before' by {_points(self.rule_miss)}"
        return (
            f"holdout {say_date(self.after)} to {say_date(self.until)}: "
            f"{word_for(n, 'penetration of 1 brand', f'penetrations of {n} brands')} among "
            f"{say_count(self.n_customers, 'customer')} missed by {_points(self.miss)} on average{rule}"
        )


@step
def check_penetrations(
    study: Study, market: Market, fit: DirichletFit, names: list[str], n_customers: int, *, confidence: float = 0.95
) -> PenetrationCheck | None:
    """Did as many of the window's customers buy each brand in the holdout as the norm had predicted?

    Parameters
    ----------
    names
        Brands told apart, by place; a further brand of `fit` is all the others.

    Returns
    -------
    PenetrationCheck or None
        None without a holdout.
    """
    if study.holdout_until is None or n_customers == 0:
        return None
    later = replace(market, after=study.as_of, until=study.holdout_until)
    came = _penetration(study, later, names, market, n_customers, len(fit.names), outcomes=True)
    limits = wilson_share(np.round(came * n_customers), n_customers, confidence=confidence)
    rule = np.full(len(fit.names), np.nan)
    if later.days <= market.days:
        before = replace(market, after=market.until - timedelta(days=later.days))
        rule = _penetration(study, before, names, market, n_customers, len(fit.names), outcomes=False)
    predicted = fit.predict_later(later.days / market.days)
    frame = pd.DataFrame(
        {
            "brand": fit.names,
            "predicted": predicted,
            "observed": came,
            "lower": limits.lower,
            "upper": limits.upper,
            "rule": rule,
        }
    )
    return PenetrationCheck(
        after=study.as_of,
        until=study.holdout_until,
        brands=frame,
        n_customers=n_customers,
        miss=float(np.abs(predicted - came).mean()),
        rule_miss=float(np.abs(rule - came).mean()),
    )


@step
def _penetration(
    study: Study, market: Market, names: list[str], population: Market, n: int, n_places: int, *, outcomes: bool
) -> np.ndarray:
    found = count_buyers(study, market, names, population=population, outcomes=outcomes)
    buyers = np.zeros(len(names) + 1)
    buyers[found["place"].to_numpy()] = found["buyers"].to_numpy()
    return buyers[:n_places] / n


def _points(share: float) -> str:
    return f"{100 * share:.1f} points" if np.isfinite(share) else say_percent(None)
