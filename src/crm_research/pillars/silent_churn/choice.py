"""Which of the fitted models is used: by what it predicted, or by its likelihood where nothing came after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from crm_research.pillars.silent_churn.fits import BG_NBD, Fits
from crm_research.stats.intervals import FloatArray
from crm_research.stats.skewed import mean_interval
from crm_research.theme import join_words

_CLEARLY_MORE_LIKELY: Final = 2.0


def choose_by_holdout(
    errors: pd.DataFrame, misses: Mapping[str, tuple[FloatArray, FloatArray]], confidence: float
) -> tuple[str | None, str]:
    """Which model predicted best who would buy, and of equals, how much?

    Parameters
    ----------
    errors
        As in `HoldoutCheck`.
    misses
        Model to squared misses of its chance that a history buys at all, and customers who share the history.

    Notes
    -----
    The question is who is still there, so models clearly worse at telling who buys at all (paired interval of the
    Brier scores) fall out; of the rest the smallest error in orders wins. The BG/NBD, in which nobody who bought once
    can be gone, is only taken if no other is left.
    """
    ranked = [str(name) for name in errors.loc[~errors["is_rule"], "forecast"]]
    if not ranked:
        return None, "no model could be fitted"
    brier = {name: float(np.average(misses[name][0], weights=misses[name][1])) for name in ranked}
    best = min(ranked, key=lambda name: brier[name])
    left = [name for name in ranked if name == best or not _is_clearly_worse(misses[name], misses[best], confidence)]
    others = [name for name in left if name != BG_NBD] or left
    chosen = others[0]
    if len(ranked) == 1:
        return chosen, "no other could be fitted"
    if len(left) == 1:
        return chosen, "it predicted best who would buy in the holdout"
    equals = f"of those that predicted about equally well who would buy in the holdout ({join_words(left)})"
    if chosen == left[0]:
        return chosen, f"{equals} its error in orders was the smallest"
    return chosen, (
        f"{equals} its error in orders was the smallest but for the {BG_NBD}, in which nobody who bought once could be "
        "gone"
    )


def choose_by_likelihood(fits: Fits) -> tuple[str | None, str]:
    """Which model has the highest likelihood? The BG/NBD only if it leads by more than 2."""
    ranked = sorted(fits.usable, key=lambda name: -fits.fitted[name].log_likelihood)
    if not ranked:
        return None, "no model could be fitted"
    first = ranked[0]
    if first == BG_NBD and len(ranked) > 1:
        lead = fits.fitted[first].log_likelihood - fits.fitted[ranked[1]].log_likelihood
        if lead < _CLEARLY_MORE_LIKELY:
            return ranked[1], (
                f"its likelihood is close to that of the {BG_NBD}, in which nobody who bought once could be gone; "
                "without a holdout nothing better than the likelihood can choose"
            )
    return first, "its likelihood is the highest; without a holdout nothing better can choose"


def _is_clearly_worse(
    one: tuple[FloatArray, FloatArray], best: tuple[FloatArray, FloatArray], confidence: float
) -> bool:
    return bool(mean_interval(one[0] - best[0], one[1], confidence=confidence).lower > 0)
