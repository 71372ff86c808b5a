"""Do the moves of the past predict the later ones better than the rule that everybody stays where he is?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.features.states import STATES
from crm_research.stats.skewed import mean_interval

FloatArray = NDArray[np.float64]
_FEWEST_MOVES: Final = 30
_KEPT_APART: Final = 0.25


@dataclass(frozen=True, eq=False, kw_only=True)
class LadderCheck:
    """Forecasts of later moves.

    Parameters
    ----------
    is_holdout
        Were the later periods kept apart by the study? Else they are the last quarter of the periods known.
    n, n_periods
        Later moves, and periods they ended in.
    chain_hits, rule_hits
        Share of moves for which the likeliest state, and the same state as before, was right.
    gain, lower, upper
        Brier score of the rule less that of the chain: above 0 the chain is better. The rule gives the same state
        the share that stayed in the past, and the rest to where movers went.
    end
        Grain: state. Columns ``state``, ``forecast`` (share at the end, newcomers entering as they came), ``unchanged``
        (share at the beginning), ``seen``.
    """

    is_holdout: bool
    n: int
    n_periods: int
    chain_hits: float
    rule_hits: float
    gain: float
    lower: float
    upper: float
    end: pd.DataFrame

    @property
    def forecast_error(self) -> float:
        """Mean distance of the forecast shares from those seen."""
        return float((self.end["forecast"] - self.end["seen"]).abs().mean())

    @property
    def unchanged_error(self) -> float:
        """Mean distance of the shares at the beginning from those seen at the end."""
        return float((self.end["unchanged"] - self.end["seen"]).abs().mean())


def check_ladder(
    past: pd.DataFrame, later: pd.DataFrame, *, is_holdout: bool, confidence: float = 0.95
) -> LadderCheck | None:
    """Were later moves as the past moves say?

    Parameters
    ----------
    past, later
        As from `count_moves`. Without a holdout the last quarter of the past periods is judged by those before.

    Returns
    -------
    LadderCheck or None
        None with fewer than 30 moves on either side.

    Notes
    -----
    The interval takes moves as independent; one customer's are not quite.
    """
    if not is_holdout:
        periods = np.sort(past["period_start"].unique())
        n_apart = max(1, int(_KEPT_APART * len(periods)))
        later = past.loc[past["period_start"].isin(periods[-n_apart:])]
        past = past.loc[~past["period_start"].isin(periods[-n_apart:])]
    learned, judged = _square(past), _square(later)
    if min(learned.sum(), judged.sum()) < _FEWEST_MOVES:
        return None
    chain, rule = _chances(learned), _stay_chances(learned)
    gain = _losses(rule) - _losses(chain)
    n = judged.sum()
    limits = mean_interval(gain.ravel(), judged.ravel(), confidence=confidence)
    return LadderCheck(
        is_holdout=is_holdout,
        n=int(n),
        n_periods=int(later["period_start"].nunique()),
        chain_hits=float(judged[np.arange(len(chain)), chain.argmax(axis=1)].sum() / n),
        rule_hits=float(np.trace(judged) / n),
        gain=float(limits.estimate),
        lower=float(limits.lower),
        upper=float(limits.upper),
        end=_project(past, later, chain),
    )


def _square(counts: pd.DataFrame) -> FloatArray:
    moved = counts.dropna(subset=["from_state"])
    wide = moved.pivot_table(index="from_state", columns="to_state", values="n", aggfunc="sum", fill_value=0)
    return wide.reindex(index=list(STATES), columns=list(STATES), fill_value=0).to_numpy(dtype=float)


def _chances(learned: FloatArray) -> FloatArray:
    total = learned.sum(axis=1, keepdims=True)
    return np.where(total > 0, learned / np.maximum(total, 1.0), np.eye(len(learned)))


def _stay_chances(learned: FloatArray) -> FloatArray:
    """The same state with the share that stayed, the rest to where movers went."""
    stay = np.trace(learned) / learned.sum()
    went = (learned * (1 - np.eye(len(learned)))).sum(axis=0)
    chances = np.empty_like(learned)
    for place in range(len(learned)):
        others = np.where(np.arange(len(learned)) == place, 0.0, went)
        spread = others / others.sum() if others.sum() > 0 else np.eye(len(learned))[place]
        chances[place] = (1 - stay) * spread
        chances[place, place] += stay
    return chances


def _losses(chances: FloatArray) -> FloatArray:
    """[i, j]: Brier score of the forecast for state i if the customer turns up in state j."""
    squares = (chances**2).sum(axis=1, keepdims=True)
    return np.asarray(squares - 2 * chances + 1)


def _project(past: pd.DataFrame, later: pd.DataFrame, chain: FloatArray) -> pd.DataFrame:
    last = past.loc[past["period_start"] == past["period_start"].max()]
    begin = _by_state(last)
    at = begin
    for _, period in later.groupby("period_start", sort=True):
        at = at @ chain + _by_state(period.loc[period["from_state"].isna()])
    seen = _by_state(later.loc[later["period_start"] == later["period_start"].max()])
    return pd.DataFrame(
        {
            "state": list(STATES),
            "forecast": at / at.sum(),
            "unchanged": begin / begin.sum(),
            "seen": seen / seen.sum(),
        }
    )


def _by_state(counts: pd.DataFrame) -> FloatArray:
    return counts.groupby("to_state")["n"].sum().reindex(list(STATES)).fillna(0.0).to_numpy(dtype=float)
