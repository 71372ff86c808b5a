"""When do customers end their contracts, for which reasons, and which groups leave sooner?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import pandas as pd

from crm_research.models.second_opinion import (
    SecondOpinion,
    compare_incidence_estimates,
    compare_survival_estimates,
)
from crm_research.models.survival import (
    FEWEST_AT_RISK,
    IncidenceCurves,
    IncidenceTests,
    LogRank,
    Peaks,
    SurvivalBands,
    SurvivalCurves,
    compare_groups,
    compare_incidence,
    compare_pairs,
    estimate_bands,
    estimate_incidence,
    estimate_period_shares,
    estimate_restricted_mean,
    estimate_smooth_hazard,
    estimate_survival,
    find_peaks,
)
from crm_research.pillars.churn.curves.counting import ChurnCounts, count_contracts
from crm_research.pillars.churn.curves.holdout import HoldoutCheck, check_holdout
from crm_research.pillars.churn.curves.reading import OtherReading, read_otherwise
from crm_research.pillars.churn.curves.rule import ConstantRate, compare_constant_rate
from crm_research.pillars.churn.curves.sensitivity import compare_late_entry
from crm_research.pillars.churn.setting import ChurnSetting, describe_setting
from crm_research.show.shown import Shown
from crm_research.steps import step
from crm_research.vocabulary import days_in_months, months_of_days, whole_months_in

if TYPE_CHECKING:
    from crm_research.study import Study

_STEP_MONTHS: Final = 3
_MOST_MONTHS: Final = 72
_PERIODS: Final = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}
_SHARE_AT_RISK: Final = 0.02
_LITTLE_LEFT: Final = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class ChurnAnalysis(Shown):
    """The leaving of contracts, as far as the records tell.

    Parameters
    ----------
    setting
        What the contracts hold, and the doubts.
    counts
        Contracts by tenure: all that was estimated from.
    confidence, horizon_days
        Level of the intervals; how far tables and pictures look.
    survival, by_group
        Curves of all contracts and by group; None without a contract, or without a grouping.
    compared, compared_days
        The curves of groups all begun where the last of them begins (contracts met late), to be held beside each other,
        and how far: to the horizon, or as far from their own beginning where little of it would be left.
    restricted_mean, group_means
        Days a contract lasts within the horizon: one row overall, and by group.
    rates, hazard
        Share of those there that leaves in each month of tenure, and the smoothed hazard.
    other_reading
        The curve with contracts that follow each other counted the other way; None where they hardly do.
    peaks
        Months in which more leave than one constant rate explains, over all months at once.
    incidence
        Share that has left for each reason; None where no reasons are given.
    test, pairs
        Log-rank over all groups, and every pair; None with fewer than two groups.
    rule, holdout
        One rate for everybody beside the curve; the check out of time, None without a holdout or where the curve can
        judge nobody.
    keeps_holdout
        Does the study keep one?
    sensitivity
        Where early leavers seem to be missing: the curve as recorded and as if followed only lately.
    bands
        Limits that hold for the whole curve of all contracts at once.
    reason_groups, reason_tests
        Share that has left for each reason in each group, and Gray's test that the groups are alike; None without
        reasons or with fewer than two groups.
    """

    setting: ChurnSetting
    counts: ChurnCounts
    confidence: float
    horizon_days: float
    survival: SurvivalCurves | None = None
    by_group: SurvivalCurves | None = None
    compared: SurvivalCurves | None = None
    compared_days: float = 0.0
    restricted_mean: pd.DataFrame | None = None
    group_means: pd.DataFrame | None = None
    rates: pd.DataFrame | None = None
    hazard: pd.DataFrame | None = None
    peaks: Peaks | None = None
    other_reading: OtherReading | None = None
    incidence: IncidenceCurves | None = None
    test: LogRank | None = None
    pairs: pd.DataFrame | None = None
    rule: ConstantRate | None = None
    holdout: HoldoutCheck | None = None
    keeps_holdout: bool = False
    sensitivity: pd.DataFrame | None = None
    bands: SurvivalBands | None = None
    reason_groups: IncidenceCurves | None = None
    reason_tests: IncidenceTests | None = None

    @property
    def horizon_months(self) -> int:
        """The horizon in calendar months."""
        return months_of_days(self.horizon_days)

    @cached_property
    def second_opinions(self) -> Mapping[str, SecondOpinion]:
        """What lifelines says of the curve of all contracts (`EVERYONE`) and of each group; empty without a contract.

        Computed when first asked for, from the counts.
        """
        found: dict[str, SecondOpinion] = {}
        if self.by_group is not None and self.counts.by_group is not None:
            found |= compare_survival_estimates(self.counts.by_group, self.by_group)
        if self.survival is not None:
            found |= compare_survival_estimates(self.counts.overall, self.survival)
        return found

    @cached_property
    def incidence_opinion(self) -> SecondOpinion | None:
        """What lifelines says of the shares by reason; None without reasons."""
        if self.incidence is None or self.counts.reasons is None:
            return None
        return compare_incidence_estimates(self.counts.overall, self.counts.reasons, self.incidence)

    def days_at(self, months: int) -> float:
        """The tenure at which so many calendar months are read: the longest that they can be, or the longest watched.

        Records that end with the last day of a whole number of months were watched for it, though others are longer.
        """
        days = float(days_in_months(months))
        if self.survival is None:
            return days
        longest = float(self.survival.sizes["known_days"].max())
        return min(days, longest) if whole_months_in(longest) >= months else days

    @property
    def begins_beyond(self) -> bool:
        """Does the curve begin beyond six years, or beyond the horizon asked for? Then it is shown where it runs."""
        return self.setting.watching.begins_days >= min(self.horizon_days, float(days_in_months(_MOST_MONTHS)))

    @property
    def reasons_days(self) -> float:
        """The tenure by which reasons are told, and up to which they are drawn: the horizon, or as far as known."""
        if self.incidence is None:
            return self.horizon_days
        return min(self.horizon_days, float(self.incidence.sizes["known_days"].max()))

    @property
    def period_months(self) -> int:
        """Months by which danger is counted: one, or more where tenure is known in whole years or the like only."""
        return _period_months(self.setting)

    @property
    def period(self) -> str:
        """The same in words: month, year."""
        return _PERIODS.get(self.period_months, f"{self.period_months}-month period")


@step
def describe_churn(
    study: Study, *, group: str | None = None, horizon_months: int | None = None, confidence: float = 0.95
) -> ChurnAnalysis:
    """When do customers end their contracts, for which reasons, and which groups leave sooner?

    Parameters
    ----------
    study
        Needs contracts.
    group
        Attribute or plan to compare by; None lets `grouping.choose_group` choose, which says how.
    horizon_months
        How far tables and pictures look; None looks as far as enough contracts were watched (2 % of them and at
        least ten), in whole quarters and at most six years; six years from where the curve begins, where that is later.
    confidence
        Level of every interval.

    Returns
    -------
    ChurnAnalysis
        With ``survival`` None where no contract was watched; nothing is raised for thin records.

    Raises
    ------
    ParameterError
        If contracts cannot be grouped by `group`.

    Notes
    -----
    Contracts are assumed to be censored by the end of the records and by nothing that has to do with leaving, and
    those of different customers are independent; those of one customer may vary together (`ChurnCounts.shared`).
    """
    counts = count_contracts(study, group=group)
    setting = describe_setting(study, counts.overall)
    if setting.n_watched == 0:
        months = horizon_months or 12
        return ChurnAnalysis(
            setting=setting, counts=counts, confidence=confidence, horizon_days=float(days_in_months(months))
        )
    shared = counts.shared
    survival = estimate_survival(counts.overall, shared=shared, confidence=confidence)
    horizon = float(days_in_months(horizon_months or _usual_horizon_months(survival)))
    rule = compare_constant_rate(counts.overall, survival, shared=shared, confidence=confidence)
    grouped = _compare(counts, horizon, horizon - float(survival.sizes["first_days"].iloc[0]), confidence)
    rates = estimate_period_shares(
        counts.overall,
        ends_days=_period_ends(months_of_days(horizon), _period_months(setting)),
        shared=shared,
        confidence=confidence,
    )
    return ChurnAnalysis(
        setting=setting,
        counts=counts,
        confidence=confidence,
        horizon_days=horizon,
        survival=survival,
        by_group=grouped.curves,
        compared=grouped.compared,
        compared_days=grouped.horizon_days,
        restricted_mean=estimate_restricted_mean(
            counts.overall, horizon_days=horizon, shared=shared, confidence=confidence
        ),
        group_means=grouped.means,
        rates=rates,
        peaks=find_peaks(rates, confidence=confidence),
        other_reading=read_otherwise(study, setting, confidence=confidence),
        hazard=estimate_smooth_hazard(counts.overall, horizon_days=horizon, confidence=confidence),
        incidence=None
        if counts.reasons is None
        else estimate_incidence(counts.overall, counts.reasons, shared=shared, confidence=confidence),
        test=grouped.test,
        pairs=grouped.pairs,
        rule=rule,
        holdout=check_holdout(study, survival, rule, confidence=confidence),
        keeps_holdout=study.holdout_until is not None,
        sensitivity=compare_late_entry(study, setting, counts.overall, shared=shared, confidence=confidence),
        bands=estimate_bands(counts.overall, shared=shared, confidence=confidence),
        reason_groups=grouped.reason_curves,
        reason_tests=grouped.reason_tests,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Comparison:
    curves: SurvivalCurves | None = None
    means: pd.DataFrame | None = None
    compared: SurvivalCurves | None = None
    horizon_days: float = 0.0
    test: LogRank | None = None
    pairs: pd.DataFrame | None = None
    reason_curves: IncidenceCurves | None = None
    reason_tests: IncidenceTests | None = None


def _compare(counts: ChurnCounts, horizon: float, span: float, confidence: float) -> _Comparison:
    """The groups up to the horizon, which lies `span` days beyond the beginning of the curve of all."""
    if counts.by_group is None:
        return _Comparison()
    shared = counts.shared_by_group
    curves = estimate_survival(counts.by_group, shared=shared, confidence=confidence)
    begin = float(curves.sizes["first_days"].max())
    # Groups that begin late are compared over as long a time as the page looks, not over its last months alone.
    if begin > 0 and span > 0 and horizon - begin < _LITTLE_LEFT * span:
        horizon = begin + span
    means = estimate_restricted_mean(
        counts.by_group, horizon_days=horizon, is_common=True, shared=shared, confidence=confidence
    )
    if len(curves.groups) < 2:
        return _Comparison(curves=curves, means=means)
    ends = counts.reasons_by_group
    return _Comparison(
        curves=curves,
        means=means,
        compared=estimate_survival(counts.by_group, from_days=begin, shared=shared, confidence=confidence),
        horizon_days=horizon,
        test=compare_groups(counts.by_group, shared=shared),
        pairs=compare_pairs(
            counts.by_group,
            horizon_days=horizon,
            n_families=counts.choice.n_looked_at,
            shared=shared,
            confidence=confidence,
        ),
        reason_curves=None
        if ends is None
        else estimate_incidence(counts.by_group, ends, from_days=begin, shared=shared, confidence=confidence),
        reason_tests=None if ends is None else compare_incidence(counts.by_group, ends),
    )


def _period_months(setting: ChurnSetting) -> int:
    """Known in whole years, everybody leaves in every twelfth month: no month is more dangerous than the others."""
    detection = setting.detection
    return detection.period_months if detection.is_whole_periods and detection.period_months is not None else 1


def _period_ends(horizon_months: int, period_months: int) -> list[int]:
    n_periods = max(1, round(horizon_months / period_months))
    return [days_in_months(period_months * number) for number in range(1, n_periods + 1)]


def _usual_horizon_months(survival: SurvivalCurves) -> int:
    """The longest whole quarter of tenure that enough contracts were watched for; at least one month.

    A curve that begins beyond six years is looked at for six years from there.
    """
    curve = survival.curves
    enough = curve["n_at_risk"] >= max(FEWEST_AT_RISK, _SHARE_AT_RISK * float(survival.sizes["n"].iloc[0]))
    reached = curve.loc[enough, "tenure_days"].max() if enough.any() else curve["tenure_days"].max()
    months = whole_months_in(float(reached))
    whole = months - months % _STEP_MONTHS if months >= _STEP_MONTHS else max(months, 1)
    begins = whole_months_in(float(survival.sizes["first_days"].iloc[0]))
    return min(whole, _MOST_MONTHS if begins < _MOST_MONTHS else begins + _MOST_MONTHS)
