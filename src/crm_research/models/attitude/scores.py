"""How much of what people answer is what they think: scores, and the variance of their error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_research.errors import NotEnoughData, ParameterError

FloatArray = NDArray[np.float64]

SINGLE_RELIABILITY: Final = 0.7
_FEWEST: Final = 30


@dataclass(frozen=True, eq=False, kw_only=True)
class AttitudeScores:
    """What each respondent's answers say of one attitude.

    Parameters
    ----------
    scores
        Mean of the items answered, each held against its own mean; the unit of the items. NaN without an answer.
    error_variance
        Variance of the error of each score; larger where fewer items were answered.
    mean, true_variance
        Of the attitude itself, among respondents.
    reliability
        Share of the variance of a complete score that is the attitude's (alpha; given for a single item).
    n_items
        Items that were used.
    is_assumed
        The reliability was not measured but assumed.
    """

    scores: FloatArray
    error_variance: FloatArray
    mean: float
    true_variance: float
    reliability: float
    n_items: int
    is_assumed: bool


def score_attitude(items: pd.DataFrame, *, single_reliability: float = SINGLE_RELIABILITY) -> AttitudeScores:
    """What does each respondent think, and how far may his score be off?

    Parameters
    ----------
    items
        One row a respondent, one column an item of one construct, all on one scale (0 to 100); NaN for no answer.
    single_reliability
        Assumed where there is one item only, for then nothing in the answers tells.

    Raises
    ------
    NotEnoughData
        With fewer than thirty respondents, answers that never differ, or items that do not go together.

    Notes
    -----
    Items are taken to measure the attitude equally well (essentially tau-equivalent), with errors that are independent:
    the mean covariance of two items is the variance of the attitude, what an item varies beyond is error (the same
    assumptions as Cronbach's alpha). With k answers the error variance is that of one item divided by k.

    References
    ----------
    Kelley (1927), Interpretation of Educational Measurements; Lord and Novick (1968), Statistical Theories of Mental
    Test Scores, 3.7 and 4.4.
    """
    if not 0.0 < single_reliability < 1.0:
        raise ParameterError(f"single_reliability must lie between 0 and 1, not {single_reliability!r}.")
    frame = items.loc[:, items.std() > 0].astype(float)
    answered = frame.notna().sum(axis=1).to_numpy()
    n = int((answered > 0).sum())
    if n < _FEWEST or not frame.shape[1]:
        found = n if frame.shape[1] else 0
        raise NotEnoughData(
            "Attitude beside behaviour: known customers whose answers differ", needed=_FEWEST, found=found,
        )  # fmt: skip
    true, error, is_assumed = _split_variance(frame, single_reliability)
    if not true > 0:
        raise NotEnoughData(
            "A score of attitude: items that go together", needed=2, found=0,
            mend="The items named do not correlate on average; name the items of one attitude under 'constructs'.",
        )  # fmt: skip
    centred = (frame - frame.mean()).mean(axis=1).to_numpy()
    mean = float(frame.mean().mean())
    with np.errstate(divide="ignore"):
        noise = np.where(answered > 0, error / np.maximum(answered, 1), np.inf)
    k = frame.shape[1]
    return AttitudeScores(
        scores=mean + centred,
        error_variance=noise,
        mean=mean,
        true_variance=true,
        reliability=true / (true + error / k),
        n_items=k,
        is_assumed=is_assumed,
    )


def _split_variance(frame: pd.DataFrame, single_reliability: float) -> tuple[float, float, bool]:
    """Variance of the attitude, of the error of one item, and whether the split is assumed."""
    covariance = frame.cov().to_numpy()
    k = len(covariance)
    own = float(np.trace(covariance)) / k
    if k == 1:
        return single_reliability * own, (1 - single_reliability) * own, True
    together = float(np.nanmean(covariance[~np.eye(k, dtype=bool)]))
    # Items that agree in every answer leave no error to be seen; a little is kept, or nothing could be divided by it.
    return together, max(own - together, 0.001 * own), False
