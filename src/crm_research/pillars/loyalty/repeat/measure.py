"""Who buys again, how soon, and how many of each intake are still buying?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.features.own_rhythm import number_purchases
from crm_research.features.purchases import Occasion
from crm_research.features.rfm import build_rfm
from crm_research.models.second_opinion import SecondOpinion, compare_survival_estimates
from crm_research.models.survival import SurvivalCurves, compare_pairs, estimate_survival
from crm_research.pillars.loyalty.repeat.counting import FIRST_INTAKE, LATER_INTAKE, count_waits
from crm_research.pillars.loyalty.repeat.holdout import ReturnCheck, check_returns
from crm_research.pillars.loyalty.repeat.periods import PeriodChoice, choose_periods
from crm_research.pillars.loyalty.repeat.retention import Retention, estimate_retention
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.steps import step
from crm_research.theme import say_date, say_range

if TYPE_CHECKING:
    from crm_research.study import Study

_FEWEST: Final = 20
# Of fewer customers counts are told, and no shares.
FEWEST_FOR_SHARES: Final = 20
_COUNTS: Final = ("n_entered", "n_ended", "n_censored")


@dataclass(frozen=True, eq=False, kw_only=True)
class LoyaltyAnalysis(Shown):
    """Coming back, as far as the records tell.

    Parameters
    ----------
    first_at, last_at, as_of
        First and last purchase known, and the instant the study stands at.
    occasion
        What one purchase is (``day`` or ``order``).
    confidence
        Level of every interval.
    n_purchases
        Purchases known.
    recount
        Buyers, and buyers with a second purchase, counted another way (from one row per customer).
    repeat
        Grain: customers meant (``all``, and ``first seen later`` where the first intake is doubtful). Columns
        ``customers``, ``n``, ``n_repeat``, ``repeat_rate``, ``lower``, ``upper`` (Wilson).
    time_to_second
        Curve of those who have not yet bought a second time, by days since the first purchase; of newcomers only
        where the first intake holds old customers. None without a purchase.
    basis
        Whom the waits are of, in words.
    depths
        Grain: number of the purchase. Columns ``depth``, ``n``, ``n_again``, ``seen_rate`` (bought again so far),
        ``within_days``, ``return_rate``, ``lower``, ``upper`` (bought again within that many days, Kaplan-Meier).
    won
        One row: return after the second purchase against after the first (``compare_pairs``); None if too few.
    period_choice
        How long a period is and after how many days the share back is read, and why.
    retention
        Cohorts by period.
    holdout
        The check out of time; None without one, or where the curve can judge nobody.
    daily_rate
        The rule of thumb: returns per first-time buyer and day waited.
    keeps_holdout
        Does the study keep one?
    first_waits
        What `time_to_second` was estimated from: ``tenure_days``, ``n_entered``, ``n_ended``, ``n_censored``.
    """

    first_at: datetime | None
    last_at: datetime | None
    as_of: datetime
    occasion: Occasion
    confidence: float
    n_purchases: int
    recount: tuple[int, int]
    repeat: pd.DataFrame
    time_to_second: SurvivalCurves | None
    basis: str
    depths: pd.DataFrame
    won: pd.DataFrame | None
    period_choice: PeriodChoice
    retention: Retention
    holdout: ReturnCheck | None
    daily_rate: float
    keeps_holdout: bool = False
    first_waits: pd.DataFrame | None = field(default=None, repr=False)

    @cached_property
    def second_opinion(self) -> SecondOpinion | None:
        """What lifelines says of the curve; None without one. Computed when first asked for."""
        if self.time_to_second is None or self.first_waits is None:
            return None
        (found,) = compare_survival_estimates(self.first_waits, self.time_to_second).values()
        return replace(found, of="customer", why_not=found.why_not.replace("nobody has left", "nobody has come back"))

    @property
    def window(self) -> str:
        """Period of the records, in words."""
        if self.first_at is None:
            return f"no purchase known on {say_date(self.as_of)}"
        return f"purchases {say_range(self.first_at, self.last_at, say_date)}, seen on {say_date(self.as_of)}"


@step
def describe_loyalty(
    study: Study,
    *,
    period_months: int | None = None,
    repeat_days: Sequence[float] | None = None,
    occasion: Occasion = "day",
    confidence: float = 0.95,
) -> LoyaltyAnalysis:
    """Who buys again, how soon, and how many of each intake are still buying?

    Parameters
    ----------
    study
        Needs orders.
    period_months
        Length of a retention period in calendar months; None chooses 1, 3 or 12 (`choose_periods`).
    repeat_days
        After how many days the share that is back is read; None chooses 90 days and 12 months, or years where
        customers buy every few years.
    occasion
        What one purchase is: each calendar ``day`` with orders, or every ``order``.
    confidence
        Level of every interval.

    Returns
    -------
    LoyaltyAnalysis
        With ``time_to_second`` None where no purchase is known; nothing is raised for thin records.

    Notes
    -----
    A customer who has not come back is not disloyal: he may yet. Waits are therefore censored at as_of. Customers
    whose first purchase lies before the records are told apart by the size of the first intake only.
    """
    period_choice = choose_periods(study, period_months=period_months, repeat_days=repeat_days, occasion=occasion)
    retention = estimate_retention(study, period_months=period_choice.period_months, confidence=confidence)
    counts = count_waits(study, occasion=occasion, newcomers_from=retention.newcomers_from)
    sales = number_purchases(study, occasion=occasion)
    span = sales.aggregate(n=sales.count(), first=sales.ordered_at.min(), last=sales.ordered_at.max()).to_pandas()
    first_waits, basis, newcomers_from = _first_waits(counts, retention)
    time_to_second = estimate_survival(first_waits, confidence=confidence) if len(first_waits) else None
    exposure = float(((first_waits["n_ended"] + first_waits["n_censored"]) * first_waits["tenure_days"]).sum())
    rate = float(first_waits["n_ended"].sum()) / exposure if exposure > 0 else 0.0
    check = None
    if time_to_second is not None:
        check = check_returns(
            study, time_to_second, rate, occasion=occasion, newcomers_from=newcomers_from, confidence=confidence
        )
    return LoyaltyAnalysis(
        first_at=_instant_or_none(span["first"].iloc[0]),
        last_at=_instant_or_none(span["last"].iloc[0]),
        as_of=study.as_of,
        occasion=occasion,
        confidence=confidence,
        n_purchases=int(span["n"].iloc[0]),
        recount=_recount(study, occasion),
        repeat=_repeat_rates(counts, retention, confidence),
        time_to_second=time_to_second,
        basis=basis,
        depths=_by_depth(counts, first_waits, period_choice, confidence),
        won=_compare_first_and_second(counts, first_waits, period_choice, confidence),
        period_choice=period_choice,
        retention=retention,
        holdout=check,
        daily_rate=rate,
        keeps_holdout=study.holdout_until is not None,
        first_waits=first_waits,
    )


def _first_waits(counts: pd.DataFrame, retention: Retention) -> tuple[pd.DataFrame, str, datetime | None]:
    """Waits for the second purchase of those whose first one we believe to have seen."""
    first = counts.loc[counts["depth"] == 1]
    later = first.loc[first["intake"] == LATER_INTAKE]
    if retention.first_holds_old_customers and int(later["n_entered"].sum()) >= _FEWEST:
        since = say_date(retention.newcomers_from)
        return _add_up(later), f"customers first seen from {since} on", retention.newcomers_from
    return _add_up(first), "all buyers", None


def _add_up(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.groupby("tenure_days", as_index=False)[list(_COUNTS)].sum()


def _repeat_rates(counts: pd.DataFrame, retention: Retention, confidence: float) -> pd.DataFrame:
    first = counts.loc[counts["depth"] == 1].groupby("intake")[list(_COUNTS)].sum()
    rows = {"all": first.sum()}
    if retention.first_holds_old_customers:
        names = {FIRST_INTAKE: "first seen in the first period", LATER_INTAKE: "first seen later"}
        rows |= {names[str(intake)]: row for intake, row in first.iterrows()}
    frame = pd.DataFrame(rows).T
    share = wilson_share(frame["n_ended"], frame["n_entered"], confidence=confidence)
    return pd.DataFrame(
        {
            "customers": list(rows),
            "n": frame["n_entered"].astype(int).to_numpy(),
            "n_repeat": frame["n_ended"].astype(int).to_numpy(),
            "repeat_rate": share.estimate,
            "lower": share.lower,
            "upper": share.upper,
        }
    )


def _by_depth(
    counts: pd.DataFrame, first_waits: pd.DataFrame, period_choice: PeriodChoice, confidence: float
) -> pd.DataFrame:
    """Return after the first, second, third ... purchase, within a time every depth was watched for."""
    labelled = _label_depths(counts, first_waits)
    if labelled.empty:
        return pd.DataFrame(
            columns=["depth", "n", "n_again", "seen_rate", "within_days", "return_rate", "lower", "upper"]
        )
    curves = estimate_survival(labelled, confidence=confidence)
    within = _common_days(curves, period_choice)
    at = curves.at(within)
    sizes = curves.sizes
    return pd.DataFrame(
        {
            "depth": sizes["group"].astype(int),
            "n": sizes["n"],
            "n_again": sizes["n_ended"],
            "seen_rate": sizes["n_ended"] / sizes["n"],
            "within_days": within,
            "return_rate": 1 - at["survival"],
            "lower": 1 - at["upper"],
            "upper": 1 - at["lower"],
        }
    )


def _label_depths(counts: pd.DataFrame, first_waits: pd.DataFrame) -> pd.DataFrame:
    deeper = counts.loc[counts["depth"] > 1].groupby(["depth", "tenure_days"], as_index=False)[list(_COUNTS)].sum()
    everything = pd.concat([first_waits.assign(depth=1), deeper], ignore_index=True)
    sizes = everything.groupby("depth")["n_entered"].sum()
    kept = sizes.index[(sizes >= _FEWEST) | (sizes.index == 1)]
    labelled = everything.loc[everything["depth"].isin(kept)]
    return labelled.assign(group=labelled["depth"].astype(str))


def _common_days(curves: SurvivalCurves, period_choice: PeriodChoice) -> float:
    """The longest horizon watched in every group, or the longest wait where not even the first was."""
    reach = float(curves.sizes["known_days"].min())
    return max((days for days in period_choice.horizons_days if days <= reach), default=reach)


def _compare_first_and_second(
    counts: pd.DataFrame, first_waits: pd.DataFrame, period_choice: PeriodChoice, confidence: float
) -> pd.DataFrame | None:
    labelled = _label_depths(counts, first_waits)
    two = labelled.loc[labelled["depth"].isin([1, 2])]
    if two["depth"].nunique() < 2:
        return None
    within = _common_days(estimate_survival(labelled, confidence=confidence), period_choice)
    return compare_pairs(two, horizon_days=within, confidence=confidence)


@step
def _recount(study: Study, occasion: Occasion) -> tuple[int, int]:
    rfm = build_rfm(study, occasion=occasion)
    counted = rfm.aggregate(n=rfm.count(), again=(rfm.frequency > 0).sum().fill_null(0)).to_pandas().iloc[0]
    return int(counted["n"]), int(counted["again"])


def _instant_or_none(value: pd.Timestamp) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime()
