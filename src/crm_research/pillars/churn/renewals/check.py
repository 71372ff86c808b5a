"""Is the model of renewals worth more than one rate for everybody? Judged on decisions that neither has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.models.renewals import fit_beta_discrete_weibull, fit_constant_rate, fit_shifted_beta_geometric
from crm_research.models.renewals.fitted import RenewalFit
from crm_research.show.shown import Shown
from crm_research.stats.intervals import FloatArray, Interval, wilson_share
from crm_research.stats.skewed import mean_interval
from crm_research.steps import step
from crm_research.theme import say_count, say_date, word_for

if TYPE_CHECKING:
    from crm_research.study import Study

SBG: Final = "sBG"
BDW: Final = "BdW"
RULE: Final = "constant rate"
_HOLDOUT: Final = "holdout"
_FEWEST_LEFT: Final = 5
_FEWEST_UP: Final = 20
_KEPT_APART: Final = 1 / 3

Counter = Callable[["Study"], pd.DataFrame]


@dataclass(frozen=True, eq=False, kw_only=True)
class RenewalCheck(Shown):
    """Which forecast came closer to the renewals that followed?

    Parameters
    ----------
    basis, is_holdout
        What was kept apart, in words; whether it is the study's holdout.
    n, n_left
        Decisions judged, and of them against renewing.
    errors
        Grain: forecast. Columns ``forecast``, ``expected_left``, ``observed_left``, ``error_share`` (of those up for a
        renewal, how many more or fewer left than expected, averaged over renewals without regard to sign),
        ``log_score`` (mean logarithm of the chance given to what came; higher is better).
    by_renewal
        Grain: renewal. Columns ``renewal``, ``n_up``, ``n_left``, ``retention``, ``lower``, ``upper``, and what each
        forecast had said: ``sbg``, ``bdw``, ``rule``.
    gain
        Log score of the sBG less that of the constant rate, with its interval: above 0 the sBG is closer.
    left_lower, left_upper
        Between how many would have left by chance alone, were what came the truth (Wilson).
    """

    basis: str
    is_holdout: bool
    n: int
    n_left: int
    errors: pd.DataFrame
    by_renewal: pd.DataFrame
    gain: Interval
    left_lower: float
    left_upper: float

    @property
    def winner(self) -> str | None:
        """The forecast that is surely closer; None where chance may have decided."""
        if float(self.gain.lower) > 0:
            return SBG
        return RULE if float(self.gain.upper) < 0 else None

    def say(self) -> str:
        """The check in one line."""
        rows = self.errors.set_index("forecast")
        sbg, rule = rows.loc[SBG], rows.loc[RULE]
        verdict = {
            SBG: "the model is closer",
            # Closer is not right: what misses by more than chance is nothing to go by.
            RULE: "one constant rate is closer; use it"
            if self.left_lower <= rule["expected_left"] <= self.left_upper
            else "one constant rate is closer, though it misses too",
            None: "the two cannot be told apart",
        }[self.winner]
        return (
            f"{self.basis}: of {say_count(self.n, 'decision')} {self.n_left:,} "
            f"{word_for(self.n_left, 'was', 'were')} against renewing (by chance "
            f"{self.left_lower:,.0f} to {self.left_upper:,.0f}); the model expected {sbg['expected_left']:,.0f}, one "
            f"constant rate {rule['expected_left']:,.0f}; {verdict}{self._say_bias(float(sbg['expected_left']))}"
        )

    def say_short(self) -> str:
        """Basis and verdict, for a figure."""
        verdict = {SBG: "closer than one rate", RULE: "one rate was closer", None: "no closer than one rate"}
        return f"{self.basis}: {verdict[self.winner]}"

    def _say_bias(self, expected: float) -> str:
        """Whether the model's total misses by more than chance, whoever is closer."""
        if expected < self.left_lower:
            return ", and more left than the model expected"
        return ", and fewer left than the model expected" if expected > self.left_upper else ""


@step
def check_renewals(
    study: Study, count: Counter, *, is_snapshot: bool, first_start: datetime | None, confidence: float
) -> RenewalCheck | None:
    """Which forecast came closer to renewals it had not seen?

    The study's holdout serves if it keeps one; else the last third of the records, forecast from what was known before;
    else (all ends bear one date, or too few came early) the later half of the renewals, forecast from the earlier ones.

    Parameters
    ----------
    count
        Counts renewals of a study: ``cohort``, ``renewal``, ``n_up``, ``n_left``.
    first_start
        When the first contract began.

    Returns
    -------
    RenewalCheck or None
        None where too few were left to judge by.
    """
    now = count(study)
    if not is_snapshot and study.holdout_until is not None:
        basis = f"{_HOLDOUT} {say_date(study.as_of)} to {say_date(study.holdout_until)}"
        found = _judge(now, _later(count(study.standing_at(study.holdout_until)), now), basis, confidence)
        if found is not None:
            return found
    if not is_snapshot and first_start is not None and first_start < study.as_of:
        cut = study.as_of - (study.as_of - first_start) * _KEPT_APART
        early = count(study.standing_at(cut.replace(hour=0, minute=0, second=0, microsecond=0)))
        basis = f"renewals from {say_date(cut)} to {say_date(study.as_of)}, forecast from those before"
        found = _judge(early, _later(now, early), basis, confidence)
        if found is not None:
            return found
    return _judge_later_renewals(now, confidence)


def _judge_later_renewals(now: pd.DataFrame, confidence: float) -> RenewalCheck | None:
    if now.empty:
        return None
    last = int(now.loc[now["n_up"] > 0, "renewal"].max())
    cut = (last + 1) // 2
    early, late = now.loc[now["renewal"] <= cut], now.loc[now["renewal"] > cut]
    return _judge(early, late, f"renewals {cut + 1} to {last}, forecast from the first {cut}", confidence)


def _later(later: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Decisions in the later counts that the earlier did not hold yet, by renewal."""
    sums = [frame.groupby("renewal")[["n_up", "n_left"]].sum() for frame in (later, earlier)]
    new = sums[0].sub(sums[1], fill_value=0).clip(lower=0)
    new["n_left"] = new[["n_left", "n_up"]].min(axis=1)
    return new.reset_index()


def _judge(early: pd.DataFrame, late: pd.DataFrame, basis: str, confidence: float) -> RenewalCheck | None:
    seen = late.groupby("renewal", as_index=False)[["n_up", "n_left"]].sum()
    seen = seen.loc[seen["n_up"] > 0].reset_index(drop=True)
    is_thin = early.empty or early["n_left"].sum() < _FEWEST_LEFT or seen["n_up"].sum() < _FEWEST_UP
    if is_thin or early.loc[early["n_up"] > 0, "renewal"].nunique() < 2:
        return None
    fits = {SBG: fit_shifted_beta_geometric(early), BDW: fit_beta_discrete_weibull(early)}
    fits[RULE] = fit_constant_rate(early)
    up, left = seen["n_up"].to_numpy(dtype=float), seen["n_left"].to_numpy(dtype=float)
    leave = {name: 1.0 - _retention(fit, seen["renewal"]) for name, fit in fits.items()}
    share = wilson_share(up - left, up, confidence=confidence)
    total = wilson_share(left.sum(), up.sum(), confidence=confidence)
    return RenewalCheck(
        basis=basis,
        is_holdout=basis.startswith(_HOLDOUT),
        n=int(up.sum()),
        n_left=int(left.sum()),
        errors=_errors(up, left, leave),
        by_renewal=seen.assign(
            retention=share.estimate,
            lower=share.lower,
            upper=share.upper,
            sbg=1.0 - leave[SBG],
            bdw=1.0 - leave[BDW],
            rule=1.0 - leave[RULE],
        ),
        gain=_log_gain(up, left, leave[SBG], leave[RULE], confidence),
        left_lower=float(total.lower * up.sum()),
        left_upper=float(total.upper * up.sum()),
    )


def _retention(fit: RenewalFit, renewals: pd.Series) -> FloatArray:
    return fit.retention(renewals.tolist())["retention"].to_numpy(dtype=float)


def _log_gain(up: FloatArray, left: FloatArray, chance: FloatArray, other: FloatArray, confidence: float) -> Interval:
    """How much more likely, per decision and on the log scale, was what came by one forecast than by the other?

    Decisions are independent given who came to them; the interval is of their mean difference. Unlike squared errors
    it tells rare ends apart: 1 % against 0.1 % is a gross error and a tiny square.
    """
    if_left, if_stayed = np.log(chance) - np.log(other), np.log1p(-chance) - np.log1p(-other)
    gains, decisions = np.concatenate([if_left, if_stayed]), np.concatenate([left, up - left])
    return mean_interval(gains, decisions, confidence=confidence)


def _errors(up: FloatArray, left: FloatArray, leave: dict[str, FloatArray]) -> pd.DataFrame:
    rows = []
    for name, chance in leave.items():
        expected = up * chance
        score = (left * np.log(chance) + (up - left) * np.log1p(-chance)).sum() / up.sum()
        rows.append((name, expected.sum(), left.sum(), np.abs(expected - left).sum() / up.sum(), score))
    return pd.DataFrame(rows, columns=["forecast", "expected_left", "observed_left", "error_share", "log_score"])
