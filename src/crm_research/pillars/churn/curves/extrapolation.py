"""How long do contracts last in all, the time after the records end included, and how far can that be trusted?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import NotEnoughData, ParameterError
from crm_research.features.spells import count_spells
from crm_research.models.parametric import (
    HELD_FLAT,
    SHAPES,
    ParametricFit,
    ShapeChoice,
    Trial,
    choose_shape,
    cut_counts,
    expected_tenure,
    extended_curve,
    fit_parametric,
    hide_tenures,
    watched_until,
)
from crm_research.models.second_opinion import SecondOpinion, compare_shape
from crm_research.models.survival import EVERYONE, build_risk_table, well_watched_counts
from crm_research.pillars.churn.curves.analysis import ChurnAnalysis
from crm_research.show.shown import Shown
from crm_research.vocabulary import DAYS_PER_MONTH, DAYS_PER_YEAR, days_in_months, whole_months_in

if TYPE_CHECKING:
    from crm_research.study import Study

FAR_YEARS: Final = 10.0
_MOST_TIMES_WATCHED: Final = 4.0
_EARLIER: Final = (0.5, 0.7)
_SO_FAR_MONTHS: Final = (0, 6, 12, 24, 36, 60)
_N_POINTS: Final = 120
_RIVAL_COLUMNS: Final = ("shape", "expected_days", "lower", "upper", "beyond_share")
_GROUP_COLUMNS: Final = (
    "group", "n", "n_ended", "watched_days", "expected_days", "lower", "upper", "beyond_share"
)  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class TenureExtrapolation(Shown):
    """The curve as far as contracts were watched, and one tested shape beyond.

    Parameters
    ----------
    choice
        The backtest, and the shape it chose.
    fit
        That shape, fitted to all counts.
    watched_days
        Up to here enough contracts were watched (2 % of them, ten at least): the curve is Kaplan-Meier's.
    horizon_days
        Nothing beyond this tenure is counted.
    expected
        Grain: tenure so far (0 is a new contract). Columns ``after_days``, ``horizon_days``, ``expected_days`` (still
        to come), ``lower``, ``upper``, ``std_error``, ``beyond_share`` (part of it that no record speaks for).
    curve
        Grain: tenure from `watched_days` on. Columns ``tenure_days``, ``survival``, ``lower``, ``upper``.
    rivals
        Grain: shape. Columns ``shape``, ``expected_days`` (of a new contract), ``lower``, ``upper``, ``beyond_share``.
    rival_curves
        Grain: shape and tenure. Columns ``shape``, ``tenure_days``, ``survival``.
    by_group
        The same shape for each group. Grain: group. Columns ``group``, ``n``, ``n_ended``, ``watched_days``,
        ``expected_days``, ``lower``, ``upper``, ``beyond_share``; None without groups.
    n, n_ended
        Contracts and ends.
    begins_days
        Where the curve begins; above 0 what is said of a new contract is that of one that lasted so long.
    opinions
        What lifelines says of the shape fitted to all contracts (`EVERYONE`) and to each group.
    """

    choice: ShapeChoice
    fit: ParametricFit
    watched_days: float
    horizon_days: float
    expected: pd.DataFrame
    curve: pd.DataFrame
    rivals: pd.DataFrame
    rival_curves: pd.DataFrame
    by_group: pd.DataFrame | None
    confidence: float
    n: int
    n_ended: int
    begins_days: float = 0.0
    opinions: Mapping[str, SecondOpinion] = field(default_factory=dict)

    @property
    def is_needed(self) -> bool:
        """Does the horizon lie beyond what was watched?"""
        return self.horizon_days > self.watched_days

    @property
    def error(self) -> float:
        """Mean distance of predicted and observed share in the backtest; NaN if it could not be tested."""
        return self._error_of(self.choice.shape)

    @property
    def flat_error(self) -> float:
        """The same distance if the curve were held flat."""
        return self._error_of(HELD_FLAT)

    def _error_of(self, shape: str) -> float:
        rows = self.choice.scores.loc[self.choice.scores["shape"] == shape, "survival_error"]
        return float(rows.iloc[0]) if len(rows) else np.nan


def extrapolate_tenure(
    leaving: ChurnAnalysis,
    records: Study | None = None,
    *,
    horizon_years: float | None = None,
    shapes: Sequence[str] = SHAPES,
) -> TenureExtrapolation:
    """How long do contracts last in all, and how much of that is carried on beyond the records?

    Parameters
    ----------
    leaving
        The analysis of churn; its counts are all that is fitted.
    records
        The study it came from. With it shapes are also tested on what was known at earlier dates; without it, and
        where all ends bear one date, only along tenure.
    horizon_years
        Years counted; None takes ten, but no more than four times what was watched.
    shapes
        Shapes that compete.

    Raises
    ------
    NotEnoughData
        Without an end, or with too few for any shape.
    ParameterError
        If the horizon is not above 0.

    Notes
    -----
    Contracts of long tenure are assumed to go on as the shape does, at the danger of past years. The interval holds
    chance within the shape; the spread over other shapes is shown beside it.
    """
    counts = leaving.counts.overall
    counts = well_watched_counts(counts) if leaving.survival is not None else counts
    if leaving.survival is None or not counts["n_ended"].sum():
        raise NotEnoughData(
            "A curve beyond the records", needed=1, of="end", found=0, mend="No contract has ended yet."
        )
    if horizon_years is not None and not 0 < horizon_years < np.inf:
        raise ParameterError(f"horizon_years must be above 0, not {horizon_years!r}.")
    watched = _seam(counts)
    horizon = _usual_horizon(watched) if horizon_years is None else _days_of(horizon_years)
    choice = choose_shape(counts, trials=[*hide_tenures(counts), *_earlier_trials(leaving, records)], shapes=shapes)
    fits = {shape: fit_parametric(counts, shape=shape, confidence=leaving.confidence) for shape in shapes}
    fits = {shape: fit for shape, fit in fits.items() if fit.has_converged}
    fit = fits[choice.shape]
    begins = leaving.setting.watching.begins_days
    so_far = [
        float(days)
        for days in map(days_in_months, _SO_FAR_MONTHS)
        if days <= min(watched, horizon) and not 0 < days < begins
    ]
    days = np.linspace(min(watched, horizon), horizon, _N_POINTS)
    by_group, opinions = _by_group(leaving, choice.shape, watched, horizon)
    return TenureExtrapolation(
        choice=choice,
        fit=fit,
        watched_days=watched,
        horizon_days=horizon,
        expected=expected_tenure(
            counts, fit, seam_days=watched, horizon_days=horizon, after_days=so_far, confidence=leaving.confidence
        ),
        curve=extended_curve(counts, fit, seam_days=watched, days=list(days), confidence=leaving.confidence),
        rivals=_rivals(counts, fits, watched, horizon, leaving.confidence),
        rival_curves=pd.concat(
            [
                extended_curve(counts, other, seam_days=watched, days=list(days))[["tenure_days", "survival"]].assign(
                    shape=shape
                )
                for shape, other in fits.items()
            ],
            ignore_index=True,
        ),
        by_group=by_group,
        confidence=leaving.confidence,
        n=int(counts["n_entered"].sum()),
        n_ended=int(counts["n_ended"].sum()),
        begins_days=begins,
        opinions={EVERYONE: compare_shape(counts, fit), **opinions},
    )


def _seam(counts: pd.DataFrame) -> float:
    """Where Kaplan-Meier is left: the longest tenure watched by enough, or by anybody, if it was never enough."""
    return watched_until(counts) or build_risk_table(counts).last_days


def _usual_horizon(watched: float) -> float:
    """Ten years, but no more than four times what was watched, in whole years (or months, or days)."""
    most = min(FAR_YEARS * DAYS_PER_YEAR, _MOST_TIMES_WATCHED * max(watched, 1.0))
    if most >= DAYS_PER_YEAR:
        return _days_of(np.floor(most / DAYS_PER_YEAR + 1e-9))
    months = whole_months_in(most)
    return float(days_in_months(months)) if months else float(np.floor(most))


def _days_of(years: float) -> float:
    """Years as a tenure: calendar months where they are whole."""
    months = 12 * float(years)
    return float(days_in_months(int(months))) if months.is_integer() else months * DAYS_PER_MONTH


def _earlier_trials(leaving: ChurnAnalysis, records: Study | None) -> list[Trial]:
    """What was known at earlier dates, and the tenures that only later dates brought."""
    setting = leaving.setting
    if records is None or setting.is_snapshot or setting.first_start is None:
        return []
    trials = []
    for share in _EARLIER:
        date = setting.first_start + share * (setting.as_of - setting.first_start)
        known: pd.DataFrame = count_spells(records.standing_at(date)).to_pandas()
        reach = watched_until(known) if len(known) and known["n_entered"].sum() else 0.0
        if reach > 0:
            label = f"all that came after {date:%Y-%m-%d}"
            trials.append(
                Trial(label=label, known=cut_counts(known, reach), later=leaving.counts.overall, from_days=reach)
            )
    return trials


def _rivals(
    counts: pd.DataFrame, fits: dict[str, ParametricFit], watched: float, horizon: float, confidence: float
) -> pd.DataFrame:
    rows = [
        expected_tenure(counts, fit, seam_days=watched, horizon_days=horizon, confidence=confidence).assign(shape=shape)
        for shape, fit in fits.items()
    ]
    return pd.concat(rows, ignore_index=True)[list(_RIVAL_COLUMNS)]


def _by_group(
    leaving: ChurnAnalysis, shape: str, watched_by_all: float, horizon: float
) -> tuple[pd.DataFrame | None, dict[str, SecondOpinion]]:
    if leaving.counts.by_group is None:
        return None, {}
    rows, opinions = [], {}
    for name, rows_of_group in leaving.counts.by_group.groupby("group", sort=False):
        counts = well_watched_counts(rows_of_group)
        # A group never watched by enough is carried on from where all are: its few are no curve of their own.
        watched, n_ended = watched_until(counts) or min(_seam(counts), watched_by_all), int(counts["n_ended"].sum())
        row = {"group": str(name), "n": int(counts["n_entered"].sum()), "n_ended": n_ended, "watched_days": watched}
        nothing = dict.fromkeys(("expected_days", "lower", "upper", "beyond_share"), np.nan)
        fit = fit_parametric(counts, shape=shape, confidence=leaving.confidence) if n_ended else None
        if fit is not None and fit.has_converged:
            found = expected_tenure(
                counts, fit, seam_days=watched, horizon_days=horizon, confidence=leaving.confidence
            ).iloc[0]
            nothing = {key: float(found[key]) for key in nothing}
            opinions[str(name)] = compare_shape(counts, fit)
        rows.append(row | nothing)
    return pd.DataFrame(rows, columns=list(_GROUP_COLUMNS)), opinions
