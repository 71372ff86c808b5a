"""The candidate models, fitted; one that cannot be fitted leaves its reason instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from crm_research.deferred import Later, deferred
from crm_research.errors import NotEnoughData
from crm_research.features.gaps import DatesSeen, Unit, count_gaps, count_spans, look_at_dates
from crm_research.models.btyd import (
    BtydFit,
    RegularityTest,
    estimate_regularity,
    fit_bg_nbd,
    fit_mbg_cnbd,
    fit_mbg_nbd,
    fit_pareto_nbd,
    profile_params,
)
from crm_research.models.btyd.limits import NOBODY_LEAVES
from crm_research.steps import step

if TYPE_CHECKING:
    from crm_research.study import Study

BG_NBD: Final = "BG/NBD"
MBG_NBD: Final = "MBG/NBD"
PARETO_NBD: Final = "Pareto/NBD"
REGULAR: Final = "MBG/CNBD-k"
FITTERS: Final[Mapping[str, Callable[..., BtydFit]]] = MappingProxyType(
    {BG_NBD: fit_bg_nbd, MBG_NBD: fit_mbg_nbd, PARETO_NBD: fit_pareto_nbd}
)
# Below this shape the nearest Erlang is the exponential, and a model for regular buyers has nothing to add.
REGULAR_FROM_SHAPE: Final = 1.25
_MOST_PATTERNS_FOR_REGULAR: Final = 100_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Fits:
    """What could be fitted, and why the rest could not.

    Parameters
    ----------
    fitted
        Model to fit, converged or not.
    reasons
        Model to the reason why there is no fit, or why its parameters must not be read.
    regularity
        The test of purchase timing; None where too few customers have two gaps.
    dates
        On how many dates anybody bought: where far fewer than by chance, gaps were counted in these dates.
    profiles
        Usable model to the profile-likelihood limits of its parameters, as `profile_params`; computed when first read.
    """

    fitted: Mapping[str, BtydFit]
    reasons: Mapping[str, str]
    regularity: RegularityTest | None
    dates: DatesSeen
    profiles: deferred[Mapping[str, pd.DataFrame]] = deferred()

    @property
    def usable(self) -> dict[str, BtydFit]:
        """The fits whose likelihood has a proper top."""
        return {name: fit for name, fit in self.fitted.items() if fit.is_converged}

    @property
    def is_regular(self) -> bool:
        """Is buying clearly more regular than at random?"""
        found = self.regularity
        return found is not None and found.lower > 1 and found.shape >= REGULAR_FROM_SHAPE


@step
def fit_candidates(study: Study, patterns: pd.DataFrame, *, confidence: float = 0.95) -> Fits:
    """Which story of buying and dropping out can these patterns bear?

    Parameters
    ----------
    patterns
        As `features.rfm.count_patterns` gives them.

    Notes
    -----
    The model for regular buyers joins the three others only where timing is clearly more regular than at random.
    """
    fitted: dict[str, BtydFit] = {}
    reasons: dict[str, str] = {}
    for name, fitter in FITTERS.items():
        try:
            fitted[name] = fitter(patterns, confidence=confidence)
        except NotEnoughData as error:
            reasons[name] = str(error)
    dates = look_at_dates(study)
    regularity = _test_regularity(study, dates, confidence) if fitted else None
    candidates = Fits(fitted=fitted, reasons=reasons, regularity=regularity, dates=dates, profiles={})
    if candidates.is_regular and len(patterns) <= _MOST_PATTERNS_FOR_REGULAR:
        fitted[REGULAR] = fit_mbg_cnbd(patterns, mean_log_gap=_mean_log_gap(study), max_k=6, confidence=confidence)
    reasons |= {name: " ".join(fit.notes) for name, fit in fitted.items() if not fit.is_converged}
    return replace(candidates, profiles=Later(partial(_profile, candidates)))


def _profile(fits: Fits) -> dict[str, pd.DataFrame]:
    return {name: profile_params(fit) for name, fit in fits.usable.items()}


def _test_regularity(study: Study, dates: DatesSeen, confidence: float) -> RegularityTest | None:
    spans: pd.DataFrame = count_spans(study, unit=dates.unit).to_pandas()
    try:
        return estimate_regularity(spans, _read_gaps(study, dates.unit), confidence=confidence)
    except NotEnoughData:
        return None


@step
def _read_gaps(study: Study, unit: Unit) -> pd.DataFrame:
    gaps: pd.DataFrame = count_gaps(study, unit=unit).to_pandas()
    return gaps


def _mean_log_gap(study: Study) -> float:
    gaps = _read_gaps(study, "day")
    return float(np.average(np.log(gaps["gap"]), weights=gaps["n"]))


def nobody_leaves(fit: BtydFit) -> bool:
    """Have the records taken the model to where nobody drops out, so that all are active by construction?"""
    return fit.limit is not None and NOBODY_LEAVES in fit.limit.words
