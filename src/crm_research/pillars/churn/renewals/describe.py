"""Retention by renewal: how many stay each time a contract could end, and how many will."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy import stats

from crm_research.features.renewals import count_renewals
from crm_research.features.spells import build_spells
from crm_research.models.renewals import (
    expected_lifetime,
    fit_beta_discrete_weibull,
    fit_constant_rate,
    fit_shifted_beta_geometric,
)
from crm_research.models.renewals.fitted import RenewalFit
from crm_research.pillars.churn.curves.grouping import MOST_GROUPS, choose_group
from crm_research.pillars.churn.detection import SettingDetection, detect_setting
from crm_research.pillars.churn.detection_evidence import NEAR_DAYS
from crm_research.pillars.churn.renewals.check import RenewalCheck, check_renewals
from crm_research.pillars.churn.renewals.period import UNITS, check_horizon, choose_period
from crm_research.pillars.churn.renewals.tables import (
    group_table,
    observe_renewals,
    project_renewals,
    seen_survival,
    triangle_of,
)
from crm_research.show.shown import Shown
from crm_research.stats.intervals import Interval, difference_from_limits, wilson_share
from crm_research.steps import step
from crm_research.theme import say_date

if TYPE_CHECKING:
    from datetime import datetime

    from crm_research.study import Study

_NO_COUNTS: Final = pd.DataFrame(columns=["cohort", "renewal", "n_up", "n_left"])
_FEWEST_SHOWN: Final = 10
_SHARE_SHOWN: Final = 0.02
_LIFETIMES_SHOWN: Final = 6
# Of many contracts every model misses something beyond chance: two points are worth a word (a convention).
_NOTABLE: Final = 0.02
_OF_THE_MODEL: Final = ("retention", "retention_lower", "retention_upper", "survival", "lower", "upper")


@dataclass(frozen=True, eq=False, kw_only=True)
class Renewals(Shown):
    """Renewals as far as the records tell, and as far as a model carries them.

    Parameters
    ----------
    detection
        Which setting the study is: whether contracts end at renewals only, or renewals are a way of counting.
    period_months, why_period
        Months from one renewal to the next, and why it was chosen.
    counts
        Grain: intake and renewal. Columns ``cohort``, ``renewal``, ``n_up``, ``n_left``.
    observed
        Grain: renewal. Columns ``renewal``, ``n_up``, ``n_left``, ``retention`` with ``lower`` and ``upper`` (Wilson),
        ``survival`` (share of a new intake still there after it, the product of the retentions).
    triangle
        Grain: intake, with a column for each renewal shown: share still there. Empty for a snapshot.
    fit, extension, rule
        sBG, BdW and one constant rate; None where nobody came to a renewal.
    shape_p_value
        The chance, if each customer's own chance to leave were steady, of counts that speak so much against it.
    projection
        Grain: renewal up to the horizon. Columns ``renewal``, ``retention``, ``retention_lower``, ``retention_upper``,
        ``survival``, ``lower``, ``upper`` (of the sBG), ``rule_retention``, ``rule_survival``.
    lifetimes, discount_rate
        Expected further periods by renewals made, and the discount of a year they carry.
    groups, group, groups_p_value
        Table of groups, the column they come from, and whether they differ; None without.
    check
        Forecasts against what came; None where too little was left to judge by.
    """

    detection: SettingDetection
    as_of: datetime
    first_start: datetime | None
    confidence: float
    period_months: int
    why_period: str
    counts: pd.DataFrame
    observed: pd.DataFrame
    triangle: pd.DataFrame
    fit: RenewalFit | None = None
    extension: RenewalFit | None = None
    rule: RenewalFit | None = None
    shape_p_value: float = float("nan")
    projection: pd.DataFrame
    lifetimes: pd.DataFrame
    discount_rate: float
    groups: pd.DataFrame | None = None
    group: str | None = None
    groups_p_value: float = float("nan")
    check: RenewalCheck | None = None

    @property
    def window(self) -> str:
        """Period of the records, in words."""
        if self.first_start is None:
            return f"no contract known on {say_date(self.as_of)}"
        return f"contracts begun from {say_date(self.first_start)} on, renewals until {say_date(self.as_of)}"

    @property
    def shown(self) -> pd.DataFrame:
        """The rows of `observed` that enough contracts came to for a picture: ten, and 2 % of the best attended."""
        return _well_attended(self.observed)

    @property
    def later(self) -> pd.Series | None:
        """All shown renewals after the first taken together, to be held beside it; None without any.

        The last alone rests on a few and on the luck of one renewal. Holds ``first_renewal``, ``last_renewal`` and what
        `observed` has of a renewal: ``n_up``, ``n_left``, ``retention`` with ``lower`` and ``upper``.
        """
        rows = self.shown.iloc[1:]
        if rows.empty:
            return None
        ends = {"first_renewal": rows["renewal"].iloc[0], "last_renewal": rows["renewal"].iloc[-1]}
        if len(rows) == 1:
            return pd.Series(rows.iloc[0].to_dict() | ends)
        n_up, n_left = int(rows["n_up"].sum()), int(rows["n_left"].sum())
        share = wilson_share(n_up - n_left, n_up, confidence=self.confidence)
        limits = {"retention": float(share.estimate), "lower": float(share.lower), "upper": float(share.upper)}
        return pd.Series(ends | {"n_up": n_up, "n_left": n_left} | limits)

    @property
    def model_misses(self) -> tuple[int, float, float] | None:
        """Where the model's curve has left what was seen: the last renewal shown, its share there, and the share seen.

        None while the two agree there, by the limits of both or to two points, or one constant rate is the model. What
        contradicts the records where they end cannot be carried beyond them.
        """
        if self.fit is None or self.fit.is_constant or self.shown.empty or self.projection.empty:
            return None
        seen = self.shown.iloc[-1]
        row = self.projection.loc[self.projection["renewal"] == seen["renewal"]]
        if row.empty:
            return None
        limits = seen_survival(self.observed, int(seen["renewal"]), confidence=self.confidence)
        model = Interval(*(np.asarray(float(row[name].iloc[0])) for name in ("survival", "lower", "upper")))
        gap = difference_from_limits(model, limits)
        if not abs(gap.estimate) > _NOTABLE or gap.lower <= 0 <= gap.upper:
            return None
        return int(seen["renewal"]), float(row["survival"].iloc[0]), float(seen["survival"])

    @property
    def rule_misses(self) -> bool:
        """Has one constant rate left what was seen, too, where the records end?"""
        missed = self.model_misses
        if missed is None:
            return False
        limits = seen_survival(self.observed, missed[0], confidence=self.confidence)
        rule = float(self.projection.loc[self.projection["renewal"] == missed[0], "rule_survival"].iloc[0])
        is_outside = not float(limits.lower) <= rule <= float(limits.upper)
        return is_outside and abs(rule - float(limits.estimate)) > _NOTABLE

    @property
    def carried(self) -> pd.DataFrame:
        """The projection as far as it may be read: the model's columns end where it has left what was seen."""
        missed = self.model_misses
        if missed is None:
            return self.projection
        ahead = self.projection.copy()
        ahead.loc[ahead["renewal"] > missed[0], list(_OF_THE_MODEL)] = np.nan
        return ahead

    @property
    def every(self) -> str:
        """The period in words: month, 3 months, year."""
        names = {months: name for name, months in UNITS.items()}
        return names.get(self.period_months, f"{self.period_months} months")

    @property
    def after_one(self) -> str:
        """When the first renewal is due, in words: after a month, after 18 months."""
        return f"after a {self.every}" if self.period_months in UNITS.values() else f"after {self.every}"


@step
def describe_renewals(
    study: Study,
    *,
    unit: str | int | None = None,
    group: str | None = None,
    horizon_periods: int | None = None,
    discount_rate: float = 0.1,
    confidence: float = 0.95,
    detection: SettingDetection | None = None,
) -> Renewals:
    """How many stay each time a contract could end, how many will, and is the forecast any good?

    Parameters
    ----------
    study
        Needs contracts.
    unit
        Time between renewals: month, quarter, half-year, year, or a number of months. None takes the anniversaries
        around which ends crowd; without such, months (quarters or years where contracts have run for long).
    group
        Column of the contracts or customers to tell groups apart by; None takes the churn page's default.
    horizon_periods
        How far the projection looks; None looks half as far again as the records.
    discount_rate
        A year's, for the expected further periods.
    detection
        As `detect_setting` gives it, where it is at hand already; it is asked for otherwise.

    Returns
    -------
    Renewals
        With ``fit`` None where nobody has come to a renewal; nothing is raised for thin records.

    Raises
    ------
    ParameterError
        For a unit or group that does not exist.

    Notes
    -----
    Where contracts end at any time an end counts at the next renewal: an approximation, the page says so.
    """
    detection = detect_setting(study) if detection is None else detection
    first_start, longest = _span(study)
    months, why = choose_period(unit, detection, longest)
    is_due = (
        detection.is_by_appointment and detection.period_months is not None and months % detection.period_months == 0
    )
    base = _Base(
        study=study, detection=detection, first_start=first_start, months=months, why=why, confidence=confidence
    )
    if not _can_count(detection, months):
        return _nothing(base, discount_rate)
    count = partial(_count, months=months, is_by_appointment=is_due)
    column = group if group is not None else choose_group(study).column
    by_group = None if column is None else count(study, by=column)
    counts = count(study) if by_group is None else _sum_groups(by_group)
    if counts.empty:
        return _nothing(base, discount_rate)
    fit, extension = (
        fitter(counts, confidence=confidence) for fitter in (fit_shifted_beta_geometric, fit_beta_discrete_weibull)
    )
    rule = fit_constant_rate(counts, confidence=confidence)
    observed = observe_renewals(counts, confidence=confidence)
    last = int(_well_attended(observed)["renewal"].max())
    horizon = check_horizon(horizon_periods) if horizon_periods is not None else last + max(3, last // 2)
    groups, groups_p = (None, float("nan")) if by_group is None else _compare(by_group, confidence)
    return Renewals(
        detection=detection,
        as_of=study.as_of,
        first_start=first_start,
        confidence=confidence,
        period_months=months,
        why_period=why,
        counts=counts,
        observed=observed,
        triangle=pd.DataFrame() if detection.is_snapshot else triangle_of(counts, months),
        fit=fit,
        extension=extension,
        rule=rule,
        shape_p_value=_shape_p_value(fit, extension),
        projection=project_renewals(fit, rule, horizon),
        lifetimes=expected_lifetime(
            fit,
            range(1 if fit.is_constant else min(last, _LIFETIMES_SHOWN)),
            discount_rate=discount_rate,
            period_months=months,
        ),
        discount_rate=discount_rate,
        groups=groups,
        group=column if groups is not None else None,
        groups_p_value=groups_p,
        check=check_renewals(
            study, count, is_snapshot=detection.is_snapshot, first_start=first_start, confidence=confidence
        ),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Base:
    study: Study
    detection: SettingDetection
    first_start: datetime | None
    months: int
    why: str
    confidence: float


def _can_count(detection: SettingDetection, months: int) -> bool:
    """Do ends fall on renewals, where all of them bear one date?

    An end between two renewals waits for the later one, which a snapshot never sees: such leavers would count as kept.
    """
    if not detection.is_snapshot:
        return True
    return detection.period_months is not None and detection.period_months % months == 0


def _nothing(base: _Base, discount_rate: float) -> Renewals:
    return Renewals(
        detection=base.detection,
        as_of=base.study.as_of,
        first_start=base.first_start,
        confidence=base.confidence,
        period_months=base.months,
        why_period=base.why,
        counts=_NO_COUNTS,
        observed=pd.DataFrame(columns=["renewal", "n_up", "n_left", "retention", "lower", "upper", "survival"]),
        triangle=pd.DataFrame(),
        projection=pd.DataFrame(),
        lifetimes=pd.DataFrame(columns=["renewals_made", "expected_periods", "lower", "upper"]),
        discount_rate=discount_rate,
    )


@step
def _span(study: Study) -> tuple[datetime | None, float]:
    """When the first contract began, and the longest tenure in days."""
    spells = build_spells(study)
    found = spells.aggregate(first=spells.started_at.min(), longest=spells.tenure_days.max()).to_pandas().iloc[0]
    if pd.isna(found["first"]):
        return None, 0.0
    return found["first"].to_pydatetime(), float(found["longest"])


def _well_attended(observed: pd.DataFrame) -> pd.DataFrame:
    enough = observed["n_up"] >= max(_FEWEST_SHOWN, _SHARE_SHOWN * observed["n_up"].max()) if len(observed) else []
    kept = observed.loc[enough] if len(observed) else observed
    return kept if len(kept) else observed


@step
def _count(study: Study, *, months: int, is_by_appointment: bool, by: str | None = None) -> pd.DataFrame:
    counts: pd.DataFrame = count_renewals(
        study,
        period_months=months,
        slack_days=NEAR_DAYS if is_by_appointment else 0,
        is_by_appointment=is_by_appointment,
        by=by,
    ).to_pandas()
    return counts


def _shape_p_value(fit: RenewalFit, extension: RenewalFit) -> float:
    """Likelihood ratio of BdW and sBG; with the sBG at its edge (one rate) two parameters were gained."""
    n_more = len(extension.log_params) - len(fit.log_params)
    if n_more <= 0:
        return float("nan")
    return float(stats.chi2.sf(max(2.0 * (extension.log_likelihood - fit.log_likelihood), 0.0), n_more))


def _sum_groups(by_group: pd.DataFrame) -> pd.DataFrame:
    summed: pd.DataFrame = by_group.groupby(["cohort", "renewal"], as_index=False)[["n_up", "n_left"]].sum()
    return summed


def _compare(by_group: pd.DataFrame, confidence: float) -> tuple[pd.DataFrame | None, float]:
    """The largest groups side by side; nothing with fewer than two."""
    sizes = by_group.loc[by_group["renewal"] == by_group["renewal"].min()].groupby("group")["n_up"].sum()
    kept = sizes.sort_values(ascending=False, kind="stable").index[:MOST_GROUPS]
    counts = by_group.loc[by_group["group"].isin(kept)]
    if counts["group"].nunique() < 2:
        return None, float("nan")
    return group_table(counts, confidence=confidence)
