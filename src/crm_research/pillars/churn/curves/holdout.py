"""The check out of time: the curve fitted before as_of, judged by who left in the holdout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.errors import LeakageError
from crm_research.features.clock import whole_days_between
from crm_research.features.spells import build_spells
from crm_research.features.window import known_rows
from crm_research.models.survival import SurvivalCurves
from crm_research.pillars.churn.curves.rule import ConstantRate
from crm_research.show.shown import Shown
from crm_research.stats.intervals import wilson_share
from crm_research.stats.scoring import BrierComparison, compare_brier
from crm_research.steps import step
from crm_research.theme import say_count, say_date, say_percent, say_range

if TYPE_CHECKING:
    from datetime import datetime

    from crm_research.study import Study

_BANDS: Final = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class HoldoutCheck(Shown):
    """Did as many of the contracts running at as_of end in the holdout as the curve had said?

    Parameters
    ----------
    as_of, until, window_days
        The holdout, (as_of, until].
    n
        Contracts running at as_of that the curve can judge.
    n_beyond
        Running contracts longer than the curve reaches, or shorter than it begins; not judged.
    expected_share, observed_share, lower, upper
        Share that ends in the holdout: as the curve said, as it came, with the observed share's Wilson interval.
    bands
        Grain: a quarter of the contracts by expected risk. Columns ``band``, ``from_days``, ``to_days`` (tenure at
        as_of), ``n``, ``expected_share``, ``observed_share``, ``lower``, ``upper``, ``is_within``.
    errors
        Brier scores of the curve (first) and of one rate for everybody (other).
    """

    as_of: datetime
    until: datetime
    window_days: float
    n: int
    n_beyond: int
    expected_share: float
    observed_share: float
    lower: float
    upper: float
    bands: pd.DataFrame
    errors: BrierComparison

    @property
    def holds(self) -> bool:
        """Does the observed share's interval hold the expected one?"""
        return self.lower <= self.expected_share <= self.upper

    def say(self) -> str:
        """The check in one line, for the figures."""
        verdict = "agrees" if self.holds else "does not agree"
        return (
            f"holdout {say_date(self.as_of)} to {say_date(self.until)}: {say_percent(self.observed_share)} of "
            f"{say_count(self.n, 'running contract')} ended ({say_range(self.lower, self.upper, say_percent)}), "
            f"{say_percent(self.expected_share)} expected; {verdict}"
        )


@step
def check_holdout(
    study: Study, survival: SurvivalCurves, rule: ConstantRate, *, confidence: float = 0.95
) -> HoldoutCheck | None:
    """Of the contracts running at as_of, how many ended in the holdout, and how many should have?

    A contract of tenure a is expected to end within the window w with the chance 1 - S(a + w) / S(a).

    Returns
    -------
    HoldoutCheck or None
        None where the study has no holdout, nobody was running, or the curve reaches none of them.

    Raises
    ------
    LeakageError
        Never for a study without a holdout; if the holdout does not lie after as_of.

    Notes
    -----
    The interval is that of the observed share alone; the curve's own uncertainty is not in it, so it is a little
    strict on the curve.
    """
    if study.holdout_until is None:
        return None
    running = _count_running(study)
    window = float((study.holdout_until.date() - study.as_of.date()).days)
    if window <= 0:
        raise LeakageError(f"Study {study.name!r}: the holdout must end at least a day after as_of.")
    judged = _expect(running, survival, rule, window)
    beyond = int(running["n"].sum() - judged["n"].sum())
    if judged.empty:
        return None
    n, ended = judged["n"].to_numpy(), judged["n_ended"].to_numpy()
    observed = wilson_share(ended.sum(), n.sum(), confidence=confidence)
    errors = compare_brier(n, ended, judged["expected"], judged["rule"], confidence=confidence)
    return HoldoutCheck(
        as_of=study.as_of,
        until=study.holdout_until,
        window_days=window,
        n=int(n.sum()),
        n_beyond=beyond,
        expected_share=float(np.average(judged["expected"], weights=n)),
        observed_share=float(observed.estimate),
        lower=float(observed.lower),
        upper=float(observed.upper),
        bands=_judge_bands(judged, confidence),
        errors=errors,
    )


@step
def _count_running(study: Study) -> pd.DataFrame:
    """Contracts running at as_of by tenure: ``tenure_days``, ``n``, ``n_ended`` (in the holdout)."""
    if study.holdout_until is None:
        raise LeakageError(f"Study {study.name!r} keeps no holdout to judge by.")
    spells = build_spells(study)
    running = spells.filter(~spells.is_ended)
    later = known_rows(study.standing_at(study.holdout_until), "contracts")
    if "ended_at" not in later.columns:
        return pd.DataFrame({"tenure_days": [], "n": [], "n_ended": []})
    ended = later.filter(later.ended_at.notnull()).select("contract_id", "ended_at")  # noqa: PD004
    joined = running.left_join(ended, "contract_id")
    # An end earlier on the day of as_of itself is no outcome.
    came = joined.ended_at.notnull() & (  # noqa: PD004
        whole_days_between(joined.started_at, joined.ended_at) >= joined.tenure_days
    )
    counted = joined.mutate(came=came.ifelse(1, 0)).group_by("tenure_days")
    frame: pd.DataFrame = counted.agg(n=lambda t: t.count(), n_ended=lambda t: t.came.sum()).to_pandas()
    return frame.sort_values("tenure_days", ignore_index=True)


def _expect(running: pd.DataFrame, survival: SurvivalCurves, rule: ConstantRate, window: float) -> pd.DataFrame:
    days = running["tenure_days"].to_numpy(dtype=float)
    if not len(days):
        return running.assign(expected=[], rule=[])
    now, then = (survival.at(list(when))["survival"].to_numpy() for when in (days, days + window))
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = 1 - then / now
    by_rule = 1 - float(rule.survival(np.array([window]))[0])
    return running.assign(expected=expected, rule=by_rule).dropna(subset=["expected"]).reset_index(drop=True)


def _judge_bands(judged: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Quarters of the running contracts by expected risk (whole tenures stay together)."""
    ordered = judged.sort_values(["expected", "tenure_days"], ignore_index=True)
    middle = ordered["n"].cumsum() - ordered["n"] / 2
    ordered["band"] = np.minimum((_BANDS * middle / ordered["n"].sum()).astype(int), _BANDS - 1) + 1
    ordered["mass"] = ordered["expected"] * ordered["n"]
    bands = ordered.groupby("band", as_index=False).agg(
        from_days=("tenure_days", "min"),
        to_days=("tenure_days", "max"),
        n=("n", "sum"),
        n_ended=("n_ended", "sum"),
        mass=("mass", "sum"),
    )
    seen = wilson_share(bands["n_ended"], bands["n"], confidence=confidence)
    expected = bands["mass"] / bands["n"]
    return bands.drop(columns=["mass", "n_ended"]).assign(
        expected_share=expected,
        observed_share=seen.estimate,
        lower=seen.lower,
        upper=seen.upper,
        is_within=(expected >= seen.lower) & (expected <= seen.upper),
    )
